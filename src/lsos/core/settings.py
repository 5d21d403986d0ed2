"""Frozen settings, read from the environment once at the door."""  # lint: allow L08 -- a table

import os
import re
from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

import msgspec

from lsos.core.errors import SettingsError
from lsos.core.mail_address import is_email
from lsos.core.provider_config import generic_faults, provider_faults, secrets_of

AppEnv = Literal["local", "test", "staging", "production"]

EXAMPLE_SECRET = re.compile(r"(?i)change.?me|example|placeholder|password|<.*>|your.?secret")
MIN_SECRET_LETTERS = 10
"""Different characters: aaaa... is long, but no secret."""
MIN_TOKEN_CHARS = 16
LOOPBACK = ("localhost", "127.0.0.1", "::1")
REPLACED = {
    "CELERY_BROKER_URL": "ARQ_REDIS_URL",
    "CELERY_RESULT_BACKEND": "nothing (results live in PostgreSQL)",
}
"""Variables of the Celery stack that have no meaning here, and what took their place."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field a variable: `app_env` is read from APP_ENV. Units are in the names."""

    app_env: AppEnv = "local"
    """local | test | staging | production; unset: local, in compose.yaml staging"""
    app_name: str = "LSOS API"
    """Shown in the API documentation and in mails"""
    api_v1_prefix: str = "/api/v1"
    """Path prefix of all routes"""
    jwt_secret: str = ""
    """32+ random characters; made and kept under .lsos/ when unset in local and test"""
    jwt_access_ttl_seconds: int = 900
    """Life of an access token"""
    jwt_refresh_ttl_seconds: int = 604_800
    """Life of a refresh token"""
    postgres_dsn: str = ""
    """postgresql://user:pass@host:5432/db; unset in local: the embedded PostgreSQL"""
    postgres_pool_size: int = 10
    """Connections a process keeps"""
    redis_url: str = ""
    """redis://host:6379/0; unset in local: the embedded Valkey"""
    arq_redis_url: str = ""
    """Redis of the queue; unset: REDIS_URL"""
    crawl_timeout_seconds: float = 10.0
    """Total time for one response"""
    crawl_min_request_interval_seconds: float = 0.2
    """Least time between two requests to one host, over all processes"""
    crawl_max_pages_per_run: int = 200
    """Default and cap of a run's page budget"""
    crawl_frontier_batch_size: int = 25
    """URLs that a slice claims at once"""
    crawl_max_active_runs_per_tenant: int = 5
    """Further runs wait as queued"""
    crawl_max_active_runs_per_campaign: int = 2
    """Further runs wait as queued"""
    crawl_concurrency: int = 8
    """Requests in flight of one slice"""
    crawl_user_agent: str = "LSOSbot/0.1 (+https://example.com/lsosbot)"
    """User-Agent header of the crawler; its first token is matched in robots.txt"""
    rank_provider_backend: Literal["", "synthetic", "http", "serpapi"] = ""
    """synthetic | http | serpapi; local and test default to synthetic"""
    rank_http_provider_config_json: str = ""
    """JSON object: url, method, headers, body and field paths of the source of ranks"""
    serpapi_api_key: str = ""
    """Key of SerpApi"""
    serpapi_base_url: str = "https://serpapi.com"
    """Where SerpApi is asked"""
    local_provider_backend: Literal["", "synthetic", "provider"] = ""
    """synthetic | provider; local and test default to synthetic"""
    local_provider_url: str = ""
    """Base URL of the provider of profiles and reviews, such as https://provider.example.com"""
    local_provider_api_key: str = ""
    """Its key, sent as a bearer token"""
    authority_provider_backend: Literal["", "synthetic", "provider"] = ""
    """synthetic | provider; local and test default to synthetic"""
    authority_provider_url: str = ""
    """Base URL of the provider of backlinks, such as https://provider.example.com"""
    authority_provider_api_key: str = ""
    """Its key, sent as a bearer token"""
    proxy_provider_config_json: str = ""
    """JSON list of {url, weight, username, password, country}; empty: no proxy"""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """DEBUG | INFO | WARNING | ERROR"""
    metrics_enabled: bool = True
    """Record request and job metrics, judge alerts and the platform state"""
    metrics_token: str = ""
    """Bearer token that may read /metrics and nothing else; empty: a user's token or an API key"""
    otel_exporter_endpoint: str = ""
    """OTLP/HTTP collector, such as http://collector:4318; empty: no export"""
    otel_sample_ratio: float = 1.0
    """Share of traces that are kept, 0 to 1; a caller's own decision goes before"""
    reference_library_loader_enabled: bool = True
    """Load the reference library at start"""
    reference_library_enforce_validation: bool = True
    """Refuse to activate a faulty reference library"""
    object_storage_endpoint: str = ""
    """S3-compatible endpoint; empty: local disk"""
    object_storage_bucket: str = ""
    """Bucket of report artifacts"""
    object_storage_access_key: str = ""
    """Access key of the bucket"""
    object_storage_secret_key: str = ""
    """Secret key of the bucket"""
    object_storage_region: str = "us-east-1"
    """Region of the bucket, where the endpoint has some"""
    smtp_host: str = ""
    """Mail server; empty: no mail, but in local and test a file below LSOS_HOME/mail"""
    smtp_port: int = 587
    """Port of the mail server"""
    smtp_username: str = ""
    """Login of the mail server"""
    smtp_password: str = ""
    """Password of the mail server"""
    smtp_from_email: str = ""
    """Sender of reports"""
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    """starttls | tls | none; none only for a server on this machine"""
    smtp_timeout_seconds: float = 30.0
    """Wait for each answer of the mail server"""
    report_retry_seconds: float = 60.0
    """Wait before a failed report or mail is tried again; each of the 3 times five times longer"""
    lsos_home: str = ".lsos"
    """Folder of a local installation: embedded stores, artifacts of reports, mails"""
    outbound_allow_origins: str = ""
    """Comma-separated scheme://host:port exempt from the private-address rule; local only"""
    trusted_proxies: str = ""
    """Comma-separated addresses or networks whose X-Forwarded-For is believed"""
    job_lease_seconds: float = 20.0
    """A worker that does not renew its claim for this long has lost it"""
    worker_max_jobs: int = 20
    """Jobs that one worker process runs at once"""

    @property
    def is_strict(self) -> bool:
        """Staging and production: nothing is guessed."""
        return self.app_env in ("staging", "production")

    @property
    def allowed_origins(self) -> frozenset[str]:
        return frozenset(_split(self.outbound_allow_origins))

    @property
    def trusted_proxy_networks(self) -> tuple[str, ...]:
        return tuple(_split(self.trusted_proxies))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that no log line, trace or answer may show."""
        found = [self.jwt_secret, self.object_storage_secret_key, self.smtp_password]
        found.append(self.metrics_token)
        found += [self.serpapi_api_key, self.local_provider_api_key]
        found.append(self.authority_provider_api_key)
        for url in (self.postgres_dsn, self.redis_url, self.arq_redis_url):
            if password := urlsplit(url).password:
                found += [password, unquote(password)]
        found += secrets_of(self.proxy_provider_config_json, self.rank_http_provider_config_json)
        return tuple(s for s in dict.fromkeys(found) if len(s) > 3)


def environment_name(field: str) -> str:
    return field.upper()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings of this environment.

    Raises SettingsError that names every faulty variable and prints no value of a secret.
    """
    environ = os.environ if environ is None else environ
    faults: dict[str, str] = {}
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        name = environment_name(field.name)
        raw = environ.get(name, "").strip()
        if not raw:
            continue
        try:
            values[field.name] = msgspec.convert(raw, field.type, strict=False)
        except msgspec.ValidationError as error:
            faults[name] = f"{name}: {_say(field.type, error)}"
    settings = Settings(**values)  # type: ignore[arg-type]  # converted field by field above
    settings = _with_defaults(settings)
    # What could not be read stands at its default here: it has been named already.
    others = [fault for fault in check(settings) if fault.partition(":")[0] not in faults]
    if faults or others:
        raise SettingsError([*faults.values(), *others])
    return settings


