"""The session of one transaction: asyncpg from the start, SQLAlchemy once it is asked for."""

from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util.concurrency import greenlet_spawn

from lsos.core.db.entry import Connection


class Push(msgspec.Struct, frozen=True):
    """A job whose workers are to be notified once the transaction has committed."""

    tenant_id: UUID
    job_id: UUID
    generation: int
    queue: str
    delay_s: float = 0.0


class Checkout:
    """A connection taken from the pool, whose SQLAlchemy side is made on first use."""

    def __init__(self, engine: AsyncEngine, pooled: PoolProxiedConnection) -> None:
        self._engine = engine
        self._made: AsyncConnection | None = None
        self.pooled = pooled
        self.driver = cast(Connection, pooled.driver_connection)

    @classmethod
    async def of(cls, engine: AsyncEngine) -> "Checkout":
        return cls(engine, await engine.raw_connection())

    def connection(self) -> AsyncConnection:
        if self._made is None:
            made = SyncConnection(self._engine.sync_engine, connection=self.pooled)
            self._made = AsyncConnection(self._engine, made)
        return self._made

    async def release(self) -> None:
        """Return it to the pool; its transaction is over."""
        self.driver.leave()
        if self._made is None:
            # A pool that is full closes it, which SQLAlchemy can do in a greenlet only.
            await greenlet_spawn(self.pooled.close)
        else:
            await self._made.close()

    async def discard(self) -> None:
        """Close it, and leave its place in the pool to a new one."""
        if self._made is None:
            self.pooled.invalidate()
            self.pooled.close()
        else:
            await self._made.invalidate()
            await self._made.close()


class Session(AsyncSession):
    """An AsyncSession that costs nothing until SQLAlchemy is used.

    Many requests only read rows with `core.db.reads`, which need the driver alone. Opening and
    closing SQLAlchemy's connection and session took a quarter of such a request's CPU.
    """

    def __init__(self, checkout: Checkout) -> None:
        # AsyncSession's own constructor runs in __getattr__.
        self._checkout = checkout
        self.pushes: list[Push] = []
        """Jobs that were enqueued in this transaction."""

    def __getattr__(self, name: str) -> Any:
        if "sync_session" in vars(self):
            raise AttributeError(name)
        super().__init__(bind=self._checkout.connection(), expire_on_commit=False)
        return getattr(self, name)

    @property
    def driver(self) -> Connection:
        """asyncpg's connection, in this session's transaction."""
        return self._checkout.driver

    @property
    def is_used(self) -> bool:
        """Whether SQLAlchemy has something to commit, or has at least begun a transaction."""
        if "sync_session" not in vars(self):
            return False
        return bool(self.in_transaction() or self.new or self.dirty or self.deleted)


def wants_push(session: AsyncSession, push: Push) -> None:
    """Notify workers after this session has committed."""
    cast(Session, session).pushes.append(push)
