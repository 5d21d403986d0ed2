"""What a measurement is: its states, how it ends, and how long it waits; pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple, get_args
from uuid import UUID

import msgspec

from lsos.domains.providers.rules import MEASURED

State = Literal["queued", "running", "completed", "completed_with_errors", "failed", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
OPEN_STATES: frozenset[str] = frozenset({"queued", "running"})

KEPT = "kept"
"""Count of units that an earlier run of the same day has answered."""
UNMEASURED = "unmeasured"
NOTHING_MEASURED = "nothing_measured"
CANCELLED = "cancelled_by_user"

SLICE_S = 25.0
LONGEST_NAP_S = 300.0
LONGEST_RUN = timedelta(hours=24)
"""A run ends then even if its provider still answers now and then: its day is over."""
MAX_REASON_CHARS = 500

_SENTENCES = {
    NOTHING_MEASURED: "No unit was answered; the error code of each says why.",
    CANCELLED: "A user cancelled this run; what was answered before is kept.",
    "no_keywords": "The campaign has no active keywords.",
    "no_locations": "The campaign has no locations.",
    "nothing_to_measure": "There was nothing to measure.",
    "unexpected_error": "Our own software failed; the log of the job says how.",
    "task_timeout": "The job took too long in every attempt.",
    "attempts_exhausted": "The workers of this run died in every attempt.",
}


class Reason(NamedTuple):
    """Why a run failed, or why a part of it is unmeasured."""

    code: str
    text: str
    """A sentence for people."""


class Price(NamedTuple):
    """Provider calls of one unit, without the repeats of failed ones."""

    least: int = 1
    most: int = 1


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement of a campaign, as kinds see it."""

    tenant_id: UUID
    id: UUID
    campaign_id: UUID
    kind: str
    scope: dict[str, str]
    """What it is limited to, such as {"location_id": ...}; empty: the whole campaign."""
    state: State
    source: str
    day: date
    began_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    cursor: str | None
    ahead: list[str]
    total: int
    done: int
    counts: dict[str, int]
    calls: int
    reason_code: str | None
    reason: str | None
    deadline_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


def reason_of(code: str, text: str = "") -> Reason:
    """With the sentence of the code where the failure brings none of its own."""
    sentence = text or _SENTENCES.get(code) or f"The run was given up: {code}."
    return Reason(code, sentence[:MAX_REASON_CHARS])


def measured_in(counts: Mapping[str, int]) -> int:
    return sum(n for state, n in counts.items() if state == KEPT or state in MEASURED)


def ending(counts: Mapping[str, int], reason: Reason | None) -> tuple[State, Reason | None]:
    """The state of a run with these outcomes; a run without any answer has failed."""
    measured = measured_in(counts)
    if measured == sum(counts.values()):
        return "completed", reason
    if measured:
        return "completed_with_errors", reason
    return "failed", reason or reason_of(NOTHING_MEASURED)


def next_deadline(began_at: datetime, at: datetime, patience: timedelta) -> datetime:
    """Until then, the provider must have answered something."""
    return min(at + patience, began_at + LONGEST_RUN)


def advanced(keys: list[str], done: set[str], cursor: str | None) -> tuple[str | None, list[str]]:
    """The key up to which all units are done, and those that are done beyond it."""
    for index, key in enumerate(keys):
        if key not in done:
            return cursor, [later for later in keys[index:] if later in done]
        cursor = key
    return cursor, []
