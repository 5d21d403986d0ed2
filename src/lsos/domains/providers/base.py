"""What every provider adapter speaks: typed errors, and careful reading of answers.

core.errors.Transient
└── Transient          the provider failed this time; `state` of the item: error
    └── Busy           nobody was asked: rate limit, open breaker, no permit; ask after `wait_s`
core.errors.Permanent
└── Permanent          asking again can't help; `state` of the item: error
    ├── BadResponse    an answer that can't be understood
    ├── Denied         the credential is refused: it ends the run
    └── QuotaSpent     nothing is left to spend: it ends the run
"""

import math

from lsos.core import errors

MAX_INT = 2_147_483_647
"""Of a column of type integer."""


class Transient(errors.Transient):
    code = "provider_unavailable"


class Busy(Transient):
    code = "provider_busy"

    def __init__(self, message: str, *, code: str | None = None, wait_s: float) -> None:
        super().__init__(message, code=code)
        self.wait_s = wait_s


class Permanent(errors.Permanent):
    code = "provider_refused"


class BadResponse(Permanent):
    code = "provider_bad_response"


class Denied(Permanent):
    code = "provider_denied"


class QuotaSpent(Permanent):
    code = "provider_quota_spent"


ProviderError = Transient | Permanent
PROVIDER_ERRORS = (Transient, Permanent)


def ends_run(error: Exception) -> bool:
    """Whether no further item of the run can be measured with this credential."""
    return isinstance(error, Denied | QuotaSpent)


def as_object(value: object) -> dict[str, object]:
    """The object, or an empty one: a missing part of an answer and a wrong one are the same."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def as_text(value: object, most: int = 500) -> str:
    """Text or a whole number as text, without NUL (PostgreSQL stores none); "" for the rest."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    # A huge integer is not spelled out: Python refuses those of over 4,300 digits.
    text = value if isinstance(value, str) else (str(value) if abs(value) < 1 << 128 else "")
    return text.replace("\x00", "")[:most]


def as_url(value: object) -> str:
    """An http(s) URL as sent; "" for anything else."""
    is_url = isinstance(value, str) and value[:8].lower().startswith(("http://", "https://"))
    return as_text(value, 2_048) if is_url else ""


def as_int(value: object, most: int = MAX_INT) -> int | None:
    """A whole number from 0 to `most`; numbers are often sent as text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= most else None


def as_float(value: object) -> float | None:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def message_of(payload: object) -> str:
    """What the answer says of its failure, as most APIs write it."""
    error = as_object(payload).get("error")
    text = as_text(error) or as_text(as_object(error).get("message"))
    return text or as_text(as_object(payload).get("message"))
