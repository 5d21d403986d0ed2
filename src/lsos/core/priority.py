"""The CPU priority of this process, by which background work yields to the API beside it."""

import contextlib
import os
import time
from pathlib import Path

import structlog

BESIDE_API = 10
"""Niceness of workers that a command of ours starts beside an API: a ninth of its weight."""
AUTOGROUP = Path("/proc/self/autogroup")
AUTOGROUP_TRIES = 30
AUTOGROUP_WAIT_S = 0.1
"""Unprivileged processes may, all of them together, change one autogroup in 100 ms."""

log = structlog.get_logger(__name__)


def lower(niceness: int) -> None:
    """Give this process, and the children it will have, at least this niceness; 0 changes nothing.

    Call it before threads start: Linux sets the priority of the calling thread. A platform that
    refuses is logged and changes nothing: work at the usual priority is better than none.
    """
    try:
        if os.getpriority(os.PRIO_PROCESS, 0) < niceness:
            os.setpriority(os.PRIO_PROCESS, 0, niceness)
            _lower_session(niceness)
    except OSError as error:
        log.warning("priority_refused", niceness=niceness, error=error.strerror)


def _lower_session(niceness: int) -> None:
    """Lower this process's whole session, if it leads one; nothing without Linux's autogroups.

    Where autogroups are on, a process's niceness counts within its session only, and our children
    get sessions of their own. A session led by another, such as a shell, is not ours to lower.
    """
    if os.getsid(0) != os.getpid() or not AUTOGROUP.exists():
        return
    for _ in range(AUTOGROUP_TRIES):
        with contextlib.suppress(BlockingIOError):
            AUTOGROUP.write_text(str(niceness))
            return
        time.sleep(AUTOGROUP_WAIT_S)
    log.warning("session_priority_refused", niceness=niceness)
