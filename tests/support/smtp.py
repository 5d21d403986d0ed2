"""A real mail server on loopback that fails where a test says, and keeps what it has accepted."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "lsos", "mail-secret-8217"
DROP = "drop"
"""Instead of an answer, the connection ends."""
HOLD = "hold"
"""The answer waits for `may_answer`."""


@dataclass
class MailServer:
    """`script` holds one fault a connection: (stage, answer, DROP or HOLD); "" for none.

    `refused` answers RCPT by recipient, whatever the script says. What was accepted stands in
    `messages`, also when the connection was dropped before it could be said.
    """

    port: int = 0
    script: list[tuple[str, str]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    always: tuple[str, str] = ("", "")
    messages: list[tuple[str, EmailMessage]] = field(default_factory=list)
    connections: int = 0
    logins: int = 0
    encrypted: list[bool] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.messages]

    def settings(self, **changes: object) -> dict[str, object]:
        return {
            "smtp_host": "127.0.0.1",
            "smtp_port": self.port,
            "smtp_tls": "none",
            "smtp_from_email": "reports@agency.example",
            "smtp_timeout_seconds": 5.0,
            "report_retry_seconds": 0.0,
            **changes,
        }


class _Scripted(SMTP):
    """aiosmtpd, with the fault of this connection."""

    def __init__(self, server: MailServer, **options: Any) -> None:
        super().__init__(_Handler(server), enable_SMTPUTF8=False, hostname="mail.test", **options)
        self.server = server
        self.fault = ("", "")

    async def _handle_client(self) -> None:
        server = self.server
        server.connections += 1
        self.fault = server.script.pop(0) if server.script else server.always
        if self.fault[0] == "connect":
            await self.fail(self.fault[1])
            self.close()
        else:
            await super()._handle_client()

    async def fail(self, answer: str) -> None:
        if answer == DROP:
            self.close()
        else:
            await self.push(f"{answer} scripted")

    def close(self) -> None:
        assert self.transport is not None
        self.transport.close()

    async def smtp_EHLO(self, hostname: str) -> None:
        if self.fault[0] == "ehlo":
            await self.fail(self.fault[1])
            return
        await super().smtp_EHLO(hostname)

    async def smtp_AUTH(self, arg: str) -> None:
        if self.fault[0] == "auth":
            await self.fail(self.fault[1])
            return
        await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str) -> None:
        if self.fault[0] == "mail":
            await self.fail(self.fault[1])
            return
        await super().smtp_MAIL(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if self.fault[0] == "data":
            await self.fail(self.fault[1])
            return
        await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_RCPT(
        self, smtp: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self._server.refused.get(address):
            return f"{answer} no such user"
        stage, answer = smtp.fault
        if stage == "rcpt":
            if answer == DROP:
                smtp.close()
            return f"{answer} scripted"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, smtp: Any, session: Session, envelope: Envelope) -> str:
        stage, answer = smtp.fault
        if stage == "dot" and answer not in (DROP, HOLD):
            return f"{answer} scripted"
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        for recipient in envelope.rcpt_tos:
            self._server.messages.append((recipient, message))
        self._server.raw.append(envelope.content)
        self._server.encrypted.append(smtp.transport.get_extra_info("sslcontext") is not None)
        if stage == "dot" and answer == HOLD:
            await self._server.may_answer.wait()
        elif stage == "dot":
            smtp.close()
        return "250 taken"


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, is_implicit: bool = False, needs_login: bool = False
) -> AsyncIterator[MailServer]:
    """With `tls` it offers STARTTLS, or speaks TLS from the start when `is_implicit`."""
    server = MailServer()

    def authenticate(
        smtp: Any, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        server.logins += 1
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    def make() -> _Scripted:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of passwords in the clear: on loopback
            return _Scripted(
                server,
                tls_context=None if is_implicit else tls,
                require_starttls=tls is not None and not is_implicit,
                auth_required=needs_login,
                auth_require_tls=tls is not None and not is_implicit,
                authenticator=authenticate if needs_login else None,
            )

    loop = asyncio.get_running_loop()
    listener = await loop.create_server(make, "127.0.0.1", 0, ssl=tls if is_implicit else None)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
