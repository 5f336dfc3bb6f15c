"""The street: residents who call the sandbox's line, the outside numbers it calls, and the operators' phones.

Everybody here is a SIP telephone with real speech in its sound; nothing here knows the engine or Asterisk's AMI.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass

from callengine.config import Sandbox
from callengine.errors import Conflict, EngineError, NotFound
from callengine.sandbox import speech
from callengine.sandbox.rtp import Ticker
from callengine.sandbox.useragent import Address, Call, CallState, Line, PhoneRefused
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

REGISTER_SECONDS = 120
LINE_NUMBER = "115"  # what residents dial; the sandbox takes any number
# What an outside number does, by its last digit; every other digit answers after two to four seconds.
BUSY, NEVER_ANSWERS, REJECTS = "0", "1", "2"
# What it says to the voice robot: 3 leaves at once, 4 is silent (a machine, perhaps), 5 says that the job is not done;
# every other one says that it is done, and gives its last digit's mark: 9 and 8 a five, 7 a four, 6 a two.
LEAVES_THE_ROBOT, IS_SILENT, NOT_DONE = "3", "4", "5"
MARKS = {"6": "2", "7": "4"}


class StreetFailed(EngineError):
    """The simulated residents could not start."""

    code = "street-failed"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a resident does. With nothing set: waits for an operator, talks ten seconds and hangs up."""

    withheld: bool = False
    language: str = "ru"
    hang_up_after_seconds: float | None = None  # from the moment the PBX picks up, whoever speaks by then
    hang_up_when_ringing: bool = False  # as soon as one of the street's operator phones rings for him
    keys: str = ""  # pressed in the queue: 1 asks for a callback, 2 leaves a message
    keys_after_seconds: float = 6.0
    message_seconds: float = 0.0  # goes on speaking that long after the keys, then hangs up
    talk_seconds: float | None = 10.0  # with the operator; None: until the operator hangs up
    patience_seconds: float = 180.0


@dataclass(slots=True)
class Resident:
    """One resident on the line. `helped` is set when an operator's phone of this street answered him."""

    number: str
    behaviour: Behaviour
    call: Call
    rung: asyncio.Event
    helped: asyncio.Event

    async def wait(self) -> str:
        """Until the call is over: answered, unanswered, or why the PBX refused it."""
        await self.call.ended.wait()
        if self.helped.is_set():
            return "answered"
        return "unanswered" if self.call.answered.is_set() else self.call.ended_why


