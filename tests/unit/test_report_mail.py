"""Whatever stands in a name, a mail has the headers that we gave it, and no other."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsos.core.errors import Invalid
from lsos.core.mail_address import is_email
from lsos.domains.reports.mail import (
    MAX_ATTACHED_BYTES,
    Letter,
    clean_line,
    compose,
    file_name,
    message_id,
)
from lsos.domains.reports.policy import (
    MAX_RECIPIENTS,
    clean_recipients,
    is_open,
    retry_delay_s,
    run_status,
    storage_delay_s,
)

REPORT = UUID("018f0000-0000-7000-8000-000000000001")
MADE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SENDER = "reports@agency.example"
HEADERS = {
    "Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type",
}  # fmt: skip


def letter(**changes: Any) -> Letter:
    values: dict[str, Any] = {
        "message_id": message_id(REPORT, "client@customer.example", SENDER),
        "recipient": "client@customer.example",
        "sender_name": "Agency",
        "subject_name": "Bakery",
        "reply_to": "",
        "made_at": MADE,
        "pdf": b"%PDF",
        **changes,
    }
    return Letter(**values)


def parsed(made: Letter) -> Any:
    return message_from_bytes(compose(made, SENDER).as_bytes(), policy=policy.default)


hostile = st.one_of(
    st.text(),
    st.sampled_from(
        [
            "x\r\nBcc: everybody@evil.example",
            "x\nSubject: other\n\nbody",
            "x\u2028Bcc: y@evil.example",
            "x\u0085Bcc: y@evil.example",
            "<script>alert(1)</script>",
            '"; Bcc: y@evil.example; "',
            "a" * 5_000,
            "=?utf-8?q?=0D=0ABcc=3A_y=40evil.example?=",
            "Bäckerei Žižkov 🥐 שלום",
            "\u202egnp.exe",
            "\ud800",
            "=??Q?=0D",
            "",
        ]
    ),
)


@given(hostile, hostile)
def test_names_stay_names(agency: str, business: str) -> None:
    agency = agency.encode("utf-8", "replace").decode()
    business = business.encode("utf-8", "replace").decode()
    raw = compose(letter(sender_name=agency, subject_name=business), SENDER).as_bytes()
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = message_from_bytes(raw, policy=policy.default)
    assert set(message.keys()) == HEADERS
    assert len(message.keys()) == len(HEADERS)
    [sender] = message["From"].addresses
    assert sender.addr_spec == SENDER
    assert [a.addr_spec for a in message["To"].addresses] == ["client@customer.example"]
    body = message.get_body(("html",))
    assert body is not None
    assert "<script" not in body.get_content()


def test_names_of_any_script_arrive() -> None:
    message = parsed(letter(sender_name="Agentur Žižkov", subject_name="Bäckerei 🥐 שלום"))
    assert message["From"].addresses[0].display_name == "Agentur Žižkov"
    assert message["Subject"] == "Local search report for Bäckerei 🥐 שלום, 24 November 2026"
    assert "Bäckerei 🥐 שלום" in message.get_body(("plain",)).get_content()


def test_a_repeated_mail_is_the_same_mail() -> None:
    assert compose(letter(), SENDER).as_bytes() == compose(letter(), SENDER).as_bytes()


def test_a_huge_pdf_is_not_attached_and_the_mail_says_so() -> None:
    message = parsed(letter(pdf=b"x" * (MAX_ATTACHED_BYTES + 1)))
    assert list(message.iter_attachments()) == []
    assert "too large" in message.get_body(("plain",)).get_content()
    assert "too large" in message.get_body(("html",)).get_content()


def test_a_message_id_belongs_to_report_and_recipient() -> None:
    first = message_id(REPORT, "a@x.example", SENDER)
    assert first == message_id(REPORT, "a@x.example", SENDER)
    assert first != message_id(REPORT, "b@x.example", SENDER)
    assert first != message_id(UUID(int=1), "a@x.example", SENDER)
    assert first.endswith("@agency.example>")


@given(hostile)
def test_a_file_name_is_harmless(name: str) -> None:
    found = file_name(name.encode("utf-8", "replace").decode(), MADE, "pdf")
    assert found.endswith("-2026-11-24.pdf")
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert found.count(".") == 1


@given(st.text(), st.integers(0, 50))
def test_a_cleaned_line_is_one_line(text: str, limit: int) -> None:
    found = clean_line(text, limit)
    assert len(found) <= limit
    assert found.splitlines() in ([], [found])
    assert clean_line(found, limit) == found


@pytest.mark.parametrize(
    "text, is_good",
    [
        ("a@b.example", True),
        ("first.last+tag@sub.domain.example", True),
        ("o'brien@b.example", True),
        ("a@b", False),
        ("a@b.example\n", False),
        ("a@b.example\r\nRCPT TO:<x@y.example>", False),
        ("a b@c.example", False),
        ("<a@b.example>", False),
        ("a@b.example, c@d.example", False),
        ('"a b"@c.example', False),
        ("a@-b.example", False),
        ("a@b..example", False),
        (".a@b.example", False),
        ("ä@b.example", False),
        ("a@bücher.example", False),
        ("a@[127.0.0.1]", False),
        ("=?utf-8?q?=0D=0A?=@b.example", False),
        ("a" * 65 + "@b.example", False),
        ("a@" + ("b" * 60 + ".") * 5 + "example", False),
        ("", False),
    ],
)
def test_which_addresses_any_server_takes(text: str, is_good: bool) -> None:
    assert is_email(text) is is_good


def test_recipients_are_cleaned_and_bounded() -> None:
    assert clean_recipients([" a@b.example", "A@B.example", "c@d.example"], is_needed=True) == [
        "a@b.example",
        "c@d.example",
    ]
    assert clean_recipients([], is_needed=False) == []
    for wrong in (["nobody"], [], [f"a{i}@b.example" for i in range(MAX_RECIPIENTS + 1)]):
        with pytest.raises(Invalid) as refused:
            clean_recipients(wrong, is_needed=True)
        assert refused.value.field == "recipients"


@pytest.mark.parametrize(
    "states, status",
    [
        (["sent", "sent"], "delivered"),
        (["sent", "failed"], "partly_delivered"),
        (["outcome_unknown"], "partly_delivered"),
        (["failed", "outcome_unknown"], "partly_delivered"),
        (["failed"], "failed"),
    ],
)
def test_how_a_run_ended(states: list[str], status: str) -> None:
    assert run_status(states) == status


def test_an_unknown_outcome_is_repeated_once() -> None:
    unknown = {"outcome": "outcome_unknown"}
    assert is_open("outcome_unknown", [unknown])
    assert is_open("outcome_unknown", [{"outcome": "retry"}, unknown])
    assert not is_open("outcome_unknown", [unknown, {"outcome": "retry"}, unknown])
    assert [s for s in ("intent", "sending", "sent", "retry", "failed") if is_open(s, [])] == [
        "intent",
        "sending",
        "retry",
    ]


@given(st.integers(1, 3), st.floats(0, 0.999))
def test_waits_grow_and_are_bounded(retry: int, jitter: float) -> None:
    assert 0.75 * 60 * 5 ** (retry - 1) <= retry_delay_s(retry, 60, jitter) <= 75 * 5 ** (retry - 1)
    assert storage_delay_s(10_000, 60, jitter) <= 375
