"""Jobs of the test tasks in a queue of one test's own, and a look at them."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.database import Database
from lsos.core.queue.jobs import Job, enqueue
from lsos.core.queue.runner import Runner
from lsos.core.redis.client import client
from lsos.core.resources import Resources
from tests.support.job_tasks import notes, registry
from tests.support.waiting import until

MODULE = "tests.support.job_tasks"


class Jobs:
    """Enqueues jobs of the test tasks into a queue of this test's own, and looks at them."""

    def __init__(self, db: Database, tenant_id: UUID, folder: Path) -> None:
        self.db = db
        self.tenant_id = tenant_id
        self.queue = f"test-{uuid4().hex[:12]}"
        self.path = folder / "notes"

    async def add(self, name: str, **options: Any) -> UUID:
        async with self.db.tenant_session(self.tenant_id) as session:
            job_id = await self.put(session, name, **options)
        assert job_id is not None
        return job_id

    async def put(self, session: Any, name: str, **options: Any) -> UUID | None:
        options.setdefault("path", str(self.path))
        return await enqueue(session, name, tenant_id=self.tenant_id, queue=self.queue, **options)

    async def row(self, job_id: UUID) -> Job:
        async with self.db.tenant_session(self.tenant_id) as session:
            job: Job = await session.get_one(Job, (self.tenant_id, job_id))
            return job

    async def until_state(self, job_id: UUID, *states: str) -> Job:
        async def look() -> Job | None:
            job = await self.row(job_id)
            return job if job.state in states else None

        return await until(look, f"job to be {' or '.join(states)}")

    async def until_noted(self, word: str) -> None:
        async def look() -> bool:
            return word in self.notes()

        await until(look, f"{word!r} to be noted")

    def notes(self) -> list[str]:
        return notes(self.path)

    def let_go(self) -> None:
        Path(f"{self.path}.go").touch()


def runner_of(db: Database, settings: Any, name: str = "here") -> Runner:
    return Runner(
        db=db,
        settings=settings,
        registry=registry(),
        worker=name,
        resources=Resources(settings, client(settings.redis_url), db),
    )


async def change(db: Database, tenant_id: UUID, job_id: UUID, assignments: str) -> None:
    async with db.tenant_session(tenant_id) as session:
        await session.execute(
            text(f"update jobs set {assignments} where id = :id"),  # a literal of the test
            {"id": job_id},
        )


async def is_waited_for(session: AsyncSession) -> bool:
    """Whether anybody waits for a row that this transaction has locked."""
    found = await session.scalar(
        text(
            "select count(*) from pg_locks"
            " where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))"
        )
    )
    return bool(found)
