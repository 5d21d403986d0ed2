"""Servers of Debian's packages, started by hand: unprivileged, on loopback, in their own folder."""

import asyncio
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import own_port
from tests.support.stack import ROOT
from tests.support.waiting import until

UNPRIVILEGED = "nobody"
# Debian keeps PostgreSQL's programs off the path, one folder a version.
PLACES = ("/usr/sbin", "/usr/bin", *map(str, Path("/usr/lib/postgresql").glob("*/bin")))
CONFIG = ROOT / "Docs" / "ops"


def program(name: str) -> str:
    """Path of a program; without it the test is skipped, but in CI it fails: there all are."""
    found = shutil.which(name, path=os.pathsep.join(PLACES))
    if found is None:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"{name} of Debian's packages is not installed")
    return found


@contextmanager
def folder() -> Iterator[Path]:
    """A folder of the unprivileged user; pytest's own are closed to it."""
    with tempfile.TemporaryDirectory(prefix="lsos-system-") as name:
        path = Path(name)
        if os.geteuid() == 0:
            shutil.chown(path, UNPRIVILEGED)
        yield path


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, check=False, capture_output=True, text=True, **_identity())


@contextmanager
def server(*command: str, log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A running server; SIGINT is nginx's, Redis' and PostgreSQL's word for stop now."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, **_identity())
    try:
        yield process
    finally:
        process.send_signal(2)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@asynccontextmanager
async def nginx(upstreams: Sequence[int], *, tls: Path | None = None) -> AsyncIterator[int]:
    """The shipped configuration before these ports; its own port, of https with `tls`."""
    binary = program("nginx")
    with folder() as at:
        port, plain = own_port(), own_port()
        servers = "\n    ".join(f"server 127.0.0.1:{p};" for p in upstreams)
        changes = {
            "server 127.0.0.1:8000;": servers,
            "listen 80;": f"listen 127.0.0.1:{plain if tls else port};",
            "/etc/nginx/lsos.d": str(at / "lsos.d"),
            "/var/log/nginx/lsos.log": str(at / "access.log"),
        }
        (at / "lsos.d").mkdir()
        write(at / "lsos.conf", (CONFIG / "nginx.conf").read_text(), changes)
        if tls:
            changes = {
                "listen 443": f"listen 127.0.0.1:{port}",
                "/etc/nginx/tls": str(tls),
                "https://$host$": f"https://$host:{port}$",
            }
            write(at / "lsos.d/tls.conf", (CONFIG / "nginx-tls.conf").read_text(), changes)
        write(at / "nginx.conf", MAIN.replace("FOLDER", str(at)), {})
        words = [binary, "-p", str(at), "-c", str(at / "nginx.conf"), "-e", str(at / "error.log")]
        tested = run(*words, "-t")
        assert tested.returncode == 0, tested.stderr
        with server(*words, log=at / "out.log") as process:

            async def listens() -> bool:
                assert process.poll() is None, (at / "error.log").read_text()
                return await _answers(port)

            await until(listens, "nginx to listen")
            yield port


MAIN = """
daemon off;
worker_processes 1;
pid FOLDER/nginx.pid;
error_log FOLDER/error.log;
events { worker_connections 128; }
http {
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
    include FOLDER/lsos.conf;
}
"""


def write(path: Path, text: str, changes: dict[str, str]) -> None:
    for old, new in changes.items():
        assert old in text, f"{path.name} no longer says {old!r}"
        text = text.replace(old, new)
    path.write_text(text)


@asynccontextmanager
async def postgresql() -> AsyncIterator[str]:
    """DSN of its superuser, on a cluster that initdb has just made."""
    initdb, postgres = program("initdb"), program("postgres")
    with folder() as at:
        data, port = at / "data", own_port()
        made = run(initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        assert made.returncode == 0, made.stderr
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(at),
            "port": str(port),
            "fsync": "off",
            "max_connections": "200",
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        ready = program("pg_isready")
        with server(postgres, "-D", str(data), *words, log=at / "log") as process:

            async def is_ready() -> bool:
                assert process.poll() is None, (at / "log").read_text()
                found = await asyncio.to_thread(run, ready, "-h", "127.0.0.1", "-p", str(port))
                return found.returncode == 0

            await until(is_ready, "PostgreSQL to accept connections")
            yield f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres"


@asynccontextmanager
async def redis_server() -> AsyncIterator[str]:
    """URL of a server with the memory policy of the deployment."""
    binary = program("redis-server")
    with folder() as at:
        port = own_port()
        words = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(at), "--save", ""]
        words += ["--maxmemory-policy", "noeviction"]
        with server(binary, *words, log=at / "log") as process:

            async def listens() -> bool:
                assert process.poll() is None, (at / "log").read_text()
                return await _answers(port)

            await until(listens, "Redis to listen")
            yield f"redis://127.0.0.1:{port}/0"


async def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()
        return True
    return False


def _identity() -> dict[str, Any]:
    """Who the server is: we, or nobody when we are root."""
    if os.geteuid() != 0:
        return {}
    who = pwd.getpwnam(UNPRIVILEGED)
    return {
        "user": who.pw_uid,
        "group": who.pw_gid,
        "extra_groups": [],
        "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        "cwd": "/",
    }
