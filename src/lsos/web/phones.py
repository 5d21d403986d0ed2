"""Phone numbers by the numbering plans of their countries, from libphonenumber's metadata.

A number that is written without its country code is read as one of the countries that the page, the
location or the campaign suggests.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

Sameness = Literal["same", "different", "unsure"]

MAX_CHARS = 60
_MIN_DIGITS = 6
_WITH_CODE = 11
"""Digits of numbers that are taken to have a country code though no plus sign says so."""
_CALLING_CODES = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
_EXTENSION = re.compile(r"(?:;|#|\bext\b|\bx(?=\s*[0-9])|\bdw\b).*\Z", re.IGNORECASE | re.DOTALL)
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
_MEXICO, _OLD_MOBILE_MARK = 52, 10_000_000_000

_TLDS = {"uk": "GB"}
_SOLD_ABROAD = frozenset(
    [
        "ac",
        "ai",
        "cc",
        "cd",
        "co",
        "fm",
        "gg",
        "io",
        "la",
        "ly",
        "me",
        "nu",
        "sh",
        "st",
        "tk",
        "to",
        "tv",
        "vc",
        "ws",
    ]
)
"""Country domains that are registered for how they sound."""
_OF_LANGUAGE = {
    "bg": "BG", "ca": "ES", "cs": "CZ", "da": "DK", "de": "DE AT CH", "el": "GR",
    "en": "US GB CA AU IE NZ", "es": "ES MX AR CO CL PE", "et": "EE", "eu": "ES", "fi": "FI",
    "fr": "FR BE CH CA", "gl": "ES", "he": "IL", "hr": "HR", "hu": "HU", "id": "ID", "it": "IT CH",
    "ja": "JP", "ko": "KR", "lt": "LT", "lv": "LV", "nb": "NO", "nl": "NL BE", "nn": "NO",
    "no": "NO", "pl": "PL", "pt": "PT BR", "ro": "RO", "ru": "RU KZ", "sk": "SK", "sl": "SI",
    "sr": "RS", "sv": "SE FI", "th": "TH", "tr": "TR", "uk": "UA", "vi": "VN", "zh": "CN TW HK",
}  # fmt: skip
"""Where most businesses with a site in the language are."""


def countries_of(*, stated: Iterable[str], host: str, lang: str) -> tuple[str, ...]:
    """ISO 3166-1 codes of the countries whose numbers a page may show, the likeliest first.

    `stated`: countries in its addresses. Else its country domain, the region of its language tag,
    and the countries of its language.
    """
    found = [code.upper() for code in stated if _is_region(code.upper())]
    top = host.rpartition(".")[2]
    if top not in _SOLD_ABROAD:
        found.append(_TLDS.get(top, top.upper()))
    language, *subtags = lang.strip().replace("_", "-").split("-")
    found += [subtag.upper() for subtag in subtags if len(subtag) == 2]
    known = tuple(dict.fromkeys(code for code in found if _is_region(code)))
    return known or tuple(_OF_LANGUAGE.get(language.lower(), "").split())


def _is_region(code: str) -> bool:
    return code in phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=4_096)
def parse(phone: str, country: str = "") -> PhoneNumber | None:
    """None for what is no number, or is national and of no known country."""
    text = unicodedata.normalize("NFKC", phone[:MAX_CHARS]).strip().removeprefix("tel:")
    if text.startswith("00"):
        text = "+" + text[2:]
    region = country.upper() if _is_region(country.upper()) else None
    number = _parsed(text, region)
    if not text.startswith("+") and not (number and _is_written_nationally(text, number)):
        # Written with its country code, but without the plus sign.
        abroad = _parsed("+" + text.lstrip("( "), None)
        if abroad and phonenumbers.is_possible_number(abroad) and _is_of(abroad, region):
            number = abroad
    if number and number.country_code == _MEXICO:
        # Mexican mobile numbers had a 1 in front until 2019.
        number.national_number = (number.national_number or 0) % _OLD_MOBILE_MARK
    return number


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _is_written_nationally(text: str, number: PhoneNumber) -> bool:
    """Valid, and written as it is dialled in its country: with the trunk prefix, if there is one.

    Without it, the digits may be a country code, or a number of a register or licence.
    """
    if not phonenumbers.is_valid_number(number):
        return False
    dialled = _digits(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    return text.startswith("(") or _digits(text).endswith(dialled)


def _is_of(number: PhoneNumber, region: str | None) -> bool:
    return region is None or number.country_code == phonenumbers.country_code_for_region(region)


def e164(phone: str, country: str = "") -> str:
    """+12075550142; "" for what is no number, or is national and of no known country."""
    number = parse(phone, country)
    return "" if number is None else phonenumbers.format_number(number, PhoneNumberFormat.E164)


def is_valid(phone: str, countries: Sequence[str]) -> bool:
    """Whether a number of one of these countries, or an international one, may be written so."""
    if phone.lstrip(" (").startswith(("+", "00")):
        number = parse(phone)
        return number is not None and phonenumbers.is_valid_number(number)
    return any(_is_national(phone, country) for country in countries)


@lru_cache(maxsize=4_096)
def _is_national(phone: str, country: str) -> bool:
    number = parse(phone, country)
    return (
        number is not None
        and phonenumbers.is_valid_number_for_region(number, country)
        and _is_written_nationally(phone, number)
    )


def may_be_dialled(phone: str, countries: Sequence[str]) -> bool:
    """Whether its digits are of a number that can exist, however they are written."""
    numbers = [parse(phone, country) for country in (*countries, "")]
    return any(number and phonenumbers.is_valid_number(number) for number in numbers)


def compare(one: str, other: str, countries: Sequence[str] = ()) -> Sameness:
    """Whether two written numbers are one.

    A national number is read as one of `countries`, and of the country of the other number.
    """
    is_full = is_international(one), is_international(other)
    regions = (*countries, *_regions(one, other)) if not all(is_full) else ("",)
    for region in regions:
        left, right = e164(one, region), e164(other, region)
        if left and left == right:
            return "same"
    are_read = all(any(e164(number, region) for region in regions) for number in (one, other))
    if are_read and (countries or all(is_full)):
        return "different"
    return _compare_digits(one, other)


def _regions(*phones: str) -> Iterator[str]:
    """Countries of those that are written with a country code."""
    for phone in phones:
        number = parse(phone) if is_international(phone) else None
        if number is not None:
            yield from phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(number.country_code or 0, ())[
                :1
            ]


def is_same(one: str, other: str, countries: Sequence[str] = ()) -> bool:
    return compare(one, other, countries) == "same"


def has_enough_digits(phone: str) -> bool:
    return len(_significant(phone)) >= _MIN_DIGITS


def is_international(phone: str) -> bool:
    return phone.lstrip(" (").startswith(("+", "00", "tel:+"))


def _compare_digits(one: str, other: str) -> Sameness:
    """Without a country: equal digits, or one is the other's national form."""
    left, right = _significant(one), _significant(other)
    if not left:
        return "unsure"
    if left == right:
        return "same"
    short, long = sorted((left, right), key=len)
    are_both_full = is_international(one) and is_international(other)
    if not short or not long.endswith(short) or are_both_full:
        return "different"
    code = long.removesuffix(short)
    has_code = is_international(one) or is_international(other) or len(long) >= _WITH_CODE
    if len(short) >= _MIN_DIGITS and has_code and int(code) in _CALLING_CODES:
        return "same"
    return "unsure"


# A site repeats its few numbers on each page.
@lru_cache(maxsize=1_024)
def _significant(phone: str) -> str:
    """Digits without leading zeros and extension."""
    shown = unicodedata.normalize("NFKC", phone[:MAX_CHARS]).removeprefix("tel:")
    return _digits(_TRUNK_ZERO.sub("", _EXTENSION.sub("", shown))).lstrip("0")


def _digits(phone: str) -> str:
    return "".join(str(unicodedata.digit(char)) for char in phone if char.isdecimal())
