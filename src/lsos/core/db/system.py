"""Sessions that see all tenants; the linter restricts which modules may import this one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.database import ALL_CAMPAIGNS, SYSTEM_ROLE, Database


@asynccontextmanager
async def system_session(db: Database) -> AsyncIterator[AsyncSession]:
    """One transaction as `lsos_system`; commits at the end, then notifies workers."""
    async with db._session(SYSTEM_ROLE, "", ALL_CAMPAIGNS) as session:
        yield session
