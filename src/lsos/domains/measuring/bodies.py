"""Answers about runs, the same for every kind."""

from datetime import date, datetime
from uuid import UUID

from lsos.core.http.schema import Out
from lsos.domains.measuring.rules import Run, State


class MeasurementView(Out):
    """One measurement of a campaign."""

    id: UUID
    """Id of the run."""
    campaign_id: UUID
    """Campaign that it belongs to."""
    state: State
    """How far it is, or how it ended."""
    scope: dict[str, str]
    """What it is limited to; empty: the whole campaign."""
    day: date
    """Day (UTC) that its results are of."""
    source: str
    """Who was asked; synthetic: made up, for trials."""
    total: int
    """Units (keywords, locations or domains) of the run."""
    done: int
    """Units of these that have an outcome."""
    counts: dict[str, int]
    """Units by outcome; `kept`: answered earlier on the same day."""
    calls: int
    """Provider calls that it has spent, repeats included."""
    reason_code: str | None
    """Why it failed, or why a part is unmeasured; null: neither."""
    reason: str | None
    """The reason as a sentence; null: there is none."""
    created_at: datetime
    """When it was requested."""
    began_at: datetime | None
    """When its first question was asked; null: none was."""
    started_at: datetime | None
    """The same as began_at; null: it has not begun."""
    finished_at: datetime | None
    """When it ended; null: it is open."""


class Estimate(Out):
    """What a run would ask for, the answer to `dry_run`; nothing was started."""

    source: str
    """Who would be asked; synthetic calls cost nothing."""
    units: int
    """Units that a run would ask for now."""
    provider_calls: int
    """Calls that these take at least."""
    provider_calls_at_most: int
    """Calls if every answer has all its pages; repeats after failures come on top."""


def measurement_view(run: Run) -> MeasurementView:
    values = {
        name: getattr(run, name)
        for name in MeasurementView.__struct_fields__
        if name != "started_at"
    }
    return MeasurementView(**values, started_at=run.began_at)
