"""A rule that misses its case lets the architecture rot; one that cries wolf gets switched off."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.lint import MAX_FILE_LINES, MAX_FUNCTION_LINES, RULES, check_python, check_text, main

SERVICE = "src/lsos/domains/rank/service.py"
CONTROLLER = "src/lsos/domains/rank/controller.py"
TASKS = "src/lsos/domains/rank/tasks.py"
RULES_PY = "src/lsos/domains/rank/rules.py"
HOST = "py" + "pi.org"
MACHINE = "/wo" + "rk/main"
LONG_FUNCTION = "def f() -> None:\n" + "    x = 1\n" * MAX_FUNCTION_LINES
LONG_FILE = "x = 1\n" * (MAX_FILE_LINES + 1)

BROKEN = [
    ("L01", SERVICE, "async def f(session):\n    await session.commit()\n"),
    (
        "L01",
        "src/lsos/api.py",
        "async def f(engine):\n    async with engine.begin():\n        ...\n",
    ),
    ("L02", CONTROLLER, "from sqlalchemy import select\n"),
    ("L02", TASKS, "from sqlalchemy.dialects.postgresql import insert\n"),
    ("L02", TASKS, "import sqlalchemy as sa\nq = sa.text('x')\n"),
    ("L02", CONTROLLER, "async def f(session):\n    return await session.execute(q)\n"),
    ("L02", CONTROLLER, "async def f(self):\n    return await self._session.scalars(q)\n"),
    ("L03", SERVICE, "from litestar.exceptions import HTTPException\n"),
    ("L03", TASKS, "import litestar\n"),
    ("L04", CONTROLLER, "from __future__ import annotations\n"),
    ("L04", "src/lsos/core/db.py", "from __future__ import annotations\n"),
    ("L04", "src/lsos/domains/rank/models.py", "from typing import TYPE_CHECKING\n"),
    ("L04", "src/lsos/domains/rank/schemas.py", "import typing\nif typing.TYPE_CHECKING: ...\n"),
    ("L05", SERVICE, "from datetime import UTC, datetime\nt = datetime.now(UTC)\n"),
    ("L05", SERVICE, "import datetime as dt\nt = dt.datetime.utcnow()\n"),
    ("L05", SERVICE, "from datetime import date\nf = field(default_factory=date.today)\n"),
    ("L05", "tools/load.py", "import time\nt = time.time()\n"),
    ("L05", "src/lsos/core/jobs.py", "from time import time as t\nx = t()\n"),
    ("L06", SERVICE, "from lsos.core.db.system import system_session\n"),
    ("L06", "src/lsos/api.py", "from lsos.core.db import system\n"),
    ("L07", SERVICE, "from lsos.domains.crawl.models import Page\n"),
    ("L07", SERVICE, "from lsos.domains.crawl import models\n"),
    ("L07", SERVICE, "from lsos.domains import crawl\n"),
    ("L07", SERVICE, "import lsos.domains.campaigns.controller\n"),
    ("L07", SERVICE, "from lsos.domains.campaigns.views import campaign_view\n"),
    ("L08", SERVICE, LONG_FUNCTION),
    ("L08", SERVICE, LONG_FILE),
    ("L09", RULES_PY, "import os\n"),
    ("L09", "src/lsos/checks/topics/title.py", "from pathlib import Path\n"),
    ("L09", "src/lsos/web/html/parse.py", "import sqlalchemy.orm\n"),
    ("L09", "src/lsos/domains/reports/build.py", "from lsos.core.clock import now\n"),
    ("L09", "src/lsos/domains/reports/render.py", "def f():\n    return open('x')\n"),
    ("L10", SERVICE, "async def get(session, key):\n    return await find(session, key)\n"),
    (
        "L10",
        SERVICE,
        "def get(session, *, key):\n    '''Doc.'''\n    return find(session, key=key)\n",
    ),
    ("L10", SERVICE, "class A:\n    def get(self, key):\n        return find(key)\n"),
    ("L11", "tests/unit/test_x.py", "from unittest.mock import patch\n"),
    ("L11", "tests/unit/test_x.py", "from unittest import mock\n"),
    ("L13", SERVICE, "q = text('select 1 from crawl_pages')\n"),
    ("L13", SERVICE, 'q = f"delete from {x} using y join campaigns c on true"\n'),
    ("L00", SERVICE, "x = 1  # lint: allow L05 — nothing here reads a clock\n"),
    ("L00", SERVICE, "x = 1  # lint: allow L99 — no such rule\n"),
    ("L00", SERVICE, "import time\nx = time.time()  # lint: allow L05\n"),
    ("L00", SERVICE, "def f(:\n"),
]

KEPT = [
    ("src/lsos/core/db.py", "async def f(session):\n    await session.commit()\n"),
    (SERVICE, "async def f(session):\n    async with session.begin_nested():\n        ...\n"),
    (CONTROLLER, "async def f(session):\n    return await session.get(Page, key)\n"),
    (TASKS, "async def f(pipe):\n    await pipe.execute()\n"),
    (SERVICE, "from sqlalchemy import select\n"),
    (CONTROLLER, "from litestar import get\n"),
    (SERVICE, "from typing import TYPE_CHECKING\n"),
    ("src/lsos/core/clock.py", "from datetime import datetime\nt = datetime.now()\n"),
    (SERVICE, "import time\nt = time.monotonic() + time.perf_counter()\n"),
    (SERVICE, "from sqlalchemy import func\nt = func.now()\n"),
    (SERVICE, "from lsos.core.clock import now\nt = now()\n"),
    ("tests/unit/test_x.py", "import time\nt = time.time()\n"),
    ("src/lsos/core/queue/sweeper.py", "from lsos.core.db.system import system_session\n"),
    (
        "src/lsos/domains/auth/queries.py",
        "from lsos.core.db.system import system_session\n",
    ),
    ("src/lsos/cli/tenants.py", "from lsos.core.db.system import system_session\n"),
    (SERVICE, "from lsos.domains.crawl import facts, queries, rules, service\n"),
    (SERVICE, "from lsos.web.facts import PageFacts\n"),
    (SERVICE, "from lsos.domains.campaigns.nap import match\n"),
    (SERVICE, "from lsos.domains.rank.models import Keyword\n"),
    ("src/lsos/tables.py", "from lsos.domains.crawl.models import Page\n"),
    (SERVICE, "x = 1\n" * MAX_FILE_LINES),
    ("tests/unit/test_x.py", LONG_FILE),
    (RULES_PY, "from datetime import datetime\nfrom urllib.parse import urlsplit\n"),
    ("src/lsos/domains/crawl/fetch.py", "import asyncio\nimport socket\n"),
    (SERVICE, "async def get(session, key):\n    return await session.get(Page, key)\n"),
    (SERVICE, "def get(a, b):\n    return find(b, a)\n"),
    (SERVICE, "def get(a, b):\n    return find(a, b, 1)\n"),
    (SERVICE, "def get(a):\n    return find(a=b)\n"),
    (SERVICE, "def get():\n    return find()\n"),
    (SERVICE, "@cached\ndef get(a):\n    return find(a)\n"),
    (RULES_PY, "def get(a):\n    return find(a)\n"),
    ("tests/unit/test_x.py", "def test_x(monkeypatch):\n    x = 'unittest.mock'\n"),
    (SERVICE, "import time\nx = time.time()  # lint: allow L05 — the peer wants its own clock\n"),
    (SERVICE, "import time\nx = (time.\n  time())  # lint: allow L05 - moved by the formatter\n"),
    (SERVICE, "# lint: allow L08 — a table of codes\n" + LONG_FILE),
    (SERVICE, "q = text('select 1 from keywords join jobs on true')\n"),
    (SERVICE, "x = 'import it from campaigns'\n"),
    (SERVICE, "x = '# lint: allow nothing, this is a string'\n"),
]


@pytest.mark.parametrize("code, path, text", BROKEN)
def test_a_broken_rule_is_found(code: str, path: str, text: str) -> None:
    assert code in {finding.code for finding in check_python(path, text)}


@pytest.mark.parametrize("path, text", KEPT)
def test_code_that_keeps_the_rules_passes(path: str, text: str) -> None:
    assert check_python(path, text) == []


def test_every_rule_has_a_case() -> None:
    assert {code for code, _, _ in BROKEN} | {"L12"} == RULES.keys()


def test_a_finding_names_its_line_and_its_reason() -> None:
    [finding] = check_python(SERVICE, "import time\n\n\nx = time.time()\n")
    assert finding.line == 4
    assert str(finding).startswith(f"{SERVICE}:4: L05 ")
    assert RULES["L05"][1] in str(finding)


@pytest.mark.parametrize(
    "path, text",
    [
        ("README.md", f"pip install --index-url https://{HOST}/simple\n"),
        ("tests/data/case.json", f'{{"note": "from {MACHINE}"}}'),
        ("Makefile", f"X = {MACHINE}\n"),
        ("Docs/a.md", "cd /ho" + "me/bob/lsos\n"),
        ("Docs/a.md", "cd /Us" + "ers/bob/lsos\n"),
    ],
)
def test_what_ties_the_project_to_one_machine_is_found(path: str, text: str) -> None:
    assert [finding.code for finding in check_text(path, text)] == ["L12"]


@pytest.mark.parametrize(
    "path, text",
    [
        (
            "README.md",
            "https://example.com/wo" + "rk/portfolio and ./ro" + "ot/x and a/ro" + "ot/b\n",
        ),
        ("tests/data/page.html", '<a href="/ho' + 'me/garden/">'),
        ("compose.yaml", "command: /app/bin\n"),
        ("a.sh", f"cd {MACHINE}  # lint: allow L12 — shows what the rule finds\n"),
    ],
)
def test_other_paths_pass(path: str, text: str) -> None:
    assert check_text(path, text) == []


@given(st.text())
def test_any_text_is_judged_without_a_crash(text: str) -> None:
    check_text("a.txt", text + HOST)


def test_the_rules_hold_for_the_linter_itself() -> None:
    root = Path(__file__).parents[2]
    assert main([str(root / "tools/lint.py"), str(root / "tests/unit/test_lint.py")]) == 0
