"""HTTP load from a separate process: wrk if installed, otherwise the loop below."""

import argparse
import asyncio
import re
import shutil
import sys
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

_RATE = re.compile(r"Requests/sec:\s*([\d.]+)")
_PERCENTILE = re.compile(r"(50|99)%\s+([\d.]+)(us|ms|s)\b")
_IN_MS = {"us": 0.001, "ms": 1.0, "s": 1_000.0}


class Answered(msgspec.Struct):
    """The result of one turn."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float


def generator() -> str:
    return "wrk" if shutil.which("wrk") else "python"


async def drive(url: str, token: str, *, connections: int, seconds: int) -> Answered:
    """One turn of load; raises RuntimeError if a response is not 200."""
    header = f"Authorization: Bearer {token}"
    if generator() == "wrk":
        out = await _output(
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency"),
            *("-H", header, url),
        )
        return _of_wrk(out)
    out = await _output(
        *(sys.executable, "-m", "tools.bench.load", url, "--header", header),
        *("--connections", str(connections), "--seconds", str(seconds)),
    )
    return msgspec.json.decode(out, type=Answered)


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} failed")
    return out.decode()


def _of_wrk(out: str) -> Answered:
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(f"not every request was answered: {out}")
    rate = _RATE.search(out)
    times = {p: float(value) * _IN_MS[unit] for p, value, unit in _PERCENTILE.findall(out)}
    if rate is None:
        raise RuntimeError(f"wrk says something new: {out}")
    return Answered(requests_per_s=float(rate[1]), p50_ms=times["50"], p99_ms=times["99"])


async def _load(url: str, header: str, connections: int, seconds: int) -> Answered:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{header}\r\n\r\n".encode()
    times: list[float] = []
    started = time.perf_counter()

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while (sent := time.perf_counter()) < started + seconds:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if not head.startswith(b"HTTP/1.1 200 ") or length is None:
                raise RuntimeError(f"not an answer of 200: {head!r}")
            await reader.readexactly(int(length[1]))
            times.append(1_000 * (time.perf_counter() - sent))
        writer.close()

    await asyncio.gather(*(ask() for _ in range(connections)))
    times.sort()
    return Answered(
        requests_per_s=len(times) / (time.perf_counter() - started),
        p50_ms=_at(times, 0.5),
        p99_ms=_at(times, 0.99),
    )


def _at(times: Sequence[float], share: float) -> float:
    return times[int(len(times) * share)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--header", required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    given = parser.parse_args()
    answered = asyncio.run(_load(given.url, given.header, given.connections, given.seconds))
    sys.stdout.write(msgspec.json.encode(answered).decode() + "\n")
