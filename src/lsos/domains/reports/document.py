"""A report as blocks of text, tables and charts, which the renderers turn into HTML and PDF."""

from datetime import datetime
from typing import Literal

import msgspec

Tone = Literal["", "good", "warn", "bad", "muted"]
Align = Literal["start", "end"]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what a document is made of; all texts are plain."""


class Text(Piece, tag="text"):
    text: str
    style: Literal["body", "lead", "note"] = "body"


class Subhead(Piece, tag="subhead"):
    text: str


class Bullets(Piece, tag="bullets"):
    items: list[str]


class Tile(Piece):
    label: str
    value: str
    detail: str = ""
    tone: Tone = ""


class Tiles(Piece, tag="tiles"):
    items: list[Tile]


class Column(Piece):
    label: str
    align: Align = "start"
    width: float = 1.0
    """Share of the table's width in print, relative to the other columns."""


class Cell(Piece):
    text: str
    tone: Tone = ""
    detail: str = ""
    """A second, quieter line."""


class Table(Piece, tag="table"):
    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    """The first cell of a row is its heading."""
    cut: str = ""
    """How many rows were left out; "": none."""


class Chart(Piece, tag="chart"):
    """A picture and the same as words."""

    title: str
    description: str
    svg: str
    height: float
    """Of a picture 640 wide."""


class Advice(Piece, tag="advice"):
    """One recommendation."""

    number: int
    title: str
    meta: list[str]
    text: str
    sample: list[str]
    sample_cut: str = ""


Block = Text | Subhead | Bullets | Tiles | Table | Chart | Advice


class Section(Piece):
    id: str
    title: str
    origin: str
    """When and by whom it was measured."""
    is_synthetic: bool
    blocks: list[Block]


class Theme(Piece):
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


class Report(Piece):
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
