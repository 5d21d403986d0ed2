"""The manifest of a room, through which all rooms are registered.

A room is a package under `domains/` with a manifest, `room.py`, that is listed in `rooms.ROOMS`. By
convention its module `controller` lists CONTROLLERS, its module `tasks` lists TASKS, TICKS or
LOOPS, and its module `models` declares its tables; each process imports only the modules that it
needs. Everything else is in the manifest.
"""

import importlib
from collections import ChainMap
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib.util import find_spec
from itertools import chain
from types import ModuleType
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import MetaData, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db import audit_log
from lsos.core.db.model import Base
from lsos.core.http import idempotency
from lsos.core.http.access import Access, Scope
from lsos.core.queue import jobs
from lsos.core.queue.jobs import enqueue
from lsos.core.queue.work import Loop, Registry, Tick, Work
from lsos.core.resources import Resources
from lsos.signals import Signal, SignalKind

PLUMBING = (audit_log, idempotency, jobs)
"""Modules of core that declare tables."""

ReadSignals = Callable[[AsyncSession, UUID], Awaitable[list[Signal]]]
ReadTime = Callable[[AsyncSession, UUID], Awaitable[datetime | None]]
ReadScore = Callable[[AsyncSession, UUID], Awaitable[float | None]]


class SignalSource(NamedTuple):
    """Queries of a measuring room, by campaign id."""

    room: str
    signals: ReadSignals
    measured_at: ReadTime
    """When the oldest of the readings began that signals rest on, each item's newest answer. What
    they no longer show has gone since then; None: nothing proves that anything has gone."""
    measured_at_of: Mapping[str, ReadTime] = {}
    """The same for signals, by code, that rest on other readings than the rest of the room's."""


class ScoreSource(NamedTuple):
    """A part of the campaign score, 0 to 100; None if unmeasured."""

    part: str
    value: ReadScore


@dataclass(frozen=True)
class BaselineStep:
    """What a room measures before a campaign is Active; `task` is the measuring job."""

    name: str
    task: str
    after: str | None = None
    """The step that must end before this one starts."""


def _as_read(value: Any) -> object:
    return value


class Statement(NamedTuple):
    """A room's SQL for one value, combined with those of other rooms into one query.

    `sql` is a scalar subquery over tables of this room. Its parameters are prefixed with the room's
    name, as all statements share one namespace; a dashboard figure can also use `:campaign_id`.
    """

    name: str
    sql: str
    parameters: Mapping[str, object] = {}
    read: Callable[[Any], object] = _as_read
    """Converts PostgreSQL's result to a typed value."""


def combined(statements: Iterable[Statement]) -> TextClause:
    """One query whose only row contains the value of each statement, by name."""
    chosen = tuple(statements)
    columns = ",\n".join(f"({each.sql}) as {each.name}" for each in chosen)
    values = ChainMap(*({**each.parameters} for each in chosen))
    return text(f"select {columns}").bindparams(**values)


@dataclass(frozen=True, kw_only=True)
class Room:
    """The manifest of a room."""

    package: str
    """Dotted name of its package."""
    scopes: Sequence[Scope] = ()
    """The scopes that its routes require."""
    provides: Mapping[str, Callable[[Resources], object]] = field(default_factory=dict)
    """Handler dependencies by name, created once per process."""
    starts: Sequence[Callable[[Resources], Awaitable[None]]] = ()
    """Runs when a process starts; must not raise if a store is unavailable."""
    baseline: Sequence[BaselineStep] = ()
    follows_crawl: Sequence[str] = ()
    """Tasks enqueued with the run's id when a crawl has been judged."""
    follows_measurement: Sequence[str] = ()
    """Tasks enqueued for the campaign when a room has finished a measurement."""
    codes: Sequence[str] = ()
    """Codes of findings, in addition to its signals; the reference library needs advice for
    each."""
    signals: Sequence[SignalKind] = ()
    signal_source: SignalSource | None = None
    score: ScoreSource | None = None
    dashboard: Sequence[Statement] = ()
    """Figures for a campaign's dashboard, named as in the response."""
    health: Sequence[Statement] = ()
    """Counts over all tenants for the platform's health."""

    @property
    def name(self) -> str:
        return self.package.rpartition(".")[2]

    def part(self, name: str) -> ModuleType | None:
        """Import and return its module of that name; None if there is none."""
        module = f"{self.package}.{name}"
        return importlib.import_module(module) if find_spec(module) else None


