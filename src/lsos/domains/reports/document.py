"""A report as blocks of text, tables and charts, which the renderers turn into HTML and PDF."""

from datetime import datetime
from typing import Literal

import msgspec

Tone = Literal["", "good", "warn", "bad", "muted"]
Align = Literal["start", "end"]


class Text(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    text: str
    style: Literal["body", "lead", "note"] = "body"


class Subhead(msgspec.Struct, frozen=True, kw_only=True, tag="subhead"):
    text: str


class Bullets(msgspec.Struct, frozen=True, kw_only=True, tag="bullets"):
    items: list[str]


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    value: str
    detail: str = ""
    tone: Tone = ""


class Tiles(msgspec.Struct, frozen=True, kw_only=True, tag="tiles"):
    items: list[Tile]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    align: Align = "start"
    width: float = 1.0
    """Share of the table's width in print, relative to the other columns."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    tone: Tone = ""
    detail: str = ""
    """A second, quieter line."""


class Table(msgspec.Struct, frozen=True, kw_only=True, tag="table"):
    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    """The first cell of a row is its heading."""
    cut: str = ""
    """How many rows were left out; "": none."""


class Chart(msgspec.Struct, frozen=True, kw_only=True, tag="chart"):
    """A picture and the same as words."""

    title: str
    description: str
    svg: str
    height: float
    """Of a picture 640 wide."""


class Advice(msgspec.Struct, frozen=True, kw_only=True, tag="advice"):
    """One recommendation."""

    number: int
    title: str
    meta: list[str]
    text: str
    sample: list[str]
    sample_cut: str = ""


Block = Text | Subhead | Bullets | Tiles | Table | Chart | Advice


class Section(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    origin: str
    """When and by whom it was measured."""
    is_synthetic: bool
    blocks: list[Block]


class Theme(msgspec.Struct, frozen=True, kw_only=True):
    """Colours that can be read, whatever the brand's are (WCAG 2.2: 1.4.3 and 1.4.11)."""

    cover: str
    on_cover: str
    ink: str
    """Text and headings on white."""
    tint: str
    """Ground of table heads; dark text stands on it."""
    mark: str
    """Bars and lines on white."""
    accent: str
    """The second mark."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    subtitle: str
    agency: str
    sender: str
    footer: str
    logo: str
    language: str
    date: str
    about: list[tuple[str, str]]
    """Facts of the cover: label, text."""
    labels: dict[str, str]
    """Texts of the renderers themselves, in the report's language."""
    notice: str
    """Set when any figure is synthetic: shown on every page that holds one."""
    theme: Theme
    sections: list[Section]
    generated_at: datetime
    snapshot: str
    """Hash of the inputs."""
