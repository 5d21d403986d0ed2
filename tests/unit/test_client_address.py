"""Whose address counts: a client must not choose it, and a proxy must not hide it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.http.request import client_address

PROXIES = ("10.0.0.0/8", "127.0.0.1", "::1")


def scope(peer: str | None, *forwarded: str) -> dict[str, object]:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return {"client": (peer, 1) if peer else None, "headers": headers}


@pytest.mark.parametrize(
    "peer, forwarded, expected",
    [
        ("198.51.100.7", (), "198.51.100.7"),
        ("198.51.100.7", ("203.0.113.1",), "198.51.100.7"),  # no proxy of ours wrote that
        ("10.1.2.3", ("203.0.113.1",), "203.0.113.1"),
        ("10.1.2.3", ("192.0.2.66, 203.0.113.1",), "203.0.113.1"),  # the client wrote the first
        ("10.1.2.3", ("192.0.2.66, 203.0.113.1, 10.9.9.9",), "203.0.113.1"),
        ("10.1.2.3", ("192.0.2.66", "203.0.113.1"), "203.0.113.1"),  # repeated header
        ("10.1.2.3", ("10.4.4.4, 10.5.5.5",), "10.4.4.4"),  # a client inside the network
        ("::1", ("2001:db8::1",), "2001:db8::1"),
        ("10.1.2.3", ("unknown",), "10.1.2.3"),
        ("10.1.2.3", ("203.0.113.1:4711",), "10.1.2.3"),
        ("10.1.2.3", ("",), "10.1.2.3"),
        ("10.1.2.3", ("\xff\xfe",), "10.1.2.3"),
        (None, ("203.0.113.1",), "unknown"),
    ],
)
def test_the_last_untrusted_hop_counts(
    peer: str | None, forwarded: tuple[str, ...], expected: str
) -> None:
    assert client_address(scope(peer, *forwarded), PROXIES) == expected  # type: ignore[arg-type]  # as much of a scope as it reads


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    assert client_address(scope("10.1.2.3", "203.0.113.1"), ()) == "10.1.2.3"  # type: ignore[arg-type]  # as above


@given(header=st.text(st.characters(max_codepoint=255), max_size=80))
def test_any_header_gives_an_address(header: str) -> None:
    found = client_address(scope("198.51.100.7", header), PROXIES)  # type: ignore[arg-type]  # as above
    assert found == "198.51.100.7"
    client_address(scope("10.1.2.3", header), PROXIES)  # type: ignore[arg-type]  # as above
