"""The S3-compatible store and its faults: typed errors, bounded tries, no half object."""

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from lsos.core.settings.settings import Settings
from lsos.core.storage import (
    ChecksumMismatch,
    ObjectMissing,
    Storage,
    StorageAway,
    StorageDenied,
    key_of,
    open_storage,
)
from tests.support.s3 import (
    Fault,
    FaultyProxy,
    faulty_proxy,
    list_objects,
    s3_server,
    s3_settings,
    uploads_begun,
    write_object,
)

TENANT = UUID("018f0000-0000-7000-8000-000000000001")
BODY = b"%PDF-1.7 " + bytes(range(256)) * 2_000


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
async def proxy(s3: str) -> AsyncIterator[FaultyProxy]:
    async with faulty_proxy(s3) as running:
        yield running


def storage_at(endpoint: str, *, timeout_s: float = 15.0) -> Storage:
    changes = s3_settings(endpoint)
    return open_storage(Settings(**changes), timeout_s=timeout_s)  # type: ignore[arg-type]  # changes name fields


async def test_a_round_trip(s3: str) -> None:
    storage = storage_at(s3)
    stored = await storage.put(TENANT, BODY, "pdf")
    again = await storage.put(TENANT, BODY, "pdf")
    assert stored == again
    assert list_objects(s3)[stored.key] == len(BODY)
    assert await storage.get(stored.key) == BODY
    assert await storage.head(stored.key) == len(BODY)
    await storage.delete(stored.key)
    await storage.delete(stored.key)
    assert await storage.head(stored.key) is None
    with pytest.raises(ObjectMissing):
        await storage.get(stored.key)


@pytest.mark.parametrize(
    "script",
    [["503"], ["reset"], ["503", "reset"], ["refuse"], ["", "503"], ["", "reset", "503"]],
)
async def test_a_passing_fault_is_ridden_out(
    s3: str, proxy: FaultyProxy, script: list[Fault]
) -> None:
    """Also one in the midst of the upload, and one between upload and verification."""
    proxy.script = list(script)
    body = BODY + repr(script).encode()
    stored = await storage_at(proxy.endpoint).put(TENANT, body, "pdf")
    assert list_objects(s3)[stored.key] == len(body)
    assert len(proxy.requests) == len([fault for fault in script if fault]) + 2
    assert uploads_begun(s3) == 0


@pytest.mark.parametrize(
    "fault, error, tries",
    [
        ("refuse", StorageAway, 3),
        ("reset", StorageAway, 3),
        ("503", StorageAway, 3),
        ("hang", StorageAway, 3),
        # Trying again at once can't help: somebody must mend the credentials.
        ("403", StorageDenied, 1),
    ],
)
async def test_a_lasting_fault_is_a_typed_error_after_bounded_tries(
    s3: str, proxy: FaultyProxy, fault: Fault, error: type[StorageAway], tries: int
) -> None:
    proxy.always = fault
    body = b"lasting " + fault.encode()
    storage = storage_at(proxy.endpoint, timeout_s=0.2)
    with pytest.raises(StorageAway) as raised:
        await storage.put(TENANT, body, "pdf")
    assert type(raised.value) is error
    assert raised.value.status == 503
    assert "secret" not in str(raised.value)
    assert len(proxy.requests) == tries
    assert key_of(TENANT, body, "pdf") not in list_objects(s3)
    proxy.always = ""
    stored = await storage_at(proxy.endpoint).put(TENANT, body, "pdf")
    assert list_objects(s3)[stored.key] == len(body)


async def test_nobody_listens() -> None:
    with pytest.raises(StorageAway):
        await storage_at("http://127.0.0.1:1").head(key_of(TENANT, b"", "pdf"))


async def test_another_bucket_than_there_is(s3: str) -> None:
    changes = {**s3_settings(s3), "object_storage_bucket": "nobody-made-it"}
    storage = open_storage(Settings(**changes))  # type: ignore[arg-type]  # changes name fields
    with pytest.raises((ObjectMissing, StorageAway)):
        await storage.put(TENANT, BODY, "pdf")


async def test_a_damaged_object_is_told_and_mended(s3: str) -> None:
    storage = storage_at(s3)
    key = key_of(TENANT, b"right", "html")
    write_object(s3, key, b"wrong")
    with pytest.raises(ChecksumMismatch):
        await storage.get(key)
    assert (await storage.put(TENANT, b"right", "html")).key == key
    assert await storage.get(key) == b"right"
