"""SIPp's residents and operators against the real sandbox: the driver itself is proved here, in little."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callengine.sandbox.pbx import SandboxPbx
from tests.sipp.driver import Operator, Sipp

pytestmark = [pytest.mark.pbx]


@pytest.fixture
async def sipp(sandbox_pbx: SandboxPbx, tmp_path: Path) -> AsyncIterator[Sipp]:
    player = Sipp(sandbox_pbx.sip_port, tmp_path)
    yield player
    await player.close()


def numbers(count: int) -> list[str]:
    return [f"+7907412{index:04d}" for index in range(count)]


async def test_a_resident_is_answered_and_the_operator_hangs_up(sipp: Sipp) -> None:
    operators = await sipp.operators(["101"], Operator(talk_seconds=2))
    residents = await sipp.residents(numbers(1), hang_up_after_seconds=30)
    assert [call.result for call in await residents.wait(60)] == ["far_end"]
    assert [(call.who, call.result) for call in await operators.wait_for(1)] == [("101", "hung_up")]


async def test_a_resident_who_hides_his_number_hangs_up_first(sipp: Sipp) -> None:
    operators = await sipp.operators(["101"])
    residents = await sipp.residents(numbers(1), withheld=True, hang_up_after_seconds=12)
    assert [call.result for call in await residents.wait(60)] == ["hung_up"]
    assert [call.result for call in await operators.wait_for(1)] == ["far_end"]


async def test_a_key_in_the_queue_asks_for_a_callback(sipp: Sipp) -> None:
    operators = await sipp.operators(["101"], Operator(never_answer=True))
    residents = await sipp.residents(numbers(1), keys="1", keys_at_seconds=10, hang_up_after_seconds=40)
    assert [call.result for call in await residents.wait(60)] == ["far_end"]
    assert [call.result for call in await operators.wait_for(1)] == ["cancelled"]


async def test_a_refusing_operator_is_passed_over(sipp: Sipp) -> None:
    refusing = await sipp.operators(["101"], Operator(refuse=486))
    residents = await sipp.residents(numbers(1), hang_up_after_seconds=12)
    assert [call.result for call in await residents.wait(60)] == ["hung_up"]
    assert {call.result for call in await refusing.wait_for(1)} == {"refused 486"}


async def test_a_phone_that_dies_at_the_answer_is_told_as_dead(sipp: Sipp) -> None:
    dying = await sipp.operators(["101"], Operator(die_at_answer=True))
    residents = await sipp.residents(numbers(1), hang_up_after_seconds=14)
    assert [call.result for call in await residents.wait(60)] == ["hung_up"]
    assert [call.result for call in await dying.wait_for(1)] == ["died"]


async def test_a_call_is_held_and_then_handed_to_a_colleague(sipp: Sipp, sandbox_pbx: SandboxPbx) -> None:
    behaviour = Operator(hold_after_seconds=1, hold_seconds=1, transfer_to="102", transfer_after_seconds=4)
    first = await sipp.operators(["101"], behaviour)
    residents = await sipp.residents(numbers(1), hang_up_after_seconds=60)
    await _until_up(sandbox_pbx, "PJSIP/101-")
    # Only now, so that the queue asks 101 and nobody else.
    second = await sipp.operators(["102"], Operator(talk_seconds=2))
    assert [call.result for call in await residents.wait(90)] == ["far_end"]
    assert [call.result for call in await first.wait_for(1)] == ["hung_up"]
    assert [call.result for call in await second.wait_for(1)] == ["hung_up"]


async def _until_up(pbx: SandboxPbx, channel: str) -> None:
    async with asyncio.timeout(30):
        while not re.search(rf"^{re.escape(channel)}.*!Up!", await pbx.cli("core show channels concise"), re.MULTILINE):
            await asyncio.sleep(0.2)


async def test_thirty_residents_talk_with_ten_operators_and_nobody_is_lost(sipp: Sipp, sandbox_pbx: SandboxPbx) -> None:
    before = recordings(sandbox_pbx)
    operators = await sipp.operators(sandbox_pbx.operators[:10], Operator(ring_seconds=0.5, talk_seconds=3))
    residents = await sipp.residents(numbers(30), per_second=10, hang_up_after_seconds=120)
    assert Counter(call.result for call in await residents.wait(180)) == {"far_end": 30}
    assert Counter(call.result for call in await operators.wait_for(30)) == {"hung_up": 30}
    new = recordings(sandbox_pbx) - before
    assert len(new) == 60, "each call has what the caller said and what he heard"
    assert min(path.stat().st_size for path in new) > 16_000, "a second of sound at the least"


def recordings(pbx: SandboxPbx) -> set[Path]:
    return set((pbx.recordings_dir / "callengine").glob("*-caller.wav")) | set(
        (pbx.recordings_dir / "callengine").glob("*-operator.wav")
    )
