"""A small SIP telephone over UDP: registers, calls, answers, holds, transfers; real RTP through rtp.Ticker.

It knows what Asterisk asks of a telephone and no more: no TCP, no proxies, no record routes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from typing import cast
from urllib.parse import quote

from callengine.errors import EngineError
from callengine.sandbox import sip
from callengine.sandbox.rtp import Stream, Ticker
from callengine.sandbox.sip import Message, Sound

log = logging.getLogger(__name__)

_T1, _T2, _GIVE_UP = 0.5, 4.0, 32.0
_REASONS = {180: "Ringing", 183: "Session Progress", 200: "OK", 404: "Not Found", 480: "Temporarily Unavailable",
            481: "Call Does Not Exist", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
            500: "Server Error", 603: "Decline"}  # fmt: skip
_REMEMBERED = 2048  # answered requests, for retransmissions

Address = tuple[str, int]


class PhoneRefused(EngineError):
    """The PBX refused what the telephone asked."""

    code, status = "phone-refused", 502


class CallState(StrEnum):
    DIALLING = "dialling"  # we called, nobody answered yet
    RINGING = "ringing"  # they called, we did not answer yet
    TALKING = "talking"
    HELD = "held"  # by us
    ENDED = "ended"


def _token(length: int = 12) -> str:
    return f"{random.getrandbits(length * 4):0{length}x}"


class _Sending:
    """A request on its way: sent again until an answer comes."""

    def __init__(self, line: Line, message: Message, to: Address, on_reply: Callable[[Message], None]) -> None:
        self._line, self._to, self.message, self.on_reply = line, to, message, on_reply
        self._wait, self._spent = _T1, 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self._line.transmit(self.message, self._to)
        self._timer = asyncio.get_running_loop().call_later(self._wait, self._again)

    def _again(self) -> None:
        self._spent += self._wait
        if self._spent >= _GIVE_UP:
            self._line.forget(self)
            self.on_reply(sip.reply(self.message, 408, "Request Timeout"))
            return
        self._wait = min(self._wait * 2, _T2)
        self.begin()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class Line(asyncio.DatagramProtocol):
    """One UDP port with any number of calls on it: an operator's phone, or a whole town of residents."""

    def __init__(
        self,
        ticker: Ticker,
        *,
        pbx: Address,
        user: str = "resident",
        secret: str = "",
        on_call: Callable[[Call], None] | None = None,
        keep_sound: bool = False,
    ) -> None:
        self.pbx, self.user, self.ticker, self.keep_sound = pbx, user, ticker, keep_sound
        self.deaf = False  # a dead phone: hears nothing, says nothing
        self.calls: dict[str, Call] = {}
        self._secret, self._on_call = secret, on_call
        self._transport: asyncio.DatagramTransport | None = None
        self._sending: dict[tuple[str, str], _Sending] = {}
        self._answered: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()
        self._register_id, self._register_count = f"reg-{_token()}", 0

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> Line:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there just now; the retransmissions decide."""

    def close(self) -> None:
        for call in tuple(self.calls.values()):
            call.ended_by("closed")
        for sending in self._sending.values():
            sending.stop()
        self._sending.clear()
        if self._transport is not None:
            self._transport.close()

    @property
    def address(self) -> Address:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return str(host), int(port)

    @property
    def contact(self) -> str:
        return f"<sip:{self.user}@{self.address[0]}:{self.address[1]}>"

    # Outgoing

    def transmit(self, message: Message, to: Address) -> None:
        if self._transport is not None and not self._transport.is_closing() and not self.deaf:
            self._transport.sendto(message.encode(), to)

    def via(self, branch: str = "") -> str:
        host, port = self.address
        return f"SIP/2.0/UDP {host}:{port};rport;branch={branch or 'z9hG4bK' + _token(16)}"

    def send(self, message: Message, on_reply: Callable[[Message], None], to: Address | None = None) -> _Sending:
        """Send a request until it is answered; `on_reply` gets every response, or a 408 of our own."""
        sending = _Sending(self, message, to or self.pbx, on_reply)
        self._sending[(message.branch, message.method)] = sending
        sending.begin()
        return sending

    def forget(self, sending: _Sending) -> None:
        self._sending.pop((sending.message.branch, sending.message.method), None)

    async def ask(self, message: Message, to: Address | None = None) -> Message:
        """Send a request and wait for its final response; who stops waiting stops the retransmissions too."""
        done: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def on_reply(response: Message) -> None:
            if response.status >= 200 and not done.done():
                done.set_result(response)

        sending = self.send(message, on_reply, to)
        try:
            return await done
        finally:
            sending.stop()
            self.forget(sending)

    async def register(self, *, seconds: int = 120) -> None:
        """Tell the PBX where this phone is; 0 seconds unplugs it. Raises PhoneRefused."""
        response = await self._register([("Contact", self.contact), ("Expires", str(seconds))])
        if response.status != 200:
            raise PhoneRefused(f"the PBX answered {response.start[8:]} when {self.user} registered")

    async def registered_elsewhere(self) -> bool:
        """True when another living phone holds this extension: a REGISTER without a contact only asks.

        A registration that outlived its phone (a crash, a pulled plug) does not count: nobody answers OPTIONS there.
        """
        response = await self._register([])
        mine = sip.uri_of(self.contact)
        contacts = [sip.uri_of(part) for header in response.all("Contact") for part in header.split(",")]
        answers = await asyncio.gather(*(self._alive(contact) for contact in contacts if contact != mine))
        return any(answers)

    async def _alive(self, contact: str) -> bool:
        headers = [
            ("Via", self.via()),
            ("Max-Forwards", "70"),
            ("From", f"<sip:{self.user}@{self.pbx[0]}>;tag={_token(8)}"),
        ]
        headers += [("To", f"<{contact}>"), ("Call-ID", _token(16)), ("CSeq", "1 OPTIONS")]
        try:
            await asyncio.wait_for(self.ask(Message(f"OPTIONS {contact} SIP/2.0", headers), _address(contact)), 1.2)
        except TimeoutError:
            return False
        return True

    async def _register(self, extra: list[tuple[str, str]]) -> Message:
        uri = f"sip:{self.pbx[0]}:{self.pbx[1]}"
        who = f"<sip:{self.user}@{self.pbx[0]}>"
        proof: list[tuple[str, str]] = []
        for _ in range(3):
            self._register_count += 1
            headers = [("Via", self.via()), ("Max-Forwards", "70"), ("From", f"{who};tag={_token(8)}"), ("To", who)]
            headers += [("Call-ID", self._register_id), ("CSeq", f"{self._register_count} REGISTER"), *extra, *proof]
            response = await self.ask(Message(f"REGISTER {uri} SIP/2.0", headers))
            challenge = response.first("WWW-Authenticate")
            if response.status != 401 or (proof and "stale=true" not in challenge):
                return response
            answer = sip.authorization(challenge, user=self.user, secret=self._secret, method="REGISTER", uri=uri)
            proof = [("Authorization", answer)]
        return response

    def proof(self, response: Message, method: str, uri: str) -> tuple[str, str] | None:
        """The header that answers the challenge in `response`, if there is one and we have a secret."""
        for asks, answers in (("WWW-Authenticate", "Authorization"), ("Proxy-Authenticate", "Proxy-Authorization")):
            if self._secret and (challenge := response.first(asks)):
                text = sip.authorization(challenge, user=self.user, secret=self._secret, method=method, uri=uri)
                return answers, text
        return None

    async def call(
        self,
        number: str,
        *,
        sender: str = "",
        name: str = "",
        withheld: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Call:
        """Dial. `sender` is the number that the caller shows; withheld keeps it to the network."""
        sender = sender or self.user
        call = Call(self, _token(16), await self.ticker.open(keep=self.keep_sound))
        host = self.pbx[0]
        shown = (
            '"Anonymous" <sip:anonymous@anonymous.invalid>' if withheld else f"{_display(name)}<sip:{sender}@{host}>"
        )
        extra = list((headers or {}).items())
        if withheld:
            extra += [("P-Asserted-Identity", f"<sip:{sender}@{host}>"), ("Privacy", "id")]
        call.dial(f"sip:{quote(number, safe='+*#')}@{host}:{self.pbx[1]}", shown, number, extra)
        return call

    # Incoming

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if self.deaf or len(data) < 20:
            return
        try:
            message = sip.parse(data)
        except sip.NotSip:
            return
        if message.is_request:
            self._on_request(message, addr)
        else:
            self._on_response(message)

    def _on_response(self, message: Message) -> None:
        key = (message.branch, message.method)
        sending = self._sending.get(key)
        if sending is None:
            # A 200 to an INVITE comes again when our ACK was lost.
            if message.method == "INVITE" and (call := self.calls.get(message.first("Call-ID"))):
                call.acknowledge_again(message)
            return
        sending.stop()
        if message.status >= 200:
            del self._sending[key]
        sending.on_reply(message)

    def _on_request(self, request: Message, addr: Address) -> None:
        key = (request.branch, request.method, request.first("CSeq"))
        if key in self._answered:
            self.repeat(request, addr)
            return
        call = self.calls.get(request.first("Call-ID"))
        if request.method == "ACK":
            if call is not None:
                call.on_ack()
        elif call is not None:
            call.on_request(request, addr)
        elif request.method == "INVITE" and self._on_call is not None:
            self._new_call(request, addr)
        elif request.method in ("OPTIONS", "NOTIFY"):
            self.answer(request, addr, 200)
        else:
            self.answer(request, addr, 481 if request.method in ("BYE", "CANCEL") else 404)

    def _new_call(self, request: Message, addr: Address) -> None:
        call_id = request.first("Call-ID")
        self._remember(request, b"")
        call = Call(self, call_id, None)
        call.invited(request, addr)
        assert self._on_call is not None
        self._on_call(call)

    def answer(self, request: Message, addr: Address, status: int, *, tag: str = "", **more: str) -> None:
        message = sip.reply(request, status, _REASONS.get(status, "Unknown"), tag=tag or _token(8), **more)
        self._remember(request, message.encode())
        self.transmit(message, addr)

    def repeat(self, request: Message, addr: Address) -> None:
        """Send the last answer to this request once more."""
        known = self._answered.get((request.branch, request.method, request.first("CSeq")))
        if known and self._transport is not None and not self._transport.is_closing() and not self.deaf:
            self._transport.sendto(known, addr)

    def _remember(self, request: Message, response: bytes) -> None:
        self._answered[(request.branch, request.method, request.first("CSeq"))] = response
        while len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)


def _address(uri: str) -> Address | None:
    match = re.search(r"[@:]([\d.]+):(\d+)", uri)
    return (match[1], int(match[2])) if match else None


def _display(name: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", " ").replace("\n", " ")
    return f'"{quoted}" ' if name else ""


class Call:
    """One call of one telephone, from the dialling or the first ring to the end."""

    def __init__(self, line: Line, call_id: str, stream: Stream | None) -> None:
        self._line, self._call_id, self._stream = line, call_id, stream
        self.number = ""  # the other side: what we dialled, or who calls us
        self.name = ""
        self.dialled = ""  # of an incoming call: the number that was asked for
        self.incoming = False
        self.state = CallState.DIALLING
        self.status = 0  # the last SIP status
        self.ended_why = ""  # local, remote, cancelled, closed, or a SIP status
        self.said = asyncio.Event()  # the other side rings
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        self.transferred: asyncio.Future[int] | None = None
        self.on_change: Callable[[Call], None] | None = None
        self._tag, self._their_tag = _token(8), ""
        self._us = self._them = self._target = ""
        self._sequence = random.randrange(1, 1000)
        self._sdp_version = 1
        self._invite: Message | None = None
        self._invite_from: Address = line.pbx
        self._tried_proof = False
        self._cancelled = False
        self._repeat: asyncio.TimerHandle | None = None
        self._their_sound: Sound | None = None
        line.calls[call_id] = self

    def __repr__(self) -> str:
        return f"<Call of {self._line.user} {self.state} {self.status} {self.ended_why}>"

    @property
    def sound(self) -> Stream | None:
        return self._stream

    @property
    def is_over(self) -> bool:
        return self.state is CallState.ENDED

    # We call

    def dial(self, uri: str, shown: str, number: str, extra: list[tuple[str, str]]) -> None:
        self.number, self._target = number, uri
        self._us, self._them = f"{shown};tag={self._tag}", f"<{uri}>"
        self._send_invite(extra)

    def _send_invite(self, extra: list[tuple[str, str]]) -> None:
        message = self._request("INVITE", [*extra, ("Content-Type", "application/sdp")])
        message.body = self._sdp(both_codecs=True)
        self._invite, self._extra = message, extra
        self._line.send(message, self._on_invite_reply)

    def _on_invite_reply(self, response: Message) -> None:
        assert self._invite is not None
        self.status = response.status
        self._their_tag = sip.tag_of(response.first("To")) or self._their_tag
        if response.status < 200:
            self._on_progress(response)
        elif response.status < 300:
            self._on_accepted(response)
        else:
            if response.status != 408:
                self._acknowledge(response, same_branch=True)
            proof = self._line.proof(response, "INVITE", self._target)
            if proof and not self._tried_proof and not self._cancelled and response.status in (401, 407):
                self._tried_proof, self._their_tag = True, ""
                self._send_invite([*self._extra, proof])
            else:
                self.ended_by("cancelled" if self._cancelled else str(response.status))

    def _on_progress(self, response: Message) -> None:
        if self._cancelled:
            self._send_cancel()
        if response.status >= 180:
            self.said.set()
            if response.body:
                self._hear(response.body)
            self._changed()

    def _on_accepted(self, response: Message) -> None:
        self._target = sip.uri_of(response.first("Contact")) or self._target
        self._hear(response.body)
        self._acknowledge(response)
        if self._cancelled or self.is_over:  # it answered while our CANCEL was on its way
            self._send_bye()
            self.ended_by("local")
            return
        self.state = CallState.TALKING
        self.said.set()
        self.answered.set()
        self._changed()

    def acknowledge_again(self, response: Message) -> None:
        if response.status >= 200:
            self._acknowledge(response, same_branch=response.status >= 300)

    def _acknowledge(self, response: Message, *, same_branch: bool = False) -> None:
        sequence = response.first("CSeq").split(" ")[0]
        assert self._invite is not None
        uri = self._invite.start.split(" ")[1] if same_branch else self._target
        headers = [("Via", self._line.via(self._invite.branch if same_branch else "")), ("Max-Forwards", "70")]
        headers += [("From", response.first("From")), ("To", response.first("To"))]
        headers += [("Call-ID", self._call_id), ("CSeq", f"{sequence} ACK")]
        self._line.transmit(Message(f"ACK {uri} SIP/2.0", headers), self._peer(uri))

    # They call

    def invited(self, request: Message, addr: Address) -> None:
        self.incoming, self.state = True, CallState.RINGING
        self.number, self.name = sip.user_of(request.first("From")), sip.name_of(request.first("From"))
        self.dialled = sip.user_of(request.start.split(" ")[1])
        self._invite, self._invite_from = request, addr
        self._us = f"{request.first('To')};tag={self._tag}"
        self._them, self._their_tag = request.first("From"), sip.tag_of(request.first("From"))
        self._target = sip.uri_of(request.first("Contact"))
        self._their_sound = sip.read_sdp(request.body)

    def ring(self) -> None:
        if self.state is CallState.RINGING and self._invite is not None:
            self.said.set()
            self._answer_invite(180)

    async def early_media(self, audio: bytes = b"") -> None:
        """183 with sound before the answer."""
        await self._open_sound()
        if self._stream is not None:
            self._stream.say(audio)
            self._answer_invite(183, content_type="application/sdp", body=self._sdp())

    async def answer(self, audio: bytes = b"") -> bool:
        """Pick up and say `audio` over and over; False when the caller was gone first."""
        await self._open_sound()
        if self.state is not CallState.RINGING or self._stream is None:
            return False
        self._stream.say(audio)
        self._answer_invite(200, content_type="application/sdp", body=self._sdp())
        self._say_200_again(_T1)
        self.state = CallState.TALKING
        self.answered.set()
        self._changed()
        return True

    async def _open_sound(self) -> None:
        if self._stream is None:
            stream = await self._line.ticker.open(keep=self._line.keep_sound)
            if self.is_over:
                self._line.ticker.close(stream)
                return
            self._stream = stream
            if self._their_sound is not None:
                stream.send_to(self._their_sound)

    def _answer_invite(self, status: int, **more: str) -> None:
        assert self._invite is not None
        if status < 300:
            more["contact"] = self._line.contact
        self._line.answer(self._invite, self._invite_from, status, tag=self._tag, **more)

    def _say_200_again(self, wait: float) -> None:
        # Until the ACK comes: a 200 to an INVITE is repeated by the phone itself.
        invite = self._invite
        assert invite is not None

        def again() -> None:
            if not self.is_over:
                self._line.repeat(invite, self._invite_from)
                self._say_200_again(min(wait * 2, _T2))

        self._repeat = asyncio.get_running_loop().call_later(wait, again)

    def on_ack(self) -> None:
        if self._repeat is not None:
            self._repeat.cancel()
            self._repeat = None

    def refuse(self, status: int = 486) -> None:
        if self.state is CallState.RINGING:
            self._answer_invite(status)
            self.status = status
            self.ended_by("local")

    # Both

    def on_request(self, request: Message, addr: Address) -> None:
        match request.method:
            case "BYE":
                self._line.answer(request, addr, 200, tag=self._tag)
                self.ended_by("remote")
            case "CANCEL":
                self._line.answer(request, addr, 200, tag=self._tag)
                if self.state is CallState.RINGING:
                    self._answer_invite(487)
                    self.ended_by("cancelled")
            case "INVITE" | "UPDATE":
                self._on_reinvite(request, addr)
            case "NOTIFY":
                self._line.answer(request, addr, 200, tag=self._tag)
                self._on_transfer_progress(request)
            case _:
                self._line.answer(request, addr, 200, tag=self._tag)

    def _on_reinvite(self, request: Message, addr: Address) -> None:
        self._target = sip.uri_of(request.first("Contact")) or self._target
        if not request.body and request.method == "UPDATE":
            self._line.answer(request, addr, 200, tag=self._tag, contact=self._line.contact)
            return
        if request.body:
            self._hear(request.body)
        self._sdp_version += 1
        self._line.answer(
            request, addr, 200, tag=self._tag, contact=self._line.contact,
            content_type="application/sdp", body=self._sdp(),
        )  # fmt: skip

    def _on_transfer_progress(self, request: Message) -> None:
        match = re.match(r"SIP/2.0 (\d+)", request.body)
        if match and int(match[1]) >= 200 and self.transferred is not None and not self.transferred.done():
            self.transferred.set_result(int(match[1]))

    def hang_up(self) -> None:
        """End the call, however far it came."""
        if self.is_over:
            return
        if self.state is CallState.RINGING:
            self.refuse(603)
        elif self.state is CallState.DIALLING:
            self._cancelled = True
            if self.status:  # a CANCEL may only follow a first response
                self._send_cancel()
        else:
            self._send_bye()
            self.ended_by("local")

    async def hold(self) -> None:
        """Raises PhoneRefused."""
        await self._reinvite("sendonly")
        self.state = CallState.HELD
        if self._stream is not None:
            self._stream.muted = True
        self._changed()

    async def unhold(self) -> None:
        """Raises PhoneRefused."""
        await self._reinvite("sendrecv")
        self.state = CallState.TALKING
        if self._stream is not None:
            self._stream.muted = False
        self._changed()

    async def _reinvite(self, direction: str) -> None:
        if self.state not in (CallState.TALKING, CallState.HELD):
            raise PhoneRefused("there is no conversation to hold")
        self._sdp_version += 1
        response = await self._ask("INVITE", [("Content-Type", "application/sdp")], self._sdp(direction=direction))
        if response.status < 300:
            self._acknowledge(response)
        else:
            raise PhoneRefused(f"the PBX answered {response.start[8:]} to the hold")

    async def transfer(self, number: str) -> int:
        """Blind: hand the other side to `number` and leave. Returns the status that the PBX reports."""
        return await self._refer(f"<sip:{number}@{self._line.pbx[0]}:{self._line.pbx[1]}>")

    async def transfer_to(self, other: Call) -> int:
        """Attended: join the other side of this call with that of `other`, and leave both."""
        replaces = quote(f"{other._call_id};to-tag={other._their_tag};from-tag={other._tag}", safe="")
        status = await self._refer(f"<{other._target}?Replaces={replaces}>")
        other.hang_up()
        return status

    async def _refer(self, target: str) -> int:
        self.transferred = asyncio.get_running_loop().create_future()
        response = await self._ask("REFER", [("Refer-To", target), ("Referred-By", sip.uri_of(self._us))])
        if response.status >= 300:
            raise PhoneRefused(f"the PBX answered {response.start[8:]} to the transfer")
        try:
            status = await asyncio.wait_for(self.transferred, 5)
        except TimeoutError:
            status = response.status
        if status >= 400:  # 400: not bridged yet. The caller is still ours.
            raise PhoneRefused(f"the transfer came to nothing: {status}")
        self.hang_up()  # Asterisk leaves the end of our own leg to us
        return status

    def press(self, keys: str) -> None:
        if self._stream is not None:
            self._stream.press(keys)

    def say(self, audio: bytes, *, again: bool = True) -> None:
        if self._stream is not None:
            self._stream.say(audio, again=again)

    def vanish(self) -> None:
        """The phone dies: no BYE, no sound, no answer to anything; only our own books are closed."""
        self._line.deaf = True
        self.ended_by("vanished")

    def ended_by(self, why: str) -> None:
        if self.is_over:
            return
        self.state, self.ended_why = CallState.ENDED, why
        self.on_ack()
        if self._stream is not None:
            self._line.ticker.close(self._stream)
        self.ended.set()
        self._changed()
        # A late retransmission finds the call a little while longer.
        loop = asyncio.get_running_loop()
        loop.call_later(_T2, self._line.calls.pop, self._call_id, None)

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change(self)

    def _hear(self, body: str) -> None:
        self._their_sound = sip.read_sdp(body) or self._their_sound
        if self._stream is not None and self._their_sound is not None:
            self._stream.send_to(self._their_sound)

    def _sdp(self, *, direction: str = "sendrecv", both_codecs: bool = False) -> str:
        assert self._stream is not None
        theirs = self._their_sound
        answer_to = {"sendonly": "recvonly", "inactive": "inactive"}
        if theirs is not None and direction == "sendrecv" and self.incoming:
            direction = answer_to.get(theirs.direction, "sendrecv")
        sound = Sound(
            self._line.address[0], self._stream.port,
            theirs.codec if theirs else sip.PCMA, theirs.events if theirs else sip.EVENTS, direction,
        )  # fmt: skip
        return sip.write_sdp(sound, version=self._sdp_version, both_codecs=both_codecs)

    def _request(self, method: str, extra: list[tuple[str, str]] | None = None) -> Message:
        self._sequence += 1
        them = self._them
        if self._their_tag and not sip.tag_of(them):
            them = f"{them};tag={self._their_tag}"
        headers = [("Via", self._line.via()), ("Max-Forwards", "70"), ("From", self._us), ("To", them)]
        headers += [("Call-ID", self._call_id), ("CSeq", f"{self._sequence} {method}")]
        headers += [("Contact", self._line.contact), *(extra or [])]
        return Message(f"{method} {self._target} SIP/2.0", headers)

    async def _ask(self, method: str, extra: list[tuple[str, str]], body: str = "") -> Message:
        message = self._request(method, extra)
        message.body = body
        if method == "INVITE":
            self._invite = message if not self.incoming else self._invite
        response = await self._line.ask(message, self._peer(self._target))
        proof = self._line.proof(response, method, self._target) if response.status in (401, 407) else None
        if proof is None:
            return response
        if method == "INVITE":
            self._acknowledge(response, same_branch=False)
        message = self._request(method, [*extra, proof])
        message.body = body
        return await self._line.ask(message, self._peer(self._target))

    def _send_bye(self) -> None:
        message = self._request("BYE")

        def on_reply(response: Message) -> None:
            proof = self._line.proof(response, "BYE", self._target) if response.status in (401, 407) else None
            if proof:
                self._line.send(self._request("BYE", [proof]), lambda _: None, self._peer(self._target))

        self._line.send(message, on_reply, self._peer(self._target))

    def _send_cancel(self) -> None:
        assert self._invite is not None
        invite = self._invite
        kept = [(n, v) for n, v in invite.headers if n in ("Via", "Max-Forwards", "From", "To", "Call-ID")]
        sequence = invite.first("CSeq").split(" ")[0]
        message = Message(f"CANCEL {invite.start.split(' ')[1]} SIP/2.0", [*kept, ("CSeq", f"{sequence} CANCEL")])
        self._line.send(message, lambda _: None)

    def _peer(self, uri: str) -> Address:
        return _address(uri) or self._line.pbx
