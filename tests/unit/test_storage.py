"""A stored report is read back as it was put, or an error says so; nothing is half there."""

import asyncio
import stat
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import MemoryStore

from lsos.core.settings.settings import Settings
from lsos.core.storage import (
    ChecksumMismatch,
    ObjectMissing,
    Storage,
    key_of,
    open_storage,
)

TENANT = UUID("018f0000-0000-7000-8000-000000000001")
OTHER = UUID("018f0000-0000-7000-8000-000000000002")
BODY = b"%PDF-1.7 a report"


@pytest.fixture(params=["disk", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return (
        open_storage(Settings(lsos_home=str(tmp_path)))
        if request.param == "disk"
        else Storage(MemoryStore)
    )


async def test_a_round_trip(storage: Storage) -> None:
    stored = await storage.put(TENANT, BODY, "pdf")
    assert stored.key == key_of(TENANT, BODY, "pdf") == f"t/{TENANT}/{stored.sha256}.pdf"
    assert stored.bytes == len(BODY)
    assert await storage.get(stored.key) == BODY
    assert await storage.head(stored.key) == len(BODY)
    await storage.delete(stored.key)
    await storage.delete(stored.key)
    assert await storage.head(stored.key) is None
    with pytest.raises(ObjectMissing):
        await storage.get(stored.key)


async def test_the_same_content_is_one_object_a_tenant(storage: Storage) -> None:
    many = await asyncio.gather(*(storage.put(TENANT, BODY, "pdf") for _ in range(20)))
    assert len({stored.key for stored in many}) == 1
    other = await storage.put(OTHER, BODY, "pdf")
    await storage.delete(other.key)
    assert await storage.get(many[0].key) == BODY


@pytest.mark.parametrize(
    "key",
    [
        "../secret",
        "/etc/passwd",
        f"t/{TENANT}/../{'a' * 64}.pdf",
        f"t/{TENANT}/{'a' * 64}",
        f"t/{TENANT}/{'a' * 64}.pdf/x",
        f"t/{TENANT}/{'a' * 64}.pdf\n",
        f"t/{TENANT}/{'A' * 64}.pdf",
        f"x/{TENANT}/{'a' * 64}.pdf",
        "",
    ],
)
async def test_what_is_no_key_is_refused_before_the_store_is_asked(
    storage: Storage, key: str
) -> None:
    for ask in (storage.get, storage.head, storage.delete):
        with pytest.raises(ValueError, match="not an artifact key"):
            await ask(key)


async def test_a_damaged_file_is_told_and_mended_by_the_next_put(tmp_path: Path) -> None:
    storage = open_storage(Settings(lsos_home=str(tmp_path)))
    stored = await storage.put(TENANT, BODY, "html")
    path = tmp_path / "artifacts" / stored.key
    for damage in (b"", BODY[:-1], b"x" + BODY[1:]):
        path.write_bytes(damage)
        with pytest.raises(ChecksumMismatch):
            await storage.get(stored.key)
        await storage.put(TENANT, BODY, "html")
        assert await storage.get(stored.key) == BODY


async def test_the_disk_holds_whole_files_only_and_nobody_else_reads_them(tmp_path: Path) -> None:
    storage = open_storage(Settings(lsos_home=str(tmp_path)))
    await asyncio.gather(*(storage.put(TENANT, bytes([i]) * 300_000, "pdf") for i in range(8)))
    files = [p for p in (tmp_path / "artifacts").rglob("*") if p.is_file()]
    assert len(files) == 8, "what was staged is gone"
    assert all(p.stat().st_size == 300_000 for p in files)
    assert stat.S_IMODE((tmp_path / "artifacts").stat().st_mode) == 0o700


@given(st.binary(max_size=2_000), st.sampled_from(["html", "pdf"]))
def test_any_bytes_survive(body: bytes, extension: str) -> None:
    async def there_and_back() -> None:
        storage = Storage(MemoryStore)
        stored = await storage.put(TENANT, body, extension)
        assert await storage.get(stored.key) == body

    asyncio.run(there_and_back())
