"""What operators read names tests, files and alerts that exist, with the figures in force."""

import re
from pathlib import Path

import pytest

from lsos.core.settings.environment import REPLACED, environment_name
from lsos.core.settings.settings import Settings
from lsos.domains.health.rules import ALERTS, Alert
from tests.support.stack import ROOT

DOCS = ROOT / "Docs"
CHECKLIST = (DOCS / "ops" / "checklist.md").read_text()
STAGING = (DOCS / "ops" / "staging.md").read_text()
RELIABILITY = (DOCS / "reliability.md").read_text()
NAMED = {
    *re.findall(r"`(tests/[^`]+)`", CHECKLIST),
    *(f"tests/{test}" for test in re.findall(r"`((?:unit|integration|e2e)/[^`]+)`", RELIABILITY)),
}
RUNBOOK = (DOCS / "runbooks" / "alerts.md").read_text()


@pytest.mark.parametrize("named", sorted(NAMED))
def test_pages_name_tests_that_exist(named: str) -> None:
    path, _, test = named.partition("::")
    assert (ROOT / path).exists()
    if test:
        text = (ROOT / path).read_text()
        assert re.search(rf"^(async )?def {test}\(", text, re.MULTILINE), named


def test_the_checklist_and_the_guide_have_all_nine_sections() -> None:
    numbers = {row.split("|")[1].strip()[:1] for row in CHECKLIST.splitlines() if "| " in row}
    assert set("123456789") <= numbers
    assert re.findall(r"^## (\d)\. ", STAGING, re.MULTILINE) == list("123456789")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_has_its_section_and_its_figures(alert: Alert) -> None:
    assert f"\n## {alert.name}\n" in RUNBOOK
    (row,) = (line for line in RUNBOOK.splitlines() if line.startswith(f"| `{alert.name}` |"))
    _, _, above, hold, _, state, _ = (cell.strip() for cell in row.split("|"))
    assert hold == (f"{alert.pending_s} s" if alert.pending_s else "at once")
    assert state.lower() == alert.severity
    if alert.threshold:
        shown = float(re.sub(r"[^\d.]", "", above.split()[0]))
        scale = {"%": 0.01, "s,": 1000 if alert.unit.startswith("ms") else 1}
        assert shown * scale.get(above.split()[1], 1) == pytest.approx(alert.threshold)


def test_every_variable_of_the_guide_exists() -> None:
    known = {environment_name(name) for name in Settings.__struct_fields__} | set(REPLACED)
    rows = re.findall(r"^\| (`[A-Z].*?) \|", STAGING, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9]\w+)`", row)]
    assert len(named) > 20
    assert set(named) <= known


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), target
