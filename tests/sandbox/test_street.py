"""The street against the real sandbox: operators' phones, residents, and the numbers outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from callengine.config import Sandbox
from callengine.errors import Conflict, NotFound
from callengine.sandbox.demo import Demo
from callengine.sandbox.pbx import SandboxPbx
from callengine.sandbox.street import Behaviour, OperatorPhone, Street, StreetFailed
from callengine.sandbox.useragent import CallState, Line, PhoneRefused

pytestmark = [pytest.mark.pbx]


@pytest.fixture
async def street(sandbox_pbx: SandboxPbx) -> AsyncIterator[Street]:
    opened = Street(Sandbox(sip_port=sandbox_pbx.sip_port, trunk_port=sandbox_pbx.trunk_port))
    await opened.start()
    yield opened
    await opened.stop()


async def test_an_operator_answers_a_resident_and_both_hear_speech(street: Street) -> None:
    phone = await street.plug_in("101")
    resident = await street.call_in("+79074121806", behaviour=Behaviour(talk_seconds=2.0))
    ringing = await phone.wait_for_ring()
    assert ringing.number == "+79074121806"
    assert await street.answer("101")
    assert await asyncio.wait_for(resident.wait(), 20) == "answered"
    assert resident.call.sound is not None and ringing.sound is not None
    assert resident.call.sound.heard_voice > 20
    assert ringing.sound.heard_voice > 20


async def test_a_phone_that_answers_by_itself_needs_nobody(street: Street) -> None:
    await street.plug_in("101", answer_after_seconds=0.5, talk_seconds=1.0)
    resident = await street.call_in("+79074121806", behaviour=Behaviour(talk_seconds=None))
    assert await asyncio.wait_for(resident.wait(), 30) == "answered"
    assert resident.call.ended_why == "remote"


async def test_a_resident_hangs_up_while_it_rings(street: Street) -> None:
    phone = await street.plug_in("101")
    resident = await street.call_in("+79074121806", behaviour=Behaviour(hang_up_when_ringing=True))
    assert await asyncio.wait_for(resident.wait(), 30) == "unanswered"
    await phone.wait_until_free(5)


async def test_a_key_in_the_queue_ends_in_a_callback(street: Street) -> None:
    phone = await street.plug_in("101")
    resident = await street.call_in("+79074121806")
    await phone.wait_for_ring()
    resident.call.press("1")
    assert await asyncio.wait_for(resident.wait(), 30) == "unanswered"
    assert resident.call.ended_why == "remote", "the PBX thanks and hangs up"


async def transferred(street: Street, extension: str, number: str) -> int:
    """Between the answer and the bridge the PBX refuses a transfer: as an operator would, press again."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await street.transfer(extension, number)
            except PhoneRefused:
                await asyncio.sleep(0.1)


async def test_a_blind_transfer_reaches_the_colleague(street: Street) -> None:
    first = await street.plug_in("101")
    resident = await street.call_in("+79074121806", behaviour=Behaviour(talk_seconds=None))
    await first.wait_for_ring()
    await street.answer("101")
    second = await street.plug_in("102")
    assert await transferred(street, "101", "102") in (200, 202)
    await second.wait_for_ring()
    assert await street.answer("102")
    assert first.current is None
    resident.call.hang_up()
    await second.wait_until_free(5)


async def hears(phone: OperatorPhone) -> None:
    """Until the resident is heard: only then the PBX has put both together."""
    async with asyncio.timeout(10):
        while (sound := phone.talking().sound) is None or sound.heard_voice == 0:
            await asyncio.sleep(0.05)


async def test_hold_and_resume(street: Street) -> None:
    phone = await street.plug_in("101")
    resident = await street.call_in("+79074121806", behaviour=Behaviour(talk_seconds=None))
    await phone.wait_for_ring()
    await street.answer("101")
    await hears(phone)
    await street.hold("101")
    assert phone.talking().state is CallState.HELD
    await street.unhold("101")
    assert phone.talking().state is CallState.TALKING
    street.hang_up("101")
    assert await asyncio.wait_for(resident.wait(), 5) == "answered"


@pytest.mark.parametrize(("last", "why"), [("0", "486"), ("2", "403")])
async def test_an_outside_number_is_busy_or_rejects_by_its_last_digit(street: Street, last: str, why: str) -> None:
    await street.plug_in("101")
    call = await street.dial("101", f"+7907412180{last}")
    await asyncio.wait_for(call.ended.wait(), 20)
    assert call.status == int(why), "Asterisk tells a 603 as a 403"


async def test_an_outside_number_answers_and_talks(street: Street) -> None:
    await street.plug_in("101")
    call = await street.dial("101", "+79074121806")
    await asyncio.wait_for(call.answered.wait(), 15)
    async with asyncio.timeout(10):
        while not call.sound or call.sound.heard_voice < 20:
            await asyncio.sleep(0.05)
    street.hang_up("101")


async def test_a_phone_of_the_operators_own_is_never_displaced(street: Street, sandbox_pbx: SandboxPbx) -> None:
    own = await Line(street.ticker, pbx=street.pbx, user="105", secret="sandbox").open()
    await own.register(seconds=60)
    try:
        with pytest.raises(Conflict):
            await street.plug_in("105")
        with pytest.raises(NotFound):
            await street.answer("105")
        assert not await own.registered_elsewhere()
    finally:
        await own.register(seconds=0)
        own.close()


async def test_a_registration_that_outlived_its_phone_does_not_keep_the_desk(street: Street) -> None:
    dead = await Line(street.ticker, pbx=street.pbx, user="106", secret="sandbox").open()
    await dead.register(seconds=60)
    dead.close()
    phone = await street.plug_in("106")
    assert not await phone.line.registered_elsewhere()


async def test_a_taken_trunk_port_is_named(street: Street, sandbox_pbx: SandboxPbx) -> None:
    second = Street(Sandbox(sip_port=sandbox_pbx.sip_port, trunk_port=sandbox_pbx.trunk_port))
    with pytest.raises(StreetFailed, match="trunk_port"):
        await second.start()


async def test_the_desks_button_places_a_call_that_is_answered(street: Street) -> None:
    demo = Demo(street, ["+79074121806"], operators=["101", "102"], seed=7)
    await demo.staff()
    resident = await demo.one_call("known")
    assert resident.number == "+79074121806"
    await asyncio.wait_for(resident.helped.wait(), 30)
    resident.call.hang_up()
    assert await asyncio.wait_for(resident.wait(), 5) == "answered"
