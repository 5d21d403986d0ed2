"""The engine and the tenant session: every transaction switches to a role and sets its tenant."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from lsos.core.settings.settings import Settings

APP_ROLE = "lsos_app"
SYSTEM_ROLE = "lsos_system"
ALL_CAMPAIGNS = ""

_ENTER = text(
    "select set_config('role', :role, true), set_config('app.tenant_id', :tenant, true),"
    " set_config('app.campaign_ids', :campaigns, true)"
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
            pool_pre_ping=True,
            hide_parameters=True,  # error texts end up in logs and job rows
            json_serializer=_encode_json,
            json_deserializer=msgspec.json.decode,
            connect_args={
                "timeout": 5,
                "server_settings": {"application_name": application_name, "timezone": "UTC"},
            },
        )
        return cls(engine, pusher)

    @asynccontextmanager
    async def tenant_session(
        self, tenant_id: UUID, *, campaign_ids: str = ALL_CAMPAIGNS
    ) -> AsyncIterator[AsyncSession]:
        """One transaction as `lsos_app`, which sees only this tenant's rows.

        Commits at the end and then notifies workers of the jobs that were enqueued; an exception
        rolls everything back.
        """
        async with self._session(APP_ROLE, str(tenant_id), campaign_ids) as session:
            yield session

    @asynccontextmanager
    async def _session(self, role: str, tenant: str, campaigns: str) -> AsyncIterator[AsyncSession]:
        session = AsyncSession(self.engine, expire_on_commit=False)
        session.sync_session.info["entry"] = {
            "role": role,
            "tenant": tenant,
            "campaigns": campaigns,
        }
        try:
            async with session:
                yield session
                await session.commit()
        except BaseException:
            session.info.pop("pushes", None)
            raise
        pushes: list[Push] = session.info.pop("pushes", [])
        if pushes and self.pusher:
            await self.pusher.push(pushes)

    async def close(self) -> None:
        await self.engine.dispose()


def wants_push(session: AsyncSession, push: Push) -> None:
    """Notify workers after this session has committed."""
    session.info.setdefault("pushes", []).append(push)


@event.listens_for(Session, "after_begin")
def _enter(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    entry = session.info.get("entry")
    if entry is not None and not transaction.nested:
        connection.execute(_ENTER, entry)


def is_outage(error: BaseException) -> bool:
    """PostgreSQL is unavailable (restart, broken connection, exhausted pool): not a bug of ours."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    away = (OperationalError, InterfaceError, PoolTimeout, ConnectionError, OSError, TimeoutError)
    return isinstance(error, away)


def is_bad_value(error: BaseException) -> bool:
    """A value that its column type cannot hold: an integer too large, a year out of range."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return str(state).startswith("22")  # SQLSTATE class 22: data exception


def _encode_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
