"""Workers yield the CPU to an API beside them, and lower only themselves and their children."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPORT = """
import json, os, subprocess, sys
from pathlib import Path
from lsos.core import priority
{before}
priority.lower({niceness})
own = os.getpriority(os.PRIO_PROCESS, 0)
niceness = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"
child = int(subprocess.check_output([sys.executable, "-c", niceness]))
group = Path("/proc/self/autogroup")
print(json.dumps([own, child, group.read_text() if group.exists() else ""]))
"""
HAS_AUTOGROUPS = Path("/proc/self/autogroup").exists()
OWN = os.getpriority(os.PRIO_PROCESS, 0)


def lowered(niceness: int, *, before: str = "", leads_session: bool = True) -> tuple[int, int, str]:
    """Niceness of a process that lowered itself, of its child, and of its session.

    The session's is "" where there is none: a process of the root group has no autogroup, and
    the kernel's file is then empty.
    """
    done = subprocess.run(
        [sys.executable, "-c", REPORT.format(niceness=niceness, before=before)],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=leads_session,
    )
    own, child, group = json.loads(done.stdout.splitlines()[-1])  # a log line may come before it
    found = re.search(r"nice (-?\d+)", group)
    return own, child, found[1] if found else ""


def test_a_process_and_its_children_yield() -> None:
    own, child, _ = lowered(OWN + 5)
    assert (own, child) == (OWN + 5, OWN + 5)


@pytest.mark.skipif(not HAS_AUTOGROUPS, reason="a kernel without autogroups shares by niceness")
def test_its_session_yields_where_the_kernel_shares_by_session() -> None:
    """Each child of `lsos up` leads a session: without this, niceness alone changed nothing."""
    *_, session = lowered(OWN + 5)
    assert session == str(OWN + 5)


@pytest.mark.skipif(not HAS_AUTOGROUPS, reason="a kernel without autogroups shares by niceness")
def test_the_session_of_the_shell_that_started_it_is_left_alone() -> None:
    before = Path("/proc/self/autogroup").read_text()
    own, _, session = lowered(OWN + 5, leads_session=False)
    assert own == OWN + 5
    assert not before or f"nice {session}\n" in before
    assert Path("/proc/self/autogroup").read_text() == before


def test_nothing_changes_by_default() -> None:
    own, child, session = lowered(0)
    assert (own, child) == (OWN, OWN)
    assert session in ("", "0")


def test_who_started_it_nicer_still_is_heeded() -> None:
    """`nice -n 15 lsos worker`: raising it again would be refused, and stop the worker."""
    own, *_ = lowered(OWN + 2, before=f"os.setpriority(os.PRIO_PROCESS, 0, {OWN + 4})")
    assert own == OWN + 4


def test_a_system_that_refuses_does_not_stop_a_worker() -> None:
    own, *_ = lowered(OWN + 5, before="priority.AUTOGROUP = Path('/')")  # a folder takes no text
    assert own == OWN + 5
