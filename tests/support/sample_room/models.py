"""The table of notes."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped

from lsos.core.db.model import Base, TenantRow


class SampleBase(DeclarativeBase):
    """Apart from the metadata of LSOS, to which tests of migrations compare a schema."""

    metadata = MetaData()
    type_annotation_map: ClassVar = Base.type_annotation_map


class Note(TenantRow, SampleBase):
    __tablename__ = "notes"

    campaign_id: Mapped[UUID]
    text: Mapped[str]
