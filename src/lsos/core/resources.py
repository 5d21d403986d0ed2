"""Objects shared within one process, each created on first use."""

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
    """An async context that closes at its end whatever was opened in it."""

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
        """The result of `make`, which is called with these resources once per process."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast(T, self._made[make])

    def put(self, make: Callable[["Resources"], T], made: T) -> None:
        """Make `get(make)` return this, for example a test double or an object created
        elsewhere."""
        self._made[make] = made

    def on_close(self, close: Callable[[], Awaitable[object]]) -> None:
        """Await this when the process ends, in reverse order of registration."""
        self._stack.push_async_callback(close)


def storage(resources: Resources) -> Storage:
    """The storage for report artifacts."""
    return open_storage(resources.settings)


def semaphore(resources: Resources) -> Semaphore:
    return Semaphore(resources.redis)
