"""What the dashboard shows of ranks."""

from lsos.core.http.schema import Out
from lsos.domains.providers.rules import MEASURED
from lsos.domains.rank.rules import CTR_CURVES, DEFAULT_CURVE, Unit, visibility
from lsos.room import Statement


class Visibility(Out):
    """How much of the possible search traffic the measured ranks earn (lsos-visibility-v1)."""

    value: float
    """0 to 100: expected clicks at the measured positions, in percent of the expected clicks if
    every keyword ranked first; both weighted by search volume."""
    of: str
    """What the figure rests on, in words."""


def _visibility(units: list[tuple[int | None, int | None, int]] | None) -> Visibility | None:
    """Of rows of volume, position, and how many keywords have these."""
    found = [Unit(volume, position) for volume, position, n in units or () for _ in range(n)]
    value = visibility(found, CTR_CURVES[DEFAULT_CURVE]).value
    if value is None:
        return None
    return Visibility(
        value=round(value, 2), of="keywords with an outcome on the newest measured day"
    )


DASHBOARD = (
    Statement(
        "visibility",
        """
        select jsonb_agg(jsonb_build_array(volume, position, number)) from (
            select k.volume, s.position, count(*) as number
            from rank_snapshots s
            join keywords k on k.tenant_id = s.tenant_id and k.id = s.keyword_id
            where s.campaign_id = :campaign_id and s.state = any(:rank_measured) and s.day = (
                select max(day) from rank_snapshots where campaign_id = :campaign_id
            )
            group by k.volume, s.position
        ) n
        """,
        {"rank_measured": list(MEASURED)},
        read=_visibility,
    ),
)
