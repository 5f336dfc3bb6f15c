"""The warm transfer as AMI hears it: what is asked, and what a PBX that refuses, cuts or is late makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from callengine.calls.handover import HandoverState, HandoverTold
from callengine.calls.handovers import HandoversService
from callengine.calls.model import CallKey, Conversation, Direction, State, StoredCall, Talk
from callengine.clock import SystemClock
from callengine.config import OnePbx
from callengine.errors import EngineError, NoTransfer, NoWarmTransfer, OutcomeUnknown, Refused, TransferLasts
from callengine.pbx.consult import told_of
from callengine.pbx.originate import AmiOriginator
from callengine.pbx.wire import RawEvent
from callengine.store.database import Store
from tests.pbx.fake_ami import FakeAmi, Heard, event, listing, response, running

OWN, RESIDENT, THIRD = "PJSIP/101-2", "PJSIP/trunk-1", "PJSIP/trunk-9"
LOCAL = "Local/1@callengine-consult-00000007"
TALK = {RESIDENT: "b1", OWN: "b1"}
CONSULT = {RESIDENT: "b1", OWN: "b2", f"{LOCAL};1": "b2", f"{LOCAL};2": "b3", THIRD: "b3"}


def call() -> Conversation:
    now = SystemClock().now()
    talks = (Talk("101", now),)
    return Conversation(
        CallKey("main", "1.1"), Direction.INBOUND, now, state=State.TALKING, operator="101", talks=talks
    )


def channels(fake: FakeAmi, alive: dict[str, str]) -> None:
    legs = [
        event("CoreShowChannel", Channel=name, Uniqueid=f"1.{n}", Linkedid="1.1", BridgeId=bridge, ChannelState="6")
        for n, (name, bridge) in enumerate(alive.items())
    ]
    fake.answers["CoreShowChannels"] = lambda action: listing(action, *legs)
    fake.answers["Getvar"] = lambda action: response(
        action, f"Value: { {'CE_CONSULT': '112-abc', 'FEATURE(atxferthreeway)': '*3'}.get(action['Variable'], '') }"
    )


def acted(fake: FakeAmi) -> list[str]:
    return [name for name in fake.names() if name in ("Setvar", "Atxfer", "CancelAtxfer", "Hangup", "PlayDTMF")]


async def test_it_names_the_number_and_presses_one_extension_of_our_context(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard) as link:
        channels(fake, TALK)
        await AmiOriginator(link, OnePbx()).consult(call(), "+79075550101", "abc")
    asked = {a["Action"]: a for a in fake.actions}
    assert (asked["Setvar"]["Channel"], asked["Setvar"]["Variable"]) == (OWN, "__CE_CONSULT")
    assert asked["Setvar"]["Value"] == "+79075550101-abc"
    atxfer = {name: asked["Atxfer"][name] for name in ("Channel", "Exten", "Context")}
    assert atxfer == {"Channel": OWN, "Exten": "1#", "Context": "callengine-consult"}


async def test_it_is_never_asked_where_one_lasts_for_the_same_code_would_end_it(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard) as link:
        channels(fake, CONSULT)
        with pytest.raises(TransferLasts):
            await AmiOriginator(link, OnePbx()).consult(call(), "112", "abc")
    assert acted(fake) == []


async def test_a_pbx_that_refuses_is_told_in_words(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["Atxfer"] = lambda a: response(a, "Message: No attended transfer feature code found", ok=False)
    async with running(fake, heard) as link:
        channels(fake, TALK)
        with pytest.raises(NoWarmTransfer, match="feature code"):
            await AmiOriginator(link, OnePbx()).consult(call(), "112", "abc")
        for wrong in ("112&Local/1", "112-9", ""):
            with pytest.raises(Refused):
                await AmiOriginator(link, OnePbx()).consult(call(), wrong, "abc")


@dataclass
class Who:
    staff_id: int | None = 1
    name: str = "Петрова"
    extension: str | None = "101"


@pytest.mark.parametrize("fault", ["cut", "late"])
async def test_a_link_that_breaks_or_is_late_right_after_the_asking_asks_once(
    fake: FakeAmi, heard: Heard, sqlite_store: Store, fault: str
) -> None:
    if fault == "cut":
        fake.cut_after.add("Atxfer")
    else:
        fake.answers["Atxfer"] = lambda action: None
    stored = StoredCall(7, call())

    async def by_key(key: CallKey) -> StoredCall:
        return stored

    async with running(fake, heard) as link:
        channels(fake, TALK)
        service = HandoversService(sqlite_store, SystemClock(), {"main": AmiOriginator(link, OnePbx())}, by_key)
        for _ in range(3):
            with pytest.raises(EngineError) as failed:
                await service.begin(stored, "112", Who())
            assert isinstance(failed.value, OutcomeUnknown)
        assert fake.names().count("Atxfer") == 1
        one = service.newest(7)
        assert one is not None
        # It had begun all the same: the PBX's own word comes after.
        await service.on_told(HandoverTold(SystemClock().now(), "main", "1.1", "ringing", one.id, "112"))
        assert (await service.begin(stored, "112", Who())).state is HandoverState.RINGING
        assert fake.names().count("Atxfer") == 1
        await service.close()


async def test_each_end_looks_at_the_bridges_first_so_that_nobody_is_left_alone(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard) as link:
        phones = AmiOriginator(link, OnePbx())
        channels(fake, TALK)  # the third party hung up in this very moment
        for end in (phones.complete, phones.cancel, phones.join):
            with pytest.raises(NoTransfer):
                await end(call())
        assert acted(fake) == []
        channels(fake, CONSULT)
        await phones.join(call())
        await phones.cancel(call())
        await phones.complete(call())
        assert acted(fake) == ["PlayDTMF", "PlayDTMF", "CancelAtxfer", "Hangup"]
        channels(fake, {RESIDENT: "b1", OWN: "b1", THIRD: "b1"})  # all three together: he may leave
        await phones.complete(call())
        assert acted(fake)[-1] == "Hangup"
        assert fake.actions[-1]["Channel"] == OWN


async def test_what_lasts_is_read_from_the_channels(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard) as link:
        channels(fake, CONSULT)
        (one,) = await AmiOriginator(link, OnePbx()).lasting()
    assert one == ("1.1", "abc", "112", True)


def raw(name: str, **headers: str) -> RawEvent:
    return RawEvent({"Event": name, **headers}, SystemClock().now(), 0.0)


@pytest.mark.parametrize(
    ("heard_of", "what"),
    [
        (raw("UserEvent", UserEvent="Callengine", Fact="consult", Value="ringing|112-a|0", Linkedid="1.1"), "ringing"),
        (raw("UserEvent", UserEvent="Callengine", Fact="consult", Value="BUSY|112-a|x", Linkedid="1.1"), "BUSY"),
        (raw("AttendedTransfer", Result="Success", DestType="Threeway", OrigTransfererLinkedid="1.1"), "threeway"),
        (raw("AttendedTransfer", Result="Success", DestType="Bridge", OrigTransfererLinkedid="1.1"), "transferred"),
        (raw("AttendedTransfer", Result="Fail", OrigTransfererLinkedid="1.1"), None),
        (raw("UserEvent", UserEvent="Callengine", Fact="consult", Value="ringing"), None),
        (raw("UserEvent", UserEvent="Other", Fact="consult", Value="ringing|112-a|0"), None),
        (raw("UserEvent", UserEvent="Callengine", Fact="stage", Value="queue"), None),
    ],
)
def test_only_what_is_of_a_warm_transfer_is_told(heard_of: RawEvent, what: str | None) -> None:
    told = told_of("main", heard_of)
    assert (told.what if told else None) == what
