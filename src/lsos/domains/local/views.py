"""Answers made of what was measured: health, NAP matrix, map pack."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from lsos.domains.campaigns import nap
from lsos.domains.campaigns.rules import Listing
from lsos.domains.local.models import NapMatch
from lsos.domains.local.queries import Known, parts_of
from lsos.domains.local.rules import NAP_FIELDS
from lsos.domains.local.schemas import HealthView, NapCell, NapRow, PackRow, PackState, PackView


def health_view(listing: Listing, known: Known) -> HealthView:
    measured, latest = known
    health = (measured.health if measured else None) or {}
    profile = (measured.profile if measured else None) or {}
    return HealthView(
        location_id=listing.id,
        location_name=listing.name,
        state=latest.state if latest else "unmeasured",
        error_code=latest.error_code if latest else None,
        day=measured.day if measured else None,
        measured_at=measured.measured_at if measured else None,
        source=measured.source if measured else None,
        score=measured.health_score if measured else None,
        measured=cast(float | None, health.get("measured")),
        parts=parts_of(health),
        profile_url=str(profile.get("url") or "") or None,
    )


def nap_row(listing: Listing, matches: Sequence[NapMatch]) -> NapRow:
    cells = {
        (row.surface, row.field): msgspec.convert(row, NapCell, from_attributes=True)
        for row in matches
    }
    judged = [cell for cell in cells.values() if cell.match != "review"]
    return NapRow(
        location_id=listing.id,
        location_name=listing.name,
        structured_data={field: cells.get(("structured_data", field)) for field in NAP_FIELDS},
        visible_text={field: cells.get(("visible_text", field)) for field in NAP_FIELDS},
        profile={field: cells.get(("profile", field)) for field in NAP_FIELDS},
        judged=len(judged),
        errors=sum(cell.match in nap.ERRORS for cell in judged),
    )


def pack_view(outcomes: Sequence[Any]) -> PackView:
    """From the newest outcomes of the rank room, one a keyword."""
    rows = [
        PackRow(
            keyword_id=row.keyword_id,
            keyword=row.text,
            place=row.location,
            device=row.device,
            state=cast(PackState, row.pack_state),
            position=row.pack_position,
            day=row.day,
            source=row.source,
        )
        for row in outcomes
    ]
    found = sum(row.state == "found" for row in rows)
    shown = found + sum(row.state == "not_found" for row in rows)
    return PackView(
        presence_share=round(100 * found / shown, 2) if shown else None,
        found=found,
        shown=shown,
        without_pack=sum(row.state == "empty" for row in rows),
        errors=sum(row.state == "error" for row in rows),
        unmeasured=sum(row.state == "unmeasured" for row in rows),
        keywords=rows,
    )
