"""How often a report and its mails are tried, to whom they may go, and how a run of them ends."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from lsos.core.errors import Invalid
from lsos.core.http.wording import given
from lsos.core.mail_address import is_email

MAX_RETRIES = 3
"""Of a mail, and of a schedule in a row; afterwards a schedule is switched off."""
MAX_RECIPIENTS = 50
RETRY_FACTOR = 5.0
MAX_WAIT_S = 300.0
ON_TIME_S = 900
"""A scheduled report is on time when it is stored and mailed within this after its due time."""
DUE_WINDOW_S = 86_400
"""Reports are at most daily: a schedule has one due time in it."""
GIVE_UP_AFTER_S = 86_400.0
"""So long a report waits for a storage that is away."""

ReportState = Literal["queued", "building", "stored", "failed"]
DeliveryState = Literal["intent", "sending", "sent", "retry", "failed", "outcome_unknown"]
Stage = Literal["connect", "ehlo", "tls", "auth", "mail", "rcpt", "data", "dot"]
"""How far an SMTP conversation came; dot: the text had been sent."""
Outcome = Literal["sent", "retry", "failed", "outcome_unknown"]
RunStatus = Literal["delivered", "partly_delivered", "failed", "max_retries_exceeded"]
Format = Literal["html", "pdf"]
FORMATS: tuple[Format, ...] = ("html", "pdf")
MEDIA_TYPES: Mapping[Format, str] = {"html": "text/html", "pdf": "application/pdf"}

UNKNOWN = "outcome_unknown"


def retry_delay_s(retry: int, base_s: float, jitter: float) -> float:
    """Seconds before the retry of this number, from 1; `jitter` in [0, 1) spreads it by 25 %."""
    waited: float = base_s * RETRY_FACTOR ** (max(1, retry) - 1)
    return waited * (0.75 + 0.5 * jitter)


def storage_delay_s(attempt: int, base_s: float, jitter: float) -> float:
    """Seconds until a report asks again for a storage that is away: doubling, at most 5 min."""
    waited: float = min(MAX_WAIT_S, base_s / 4 * 2.0 ** min(attempt, 16))
    return waited * (0.75 + 0.5 * jitter)


def clean_recipients(asked: Iterable[str], *, is_needed: bool) -> list[str]:
    """Addresses without repetition; Invalid names the one that no mail server would take."""
    found: dict[str, str] = {}
    for address in map(str.strip, asked):
        if not is_email(address):
            raise Invalid(
                f"{given(address)} is not an e-mail address, such as name@example.com",
                field="recipients",
                code="recipient_invalid",
            )
        found.setdefault(address.casefold(), address)
    if len(found) > MAX_RECIPIENTS:
        raise Invalid(
            f"has {len(found)} recipients; allowed are at most {MAX_RECIPIENTS}", field="recipients"
        )
    if is_needed and not found:
        raise Invalid("needs at least one recipient", field="recipients")
    return list(found.values())


def times_unknown(log: Sequence[object]) -> int:
    return sum(1 for e in log if isinstance(e, Mapping) and e.get("outcome") == UNKNOWN)


def is_open(state: str, log: Sequence[object]) -> bool:
    """Whether the mail server is to be asked (again); an unknown outcome is repeated once."""
    return state in ("intent", "sending", "retry") or (state == UNKNOWN and times_unknown(log) < 2)


def run_status(states: Iterable[str]) -> RunStatus:
    """How the mails of a run ended, none of them being open."""
    seen = set(states)
    if seen <= {"sent"}:
        return "delivered"
    return "partly_delivered" if seen & {"sent", UNKNOWN} else "failed"
