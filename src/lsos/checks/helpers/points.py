"""Whether a point on the map can be where an address is."""

from typing import NamedTuple

from lsos.web.schema_org.nodes import Node, as_text, values_of

_MARGIN = 1.0
"""Degrees around a country, for islands and rounding."""
_BOXES: dict[str, tuple[float, float, float, float]] = {
    # South, west, north, east in whole degrees, of the parts where a country has most addresses;
    # from the extreme points of each country. Countries with distant territories are not listed
    # with them: for those see _TERRITORIES.
    "AT": (46, 9, 50, 18), "AU": (-44, 112, -9, 154), "BE": (49, 2, 52, 7),
    "BR": (-34, -74, 6, -34), "CA": (41, -142, 84, -52),
    "CH": (45, 5, 48, 11), "CZ": (48, 12, 52, 19), "DE": (47, 5, 56, 16),
    "DK": (54, 8, 58, 16), "ES": (27, -19, 44, 5), "FI": (59, 19, 71, 32), "FR": (41, -6, 52, 10),
    "GB": (49, -9, 61, 2), "GR": (34, 19, 42, 30), "HU": (45, 16, 49, 23), "IE": (51, -11, 56, -5),
    "IN": (6, 68, 36, 98), "IT": (35, 6, 48, 19), "JP": (24, 122, 46, 146),
    "MX": (14, -119, 33, -86), "NL": (50, 3, 54, 8), "NO": (57, 4, 81, 32),
    "NZ": (-48, 166, -34, 179), "PL": (49, 14, 55, 25),
    "PT": (30, -32, 43, -6), "SE": (55, 10, 70, 25), "US": (18, -180, 72, -64),
    "ZA": (-35, 16, -22, 33),
}  # fmt: skip
_TERRITORIES: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    "AU": ((-11, 96, -9, 106),),
    "FR": ((-23, -62, 19, -51), (-22, 45, -12, 56), (-28, -179, -7, -134), (-23, 158, -19, 173)),
    "NL": ((12, -71, 18, -62),),
    "NZ": ((-45, -178, -43, -175),),
    "US": ((13, 144, 21, 147), (-15, -172, -10, -168), (51, 172, 54, 180)),
}


class Point(NamedTuple):
    latitude: float
    longitude: float


def point_of(node: Node) -> Point | None:
    """None where a node has no two numbers for one."""
    values = [values_of(node, name) for name in ("latitude", "longitude")]
    try:
        latitude, longitude = (float(as_text(found[0]).replace(",", ".")) for found in values)
    except (IndexError, ValueError):
        return None
    return Point(latitude, longitude)


def geo_fault(point: Point, countries: tuple[str, ...]) -> str:
    """What is impossible about the point of an address in these countries; "" if nothing is."""
    if not (-90 <= point.latitude <= 90 and -180 <= point.longitude <= 180):
        return "latitude is -90 to 90, longitude -180 to 180"
    if point == (0, 0):
        return "a point in the Atlantic"
    if not countries or any(_is_in(point, country) for country in countries):
        return ""
    return f"outside of {' and '.join(countries)}"


def _is_in(point: Point, country: str) -> bool:
    box = _BOXES.get(country)
    if box is None:
        return True
    return any(
        south - _MARGIN <= point.latitude <= north + _MARGIN
        and west - _MARGIN <= point.longitude <= east + _MARGIN
        for south, west, north, east in (box, *_TERRITORIES.get(country, ()))
    )
