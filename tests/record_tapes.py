"""Records what the real Asterisk says over AMI in each story, into tests/tapes/<version>/<story>.jsonl.

    python -m tests.record_tapes [--asterisk 16] [STORY …]

The first line of a tape names the story, the version and the expected outcome in words; every further line is one
event with the moment of its receipt. The engine's own AMI user reads them, with the rights and filter of dialplan/.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callengine.clock import SystemClock, rfc3339
from callengine.config import OnePbx, Pbx, Sandbox, Settings
from callengine.sandbox import speech
from callengine.sandbox.pbx import SandboxPbx
from callengine.sandbox.street import Behaviour, OperatorPhone, Resident, Street
from callengine.sandbox.useragent import Call, CallState, Line
from callengine.tasks import Tasks

TAPES = Path(__file__).parent / "tapes"
RESIDENT, SECOND = "+79074121806", "+79074121807"
QUIET_SECONDS = 0.8
LANGUAGE = "ru"

# Lines of the tapes' own beside the shipped dialplan: what a single queue cannot show.
QUEUES = """
[tape](!)
timeout = 15
retry = 1
timeoutrestart = no
ringinuse = no
autofill = yes
joinempty = unavailable,invalid,unknown
leavewhenempty = unavailable,invalid,unknown
context = callengine-queue-keys
membergosub = callengine-member
setinterfacevar = yes
setqueuevar = yes

[ringall](tape)
strategy = ringall
member => PJSIP/101
member => PJSIP/102
member => PJSIP/103

[short](tape)
strategy = rrmemory
timeout = 4
member => PJSIP/104

[local](tape)
strategy = rrmemory
member => Local/101@tape-local,0,101,PJSIP/101

[localn](tape)
strategy = rrmemory
member => Local/101@tape-local/n,0,101,PJSIP/101
"""
EXTENSIONS = """
[callengine-inbound](+)
exten => 117,1,Set(__CE_DID=117)
 same => n,Gosub(callengine-arrive,s,1(inbound))
 same => n,Answer()
 same => n,Gosub(callengine-record,s,1)
 same => n,Gosub(callengine-stage,s,1(queue))
 same => n,Queue(short,cCtr,,,5)
 same => n,Queue(desk,cCtr,,,30)
 same => n,Hangup()
exten => 121,1,Set(__CE_DID=121)
 same => n,Gosub(callengine-arrive,s,1(inbound))
 same => n,Gosub(callengine-record,s,1)
 same => n,Dial(PJSIP/101,10,tTU(callengine-answered^101))
 same => n,Hangup()

[tape-local]
exten => _1XX,1,Dial(PJSIP/${EXTEN},12)
 same => n,Hangup()
"""
GLOBALS = {
    "CE_FASTAGI": "",
    "CE_QUEUE_SECONDS": "30",
    "CE_HOURS_118": "04:00-04:01\\,mon\\,1\\,jan",
    "CE_ANNOUNCEMENT_119": "accident",
    "CE_MENU_120": "yes",
    "CE_QUEUE_122": "ringall",
    "CE_QUEUE_123": "local",
    "CE_QUEUE_124": "localn",
}


class Ami:
    """The barest AMI client: logs in, keeps every event, sends actions."""

    def __init__(self, pbx: OnePbx) -> None:
        self._pbx, self._clock = pbx, SystemClock()
        self.events: list[dict[str, object]] = []
        self.channels: set[str] = set()
        self.last_at = 0.0

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._pbx.ami_host, self._pbx.ami_port)
        await self._reader.readline()
        self.action("Login", Username=self._pbx.ami_user, Secret=self._pbx.ami_secret)

    def action(self, name: str, **headers: str) -> None:
        lines = [f"Action: {name}", *(f"{key}: {value}" for key, value in headers.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            block = await self._reader.readuntil(b"\r\n\r\n")
            pairs = (line.split(": ", 1) for line in block.decode("utf-8", "replace").split("\r\n") if ": " in line)
            headers = {pair[0]: pair[1] for pair in pairs}
            if headers.get("Response") == "Error":
                print("   AMI refuses:", headers.get("Message"), file=sys.stderr)
            if "Event" not in headers:
                continue
            self.last_at = loop.time()
            if headers["Event"] == "Newchannel":
                self.channels.add(headers["Uniqueid"])
            elif headers["Event"] == "Hangup":
                self.channels.discard(headers["Uniqueid"])
            self.events.append({"received_at": rfc3339(self._clock.now()), "event": headers})

    async def quiet(self, seconds: float = 60) -> None:
        """Until no channel lives and nothing more is said."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            while self.channels or loop.time() - self.last_at < QUIET_SECONDS:
                await asyncio.sleep(0.05)

    def close(self) -> None:
        self._writer.close()


