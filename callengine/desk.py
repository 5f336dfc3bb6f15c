"""What the desk does to telephones: hang up, transfer, pause; in the sandbox also plug in, answer, and demo calls."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence

from callengine.access.events import StaffStateChanged
from callengine.access.model import Member
from callengine.bridge import Bridge
from callengine.calls.model import StoredCall
from callengine.calls.origination import Origination, OriginationState
from callengine.calls.service import CallsService
from callengine.errors import Conflict, EngineError, NotFound, Refused
from callengine.sandbox.demo import Demo
from callengine.sandbox.street import Street
from callengine.tasks import Tasks

log = logging.getLogger(__name__)

RING_SECONDS = 20.0


class Desk:
    """The `Phone` that the API asks for. `street` and `demo_calls` are there in the sandbox only."""

    def __init__(
        self,
        bridges: Sequence[Bridge],
        calls: CallsService,
        *,
        street: Street | None = None,
        member: Callable[[int], Awaitable[Member]] | None = None,
    ) -> None:
        self._bridges: Mapping[str, Bridge] = {bridge.name: bridge for bridge in bridges}
        self._calls, self._street, self._member = calls, street, member
        self.demo_calls: Demo | None = None
        self._tasks = Tasks()

    async def answer(self, call_id: int, extension: str) -> None:
        """Pick up the sandbox's telephone. A real one is answered at the telephone: AMI cannot lift a receiver."""
        call = await self._live(call_id)
        if self._street is None or extension not in self._street.phones:
            raise Refused("answer at your telephone: the engine cannot lift its receiver")
        if not any(offer.operator == extension and offer.ended_at is None for offer in call.call.offers):
            raise Conflict("this call rings at your telephone no more")
        if not await self._street.answer(extension):
            raise Conflict("the caller was gone first, or a colleague was quicker")

    async def hang_up(self, call_id: int) -> None:
        call = await self._live(call_id)
        await self._bridge(call).phones.hang_up(call.call)

    async def transfer(self, call_id: int, to: str) -> None:
        """Blind: the other side goes on to `to`, the operator is free."""
        call = await self._live(call_id)
        await self._bridge(call).phones.transfer(call.call, to)

    async def hold(self, call_id: int, *, on: bool) -> None:
        """The other side hears music; recording and ledger go on. Raises NoHold when the PBX cannot."""
        call = await self._live(call_id)
        await self._bridge(call).phones.hold(call.call, on=on)

    async def pause(self, extension: str, *, paused: bool, reason: str) -> None:
        """On every PBX: one that is away, or on which he is in no queue, keeps the others from nothing.

        Raises the first one's word when none of them took it; one that is away is told when its link is back.
        """
        problems: list[EngineError] = []
        for bridge in self._bridges.values():
            try:
                await bridge.phones.pause(extension, paused=paused, reason=reason)
            except EngineError as error:
                problems.append(error)
        if problems and len(problems) == len(self._bridges):
            raise problems[0]

    async def demo(self, kind: str) -> None:
        if self.demo_calls is None:
            raise Refused("demo calls are placed in sandbox mode only")
        # busy_day takes seconds: the button must not wait for it.
        self._tasks.start(self.demo_calls.one_call(kind), name="demo call")

    def staff_changed(self, fact: StaffStateChanged) -> None:
        """After the commit: the queue passes over whose shift ended, however it ended, and who does after-call work;
        whoever begins a shift in the sandbox finds a telephone on the desk."""
        if fact.by_engine:
            self._tasks.start(self._tell_queue(fact.member), name="queue pause")
        if fact.member.extension and fact.member.state == "offline":
            self._tasks.start(self._pass_over(fact.member.extension), name="queue pause")
        if self._street is not None and fact.member.extension:
            here = fact.member.state != "offline"
            self._tasks.start(self._plug(self._street, fact.member.extension, here=here), name="sandbox telephone")

    async def _tell_queue(self, person: Member) -> None:
        """As he is when it is told: he may have pressed a key meanwhile, whose word must be the last one."""
        told: tuple[str, str] | None = None
        while person.extension and (person.state, person.state_reason) != told:
            told = (person.state, person.state_reason)
            try:
                await self.pause(person.extension, paused=person.state != "ready", reason=person.state_reason)
                if self._member is not None:
                    person = await self._member(person.id)
            except EngineError as error:
                fields = {"action": "pause_failed", "extension": person.extension, "problem": error.detail}
                log.warning("the queue was not told of a change of state", extra=fields)

    async def _pass_over(self, extension: str) -> None:
        try:
            await self.pause(extension, paused=True, reason="")
        except EngineError as error:
            # The state is saved: a PBX that does not hear now is told again when its link is back.
            told = {"action": "pause_failed", "extension": extension, "problem": error.detail}
            log.warning("the queue member was not paused", extra=told)

    async def _plug(self, street: Street, extension: str, *, here: bool) -> None:
        try:
            if here:
                await street.plug_in(extension)
            else:
                await street.unplug(extension)
        except EngineError as error:
            told = {"action": "phone_not_plugged", "extension": extension, "problem": error.detail}
            log.info("the sandbox's telephone is not plugged in", extra=told)

    def dialling_changed(self, one: Origination) -> None:
        """After the commit: whoever dials from a desk of the sandbox lifts the receiver of its telephone with it."""
        if self._street is not None and one.state is OriginationState.ACCEPTED and one.extension in self._street.phones:
            self._tasks.start(self._lift(self._street, one), name="sandbox receiver")

    async def _lift(self, street: Street, one: Origination) -> None:
        try:
            call = await street.phone(one.extension).wait_for_ring(RING_SECONDS)
            if call.number.lstrip("+") == one.number.lstrip("+"):  # a call of the queue may have been quicker
                await street.answer(one.extension)
        except (TimeoutError, EngineError) as error:
            told = {"action": "receiver_not_lifted", "extension": one.extension, "problem": str(error)}
            log.info("the sandbox's telephone did not ring for its own dialling", extra=told)

    async def _live(self, call_id: int) -> StoredCall:
        found = await self._calls.get(call_id)
        if found.call.ended_at is not None:
            raise Conflict("this call is over")
        return found

    def _bridge(self, call: StoredCall) -> Bridge:
        if call.call.key.pbx not in self._bridges:
            raise NotFound("this call's PBX is not configured any more")
        return self._bridges[call.call.key.pbx]

    async def close(self) -> None:
        await self._tasks.close()


def shuffled(numbers: Sequence[str], seed: int = 1) -> list[str]:
    """Sample numbers in an order of their own, so that demo calls do not come house by house."""
    order = list(numbers)
    random.Random(seed).shuffle(order)
    return order
