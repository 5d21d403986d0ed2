"""Checks of transport and response headers that one page's answer decides."""

import re
from collections.abc import Iterator

from lsos.checks.base import Check, Context, Evidence, Severity, text
from lsos.checks.helpers.guards import ok_html, public_https
from lsos.checks.helpers.url_parts import is_on_domain
from lsos.web.facts import Cookie, PageFacts

_LOOPBACK = re.compile(r"http://(?:localhost|127\.[0-9.]+|\[::1\])(?:[:/]|\Z)")
_SESSION_COOKIE = re.compile(r"sess|sid(?!e)|auth|token", re.IGNORECASE)
"""`sid` before e is a side, a sidebar or a resident."""
_CSRF_COOKIE = re.compile(r"csrf|xsrf", re.IGNORECASE)
_MAX_AGE = re.compile(r'(?:\A|[;,])\s*max-age\s*=\s*"?0*([1-9][0-9]*)', re.IGNORECASE)
_PASSIVE = frozenset(("image", "media", "icon"))
_REFERRER_POLICIES = frozenset(
    [
        "no-referrer",
        "no-referrer-when-downgrade",
        "same-origin",
        "origin",
        "strict-origin",
        "origin-when-cross-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
    ]
)
_MIXED_CONTENT = "https://www.w3.org/TR/mixed-content/"


def _csp(page: PageFacts) -> dict[str, str]:
    """Directives of Content-Security-Policy by name, all policies taken together."""
    directives: dict[str, str] = {}
    for part in re.split(r"[;,]", page.headers.get("content-security-policy", "")):
        name, _space, value = part.strip().partition(" ")
        if name:
            directives.setdefault(name.lower(), value)
    return directives


def _is_http(url: str) -> bool:
    """An http URL of another machine; browsers trust loopback addresses like https."""
    return url.startswith("http:") and _LOOPBACK.match(url) is None


def _https_html(page: PageFacts, _: Context) -> bool:
    return page.is_ok_html and page.url.startswith("https:")


def _https_answered(page: PageFacts, _: Context) -> bool:
    return page.status > 0 and page.url.startswith("https:")


def _public_html(page: PageFacts, at: Context) -> bool:
    return page.is_ok_html and not at.site.is_private_host


def _public_https_served(page: PageFacts, at: Context) -> bool:
    """Error pages often come from a proxy that knows nothing of the site's headers."""
    return public_https(page, at) and page.status < 400


def _https_missing(page: PageFacts, at: Context) -> Iterator[Evidence]:
    # A stray http page of a site that starts on https is a missing redirect, not a missing https.
    if page.url.startswith("http:") and at.site.start_url.startswith("http:"):
        yield Evidence(value=text(page.url), selector="url")


