"""An S3-compatible server, and a proxy before it that fails as networks and stores do."""

import asyncio
import contextlib
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Literal

import httpx

from tests.support.ports import own_port

BUCKET = "reports"
Fault = Literal["", "refuse", "reset", "hang", "403", "503"]


@contextmanager
def s3_server() -> Iterator[str]:
    """Endpoint of a server with an empty bucket, in a process of its own."""
    port = own_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    # httpx itself waits and tries again while nobody listens.
    transport = httpx.HTTPTransport(retries=9)
    try:
        with httpx.Client(transport=transport, trust_env=False, timeout=30) as http:
            http.put(f"{endpoint}/{BUCKET}", headers=_UNSIGNED).raise_for_status()
        yield endpoint
    finally:
        process.terminate()
        process.wait()


_UNSIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request"}


def list_objects(endpoint: str) -> dict[str, int]:
    """Keys and sizes, asked past the code under test."""
    answer = httpx.get(f"{endpoint}/{BUCKET}?list-type=2", headers=_UNSIGNED, trust_env=False)
    keys = answer.text.split("<Key>")[1:]
    return {
        part.partition("</Key>")[0]: int(part.partition("<Size>")[2].partition("<")[0])
        for part in keys
    }


def uploads_begun(endpoint: str) -> int:
    """Multipart uploads that nobody has ended."""
    answer = httpx.get(f"{endpoint}/{BUCKET}?uploads", headers=_UNSIGNED, trust_env=False)
    return answer.text.count("<UploadId>")


def write_object(endpoint: str, key: str, body: bytes) -> None:
    httpx.put(
        f"{endpoint}/{BUCKET}/{key}", content=body, headers=_UNSIGNED, trust_env=False
    ).raise_for_status()


class FaultyProxy:
    """Forwards to the server, or fails the next requests as `script` says; then as `always`."""

    def __init__(self, endpoint: str) -> None:
        host, _, port = endpoint.removeprefix("http://").rpartition(":")
        self._target = (host, int(port))
        self.script: list[Fault] = []
        self.always: Fault = ""
        self.requests: list[str] = []
        """Method and what became of it."""
        self.endpoint = ""
        self.tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await self._answer(reader, writer)
        finally:
            self.tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            fault = self.script.pop(0) if self.script else self.always
            self.requests.append(f"{head.split()[0].decode()} {fault}".strip())
            if fault == "reset":
                if _length(head):
                    await reader.read(100)  # in the midst of the body
                _abort(writer)
            elif fault == "hang":
                await reader.read()  # until the client gives up
            elif fault in ("403", "503"):
                await reader.readexactly(_length(head))
                code = {"403": "AccessDenied", "503": "SlowDown"}[fault]
                text = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
                writer.write(
                    f"HTTP/1.1 {fault} X\r\nContent-Length: {len(text)}\r\n"
                    f"Connection: close\r\n\r\n{text}".encode()
                )
                await writer.drain()
            elif fault == "":
                await self._forward(head, reader, writer)

    async def _forward(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One request a connection: the next one gets its own fault."""
        lines = head.split(b"\r\n")
        kept = [line for line in lines if not line.lower().startswith(b"connection:")]
        upstream, down = await asyncio.open_connection(*self._target)
        down.write(b"\r\n".join([kept[0], b"Connection: close", *kept[1:]]))
        down.write(await reader.readexactly(_length(head)))
        while chunk := await upstream.read(65_536):
            writer.write(chunk)
        await writer.drain()
        down.close()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _abort(writer: asyncio.StreamWriter) -> None:
    """RST instead of FIN."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def faulty_proxy(endpoint: str) -> AsyncIterator[FaultyProxy]:
    proxy = FaultyProxy(endpoint)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy.endpoint = f"http://127.0.0.1:{port}"
    try:
        yield proxy
    finally:
        server.close()
        for task in proxy.tasks:
            task.cancel()
        await asyncio.gather(*proxy.tasks, return_exceptions=True)


def s3_settings(endpoint: str) -> dict[str, object]:
    """Changes of settings that point at an endpoint."""
    return {
        "object_storage_endpoint": endpoint,
        "object_storage_bucket": BUCKET,
        "object_storage_access_key": "key",
        "object_storage_secret_key": "secret",
    }
