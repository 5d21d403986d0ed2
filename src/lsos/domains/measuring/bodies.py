"""Answers about runs, the same for every kind."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from lsos.core.http.schema import Out
from lsos.domains.measuring.rules import Run, State


def _described(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


DryRun = Annotated[
    bool, _described("true: start nothing, and answer 200 with what a run would ask.")
]


class RunView(Out):
    """A run as the API shows it."""

    id: UUID
    campaign_id: UUID
    state: Annotated[State, _described("How far it is, or how it ended.")]
    scope: Annotated[
        dict[str, str], _described("What it is limited to; empty: the whole campaign.")
    ]
    day: Annotated[date, _described("UTC; the day that its results are of.")]
    source: Annotated[str, _described("Who was asked; synthetic: made up, for trying out.")]
    total: Annotated[int, _described("Units (keywords, locations, domains) of the run.")]
    done: Annotated[int, _described("Units that have an outcome.")]
    counts: Annotated[
        dict[str, int], _described("Units by outcome; kept: answered earlier on the same day.")
    ]
    calls: Annotated[int, _described("Provider calls that it has spent, repeats included.")]
    reason_code: Annotated[
        str | None, _described("Why it failed, or why a part is unmeasured; null: neither.")
    ]
    reason: Annotated[str | None, _described("The same as a sentence.")]
    created_at: Annotated[datetime, _described("When it was ordered.")]
    began_at: Annotated[
        datetime | None, _described("When its first question was asked; null: none was.")
    ]
    started_at: Annotated[datetime | None, _described("The same as began_at.")]
    finished_at: Annotated[datetime | None, _described("Null while it is open.")]


class Estimate(Out):
    """What a run would ask, answered to `dry_run`; nothing was started."""

    source: Annotated[str, _described("Who would be asked; synthetic calls cost nothing.")]
    units: Annotated[int, _described("Units that a run would ask for now.")]
    provider_calls: Annotated[int, _described("Calls that take at least that many units.")]
    provider_calls_at_most: Annotated[
        int, _described("Calls if every answer has all its pages; repeats of failures add to it.")
    ]


def run_view(run: Run) -> RunView:
    values = {
        name: getattr(run, name) for name in RunView.__struct_fields__ if name != "started_at"
    }
    return RunView(**values, started_at=run.began_at)
