"""Fast reads: SQLAlchemy Core statements, compiled once, executed by asyncpg directly.

A statement costs five to ten times more through SQLAlchemy's session than through the driver. The
rows come from the session's transaction, so its role, tenant and campaigns apply.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property
from typing import Any, cast

import asyncpg
from opentelemetry import trace
from sqlalchemy import ColumnElement, Select, TextClause
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.model import Base
from lsos.core.db.session import Session
from lsos.core.observability.telemetry import sql_span

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # SQLAlchemy's


def columns_of(entity: type[Base], *but: str) -> list[ColumnElement[Any]]:
    """The columns of an entity's table, for reading without the entity."""
    return [column for column in entity.__table__.columns if column.key not in but]


class Row(asyncpg.Record):  # type: ignore[misc]  # asyncpg has no types
    """A row whose columns are also attributes, like an entity's."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Read:
    """A statement that is compiled on first use.

    Its parameters are `bindparam`s; literal values stay part of it.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | TextClause) -> None:
        self._statement = statement

    @cached_property
    def _compiled(self) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
        compiled = self._statement.compile(
            dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
        )
        return str(compiled), tuple(compiled.positiontup or ()), compiled.params

    async def rows(self, session: AsyncSession, **values: object) -> Sequence[Any]:
        """All rows, with columns by position and by name."""
        held = cast(Session, session)
        if held.is_used:
            await held.flush()  # like SQLAlchemy's own queries
        sql, names, own = self._compiled
        arguments = [values[name] if name in values else own[name] for name in names]
        is_traced = trace.get_current_span().is_recording()
        with sql_span(sql) if is_traced else nullcontext():
            found: Sequence[Any] = await held.driver.fetch(sql, *arguments, record_class=Row)
        return found

    async def row(self, session: AsyncSession, **values: object) -> Any | None:
        """The first row; None if there is none."""
        found = await self.rows(session, **values)
        return found[0] if found else None
