"""`lsos tenant-create` and `lsos password-reset`."""

import asyncio

import click

from lsos.core.db.database import Database
from lsos.core.db.system import system_session
from lsos.core.errors import Invalid
from lsos.core.http.access import RANKS
from lsos.core.http.principal import Role
from lsos.domains.auth import queries as auth_queries
from lsos.domains.auth import service as auth
from lsos.domains.auth.schemas import TenantCreate, UserCreate
from lsos.embedded.installation import resolve_settings


@click.command("tenant-create")
@click.argument("name")
@click.option("--email", required=True, help="Address of its first user.")
@click.option("--role", default="tenant_admin", show_default=True, type=click.Choice(RANKS))
def tenant_create(*, name: str, email: str, role: Role) -> None:
    """Make a tenant with its first user; the password is shown once.

    The role platform_admin makes the platform tenant, or adds a user to it.
    """
    asyncio.run(_tenant_create(name, email, role))


async def _tenant_create(name: str, email: str, role: Role) -> None:
    db = Database.of(resolve_settings(), application_name="lsos-cli")
    try:
        is_platform = role == "platform_admin"
        tenant = None
        if is_platform:
            async with system_session(db) as session:
                tenant = await auth.find_platform_tenant(session)
        if tenant is None:
            body = TenantCreate(name=name)
            tenant = await auth.create_tenant(db, body, actor=None, is_platform=is_platform)
        async with db.tenant_session(tenant.id) as session:
            user_body = UserCreate(email=email, role=role)
            _, password = await auth.create_user(session, tenant.id, user_body, actor=None)
    finally:
        await db.close()
    click.echo(f"tenant    {tenant.id}  {tenant.name}")
    click.echo(f"user      {email}  {role}")
    click.echo(f"password  {password}  (shown once)")


@click.command("password-reset")
@click.argument("email")
@click.password_option(help="Asked for when left out.")
def password_reset(*, email: str, password: str) -> None:
    """Set a user's password and end all sessions of the account."""
    asyncio.run(_password_reset(email, password))
    click.echo("the password is set; all sessions of the account have ended")


async def _password_reset(email: str, password: str) -> None:
    db = Database.of(resolve_settings(), application_name="lsos-cli")
    try:
        async with system_session(db) as session:
            found = await auth_queries.find_login(session, email)
        if found is None:
            raise Invalid(f"no account has the address {email}")
        async with db.tenant_session(found.tenant_id) as session:
            await auth.reset_password(session, found.tenant_id, found.id, password)
    finally:
        await db.close()
