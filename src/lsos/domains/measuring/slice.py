"""A slice of a run: asks for units at once, stores what came, and goes back into the queue."""

import asyncio
import time
from typing import Any
from uuid import UUID

import structlog

from lsos.core.clock import now
from lsos.core.errors import Reschedule
from lsos.core.queue.work import Summary, Work
from lsos.domains.measuring import progress, queries
from lsos.domains.measuring.kind import AnyKind, Outcome
from lsos.domains.measuring.progress import AnyOutcome, Lot
from lsos.domains.measuring.rules import LONGEST_NAP_S, SLICE_S, Reason, Run, reason_of
from lsos.domains.providers.base import PROVIDER_ERRORS, Busy, ProviderError, ends_run
from lsos.domains.providers.spending import counting
from lsos.room import enqueue_followers

WATCH_S = 0.5
"""How often a slice looks whether its run was cancelled."""
ENDED: Summary = {"state": "ended_already"}

log = structlog.get_logger(__name__)


async def run_slice(work: Work, kind: AnyKind, run_id: UUID) -> Summary:
    """Ask for units for 25 s; what is left is the next slice's.

    A repeat goes on where the last one was: what has an outcome is not asked for again.
    """
    provider = kind.provider(work)
    until = time.monotonic() + SLICE_S
    async with work.session() as session:
        run = await progress.start(session, kind, work.tenant_id, run_id, provider.source)
    if run is None:
        return ENDED
    while True:
        async with work.session() as session:
            lot, run = await progress.next_lot(session, kind, run, kind.batch_size(provider))
        if not lot.units:
            return await _finish(work, kind, run, None)
        batch = Batch(work, kind, provider, run, until)
        run = await batch.measure(lot)
        if not run.is_open:
            return ENDED
        if batch.halt is not None:
            reason = reason_of(batch.halt.code, batch.halt.message)
            if not isinstance(batch.halt, Busy) or _is_overdue(run):
                return await _finish(work, kind, run, reason)
            raise Reschedule(reason.text, delay_s=min(batch.halt.wait_s, LONGEST_NAP_S))
        if time.monotonic() > until:
            raise Reschedule("more units to measure", delay_s=0.0)


def _is_overdue(run: Run) -> bool:
    return run.deadline_at is not None and now() > run.deadline_at


async def _finish(work: Work, kind: AnyKind, run: Run, reason: Reason | None) -> Summary:
    async with work.session() as session:
        ended = await progress.finish(session, kind, run, reason)
        if ended is not None:
            await enqueue_followers(work, session)
    if ended is None:
        return ENDED
    run, facts = ended
    return {
        "run_id": str(run.id),
        "state": run.state,
        "counts": run.counts,
        "calls": run.calls,
        "source": run.source,
        "reason_code": run.reason_code,
        **facts,
    }


class Batch:
    """Outcomes of some units of a run, and why the rest was not asked for."""

    def __init__(self, work: Work, kind: AnyKind, provider: Any, run: Run, until: float) -> None:
        self._work = work
        self._kind = kind
        self._provider = provider
        self._run = run
        self._until = until
        self._slots = asyncio.Semaphore(kind.concurrency)
        self._outcomes: list[AnyOutcome] = []
        self._is_cancelled = False
        self.halt: ProviderError | None = None
        """Busy, or what ends the run."""

    async def measure(self, lot: Lot) -> Run:
        """Ask and store; the run afterwards.

        A cancelled batch stores what was answered: it may have been billed.
        """
        is_over = asyncio.Event()
        watching = asyncio.ensure_future(self._watch(is_over))
        with counting() as spent:
            try:
                await asyncio.gather(*(self._one(unit) for unit in lot.units))
            finally:
                is_over.set()
                storing = self._store(lot.keys, spent.calls, watching)
                self._run = await asyncio.shield(storing)
        return self._run

    async def _store(self, keys: list[str], calls: int, watching: "asyncio.Future[None]") -> Run:
        await watching
        outcomes, self._outcomes = self._outcomes, []
        async with self._work.session() as session:
            return await progress.record(session, self._kind, self._run, keys, outcomes, calls)

    async def _watch(self, is_over: asyncio.Event) -> None:
        """Notice that a user has cancelled the run."""
        while not self._is_cancelled:
            try:
                async with asyncio.timeout(WATCH_S):
                    await is_over.wait()
                    return
            except TimeoutError:
                pass
            try:
                async with self._work.session() as session:
                    self._is_cancelled = not await queries.is_open(session, self._run)
            except Exception as error:  # noqa: BLE001 -- storing will tell whether it is an outage
                log.warning("run_not_watched", error=type(error).__name__)

    async def _one(self, unit: Any) -> None:
        async with self._slots:
            if self.halt is not None or self._is_cancelled or time.monotonic() > self._until:
                return
            outcome = await self._ask(unit)
        if outcome is not None:
            self._outcomes.append(outcome)

    async def _ask(self, unit: Any) -> AnyOutcome | None:
        """None: nobody was asked, so there is no outcome."""
        key, asked_at = self._kind.key(unit), now()
        try:
            async with asyncio.timeout(self._kind.unit_s):
                answer = await self._kind.ask(self._provider, unit, tenant_id=self._work.tenant_id)
        except PROVIDER_ERRORS as error:
            if isinstance(error, Busy) or ends_run(error):
                self.halt = self._worse(error)
                return None
            code = error.code
        except TimeoutError:
            code = "provider_timeout"
        except Exception:
            # A fault of ours with one unit must not cost the others.
            log.exception("unit_failed", kind=self._kind.name, unit=key)
            code = "unexpected_error"
        else:
            return Outcome(unit=unit, key=key, asked_at=asked_at, answer=answer)
        return Outcome(unit=unit, key=key, asked_at=asked_at, error_code=code)

    def _worse(self, error: ProviderError) -> ProviderError:
        """What ends the run counts more than a pause."""
        if self.halt is None or (ends_run(error) and not ends_run(self.halt)):
            return error
        return self.halt