def replaced_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """One sentence for each variable of the former stack that is still set."""
    environ = os.environ if environ is None else environ
    return [f"{old} has no effect; use {new}" for old, new in REPLACED.items() if environ.get(old)]


def check(settings: Settings) -> list[str]:
    """Every fault of these settings, by variable name."""
    return [*_check_values(settings), *(_check_strict(settings) if settings.is_strict else [])]


def normalise_dsn(dsn: str) -> str:
    """Any PostgreSQL scheme means asyncpg: operators paste what other stacks use.

    What libpq calls sslmode, asyncpg calls ssl.
    """
    dsn = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+asyncpg://", dsn)
    return re.sub(r"([?&])sslmode=", r"\1ssl=", dsn)


def _with_defaults(settings: Settings) -> Settings:
    changes: dict[str, object] = {}
    if settings.postgres_dsn:
        changes["postgres_dsn"] = normalise_dsn(settings.postgres_dsn)
    if not settings.arq_redis_url:
        changes["arq_redis_url"] = settings.redis_url
    if not settings.is_strict:
        for field in (
            "rank_provider_backend",
            "local_provider_backend",
            "authority_provider_backend",
        ):
            if not getattr(settings, field):
                changes[field] = "synthetic"
    return msgspec.structs.replace(settings, **changes)


