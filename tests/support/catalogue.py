"""What PostgreSQL's catalogue says about the tables of tenants, and what stands in them."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.database import Database
from lsos.core.db.system import system_session

TENANT_TABLES = """
    select c.relname, c.oid, c.relrowsecurity, c.relforcerowsecurity
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and (c.relname = 'tenants' or exists (
            select from pg_attribute a
            where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        ))
    order by c.relname
"""


async def tenant_tables(session: AsyncSession) -> list[Any]:
    return list((await session.execute(text(TENANT_TABLES))).all())


async def fingerprint(db: Database, tenant_id: UUID) -> dict[str, tuple[int, str]]:
    """Count and checksum of a tenant's rows, by table."""
    found = {}
    async with system_session(db) as session:
        for table in await tenant_tables(session):
            column = "id" if table.relname == "tenants" else "tenant_id"
            row = await session.execute(
                text(
                    "select count(*), coalesce(md5(string_agg(t::text, '|' order by t::text)), '')"
                    f" from {table.relname} t where {column} = :tenant"
                ),
                {"tenant": tenant_id},
            )
            count, checksum = row.one()
            found[table.relname] = (count, checksum)
    return found