@dataclass
class Scene:
    """What a story plays with."""

    street: Street
    ami: Ami
    tasks: Tasks
    settings: Settings
    trunk: list[Call] = field(default_factory=list)

    async def operators(self, *extensions: str) -> list[OperatorPhone]:
        phones = [await self.street.plug_in(extension) for extension in extensions]
        await asyncio.sleep(0.3)  # the queue hears of a phone by a device state
        self.ami.events.clear()
        return phones

    async def resident(self, number: str = RESIDENT, did: str = "115", **behaviour: Any) -> Resident:
        plain: dict[str, Any] = {"talk_seconds": 3.0, "patience_seconds": 90.0}
        return await self.street.call_in(number, did=did, behaviour=Behaviour(**{**plain, **behaviour}))

    async def ringing(self, *phones: OperatorPhone, seconds: float = 30) -> OperatorPhone:
        """Whichever of them rings first."""
        async with asyncio.timeout(seconds):
            while True:
                for phone in phones:
                    if phone.current is not None and phone.current.state is CallState.RINGING:
                        return phone
                await asyncio.sleep(0.02)

    async def heard(self, event: str, seconds: float = 30, **headers: str) -> None:
        """Until such an event came."""
        async with asyncio.timeout(seconds):
            while not any(_matches(entry, event, headers) for entry in self.ami.events):
                await asyncio.sleep(0.02)

    async def outside(self, play: Callable[[Call], Awaitable[None]]) -> Line:
        """The far end of the trunk, played by the story itself."""

        def on_call(call: Call) -> None:
            self.trunk.append(call)
            self.tasks.start(_awaited(play(call)), name="outside")

        line = Line(self.street.ticker, pbx=self.street.pbx, user="trunk", on_call=on_call)
        return await line.open("127.0.0.1", self.settings.sandbox.trunk_port)

    def originate(self, extension: str, number: str, request: str) -> None:
        self.ami.action(
            "Originate",
            ActionID=request,
            Channel=f"PJSIP/{extension}",
            Context="callengine-outbound",
            Exten=number,
            Priority="1",
            Timeout="8000",
            CallerID=f"<{number}>",
            Variable=f"__CE_REQUEST={request}",
            Async="true",
        )


async def _awaited(work: Awaitable[None]) -> None:
    await work


def _matches(entry: dict[str, object], event: str, headers: dict[str, str]) -> bool:
    said = entry["event"]
    assert isinstance(said, dict)
    return said["Event"] == event and all(said.get(key) == value for key, value in headers.items())


Play = Callable[[Scene], Awaitable[None]]
STORIES: dict[str, tuple[str, Play]] = {}


def story(expected: str) -> Callable[[Play], Play]:
    def keep(play: Play) -> Play:
        STORIES[play.__name__] = (expected, play)
        return play

    return keep


# Inbound, the simplest first