def _check_values(settings: Settings) -> list[str]:
    faults = []
    if not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", settings.api_v1_prefix):
        faults.append("API_V1_PREFIX: must begin with / and not end with it, such as /api/v1")
    faults.extend(_check_urls(settings))
    faults.extend(_check_ranges(settings))
    for origin in settings.allowed_origins:
        if not re.fullmatch(r"https?://(\[[0-9a-f:]+\]|[^/:\s]+):\d+", origin):
            faults.append(
                f"OUTBOUND_ALLOW_ORIGINS: {origin!r} is no origin; write scheme://host:port"
            )
    faults.extend(_check_delivery(settings))
    faults.extend(
        provider_faults(
            proxies=settings.proxy_provider_config_json,
            rank_backend=settings.rank_provider_backend,
            rank_source=settings.rank_http_provider_config_json,
            serpapi_key=settings.serpapi_api_key,
            serpapi_url=settings.serpapi_base_url,
        )
    )
    for room in ("local", "authority"):
        backend, url, key = (
            getattr(settings, f"{room}_provider_{part}") for part in ("backend", "url", "api_key")
        )
        faults.extend(generic_faults(room.upper(), backend, url, key))
    return faults


def _check_urls(settings: Settings) -> list[str]:
    schemes = {
        "postgres_dsn": ("postgresql+asyncpg://",),
        "redis_url": ("redis://", "rediss://", "unix://"),
        "arq_redis_url": ("redis://", "rediss://", "unix://"),
    }
    faults = []
    for field, wanted in schemes.items():
        value, name = getattr(settings, field), environment_name(field)
        shown = "postgresql://" if field == "postgres_dsn" else "redis://"
        if value and not value.startswith(wanted):
            faults.append(f"{name}: must begin with {shown}")
        elif value and not _is_url(value):
            faults.append(f"{name}: is no URL; percent-encode special characters of a password")
    return faults


