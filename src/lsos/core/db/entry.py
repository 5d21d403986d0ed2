"""The first message of a transaction: BEGIN, role, tenant, and the check of the caller.

The message is a simple query with several statements. PostgreSQL analyses each one only after it
has run the previous one, so only `set_config` ever runs in the login role.
"""

import re
from typing import Any, ClassVar, Protocol
from uuid import UUID

import asyncpg
import msgspec

_CAMPAIGNS = re.compile(r"(\{[0-9a-fA-F,-]*\})?")
_ROLE = re.compile(r"[a-z_]+")
ADMITTED = "SELECT 1"
"""Command status of an admission that found its caller."""


class Admission(Protocol):
    """One prepared statement, which returns a row if the caller is admitted."""

    name: ClassVar[str]
    """Name of the prepared statement, which each connection prepares once."""
    statement: ClassVar[str]
    """SQL with $1, $2, ... and their types cast."""

    def arguments(self) -> tuple[UUID | str | None, ...]: ...


class Entry(msgspec.Struct, frozen=True):
    """What a transaction is restricted to: a role, a tenant, a viewer's campaigns."""

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
    """A transaction begun with its entry message; ended by SQLAlchemy or by its opener."""

    def __init__(self, connection: "Connection", opening: str) -> None:
        self._connection = connection
        self._opening = opening
        self.is_begun = False
        self.is_over = False

    async def start(self) -> None:
        """Begin, unless already begun."""
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
    """asyncpg's connection; while a session holds it, each transaction begins with its entry."""

    _opening: str | None = None
    _begun: Transaction | None = None

    async def enter(self, entry: Entry, admission: Admission | None = None) -> Transaction | None:
        """Begin a transaction in one message; returns None, with none open, if not admitted."""
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
        """Forget the entry: the next user of the connection sets another one."""
        self._opening = self._begun = None

    def transaction(self, **options: Any) -> Any:
        """The transaction object that SQLAlchemy starts."""
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
