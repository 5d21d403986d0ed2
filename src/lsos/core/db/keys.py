"""Composite foreign keys. They bypass row-level security, so they always include the tenant."""

from sqlalchemy import ForeignKeyConstraint


def tenant_foreign_key(column: str, table: str) -> ForeignKeyConstraint:
    """(tenant_id, column) -> table (tenant_id, id), deleting rows along with their parent."""
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete="CASCADE"
    )