def _check_delivery(settings: Settings) -> list[str]:
    faults = []
    is_named_elsewhere = settings.app_env == "production"  # among what it requires
    if endpoint := settings.object_storage_endpoint:
        if not re.match(r"https?://[^/\s]", endpoint) or not _is_url(endpoint):
            faults.append("OBJECT_STORAGE_ENDPOINT: must begin with https:// or http://")
        if not settings.object_storage_bucket and not is_named_elsewhere:
            faults.append("OBJECT_STORAGE_BUCKET: must be set with OBJECT_STORAGE_ENDPOINT")
    if settings.smtp_tls == "none" and settings.smtp_host not in ("", *LOOPBACK):
        faults.append(f"SMTP_TLS: none is for {', '.join(LOOPBACK)} only")
    if settings.smtp_from_email and not is_email(settings.smtp_from_email):
        faults.append("SMTP_FROM_EMAIL: must be an address, such as reports@agency.example")
    if settings.smtp_host and not settings.smtp_from_email and not is_named_elsewhere:
        faults.append("SMTP_FROM_EMAIL: must be set with SMTP_HOST")
    return faults


def _is_url(value: str) -> bool:
    try:
        return urlsplit(value).port != 0
    except ValueError:
        return False


def _check_ranges(settings: Settings) -> list[str]:
    ranges: dict[str, tuple[float, float]] = {
        "jwt_access_ttl_seconds": (30, 86_400),
        "jwt_refresh_ttl_seconds": (60, 31_536_000),
        "postgres_pool_size": (1, 500),
        "crawl_timeout_seconds": (0.1, 120),
        "crawl_min_request_interval_seconds": (0, 60),
        "crawl_max_pages_per_run": (1, 1_000_000),
        "crawl_frontier_batch_size": (1, 1_000),
        "crawl_max_active_runs_per_tenant": (1, 1_000),
        "crawl_max_active_runs_per_campaign": (1, 1_000),
        "crawl_concurrency": (1, 256),
        "smtp_port": (1, 65_535),
        "smtp_timeout_seconds": (0.1, 300),
        "report_retry_seconds": (0, 3_600),
        "job_lease_seconds": (1, 300),
        "otel_sample_ratio": (0, 1),
        "worker_max_jobs": (1, 1_000),
    }
    return [
        f"{environment_name(field)}: must be from {low:g} to {high:g}"
        for field, (low, high) in ranges.items()
        if not low <= getattr(settings, field) <= high
    ]


def _check_strict(settings: Settings) -> list[str]:
    faults = []
    if (
        len(settings.jwt_secret) < 32
        or len(set(settings.jwt_secret)) < MIN_SECRET_LETTERS
        or EXAMPLE_SECRET.search(settings.jwt_secret)
    ):
        faults.append("JWT_SECRET: needs 32 or more random characters, and no example value")
    if 0 < len(settings.metrics_token) < MIN_TOKEN_CHARS:
        faults.append(f"METRICS_TOKEN: needs {MIN_TOKEN_CHARS} or more characters")
    required = ["postgres_dsn", "redis_url", "rank_provider_backend"]
    required += ["local_provider_backend", "authority_provider_backend"]
    if settings.app_env == "production":
        required += ["object_storage_endpoint", "object_storage_bucket", "smtp_host"]
        required += ["smtp_from_email", "otel_exporter_endpoint"]
    for field in required:
        value = getattr(settings, field)
        if not value:
            faults.append(f"{environment_name(field)}: must be set when APP_ENV={settings.app_env}")
        elif settings.app_env == "production" and value == "synthetic":
            faults.append(f"{environment_name(field)}: production refuses synthetic data")
    if settings.outbound_allow_origins:
        faults.append("OUTBOUND_ALLOW_ORIGINS: must be empty outside local and test")
    return faults


def _say(kind: object, error: msgspec.ValidationError) -> str:
    if choices := get_args(kind):
        return "must be one of " + ", ".join(str(c) for c in choices if c != "")
    names = {int: "a whole number", float: "a number", bool: "true or false"}
    return f"must be {names[kind]}" if isinstance(kind, type) and kind in names else str(error)


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