def _mixed_content(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if "upgrade-insecure-requests" in _csp(page):
        return
    passive: dict[str, str] = {}
    seen: set[str] = set()
    for resource in page.resources:
        if not _is_http(resource.url) or resource.url in seen:
            continue
        if resource.kind in _PASSIVE:
            passive.setdefault(resource.url, resource.kind)
        else:
            seen.add(resource.url)
            yield Evidence(value=text(resource.url), selector=resource.kind)
    for image in page.images:
        candidates = [part.split() for part in image.srcset.split(",")]
        for url in (image.src, *(words[0] for words in candidates if words)):
            if _is_http(url):
                passive.setdefault(url, "image")
    level: Severity = "medium"
    for url, kind in passive.items():
        yield Evidence(value=text(url), selector=kind, severity=level)


def _form_insecure(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for number, form in enumerate(page.forms, 1):
        if form.method.lower() == "dialog":
            continue
        if page.url.startswith("http:") or _is_http(form.action):
            yield Evidence(value=text(form.action), selector=f"form[{number}]")


def _hsts_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    value = page.headers.get("strict-transport-security", "")
    # RFC 6797 section 6.1.1: max-age is required, and 0 takes the host off the list.
    if not _MAX_AGE.search(value):
        yield Evidence(value=text(value) or None, selector="header:strict-transport-security")


def _csp_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    if not _csp(page):
        yield Evidence(selector="header:content-security-policy")


def _xcto_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    value = page.headers.get("x-content-type-options", "")
    # Fetch Standard, "determine nosniff": of several values the first one counts.
    if value.split(",")[0].strip().lower() != "nosniff":
        yield Evidence(value=text(value) or None, selector="header:x-content-type-options")


def _xfo_missing(page: PageFacts, _: Context) -> Iterator[Evidence]:
    value = page.headers.get("x-frame-options", "")
    words = {word.strip().lower() for word in value.split(",")}
    # Browsers ignore ALLOW-FROM and every other value (HTML Standard, X-Frame-Options header).
    if not words & {"deny", "sameorigin"} and "frame-ancestors" not in _csp(page):
        yield Evidence(value=text(value) or None, selector="header:x-frame-options")


def _referrer_policy_weak(page: PageFacts, _: Context) -> Iterator[Evidence]:
    value = page.headers.get("referrer-policy", "")
    known = [
        word for part in value.split(",") if (word := part.strip().lower()) in _REFERRER_POLICIES
    ]
    # Referrer Policy section 8.1: the last token that the browser knows wins.
    if not known or known[-1] == "unsafe-url":
        yield Evidence(value=text(value) or None, selector="header:referrer-policy")


def _cookie_faults(cookie: Cookie) -> Iterator[str]:
    is_session = _SESSION_COOKIE.search(cookie.name[:200]) is not None
    if not cookie.is_secure and (is_session or cookie.same_site.lower() == "none"):
        yield "Secure"
    # A CSRF token is read by the page's own script on purpose.
    if is_session and not cookie.is_http_only and not _CSRF_COOKIE.search(cookie.name[:200]):
        yield "HttpOnly"


def _cookie_flags(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for cookie in page.cookies:
        faults = list(_cookie_faults(cookie))
        if faults:
            yield Evidence(
                value=text(cookie.name), selector="header:set-cookie", limit=", ".join(faults)
            )


def _blank_no_noopener(page: PageFacts, at: Context) -> Iterator[Evidence]:
    for number, link in enumerate(page.links, 1):
        if not link.target or not link.rel:
            continue
        rel = link.rel.lower().split()
        if "noopener" in rel or "opener" not in rel or link.target.strip().lower() != "_blank":
            continue
        if link.is_http and not is_on_domain(link.url, at.site):
            yield Evidence(value=text(link.url), selector=f"a[{number}]")


def _protocol_relative(page: PageFacts, _: Context) -> Iterator[Evidence]:
    for link in page.links:
        if link.href[:2] == "//":
            yield Evidence(value=text(link.href), selector=link.kind)
    for resource in page.resources:
        if resource.raw[:2] == "//":
            yield Evidence(value=text(resource.raw), selector=resource.kind)


_TRANSPORT = (
    Check(
        code="https_missing",
        topic="security",
        severity="critical",
        scope="host",
        title="The site is served over http",
        why="Browsers mark the site as not secure, and anyone on the way can read and change it. "
        "Google prefers https pages.",
        fix="Install a certificate, serve the site over https and redirect http to it with 301.",
        run_page=_https_missing,
        applies=_public_html,
        source="https://developers.google.com/search/docs/appearance/page-experience",
    ),
    Check(
        code="mixed_content",
        topic="security",
        severity="high",
        scope="page",
        title="An https page loads http resources",
        why="Browsers block http scripts, styles, frames and fonts, so the page may break; http "
        "images are upgraded or marked as not secure.",
        fix="Load the resource over https, or send Content-Security-Policy: "
        "upgrade-insecure-requests.",
        run_page=_mixed_content,
        applies=_https_html,
        source=_MIXED_CONTENT,
    ),
    Check(
        code="form_insecure",
        topic="security",
        severity="high",
        scope="page",
        title="A form is sent or served over http",
        why="What visitors type can be read on the way, and browsers warn before they send it.",
        fix="Serve the page over https and give the form an https action.",
        run_page=_form_insecure,
        applies=_public_html,
        source=_MIXED_CONTENT,
    ),
    Check(
        code="protocol_relative",
        topic="security",
        severity="info",
        scope="page",
        title="A URL without scheme (//host/path)",
        why="It follows the page's scheme: fetched over http wherever the page is.",
        fix="Write https:// in the URL.",
        run_page=_protocol_relative,
        applies=ok_html,
        source="RFC 3986, section 4.2",
    ),
    Check(
        code="blank_no_noopener",
        topic="security",
        severity="info",
        scope="page",
        title="A new window to another site keeps its opener",
        why="With rel=opener the other site can send this window to any address.",
        fix="Remove opener from rel, or use noopener.",
        run_page=_blank_no_noopener,
        applies=ok_html,
        source="HTML Standard, link type noopener",
    ),
)
_HEADERS = (
    Check(
        code="hsts_missing",
        topic="security",
        severity="low",
        scope="host",
        title="Strict-Transport-Security is missing or switched off",
        why="Without it the first request of a visit may go over http and can be intercepted.",
        fix="Send Strict-Transport-Security: max-age=31536000 on every https response.",
        run_page=_hsts_missing,
        applies=_public_https_served,
        source="RFC 6797, section 6.1",
    ),
    Check(
        code="csp_missing",
        topic="security",
        severity="info",
        scope="host",
        title="Content-Security-Policy is missing",
        why="A policy limits what an injected script can do.",
        fix="Send a Content-Security-Policy; try it first as Content-Security-Policy-Report-Only.",
        run_page=_csp_missing,
        applies=ok_html,
        source="https://www.w3.org/TR/CSP3/",
    ),
    Check(
        code="xcto_missing",
        topic="security",
        severity="info",
        scope="host",
        title="X-Content-Type-Options: nosniff is missing",
        why="Browsers may run a file as another type than the server declared.",
        fix="Send X-Content-Type-Options: nosniff.",
        run_page=_xcto_missing,
        applies=ok_html,
        source="Fetch Standard, X-Content-Type-Options header",
    ),
    Check(
        code="xfo_missing",
        topic="security",
        severity="info",
        scope="host",
        title="Pages may be framed by any site",
        why="Another site can show the page in a frame and trick visitors into clicks.",
        fix="Send Content-Security-Policy: frame-ancestors 'self', or X-Frame-Options: SAMEORIGIN.",
        run_page=_xfo_missing,
        applies=ok_html,
        source="RFC 7034, section 2.1; CSP Level 3, frame-ancestors",
    ),
    Check(
        code="referrer_policy_weak",
        topic="security",
        severity="info",
        scope="host",
        title="Referrer-Policy is missing or unsafe-url",
        why="unsafe-url gives full addresses to other sites, http ones included; without a policy "
        "each browser uses its own default.",
        fix="Send Referrer-Policy: strict-origin-when-cross-origin.",
        run_page=_referrer_policy_weak,
        applies=ok_html,
        source="https://www.w3.org/TR/referrer-policy/",
    ),
    Check(
        code="cookie_flags",
        topic="security",
        severity="low",
        scope="host",
        title="A cookie lacks Secure or HttpOnly",
        why="Without Secure a session cookie may go over http, without HttpOnly any script can "
        "read it; browsers refuse SameSite=None without Secure.",
        fix="Set Secure and HttpOnly on session cookies, and Secure with SameSite=None.",
        run_page=_cookie_flags,
        applies=_https_answered,
        source="RFC 6265, section 4.1.2",
    ),
)

CHECKS = (*_TRANSPORT, *_HEADERS)
