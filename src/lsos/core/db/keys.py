"""Constraints of tables: keys that include the tenant, and columns with listed values."""

from typing import Any, get_args

from sqlalchemy import CheckConstraint, ForeignKeyConstraint


def tenant_foreign_key(column: str, table: str) -> ForeignKeyConstraint:
    """(tenant_id, column) -> table (tenant_id, id), deleting rows along with their parent.

    Foreign keys bypass row-level security, so they always include the tenant.
    """
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete="CASCADE"
    )


def one_of(column: str, values: Any) -> CheckConstraint:
    """The column holds a value of this Literal, which is the only list of them."""
    listed = ", ".join(f"'{value}'" for value in get_args(values))
    return CheckConstraint(f"{column} in ({listed})", name=column)
