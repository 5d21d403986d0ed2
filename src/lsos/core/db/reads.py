"""Reads past SQLAlchemy: a statement of its Core, compiled once, and asyncpg's own rows.

A statement costs SQLAlchemy's session five to ten times what it costs the driver. These rows come
from the session's own transaction, so its role, tenant and campaigns hold for them.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import asyncpg
from opentelemetry import trace
from sqlalchemy import Select, TextClause
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from lsos.core.db.database import DRIVER
from lsos.core.observability.telemetry import sql_span

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]  # SQLAlchemy's


class Read:
    """A statement that is compiled when it is first used.

    Its parameters are `bindparam`s; values that it was written with stay part of it. Columns of
    type JSONB come as text.
    """

    def __init__(self, statement: Select[Any] | TextClause) -> None:
        self._statement = statement

    @cached_property
    def _compiled(self) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
        compiled = self._statement.compile(
            dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
        )
        return str(compiled), tuple(compiled.positiontup or ()), compiled.params

    async def rows(self, session: AsyncSession, **values: object) -> Sequence[Any]:
        """All rows, each with its columns by place and by name."""
        if session.in_transaction():
            await session.flush()  # as SQLAlchemy's own queries do
        sql, names, own = self._compiled
        arguments = [values[name] if name in values else own[name] for name in names]
        driver: asyncpg.Connection[asyncpg.Record] = session.info[DRIVER]
        if not trace.get_current_span().is_recording():
            return cast(Sequence[Any], await driver.fetch(sql, *arguments))
        with sql_span(sql):
            return cast(Sequence[Any], await driver.fetch(sql, *arguments))

    async def row(self, session: AsyncSession, **values: object) -> Any | None:
        """The first row; None without one."""
        found = await self.rows(session, **values)
        return found[0] if found else None
