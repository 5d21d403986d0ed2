"""Each fault of a mail server ends as what it is: sent, to be tried again, failed, or unknown."""

import ssl
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import trustme

from lsos.core.settings.settings import Settings
from lsos.domains.reports.mail import Letter, Result, SmtpMailer, message_id
from tests.support.smtp import DROP, PASSWORD, USER, MailServer, mail_server

REPORT = UUID("018f0000-0000-7000-8000-000000000001")
TO = "client@customer.example"


def letter(**changes: Any) -> Letter:
    values: dict[str, Any] = {
        "message_id": message_id(REPORT, TO, "reports@agency.example"),
        "recipient": TO,
        "sender_name": "Agency",
        "subject_name": "Bakery",
        "reply_to": "",
        "made_at": datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
        "pdf": b"%PDF-1.7 x",
        **changes,
    }
    return Letter(**values)


def settings_of(server: MailServer, **changes: Any) -> Settings:
    return Settings(**server.settings(**changes))  # type: ignore[arg-type]  # names of fields


async def send(server: MailServer, **changes: Any) -> Result:
    return await SmtpMailer(settings_of(server, **changes)).send(letter())


async def test_a_mail_arrives_with_its_parts() -> None:
    async with mail_server() as server:
        result = await send(server)
    assert (result.outcome, result.code) == ("sent", 250)
    [(recipient, message)] = server.messages
    assert recipient == message["To"] == TO
    assert message["Message-ID"] == letter().message_id
    assert message["From"] == "Agency <reports@agency.example>"
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    [pdf] = message.iter_attachments()
    assert pdf.get_filename() == "bakery-2026-11-24.pdf"
    assert pdf.get_content() == b"%PDF-1.7 x"


@pytest.mark.parametrize("stage", ["connect", "ehlo", "auth", "mail", "rcpt", "data", "dot"])
@pytest.mark.parametrize(
    "answer, outcome",
    [("421", "retry"), ("450", "retry"), ("451", "retry"), ("550", "failed"), ("554", "failed")],
)
async def test_the_servers_answer_decides(stage: str, answer: str, outcome: str) -> None:
    async with mail_server(needs_login=True) as server:
        server.script = [(stage, answer)]
        login = {"smtp_username": USER, "smtp_password": PASSWORD}
        result = await send(server, **login)
        assert (result.outcome, result.stage) == (outcome, stage)
        # After 421 to its first login, the client goes on to the next kind and finds nobody.
        assert result.code == (None if (stage, answer) == ("auth", "421") else int(answer))
        assert server.messages == []
        assert PASSWORD not in result.response
        assert (await send(server, **login)).outcome == "sent"


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data"])
async def test_a_connection_that_breaks_before_the_dot_is_tried_again(stage: str) -> None:
    async with mail_server() as server:
        server.script = [(stage, DROP)]
        result = await send(server)
        assert (result.outcome, result.stage, result.code) == ("retry", stage, None)
        assert server.messages == []


async def test_a_connection_that_breaks_after_the_dot_leaves_the_outcome_open() -> None:
    async with mail_server() as server:
        server.script = [("dot", DROP)]
        result = await send(server)
        assert (result.outcome, result.stage, result.code) == ("outcome_unknown", "dot", None)
        assert len(server.messages) == 1, "it did arrive; nobody could know"


async def test_nobody_listens_or_answers() -> None:
    async with mail_server() as server:
        port = server.port
    refused = await SmtpMailer(settings_of(server, smtp_port=port)).send(letter())
    assert (refused.outcome, refused.stage) == ("retry", "connect")


async def test_a_wrong_password_is_no_reason_to_try_again() -> None:
    async with mail_server(needs_login=True) as server:
        result = await send(server, smtp_username=USER, smtp_password="wrong-password")
        assert (result.outcome, result.stage, result.code) == ("failed", "auth", 535)
        assert "wrong-password" not in result.response


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> trustme.CA:
    """A certificate authority that this process trusts, as an operator's would be."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def server_side(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_a_password_goes_through_a_verified_connection(
    authority: trustme.CA, mode: str
) -> None:
    context = server_side(authority, "127.0.0.1")
    is_implicit = mode == "tls"
    async with mail_server(tls=context, is_implicit=is_implicit, needs_login=True) as server:
        result = await send(server, smtp_tls=mode, smtp_username=USER, smtp_password=PASSWORD)
        assert (result.outcome, result.code) == ("sent", 250)
        assert (server.encrypted, server.logins) == ([True], 1)


@pytest.mark.parametrize("mode", ["starttls", "tls"])
@pytest.mark.parametrize("is_known", [True, False])
async def test_a_certificate_for_another_name_or_of_a_stranger_gets_no_password(
    authority: trustme.CA, mode: str, is_known: bool
) -> None:
    issuer = authority if is_known else trustme.CA()
    context = server_side(issuer, "other.example" if is_known else "127.0.0.1")
    async with mail_server(tls=context, is_implicit=mode == "tls", needs_login=True) as server:
        result = await send(server, smtp_tls=mode, smtp_username=USER, smtp_password=PASSWORD)
        assert result.outcome == "retry"
        assert result.stage == ("tls" if mode == "starttls" else "connect")
        assert (server.messages, server.logins) == ([], 0)


async def test_a_server_without_starttls_gets_no_mail() -> None:
    """Somebody in between may have taken the offer out."""
    async with mail_server() as server:
        result = await send(server, smtp_tls="starttls")
        assert (result.outcome, result.stage) == ("retry", "tls")
        assert server.messages == []


async def test_a_line_of_one_dot_does_not_end_the_mail() -> None:
    async with mail_server() as server:
        mailer = SmtpMailer(settings_of(server))
        result = await mailer.send(letter(pdf=b"\r\n.\r\nMAIL FROM:<x@y.example>\r\n" * 50))
        assert result.outcome == "sent"
        [(_, message)] = server.messages
        [pdf] = message.iter_attachments()
        assert pdf.get_content() == b"\r\n.\r\nMAIL FROM:<x@y.example>\r\n" * 50


async def test_a_large_mail_arrives_whole() -> None:
    async with mail_server() as server:
        mailer = SmtpMailer(settings_of(server))
        body = bytes(range(256)) * 12_000
        assert (await mailer.send(letter(pdf=body))).outcome == "sent"
        [(_, message)] = server.messages
        [pdf] = message.iter_attachments()
        assert pdf.get_content() == body
