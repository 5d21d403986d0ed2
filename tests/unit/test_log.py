"""Logs: one JSON object a line, and no secret in it, wherever it comes from."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import assume, given
from hypothesis import strategies as st

from lsos.core.observability import log as logs
from lsos.core.redaction import HIDDEN, Redactor

KNOWN = "S3cr3t/of+this.installation"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g"
KEY = "lsk_01920000000070008000000000000000_0123456789abcdefABCDEF"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    logs.configure("DEBUG", secrets=[KNOWN, ""], stream=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**config)
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


LEAKS: dict[str, Any] = {
    "a known secret": f"connecting with {KNOWN}!",
    "in a list": ["fine", f"x{KNOWN}x"],
    "in a tuple": ("fine", (KNOWN,)),
    "in a set": {KNOWN},
    "in bytes": KNOWN.encode(),
    "in a dict": {"a": {"b": [{"c": KNOWN}]}},
    "as a key": {KNOWN: 1},
    "in an exception": ValueError(f"no such host {KNOWN}"),
    "an access token": JWT,
    "a token in a text": f"got {JWT}, expected another",
    "a bearer header": "Authorization: Bearer " + KNOWN[:3] + "abcdefgh0123456789",
    "an API key": f"key {KEY} is revoked",
    "a DSN": "postgresql+asyncpg://lsos:pa55-w0rd@db:5432/lsos",
    "a DSN with odd letters": "postgresql://lsos:pa55-w0rd@@db:5432/lsos",
    "a Redis URL": "redis://:pa55-w0rd@cache:6379/0",
    "a proxy": "http://user:pa55-w0rd@proxy.example:3128 refused",
}
NEVER = (KNOWN, JWT, KEY, "pa55-w0rd", "abcdefgh0123456789", "0123456789abcdefABCDEF")


@pytest.mark.parametrize("name", LEAKS)
def test_a_secret_value_is_hidden_wherever_it_stands(stream: io.StringIO, name: str) -> None:
    value = LEAKS[name]
    structlog.get_logger().warning("it_happened", value=value, nested={"deep": [value]})
    structlog.get_logger().warning(str(value))
    logging.getLogger("some.library").warning("it happened: %s", value)
    structlog.contextvars.bind_contextvars(context=value)
    structlog.get_logger().info("with_context")
    for secret in NEVER:
        assert secret not in stream.getvalue()
    assert stream.getvalue().count(HIDDEN) >= 4
    assert len(lines(stream)) == 4


@pytest.mark.parametrize("foreign", [False, True])
def test_a_traceback_is_cleaned_too(stream: io.StringIO, foreign: bool) -> None:
    try:
        try:
            raise LookupError(f"inner {KNOWN}")
        except LookupError as error:
            raise ConnectionError("postgresql://lsos:pa55-w0rd@db/lsos") from error
    except ConnectionError:
        if foreign:
            logging.getLogger("asyncpg").exception("it failed with %s", JWT)
        else:
            structlog.get_logger().exception("it_failed", token=JWT)
    (line,) = lines(stream)
    assert "ConnectionError" in line["exception"]
    for secret in NEVER:
        assert secret not in stream.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "passwd",
        "jwt_secret",
        "access_token",
        "refresh_token",
        "Authorization",
        "api_key",
        "apikey",
        "Cookie",
        "postgres_dsn",
        "credentials",
    ],
)
def test_a_value_with_a_secret_name_is_hidden(stream: io.StringIO, name: str) -> None:
    structlog.get_logger().info("login", **{name: "hunter22"}, body={name: "hunter22"})
    structlog.get_logger().info("login", body=[{"inner": {name.upper(): ["hunter22"]}}])
    assert "hunter22" not in stream.getvalue()
    assert lines(stream)[0][name] == HIDDEN


def test_what_is_no_secret_stays(stream: io.StringIO) -> None:
    """A log that hides everything helps nobody at night."""
    at, some_id = datetime(2026, 11, 3, tzinfo=UTC), UUID(int=7)
    structlog.contextvars.bind_contextvars(request_id="r-1", tenant=str(some_id))
    structlog.get_logger("lsos").info(
        "request",
        path="/api/v1/campaigns",
        url="https://example.com/a?mail=me@example.com",
        status=200,
        ms=1.5,
        ok=True,
        nothing=None,
        at=at,
        some_id=some_id,
        ids=[1, 2],
    )
    (line,) = lines(stream)
    assert line["event"] == "request"
    assert line["url"] == "https://example.com/a?mail=me@example.com"
    assert (line["status"], line["ms"], line["ok"], line["nothing"]) == (200, 1.5, True, None)
    assert (line["at"], line["some_id"]) == ("2026-11-03T00:00:00Z", str(some_id))
    assert (line["request_id"], line["tenant"]) == ("r-1", str(some_id))
    assert line["ids"] == [1, 2]
    assert line["level"] == "info"
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None


def test_odd_values_break_no_line(stream: io.StringIO) -> None:
    circle: list[Any] = []
    circle.append(circle)
    deep: Any = "end"
    for _ in range(5_000):
        deep = [deep]
    for value in (circle, deep, object(), float("nan"), "a\nb\x1b[31m\u2028", b"\xff\x00", {1: 2}):
        structlog.get_logger().info("odd", value=value)
    assert len(stream.getvalue().splitlines()) >= 7
    assert stream.getvalue().count("\n") == 7, "one line each: nobody forges a second one"


def test_levels_hold(stream: io.StringIO) -> None:
    logs.configure("WARNING", stream=stream)
    structlog.get_logger().info("quiet")
    logging.getLogger("library").info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_no_library_prints_statements(stream: io.StringIO) -> None:
    """SQLAlchemy's own debug log would show every parameter."""
    for name in ("sqlalchemy.engine", "uvicorn.access", "arq.worker", "asyncio"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO), name


@given(
    text=st.text(max_size=60),
    secret=st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789.+*()[]\\", min_size=8, max_size=20),
)
def test_a_known_secret_never_comes_through(text: str, secret: str) -> None:
    assume(secret not in HIDDEN)  # what stands in for it shows it
    redactor = Redactor([secret])
    assert secret not in str(redactor.clean(f"{text}{secret}{text}"))
    assert secret not in str(redactor.clean([{"key": [secret + text]}]))


@given(value=st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=8))
def test_without_secrets_plain_data_stays_itself(value: Any) -> None:
    plain = json.dumps(value)
    if not any(mark in plain for mark in ("://", "eyJ", "lsk_", "earer")):
        assert Redactor([]).clean(value) == value or "[[[[[[[[[[" in plain
