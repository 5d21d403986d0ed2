"""Idempotency-Key: the same key and body give the stored answer and one effect.

The key is taken in the transaction of the effect, so the effect never happens twice; the answer
is stored after it. A crash between the two leaves a key without an answer, which says so.
"""

import hashlib
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import UniqueConstraint, text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from lsos.core.db.database import Database
from lsos.core.db.model import Base, TenantRow
from lsos.core.errors import Conflict, Invalid

MAX_KEY_CHARS = 200
NOT_KEPT = 0
"""Status of a key whose answer showed a secret."""
STORING_S = 60
"""Until then an answer may still be on its way to its key; later it was lost in a crash."""


class IdempotencyKey(TenantRow, Base):
    """One key of one route and caller; `status` and `body` are null until the answer is stored."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("tenant_id", "fingerprint"),)

    fingerprint: Mapped[bytes] = mapped_column(BYTEA)
    body_hash: Mapped[bytes] = mapped_column(BYTEA)
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(BYTEA)
    location: Mapped[str | None]


class Stored(NamedTuple):
    status: int
    body: bytes
    location: str | None


class Replay(Exception):
    """Ends a request early with the answer that its first one got."""

    def __init__(self, stored: Stored) -> None:
        super().__init__("replayed")
        self.stored = stored


def fingerprint(tenant_id: UUID, user_id: UUID, route: str, key: str) -> bytes:
    if not key.isprintable() or not 1 <= len(key) <= MAX_KEY_CHARS:
        raise Invalid("needs 1 to 200 printable characters", field="Idempotency-Key")
    return hashlib.sha256(f"{tenant_id}\0{user_id}\0{route}\0{key}".encode()).digest()


async def take(
    session: AsyncSession, tenant_id: UUID, print_: bytes, body: bytes, *, is_kept: bool
) -> None:
    """Take the key in this transaction; raises Replay, Conflict (still running) or Invalid."""
    lock = int.from_bytes(print_[:8], "big", signed=True)
    if not await session.scalar(text("select pg_try_advisory_xact_lock(:lock)"), {"lock": lock}):
        raise _in_use()
    digest = hashlib.sha256(body).digest()
    row = (
        await session.execute(
            text(
                "select body_hash, status, body, location,"
                " created_at > now() - make_interval(secs => :storing) as is_fresh"
                " from idempotency_keys"
                " where fingerprint = :print and created_at > now() - interval '24 hours'"
            ),
            {"print": print_, "storing": STORING_S},
        )
    ).one_or_none()
    if row is None:
        await session.execute(
            text("delete from idempotency_keys where fingerprint = :print"), {"print": print_}
        )
        status = None if is_kept else NOT_KEPT
        session.add(
            IdempotencyKey(tenant_id=tenant_id, fingerprint=print_, body_hash=digest, status=status)
        )
        await session.flush()
        return
    if row.body_hash != digest:
        raise Invalid(
            "this key was used with another body", field="Idempotency-Key", code="key_reused"
        )
    if row.status is None and row.is_fresh:
        raise _in_use()
    if row.status is None or row.status == NOT_KEPT:
        raise Conflict(
            "the first request took effect, but its answer is not kept; read the resource instead",
            code="answer_lost",
        )
    raise Replay(Stored(row.status, row.body, row.location))


def _in_use() -> Conflict:
    return Conflict("the first request with this key is still running", code="key_in_use")


async def keep_answer(db: Database, tenant_id: UUID, print_: bytes, stored: Stored) -> None:
    """Store the answer of a request that has committed."""
    async with db.tenant_session(tenant_id) as session:
        await session.execute(
            text(
                "update idempotency_keys set status = :status, body = :body, location = :location"
                " where fingerprint = :print"
            ),
            {"print": print_, **stored._asdict()},
        )
