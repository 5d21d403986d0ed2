"""What the parts of one process share, each made when it is first asked for."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Self, TypeVar, cast

from redis.asyncio import Redis

from lsos.core.db.database import Database
from lsos.core.redis.semaphore import Semaphore
from lsos.core.settings.settings import Settings
from lsos.core.storage import Storage, open_storage

T = TypeVar("T")


class Resources:
    """An async context: what was opened for the process is closed at its end."""

    def __init__(self, settings: Settings, redis: Redis, db: Database) -> None:
        self.settings = settings
        self.redis = redis
        self.db = db
        self._made: dict[Callable[[Resources], Any], Any] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def get(self, make: Callable[["Resources"], T]) -> T:
        """What `make` made of these resources, once per process."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast(T, self._made[make])

    def put(self, make: Callable[["Resources"], T], made: T) -> None:
        """Let `get(make)` answer this, such as a part that is scripted or was made elsewhere."""
        self._made[make] = made

    def on_close(self, close: Callable[[], Awaitable[object]]) -> None:
        """Await this when the process ends, last opened first."""
        self._stack.push_async_callback(close)


def storage(resources: Resources) -> Storage:
    """Artifacts of reports."""
    return open_storage(resources.settings)


def semaphore(resources: Resources) -> Semaphore:
    return Semaphore(resources.redis)
