"""A forgotten constant would call an unmigrated database ready."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from lsos.core.db.schema_version import HEAD, is_satisfied

ROOT = Path(__file__).parents[2]


def test_the_code_knows_the_newest_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    assert ScriptDirectory(str(ROOT / "migrations")).get_heads() == [HEAD]
    assert len(HEAD) == 4
    assert HEAD.isdigit()


@pytest.mark.parametrize(
    "found, serves", [(HEAD, True), ("9999", True), ("0000", False), ("", False), ("abcd", False)]
)
def test_a_database_that_is_ahead_still_serves(found: str, serves: bool) -> None:
    assert is_satisfied(found) is serves
