"""What a room supplies to have something measured: its units, the question, and where answers go.

The engine does the rest: concurrency, pauses, resuming, progress, cancelling, price and baseline.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.errors import Conflict
from lsos.core.queue.work import Work
from lsos.core.settings.settings import Settings
from lsos.domains.measuring.rules import Price, Run
from lsos.domains.providers.rules import MeasurementState


class Answer(Protocol):
    """What was learned of one unit."""

    @property
    def state(self) -> MeasurementState: ...


class Provider(Protocol):
    """Who is asked; one object per worker process."""

    @property
    def source(self) -> str: ...


U = TypeVar("U")
A = TypeVar("A", bound=Answer)
P = TypeVar("P", bound=Provider)


class Outcome(msgspec.Struct, Generic[U, A], frozen=True, kw_only=True):
    """What came of asking for one unit: an answer, or the code of the failure."""

    unit: U
    key: str
    asked_at: datetime
    """When its first question was asked: what came later, the answer can't know of."""
    answer: A | None = None
    error_code: str | None = None

    @property
    def state(self) -> MeasurementState:
        return "error" if self.answer is None else self.answer.state


class Kind(Protocol[U, A, P]):
    """One kind of measurement; stateless, made once at import."""

    name: str
    """Stored with each run; also the word of its routes and tasks."""
    about: str
    """What is measured, for people."""
    task: str
    """Name of its job in the queue, such as rank.measure."""
    baseline_step: str | None = None
    """Name of the step of a campaign's baseline that this is."""
    nothing: str = "nothing_to_measure"
    """Reason of a run without a unit."""
    concurrency: int = 4
    unit_s: float = 300.0
    """For all questions about one unit."""
    patience: timedelta = timedelta(hours=1)
    """How long a provider may ask for pauses without an answer in between."""

    def source(self, settings: Settings) -> str:
        """Who would be asked by these settings."""
        ...

    def provider(self, work: Work) -> P:
        """What this worker process asks."""
        ...

    async def count(self, session: AsyncSession, run: Run) -> int:
        """Units of the run, those that `kept` counts included."""
        ...

    async def units(
        self, session: AsyncSession, run: Run, after: str | None, limit: int
    ) -> Sequence[U]:
        """Up to `limit` units after that key, in an order that does not change; empty: the end."""
        ...

    def key(self, unit: U) -> str:
        """What names a unit of the run, and its place in the order."""
        ...

    async def ask(self, provider: P, unit: U, *, tenant_id: UUID) -> A:
        """The network alone, no session; raises ProviderError.

        What it raises ends the run when it says that no other unit can be answered.
        """
        ...

    async def store(
        self, session: AsyncSession, run: Run, outcomes: Sequence[Outcome[U, A]]
    ) -> None:
        """Write a batch in the engine's transaction; idempotent, failures over no answer."""
        ...

    # What follows is optional.

    def batch_size(self, provider: P) -> int:
        """Units that are asked and stored together: so many answers a killed worker may lose."""
        return 20

    def price(self, unit: U, source: str) -> Price:
        """Provider calls of one unit, beforehand."""
        return Price()

    async def refuse(self, session: AsyncSession, run: Run) -> None:
        """Raise Conflict or NotFound where the run, which is not stored yet, makes no sense."""
        return

    def under_way(self, run: Run) -> Conflict:
        """Answer to an order while a run of the same scope is open."""
        return Conflict(
            "a measurement of this campaign is under way",
            code=f"{self.name}_run_open",
            detail={"run_id": str(run.id)},
        )

    async def kept(self, session: AsyncSession, run: Run) -> int:
        """Units that need no question, since an earlier run of the day has an answer."""
        return 0

    async def store_unmeasured(self, session: AsyncSession, run: Run) -> None:
        """Note `run.reason_code` at the units that the ended run has not come to."""
        return

    async def finish(self, session: AsyncSession, run: Run) -> Mapping[str, object]:
        """What follows the last outcome, in the ending transaction; adds to the job's summary."""
        return {}


AnyKind = Kind[Any, Any, Any]
