"""A wrong transition would start a baseline twice; a wrong URL would aim the crawler inside."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.errors import Invalid
from lsos.core.outbound.policy import OutboundPolicy
from lsos.domains.campaigns.rules import (
    DELETABLE,
    MAX_URL_CHARS,
    SETUP_STATES,
    TRANSITIONS,
    SetupState,
    matches_version,
    parse_domain,
    parse_site_url,
    refuse_half_position,
    requestable,
)
from lsos.domains.crawl.service import check_start_url

LEGAL = {
    ("Draft", "Configured"),
    ("Configured", "Draft"),
    ("Configured", "BaselineRunning"),
    ("Active", "Paused"),
    ("Paused", "Active"),
    ("Paused", "Archived"),
}
NOTHING = OutboundPolicy()


@pytest.mark.parametrize("before, after", list(product(SETUP_STATES, repeat=2)))
def test_every_pair_of_states(before: SetupState, after: SetupState) -> None:
    assert (after in requestable(before)) == ((before, after) in LEGAL)


def test_only_the_end_of_the_baseline_makes_it_active() -> None:
    assert TRANSITIONS["BaselineRunning"] == ("Active",)
    assert requestable("BaselineRunning") == ()


def test_a_campaign_at_work_is_not_deletable() -> None:
    assert set(SETUP_STATES) - DELETABLE == {"BaselineRunning", "Active", "Paused"}


@pytest.mark.parametrize(
    "text, url",
    [
        ("https://www.example.com", "https://www.example.com/"),
        ("  HTTP://Example.COM:80/A?b=c#d ", "http://example.com/A?b=c"),
        ("https://bücher.example.com/ü", "https://xn--bcher-kva.example.com/%C3%BC"),
        ("http://93.184.216.34/", "http://93.184.216.34/"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
    ],
)
def test_a_site_url_is_kept_as_it_goes_on_the_wire(text: str, url: str) -> None:
    assert parse_site_url(text, NOTHING, field="site_url") == url


@pytest.mark.parametrize(
    "text, code",
    [
        ("example.com", "url_invalid"),
        ("", "url_invalid"),
        ("ftp://example.com/", "url_invalid"),
        ("javascript:alert(1)", "url_invalid"),
        ("file:///etc/passwd", "url_invalid"),
        ("https://", "url_invalid"),
        ("https://exa mple.com/", "url_invalid"),
        ("https://user@example.com/", "url_invalid"),
        ("https://:secret@example.com/", "url_invalid"),
        ("https://example.com/" + "ü" * 400, "url_invalid"),
        ("http://localhost/", "address_blocked"),
        ("http://LOCALHOST./", "address_blocked"),
        ("http://intranet/", "address_blocked"),
        ("http://printer.local/", "address_blocked"),
        ("http://127.0.0.1:8000/", "address_blocked"),
        ("http://2130706433/", "address_blocked"),
        ("http://0x7f.1/", "address_blocked"),
        ("http://10.0.0.1/", "address_blocked"),
        ("http://169.254.169.254/latest/meta-data/", "address_blocked"),
        ("http://[::1]/", "address_blocked"),
        ("http://[::ffff:10.0.0.1]/", "address_blocked"),
        ("http://metadata.google.internal/", "address_blocked"),
    ],
)
def test_a_site_url_that_is_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_site_url(text, NOTHING, field="site_url")
    assert (refused.value.code, refused.value.field) == (code, "site_url")


def test_only_the_exact_allowed_origin_is_exempt() -> None:
    allowed = OutboundPolicy.of({"http://127.0.0.1:8000", "http://demo:80"})
    assert parse_site_url("http://127.0.0.1:8000/x", allowed, field="site_url")
    assert parse_site_url("http://demo/", allowed, field="site_url")
    for other in ("http://127.0.0.1:8001/", "https://127.0.0.1:8000/", "http://127.0.0.2:8000/"):
        with pytest.raises(Invalid):
            parse_site_url(other, allowed, field="site_url")


@given(st.text(max_size=80) | st.from_regex(r"https?://[^/]{1,30}/?.{0,20}"))
def test_any_text_gives_a_stable_url_or_a_refusal(text: str) -> None:
    try:
        url = parse_site_url(text, NOTHING, field="site_url")
    except Invalid:
        return
    assert len(url) <= MAX_URL_CHARS
    assert "@" not in url.split("/")[2]
    assert parse_site_url(url, NOTHING, field="site_url") == url


@pytest.mark.parametrize(
    "text, domain",
    [
        ("Rival.COM", "rival.com"),
        ("www.rival.com", "rival.com"),
        ("https://www.rival.com/about?x#y", "rival.com"),
        ("http://rival.com:8080/", "rival.com"),
        ("rival.com.", "rival.com"),
        ("shop.rival.co.uk", "shop.rival.co.uk"),
        ("www.com", "www.com"),
        ("bücher.de", "xn--bcher-kva.de"),
    ],
)
def test_spellings_of_a_competitor_fall_together(text: str, domain: str) -> None:
    assert parse_domain(text) == domain
    assert parse_domain(domain) == domain


@pytest.mark.parametrize(
    "text",
    [
        "rival",
        "localhost",
        "rival.local",
        "1.1.1.1",
        "http://[2606:4700::1111]/",
        "10.0.0.1",
        "somebody@rival.com",
        "ftp://rival.com",
        "rival..com",
        ".rival.com",
        "-rival.com",
        "ri val.com",
        "/",
        "x" * 64 + ".com",
        ".".join(["abcdefgh"] * 40),
    ],
)
def test_what_is_no_competitor(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_domain(text)
    assert (refused.value.code, refused.value.field) == ("domain_invalid", "domain")


@given(st.text(max_size=60) | st.from_regex(r"[a-z0-9.\-]{1,40}"))
def test_any_text_gives_a_stable_domain_or_a_refusal(text: str) -> None:
    try:
        domain = parse_domain(text)
    except Invalid:
        return
    assert parse_domain(domain) == domain


@pytest.mark.parametrize(
    "if_match, admits",
    [
        ('"3"', True),
        ("*", True),
        ('"2", "3"', True),
        ('"2"', False),
        ('"03"', False),
        ('""', False),
        ('W/"3"', False),
    ],
)
def test_if_match_admits_the_version_that_was_seen(if_match: str, admits: bool) -> None:
    assert matches_version(if_match, 3) is admits


@pytest.mark.parametrize("if_match", ["3", "", '"3', "'3'", '"3",', '"3" "4"'])
def test_a_malformed_if_match_is_named(if_match: str) -> None:
    with pytest.raises(Invalid) as refused:
        matches_version(if_match, 3)
    assert refused.value.field == "If-Match"


def test_a_position_is_whole_or_absent() -> None:
    refuse_half_position(None, None)
    refuse_half_position(0.0, 0.0)
    for half in ((1.0, None), (None, 1.0)):
        with pytest.raises(Invalid):
            refuse_half_position(*half)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:80", "http://10.1.2.3:8080"])
@pytest.mark.parametrize("is_allowed", [True, False])
def test_what_a_campaign_accepts_as_its_site_a_crawl_accepts_too(
    origin: str, is_allowed: bool
) -> None:
    policy = OutboundPolicy.of({origin} if is_allowed else ())
    for accept in (parse_site_url, check_start_url):
        if is_allowed:
            assert accept(f"{origin}/", policy, field="site_url")
            continue
        with pytest.raises(Invalid, match="OUTBOUND_ALLOW_ORIGINS") as refused:
            accept(f"{origin}/", policy, field="site_url")
        assert (refused.value.field, refused.value.code) == ("site_url", "address_blocked")
