"""Makes the mail of a report and hands it to a mail server, telling exactly how that ended."""

import asyncio
import hashlib
import re
import ssl
import unicodedata
from contextlib import suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path
from typing import Protocol
from uuid import UUID

import aiosmtplib
import msgspec
from aiosmtplib import errors as failures

from lsos.core.observability.telemetry import client_span
from lsos.core.resources import Resources
from lsos.core.settings.settings import Settings
from lsos.domains.reports.policy import Outcome, Stage

WIRE = SMTP.clone(cte_type="7bit")
"""Not every server takes 8-bit text."""
MAX_ATTACHED_BYTES = 10 * 2**20
"""A larger PDF is not attached: many servers refuse 25 MB, and base64 adds a third."""
MAX_NAME_CHARS = 100
MAX_RESPONSE_CHARS = 300
QUIT_S = 2.0
MAIL_S = 120.0
"""Longest conversation of one mail."""


class Result(msgspec.Struct, frozen=True):
    """How an attempt ended; `code` is the server's, None when it gave none."""

    outcome: Outcome
    stage: Stage
    code: int | None = None
    response: str = ""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """All that the mail of a report says."""

    message_id: str
    recipient: str
    sender_name: str
    subject_name: str
    """Whose report it is."""
    reply_to: str
    made_at: datetime
    pdf: bytes


class Mailer(Protocol):
    async def send(self, letter: Letter) -> Result:
        """Hand over one mail; raises nothing that the server or network did."""


def message_id(report_id: UUID, recipient: str, sender: str) -> str:
    """The same for each attempt, so that a repeated mail can be told from a second one."""
    digest = hashlib.sha256(recipient.encode()).hexdigest()[:16]
    return f"<{report_id.hex}.{digest}@{sender.rpartition('@')[2] or 'localhost'}>"


def clean_line(text: str, limit: int = MAX_NAME_CHARS) -> str:
    """One line without controls, which could end a header or turn its reading order.

    Encoded words (RFC 2047) are broken up: `email` decodes those that it finds in a text, and a
    line break may come out.
    """
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(kept.replace("=?", "= ?").split())[:limit].rstrip()


def compose(letter: Letter, sender: str) -> EmailMessage:
    """Text and HTML with the PDF attached; the same letter gives the same parts."""
    name = clean_line(letter.subject_name) or "your business"
    agency = clean_line(letter.sender_name)
    day = f"{letter.made_at:%d %B %Y}".lstrip("0")
    is_attached = len(letter.pdf) <= MAX_ATTACHED_BYTES
    where = (
        "The report is attached as a PDF."
        if is_attached
        else "The report is too large for a mail; sign in to download it."
    )
    message = EmailMessage(policy=WIRE)
    message["Message-ID"] = letter.message_id
    message["Date"] = letter.made_at
    message["From"] = Address(display_name=agency, addr_spec=sender)
    message["To"] = letter.recipient
    if letter.reply_to:
        message["Reply-To"] = letter.reply_to
    message["Subject"] = f"Local search report for {name}, {day}"
    message["Auto-Submitted"] = "auto-generated"
    greeting = f"This is the local search report for {name} of {day}."
    signed = f"\n\n{agency}" if agency else ""
    message.set_content(f"{greeting}\n\n{where}{signed}\n")
    message.add_alternative(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>'
        f"{escape(message['Subject'])}</title></head><body>"
        f"<p>{escape(greeting)}</p><p>{escape(where)}</p>"
        + (f"<p>{escape(agency)}</p>" if agency else "")
        + "</body></html>\n",
        subtype="html",
    )
    if is_attached:
        message.add_attachment(
            letter.pdf,
            maintype="application",
            subtype="pdf",
            filename=file_name(letter.subject_name, letter.made_at, "pdf"),
        )
    # Boundaries are random otherwise, and a repeated mail would differ from the first.
    for number, part in enumerate(p for p in message.walk() if p.is_multipart()):
        part.set_boundary(
            f"=={hashlib.sha256(letter.message_id.encode()).hexdigest()[:24]}.{number}"
        )
    return message


def _encoded(letter: Letter, sender: str) -> bytes:
    """Base64 of some megabytes: in a thread."""
    return compose(letter, sender).as_bytes()


