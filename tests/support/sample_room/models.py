"""The table of notes."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped

from lsos.core.db.database import Database
from lsos.core.db.model import Base, TenantRow

TABLE = """
    create table notes (
        tenant_id uuid not null, id uuid not null, created_at timestamptz not null default now(),
        campaign_id uuid not null, text text not null, primary key (tenant_id, id)
    );
    alter table notes enable row level security;
    create policy app on notes to lsos_app
        using (tenant_id = current_setting('app.tenant_id', true)::uuid);
    grant select, insert on notes to lsos_app
"""
"""What its migration would do."""


class SampleBase(DeclarativeBase):
    """Apart from the metadata of LSOS, to which tests of migrations compare a schema."""

    metadata = MetaData()
    type_annotation_map: ClassVar = Base.type_annotation_map


class Note(TenantRow, SampleBase):
    __tablename__ = "notes"

    campaign_id: Mapped[UUID]
    text: Mapped[str]


async def make_table(db: Database) -> None:
    async with db.engine.begin() as connection:
        for statement in TABLE.split(";"):
            await connection.execute(text(statement))
