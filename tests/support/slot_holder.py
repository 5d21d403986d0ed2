"""AccountLocks slots of a semaphore until it is killed.

`python -m tests.support.slot_holder url key slots ttl`
"""

import asyncio
import sys
from contextlib import AsyncExitStack

from lsos.core.redis.client import client
from lsos.core.redis.semaphore import Semaphore


async def hold(url: str, key: str, slots: int, ttl_s: float) -> None:
    semaphore = Semaphore(client(url))
    async with AsyncExitStack() as stack:
        for _ in range(slots):
            lease = await stack.enter_async_context(semaphore.hold(key, slots, ttl_s))
            assert lease is not None
        sys.stdout.write("held\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
