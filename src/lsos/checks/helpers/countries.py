"""What a postal address needs in which country: some have no postcodes, some need the region."""

import unicodedata

_WITHOUT_POSTCODES = (
    "ae ag ao aw bf bi bj bo bs bw bz cd cf cg ci ck cm dj dm er fj ga gd gm gq gy hk jm ki km kn "
    "kp ml mo mr mw nr nu qa rw sb sc sl sr st sx tf tg tk to tv ug vu ye zw"
)
_NO_POSTCODE = frozenset(_WITHOUT_POSTCODES.split())
"""ISO 3166-1 codes without postcodes in everyday use (Universal Postal Union)."""
_NEEDS_REGION = frozenset(("us", "ca", "au"))
_NAMES = {
    "usa": "us",
    "u.s.a.": "us",
    "u.s.": "us",
    "united states": "us",
    "united states of america": "us",
    "can": "ca",
    "canada": "ca",
    "aus": "au",
    "australia": "au",
    "are": "ae",
    "uae": "ae",
    "united arab emirates": "ae",
    "hkg": "hk",
    "hong kong": "hk",
    "mac": "mo",
    "macao": "mo",
    "macau": "mo",
    "qat": "qa",
    "qatar": "qa",
    "jam": "jm",
    "jamaica": "jm",
    "bhs": "bs",
    "bahamas": "bs",
    "the bahamas": "bs",
    "blz": "bz",
    "belize": "bz",
    "bolivia": "bo",
    "bol": "bo",
    "bwa": "bw",
    "botswana": "bw",
    "cameroon": "cm",
    "cmr": "cm",
    "cote d'ivoire": "ci",
    "ivory coast": "ci",
    "civ": "ci",
    "fiji": "fj",
    "fji": "fj",
    "rwanda": "rw",
    "rwa": "rw",
    "seychelles": "sc",
    "syc": "sc",
    "suriname": "sr",
    "sur": "sr",
    "uganda": "ug",
    "uga": "ug",
    "zimbabwe": "zw",
    "zwe": "zw",
    "aruba": "aw",
    "abw": "aw",
    "angola": "ao",
    "ago": "ao",
    "benin": "bj",
    "ben": "bj",
    "malawi": "mw",
    "mwi": "mw",
    "mali": "ml",
    "mli": "ml",
    "yemen": "ye",
    "yem": "ye",
}


def _code(country: str) -> str:
    plain = unicodedata.normalize("NFKD", country[:60].casefold().strip())
    folded = "".join(char for char in plain if not unicodedata.combining(char))
    return _NAMES.get(folded, folded)


def has_postcode(country: str) -> bool:
    """True for a country that is not known to have none; code or name as written."""
    return _code(country) not in _NO_POSTCODE


def needs_region(country: str) -> bool:
    """Addresses there name the state or province."""
    return _code(country) in _NEEDS_REGION
