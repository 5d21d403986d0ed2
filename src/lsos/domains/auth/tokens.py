"""Access and refresh tokens: JWT with one pinned algorithm and an audience for each use."""

import base64
import re
from datetime import datetime
from functools import lru_cache
from uuid import UUID

import jwt
import msgspec

from lsos.core.clock import now
from lsos.core.errors import Unauthenticated
from lsos.domains.auth.rules import ACCESS_AUDIENCE, ALGORITHM, ISSUER, REFRESH_AUDIENCE

MAX_CHARS = 4_096
MAX_KNOWN = 2_048
"""Tokens whose signature a process remembers to be right; wrong ones are not remembered."""
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_REQUIRED = ["iss", "aud", "sub", "tid", "role", "sid", "jti", "iat", "exp"]


class Claims(msgspec.Struct, frozen=True):
    """`sid` is the session (refresh family), `jti` of a refresh token its row."""

    sub: UUID
    tid: UUID
    role: str
    sid: UUID
    jti: UUID
    iat: int
    exp: int


def issue(secret: str, claims: Claims, *, refresh: bool) -> str:
    body = {
        "iss": ISSUER,
        "aud": REFRESH_AUDIENCE if refresh else ACCESS_AUDIENCE,
        **{
            k: str(v) if isinstance(v, UUID) else v
            for k, v in msgspec.structs.asdict(claims).items()
        },
    }
    return jwt.encode(body, secret, algorithm=ALGORITHM)


def claims_of(
    *,
    user_id: UUID,
    tenant_id: UUID,
    role: str,
    session_id: UUID,
    jti: UUID,
    at: datetime,
    ttl_s: int,
) -> Claims:
    issued = int(at.timestamp())
    return Claims(
        sub=user_id,
        tid=tenant_id,
        role=role,
        sid=session_id,
        jti=jti,
        iat=issued,
        exp=issued + ttl_s,
    )


def verify(secret: str, token: str, *, refresh: bool, at: datetime | None = None) -> Claims:
    """The claims of a token valid at `at` (now); else Unauthenticated, saying no more than why."""
    claims = _signed(secret, token, refresh)
    if claims.exp <= (at or now()).timestamp():
        raise Unauthenticated("this token has expired", code="token_expired")
    return claims


@lru_cache(maxsize=MAX_KNOWN)
def _signed(secret: str, token: str, refresh: bool) -> Claims:
    """A token comes with every request, and its signature never changes; its age does."""
    if not is_well_formed(token):
        raise Unauthenticated("this is no token of ours", code="token_invalid")
    try:
        body = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=REFRESH_AUDIENCE if refresh else ACCESS_AUDIENCE,
            issuer=ISSUER,
            options={"require": _REQUIRED, "strict_aud": True},
        )
        return msgspec.convert(body, Claims)
    except jwt.ExpiredSignatureError as error:
        raise Unauthenticated("this token has expired", code="token_expired") from error
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError, RecursionError) as error:
        raise Unauthenticated("this is no token of ours", code="token_invalid") from error


def is_well_formed(token: str) -> bool:
    """Compact and canonical: one token has one spelling.

    RFC 7515 section 2: base64url without padding. PyJWT also takes padding and loose last bits,
    so each part is compared with its own re-encoding.
    """
    if len(token) > MAX_CHARS or not _COMPACT.fullmatch(token):
        return False
    for part in token.split("."):
        if len(part) % 4 == 1:
            return False
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        if base64.urlsafe_b64encode(raw).decode().rstrip("=") != part:
            return False
    return True
