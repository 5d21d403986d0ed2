"""A page decoded wrongly is audited wrongly; a bomb that is decoded whole ends the worker."""

import gzip
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.outbound.content_coding import MAX_GZIP_MEMBERS, DecodingError, decoder_for

NO_LIMIT = 1 << 30


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


CODERS = {
    "gzip": ("gzip", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "bare deflate": ("deflate", raw_deflate),
    "brotli": ("br", brotli.compress),
}


def decode(coding: str, data: bytes, size: int = 1 << 20) -> tuple[bytes, bool]:
    """Decoded in pieces of `size`, and whether the end was seen."""
    decoder = decoder_for([coding])
    assert decoder is not None
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(decoder.feed(piece, NO_LIMIT) for piece in pieces), decoder.is_finished


@given(st.sampled_from(sorted(CODERS)), st.binary(max_size=5000), st.integers(1, 3000))
def test_any_body_comes_back_however_it_arrives(name: str, body: bytes, size: int) -> None:
    coding, encode = CODERS[name]
    assert decode(coding, encode(body), size) == (body, True)


@given(st.sampled_from(sorted(CODERS)), st.integers(1, 300_000))
def test_never_more_than_the_limit_comes_out(name: str, limit: int) -> None:
    coding, encode = CODERS[name]
    decoder = decoder_for([coding])
    assert decoder is not None
    assert decoder.feed(encode(b"\0" * 400_000), limit) == b"\0" * limit


@given(st.sampled_from(["gzip", "deflate", "br"]), st.binary(max_size=2000))
def test_garbage_ends_in_one_kind_of_error(coding: str, data: bytes) -> None:
    try:
        decode(coding, data)
    except DecodingError:
        return


@pytest.mark.parametrize("name", sorted(CODERS))
def test_a_stream_that_ends_early_is_noticed(name: str) -> None:
    coding, encode = CODERS[name]
    body = bytes(range(256)) * 20
    decoded, is_finished = decode(coding, encode(body)[:-5])
    assert not is_finished
    assert body.startswith(decoded)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_all_gzip_members_are_read_and_what_follows_is_ignored(size: int) -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0padding"
    assert decode("x-gzip", data, size) == (b"one two", True)


def test_endless_gzip_members_are_refused() -> None:
    member = gzip.compress(b"")
    assert decode("gzip", member * MAX_GZIP_MEMBERS) == (b"", True)
    with pytest.raises(DecodingError, match="members"):
        decode("gzip", member * (MAX_GZIP_MEMBERS + 1))


@pytest.mark.parametrize("value", ["", "identity", "none", "UTF-8", "binary, identity"])
def test_words_that_are_no_coding_leave_the_body_alone(value: str) -> None:
    assert decoder_for([value]) is None


@pytest.mark.parametrize(
    "values", [["gzip, gzip"], ["gzip", "br"], ["zstd"], ["Compress"], ["identity, gzip, zstd"]]
)
def test_stacked_and_unsupported_codings_are_refused(values: list[str]) -> None:
    with pytest.raises(DecodingError):
        decoder_for(values)
