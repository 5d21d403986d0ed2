"""Roles and row-level security, as migrations create them."""

from alembic import op

TENANT = "(select nullif(current_setting('app.tenant_id', true), '')::uuid)"
CAMPAIGNS = "(select nullif(current_setting('app.campaign_ids', true), '')::uuid[])"
IS_SYSTEM = "(select current_user) = 'lsos_system'"


def create_roles() -> None:
    """`lsos_app` and `lsos_system`: no login, no BYPASSRLS; the owner may switch to them.

    Roles belong to the whole cluster, so another database may have created them already.
    """
    op.execute("""
        do $$
        declare
            wanted text;
            -- From PostgreSQL 16 on, being a member does not mean being allowed to SET ROLE.
            modern boolean := current_setting('server_version_num')::int >= 160000;
        begin
            foreach wanted in array array['lsos_app', 'lsos_system'] loop
                if not exists (select from pg_roles where rolname = wanted) then
                    begin
                        execute format('create role %I nologin nobypassrls noinherit', wanted);
                    exception when duplicate_object or unique_violation then
                        null;
                    end;
                end if;
                if not pg_has_role(current_user, wanted, case when modern then 'set'
                                                         else 'member' end) then
                    execute format('grant %I to current_user', wanted)
                        || case when modern then ' with set true' else '' end;
                end if;
            end loop;
        exception when insufficient_privilege then
            raise exception 'the migration''s user needs CREATEROLE, or an administrator must'
                ' create the roles lsos_app and lsos_system and grant them to it'
                using errcode = 'insufficient_privilege';
        end
        $$
    """)
    op.execute("grant usage on schema public to lsos_app, lsos_system")


def protect(
    table: str,
    *,
    tenant: str = "tenant_id",
    campaign: str | None = None,
    app_may: str = "select, insert, update, delete",
) -> None:
    """Row-level security on a table: `lsos_app` sees its tenant, `lsos_system` sees all.

    With `campaign`, a client_viewer's transaction also sees only its campaigns. The sub-selects
    make PostgreSQL evaluate the settings once per statement, not once per row. A member of
    `lsos_system` may inherit its policies, so that policy also checks the current user: the owner
    sees no rows before it has switched.
    """
    mine = f"{tenant} = {TENANT}"
    if campaign:
        mine += f" and ({CAMPAIGNS} is null or {campaign} = any(({CAMPAIGNS})::uuid[]))"
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy app on {table} to lsos_app using ({mine}) with check ({mine})")
    op.execute(
        f"create policy system on {table} to lsos_system using ({IS_SYSTEM}) with check ({IS_SYSTEM})"
    )
    op.execute(f"grant {app_may} on {table} to lsos_app")
    op.execute(f"grant select, insert, update, delete on {table} to lsos_system")


def share(table: str) -> None:
    """A platform table: every tenant may read it, only `lsos_system` may write."""
    op.execute(f"grant select on {table} to lsos_app")
    op.execute(f"grant select, insert, update, delete on {table} to lsos_system")
