"""Tokens: whatever is not exactly ours is refused, in one way, without a trace."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.clock import new_id, now
from lsos.core.errors import Unauthenticated
from lsos.domains.auth import tokens

CASES = json.loads((Path(__file__).parents[1] / "data" / "jwt_cases.json").read_text())
EXCEPTIONS = {
    "wycheproof-jws-367": "its padding is not in the vector: what stands there is well formed",
    "wycheproof-jws-372": "RFC 7515 section 2 knows no ? in base64url: we refuse what it accepts",
}
SECRET = "a test secret of more than 32 characters"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def claims(**changes: Any) -> dict[str, Any]:
    at = int(now().timestamp())
    return {
        "iss": "lsos",
        "aud": "lsos-api",
        "sub": str(new_id()),
        "tid": str(new_id()),
        "role": "analyst",
        "sid": str(new_id()),
        "jti": str(new_id()),
        "iat": at,
        "exp": at + 900,
        **changes,
    }


def signed(body: dict[str, Any], **options: Any) -> str:
    return jwt.encode(body, SECRET, algorithm="HS256", **options)


def is_accepted(token: str, *, refresh: bool = False, secret: str = SECRET) -> bool:
    try:
        tokens.verify(secret, token, refresh=refresh)
    except Unauthenticated:
        return False
    return True


@pytest.mark.parametrize("case", CASES["wycheproof"], ids=lambda case: case["id"])
def test_wycheproof(case: dict[str, Any]) -> None:
    """HS256 signatures as its vectors say; RS256 and ES256 never, whoever signed them."""
    token = case["token"]
    assert not is_accepted(token), "no vector has our claims"
    if case["alg_expected"] != "HS256":
        return
    key = base64.urlsafe_b64decode(case["key"]["k"] + "==")
    is_signed = tokens.is_well_formed(token)
    if is_signed:
        try:
            jwt.PyJWS().decode(token, key, algorithms=["HS256"])
        except jwt.PyJWTError:
            is_signed = False
    is_as_told = is_signed == (case["expected"] == "accept")
    assert is_as_told == (case["id"] not in EXCEPTIONS), case["comment"]


@pytest.mark.parametrize("case", CASES["rfc"], ids=lambda case: case["id"])
def test_examples_of_the_rfc_are_no_tokens_of_ours(case: dict[str, Any]) -> None:
    key = case["key"]
    secret = base64.urlsafe_b64decode(key["k"] + "==") if key else b"x" * 32
    with pytest.raises(Unauthenticated):
        tokens.verify(secret, case["token"], refresh=False)  # type: ignore[arg-type]  # its key is no text


def test_what_is_issued_is_accepted_for_its_own_use_only() -> None:
    made = tokens.claims_of(
        user_id=new_id(),
        tenant_id=new_id(),
        role="analyst",
        session_id=new_id(),
        jti=new_id(),
        at=now(),
        ttl_s=60,
    )
    for refresh in (False, True):
        token = tokens.issue(SECRET, made, refresh=refresh)
        assert tokens.verify(SECRET, token, refresh=refresh) == made
        assert not is_accepted(token, refresh=not refresh)
        assert not is_accepted(token, refresh=refresh, secret=SECRET + "x")


def _tampered() -> dict[str, str]:
    """Spellings of a valid token that must not pass for it."""
    token = signed(claims())
    head, body, signature = token.split(".")
    flipped = bytearray(base64.urlsafe_b64decode(signature + "=="))
    flipped[0] ^= 1
    promoted = b64(json.dumps(claims(role="platform_admin")).encode())
    loose = signature[:-1] + chr(ord(signature[-1]) + 1)
    return {
        "no signature": f"{head}.{body}.",
        "no last dot": f"{head}.{body}",
        "cut": token[:-1],
        "flipped bit": f"{head}.{body}.{b64(bytes(flipped))}",
        "longer": token + "A",
        "much longer": token + "AAAA",
        "padded signature": token + "=",
        "padded body": f"{head}.{body}==.{signature}",
        "loose last bits": f"{head}.{body}.{loose}",
        "fourth part": token + ".AAAA",
        "space": token + " ",
        "newline": token + "\n",
        "inner newline": f"{head}.{body}.\n{signature}",
        "plus and slash": token.replace("-", "+").replace("_", "/") + "+",
        "other claims": f"{head}.{promoted}.{signature}",
        "swapped parts": f"{body}.{head}.{signature}",
        "a megabyte": token + "A" * 1_000_000,
        "nested": signed_raw(b'{"alg":"HS256"}', b"[" * 1_500 + b"]" * 1_500),
        "nested header": signed_raw(b"[" * 1_400 + b"]" * 1_400, b"{}"),
        "list": signed_raw(b'{"alg":"HS256"}', b"[]"),
        "no JSON": signed_raw(b'{"alg":"HS256"}', b"\xff\xfe"),
        "header is no object": signed_raw(b'"HS256"', json.dumps(claims()).encode()),
        "empty": "",
        "dots": "..",
    }


def signed_raw(head: bytes, body: bytes) -> str:
    """Signed with our key, but whatever bytes."""
    text = f"{b64(head)}.{b64(body)}"
    algorithm = jwt.get_algorithm_by_name("HS256")
    key = algorithm.prepare_key(SECRET)
    return f"{text}.{b64(algorithm.sign(text.encode(), key))}"


@pytest.mark.parametrize("name", _tampered())
def test_another_spelling_is_refused(name: str) -> None:
    assert not is_accepted(_tampered()[name])


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "HS384", "HS512", "RS256", "", 1])
@pytest.mark.parametrize("ending", [".", "", "keep"])
def test_the_header_does_not_choose_the_algorithm(alg: object, ending: str) -> None:
    _, body, signature = signed(claims()).split(".")
    head = b64(json.dumps({"alg": alg, "typ": "JWT"}).encode())
    token = f"{head}.{body}" + (f".{signature}" if ending == "keep" else ending)
    assert not is_accepted(token)


def test_other_keys_and_hashes_do_not_open() -> None:
    for key in ("secret", "changeme", "password", "JWT_SECRET", "\0", SECRET.upper()):
        assert not is_accepted(jwt.encode(claims(), key.ljust(32), algorithm="HS256"))
    for algorithm in ("HS384", "HS512"):
        key = SECRET.ljust(64)
        assert not is_accepted(jwt.encode(claims(), key, algorithm=algorithm), secret=key)


# Fixed, since a row's name must be the same in every process that collects it.
YEAR_2100 = 4_102_444_800


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"iss": None},
        {"iss": ["lsos"]},
        {"aud": "other"},
        {"aud": ["lsos-api"]},
        {"aud": ["other", "lsos-api"]},
        {"aud": "lsos-refresh"},
        {"aud": "lsos-password-reset"},
        {"aud": None},
        {"aud": "lsos-api "},
        {"exp": 1_300_819_380},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e400},
        {"exp": -1},
        {"exp": [1]},
        {"iat": YEAR_2100},
        {"nbf": YEAR_2100},
        {"iat": "then"},
        {"iat": None},
        {"sub": 1},
        {"sub": "admin"},
        {"sub": None},
        {"tid": "' or 1=1 --"},
        {"tid": ""},
        {"sid": "x"},
        {"jti": 5},
        {"role": 7},
        {"role": None},
    ],
    ids=str,
)
def test_claims_that_we_never_issue_are_refused(changes: dict[str, Any]) -> None:
    body = json.dumps(claims(**changes)).encode()
    assert not is_accepted(signed_raw(b'{"alg":"HS256","typ":"JWT"}', body))


@pytest.mark.parametrize("name", sorted(claims()))
def test_no_claim_may_be_missing(name: str) -> None:
    body = claims()
    del body[name]
    assert not is_accepted(signed(body))


def test_headers_that_name_keys_are_not_followed() -> None:
    """Such a header changes nothing: the key is ours, and nothing is fetched."""
    for header in (
        {"kid": "../../dev/null"},
        {"kid": "x' union select 'k"},
        {"jku": "http://169.254.169.254/keys"},
        {"x5u": "https://attacker.example/cert"},
        {"jwk": {"kty": "oct", "k": b64(b"attacker's key of 32 characters.")}},
    ):
        forged = jwt.encode(
            claims(), "attacker's key of 32 characters.", algorithm="HS256", headers=header
        )
        assert not is_accepted(forged)


def test_an_unknown_critical_header_is_refused() -> None:
    """RFC 7515 section 4.1.11."""
    assert not is_accepted(signed(claims(), headers={"crit": ["exp2"], "exp2": 1}))
    assert not is_accepted(signed(claims(), headers={"crit": "exp"}))


def test_of_duplicate_claims_none_is_chosen_by_the_attacker() -> None:
    """They need our signature; even then the last one alone counts."""
    body = claims()
    doubled = json.dumps(body)[:-1] + ', "role": "client_viewer"}'
    found = tokens.verify(SECRET, signed_raw(b'{"alg":"HS256"}', doubled.encode()), refresh=False)
    assert found.role == "client_viewer"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(claims())), JSON, max_size=4))
def test_odd_claims_raise_nothing_else(changes: dict[str, Any]) -> None:
    body = json.dumps(claims(**changes)).encode()
    is_accepted(signed_raw(b'{"alg":"HS256"}', body))


@given(text=st.text(max_size=300))
def test_any_text_is_refused_calmly(text: str) -> None:
    assert not is_accepted(text)
    assert not is_accepted(f"{text}.{text}.{text}", refresh=True)


@given(head=st.binary(max_size=60), body=st.binary(max_size=60))
def test_any_signed_bytes_are_refused_calmly(head: bytes, body: bytes) -> None:
    assert not is_accepted(signed_raw(head, body))


def test_a_token_that_was_right_expires_all_the_same() -> None:
    """Its signature is remembered, its age is not."""
    body = claims(exp=int(now().timestamp()) + 900)
    token = jwt.encode(body, SECRET, algorithm="HS256")
    assert tokens.verify(SECRET, token, refresh=False).sub == UUID(body["sub"])
    ends = datetime.fromtimestamp(body["exp"], UTC)
    assert tokens.verify(SECRET, token, refresh=False, at=ends - timedelta(seconds=1))
    with pytest.raises(Unauthenticated) as refused:
        tokens.verify(SECRET, token, refresh=False, at=ends)
    assert refused.value.code == "token_expired"
    with pytest.raises(Unauthenticated):
        tokens.verify("another secret of more than 32 characters", token, refresh=False)
    with pytest.raises(Unauthenticated):
        tokens.verify(SECRET, token, refresh=True)
