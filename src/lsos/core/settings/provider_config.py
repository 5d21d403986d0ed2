"""JSON settings (proxies and JSON sources), validated at start-up without showing secrets."""

import re
from typing import Annotated, Literal
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import msgspec

from lsos.core.redaction import SECRET_NAME

PLACEHOLDERS = frozenset(
    {"keyword", "language", "country", "location", "latitude", "longitude", "device"}
)
MIN_SECRET_CHARS = 4

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PATH = re.compile(r"[^.\s]+(\.[^.\s]+)*")


class Proxy(msgspec.Struct, frozen=True):
    """One outbound HTTP proxy."""

    url: str
    """scheme://host:port, without credentials."""
    weight: float = 1.0
    username: str = ""
    password: str = ""
    country: str = ""
    """ISO 3166-1 alpha-2 country of its exit; "" if unknown."""


class FieldPaths(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Paths to the fields of a response: keys joined by dots; numbers are list indices."""

    results: str
    position: str = "position"
    url: str = "url"
    title: str = "title"
    pack: str = ""
    """List of the local pack; "" if this source has none."""
    pack_position: str = "position"
    pack_title: str = "title"
    pack_url: str = "website"
    cid: str = "cid"
    place_id: str = "place_id"


class JsonSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON endpoint that returns results for a keyword."""

    url: str
    """May contain placeholders such as {keyword}; values are percent-encoded."""
    fields: FieldPaths
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: dict[str, object] | None = None
    """JSON body of a POST; its strings may contain placeholders."""
    is_idempotent: bool | None = None
    """Whether a repeated request has no effect or cost; default: true for GET."""

    @property
    def repeats(self) -> bool:
        return self.method == "GET" if self.is_idempotent is None else self.is_idempotent


class _RawProxy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str
    weight: Annotated[float, msgspec.Meta(gt=0, le=1_000)] = 1.0
    username: str = ""
    password: str = ""
    country: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z]{2})?\Z")] = ""


