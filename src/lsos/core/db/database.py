"""The engine and the tenant session: every transaction switches to a role and sets its tenant."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, cast
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from lsos.core.db.entry import Admission, Connection, Entry, Transaction
from lsos.core.settings.settings import Settings

APP_ROLE = "lsos_app"
SYSTEM_ROLE = "lsos_system"
ALL_CAMPAIGNS = ""
DRIVER = "driver"
"""Key in a session's `info` for the asyncpg connection of its transaction."""
_HAS_WORKED = "has_worked"
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    OSError,
)
"""Raised by the first message on a connection that the server has closed in the meantime."""
_AWAY = (
    *_LOST,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    OperationalError,
    InterfaceError,
    PoolTimeout,
    TimeoutError,
)


class Push(msgspec.Struct, frozen=True):
    """A job whose workers are to be notified once the transaction has committed."""

    tenant_id: UUID
    job_id: UUID
    generation: int
    queue: str
    delay_s: float = 0.0


class Pusher(Protocol):
    async def push(self, pushes: list[Push]) -> None:
        """Notify the workers; must not raise, because the sweeper repairs a lost push."""


class NotAdmitted(Exception):
    """The admission check of a transaction failed; nothing else was run in it."""


Sessions = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""A factory of short, checked sessions for responses that outlive the request's session."""


class Database:
    """The engine and, if jobs are to be enqueued, the notifier that runs after a commit."""

    def __init__(self, engine: AsyncEngine, pusher: Pusher | None = None) -> None:
        self.engine = engine
        self.pusher = pusher

    @classmethod
    def of(
        cls, settings: Settings, *, application_name: str, pusher: Pusher | None = None
    ) -> "Database":
        engine = create_async_engine(
            settings.postgres_dsn,
            pool_size=settings.postgres_pool_size,
            max_overflow=settings.postgres_pool_size,
            pool_timeout=5,
            hide_parameters=True,  # error texts end up in logs and job rows
            json_serializer=_encode_json,
            json_deserializer=msgspec.json.decode,
            connect_args={
                "timeout": 5,
                "connection_class": Connection,
                "server_settings": {"application_name": application_name, "timezone": "UTC"},
            },
        )
        return cls(engine, pusher)

    def tenant_session(
        self,
        tenant_id: UUID,
        *,
        campaign_ids: str = ALL_CAMPAIGNS,
        admission: Admission | None = None,
    ) -> AbstractAsyncContextManager[AsyncSession]:
        """One transaction as `lsos_app`, which sees only this tenant's rows.

        Commits at the end and then notifies workers of the jobs that were enqueued; an exception
        rolls everything back. With an `admission`, raises NotAdmitted if that check fails.
        """
        return self._session(Entry(APP_ROLE, tenant_id, campaign_ids), admission)

    @asynccontextmanager
    async def _session(
        self, entry: Entry, admission: Admission | None = None
    ) -> AsyncIterator[AsyncSession]:
        connection, driver, transaction = await self._begin(entry, admission)
        session = AsyncSession(connection, expire_on_commit=False)
        session.info[DRIVER] = driver
        try:
            yield session
            if is_used(session):
                await session.commit()
                await session.close()
            if not transaction.is_over:
                await transaction.commit()
        except BaseException:
            session.info.pop("pushes", None)
            await asyncio.shield(_roll_back(session, connection, driver))
            raise
        driver.leave()
        await connection.close()
        pushes: list[Push] = session.info.pop("pushes", [])
        if pushes and self.pusher:
            await self.pusher.push(pushes)

    async def _begin(
        self, entry: Entry, admission: Admission | None
    ) -> tuple[AsyncConnection, Connection, Transaction]:
        """A connection with an open, admitted transaction.

        The pool does not ping connections: a dead one fails at the first message, which has no
        effect and is sent again on another connection, until one is new.
        """
        while True:
            connection = await self.engine.connect()
            pooled = await connection.get_raw_connection()
            driver = cast(Connection, pooled.driver_connection)
            try:
                transaction = await driver.enter(entry, admission)
            except BaseException as error:
                is_stale = _HAS_WORKED in pooled.info and isinstance(error, _LOST)
                await asyncio.shield(_discard(connection))
                if not is_stale:
                    raise
                continue
            pooled.info[_HAS_WORKED] = True
            if transaction is None:
                driver.leave()
                await connection.close()
                raise NotAdmitted
            return connection, driver, transaction

    async def close(self) -> None:
        await self.engine.dispose()


def wants_push(session: AsyncSession, push: Push) -> None:
    """Notify workers after this session has committed."""
    session.info.setdefault("pushes", []).append(push)


def is_used(session: AsyncSession) -> bool:
    """Whether SQLAlchemy has something to commit, or has at least begun a transaction."""
    return bool(session.in_transaction() or session.new or session.dirty or session.deleted)


async def _roll_back(
    session: AsyncSession, connection: AsyncConnection, driver: Connection
) -> None:
    """Return the connection without a transaction, or not at all."""
    try:
        if is_used(session):
            await session.close()
        if driver.is_in_transaction():
            await driver.execute("rollback")
    except Exception:  # noqa: BLE001 -- the original error is raised instead
        await _discard(connection)
        return
    driver.leave()
    await connection.close()


async def _discard(connection: AsyncConnection) -> None:
    with contextlib.suppress(Exception):
        await connection.invalidate()
    await connection.close()


def is_outage(error: BaseException) -> bool:
    """PostgreSQL is unavailable (restart, broken connection, exhausted pool): not a bug of ours."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, _AWAY) and not is_bad_value(error)


def is_bad_value(error: BaseException) -> bool:
    """A value that its column type cannot hold: an integer too large, a year out of range."""
    if isinstance(error, asyncpg.InterfaceError):
        return isinstance(error, ValueError)  # asyncpg can't even encode it
    answered = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(answered, "sqlstate", None)).startswith("22")  # class 22: data exception


def _encode_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
