"""Reads the settings from the environment, and names every fault of them at once."""

import os
import re
from collections.abc import Mapping
from typing import get_args
from urllib.parse import urlsplit

import msgspec

from lsos.core.errors import SettingsError
from lsos.core.mail_address import is_email
from lsos.core.settings.provider_config import generic_faults, provider_faults
from lsos.core.settings.settings import Settings

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
        "worker_nice": (0, 19),
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
