"""Lists in pages: a sort key, a cursor that names the last row, and one row more than asked for."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, bindparam, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import operators

from lsos.core.db.reads import Read
from lsos.core.http.schema import Page, decode_key, encode_cursor

Key = Sequence[Any]
"""Columns that order a list and tell its rows apart, each as it is or as `column.desc()`."""


class _Order:
    """What a key means for a query."""

    def __init__(self, key: Key) -> None:
        self.clauses = list(key)
        self.is_descending = [
            isinstance(c, UnaryExpression) and c.modifier is operators.desc_op for c in key
        ]
        self.columns: list[ColumnElement[Any]] = [
            c.element if down else c for c, down in zip(key, self.is_descending, strict=True)
        ]
        kinds = tuple(c.type.python_type for c in self.columns)
        self.kind: Any = tuple[kinds]  # type: ignore[valid-type]  # for msgspec to read

    def values_of(self, cursor: str | None) -> Sequence[Any] | None:
        return None if cursor is None else cast(Sequence[Any], decode_key(cursor, self.kind))

    def after(self, values: Sequence[Any]) -> ColumnElement[bool]:
        """Holds for the rows that follow the one with these values."""
        if len(set(self.is_descending)) == 1:
            mine, last = tuple_(*self.columns), tuple_(*values)
            return mine < last if self.is_descending[0] else mine > last
        ways = []
        for place, (column, value) in enumerate(zip(self.columns, values, strict=True)):
            further = column < value if self.is_descending[place] else column > value
            same = [c == v for c, v in zip(self.columns[:place], values, strict=False)]
            ways.append(and_(*same, further))
        return or_(*ways)


async def paginate(
    session: AsyncSession, query: Select[*tuple[Any, ...]], key: Key, cursor: str | None, limit: int
) -> Page[Any]:
    """A page of `query`, which has no order of its own.

    Its items are entities when the query selects one entity or column, else rows. Invalid when the
    cursor is not one that the list gave out.
    """
    order = _Order(key)
    if (last := order.values_of(cursor)) is not None:
        query = query.where(order.after(last))
    is_single = len(query.column_descriptions) == 1
    named = [column.label(f"key_{place}") for place, column in enumerate(order.columns)]
    query = query.add_columns(*named).order_by(*order.clauses).limit(limit + 1)
    rows = (await session.execute(query)).all()
    items = [row[0] for row in rows[:limit]] if is_single else list(rows[:limit])
    is_more = len(rows) > limit
    next_cursor = encode_cursor(*rows[limit - 1][-len(named) :]) if is_more else None
    return Page(items=items, next_cursor=next_cursor, limit=limit)


class HotList:
    """A list that is read often: compiled once for each set of its filters, without entities.

    `query` has no order of its own and selects the key's columns; `filters` are conditions by
    name, each with a `bindparam` of that name.
    """

    def __init__(
        self,
        query: Select[*tuple[Any, ...]],
        key: Key,
        filters: Mapping[str, ColumnElement[bool]] | None = None,
    ) -> None:
        self._query = query
        self._order = _Order(key)
        self._filters = filters or {}
        self._reads: dict[frozenset[str], Read] = {}

    async def page(
        self, session: AsyncSession, cursor: str | None, limit: int, **wanted: object
    ) -> Page[Any]:
        """Rows that meet each filter that is not None; Invalid for a cursor of another list."""
        values = {name: value for name, value in wanted.items() if value is not None}
        if (last := self._order.values_of(cursor)) is not None:
            values |= {f"after_{place}": value for place, value in enumerate(last)}
        shape = frozenset(values)
        read = self._reads.get(shape)
        if read is None:
            read = self._reads[shape] = self._read(shape)
        rows = await read.rows(session, rows_wanted=limit + 1, **values)
        next_cursor = None
        if len(rows) > limit:
            next_cursor = encode_cursor(*[rows[limit - 1][c.key] for c in self._order.columns])
        return Page(items=rows[:limit], next_cursor=next_cursor, limit=limit)

    def _read(self, shape: frozenset[str]) -> Read:
        order = self._order
        query = self._query.order_by(*order.clauses).limit(bindparam("rows_wanted"))
        for name, condition in self._filters.items():
            if name in shape:
                query = query.where(condition)
        if "after_0" in shape:
            last = [bindparam(f"after_{n}", type_=c.type) for n, c in enumerate(order.columns)]
            query = query.where(order.after(last))
        return Read(query)