@story("inbound, answered by 101 from the queue desk after one ring, about 3 s of talk, the resident hangs up")
async def queue_answered(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    await scene.resident()
    await scene.ringing(phone)
    await asyncio.sleep(1)
    await phone.answer()
    await phone.wait_until_free()


@story("inbound, missed: hung up in the greeting, before the queue; nobody was offered")
async def hangup_in_greeting(scene: Scene) -> None:
    await scene.operators("101")
    await scene.resident(hang_up_after_seconds=0.8)
    await scene.heard("Hangup")


@story("inbound, …07 answered by 101; …06 missed: hung up in the queue while 101 talked with …07, never offered")
async def hangup_in_queue(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    other = await scene.resident(SECOND, talk_seconds=14.0)
    await scene.ringing(phone)
    await phone.answer()
    resident = await scene.resident(hang_up_after_seconds=None)
    await scene.heard("QueueCallerJoin", CallerIDNum=RESIDENT)
    await asyncio.sleep(2)
    resident.call.hang_up()
    await resident.wait()
    other.call.hang_up()


@story("inbound, missed: hung up while the phone 101 was ringing")
async def hangup_while_ringing(scene: Scene) -> None:
    await scene.operators("101")
    resident = await scene.resident(hang_up_when_ringing=True)
    await resident.wait()


@story("inbound, answered by the second operator: the first one's phone rang 15 s in vain")
async def ring_timeout_then_second_answers(scene: Scene) -> None:
    phones = await scene.operators("101", "102")
    await scene.resident()
    first = await scene.ringing(*phones)
    second = next(phone for phone in phones if phone is not first)
    await second.wait_for_ring(25)
    await second.answer()
    await second.wait_until_free()


@story("inbound, missed: both operators refused with 486 again and again; the resident gave up in the queue")
async def all_refuse(scene: Scene) -> None:
    for extension in ("101", "102"):
        await scene.street.plug_in(extension, refuses_with=486)
    await scene.operators()
    resident = await scene.resident(hang_up_after_seconds=9.0)
    await resident.wait()


@story("inbound, missed: no operator has a phone; the announcement says so and the call ends by itself")
async def no_operators(scene: Scene) -> None:
    await scene.operators()
    await (await scene.resident()).wait()


@story("inbound, missed: after hours; the announcement ends the call by itself")
async def after_hours(scene: Scene) -> None:
    await scene.operators("101")
    await (await scene.resident(did="118")).wait()


@story("inbound, missed: hung up in the announcement about an accident, before the queue")
async def hangup_in_announcement(scene: Scene) -> None:
    await scene.operators("101")
    resident = await scene.resident(did="119")
    await scene.heard("UserEvent", Value="announcement")
    resident.call.hang_up()
    await resident.wait()


@story("inbound, missed: hung up in the menu, before the queue")
async def hangup_in_menu(scene: Scene) -> None:
    await scene.operators("101")
    resident = await scene.resident(did="120")
    await scene.heard("UserEvent", Value="menu")
    await asyncio.sleep(1)
    resident.call.hang_up()
    await resident.wait()


@story("inbound, answered by 101 after the key 1 in the menu")
async def menu_then_answered(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    resident = await scene.resident(did="120")
    await scene.heard("UserEvent", Value="menu")
    await asyncio.sleep(0.5)
    resident.call.press("1")
    await scene.ringing(phone)
    await phone.answer()
    await phone.wait_until_free()


@story("inbound, missed: 101 rang in vain until the queue gave up after 30 s")
async def queue_timeout(scene: Scene) -> None:
    await scene.operators("101")
    await (await scene.resident()).wait()


@story("inbound, missed: the key 1 in the queue asked for a callback; 101 had been ringing")
async def key_1_callback(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    resident = await scene.resident()
    await scene.ringing(phone)
    await asyncio.sleep(1)
    resident.call.press("1")
    await resident.wait()


@story("inbound, missed: the key 2 in the queue, then a voice message of some 5 s; 101 had been ringing")
async def key_2_message(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    resident = await scene.resident()
    await scene.ringing(phone)
    await asyncio.sleep(1)
    resident.call.press("2")
    await scene.heard("QueueCallerLeave")
    await asyncio.sleep(9)
    resident.call.hang_up()
    await resident.wait()
    await scene.heard("UserEvent", Fact="message")


@story("inbound, answered by 102 of three that rang at once; the other two were offered and lost it")
async def ring_all(scene: Scene) -> None:
    phones = await scene.operators("101", "102", "103")
    await scene.resident(did="122")
    for phone in phones:
        await scene.ringing(phone)
    await asyncio.sleep(0.5)
    await phones[1].answer()
    await phones[1].wait_until_free()


@story("inbound, answered by 101 whom the line 121 rings directly, without a queue")
async def direct_dial_from_outside(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    await scene.resident(did="121")
    await scene.ringing(phone)
    await phone.answer()
    await phone.wait_until_free()


@story("inbound, missed: the line 121 rings 101 directly for 10 s and nobody answers")
async def direct_dial_unanswered(scene: Scene) -> None:
    await scene.operators("101")
    await (await scene.resident(did="121")).wait()


@story("internal, 101 calls 102, answered, 101 hangs up")
async def operator_calls_operator(scene: Scene) -> None:
    caller, called = await scene.operators("101", "102")
    call = await caller.dial("102")
    await scene.ringing(called)
    await called.answer()
    await asyncio.sleep(2)
    call.hang_up()


@story("inbound, answered by 101, who transfers blind to 102; 102 answers; one conversation with two talks")
async def blind_transfer(scene: Scene) -> None:
    first, second = await scene.operators("101", "102")
    resident = await _to(scene, first, second, talk_seconds=None)
    await asyncio.sleep(2)
    await first.talking().transfer("102")
    await scene.ringing(second)
    await second.answer()
    await asyncio.sleep(2)
    resident.call.hang_up()
    await resident.wait()


@story("inbound, answered by 101, who transfers blind to 102; 102 does not answer, the resident gives up: answered")
async def blind_transfer_unanswered(scene: Scene) -> None:
    first, second = await scene.operators("101", "102")
    resident = await _to(scene, first, second, talk_seconds=None)
    await asyncio.sleep(1)
    await first.talking().transfer("102")
    await scene.ringing(second)
    await asyncio.sleep(2)
    resident.call.hang_up()
    await resident.wait()


@story("inbound, answered by 101, who asks 102 and joins them (attended transfer); one conversation, two talks")
async def attended_transfer(scene: Scene) -> None:
    first, second = await scene.operators("101", "102")
    resident = await _to(scene, first, second, talk_seconds=None)
    await asyncio.sleep(1)
    talk = first.talking()
    asked = await first.consult("102")
    await scene.ringing(second)
    await second.answer()
    await asyncio.wait_for(asked.answered.wait(), 5)
    await asyncio.sleep(1)
    await talk.transfer_to(asked)
    await asyncio.sleep(2)
    resident.call.hang_up()
    await resident.wait()


async def _to(scene: Scene, wanted: OperatorPhone, *others: OperatorPhone, **behaviour: Any) -> Resident:
    """A resident whom `wanted` answers: whoever else is asked first refuses."""
    for other in others:
        other.refuses_with = 486
    resident = await scene.resident(**behaviour)
    await scene.ringing(wanted)
    await wanted.answer()
    for other in others:
        other.refuses_with = None
    return resident


@story("internal, 101 calls 102, 103 picks the call up with *8; 103 and 101 talk")
async def pickup(scene: Scene) -> None:
    caller, called, helper = await scene.operators("101", "102", "103")
    call = await caller.dial("102")
    await scene.ringing(called)
    await helper.dial("*8")
    await asyncio.wait_for(call.answered.wait(), 10)
    await asyncio.sleep(2)
    call.hang_up()


@story("inbound, 101 rings from the queue, 103 picks the call up with *8 and talks")
async def pickup_from_queue(scene: Scene) -> None:
    phone, helper = await scene.operators("101", "109")
    helper.refuses_with = 486
    resident = await scene.resident(talk_seconds=None)
    await scene.ringing(phone)
    await asyncio.sleep(0.5)
    taken = await helper.dial("*8")
    await asyncio.wait_for(taken.answered.wait(), 10)
    await asyncio.sleep(3)
    resident.call.hang_up()
    await resident.wait()


@story("inbound, answered by 101, held for 2 s and resumed")
async def hold_and_resume(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    resident = await scene.resident(talk_seconds=None)
    await scene.ringing(phone)
    await phone.answer()
    await asyncio.sleep(1)
    await phone.talking().hold()
    await asyncio.sleep(2)
    await phone.talking().unhold()
    await asyncio.sleep(1)
    resident.call.hang_up()
    await resident.wait()


@story("inbound, answered by 101 and hung up while on hold by the resident")
async def hangup_on_hold(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    resident = await scene.resident(talk_seconds=None)
    await scene.ringing(phone)
    await phone.answer()
    await asyncio.sleep(1)
    await phone.talking().hold()
    await asyncio.sleep(1.5)
    resident.call.hang_up()
    await resident.wait()


@story("inbound, the queue `short` rang 104 in vain, then the queue desk, where 101 answers: one conversation")
async def queue_to_queue(scene: Scene) -> None:
    first, second = await scene.operators("101", "104")
    await scene.resident(did="117")
    await scene.ringing(second)
    rang = await scene.ringing(first)
    await rang.answer()
    await first.wait_until_free()


@story("inbound with a withheld number, answered by 101")
async def withheld_answered(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    await scene.resident(withheld=True)
    await scene.ringing(phone)
    await phone.answer()
    await phone.wait_until_free()


@story("inbound with a withheld number, missed: hung up while 101 rang")
async def withheld_missed(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    resident = await scene.resident(withheld=True, hang_up_after_seconds=None)
    await scene.ringing(phone)
    await asyncio.sleep(1)
    resident.call.hang_up()
    await resident.wait()


@story("inbound, missed: the caller's number is no number at all (o'brien;drop), its name has quotes, HTML and emoji")
async def malformed_number(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    resident = await scene.street.call_in("o'brien_drop", name='"><b>Иванова</b> 🔥', behaviour=Behaviour())
    await scene.ringing(phone)
    await asyncio.sleep(0.5)
    resident.call.hang_up()
    await resident.wait()


@story("inbound, the resident hangs up in the moment in which 101 answers")
async def hangup_at_the_answer(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    resident = await scene.resident(talk_seconds=None)
    await scene.ringing(phone)
    await asyncio.sleep(0.5)
    await phone.answer()
    resident.call.hang_up()
    await resident.wait()


@story("inbound, missed: the phone 101 is registered and dead, it answers no SIP; the resident gives up")
async def phone_dead(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    phone.line.deaf = True
    resident = await scene.resident(hang_up_after_seconds=20.0)
    await resident.wait()
    phone.line.deaf = False


@story(
    "inbound, missed: 101 says 200 and dies at once, no sound ever; after 30 s the resident is queued again, hangs up"
)
async def phone_dies_at_the_answer(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    resident = await scene.resident(talk_seconds=None)
    call = (await scene.ringing(phone)).current
    assert call is not None
    await phone.answer()
    call.vanish()
    await asyncio.sleep(45)
    resident.call.hang_up()
    await resident.wait()
    await scene.ami.quiet(60)
    phone.line.deaf = False


@story("inbound, answered by 101 after 183 with sound before it")
async def early_media_from_operator(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    await scene.resident()
    await scene.ringing(phone)
    call = phone.current
    assert call is not None
    await call.early_media(speech.hum(seconds=1))
    await asyncio.sleep(2)
    await phone.answer()
    await phone.wait_until_free()


@story("inbound through a queue whose member is a Local channel (optimised away), answered by 101")
async def local_channel(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    await scene.resident(did="123")
    await scene.ringing(phone)
    await phone.answer()
    await phone.wait_until_free()


@story("inbound through a queue whose member is a Local channel with /n (it stays), answered by 101")
async def local_channel_kept(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    await scene.resident(did="124")
    await scene.ringing(phone)
    await phone.answer()
    await phone.wait_until_free()


@story("two residents at once: 101 answers one, 102 the other; two conversations that never mix")
async def two_at_once(scene: Scene) -> None:
    phones = await scene.operators("101", "102")
    await scene.resident(RESIDENT)
    await scene.resident(SECOND)
    for phone in phones:
        await scene.ringing(phone)
        await phone.answer()
    for phone in phones:
        await phone.wait_until_free()


@story("inbound, answered by 101, who hangs up first")
async def operator_hangs_up(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    resident = await scene.resident(talk_seconds=None)
    await scene.ringing(phone)
    await phone.answer()
    await asyncio.sleep(2)
    phone.talking().hang_up()
    await resident.wait()


# Outbound


async def _answers(call: Call) -> None:
    call.ring()
    await asyncio.sleep(1)
    await call.answer(speech.hum(seconds=2))


async def _rings(call: Call) -> None:
    call.ring()


async def _busy(call: Call) -> None:
    call.refuse(486)


async def _rejects(call: Call) -> None:
    call.ring()
    await asyncio.sleep(0.5)
    call.refuse(603)


async def _early(call: Call) -> None:
    await call.early_media(speech.hum(seconds=2))
    await asyncio.sleep(2)
    await call.answer(speech.hum(seconds=2))


async def _dialled(scene: Scene, play: Callable[[Call], Awaitable[None]]) -> Call:
    (phone,) = await scene.operators("101")
    line = await scene.outside(play)
    scene.tasks.start(_close_at_end(line), name="outside line")
    return await phone.dial(RESIDENT)


async def _close_at_end(line: Line) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        line.close()


@story("outbound from the phone 101, answered, 101 hangs up")
async def outbound_answered(scene: Scene) -> None:
    call = await _dialled(scene, _answers)
    await asyncio.wait_for(call.answered.wait(), 10)
    await asyncio.sleep(3)
    call.hang_up()


@story("outbound from the phone 101, busy")
async def outbound_busy(scene: Scene) -> None:
    call = await _dialled(scene, _busy)
    await asyncio.wait_for(call.ended.wait(), 20)


@story("outbound from the phone 101, no answer: 101 gives up after 4 s of ringing")
async def outbound_no_answer(scene: Scene) -> None:
    call = await _dialled(scene, _rings)
    await asyncio.wait_for(call.said.wait(), 10)
    await asyncio.sleep(4)
    call.hang_up()
    await asyncio.wait_for(call.ended.wait(), 10)


@story("outbound from the phone 101, rejected with 603")
async def outbound_rejected(scene: Scene) -> None:
    call = await _dialled(scene, _rejects)
    await asyncio.wait_for(call.ended.wait(), 20)


@story("outbound from the phone 101, answered after 183 with sound before the answer")
async def outbound_early_media(scene: Scene) -> None:
    call = await _dialled(scene, _early)
    await asyncio.wait_for(call.answered.wait(), 10)
    await asyncio.sleep(2)
    call.hang_up()


@story("click to call: 101 picks up, the outside number answers, 101 hangs up; the request id is tape-1")
async def originate_answered(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    scene.tasks.start(_close_at_end(await scene.outside(_answers)), name="outside line")
    scene.originate("101", RESIDENT, "tape-1")
    await scene.ringing(phone)
    await asyncio.sleep(0.5)
    await phone.answer()
    await scene.heard("BridgeEnter")
    await asyncio.sleep(3)
    phone.talking().hang_up()


@story("click to call: 101 picks up, the outside number does not answer, 101 hangs up after 4 s")
async def originate_no_answer(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    scene.tasks.start(_close_at_end(await scene.outside(_rings)), name="outside line")
    scene.originate("101", RESIDENT, "tape-2")
    await scene.ringing(phone)
    await phone.answer()
    await asyncio.sleep(4)
    phone.talking().hang_up()


@story("click to call: 101 does not pick up within 8 s; the outside number was never dialled")
async def originate_operator_does_not_pick_up(scene: Scene) -> None:
    (phone,) = await scene.operators("101")
    scene.originate("101", RESIDENT, "tape-3")
    await scene.ringing(phone)
    await scene.heard("OriginateResponse")


@story("click to call: 101 refuses with 486; the outside number was never dialled")
async def originate_operator_refuses(scene: Scene) -> None:
    await scene.street.plug_in("101", refuses_with=486)
    await scene.operators()
    scene.originate("101", RESIDENT, "tape-4")
    await scene.heard("OriginateResponse")


# Recording


async def record(version: str, wanted: list[str]) -> int:
    settings = _settings(version)
    pbx = SandboxPbx(settings, instance=f"tapes-{version}-{os.getpid()}", dialplan_settings=GLOBALS)
    await pbx.prepare()
    for name, text in (("queues.conf", QUEUES), ("extensions.conf", EXTENSIONS)):
        with (pbx.instance_dir / "etc" / name).open("a", encoding="utf-8") as file:
            file.write(text)
    await pbx.start()
    try:
        full = re.search(r"Asterisk (\S+)", await pbx.cli("core show version"))
        ami = Ami(pbx.joined())
        await ami.open()
        tasks = Tasks()
        reading = tasks.start(ami.read(), name="ami")
        failed = 0
        for name in wanted or list(STORIES):
            failed += not await _record_one(name, full[1] if full else version, settings, ami)
            if reading.done():
                raise SystemExit("the AMI link is gone")
        await tasks.close()
        ami.close()
        return failed
    finally:
        await pbx.remove()


async def _record_one(name: str, version: str, settings: Settings, ami: Ami) -> bool:
    expected, play = STORIES[name]
    tasks = Tasks()
    street = Street(settings.sandbox, language=LANGUAGE, outside=False)
    await street.start()
    scene = Scene(street, ami, tasks, settings)
    ok = True
    try:
        await asyncio.wait_for(play(scene), 150)
        await ami.quiet(70)
        folder = TAPES / version.split(".")[0]
        folder.mkdir(parents=True, exist_ok=True)
        lines = [{"story": name, "asterisk": version, "expected": expected}, *ami.events]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
        print(f"{version} {name}: {len(ami.events)} events", flush=True)
    except TimeoutError as error:
        ok = False
        last = [entry["event"]["Event"] for entry in ami.events[-12:]]  # type: ignore[index]
        print(f"{version} {name}: NOT RECORDED, {error!r}; last events {last}; channels {ami.channels}", flush=True)
    finally:
        await street.stop()
        await tasks.close()
        try:
            await ami.quiet(40)
        except TimeoutError:
            ami.channels.clear()
        ami.events.clear()
    return ok


def _settings(version: str) -> Settings:
    root = os.environ.get("CALLENGINE_SANDBOX__ROOT") or ""
    return Settings(
        sandbox=Sandbox(
            dir=Path(tempfile.mkdtemp(prefix="tapes-")) if root else Path("var/sandbox"),
            root=root,
            asterisk="16" if version == "16" else "22",
            sip_port=_free(socket.SOCK_DGRAM),
            trunk_port=_free(socket.SOCK_DGRAM),
        ),
        pbx=Pbx(ami_port=_free(socket.SOCK_STREAM)),
    )


def _free(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asterisk", choices=("16", "22"), default="22")
    parser.add_argument("stories", nargs="*", metavar="STORY", help=", ".join(STORIES))
    args = parser.parse_args()
    raise SystemExit(1 if asyncio.run(record(args.asterisk, args.stories)) else 0)


if __name__ == "__main__":
    main()
