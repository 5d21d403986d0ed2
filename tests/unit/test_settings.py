"""Settings: a wrong environment is refused at start, by name, all at once, without its secrets."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.errors import SettingsError
from lsos.core.settings.environment import (
    REPLACED,
    environment_name,
    load,
    normalise_dsn,
    replaced_variables,
)
from lsos.core.settings.settings import Settings
from lsos.embedded.installation import local_secret
from tools import gen_env_example

ROOT = Path(__file__).parents[2]
SECRET = "kT9v2mQx7Lw4Rz8Np1Yb6Hc3Jd5Fg0Sa"
STAGING = {
    "APP_ENV": "staging",
    "JWT_SECRET": SECRET,
    "POSTGRES_DSN": "postgresql://lsos:pg-secret@db/lsos",
    "REDIS_URL": "redis://:redis-secret@cache:6379/0",
    "RANK_PROVIDER_BACKEND": "synthetic",
    "LOCAL_PROVIDER_BACKEND": "synthetic",
    "AUTHORITY_PROVIDER_BACKEND": "synthetic",
}
PRODUCTION = {
    **STAGING,
    "APP_ENV": "production",
    "RANK_PROVIDER_BACKEND": "http",
    "RANK_HTTP_PROVIDER_CONFIG_JSON": '{"url": "https://ranks.example/?q={keyword}",'
    ' "fields": {"results": "items"}}',
    "LOCAL_PROVIDER_BACKEND": "provider",
    "LOCAL_PROVIDER_URL": "https://listings.example",
    "LOCAL_PROVIDER_API_KEY": "leaked-listings-key",
    "AUTHORITY_PROVIDER_BACKEND": "provider",
    "AUTHORITY_PROVIDER_URL": "http://links.internal:8777/base",
    "AUTHORITY_PROVIDER_API_KEY": "leaked-links-key",
    "OBJECT_STORAGE_ENDPOINT": "https://s3.example",
    "OBJECT_STORAGE_BUCKET": "reports",
    "SMTP_HOST": "mail.example",
    "SMTP_FROM_EMAIL": "reports@agency.example",
    "OTEL_EXPORTER_ENDPOINT": "http://collector:4318",
}


def refusal(environ: dict[str, Any]) -> SettingsError | None:
    try:
        load(environ)
    except SettingsError as error:
        return error
    return None


def faults_of(environ: dict[str, str]) -> dict[str, str]:
    """The faults of an environment, by variable."""
    refused = refusal(environ)
    if refused is None:
        return {}
    named = dict(fault.split(": ", 1) for fault in refused.faults)
    assert len(named) == len(refused.faults), "one fault a variable"
    assert all(fault in refused.message for fault in refused.faults)
    return named


def test_an_empty_environment_is_a_local_one() -> None:
    settings = load({})
    assert settings.app_env == "local"
    assert settings.rank_provider_backend == "synthetic"
    assert load(dict.fromkeys(("APP_ENV", "SMTP_PORT", "LOG_LEVEL"), "  ")) == settings


def test_whole_environments_are_accepted() -> None:
    assert load(STAGING).is_strict
    assert load(PRODUCTION).is_strict
    assert load({"APP_ENV": " test "}).app_env == "test"


def test_all_faults_are_told_at_once_by_name_without_a_value() -> None:
    """What cannot be read and what is not allowed, in one refusal."""
    bad = {
        "APP_ENV": "production",
        "JWT_SECRET": "leaked-jwt",
        "JWT_ACCESS_TTL_SECONDS": "leaked-ttl",
        "POSTGRES_DSN": "mysql://user:leaked-dsn@db/lsos",
        "REDIS_URL": "http://:leaked-redis@cache",
        "ARQ_REDIS_URL": "amqp://leaked-arq",
        "CRAWL_MAX_PAGES_PER_RUN": "0",
        "CRAWL_TIMEOUT_SECONDS": "nan",
        "CRAWL_CONCURRENCY": "8.5",
        "METRICS_ENABLED": "perhaps",
        "LOG_LEVEL": "LOUD",
        "RANK_PROVIDER_BACKEND": "synthetic",
        "LOCAL_PROVIDER_BACKEND": "guess",
        "PROXY_PROVIDER_CONFIG_JSON": '{"leaked-proxy"',
        "OUTBOUND_ALLOW_ORIGINS": "http://127.0.0.1:8080",
        "API_V1_PREFIX": "api/v1/",
        "SMTP_PASSWORD": "leaked-smtp",
        "SMTP_PORT": "70000",
    }
    faults = faults_of(bad)
    missing = {
        "AUTHORITY_PROVIDER_BACKEND",
        "OBJECT_STORAGE_ENDPOINT",
        "OBJECT_STORAGE_BUCKET",
        "SMTP_HOST",
        "SMTP_FROM_EMAIL",
        "OTEL_EXPORTER_ENDPOINT",
    }
    assert faults.keys() == (bad.keys() - {"APP_ENV", "SMTP_PASSWORD"}) | missing
    assert "leaked" not in str(faults)


@pytest.mark.parametrize("name", sorted(STAGING.keys() - {"APP_ENV"}))
def test_staging_guesses_nothing(name: str) -> None:
    assert faults_of({**STAGING, name: ""}).keys() == {name}


@pytest.mark.parametrize("name", sorted(PRODUCTION.keys() - {"APP_ENV"}))
def test_production_demands_what_reports_need(name: str) -> None:
    assert faults_of({**PRODUCTION, name: ""}).keys() == {name}


def test_production_shows_no_made_up_figures() -> None:
    for name in ("RANK", "LOCAL", "AUTHORITY"):
        variable = f"{name}_PROVIDER_BACKEND"
        assert faults_of({**PRODUCTION, variable: "synthetic"}).keys() == {variable}


def test_no_strict_environment_opens_the_private_network() -> None:
    opened = {"OUTBOUND_ALLOW_ORIGINS": "http://127.0.0.1:8080"}
    assert load(opened).allowed_origins == {"http://127.0.0.1:8080"}
    for environ in (STAGING, PRODUCTION):
        assert faults_of({**environ, **opened}).keys() == {"OUTBOUND_ALLOW_ORIGINS"}


@pytest.mark.parametrize(
    "secret",
    [
        "short",
        "x" * 31,
        "x" * 64,
        "abababababababababababababababababab",
        "secret" * 10,
        "changeme-changeme-changeme-0123456789",
        "Change_Me_0123456789_0123456789_abcdef",
        "<32+ char secret>",
        "example-0123456789-abcdefghijklmnopqrst",
        "my-password-is-0123456789-abcdefghijkl",
    ],
)
def test_a_secret_that_anybody_knows_is_refused(secret: str) -> None:
    assert faults_of({**STAGING, "JWT_SECRET": secret}).keys() == {"JWT_SECRET"}


def test_the_example_file_starts_nothing_strict() -> None:
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    given_ = {name: value.strip('"') for name, value in example.items()}
    assert "JWT_SECRET" in faults_of({**given_, "APP_ENV": "staging"})
    assert load(given_) == load({}), "what it spells are the defaults"


@pytest.mark.parametrize(
    "dsn, expected",
    [
        ("postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql+psycopg2://u@h:1/d", "postgresql+asyncpg://u@h:1/d"),
        ("postgres://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
        ("postgres://h/d?a=b&sslmode=verify-full", "postgresql+asyncpg://h/d?a=b&ssl=verify-full"),
    ],
)
def test_every_spelling_of_a_dsn_means_asyncpg(dsn: str, expected: str) -> None:
    assert normalise_dsn(dsn) == expected
    assert load({"POSTGRES_DSN": dsn}).postgres_dsn == expected


@pytest.mark.parametrize(
    "dsn",
    ["mysql://h/d", "h/d", "postgresql:/h/d", "postgresql://u:p@[::1/d", "postgresql://h:port/d"],
)
def test_what_is_no_dsn_is_refused_by_name(dsn: str) -> None:
    assert faults_of({"POSTGRES_DSN": dsn}).keys() == {"POSTGRES_DSN"}


def test_the_queue_lives_with_the_cache_unless_it_is_told() -> None:
    assert load({"REDIS_URL": "redis://a"}).arq_redis_url == "redis://a"
    both = load({"REDIS_URL": "redis://a", "ARQ_REDIS_URL": "rediss://b"})
    assert (both.redis_url, both.arq_redis_url) == ("redis://a", "rediss://b")


def test_a_variable_of_the_former_stack_is_warned_about() -> None:
    environ = dict.fromkeys(REPLACED, "redis://:hidden@old")
    warnings = replaced_variables(environ)
    assert len(warnings) == 2
    assert any("CELERY_BROKER_URL" in w and "ARQ_REDIS_URL" in w for w in warnings)
    assert any("CELERY_RESULT_BACKEND" in w for w in warnings)
    assert "hidden" not in str(warnings)
    assert replaced_variables({}) == replaced_variables(dict.fromkeys(REPLACED, "")) == []
    assert faults_of(environ) == {}


def test_every_secret_is_known_to_the_redactor() -> None:
    """A password is hidden as it stands in the URL and as it is meant."""
    settings = load(
        {
            **STAGING,
            "POSTGRES_DSN": "postgresql://u:pg%2Fse%40cret@h/d",
            "SMTP_PASSWORD": "mail-secret",
            "OBJECT_STORAGE_SECRET_KEY": "storage-secret",
            "ARQ_REDIS_URL": "redis://:queue-secret@q",
        }
    )
    wanted = {SECRET, "pg%2Fse%40cret", "pg/se@cret", "redis-secret", "queue-secret"}
    assert set(settings.secrets) == wanted | {"mail-secret", "storage-secret"}


def test_a_local_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = local_secret(tmp_path / "new")
    assert len(first) >= 32
    assert local_secret(tmp_path / "new") == first
    assert (tmp_path / "new" / "jwt_secret").stat().st_mode & 0o077 == 0
    assert local_secret(tmp_path / "other") != first


def test_settings_can_not_be_changed_under_way() -> None:
    with pytest.raises(AttributeError):
        load({}).app_env = "production"  # type: ignore[misc]  # that is the point


def test_the_example_file_is_what_settings_say() -> None:
    """Every variable, one line of meaning each; `make docs` writes it."""
    text = (ROOT / ".env.example").read_text()
    assert text == gen_env_example.build()
    names = re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE)
    assert names == [environment_name(field.name) for field in msgspec.structs.fields(Settings)]
    for name in names:
        assert re.search(rf"^# \S.*\n{name}=", text, re.MULTILINE), name


VARIABLES = st.sampled_from([environment_name(f.name) for f in msgspec.structs.fields(Settings)])


@given(environ=st.dictionaries(VARIABLES, st.text(max_size=40), max_size=8))
def test_any_environment_is_taken_or_refused_calmly(environ: dict[str, Any]) -> None:
    refused = refusal(environ)
    assert refused is None or refused.faults
    if refused is None:
        assert isinstance(load(environ).secrets, tuple)


@pytest.mark.parametrize(
    "change, name",
    [
        ({"OBJECT_STORAGE_ENDPOINT": "s3.example"}, "OBJECT_STORAGE_ENDPOINT"),
        ({"OBJECT_STORAGE_ENDPOINT": "https://"}, "OBJECT_STORAGE_ENDPOINT"),
        ({"OBJECT_STORAGE_BUCKET": ""}, "OBJECT_STORAGE_BUCKET"),
        ({"SMTP_TLS": "none"}, "SMTP_TLS"),
        ({"SMTP_TLS": "maybe"}, "SMTP_TLS"),
        ({"SMTP_FROM_EMAIL": "Agency <a@b.example>"}, "SMTP_FROM_EMAIL"),
        ({"SMTP_FROM_EMAIL": "nobody"}, "SMTP_FROM_EMAIL"),
        ({"SMTP_FROM_EMAIL": ""}, "SMTP_FROM_EMAIL"),
    ],
)
def test_a_delivery_that_can_not_work_or_would_leak_is_refused(
    change: dict[str, str], name: str
) -> None:
    """Passwords and reports never cross a network in the clear."""
    delivery = {k: v for k, v in PRODUCTION.items() if k.startswith(("OBJECT_", "SMTP_"))}
    assert faults_of({**STAGING, **delivery}) == {}
    assert faults_of({**STAGING, **delivery, **change}).keys() == {name}
    local = {"SMTP_HOST": "127.0.0.1", "SMTP_TLS": "none", "SMTP_FROM_EMAIL": "a@b.example"}
    assert faults_of(local) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"LOCAL_PROVIDER_URL": "listings.example"},
        {"LOCAL_PROVIDER_URL": "ftp://listings.example"},
        {"LOCAL_PROVIDER_URL": "https://listings.example/?key=leaked"},
        {"LOCAL_PROVIDER_URL": "https://user:leaked@listings.example"},
        {"LOCAL_PROVIDER_URL": "https://[::1"},
        {"AUTHORITY_PROVIDER_API_KEY": "leaked\nkey"},
        {"AUTHORITY_PROVIDER_API_KEY": "schlüssel"},
    ],
)
def test_a_provider_of_the_generic_contract_is_named_whole(changes: dict[str, str]) -> None:
    found = faults_of({**PRODUCTION, **changes})
    assert found.keys() == changes.keys()
    assert "leaked" not in str(found)


def test_keys_of_providers_are_secrets() -> None:
    assert {"leaked-listings-key", "leaked-links-key"} <= set(load(PRODUCTION).secrets)
