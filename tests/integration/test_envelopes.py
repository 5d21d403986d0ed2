"""Answers to bad requests: the right 4xx in the one shape, no trace, and nothing stored."""

import asyncio
import base64
import gzip
import re
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, get
from litestar.exceptions import InternalServerException

from lsos import api as api_module
from lsos.core.http.openapi import openapi_config
from lsos.core.http.request import RequestMiddleware, check_request
from lsos.core.metrics.metrics import Metrics
from tests.conftest import Api, serve_api
from tests.support.api import serve
from tests.support.catalogue import fingerprint
from tests.support.operations import Operation, schemas_of
from tests.support.parties import Party
from tests.support.ports import closed_port

JSON = {"Content-Type": "application/json"}
TRACES = re.compile(r"(?i)Traceback|File \"|sqlalchemy|asyncpg|litestar|msgspec|select |line \d")


async def send(
    api: Api,
    method: str,
    path: str,
    *,
    token: str | None = None,
    content: Any = None,
    headers: dict[str, Any] | None = None,
) -> httpx.Response:
    sent = {**(headers or {})}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    url = path if path.startswith("/schema") else api.settings.api_v1_prefix + path
    return await api.http.request(method, url, content=content, headers=sent)


def assert_error(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text[:500]
    body = answer.json()
    assert body["success"] is False
    assert body["errors"], body
    assert body["errors"][0]["code"] == code, body
    assert body["meta"]["request_id"] == answer.headers["x-request-id"]
    assert not TRACES.search(answer.text), answer.text
    assert answer.headers["content-type"] == "application/json"
    assert set(body) == {"success", "errors", "meta"}
    for item in body["errors"]:
        assert set(item) <= {"code", "message", "field", "detail"}
        assert re.fullmatch(r"[a-z0-9_]+", item["code"])


DEEP = 100_000
BODIES: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 422, "validation_failed"),
    "cut": (b'{"name": "x"', 400, "malformed_json"),
    "no JSON": (b"name=x", 400, "malformed_json"),
    "trailing": (b'{"name": "x"} x', 400, "malformed_json"),
    "NaN": (b'{"name": "x", "services": [NaN]}', 400, "malformed_json"),
    "bad UTF-8": (b'{"name": "\xff\xfe"}', 400, "malformed_json"),
    "UTF-16": ('{"name": "x"}'.encode("utf-16"), 422, "nul_character"),
    "surrogate": (b'{"name": "\\ud800"}', 400, "malformed_json"),
    "surrogate in UTF-8": (b'{"name": "\xed\xa0\x80"}', 400, "malformed_json"),
    "deep list": (b"[" * DEEP + b"]" * DEEP, 400, "malformed_json"),
    "deep field": (
        b'{"name": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
        400,
        "malformed_json",
    ),
    "raw NUL": (b'{"name": "a\x00b"}', 422, "nul_character"),
    "escaped NUL": (b'{"name": "a\\u0000b"}', 422, "nul_character"),
    "NUL after a backslash": (b'{"name": "a\\\\\\u0000b"}', 422, "nul_character"),
    "NUL in a name": (b'{"name": "x", "a\\u0000": 1}', 422, "nul_character"),
    "list": (b"[]", 422, "validation_failed"),
    "text": (b'"x"', 422, "validation_failed"),
    "null": (b"null", 422, "validation_failed"),
    "nothing": (b"{}", 422, "validation_failed"),
    "unknown field": (b'{"name": "x", "colour": 1}', 422, "validation_failed"),
    "wrong type": (b'{"name": 5}', 422, "validation_failed"),
    "wrong item": (b'{"name": "x", "services": [{}]}', 422, "validation_failed"),
    "null field": (b'{"name": null}', 422, "validation_failed"),
    "too long": (b'{"name": "' + b"x" * 201 + b'"}', 422, "validation_failed"),
    "too short": (b'{"name": ""}', 422, "validation_failed"),
    "long unknown field": (b'{"' + b"x" * 500_000 + b'": 1}', 422, "validation_failed"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_bad_body_is_refused_whole(api: Api, mine: Party, name: str) -> None:
    content, status, code = BODIES[name]
    before = await fingerprint(api.db, mine.rows.tenant_id)
    token = mine.clients.admin.token
    answer = await send(api, "POST", "/campaigns", token=token, content=content, headers=JSON)
    assert_error(answer, status, code)
    assert len(answer.text) < 2_000, "what was sent is not sent back"
    assert await fingerprint(api.db, mine.rows.tenant_id) == before


@pytest.mark.parametrize(
    "content, field",
    [
        (b'{"name": "x", "colour": 1}', "colour"),
        (b"{}", "name"),
        (b'{"name": 5}', "name"),
        (b'{"name": "x", "services": ["ok", 5]}', "services"),
    ],
)
async def test_a_fault_names_its_field(api: Api, mine: Party, content: bytes, field: str) -> None:
    token = mine.clients.admin.token
    answer = await send(api, "POST", "/campaigns", token=token, content=content, headers=JSON)
    assert answer.json()["errors"][0]["field"].startswith(field), answer.text


async def test_text_that_only_looks_bad_is_taken(api: Api, mine: Party) -> None:
    """Of duplicate keys the last wins (RFC 8259 section 4 leaves it open)."""
    token = mine.clients.admin.token
    for content, name in (
        (b'{"name": "first", "name": "last"}', "last"),
        (b'{"name": "a \\\\u0000 b"}', "a \\u0000 b"),
        ('{"name": "Zoë 🦊 \\ud83e\\udd8a"}'.encode(), "Zoë 🦊 🦊"),
        (b'{"name": "it\'s; drop table campaigns --"}', "it's; drop table campaigns --"),
    ):
        answer = await send(api, "POST", "/campaigns", token=token, content=content, headers=JSON)
        assert answer.status_code == 201, answer.text
        assert answer.json()["data"]["name"] == name
        path = f"/campaigns/{answer.json()['data']['id']}"
        assert (await send(api, "DELETE", path, token=token)).status_code == 204


@pytest.mark.parametrize("how", ["length", "chunked", "lying"])
async def test_a_body_over_a_mebibyte_is_refused(api: Api, mine: Party, how: str) -> None:
    before = await fingerprint(api.db, mine.rows.tenant_id)
    big = b'{"name": "' + b"x" * 1_100_000 + b'"}'

    async def chunks() -> Any:
        for start in range(0, len(big), 65_536):
            yield big[start : start + 65_536]

    headers = {**JSON, "Content-Encoding": "identity"} if how == "lying" else JSON
    answer = await send(
        api,
        "POST",
        "/campaigns",
        token=mine.clients.admin.token,
        content=chunks() if how == "chunked" else big,
        headers=headers,
    )
    assert_error(answer, 413, "body_too_large")
    assert await fingerprint(api.db, mine.rows.tenant_id) == before


@pytest.mark.parametrize(
    "headers, code",
    [
        ({"Content-Type": "text/plain"}, "unsupported_media_type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "unsupported_media_type"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "unsupported_media_type"),
        ({"Content-Type": "application/xml"}, "unsupported_media_type"),
        ({"Content-Type": "application/jsonx"}, "unsupported_media_type"),
        ({"Content-Type": ""}, "unsupported_media_type"),
        ({**JSON, "Content-Encoding": "gzip"}, "encoding_unsupported"),
        ({**JSON, "Content-Encoding": "br"}, "encoding_unsupported"),
    ],
    ids=str,
)
async def test_other_formats_are_refused(
    api: Api, mine: Party, headers: dict[str, str], code: str
) -> None:
    content = b'{"name": "x"}'
    if headers.get("Content-Encoding") == "gzip":
        content = gzip.compress(content)
    token = mine.clients.admin.token
    answer = await send(api, "POST", "/campaigns", token=token, content=content, headers=headers)
    assert_error(answer, 415, code)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", None])
async def test_json_is_taken_by_its_names(api: Api, mine: Party, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    token = mine.clients.admin.token
    answer = await send(api, "POST", "/campaigns", token=token, content=b"{}", headers=headers)
    assert_error(answer, 422, "validation_failed")


# Paths, queries, methods

ID = "01920000-0000-7000-8000-000000000000"
REQUESTS: list[tuple[str, str, int, str]] = [
    ("GET", "/nowhere", 404, "not_found"),
    ("GET", "/../../etc/passwd", 404, "not_found"),
    ("GET", "/campaigns/%2e%2e%2f%2e%2e", 404, "not_found"),
    ("GET", "/campaigns/not-a-uuid", 404, "not_found"),
    ("GET", "/campaigns/12345", 404, "not_found"),
    ("GET", f"/campaigns/{ID}%00", 404, "not_found"),
    ("GET", f"/campaigns/{ID}'--", 404, "not_found"),
    ("GET", "/campaigns/" + "x" * 20_000, 404, "not_found"),
    ("GET", "/" + "a/" * 5_000, 404, "not_found"),
    ("GET", f"/campaigns/{ID}", 404, "campaign_not_found"),
    ("GET", "/jobs?name=%00", 422, "nul_character"),
    ("GET", "/campaigns?limit=0", 422, "validation_failed"),
    ("GET", "/campaigns?limit=201", 422, "validation_failed"),
    ("GET", "/campaigns?limit=-1", 422, "validation_failed"),
    ("GET", "/campaigns?limit=ten", 422, "validation_failed"),
    ("GET", "/campaigns?limit=1e3", 422, "validation_failed"),
    ("GET", "/campaigns?limit=NaN", 422, "validation_failed"),
    ("GET", "/campaigns?limit=" + "9" * 40, 422, "validation_failed"),
    ("GET", "/campaigns?limit=" + "9" * 5_000, 422, "validation_failed"),
    ("GET", "/campaigns?limit=", 422, "validation_failed"),
    ("GET", "/campaigns?setup_state=Nowhere", 422, "validation_failed"),
    ("GET", "/campaigns?cursor=nonsense", 422, "cursor_invalid"),
    ("GET", "/campaigns?cursor=%F0%9F%A6%8A", 422, "cursor_invalid"),
    ("GET", "/campaigns?cursor=", 422, "cursor_invalid"),
    ("GET", "/campaigns?cursor=W10", 422, "cursor_invalid"),
    ("GET", "/jobs?campaign_id=x", 422, "validation_failed"),
    ("GET", "/dashboard", 422, "validation_failed"),
    ("GET", f"/dashboard?campaign_id={ID}", 404, "campaign_not_found"),
    ("PATCH", "/crawl/issues/nonsense", 404, "issue_not_found"),
    ("PATCH", "/crawl/checks/no_such_check", 404, "check_not_found"),
    ("PUT", "/campaigns", 405, "method_not_allowed"),
    ("DELETE", "/health", 405, "method_not_allowed"),
    ("TRACE", "/campaigns", 405, "method_not_allowed"),
    ("PROPFIND", "/campaigns", 405, "method_not_allowed"),
    ("HEAD", "/campaigns", 405, ""),
    ("GET", "/schema/nowhere", 404, "not_found"),
    ("GET", "/schema/nowhere.json", 404, "not_found"),
]


@pytest.mark.parametrize("method, path, status, code", REQUESTS, ids=lambda value: str(value)[:40])
async def test_a_bad_request_gets_the_envelope(
    api: Api, mine: Party, method: str, path: str, status: int, code: str
) -> None:
    body = {"PATCH": b'{"ignore_reason": "because"}'}.get(method)
    if path.startswith("/crawl/checks"):
        body = b"{}"
    headers = JSON if body else {}
    token = mine.clients.admin.token
    answer = await send(api, method, path, token=token, content=body, headers=headers)
    if method == "HEAD":
        assert (answer.status_code, answer.content) == (status, b"")
    else:
        assert_error(answer, status, code)
    if status == 405:
        assert "GET" in answer.headers["allow"]


async def test_values_that_no_column_holds_are_shape_faults(api: Api, mine: Party) -> None:
    """Not "a store is away": PostgreSQL refuses them, and so do we."""
    run, token = mine.rows.run_id, mine.clients.admin.token
    cursors = [
        cursor((2**70, 1)),
        cursor((1, 2**70)),
        cursor((-1, -(2**70))),
    ]
    paths = [f"/crawl/runs/{run}/pages?status={n}" for n in (99_999, 2**31, 2**63, 2**70)]
    paths += [f"/crawl/runs/{run}/pages?cursor={each}" for each in cursors]
    paths += [f"/crawl/runs/{run}/issues?cursor={cursor((2**70, 'x', 1))}"]
    paths += [f"/crawl/runs/{run}/issues?cursor={cursor((1, 'x', 2**70))}"]
    for when in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00"):
        paths += [f"/campaigns?cursor={cursor((when, ID))}", f"/jobs?cursor={cursor((when, ID))}"]
    for path in paths:
        answer = await send(api, "GET", path, token=token)
        assert answer.status_code in (200, 422), f"{path}: {answer.text}"
        if answer.status_code == 422:
            assert_error(answer, 422, answer.json()["errors"][0]["code"])


def cursor(key: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode()


async def test_options_names_the_methods(api: Api) -> None:
    answer = await send(api, "OPTIONS", "/campaigns")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, OPTIONS, POST")


@pytest.mark.parametrize(
    "given, is_kept",
    [
        ("abc-DEF_1.2", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("with space", False),
        ("semi;colon", False),
        ("<script>", False),
    ],
)
async def test_a_request_id_is_echoed_when_it_is_one(api: Api, given: str, is_kept: bool) -> None:
    for path in ("/health", "/nowhere"):
        answer = await send(api, "GET", path, headers={"X-Request-ID": given})
        echoed = answer.headers["x-request-id"]
        assert (echoed == given) == is_kept
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", echoed)
        assert answer.json()["meta"]["request_id"] == echoed
        assert answer.headers.get_list("x-request-id") == [echoed]


async def test_every_answer_carries_the_security_headers(api: Api, mine: Party) -> None:
    token = mine.clients.admin.token
    for answer in (
        await send(api, "GET", "/health"),
        await send(api, "GET", "/nowhere"),
        await send(api, "GET", "/campaigns"),
        await send(api, "GET", "/campaigns", token=token),
        await send(api, "OPTIONS", "/campaigns"),
        await send(api, "GET", "/schema/openapi.json"),
        await send(api, "GET", f"/crawl/runs/{mine.rows.run_id}/events", token=token),
        await send(api, "GET", f"/crawl/runs/{mine.rows.run_id}/export?kind=pages", token=token),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in answer.headers


# Our own faults


SECRET = "the connection string of the database"


@get("/crash")
async def crash() -> None:
    raise LookupError(SECRET)


@get("/misconfigured")
async def misconfigured() -> None:
    raise InternalServerException(SECRET)


async def test_a_crash_tells_nothing(api: Api) -> None:
    """The same parts as create_app() puts together, around routes that fail."""
    app = Litestar(
        route_handlers=[crash, misconfigured],
        before_request=check_request,
        exception_handlers=api_module.EXCEPTION_HANDLERS,
        openapi_config=openapi_config(api.settings),
        logging_config=None,
    )
    metrics = Metrics(is_enabled=False)
    app.asgi_handler = RequestMiddleware(
        app.asgi_handler, metrics, api.settings.api_v1_prefix, is_traced=False
    )
    async with serve(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        for path in ("/crash", "/misconfigured"):
            answer = await http.get(path)
            assert_error(answer, 500, "internal_error")
            assert SECRET not in answer.text
            assert answer.headers["x-frame-options"] == "DENY"


async def test_without_postgresql_the_answer_is_503(api: Api, mine: Party) -> None:
    with closed_port() as port:
        dsn = f"postgresql+asyncpg://lsos:pw@127.0.0.1:{port}/lsos"
        settings = msgspec.structs.replace(api.settings, postgres_dsn=dsn)
        async with serve_api(settings, api.db) as away:
            for token, method, path, body in (
                (mine.clients.admin.token, "GET", "/campaigns", None),
                (mine.clients.admin.token, "POST", "/campaigns", b'{"name": "x"}'),
                ("lsk_" + "0" * 32 + "_x", "GET", "/campaigns", None),
                (None, "POST", "/auth/login", b'{"email": "a@b.example", "password": "x"}'),
            ):
                answer = await send(away, method, path, token=token, content=body, headers=JSON)
                assert_error(answer, 503, "unavailable")
                assert int(answer.headers["retry-after"]) > 0
            assert (await send(away, "GET", "/health")).status_code == 200
            assert (await send(away, "GET", "/health/readiness")).status_code == 503


async def test_a_client_that_hangs_up_harms_nobody(api: Api, mine: Party) -> None:
    host, port = api.base_url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {api.settings.api_v1_prefix}/campaigns HTTP/1.1\r\nHost: x\r\n"
    head += (
        f"Authorization: Bearer {mine.clients.admin.token}\r\nContent-Type: application/json\r\n"
    )
    writer.write(f'{head}Content-Length: 1000\r\n\r\n{{"name": "half'.encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await send(api, "GET", "/health")).status_code == 200


# The document


async def test_the_document_declares_each_operation(api: Api, operations: list[Operation]) -> None:
    document = (await send(api, "GET", "/schema/openapi.json")).json()
    assert document["openapi"].startswith("3.1.")
    ids = [operation.id for operation in operations]
    assert len(ids) == len(set(ids))
    for operation in operations:
        assert re.fullmatch(r"[a-z][A-Za-z]+", operation.id), f"{operation.id}: give it a name"
        assert operation.spec.get("tags"), operation.id
        responses = operation.spec["responses"]
        errors = {status: spec for status, spec in responses.items() if status >= "400"}
        assert {"500", "503"} <= errors.keys(), operation.id
        for status, spec in errors.items():
            assert list(schemas_of(spec)) == ["ErrorEnvelope"], f"{operation.id}: {status}"
        is_public = operation.id in ("logIn", "refreshTokens", "getHealth", "getReadiness")
        assert ("401" in errors) or is_public, operation.id
        if operation.body is not None:
            assert {"400", "413", "415", "422"} <= errors.keys(), operation.id
    named = set(schemas_of(document))
    assert named <= document["components"]["schemas"].keys()