@dataclass(frozen=True)
class Joints:
    """The combined manifests of all rooms of an installation."""

    rooms: tuple[Room, ...]

    @cached_property
    def access(self) -> Access:
        return Access.of(scope for room in self.rooms for scope in room.scopes)

    @cached_property
    def baseline(self) -> tuple[BaselineStep, ...]:
        return tuple(chain.from_iterable(room.baseline for room in self.rooms))

    @cached_property
    def follows_crawl(self) -> tuple[str, ...]:
        return tuple(chain.from_iterable(room.follows_crawl for room in self.rooms))

    @cached_property
    def follows_measurement(self) -> tuple[str, ...]:
        return tuple(chain.from_iterable(room.follows_measurement for room in self.rooms))

    @cached_property
    def signals(self) -> tuple[SignalKind, ...]:
        return tuple(chain.from_iterable(room.signals for room in self.rooms))

    @cached_property
    def known_codes(self) -> frozenset[str]:
        """Codes of findings and signals; the reference library needs advice for each."""
        codes = chain.from_iterable(room.codes for room in self.rooms)
        return frozenset(codes) | {kind.code for kind in self.signals}

    @cached_property
    def signal_sources(self) -> tuple[SignalSource, ...]:
        return tuple(room.signal_source for room in self.rooms if room.signal_source)

    @cached_property
    def score_sources(self) -> tuple[ScoreSource, ...]:
        return tuple(room.score for room in self.rooms if room.score)

    @cached_property
    def dashboard(self) -> tuple[Statement, ...]:
        return tuple(chain.from_iterable(room.dashboard for room in self.rooms))

    @cached_property
    def health(self) -> tuple[Statement, ...]:
        return tuple(chain.from_iterable(room.health for room in self.rooms))

    @cached_property
    def provides(self) -> dict[str, Callable[[Resources], object]]:
        return {name: make for room in self.rooms for name, make in room.provides.items()}

    async def start(self, resources: Resources) -> None:
        """Make the rooms available through `resources`, and run their start hooks."""
        resources.put(joints, self)
        for room in self.rooms:
            for start in room.starts:
                await start(resources)

    def controllers(self) -> list[Any]:
        """Litestar's route handlers; workers never call this, so they do not import Litestar."""
        return list(self._listed("controller", "CONTROLLERS"))

    def tasks(self) -> Registry:
        """The tasks of all rooms, for workers to run. The API enqueues them by name."""
        registry = Registry()
        for found in self._listed("tasks", "TASKS"):
            registry.add(found)
        return registry

    def ticks(self) -> list[Tick]:
        return list(self._listed("tasks", "TICKS"))

    def loops(self) -> list[Loop]:
        return list(self._listed("tasks", "LOOPS"))

    def metadata(self) -> MetaData:
        """Metadata of all tables; imports every room's models first."""
        for room in self.rooms:
            room.part("models")
        return Base.metadata

    def _listed(self, part: str, name: str) -> Iterator[Any]:
        for room in self.rooms:
            yield from getattr(room.part(part), name, ())


def joints(_: Resources) -> Joints:
    """The rooms of this installation, through `resources.get(joints)` after start-up."""
    raise LookupError("the rooms of this process have not been started")


async def enqueue_followers(work: Work, session: AsyncSession) -> None:
    """Enqueue the followers of a finished measurement of the job's campaign, in its queue."""
    for name in work.resources.get(joints).follows_measurement:
        await enqueue(
            session,
            name,
            tenant_id=work.tenant_id,
            campaign_id=work.campaign_id,
            queue=work.queue,
        )
