"""Runs jobs of reports in this process, or in one that dies at a chosen step.

`python -m tests.support.report_jobs` reads lines of tenant, job and step, runs each job in such a
process, and writes how that ended.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from lsos.core.db.database import Database
from lsos.core.metrics.metrics import Metrics
from lsos.core.queue.runner import Runner
from lsos.core.redis.client import client
from lsos.core.resources import Resources, storage
from lsos.core.settings.environment import load
from lsos.core.settings.settings import Settings
from lsos.core.storage import Storage, Stored, open_storage
from lsos.domains.reports import generate
from lsos.domains.reports.mail import Letter, Mailer, Result, mailer, open_mailer
from lsos.room import joints
from lsos.rooms import JOINTS

OPEN_JOBS = text("""
    update jobs set due_at = now() where state = 'queued' and name like 'reports.%' returning id
""")
LOST = text("""
    update jobs set state = 'queued', generation = generation + 1,
        claimed_by = null, lease_until = null,
        due_at = now() where state = 'running' and name like 'reports.%'
""")


@dataclass
class Jobs:
    """The jobs of one tenant's reports, run here one after the other."""

    db: Database
    settings: Settings
    tenant_id: UUID
    resources: Resources

    @classmethod
    def of(cls, db: Database, settings: Settings, tenant_id: UUID) -> "Jobs":
        resources = Resources(settings, client(settings.redis_url), db)
        resources.put(joints, JOINTS)
        return cls(db, settings, tenant_id, resources)

    async def due(self) -> list[UUID]:
        """Ids of what waits, all of it made due."""
        async with self.db.tenant_session(self.tenant_id) as session:
            return list((await session.scalars(OPEN_JOBS)).all())

    async def run(self, *, rounds: int = 40) -> int:
        """Rounds until nothing waits, at most `rounds`; no wait is waited out."""
        runner = make_runner(self.db, self.settings, self.resources)
        for done in range(rounds):
            jobs = await self.due()
            if not jobs:
                return done
            for job_id in jobs:
                await runner.run(self.tenant_id, job_id)
        return rounds

    async def lose_claims(self) -> None:
        """What the sweeper does when a lease has ended."""
        async with self.db.tenant_session(self.tenant_id) as session:
            await session.execute(LOST)


def make_runner(
    db: Database, settings: Settings, resources: Resources, kind: type[Runner] = Runner
) -> Runner:
    return kind(
        db=db,
        settings=settings,
        registry=JOINTS.tasks(),
        worker="here",
        resources=resources,
        metrics=Metrics(is_enabled=False),
    )


class _Steps:
    """Counts steps by name and ends the process at one of them, as kill -9 would."""

    def __init__(self, die_at: str) -> None:
        self._die_at = die_at
        self._seen: dict[str, int] = {}

    def reach(self, name: str) -> None:
        self._seen[name] = self._seen.get(name, 0) + 1
        if f"{name}{self._seen[name]}" == self._die_at:
            os._exit(9)


class _DyingStorage:
    def __init__(self, storage: Storage, steps: _Steps) -> None:
        self._storage = storage
        self._steps = steps

    async def put(self, tenant_id: UUID, body: bytes, extension: str) -> Stored:
        stored = await self._storage.put(tenant_id, body, extension)
        self._steps.reach("put")
        return stored

    async def get(self, key: str) -> bytes:
        return await self._storage.get(key)


class _DyingMailer:
    def __init__(self, mailer: Mailer, steps: _Steps) -> None:
        self._mailer = mailer
        self._steps = steps

    async def send(self, letter: Letter) -> Result:
        self._steps.reach("asking")
        result = await self._mailer.send(letter)
        self._steps.reach("answered")
        return result


async def _run(tenant_id: UUID, job_id: UUID, die_at: str) -> None:
    settings, steps = load(), _Steps(die_at)
    db = Database.of(settings, application_name="lsos-tests")
    render = generate.render_all

    def dying_render(snapshot: object) -> Any:
        steps.reach("snapshot")
        return render(snapshot)

    class DyingRunner(Runner):
        async def _record(self, how: Any, *args: Any) -> None:
            steps.reach("recording")
            await super()._record(how, *args)

    generate.render_all = dying_render
    resources = Resources(settings, client(settings.redis_url), db)
    resources.put(joints, JOINTS)
    resources.put(storage, _DyingStorage(open_storage(settings), steps))
    resources.put(mailer, _DyingMailer(open_mailer(settings), steps))
    await make_runner(db, settings, resources, DyingRunner).run(tenant_id, job_id)
    await db.close()


def _fork(tenant_id: UUID, job_id: UUID, die_at: str) -> int:
    """Exit code of a child that runs the job; its modules are imported already."""
    child = os.fork()
    if child == 0:
        asyncio.run(_run(tenant_id, job_id, die_at))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for line in sys.stdin:
        tenant, job, step = line.split()
        sys.stdout.write(f"{_fork(UUID(tenant), UUID(job), step)}\n")
        sys.stdout.flush()