def file_name(name: str, made_at: datetime, extension: str) -> str:
    """ASCII letters, digits and hyphens only: no path, no header syntax."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "report"
    return f"{slug}-{made_at:%Y-%m-%d}.{extension}"


class FolderMailer:
    """Leaves mails in a folder: for a local installation without a mail server."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender or "reports@localhost.localdomain"

    async def send(self, letter: Letter) -> Result:
        body = await asyncio.to_thread(_encoded, letter, self._sender)
        name = letter.message_id.strip("<>").partition("@")[0]
        await asyncio.to_thread(self._write, f"{name}.eml", body)
        return Result("sent", "dot", 250, "written to a file")

    def _write(self, name: str, body: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        staged = self._folder / f".{name}.part"
        staged.write_bytes(body)
        staged.replace(self._folder / name)


class NoMailer:
    """Where no mail server is named."""

    async def send(self, letter: Letter) -> Result:
        del letter
        return Result("failed", "connect", None, "no mail server is configured: set SMTP_HOST")


class SmtpMailer:
    """One connection a mail, so that a broken one harms no other recipient."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        is_plain = settings.smtp_tls == "none"
        self._tls = None if is_plain else ssl.create_default_context()

    async def send(self, letter: Letter) -> Result:
        body = await asyncio.to_thread(_encoded, letter, self._settings.smtp_from_email)
        talk = _Talk(self._settings, self._tls)
        try:
            address = f"smtp://{self._settings.smtp_host}:{self._settings.smtp_port}"
            with client_span("smtp send", address):
                async with asyncio.timeout(MAIL_S):
                    return await talk.hand_over(letter.recipient, body)
        except failures.SMTPResponseException as error:
            return _judged(talk.stage, error.code, error.message)
        except (failures.SMTPException, OSError, ValueError) as error:
            # Before the dot nothing was taken over; after it, nobody can say.
            unknown = talk.stage == "dot"
            reason = f"{type(error).__name__}: {error}"
            return Result(
                "outcome_unknown" if unknown else "retry", talk.stage, None, _plain(reason)
            )
        finally:
            await talk.end()


class _Talk:
    """One SMTP conversation; `stage` says how far it came."""

    def __init__(self, settings: Settings, tls: ssl.SSLContext | None) -> None:
        self.stage: Stage = "connect"
        self._settings = settings
        self._client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=settings.smtp_tls == "tls",
            start_tls=False,  # asked for below, in a stage of its own
            tls_context=tls,
            timeout=settings.smtp_timeout_seconds,
            local_hostname=settings.smtp_from_email.rpartition("@")[2],
        )

    async def hand_over(self, recipient: str, body: bytes) -> Result:
        client, settings = self._client, self._settings
        await client.connect()
        self.stage = "ehlo"
        await client.ehlo()
        if settings.smtp_tls == "starttls":
            self.stage = "tls"
            await client.starttls()
        if settings.smtp_username:
            self.stage = "auth"
            await client.login(settings.smtp_username, settings.smtp_password)
        self.stage = "mail"
        await client.mail(settings.smtp_from_email)
        self.stage = "rcpt"
        await client.rcpt(recipient)
        self.stage = "data"
        start = await client.execute_command(b"DATA")
        if start.code != 354:
            return _judged("data", start.code, start.message)
        return await self._body(body)

    async def _body(self, body: bytes) -> Result:
        """The text in two steps, as only a loss after the dot leaves the outcome open."""
        protocol = self._client.protocol
        if protocol is None:
            raise failures.SMTPServerDisconnected("the connection was lost")
        # RFC 5321 section 4.5.2: a line's first dot is doubled.
        protocol.write(re.sub(rb"(?m)^\.", b"..", body))
        async with asyncio.timeout(self._settings.smtp_timeout_seconds):
            await protocol._drain_helper()
        self.stage = "dot"
        protocol.write(b".\r\n")
        answer = await protocol.read_response(timeout=self._settings.smtp_timeout_seconds)
        return _judged("dot", answer.code, answer.message)

    async def end(self) -> None:
        """Politely, but the mail's fate is known: nothing here changes it."""
        if self._client.is_connected:
            with suppress(failures.SMTPException, OSError):
                await self._client.quit(timeout=QUIT_S)
        self._client.close()


def _judged(stage: Stage, code: int, text: str) -> Result:
    """RFC 5321 section 4.2.1: 2xx done, 4xx may be tried again, 5xx may not."""
    outcome: Outcome = "retry"
    if stage == "dot" and 200 <= code < 300:
        outcome = "sent"
    elif code >= 500:
        outcome = "failed"
    return Result(outcome, stage, code, _plain(text))


def _plain(text: str) -> str:
    return clean_line(text, MAX_RESPONSE_CHARS)


def open_mailer(settings: Settings) -> Mailer:
    if settings.smtp_host:
        return SmtpMailer(settings)
    if settings.is_strict:
        return NoMailer()
    return FolderMailer(Path(settings.lsos_home) / "mail", settings.smtp_from_email)


def mailer(resources: Resources) -> Mailer:
    return open_mailer(resources.settings)
