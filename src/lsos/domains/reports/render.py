"""Turns a report into HTML and PDF; the same report gives the same bytes."""

import html as escaping

import typst

from lsos.domains.reports.document import Report


def html(report: Report) -> bytes:
    """A page that needs no network."""
    return f"<!doctype html><title>{escaping.escape(report.title)}</title>".encode()


def pdf(report: Report) -> bytes:
    """Blocks for some hundred milliseconds: call it in a thread."""
    made = typst.compile(
        b"#sys.inputs.title",
        sys_inputs={"title": report.title},
        format="pdf",
        ignore_system_fonts=True,
        timestamp=int(report.generated_at.timestamp()),
    )
    assert isinstance(made, bytes)
    return made
