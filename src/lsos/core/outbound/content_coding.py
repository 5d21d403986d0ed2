"""Incremental decoding of HTTP content codings, with a limit on the output."""

import zlib
from collections.abc import Iterable
from typing import Protocol

import brotli

ACCEPT_ENCODING = "gzip, deflate, br"
MAX_GZIP_MEMBERS = 1024
"""More members than this are a CPU attack: a 5 MB body in 64 KB blocks has 80."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31
# Registered codings that we never request.
_UNSUPPORTED = {"zstd", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip"}


class DecodingError(ValueError):
    """The body does not match its Content-Encoding, or the coding is not supported."""


class Decoder(Protocol):
    @property
    def is_finished(self) -> bool:
        """Whether the encoded stream has ended."""

    def feed(self, data: bytes, limit: int) -> bytes:
        """Return at most `limit` (> 0) decoded bytes; do not feed again after receiving that
        many."""


def decoder_for(content_encoding: Iterable[str]) -> Decoder | None:
    """The decoder for the values of Content-Encoding; None if the body is not encoded.

    Words that name no coding (`none`, `utf-8`) are ignored, as in browsers.
    """
    words = [w.strip().lower() for value in content_encoding for w in value.split(",")]
    codings = [w for w in words if w in _DECODERS or w in _UNSUPPORTED]
    if not codings:
        return None
    if len(codings) > 1:
        raise DecodingError(f"stacked encodings: {', '.join(codings)[:100]}")
    if codings[0] in _UNSUPPORTED:
        raise DecodingError(f"unsupported encoding: {codings[0]}")
    return _DECODERS[codings[0]]()


class _Gzip:
    """RFC 1952: one or more members; data after the last one is ignored, as in browsers."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._members = 1
        self._carry = b""
        self._has_trailer = False

    @property
    def is_finished(self) -> bool:
        return self._member.eof

    def feed(self, data: bytes, limit: int) -> bytes:
        out: list[bytes] = []
        data = self._carry + data
        self._carry = b""
        while data and limit > 0 and not self._has_trailer:
            if self._member.eof and not self._start_member(data):
                break
            piece = _inflate(self._member, data, limit)
            limit -= len(piece)
            out.append(piece)
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return b"".join(out)

    def _start_member(self, data: bytes) -> bool:
        if len(data) < len(_GZIP_MAGIC):
            self._carry = data
            return False
        if not data.startswith(_GZIP_MAGIC):
            self._has_trailer = True
            return False
        self._members += 1
        if self._members > MAX_GZIP_MEMBERS:
            raise DecodingError(f"more than {MAX_GZIP_MEMBERS} gzip members")
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        return True


class _Deflate:
    """`deflate` is the zlib format (RFC 9110 section 8.4.1.2), but some servers send raw data."""

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None
        self._carry = b""

    @property
    def is_finished(self) -> bool:
        return self._stream is not None and self._stream.eof

    def feed(self, data: bytes, limit: int) -> bytes:
        if self._stream is None:
            data = self._carry + data
            if len(data) < 2:
                self._carry = data
                return b""
            # RFC 1950 section 2.2: CM is 8 and the first two bytes are a multiple of 31.
            is_zlib = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        return b"" if self._stream.eof else _inflate(self._stream, data, limit)


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    @property
    def is_finished(self) -> bool:
        return bool(self._stream.is_finished())

    def feed(self, data: bytes, limit: int) -> bytes:
        out: list[bytes] = []
        size = 0
        while size < limit and not self._stream.is_finished():
            try:
                # The limit is soft: the output may exceed it by up to one block of 32 KiB.
                piece = self._stream.process(data, output_buffer_limit=limit - size)
            except brotli.error:
                raise DecodingError("broken brotli stream") from None
            out.append(piece)
            size += len(piece)
            data = b""
            if self._stream.can_accept_more_data():
                break
        return b"".join(out)[:limit]


_DECODERS: dict[str, type[_Gzip] | type[_Deflate] | type[_Brotli]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
}


def _inflate(stream: "zlib._Decompress", data: bytes, limit: int) -> bytes:
    try:
        return stream.decompress(data, limit)
    except zlib.error as error:
        raise DecodingError(str(error)) from None