class OperatorPhone:
    """The telephone on an operator's desk. It rings until told, or picks up by itself after a while."""

    def __init__(self, street: Street, extension: str) -> None:
        self.extension = extension
        self.answer_after_seconds: float | None = None
        self.talk_seconds: float | None = None
        self.refuses_with: int | None = None
        self.current: Call | None = None
        self._street = street
        self.line = Line(street.ticker, pbx=street.pbx, user=extension, secret=street.secret, on_call=self._rang)

    async def wait_for_ring(self, seconds: float = 20) -> Call:
        """Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while self.current is None or self.current.state is not CallState.RINGING:
                await self._street.changed()
            return self.current

    async def wait_until_free(self, seconds: float = 20) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while self.current is not None:
                await self._street.changed()

    async def answer(self) -> bool:
        """False when nobody rings, or the caller was gone first."""
        call = self.current
        return call is not None and await call.answer(self._street.voice_of_operator)

    async def dial(self, number: str) -> Call:
        """Call from this phone; Conflict when it is in use."""
        if self.current is not None:
            raise Conflict(f"the phone {self.extension} is in use")
        self.current = call = await self.line.call(number)
        call.on_change = self._changed
        call.say(self._street.voice_of_operator)
        return call

    async def consult(self, number: str) -> Call:
        """Hold the one who talks with us and call a colleague, for an attended transfer."""
        await self.talking().hold()
        call = await self.line.call(number)
        call.say(self._street.voice_of_operator)
        return call

    def talking(self) -> Call:
        """The conversation of this phone. Raises PhoneRefused."""
        if self.current is None or self.current.state not in (CallState.TALKING, CallState.HELD):
            raise PhoneRefused(f"nobody talks at the phone {self.extension}")
        return self.current

    def _rang(self, call: Call) -> None:
        if self.current is not None or self.refuses_with is not None:
            call.refuse(self.refuses_with or 486)
            return
        self.current = call
        call.on_change = self._changed
        call.ring()
        self._street.phone_changed(self, call)
        if self.answer_after_seconds is not None:
            self._street.tasks.start(self._pick_up(call, self.answer_after_seconds), name=f"operator {self.extension}")

    async def _pick_up(self, call: Call, after: float) -> None:
        await asyncio.sleep(after)
        if not await call.answer(self._street.voice_of_operator) or self.talk_seconds is None:
            return
        await asyncio.sleep(self.talk_seconds)
        call.hang_up()

    def _changed(self, call: Call) -> None:
        if call.is_over and self.current is call:
            self.current = None
        self._street.phone_changed(self, call)


class Street:
    """All telephones outside the sandbox's Asterisk. `start` it after the PBX, `stop` it before."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        language: str = "ru",
        seed: int = 1,
        host: str = "127.0.0.1",
        outside: bool = True,  # False for a second street beside a running one, such as `callengine demo`'s
    ) -> None:
        self.pbx: Address = (host, sandbox.sip_port)
        self.secret = sandbox.operator_secret
        self.tasks, self.ticker = Tasks(), Ticker()
        self.voice_of_operator = b""
        self.phones: dict[str, OperatorPhone] = {}
        self.residents: list[Resident] = []
        self._language, self._random = language, random.Random(seed)
        self._trunk_port = sandbox.trunk_port if outside and sandbox.simulated_residents else None
        self._callers = Line(self.ticker, pbx=self.pbx, user="trunk")
        self._outside = Line(self.ticker, pbx=self.pbx, user="trunk", on_call=self._outside_rang)
        self._change = asyncio.Event()

    async def start(self) -> None:
        """Raises StreetFailed."""
        self.tasks.start(self.ticker.run(), name="street sound")
        self.tasks.start(self._keep_registered(), name="street registrations")
        await self._callers.open(self.pbx[0])
        if self._trunk_port is not None:
            try:
                await self._outside.open(self.pbx[0], self._trunk_port)
            except OSError as error:
                await self.stop()
                raise StreetFailed(
                    f"port {self._trunk_port} is taken ({error.strerror}): choose another [sandbox] trunk_port"
                ) from None
        sentences = speech.OPERATOR.get(self._language, speech.OPERATOR["en"])
        self.voice_of_operator = await speech.conversation(sentences, language=self._language, voice=1)

    async def stop(self) -> None:
        """Hang everything up and unplug every phone."""
        for resident in self.residents:
            resident.call.hang_up()
        await asyncio.gather(*(self.unplug(extension) for extension in tuple(self.phones)), return_exceptions=True)
        self._callers.close()
        self._outside.close()
        await self.tasks.close()

    # Operators' phones

    async def plug_in(
        self,
        extension: str,
        *,
        answer_after_seconds: float | None = None,
        talk_seconds: float | None = None,
        refuses_with: int | None = None,
    ) -> OperatorPhone:
        """Put a phone on the operator's desk. Conflict when a phone of his own is registered already.

        With `answer_after_seconds` it picks up by itself; `refuses_with` is a SIP status such as 486.
        """
        if (phone := self.phones.get(extension)) is None:
            phone = OperatorPhone(self, extension)
            await phone.line.open(self.pbx[0])
            try:
                if await asyncio.wait_for(phone.line.registered_elsewhere(), 5):
                    raise Conflict(f"extension {extension} has a phone of its own")
                await phone.line.register(seconds=REGISTER_SECONDS)
            except BaseException:
                phone.line.close()
                raise
            self.phones[extension] = phone
        phone.answer_after_seconds, phone.talk_seconds = answer_after_seconds, talk_seconds
        phone.refuses_with = refuses_with
        return phone

    async def unplug(self, extension: str) -> None:
        """Take the phone away; nothing when there is none of ours."""
        if (phone := self.phones.pop(extension, None)) is None:
            return
        if phone.current is not None:
            phone.current.hang_up()
        try:
            await asyncio.wait_for(phone.line.register(seconds=0), 2)
        except (TimeoutError, PhoneRefused):
            log.info("phone not unregistered", extra={"action": "phone_unplug", "extension": extension})
        phone.line.close()

    def phone(self, extension: str) -> OperatorPhone:
        """Raises NotFound."""
        if extension not in self.phones:
            raise NotFound(f"the street has no phone {extension}: plug it in first")
        return self.phones[extension]

    async def answer(self, extension: str) -> bool:
        return await self.phone(extension).answer()

    def hang_up(self, extension: str) -> bool:
        """End what the phone does, or refuse what rings; False when it did nothing."""
        call = self.phone(extension).current
        if call is not None:
            call.hang_up()
        return call is not None

    async def hold(self, extension: str) -> None:
        await self.phone(extension).talking().hold()

    async def unhold(self, extension: str) -> None:
        await self.phone(extension).talking().unhold()

    async def transfer(self, extension: str, number: str) -> int:
        """Blind. Returns the SIP status that the PBX reports of it."""
        return await self.phone(extension).talking().transfer(number)

    async def dial(self, extension: str, number: str) -> Call:
        return await self.phone(extension).dial(number)

    async def _keep_registered(self) -> None:
        while True:
            await asyncio.sleep(REGISTER_SECONDS / 3)
            for phone in tuple(self.phones.values()):
                try:
                    await phone.line.register(seconds=REGISTER_SECONDS)
                except PhoneRefused as error:
                    log.warning(
                        "phone not registered",
                        extra={"action": "phone_lost", "extension": phone.extension, "why": error.detail},
                    )

    # Residents

    async def call_in(
        self,
        number: str,
        *,
        name: str = "",
        did: str = LINE_NUMBER,
        behaviour: Behaviour | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Resident:
        """A resident calls the line."""
        behaviour = behaviour or Behaviour()
        call = await self._callers.call(
            did, sender=number, name=name, withheld=behaviour.withheld, headers=dict(headers or {})
        )
        resident = Resident(number, behaviour, call, asyncio.Event(), asyncio.Event())
        self.residents.append(resident)
        self.tasks.start(self._live(resident), name="resident")
        return resident

    async def _live(self, resident: Resident) -> None:
        acts = Tasks()
        call, behaviour = resident.call, resident.behaviour
        sentences = speech.RESIDENT.get(behaviour.language, speech.RESIDENT["en"])
        voice = self._random.randrange(4)
        words = await speech.conversation(self._random.sample(sentences, k=2), language=behaviour.language, voice=voice)
        call.say(words)
        try:
            acts.start(_begin_again(resident.helped, call, words), name="first words")
            acts.start(_after(call.ended, behaviour.patience_seconds, call), name="patience")
            if behaviour.hang_up_when_ringing:
                acts.start(_hang_up_at(resident.rung, 1.0, call), name="hang up while it rings")
            if behaviour.hang_up_after_seconds is not None:
                acts.start(_hang_up_at(call.answered, behaviour.hang_up_after_seconds, call), name="hang up")
            if behaviour.keys:
                acts.start(_press(call, behaviour), name="keys")
            if behaviour.talk_seconds is not None:
                acts.start(_hang_up_at(resident.helped, behaviour.talk_seconds, call), name="talk")
            await call.ended.wait()
        finally:
            await acts.close()
            self.residents.remove(resident)
            self._tell()

    # The world outside

    def _outside_rang(self, call: Call) -> None:
        match call.dialled[-1:]:
            case "0":
                call.refuse(486)
            case "2":
                call.refuse(603)
            case "1":
                call.ring()
            case _:
                call.ring()
                self.tasks.start(self._outside_answers(call), name="outside number")

    async def _outside_answers(self, call: Call) -> None:
        sentences = speech.RESIDENT.get(self._language, speech.RESIDENT["en"])
        words = await speech.conversation(
            self._random.sample(sentences, k=2), language=self._language, voice=self._random.randrange(4)
        )
        await asyncio.sleep(self._random.uniform(2.0, 4.0))
        # Whom an operator calls talks; a robot's own number is no operator's.
        if not _is_extension(call.number):
            await self._outside_hears_the_robot(call)
        elif await call.answer(words):
            await _after(call.ended, 300, call)

    async def _outside_hears_the_robot(self, call: Call) -> None:
        word = await speech.say("Алло?" if self._language == "ru" else "Hello?", language=self._language)
        if not await call.answer():
            return
        call.say(word, again=False)
        end = call.dialled[-1:]
        if end == LEAVES_THE_ROBOT:
            await _after(call.ended, 2, call)
        elif end != IS_SILENT:
            keys = ["2"] if end == NOT_DONE else ["1", MARKS.get(end, "5")]
            # Nobody hears a prompt to its end who knows it: a key in its middle is an answer too.
            for key in keys:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(call.ended.wait(), self._random.uniform(6.0, 9.0))
                call.press(key)
        await _after(call.ended, 120, call)

    # News inside the street

    def phone_changed(self, phone: OperatorPhone, call: Call) -> None:
        resident = self._resident_of(call) if call.incoming else None
        if resident is not None and call.state is CallState.RINGING:
            resident.rung.set()
        elif resident is not None and call.state is CallState.TALKING:
            resident.helped.set()
        self._tell()

    async def changed(self) -> None:
        """Until something happens at a phone of the street."""
        await self._change.wait()

    def _tell(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def _resident_of(self, call: Call) -> Resident | None:
        shown = call.number.lstrip("+")
        waiting = [r for r in self.residents if not r.helped.is_set()]
        known = next((r for r in waiting if not r.behaviour.withheld and r.number.lstrip("+") == shown), None)
        return known or next((r for r in waiting if r.behaviour.withheld and not shown.isdigit()), None)


def _is_extension(number: str) -> bool:
    return number.isdigit() and len(number) <= 4


async def _hang_up_at(moment: asyncio.Event, seconds: float, call: Call) -> None:
    await moment.wait()
    await asyncio.sleep(seconds)
    call.hang_up()


async def _begin_again(moment: asyncio.Event, call: Call, words: bytes) -> None:
    # Whoever picks up hears the story from its beginning; a phone that is not the street's joins in the middle.
    await moment.wait()
    call.say(words)


async def _after(end: asyncio.Event, seconds: float, call: Call) -> None:
    try:
        await asyncio.wait_for(end.wait(), seconds)
    except TimeoutError:
        call.hang_up()


async def _press(call: Call, behaviour: Behaviour) -> None:
    await call.answered.wait()
    await asyncio.sleep(behaviour.keys_after_seconds)
    call.press(behaviour.keys)
    if behaviour.message_seconds:
        await asyncio.sleep(behaviour.message_seconds)
        call.hang_up()
