"""Stores artifacts by content hash: on local disk, in memory, or in an S3-compatible store.

All three are `obstore` stores, so one code path is tested and used for all. An artifact is read
back and compared before it counts as stored, and verified again on each read.
"""

import asyncio
import hashlib
import random
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import obstore
import structlog
from obstore import exceptions as failures
from obstore.store import LocalStore, ObjectStore, S3Store

from lsos.core.errors import LsosError, NotFound, Unavailable
from lsos.core.settings.settings import Settings

T = TypeVar("T")
log = structlog.get_logger(__name__)

TRIES = 3
RETRY_S = 0.2
"""First wait before a retry within one call; it doubles, with jitter."""
TIMEOUT_S = 15.0
_KEY = re.compile(r"t/[0-9a-f-]{36}/(?P<sha256>[0-9a-f]{64})\.[a-z0-9]{1,8}")


class StorageAway(Unavailable):
    """No response, an error of the store, or a timeout: a later attempt may succeed."""

    code = "storage_unavailable"


class StorageDenied(StorageAway):
    """The store refuses our credentials or bucket: an operator must fix the configuration."""

    code = "storage_denied"


class ObjectMissing(NotFound):
    code = "artifact_missing"


class ChecksumMismatch(LsosError):
    """The stored object differs from what was written."""

    code = "artifact_damaged"


class Stored(msgspec.Struct, frozen=True):
    key: str
    sha256: str
    bytes: int


def key_of(tenant_id: UUID, body: bytes, extension: str) -> str:
    """The unique key of this content; a repeated put changes nothing."""
    return f"t/{tenant_id}/{hashlib.sha256(body).hexdigest()}.{extension}"


class Storage:
    """put, get, head and delete on any store; every failure is one of the errors above."""

    def __init__(
        self, make: Callable[[], ObjectStore], *, tries: int = TRIES, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._make = make
        self._tries = tries
        self._timeout_s = timeout_s

    @cached_property
    def _store(self) -> ObjectStore:
        """Created on first use: a process that stores nothing creates no folder."""
        return self._make()

    async def put(self, tenant_id: UUID, body: bytes, extension: str) -> Stored:
        """Create the object unless it exists; returns once it has been read back and verified."""
        key = key_of(tenant_id, body, extension)
        stored = Stored(key, _digest(key), len(body))

        async def create(mode: str = "create") -> None:
            try:
                # One request: unlike a failed multipart upload, a failed one leaves nothing.
                await obstore.put_async(
                    self._store,
                    key,
                    body,
                    mode="create" if mode == "create" else "overwrite",
                    use_multipart=False,
                )
            except (failures.AlreadyExistsError, failures.PreconditionError):
                return  # written earlier, or by another worker now: the same bytes
            except failures.NotSupportedError:
                await create("overwrite")  # a store without If-None-Match

        await self._try(key, create)
        try:
            await self.get(key)
        except ChecksumMismatch:
            log.warning("artifact_repaired", key=key)
            await self._try(key, lambda: create("overwrite"))
            await self.get(key)
        return stored

    async def get(self, key: str) -> bytes:
        """The verified bytes; raises ChecksumMismatch or ObjectMissing."""
        wanted = _digest(key)

        async def read() -> bytes:
            result = await obstore.get_async(self._store, key)
            return bytes(await result.bytes_async())

        body = await self._try(key, read)
        if hashlib.sha256(body).hexdigest() != wanted:
            raise ChecksumMismatch("the stored file is damaged; generate the report again")
        return body

    async def head(self, key: str) -> int | None:
        """The size in bytes; None if there is no such object."""
        _digest(key)

        async def ask() -> int:
            return int((await obstore.head_async(self._store, key))["size"])

        try:
            return await self._try(key, ask)
        except ObjectMissing:
            return None

    async def delete(self, key: str) -> None:
        """Delete the object; succeeds if there is none."""
        _digest(key)

        async def drop() -> None:
            await obstore.delete_async(self._store, key)

        try:
            await self._try(key, drop)
        except ObjectMissing:
            return

    async def _try(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        """Retry a bounded number of times with jitter; callers may retry on top of that."""
        for attempt in range(1, self._tries + 1):
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await work()
            except Exception as error:
                typed = _typed(error)
                if isinstance(typed, StorageDenied) or not isinstance(typed, StorageAway):
                    raise typed from error
                if attempt == self._tries:
                    log.warning("storage_failed", key=key, error=_reason(error))
                    raise typed from error
                log.info("storage_retried", key=key, error=_reason(error))
            await asyncio.sleep(RETRY_S * 2 ** (attempt - 1) * (0.5 + random.random()))  # noqa: S311 -- jitter, no secret
        raise AssertionError("unreachable")


def open_storage(settings: Settings, *, timeout_s: float = TIMEOUT_S) -> Storage:
    """The store named by the settings; local disk below LSOS_HOME by default."""
    if settings.object_storage_endpoint:
        return Storage(partial(_bucket, settings, timeout_s), timeout_s=timeout_s)
    return Storage(partial(_folder, Path(settings.lsos_home) / "artifacts"), timeout_s=timeout_s)


def _folder(path: Path) -> ObjectStore:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return LocalStore(path.absolute())


def _bucket(settings: Settings, timeout_s: float) -> ObjectStore:
    is_plain = urlsplit(settings.object_storage_endpoint).scheme == "http"
    return S3Store(
        settings.object_storage_bucket,
        endpoint=settings.object_storage_endpoint.rstrip("/"),
        access_key_id=settings.object_storage_access_key,
        secret_access_key=settings.object_storage_secret_key,
        region=settings.object_storage_region,
        conditional_put="etag",
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": is_plain,
            "connect_timeout": timedelta(seconds=min(5.0, timeout_s)),
            "timeout": timedelta(seconds=timeout_s),
        },
        # We retry ourselves, so that all failures are limited in one place.
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=timeout_s)},
    )


def _digest(key: str) -> str:
    """The hash in a key; refuses anything that is not an artifact key, including `..`."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError(f"{key!r} is not an artifact key")
    return match["sha256"]


def _typed(error: Exception) -> Exception:
    if isinstance(error, FileNotFoundError | failures.NotFoundError):
        return ObjectMissing("the report file is missing from the storage")
    if isinstance(error, failures.PermissionDeniedError | failures.UnauthenticatedError):
        return StorageDenied("the object storage refuses our credentials", retry_after_s=60)
    away = (failures.BaseError, OSError, TimeoutError)
    if isinstance(error, away):
        return StorageAway("the object storage is unavailable", retry_after_s=30)
    return error


def _reason(error: Exception) -> str:
    """For logs only: it names host and bucket. The first line; the rest repeats the response."""
    return str(error).partition("\n")[0][:300] or type(error).__name__
