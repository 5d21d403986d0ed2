"""Lowers the CPU priority of this process, so that background work yields to the API."""

import contextlib
import os
import time
from pathlib import Path

import structlog

BESIDE_API = 10
"""Niceness of workers that `lsos up` starts next to an API: a ninth of the API's weight."""
AUTOGROUP = Path("/proc/self/autogroup")
AUTOGROUP_TRIES = 30
AUTOGROUP_WAIT_S = 0.1
"""All unprivileged processes together may change one autogroup per 100 ms."""

log = structlog.get_logger(__name__)


def lower(niceness: int) -> None:
    """Raise the niceness of this process and its future children to this value; 0 changes nothing.

    Call it before threads start, because Linux sets the priority of the calling thread. If the
    platform refuses, this is logged and the process keeps its normal priority.
    """
    try:
        if os.getpriority(os.PRIO_PROCESS, 0) < niceness:
            os.setpriority(os.PRIO_PROCESS, 0, niceness)
            _lower_session(niceness)
    except OSError as error:
        log.warning("priority_refused", niceness=niceness, error=error.strerror)


def _lower_session(niceness: int) -> None:
    """Lower the priority of the session that this process leads; only for Linux autogroups.

    With autogroups, niceness applies only within a session, and our children get their own
    sessions. A session led by another process, such as a shell, is left alone.
    """
    if os.getsid(0) != os.getpid() or not AUTOGROUP.exists():
        return
    for _ in range(AUTOGROUP_TRIES):
        with contextlib.suppress(BlockingIOError):
            AUTOGROUP.write_text(str(niceness))
            return
        time.sleep(AUTOGROUP_WAIT_S)
    log.warning("session_priority_refused", niceness=niceness)
