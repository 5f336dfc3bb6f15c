"""SMS over SMPP 3.4: one bound link, opened when there is something to send, kept alive, opened anew when it breaks.

A client of our own: the libraries that there are keep a queue and retries of their own, or block; our queue is rows
of a database, and what it must know of each message is whether it was taken (docs/decisions.md).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from asyncio import sleep
from collections.abc import Awaitable, Callable
from functools import partial

from callengine import config
from callengine.notices.channels import pdu
from callengine.notices.channels.pdu import Command, Pdu
from callengine.notices.model import Channel, Later, Message, Rejected, Result, Sent, Unknown
from callengine.notices.reasons import SMSC, reason
from callengine.notices.segments import MOST_PARTS, split
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0
ENQUIRE_SECONDS = 30.0
REBIND_SECONDS = 1.0  # after the first link that ended soon
MOST_RECEIPTS = 100  # that wait to be kept: the SMSC is asked to bring more of them later
REFUSED_SECONDS = 60.0  # a wrong password is not right a second later
AGAIN = 0x64  # of a deliver_sm_resp: a passing trouble, bring it again (ESME_RX_T_APPN)
CODING_GSM, CODING_LATIN1, CODING_UCS2 = 0x00, 0x03, 0x08

# A receipt: the names that its message may have, whether it arrived, and the SMSC's word.
OnReceipt = Callable[[list[str], bool, str], Awaitable[object]]


class LinkLost(Exception):
    """The link to the SMSC broke."""


class BindRefused(Exception):
    """The SMSC is there and does not want us."""


class Smpp:
    """The SMS channel over SMPP. `on_receipt` is awaited before a receipt is answered: none is lost."""

    channel = Channel.SMS
    at_once = 10
    repeatable = False

    def __init__(
        self,
        settings: config.Notices,
        on_receipt: OnReceipt,
        *,
        tls: ssl.SSLContext | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        enquire_seconds: float = ENQUIRE_SECONDS,
    ) -> None:
        self._settings, self._on_receipt = settings, on_receipt
        self._tls = tls or (ssl.create_default_context() if settings.smpp_tls else None)
        self._answer_seconds, self._enquire_seconds = answer_seconds, enquire_seconds
        self._link: _Link | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self._tasks = Tasks()

    async def send(self, message: Message) -> Result:
        sms = coded(message.text, self._settings.smpp_alphabet)
        if len(sms) > MOST_PARTS:
            return Rejected(reason("too_long", count=len(sms), most=MOST_PARTS))
        try:
            link = await self._bound()
        except BindRefused as error:
            return Later(reason("service_refused_us", service=SMSC, said=error), REFUSED_SECONDS, whole_channel=True)
        except (LinkLost, OSError, TimeoutError, pdu.Malformed) as error:
            words = str(error) or type(error).__name__
            return Later(reason("service_down", service=SMSC, said=words), whole_channel=True)
        return await self._submit(link, message, sms)

    async def _submit(self, link: _Link, message: Message, sms: list[tuple[int, bytes]]) -> Result:
        """All parts that were not taken before, one after another: a throttled part holds the rest back."""
        taken: dict[int, str] = {}
        for place, (coding, text) in enumerate(sms):
            if place in message.parts:
                continue
            joined = len(sms) > 1
            # The reference is of the message: a part that is sent in a later try joins those before it.
            header = bytes([5, 0, 3, message.id % 256, len(sms), place + 1]) if joined else b""
            build = partial(
                pdu.submit,
                sender=self._settings.sms_sender,
                number=message.number,
                text=header + text,
                coding=coding,
                joined=joined,
            )
            try:
                answer = await link.ask(build)
            except (LinkLost, TimeoutError) as error:
                self._drop(link)
                words = str(error) or "no answer"
                return Unknown(reason("service_broke_taking", service=SMSC, said=words), taken)
            if answer.status != pdu.OK:
                return _refused(answer.status, taken)
            taken[place] = pdu.message_id(answer.body)
        return Sent(f"the SMSC took it as {', '.join(taken.values())}", taken)

    # --- the link ---------------------------------------------------------------------------------------------

    async def _bound(self) -> _Link:
        async with self._opening:
            if self._closed:
                raise LinkLost("the engine stops")
            if self._link is not None and self._link.alive:
                return self._link
            self._link = await self._open()
            return self._link

    async def _open(self) -> _Link:
        it = self._settings
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(it.smpp_host, it.smpp_port, ssl=self._tls)
        link = _Link(reader, writer, self._on_receipt, self._answer_seconds)
        link.work = self._tasks.start(link.read(), name="SMPP")
        self._tasks.start(link.keep_receipts(), name="SMPP receipts")
        try:
            password = it.smpp_password.get_secret_value()
            answer = await link.ask(partial(pdu.bind, system_id=it.smpp_user, password=password))
        except BaseException:
            link.close("not bound")
            raise
        if answer.status != pdu.OK:
            link.close("not bound")
            words = pdu.WORDS.get(answer.status, f"status 0x{answer.status:08X}")
            if answer.status in pdu.PASSING:
                raise LinkLost(words)
            raise BindRefused(words)
        self._tasks.start(link.keep_alive(self._enquire_seconds), name="SMPP enquire_link")
        log.info("bound to the SMSC", extra={"action": "smpp_bound"})
        return link

    def _drop(self, link: _Link) -> None:
        link.close("it did not answer")
        if self._link is link:
            self._link = None

    async def listen(self) -> None:
        """Hold a link also when nothing is sent: receipts come when they come. For ever; a failure waits.

        So does a link that ended soon after it was bound, longer each time: an SMSC that takes our bind and hangs up is
        not stormed.
        """
        loop, short = asyncio.get_running_loop(), 0
        while True:
            try:
                link = await self._bound()
                began = loop.time()
                await link.ended.wait()
                short = short + 1 if loop.time() - began < self._enquire_seconds else 0
                if short:
                    await sleep(min(self._enquire_seconds, REBIND_SECONDS * 2.0 ** min(short - 1, 10)))
            except (BindRefused, LinkLost, OSError, TimeoutError, pdu.Malformed) as error:
                log.warning("no link to the SMSC: %s", error, extra={"action": "smpp_lost"})
                await sleep(self._enquire_seconds)

    async def close(self) -> None:
        self._closed = True
        if self._link is not None and self._link.alive:
            await self._link.unbind()
        await self._tasks.close()


class _Link:
    """One connection: requests wait for their answers by sequence number."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_receipt: OnReceipt, answer_seconds: float
    ) -> None:
        self._reader, self._writer, self._on_receipt = reader, writer, on_receipt
        self._answer_seconds = answer_seconds
        self._sequence = 0
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._receipts: asyncio.Queue[tuple[int, pdu.Receipt] | None] = asyncio.Queue()
        self.ended = asyncio.Event()
        self.work: asyncio.Task[None] | None = None
        self._why = ""

    @property
    def alive(self) -> bool:
        return not self.ended.is_set()

    async def ask(self, build: Callable[[int], Pdu]) -> Pdu:
        """Send a request and wait for its answer. Raises LinkLost, TimeoutError."""
        if not self.alive:
            raise LinkLost(self._why)
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        sequence = self._sequence
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = answer
        try:
            self._writer.write(build(sequence).encode())
            async with asyncio.timeout(self._answer_seconds):
                await self._writer.drain()
                return await answer
        except OSError as error:
            raise LinkLost(str(error)) from error
        finally:
            self._waiting.pop(sequence, None)

    async def read(self) -> None:
        """Hand each answer to who waits for it, and answer what the SMSC asks, until the link ends."""
        why = "the SMSC closed it"
        try:
            while True:
                raw = await self._reader.readexactly(pdu.HEADER.size)
                length, command, status, sequence = pdu.head(raw)
                body = await self._reader.readexactly(length - pdu.HEADER.size)
                if not await self._take(Pdu(command, status, sequence, body)):
                    return
        except (asyncio.IncompleteReadError, OSError):
            pass
        except pdu.Malformed as error:
            why = f"the SMSC sent {error}"
            log.warning("the SMSC is not understood: %s", error, extra={"action": "smpp_malformed"})
        finally:
            self.close(why)

    async def _take(self, it: Pdu) -> bool:
        if it.command & pdu.RESPONSE:
            waiting = self._waiting.get(it.sequence)
            if waiting is not None and not waiting.done():
                waiting.set_result(it)
            return True
        match it.command:
            case Command.DELIVER_SM:
                await self._delivered(it)
            case Command.ENQUIRE_LINK:
                await self._tell(Pdu(Command.ENQUIRE_LINK_RESP, pdu.OK, it.sequence))
            case Command.UNBIND:
                await self._tell(Pdu(Command.UNBIND_RESP, pdu.OK, it.sequence))
                return False
            case _:
                await self._tell(Pdu(Command.GENERIC_NACK, 0x03, it.sequence))
        return True

    async def _delivered(self, it: Pdu) -> None:
        """A receipt waits in its line: while it is written down, answers and signs of life go on."""
        found = pdu.receipt(pdu.deliver(it.body))
        if found is None or found.delivered is None:
            await self._tell(Pdu(Command.DELIVER_SM_RESP, pdu.OK, it.sequence, b"\0"))
        elif self._receipts.qsize() >= MOST_RECEIPTS:
            await self._tell(Pdu(Command.DELIVER_SM_RESP, AGAIN, it.sequence, b"\0"))
        else:
            self._receipts.put_nowait((it.sequence, found))

    async def keep_receipts(self) -> None:
        """Answer each receipt when it is durable, in their order, until the link ends.

        What cannot be kept now is asked for again, and what was not answered by the end the SMSC brings again.
        """
        while (waiting := await self._receipts.get()) is not None and self.alive:
            sequence, found = waiting
            status = pdu.OK
            try:
                await self._on_receipt(pdu.names(found.message_id), bool(found.delivered), found.state)
            except Exception:
                log.exception("receipt not kept", extra={"action": "smpp_receipt"})
                status = AGAIN
            try:
                await self._tell(Pdu(Command.DELIVER_SM_RESP, status, sequence, b"\0"))
            except OSError as error:
                self.close(str(error))

    async def _tell(self, it: Pdu) -> None:
        self._writer.write(it.encode())
        await self._writer.drain()

    async def keep_alive(self, seconds: float) -> None:
        """Ask for a sign of life; a link that gives none is closed."""
        while self.alive:
            try:
                async with asyncio.timeout(seconds):
                    await self.ended.wait()
            except TimeoutError:
                try:
                    await self.ask(partial(Pdu, Command.ENQUIRE_LINK, pdu.OK))
                except (LinkLost, TimeoutError):
                    self.close("it gave no sign of life")

    async def unbind(self) -> None:
        try:
            async with asyncio.timeout(1):
                await self.ask(partial(Pdu, Command.UNBIND, pdu.OK))
        except (LinkLost, TimeoutError):
            pass
        self.close("we closed it")

    def close(self, why: str) -> None:
        if self.ended.is_set():
            return
        self._why = why
        self.ended.set()
        self._receipts.put_nowait(None)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(LinkLost(why))
        self._writer.close()


def coded(text: str, alphabet: str) -> list[tuple[int, bytes]]:
    """The parts of a text, each with its data coding; `alphabet` is what the SMSC takes for its default one."""
    sms = split(text, plain=alphabet)
    coding = CODING_UCS2 if sms.coding == "ucs2" else CODING_LATIN1 if sms.coding == "latin1" else CODING_GSM
    return [(coding, part) for part in sms.parts]


def _refused(status: int, taken: dict[int, str]) -> Result:
    said = f"{pdu.WORDS.get(status, 'for its own reason')} (0x{status:08X})"
    if status in (pdu.QUEUE_FULL, pdu.THROTTLED):
        return Later(reason("service_refused", service=SMSC, said=said), 2, whole_channel=True, ids=taken)
    if status in pdu.PASSING:
        return Later(reason("service_refused", service=SMSC, said=said), ids=taken)
    if taken:
        said += f"; {len(taken)} parts of it went out before"
    return Rejected(reason("service_refused", service=SMSC, said=said))
