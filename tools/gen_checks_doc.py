"""Writes Docs/checks.md from the registry of checks, so that the page can't lag behind the code."""

import argparse
import difflib
import sys
from itertools import groupby
from pathlib import Path

from lsos.checks.base import Check
from lsos.checks.catalogue import CHECKS

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "Docs" / "checks.md"

_NAMES = {"ai": "AI", "url": "URL", "hreflang": "hreflang"}

INTRO = """\
# Checks

Written by `tools/gen_checks_doc.py` from the registry; change the check, not this page.

*Scope* says what a finding is about: a page, a host or the site. *Needs* says when the check can
run: `page` with each page, the others once at the end of a run. Tenants may switch a check off,
set its severity and replace its limits.
"""


def render(checks: tuple[Check, ...]) -> str:
    parts = [INTRO, f"{len(checks)} checks.\n"]
    for topic, members in groupby(sorted(checks, key=_by_topic), key=_by_topic):
        parts.append(f"## {_NAMES.get(topic, topic.replace('_', ' ').capitalize())}\n")
        parts.extend(map(_entry, members))
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it differs")
    wanted = render(CHECKS)
    if not parser.parse_args(arguments).check:
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    found = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    if found == wanted:
        return 0
    diff = difflib.unified_diff(
        found.splitlines(), wanted.splitlines(), "Docs/checks.md", "registry", lineterm="", n=1
    )
    print("\n".join(diff))
    print("Docs/checks.md differs from the registry: run tools/gen_checks_doc.py", file=sys.stderr)
    return 1


def _by_topic(check: Check) -> str:
    return check.topic


def _entry(check: Check) -> str:
    limits = ", ".join(f"`{name}` {_number(value)}" for name, value in check.limits.items())
    lines = [
        f"### {check.code}\n",
        f"**{_escaped(check.title)}**\n",
        f"- Severity: {check.severity}; scope: {check.scope}; needs: {check.needs}",
        f"- Why: {_escaped(check.why)}",
        f"- Fix: {_escaped(check.fix)}",
    ]
    if limits:
        lines.append(f"- Limits: {limits}")
    if check.source:
        lines.append(f"- Source: {_escaped(check.source)}")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _escaped(value: str) -> str:
    """Markdown reads * and _ as emphasis and < as HTML."""
    for mark in ("\\", "*", "_", "<"):
        value = value.replace(mark, f"\\{mark}")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
