"""Composite foreign keys: they bypass row-level security, so they always carry the tenant."""

from sqlalchemy import ForeignKeyConstraint


def tenant_foreign_key(column: str, table: str) -> ForeignKeyConstraint:
    """(tenant_id, column) -> table (tenant_id, id); rows go when what they belong to goes."""
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete="CASCADE"
    )
