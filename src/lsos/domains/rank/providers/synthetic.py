"""Ranks without a provider: drawn from a hash, so the same question has the same answer."""

import hashlib
import math
from uuid import UUID

from lsos.domains.rank.rules import DEPTH, BusinessIdentity, Organic, Place, RankQuery, SearchPage

EMPTY_SHARE = 0.02
NOT_FOUND_SHARE = 0.08
PACK_SHARE = 0.7
PACK_SIZE = 3
DRIFT_DAYS = 9
"""The drift of a rank goes from one drawn value to the next in this time."""
RIVALS = ("alder", "birch", "cedar", "hazel", "juniper", "linden", "maple", "rowan", "spruce")


class Draw:
    """Numbers in [0, 1) from a text: independent ones for different purposes."""

    def __init__(self, seed: str) -> None:
        self._key = hashlib.blake2b(seed.encode(), digest_size=32).digest()

    def __call__(self, purpose: str) -> float:
        digest = hashlib.blake2b(purpose.encode(), key=self._key, digest_size=8).digest()
        return int.from_bytes(digest) / 2**64


class SyntheticRanks:
    source = "synthetic"
    batch_size = 500

    async def fetch(
        self, query: RankQuery, own: BusinessIdentity, *, tenant_id: UUID
    ) -> SearchPage:
        return search(query, own)


def search(query: RankQuery, own: BusinessIdentity) -> SearchPage:
    """One made-up page of results; all tenants see the same one for the same site."""
    place = query.location
    if query.latitude is not None and query.longitude is not None:
        place = f"{query.latitude:.3f},{query.longitude:.3f}"
    of = (query.text.casefold(), query.language, query.country, place, query.device, own.site)
    draw = Draw("|".join(of))
    if draw("empty") < EMPTY_SHARE:
        return SearchPage(organic=[], pack=[], features=[])
    position = None if draw("absent") < NOT_FOUND_SHARE else _position(draw, query)
    has_pack = draw("pack") < PACK_SHARE
    return SearchPage(
        organic=_organic(draw, query, own, position),
        pack=_pack(draw, query, own) if has_pack else [],
        features=["local_pack"] if has_pack else [],
    )


def _position(draw: Draw, query: RankQuery) -> int:
    """From 1 to 20: a level of its own, a slow drift, a season, and a fall with distance."""
    level = 1 + 17 * math.pow(draw("level"), 1.6)
    day = query.day.toordinal()
    era, into = divmod(day, DRIFT_DAYS)
    share = into / DRIFT_DAYS
    drift = (1 - share) * draw(f"drift{era}") + share * draw(f"drift{era + 1}")
    season = math.sin(2 * math.pi * (day / 365.25 + draw("season")))
    # Points far from where the searcher's grid rounds to the business rank lower.
    distance = 0.0 if query.latitude is None else 3 * draw("distance")
    return min(DEPTH, max(1, round(level + 5 * (drift - 0.5) + 1.2 * season + distance)))


def _organic(
    draw: Draw, query: RankQuery, own: BusinessIdentity, position: int | None
) -> list[Organic]:
    first = int(draw("rivals") * 1_000)
    title = query.text[:1].upper() + query.text[1:]
    found = []
    for rank in range(1, DEPTH + 1):
        if rank == position:
            found.append(Organic(rank, f"https://{own.site}/", title))
            continue
        name = f"{RIVALS[(first + rank) % len(RIVALS)]}-{(first + rank) % 97}"
        found.append(Organic(rank, f"https://{name}.example/", f"{title} | {name}"))
    return found


def _pack(draw: Draw, query: RankQuery, own: BusinessIdentity) -> list[Place]:
    cid, place_id = min(own.cids, default=""), min(own.place_ids, default="")
    rank = 1 + int(draw("pack rank") * (PACK_SIZE + 2)) if cid or place_id else 0
    first = int(draw("pack rivals") * 1_000)
    found = []
    for position in range(1, PACK_SIZE + 1):
        if position == rank:
            found.append(Place(position, query.text, cid, place_id, f"https://{own.site}/"))
            continue
        name = f"{RIVALS[(first + position) % len(RIVALS)]}-{(first + position) % 97}"
        number = str(10**15 + first * 1_000 + position)
        found.append(Place(position, name, number, "", f"https://{name}.example/"))
    return found
