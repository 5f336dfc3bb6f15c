"""Hold by the desk: music for the caller, nothing lost of the call, and a clear word where the PBX cannot."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Awaitable, Callable

import pytest

from callengine.calls.model import CallKey, Conversation, Direction, Outcome, State
from callengine.calls.tracker import Tracker
from callengine.clock import SystemClock
from callengine.config import OnePbx
from callengine.errors import NoHold, Refused
from callengine.pbx import ledger
from callengine.pbx.ami import AmiLink
from callengine.pbx.originate import AmiOriginator
from callengine.pbx.translate import translate
from callengine.sandbox.pbx import SandboxPbx
from callengine.sandbox.street import Behaviour, Resident, Street
from tests.pbx.fake_ami import FakeAmi, Heard, event, listing, response, running
from tests.pbx.test_real_pbx import TO, asterisk, link, street

__all__ = ["asterisk", "link", "street"]  # fixtures
DIGITS = ["*", "7", "4"]


class Watch:
    """The conversation as the tracker reads it from what the link has heard so far."""

    def __init__(self, heard: Heard) -> None:
        self._heard, self._at = heard, 0
        self._tracker = Tracker("main")
        self.call: Conversation | None = None
        self.states: list[State] = []

    def look(self) -> Conversation | None:
        fresh, self._at = self._heard.events[self._at :], len(self._heard.events)
        for raw in fresh:
            if (signal := translate(raw.headers, raw.received_at)) is not None:
                for fact in self._tracker.feed(signal):
                    self.call = fact.call
                    if not self.states or self.states[-1] is not fact.call.state:
                        self.states.append(fact.call.state)
        return self.call

    async def until(self, state: State) -> Conversation:
        async with asyncio.timeout(20):
            while (call := self.look()) is None or call.state is not state:
                await asyncio.sleep(0.02)
        return call


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.05)


async def answered(street: Street) -> Resident:
    """101 talks with a resident who has no end of things to say."""
    phone = await street.plug_in("101")
    resident = await street.call_in(TO, behaviour=Behaviour(talk_seconds=None))
    await phone.wait_for_ring()
    assert await street.answer("101")
    return resident


@pytest.mark.pbx
async def test_the_caller_hears_music_the_recording_goes_on_and_the_call_is_one(
    asterisk: SandboxPbx, link: AmiLink, street: Street, heard: Heard
) -> None:
    resident = await answered(street)
    watch, phones = Watch(heard), AmiOriginator(link, OnePbx())
    talking = await watch.until(State.TALKING)
    await phones.hold(talking, on=True)
    held = await watch.until(State.HELD)
    assert (held.key, held.operator, len(held.talks)) == (talking.key, "101", 1)
    sound = resident.call.sound
    assert sound is not None
    before = sound.heard_voice

    async def music() -> bool:
        return sound.heard_voice > before + 10

    await eventually(music)
    await phones.hold(held, on=True)  # pressed twice: nothing more
    await phones.hold(held, on=False)
    back = await watch.until(State.TALKING)
    await phones.hold(back, on=False)
    resident.call.hang_up()
    ended = await watch.until(State.ENDED)
    assert (ended.outcome, len(ended.talks)) == (Outcome.ANSWERED, 1)
    assert 0 < ended.held_seconds < ended.talk_seconds
    assert watch.states.count(State.HELD) == 1

    async def noted() -> bool:
        return any(call.end for call in (await ledger.read(link)).calls.values())

    await eventually(noted)
    assert list((await ledger.read(link)).calls) == [ended.key.linkedid]
    for side in ("caller", "operator"):
        with wave.open(str(asterisk.recordings_dir / f"callengine/{ended.key.linkedid}-{side}.wav")) as file:
            seconds = file.getnframes() / file.getframerate()
        assert abs(seconds - ended.talk_seconds) < 2, "the recording covers the hold too"


@pytest.mark.pbx
async def test_nobody_stays_in_silence_when_the_caller_hangs_up_on_hold(
    asterisk: SandboxPbx, link: AmiLink, street: Street, heard: Heard
) -> None:
    resident = await answered(street)
    watch, phones = Watch(heard), AmiOriginator(link, OnePbx())
    await phones.hold(await watch.until(State.TALKING), on=True)
    await watch.until(State.HELD)
    resident.call.hang_up()
    await street.phone("101").wait_until_free(10)
    ended = await watch.until(State.ENDED)
    assert ended.outcome is Outcome.ANSWERED


@pytest.mark.pbx
async def test_an_outgoing_call_is_held_too_and_the_other_side_cannot_hold_us(
    asterisk: SandboxPbx, link: AmiLink, street: Street, heard: Heard
) -> None:
    await street.plug_in("101")
    await street.dial("101", TO)
    watch, phones = Watch(heard), AmiOriginator(link, OnePbx())
    talking = await watch.until(State.TALKING)
    assert talking.direction is Direction.OUTBOUND
    await phones.hold(talking, on=True)
    held = await watch.until(State.HELD)
    await phones.hold(held, on=False)
    await watch.until(State.TALKING)
    (outside,) = [c["Channel"] for c in await phones._channels(talking) if not c["Channel"].startswith("PJSIP/101-")]
    for digit in DIGITS:
        await link.action("PlayDTMF", {"Channel": outside, "Digit": digit, "Receive": "true"})
    said = await link.action("Getvar", {"Channel": outside, "Variable": "DYNAMIC_FEATURES"})
    assert said.headers["Value"] == ""
    street.hang_up("101")
    assert (await watch.until(State.ENDED)).held_seconds > 0
    assert watch.states.count(State.HELD) == 1


# --- a PBX that does otherwise -------------------------------------------------------------------------------


def talking(fake: FakeAmi, *, held: str = "") -> Conversation:
    """A call of 101 as the fake lists it; `held` is what CE_HELD says."""
    call = Conversation(CallKey("main", "1.1"), Direction.INBOUND, SystemClock().now(), operator="101")
    legs = [
        event("CoreShowChannel", Channel=name, Uniqueid=f"1.{n}", Linkedid="1.1", BridgeId="b1")
        for n, name in enumerate(("PJSIP/trunk-1", "PJSIP/101-2"), 1)
    ]
    fake.answers["CoreShowChannels"] = lambda action: listing(action, *legs)
    fake.answers["Getvar"] = lambda action: response(action, "Variable: CE_HELD", f"Value: {held}")
    fake.answers["PlayDTMF"] = lambda action: response(action, "Message: DTMF successfully queued")
    return call.evolve(state=State.TALKING)


def pressed(fake: FakeAmi) -> list[tuple[str, str]]:
    return [(a["Channel"], a["Digit"]) for a in fake.actions if a["Action"] == "PlayDTMF"]


async def test_a_pbx_without_the_feature_is_told_in_words(
    fake: FakeAmi, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callengine.pbx.originate.HOLD_LOOK_SECONDS", 0.001)
    async with running(fake, heard) as link:
        call = talking(fake)
        with pytest.raises(NoHold, match="at the telephone"):
            await AmiOriginator(link, OnePbx()).hold(call, on=True)
    assert pressed(fake) == [("PJSIP/101-2", digit) for digit in DIGITS]


async def test_what_the_telephone_itself_holds_only_the_telephone_takes_back(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard) as link:
        call = talking(fake).evolve(state=State.HELD)
        with pytest.raises(Refused, match="take the call back there"):
            await AmiOriginator(link, OnePbx()).hold(call, on=False)
    assert pressed(fake) == [], "a digit would be heard by the caller"


async def test_there_is_nothing_to_hold_where_nobody_talks(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard) as link:
        call = talking(fake)
        fake.answers["CoreShowChannels"] = lambda action: listing(action)
        with pytest.raises(Refused, match="nothing to hold"):
            await AmiOriginator(link, OnePbx()).hold(call, on=True)
