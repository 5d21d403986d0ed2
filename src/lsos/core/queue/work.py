"""What tasks are made of: a body, its attempts and time-out, and the work that it is handed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.database import Database
from lsos.core.errors import Permanent
from lsos.core.metrics.metrics import Metrics
from lsos.core.resources import Resources
from lsos.core.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Work:
    """What a task body gets: its identity, a session factory and the process's resources."""

    tenant_id: UUID
    campaign_id: UUID | None
    job_id: UUID
    queue: str
    attempt: int
    db: Database
    settings: Settings
    resources: Resources
    """What the process shares: clients, providers, storage."""
    metrics: Metrics

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A short transaction of the job's tenant; never hold it over a network call."""
        async with self.db.tenant_session(self.tenant_id) as session:
            yield session


Summary = dict[str, object]
Body = Callable[..., Awaitable[Summary | None]]


@dataclass(frozen=True, slots=True)
class Death:
    """A job that is given up."""

    tenant_id: UUID
    campaign_id: UUID | None
    arguments: Mapping[str, Any]
    reason_code: str


DeadHook = Callable[[AsyncSession, Death], Awaitable[None]]
"""Called in the transaction that marks the job dead."""


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    body: Body
    attempts: int
    timeout_s: float
    on_dead: DeadHook | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Types of the body's keyword arguments: ids travel as text."""

    def arguments(self, raw: Mapping[str, object]) -> dict[str, Any]:
        """The row's args by the types of the body; Permanent when they do not fit."""
        try:
            return {
                name: msgspec.convert(value, self.parameters[name], strict=False)
                for name, value in raw.items()
            }
        except (KeyError, msgspec.ValidationError) as error:
            raise Permanent(f"arguments do not fit: {error}", code="bad_arguments") from error


@dataclass(frozen=True, slots=True)
class Tick:
    """Short work at fixed times of the clock, run by one worker of the default queue."""

    name: str
    body: Callable[[Resources], Awaitable[object]]
    minutes: frozenset[int] | None = None
    """Of the hour, in UTC; None: every minute."""
    seconds: frozenset[int] = frozenset({0})
    runs_at_start: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """Short work of every worker of the default queue, with or without Redis."""

    name: str
    body: Callable[[Resources], Awaitable[object]]
    every_s: float


@dataclass(slots=True)
class Registry:
    tasks: dict[str, Task] = field(default_factory=dict)

    def add(self, task: Task) -> None:
        if task.name in self.tasks:
            raise ValueError(f"task {task.name} is registered twice")
        self.tasks[task.name] = task


def task(
    name: str, *, attempts: int = 3, timeout_s: float = 60.0, on_dead: DeadHook | None = None
) -> Callable[[Body], Task]:
    """Make a coroutine function a task; it must be idempotent, since it may run twice."""

    def wrap(body: Body) -> Task:
        hints = get_type_hints(body)
        return Task(
            name=name,
            body=body,
            attempts=attempts,
            timeout_s=timeout_s,
            on_dead=on_dead,
            parameters=hints,
        )

    return wrap
