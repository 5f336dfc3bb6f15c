"""Letters over SMTP: one connection a letter, each step by itself, so that it is known whether a letter was taken."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from callengine import config
from callengine.clock import Clock
from callengine.notices.channels.scrub import scrub
from callengine.notices.model import Channel, Later, Message, Rejected, Result, Sent, Unknown
from callengine.notices.reasons import MAIL, reason

STEP_SECONDS = 10.0
POLICY = SMTP.clone(cte_type="7bit")  # every server takes it, those without 8BITMIME too


class Email:
    """The e-mail channel. A letter has its own Message-ID for ever, so that one that comes twice is one."""

    channel = Channel.EMAIL
    at_once = 4
    repeatable = False

    def __init__(self, settings: config.Notices, clock: Clock, *, tls: ssl.SSLContext | None = None) -> None:
        self._settings, self._clock, self._tls = settings, clock, tls
        self._secrets = (settings.smtp_password.get_secret_value(),)

    async def send(self, message: Message) -> Result:
        try:
            letter = self.letter(message)
        except ValueError as error:
            return Rejected(reason("bad_address", address=repr(message.email), said=scrub(str(error))))
        it = self._settings
        smtp = aiosmtplib.SMTP(
            hostname=it.smtp_host,
            port=it.smtp_port,
            use_tls=it.smtp_security == "tls",
            start_tls=it.smtp_security == "starttls",
            tls_context=self._tls,
            timeout=STEP_SECONDS,
        )
        try:
            return await self._deliver(smtp, message, letter)
        finally:
            smtp.close()

    async def _deliver(self, smtp: aiosmtplib.SMTP, message: Message, letter: EmailMessage) -> Result:
        if (failed := await self._greet(smtp)) is not None:
            return failed
        try:
            await smtp.mail(self._settings.email_from)
            await smtp.rcpt(message.email)
        except aiosmtplib.SMTPResponseException as error:
            return self._refused(error)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return self._lost(error)
        try:
            code, words = await smtp.data(letter.as_bytes(policy=POLICY))
        except aiosmtplib.SMTPResponseException as error:
            return self._refused(error)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Unknown(reason("service_broke_taking", service=MAIL, said=self._words(error)))
        try:  # it was taken: how the server says goodbye changes nothing
            async with asyncio.timeout(1):
                await smtp.quit()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            pass
        return Sent(f"{code} {scrub(words)}")

    async def _greet(self, smtp: aiosmtplib.SMTP) -> Later | None:
        """Connect and sign in; nothing of a letter is said before. What fails here fails for every letter."""
        it = self._settings
        try:
            await smtp.connect()
            if it.smtp_user:
                await smtp.login(it.smtp_user, it.smtp_password.get_secret_value())
        except aiosmtplib.SMTPAuthenticationError as error:
            return Later(
                reason("service_refused_us", service=MAIL, said=f"smtp_user: {self._words(error)}"),
                60,
                whole_channel=True,
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            where = f"{it.smtp_host}:{it.smtp_port}"
            why = reason("service_unusable", service=MAIL, where=where, said=self._words(error))
            return Later(why, whole_channel=True)
        return None

    def _refused(self, error: aiosmtplib.SMTPResponseException) -> Result:
        said = f"{error.code} {scrub(str(error.message), self._secrets)}"
        words = reason("service_refused", service=MAIL, said=said)
        return Rejected(words) if error.code >= 500 else Later(words)

    def _lost(self, error: Exception) -> Later:
        return Later(reason("service_broke", service=MAIL, said=self._words(error)), whole_channel=True)

    def _words(self, error: Exception) -> str:
        return scrub(str(error) or type(error).__name__, self._secrets)

    def letter(self, message: Message) -> EmailMessage:
        """The letter as it goes. Raises ValueError for an address that is none: it never becomes a second header."""
        sender = Address(addr_spec=self._settings.email_from)
        letter = EmailMessage(policy=POLICY)
        letter["From"] = sender
        letter["To"] = Address(display_name=_line(message.name), addr_spec=_plain(message.email))
        letter["Subject"] = _line(message.subject)
        letter["Date"] = format_datetime(self._clock.now())
        letter["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{sender.domain}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
        letter.set_content(message.text)
        return letter

    async def close(self) -> None:
        return None


def _line(text: str) -> str:
    """On one line, without what begins a header: the words are anybody's."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _plain(address: str) -> str:
    if not address.isascii() or any(char.isspace() or not char.isprintable() for char in address):
        raise ValueError("an address has Latin letters and no spaces")
    name, at, host = address.rpartition("@")
    if not (name and at and host):  # the parser of the standard library has only an IndexError for these
        raise ValueError("an address is NAME@HOST")
    return address
