"""Sessions that see all tenants; the linter restricts which modules may import this one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.database import SYSTEM_ROLE, Database
from lsos.core.db.entry import Entry


@asynccontextmanager
async def system_session(db: Database) -> AsyncIterator[AsyncSession]:
    """One transaction as `lsos_system`; commits at the end, then notifies workers."""
    async with db._session(Entry(SYSTEM_ROLE, None)) as session:
        yield session
