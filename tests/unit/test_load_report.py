"""Where the load test's report goes: never into committed files, unless it is published."""

import re
import shlex
from pathlib import Path

import pytest

from tools import load_test
from tools.load.main import OUT, arguments_of
from tools.load.publish import PUBLISHED, Unpublished, publish

ROOT = Path(__file__).parents[2]
STAGING = (ROOT / "Docs" / "ops" / "staging.md").read_text()
REQUIRED = ("--base-url", "http://localhost:8000/api/v1", "--email", "a@b.example")


def ignored_folders() -> set[str]:
    return set((ROOT / ".gitignore").read_text().splitlines())


def test_a_load_test_leaves_the_work_tree_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUT", raising=False)
    by_make = arguments_of(load_test.words("http://localhost:8000/api/v1", "a@b.example", "x")).out
    by_hand = arguments_of([*REQUIRED, "--password", "x"]).out
    for out in (by_make, by_hand):
        assert f"{out.parts[0]}/" in ignored_folders(), out


def test_the_command_of_the_checklist_writes_where_its_gates_are_read() -> None:
    found = re.search(r"\npython tools/staging_load_simulation\.py ([^`]+)\n```", STAGING)
    assert found is not None
    arguments = arguments_of(shlex.split(found[1].replace("\\\n", " ")))
    assert arguments.out == PUBLISHED
    assert (arguments.crawl_jobs, arguments.entity_jobs) == (8, 5)
    assert arguments.scheduled_report_runs == 3


def test_publishing_copies_the_report_and_its_picture(tmp_path: Path) -> None:
    made, shown = tmp_path / "made" / OUT.name, tmp_path / "shown" / OUT.name
    made.parent.mkdir()
    made.write_text("{}")
    with pytest.raises(Unpublished, match="make load-test"):
        publish(made, shown)  # its picture is missing
    assert not shown.exists()
    made.with_suffix(".html").write_text("<svg/>")
    publish(made, shown)
    assert shown.read_text() == "{}"
    assert shown.with_suffix(".html").read_text() == "<svg/>"
