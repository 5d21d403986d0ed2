"""The first message of a transaction: BEGIN, the role, the tenant, and whether the caller may in.

The message is a simple query of several statements. PostgreSQL analyses each one only after it
has run the one before, so nothing but `set_config` ever runs in the role that logged in.
"""

import re
from typing import Any, ClassVar, Protocol
from uuid import UUID

import asyncpg
import msgspec

_CAMPAIGNS = re.compile(r"(\{[0-9a-fA-F,-]*\})?")
_ROLE = re.compile(r"[a-z_]+")
ADMITTED = "SELECT 1"
"""Status of an admission that found its caller."""


class Admission(Protocol):
    """One prepared statement: a row when the caller may in."""

    name: ClassVar[str]
    """Of the prepared statement, which each connection makes once."""
    statement: ClassVar[str]
    """SQL with $1, $2, ... and their types cast."""

    def arguments(self) -> tuple[UUID | str | None, ...]: ...


class Entry(msgspec.Struct, frozen=True):
    """What a transaction drops to: a role, a tenant, a viewer's campaigns."""

    role: str
    tenant: UUID | None
    campaigns: str = ""

    def sql(self) -> str:
        if not _ROLE.fullmatch(self.role) or not _CAMPAIGNS.fullmatch(self.campaigns):
            raise ValueError("neither a role nor a list of campaigns may hold SQL")
        return (
            f"begin; select set_config('role', '{self.role}', true),"
            f" set_config('app.tenant_id', '{self.tenant or ''}', true),"
            f" set_config('app.campaign_ids', '{self.campaigns}', true)"
        )


class Transaction:
    """A transaction that has begun with its entry; SQLAlchemy ends it, or whoever began it."""

    def __init__(self, connection: "Connection", opening: str) -> None:
        self._connection = connection
        self._opening = opening
        self.is_begun = False
        self.is_over = False

    async def start(self) -> None:
        """Begin, unless that is done."""
        if not self.is_begun:
            await self._connection.execute(self._opening)
            self.is_begun = True

    async def commit(self) -> None:
        self.is_over = True
        await self._connection.execute("commit")

    async def rollback(self) -> None:
        self.is_over = True
        await self._connection.execute("rollback")


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """asyncpg's connection; while a session holds it, every transaction begins with its entry."""

    _opening: str | None = None
    _begun: Transaction | None = None

    async def enter(self, entry: Entry, admission: Admission | None = None) -> Transaction | None:
        """Begin a transaction in one message; None, and none is open, when nobody is admitted."""
        self._opening = opening = entry.sql()
        begun = self._begun = Transaction(self, opening)
        if admission is None:
            await begun.start()
            return begun
        status = await self._execute_admission(opening, admission)
        begun.is_begun = True
        if status == ADMITTED:
            return begun
        self._begun = None
        await begun.rollback()
        return None

    async def _execute_admission(self, opening: str, admission: Admission) -> str:
        asked = f"execute {admission.name}({', '.join(map(_literal, admission.arguments()))})"
        try:
            return str(await self.execute(f"{opening}; {asked}"))
        except asyncpg.InvalidSQLStatementNameError:
            await self.execute("rollback")
        made = f"prepare {admission.name} as {admission.statement}"
        return str(await self.execute(f"{opening}; {made}; {asked}"))

    def leave(self) -> None:
        """Forget the entry: whoever takes the connection next brings another one."""
        self._opening = self._begun = None

    def transaction(self, **options: Any) -> Any:
        """What SQLAlchemy begins a transaction with."""
        if self._opening is None:
            return super().transaction(**options)
        begun, self._begun = self._begun, None
        if begun is None or begun.is_over:
            begun = Transaction(self, self._opening)
        return begun


def _literal(value: UUID | str | None) -> str:
    if value is None:
        return "null"
    text = str(value)
    if not re.fullmatch(r"[\w-]+", text, re.ASCII):
        raise ValueError("an admission's arguments are ids and names")
    return f"'{text}'"
