"""What migrations are written in: tables of a tenant, their columns, keys and policies."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.policies import protect

Kind = sa.types.TypeEngine[Any]

ID = sa.Uuid()
TEXT = sa.String()
LONG_TEXT = sa.Text()
TIME = sa.DateTime(timezone=True)
DAY = sa.Date()
FLAG = sa.Boolean()
NUMBER = sa.Integer()
SMALL = sa.SmallInteger()
BIG = sa.BigInteger()
REAL: Kind = sa.Double()
BYTES = sa.LargeBinary()
JSON = JSONB()

Item = sa.Column[Any] | sa.Constraint


def begin() -> None:
    """A migration that would wait for a lock fails instead, so that it holds up nobody."""
    op.execute("set local lock_timeout = '5s'")


def table(name: str, *items: Item) -> None:
    op.create_table(name, *items)


def tenant_table(
    name: str,
    *items: Item,
    key: Sequence[str] = ("id",),
    viewed_by: str | None = None,
    app_may: str = "select, insert, update, delete",
) -> None:
    """A table of tenants under row-level security; its primary key begins with the tenant.

    With the key ("id",) it has the usual columns `id` and `created_at`. `viewed_by` is the column
    with the campaign that client viewers are bound to.
    """
    usual = [required("id", ID), created_at()] if tuple(key) == ("id",) else []
    primary = sa.PrimaryKeyConstraint("tenant_id", *key)
    op.create_table(name, required("tenant_id", ID), *usual, *items, primary)
    protect(name, campaign=viewed_by, app_may=app_may)


def drop(*tables: str) -> None:
    """In the order of the names, so those that refer to others come first."""
    for name in tables:
        op.drop_table(name)


def required(name: str, kind: Kind) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def optional(name: str, kind: Kind) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def created_at(name: str = "created_at") -> sa.Column[Any]:
    return sa.Column(name, TIME, server_default=sa.func.now(), nullable=False)


def belongs_to(table: str, column: str) -> sa.ForeignKeyConstraint:
    """Foreign keys bypass row-level security, so they carry the tenant; rows go with their owner."""
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete="CASCADE"
    )


def of_tenant() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], ondelete="CASCADE")


def refers_to(table: str, column: str) -> sa.ForeignKeyConstraint:
    """A row of the platform that must stay as long as it is referred to."""
    return sa.ForeignKeyConstraint([column], [f"{table}.id"])


def unique(*columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns)


def check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name)


def index(
    name: str, table: str, *columns: str, is_unique: bool = False, where: str | None = None
) -> None:
    """`where` makes it partial. Columns may be expressions."""
    op.create_index(
        name,
        table,
        [sa.text(column) if "(" in column else column for column in columns],
        unique=is_unique,
        postgresql_where=None if where is None else sa.text(where),
    )
