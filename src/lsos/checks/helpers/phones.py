"""Whether two written phone numbers are one number, without knowing their country."""

import re
import unicodedata
from functools import lru_cache

_EXTENSION = re.compile(r"(?:;|#|\bext\b|\bx(?=\s*[0-9])|\bdw\b).*\Z", re.IGNORECASE | re.DOTALL)
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
_MIN_DIGITS = 6
_MAX_PREFIX = 3
"""Digits of a country code, the trunk zero dropped."""
_MAX_CHARS = 60


def digits_of(phone: str) -> tuple[str, bool]:
    """Digits without trunk zeros and extension, and whether a country code leads them."""
    return _digits(phone[:_MAX_CHARS])


# A site repeats its few numbers on each page.
@lru_cache(maxsize=1_024)
def _digits(phone: str) -> tuple[str, bool]:
    shown = unicodedata.normalize("NFKC", phone).removeprefix("tel:")
    shown = _TRUNK_ZERO.sub("", _EXTENSION.sub("", shown))
    digits = "".join(str(unicodedata.digit(char)) for char in shown if char.isdecimal())
    is_international = shown.lstrip(" (").startswith("+") or digits.startswith("00")
    return digits.lstrip("0"), is_international


def is_phone(phone: str) -> bool:
    return len(digits_of(phone)[0]) >= _MIN_DIGITS


def same_phone(one: str, other: str) -> bool:
    """Equal digits, or one is the other's national form (its end, up to a country code)."""
    (left, left_full), (right, right_full) = digits_of(one), digits_of(other)
    if min(len(left), len(right)) < _MIN_DIGITS:
        return False
    if left_full and right_full:
        return left == right
    short, long = sorted((left, right), key=len)
    return long.endswith(short) and len(long) - len(short) <= _MAX_PREFIX
