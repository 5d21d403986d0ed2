"""A crawler that can be sent inside reads the operator's metadata, databases and neighbours."""

import json
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.outbound.addresses import (
    is_local_name,
    is_public,
    may_ask,
    parse_target,
    printable,
)

CASES: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "ssrf_urls.json").read_text(encoding="utf-8")
)
# Names in a suffix that may be public: their answers are judged when they are resolved.
JUDGED_WHEN_RESOLVED = {"ssrf-124", "ssrf-178"}


def is_refused(url: str) -> bool:
    try:
        return not may_ask(parse_target(url).host)
    except ValueError:
        return True


@pytest.mark.parametrize(
    "row",
    [r for r in CASES["urls"] if r["id"] not in JUDGED_WHEN_RESOLVED],
    ids=lambda row: row["id"],
)
def test_url_is_refused_or_passed_before_any_look_up(row: dict[str, Any]) -> None:
    assert is_refused(row["url"]) == row["must_block"]


@pytest.mark.parametrize("row", CASES["urls"], ids=lambda row: row["id"])
def test_host_is_the_one_that_a_browser_would_ask(row: dict[str, Any]) -> None:
    try:
        host = parse_target(row["url"]).host
    except ValueError:
        return
    assert host == row["whatwg_host"].strip("[]")


@pytest.mark.parametrize(
    "address, expected",
    [
        ("8.8.8.8", True),
        ("100.63.255.255", True),
        ("100.64.0.0", False),
        ("100.127.255.255", False),
        ("100.128.0.0", True),
        ("169.254.169.254", False),
        ("168.63.129.15", True),
        ("168.63.129.16", False),
        ("192.0.0.9", False),
        ("192.0.0.192", False),
        ("192.0.1.1", True),
        ("192.88.99.1", False),
        ("223.255.255.255", True),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::8.8.8.8", False),
        ("::ffff:8.8.8.8", True),
        ("::ffff:127.0.0.1", False),
        ("::ffff:0:8.8.8.8", False),
        ("64:ff9b::8.8.8.8", False),
        ("64:ff9b:1::1", False),
        ("100::1", False),
        ("2001::1", False),
        ("2001:1ff:ffff::1", False),
        ("2001:200::1", True),
        ("2001:db8::1", False),
        ("2002:808:808::1", False),
        ("2606:4700::1111", True),
        ("2a00:1450:4001:81b::200e", True),
        ("2a00:1450:4001:81b::200e%eth0", False),
        ("3fff::1", False),
        ("3fff:1000::1", True),
        ("5f00::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("fec0::1", False),
        ("ff0e::1", False),
    ],
)
def test_address_is_judged_by_the_iana_registries(address: str, expected: bool) -> None:
    assert is_public(ip_address(address)) == expected


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_python_calls_private_is_never_public(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast:
        assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_mapped_address_is_judged_as_the_one_inside(address: IPv4Address) -> None:
    assert is_public(IPv6Address(f"::ffff:{address}")) == is_public(address)


@given(st.ip_addresses(v=4), st.sampled_from(["::", "64:ff9b::", "::ffff:0:"]))
def test_embedded_address_is_never_public(address: IPv4Address, prefix: str) -> None:
    assert not is_public(IPv6Address(f"{prefix}{address}"))


@given(st.ip_addresses(v=4), st.sampled_from(["{}", "0x{:x}", "0{:o}"]))
def test_no_spelling_of_an_address_changes_the_verdict(address: IPv4Address, form: str) -> None:
    whole = parse_target(f"http://{form.format(int(address))}/")
    dotted = parse_target(f"http://{'.'.join(form.format(b) for b in address.packed)}/")
    assert whole == dotted
    assert whole.host == str(address)
    assert may_ask(whole.host) == is_public(address)


@pytest.mark.parametrize(
    "host, expected",
    [
        ("localhost", True),
        ("localhost.", True),
        ("app.localhost", True),
        ("printer.local", True),
        ("db", True),
        ("metadata.google.internal", True),
        ("router.home.arpa", True),
        ("example.com", False),
        ("localhost.example.com", False),
        ("notlocalhost.com", False),
        ("mylocal.internal.example", False),
    ],
)
def test_local_names_are_known_without_asking(host: str, expected: bool) -> None:
    assert is_local_name(host) == expected
    assert may_ask(host) == (not expected)


@pytest.mark.parametrize(
    "url, expected",
    [
        ("HTTP://Example.COM:80/a b?q=ü#f", "http://example.com/a%20b?q=%C3%BC"),
        ("https://u:p@example.com:8443", "https://example.com:8443/"),
        ("https://example.com/@x?y=a@b#c@d", "https://example.com/@x?y=a@b"),
        ("http://[2A00::1]:81/", "http://[2a00::1]:81/"),
        ("http://u@v@example.com/", "http://example.com/"),
    ],
)
def test_url_goes_out_normalised_and_without_credentials(url: str, expected: str) -> None:
    assert parse_target(url).url == expected


@pytest.mark.parametrize(
    "url", ["", "x", "//example.com", "mailto:a@b.c", "http://", "http://a b/"]
)
def test_what_is_no_web_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid input|not an http"):
        parse_target(url)


@given(st.text())
def test_any_text_parses_or_raises_value_error(text: str) -> None:
    for url in (text, f"http://{text}", f"http://example.com/{text}"):
        try:
            target = parse_target(url)
        except ValueError:
            continue
        assert parse_target(target.url) == target
        assert target.url.startswith(target.origin + "/")
        assert "@" not in target.origin
        assert "#" not in target.url
        may_ask(target.host)


def test_messages_hold_no_secret() -> None:
    shown = printable("https://user:hunter2@example.com/hook?token=hunter2#hunter2")
    assert shown == "https://example.com/hook"
    assert printable("hunter2") == "(not an http(s) URL)"
