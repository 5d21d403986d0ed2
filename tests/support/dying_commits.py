"""Commits jobs in processes that are gone before workers are notified, as kill -9 between both.

`python -m tests.support.dying_commits` reads lines of tenant, queue, path and word, and writes how
each process ended. `create_app` is the API that dies so.
"""

import asyncio
import os
import sys
from uuid import UUID

from litestar import Litestar

from lsos import api
from lsos.core.db.database import Database
from lsos.core.db.session import Push
from lsos.core.queue.jobs import enqueue
from lsos.core.settings.environment import load

KILLED = 9


class DyingNotifier:
    async def push(self, _: list[Push]) -> None:
        os._exit(KILLED)


def create_app() -> Litestar:
    api.Notifier = lambda _: DyingNotifier()  # type: ignore[misc,assignment]  # the failpoint
    return api.create_app()


async def _commit(tenant_id: UUID, queue: str, path: str, word: str) -> None:
    db = Database.of(load(), application_name="lsos-tests", pusher=DyingNotifier())
    async with db.tenant_session(tenant_id) as session:
        await enqueue(
            session, "test.append", tenant_id=tenant_id, queue=queue, path=path, word=word
        )


def _fork(tenant_id: UUID, queue: str, path: str, word: str) -> int:
    child = os.fork()
    if child == 0:
        asyncio.run(_commit(tenant_id, queue, path, word))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for line in sys.stdin:
        tenant, *rest = line.split()
        print(_fork(UUID(tenant), *rest))  # noqa: T201 -- what the test reads