def parse_proxies(raw: str) -> tuple[list[Proxy], list[str]]:
    """The proxies and all errors, by index; errors show no values."""
    if not raw.strip():
        return [], []
    try:
        items = msgspec.json.decode(raw, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        return [], ["must be a JSON list"]
    proxies: list[Proxy] = []
    faults: list[str] = []
    for index, item in enumerate(items):
        try:
            proxies.append(_proxy(msgspec.json.decode(item, type=_RawProxy)))
        except msgspec.ValidationError as error:
            faults.append(f"[{index}]: {error}")
        except (ValueError, RecursionError) as error:
            faults.append(f"[{index}]: {error}")
    seen: dict[tuple[str, str], int] = {}
    for index, proxy in enumerate(proxies):
        first = seen.setdefault((proxy.url, proxy.username), index)
        if first != index and not faults:
            faults.append(f"[{index}]: duplicates [{first}]")
    return proxies, faults


def _proxy(raw: _RawProxy) -> Proxy:
    try:
        parts = urlsplit(raw.url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("`url` is not a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("`url` must be http://host:port or https://host:port")
    if port is None or port == 0:
        raise ValueError("`url` must have a port")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("`url` must end after the port")
    if (parts.username or parts.password) and (raw.username or raw.password):
        raise ValueError("credentials are given both in `url` and separately; keep one")
    username = raw.username or unquote(parts.username or "")
    password = raw.password or unquote(parts.password or "")
    if password and not username:
        raise ValueError("`password` without `username`")
    if ":" in username:
        raise ValueError("`username` must not contain a colon")
    shown = f"[{host}]" if ":" in host else host
    return Proxy(
        url=urlunsplit((parts.scheme, f"{shown}:{port}", "", "", "")),
        weight=raw.weight,
        username=username,
        password=password,
        country=raw.country.upper(),
    )


def parse_json_source(raw: str) -> tuple[JsonSource | None, list[str]]:
    """The source and all errors; errors show no values."""
    if not raw.strip():
        return None, []
    try:
        source = msgspec.json.decode(raw, type=JsonSource)
    except msgspec.ValidationError as error:
        return None, [str(error)]
    except (msgspec.MsgspecError, RecursionError):
        return None, ["must be a JSON object"]
    return source, [*_url_faults(source), *_field_faults(source)]


def _url_faults(source: JsonSource) -> list[str]:
    faults = []
    if not re.match(r"https?://[^/\s{}]+", source.url):
        faults.append("`url` must start with http:// or https:// and a host")
    texts = [source.url, *_texts(source.body)]
    if unknown := {name for t in texts for name in _PLACEHOLDER.findall(t)} - PLACEHOLDERS:
        listed = ", ".join(sorted(unknown)[:5])
        known = ", ".join(sorted(PLACEHOLDERS))
        faults.append(f"unknown placeholders: {listed}; known are {known}")
    if not any("{keyword}" in text for text in texts):
        faults.append("{keyword} must occur in `url` or `body`")
    if source.method == "GET" and source.body is not None:
        faults.append("`body` requires the method POST")
    return faults


def _field_faults(source: JsonSource) -> list[str]:
    faults = [
        f"`fields.{name}` must be keys joined by dots"
        for name in source.fields.__struct_fields__
        if (path := getattr(source.fields, name)) and not _PATH.fullmatch(path)
    ]
    if not source.fields.results:
        faults.append("`fields.results` must name the list of results")
    for name, value in source.headers.items():
        if not re.fullmatch(r"[A-Za-z0-9-]+", name) or re.search(r"[\r\n\0]", value):
            faults.append("`headers` must be plain names and one-line values")
    return faults


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return []


def generic_faults(room: str, backend: str, url: str, api_key: str) -> list[str]:
    """Errors in the settings of a contract provider, without showing values."""
    if backend != "provider":
        return []
    faults = []
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        is_base = is_url and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        is_base = False
    if not is_base:
        faults.append(
            f"{room}_PROVIDER_URL: must be an http or https URL without query and user name"
            f" when {room}_PROVIDER_BACKEND=provider"
        )
    if not api_key.isascii() or not api_key.isprintable() or len(api_key) < MIN_SECRET_CHARS:
        faults.append(
            f"{room}_PROVIDER_API_KEY: must be set, in plain ASCII, when"
            f" {room}_PROVIDER_BACKEND=provider"
        )
    return faults


def provider_faults(
    *, proxies: str, rank_backend: str, rank_source: str, serpapi_key: str, serpapi_url: str
) -> list[str]:
    """All errors in the provider settings, by variable name."""
    faults = [f"PROXY_PROVIDER_CONFIG_JSON{_joint(f)}{f}" for f in parse_proxies(proxies)[1]]
    name = "RANK_HTTP_PROVIDER_CONFIG_JSON"
    faults += [f"{name}: {fault}" for fault in parse_json_source(rank_source)[1]]
    if rank_backend == "http" and not rank_source:
        faults.append(f"{name}: must be set when RANK_PROVIDER_BACKEND=http")
    if rank_backend == "serpapi" and not serpapi_key:
        faults.append("SERPAPI_API_KEY: must be set when RANK_PROVIDER_BACKEND=serpapi")
    if not re.match(r"https?://[^/\s]+", serpapi_url):
        faults.append("SERPAPI_BASE_URL: must start with https:// and a host")
    return faults


def _joint(fault: str) -> str:
    return "" if fault.startswith("[") else ": "


def secrets_of(proxies: str, source: str) -> list[str]:
    """All secrets in these settings, to be redacted from logs."""
    found = [proxy.password for proxy in parse_proxies(proxies)[0]]
    parsed, _ = parse_json_source(source)
    if parsed is not None:
        found += parsed.headers.values()
        found += [value.rpartition(" ")[2] for value in parsed.headers.values()]
        query = parse_qsl(urlsplit(parsed.url).query)
        found += [value for name, value in query if SECRET_NAME.search(name)]
        found += [
            text
            for name, value in (parsed.body or {}).items()
            if SECRET_NAME.search(name)
            for text in _texts(value)
        ]
    return [s for s in found if len(s) >= MIN_SECRET_CHARS and not _PLACEHOLDER.search(s)]
