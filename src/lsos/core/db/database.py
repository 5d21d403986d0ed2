"""The engine and the tenant session: every transaction switches to a role and sets its tenant."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from lsos.core.db.entry import Admission, Connection, Entry, Transaction
from lsos.core.db.session import Checkout, Push, Session
from lsos.core.settings.settings import Settings

APP_ROLE = "lsos_app"
SYSTEM_ROLE = "lsos_system"
ALL_CAMPAIGNS = ""
_HAS_WORKED = "has_worked"
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    # The server's farewell has been read, and the end of the connection not yet.
    asyncpg.InternalClientError,
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


_AWAY_STATES = ("08", "57P01", "57P02", "57P03", "53300")
"""Connection exceptions, shutdown, crash, start-up, too many connections: Appendix A of
PostgreSQL's manual."""


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
        checkout, transaction = await self._begin(entry, admission)
        session = Session(checkout)
        try:
            yield session
            if session.is_used:
                await session.commit()
                await session.close()
            if not transaction.is_over:
                await transaction.commit()
        except BaseException:
            await asyncio.shield(_roll_back(session, checkout))
            raise
        await checkout.release()
        if session.pushes and self.pusher:
            await self.pusher.push(session.pushes)

    async def _begin(
        self, entry: Entry, admission: Admission | None
    ) -> tuple[Checkout, Transaction]:
        """A connection with an open, admitted transaction.

        The pool does not ping connections: a dead one fails at the first message, which has no
        effect and is sent again on another connection, until one is new.
        """
        while True:
            checkout = await Checkout.of(self.engine)
            known = checkout.pooled.info
            try:
                transaction = await checkout.driver.enter(entry, admission)
            except BaseException as error:
                is_stale = _HAS_WORKED in known and isinstance(error, _LOST)
                await asyncio.shield(_discard(checkout))
                if not is_stale:
                    raise
                continue
            known[_HAS_WORKED] = True
            if transaction is None:
                await checkout.release()
                raise NotAdmitted
            return checkout, transaction

    async def close(self) -> None:
        await self.engine.dispose()


async def _roll_back(session: Session, checkout: Checkout) -> None:
    """Return the connection without a transaction, or not at all."""
    try:
        if session.is_used:
            await session.close()
        if checkout.driver.is_in_transaction():
            await checkout.driver.execute("rollback")
    except Exception:  # noqa: BLE001 -- the original error is raised instead
        await _discard(checkout)
        return
    await checkout.release()


async def _discard(checkout: Checkout) -> None:
    with contextlib.suppress(Exception):
        await checkout.discard()


def is_outage(error: BaseException) -> bool:
    """PostgreSQL is unavailable (restart, broken connection, exhausted pool): not a bug of ours."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    # A connection may be lost before the driver, and so SQLAlchemy, takes it for closed.
    if _sqlstate(error).startswith(_AWAY_STATES):
        return True
    return isinstance(error, _AWAY) and not is_bad_value(error)


def is_bad_value(error: BaseException) -> bool:
    """A value that its column type cannot hold: an integer too large, a year out of range."""
    if isinstance(error, asyncpg.InterfaceError):
        return isinstance(error, ValueError)  # asyncpg can't even encode it
    return _sqlstate(error).startswith("22")  # class 22: data exception


def _sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of an error, by its driver or through SQLAlchemy; "" without one."""
    answered = error.orig if isinstance(error, DBAPIError) else error
    return getattr(answered, "sqlstate", None) or ""


def _encode_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
