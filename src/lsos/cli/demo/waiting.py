"""Waits for a job that the demo has started."""

import asyncio
from typing import Any

from lsos.cli.demo.session import Session
from lsos.cli.processes import CommandFailed

POLL_S = 0.1
WAIT_S = 120.0


async def until_done(session: Session, job_id: str) -> dict[str, Any]:
    """The job once it is done; raises CommandFailed if it is dead or takes too long."""
    async with asyncio.timeout(WAIT_S):
        while True:
            job: dict[str, Any] = await session.ask("GET", f"/jobs/{job_id}")
            if job["state"] == "done":
                return job
            if job["state"] in ("dead", "cancelled"):
                raise CommandFailed(f"{job['name']} is {job['state']}: {job['reason_code']}")
            await asyncio.sleep(POLL_S)
