"""The jobs of every kind: a slice of its runs, and its step of a baseline."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.queue.work import Death, Summary, Task, Work, task
from lsos.domains.measuring import progress, service
from lsos.domains.measuring.kind import AnyKind
from lsos.domains.measuring.rules import SLICE_S
from lsos.domains.measuring.slice import run_slice

ATTEMPTS = 5
STORING_S = 60.0
BASELINE_TIMEOUT_S = 30.0


def tasks_of(kind: AnyKind) -> tuple[Task, ...]:
    """The tasks of a kind, which its room lists among its own."""
    if kind.baseline_step is None:
        return (_measure(kind),)
    return _measure(kind), _baseline(kind)


def _measure(kind: AnyKind) -> Task:
    async def died(session: AsyncSession, death: Death) -> None:
        run_id = UUID(str(death.arguments["run_id"]))
        await progress.fail(session, kind, death.tenant_id, run_id, death.reason_code)

    # Units are begun for the length of a slice, and the last one may take its time.
    timeout_s = SLICE_S + kind.unit_s + STORING_S

    @task(kind.task, attempts=ATTEMPTS, timeout_s=timeout_s, on_dead=died)
    async def measure(work: Work, run_id: UUID) -> Summary:
        """Ask for units of a run for 25 s; what is left is the next slice's."""
        return await run_slice(work, kind, run_id)

    return measure


def _baseline(kind: AnyKind) -> Task:
    async def died(session: AsyncSession, death: Death) -> None:
        if death.campaign_id is not None:
            await progress.finish_step(
                session, kind, death.tenant_id, death.campaign_id, death.reason_code
            )

    @task(f"{kind.name}.baseline", attempts=ATTEMPTS, timeout_s=BASELINE_TIMEOUT_S, on_dead=died)
    async def baseline(work: Work, step: str) -> Summary:
        """Start the run that a campaign's baseline waits for; nothing to measure skips the step."""
        assert work.campaign_id is not None
        source = kind.source(work.settings)
        async with work.session() as session:
            run = await service.start_baseline(
                session, kind, work.tenant_id, work.campaign_id, source, work.queue
            )
        if run is None:
            return {"step": step, "reason_code": kind.nothing}
        return {"step": step, "run_id": str(run.id)}

    return baseline
