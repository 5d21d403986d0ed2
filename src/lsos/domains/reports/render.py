"""Turns a report into HTML and PDF; the same report gives the same bytes."""

import base64
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import jinja2
import msgspec
import typst
from markupsafe import Markup

from lsos.domains.reports import glyphs
from lsos.domains.reports.document import Report

TEMPLATES = files("lsos.domains.reports") / "templates"
HTML = (TEMPLATES / "report.html.jinja").read_text(encoding="utf-8")
STYLE = (TEMPLATES / "report.css").read_text(encoding="utf-8")
TYPST = (TEMPLATES / "report.typ").read_bytes()
LOGO = re.compile(r"data:image/(png|jpeg);base64,([A-Za-z0-9+/]+=*)\Z")
LONG_WORD = re.compile(r"\S{18,}")
BREAK_AFTER = frozenset("/?&=_.,:;@#%+-")
MAX_UNBROKEN = 24
UA: Literal["ua-1"] = "ua-1"

_pages = jinja2.Environment(
    autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


@cache
def _page() -> jinja2.Template:
    """Compiled at first use: an API process may never show a preview."""
    return _pages.from_string(HTML)


def html(report: Report) -> bytes:
    """A page that needs no network, runs no script, and holds every text as text."""
    logo = report.logo if LOGO.match(report.logo) else ""
    page = _page().render(
        report=msgspec.structs.replace(report, logo=logo),
        style=Markup(STYLE),  # noqa: S704  # our own file
        colours=[
            (name.replace("_", "-"), colour)
            for name, colour in msgspec.structs.asdict(report.theme).items()
        ],
        kind_of=lambda block: block.__struct_config__.tag,
        drawn=Markup,  # charts.py escapes what it writes
    )
    return page.encode("utf-8", "replace")


def pdf(report: Report) -> bytes:
    """A tagged PDF (PDF/UA-1); blocks for some hundred milliseconds: call it in a thread."""
    fonts = glyphs.coverage()
    missing: set[str] = set()
    data = _settable(msgspec.to_builtins(msgspec.structs.replace(report, logo="")), fonts, missing)
    data["missing"] = glyphs.named(missing)
    inputs = {"report": json.dumps(data, ensure_ascii=False)}
    pictured = inputs
    if match := LOGO.match(report.logo):
        pictured = {**inputs, "logo": json.dumps(list(base64.b64decode(match[2])))}
    # The logo may be no picture after all, and a cluster may be one that no single font can shape:
    # then a box may stand for it, and the PDF makes no claim.
    for given, standard in ((pictured, UA), (inputs, UA)):
        try:
            return _compile(given, report, standard)
        except typst.TypstError:
            continue
    return _compile(inputs, report, None)


def _compile(inputs: dict[str, str], report: Report, standard: Literal["ua-1"] | None) -> bytes:
    compiler = typst.Compiler(TYPST, root=str(TEMPLATES), font_paths=_fonts(), sys_inputs=inputs)
    made = compiler.compile(
        format="pdf", pdf_standards=standard, timestamp=int(report.generated_at.timestamp())
    )
    assert isinstance(made, bytes), "one document, not pages"
    return made


@cache
def _fonts() -> typst.Fonts:
    """Ours alone: with the machine's own, the bytes would differ from machine to machine."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(glyphs.FONTS)],
    )


def _settable(value: Any, fonts: glyphs.Coverage, missing: set[str], key: str = "") -> Any:
    """All texts with glyphs for each character and places to break long words."""
    if isinstance(value, str):
        if key == "svg":  # PDF/UA knows no letter for a mark inside a picture
            return glyphs.settable(value, fonts, missing, marks=False)
        return LONG_WORD.sub(_breakable, glyphs.settable(value, fonts, missing))
    if isinstance(value, dict):
        return {k: _settable(v, fonts, missing, k) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_settable(v, fonts, missing) for v in value]
    return value


def _breakable(word: re.Match[str]) -> str:
    """A long word with places to break, never between a letter and its marks."""
    done, run = [], 0
    for base, marks in glyphs.clusters(word[0]):
        done.append(base + marks)
        run = 0 if base in BREAK_AFTER else run + 1
        if run in (0, MAX_UNBROKEN):
            done.append("\u200b")
            run = 0
    return "".join(done)
