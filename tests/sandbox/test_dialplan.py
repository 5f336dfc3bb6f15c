"""The dialplan on a real Asterisk, 22 in every run and 16 in the full one: the ledger, the recording, the ways out."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from callengine.sandbox.pbx import SandboxPbx
from callengine.sandbox.useragent import Call
from tests.pbx_fixture import apart, new_sandbox
from tests.sandbox.ami_client import RawAmi, ami
from tests.sandbox.phones import RESIDENT, VOICE, Phones, phones, ringing, talking

pytestmark = pytest.mark.pbx


@pytest.fixture(scope="module", params=["22", pytest.param("16", marks=pytest.mark.pbx16)])
def pbx(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPbx]:
    """A sandbox whose prompts are missing, which makes its calls quick; line 109 has a menu, line 104 is closed."""
    settings = {
        "CE_PROMPTS": "none",
        "CE_MENU_109": "yes",
        "CE_HOURS_104": "*,*,31,feb",
        "CE_ANNOUNCEMENT_108": "accident",
    }
    made = new_sandbox(tmp_path_factory.mktemp("pbx"), version=request.param, dialplan_settings=settings)

    async def up() -> None:
        await made.prepare()
        await made.start()

    apart(up)
    yield made
    apart(made.remove)


async def _call_in(house: Phones, link: RawAmi, *, line: str = "115", **more: object) -> tuple[Call, str]:
    """A resident is on the line: his call and its linkedid."""
    known = {event["Uniqueid"] for event in link.heard if event.get("Event") == "Newchannel"}
    street = await house.outside()
    call = await street.call(line, **{"sender": RESIDENT, **more})  # type: ignore[arg-type]

    def arrived() -> list[dict[str, str]]:
        return [
            event
            for event in link.heard
            if event.get("Event") == "Newchannel" and "trunk" in event["Channel"] and event["Uniqueid"] not in known
        ][:1]

    (channel,) = await link.until(arrived)
    await asyncio.wait_for(call.answered.wait(), 10)
    call.say(VOICE)
    return call, channel["Linkedid"]


async def _bridged(link: RawAmi, linkedid: str) -> None:
    """Caller and operator hear each other: until then Asterisk answers 400 to a transfer."""

    def both() -> list[dict[str, str]]:
        entered = [e for e in link.heard if e.get("Event") == "BridgeEnter" and e.get("Linkedid") == linkedid]
        return entered if len({e["Uniqueid"] for e in entered}) > 1 else []

    await link.until(both)


async def _stage(link: RawAmi, linkedid: str, stage: str, seconds: float = 30) -> None:
    await link.event("UserEvent", seconds, Fact="stage", Value=stage, Call=linkedid)


def _sound(file: Path) -> tuple[float, float]:
    """Length in seconds and loudness."""
    said = subprocess.run(["sox", file, "-n", "stat"], capture_output=True, text=True, check=True).stderr
    figures = {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in said.splitlines()}
    return float(figures["Length (seconds)"]), float(figures["RMS     amplitude"])


def _recorded(pbx: SandboxPbx, entry: dict[str, str]) -> list[tuple[float, float]]:
    return [_sound(pbx.recordings_dir / name) for name in entry["recording"].split(",")]


async def test_an_answered_call_leaves_the_member_and_both_voices(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        desk = await house.operator("101", house.answers())
        call, linkedid = await _call_in(house, link, name="Иванова")
        await talking(desk)
        await link.event("UserEvent", Fact="member", Value="101", Call=linkedid)
        await asyncio.sleep(2)  # two seconds of talk are what is recorded
        call.hang_up()
        entry = await link.ended(linkedid)
    version, _, presentation, number, name, line, direction = entry["arrival"].split("|")
    assert (version, number, line, direction) == ("v1", "%2B79161234567", "115", "inbound")
    assert presentation.startswith("allowed")
    assert name == "%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2%D0%B0"
    assert entry["answered"].endswith("|101")
    assert entry["end"].split("|")[2] == "101"
    (caller_seconds, caller_loudness), (operator_seconds, operator_loudness) = _recorded(pbx, entry)
    assert caller_seconds == pytest.approx(operator_seconds, abs=0.1)
    assert 1.5 < caller_seconds < 3.5
    assert min(caller_loudness, operator_loudness) > 0.05


async def test_a_recorder_that_writes_nothing_or_is_stopped_is_told_and_no_other(pbx: SandboxPbx) -> None:
    folder = pbx.recordings_dir / "callengine"
    told = []
    async with phones(pbx) as house, ami(pbx) as link:
        await house.operator("101", house.answers())
        for trouble in ("none", "stopped", "no folder"):
            if trouble == "no folder":
                folder.rename(folder.with_name("away"))
                folder.write_text("in the way")
            call, linkedid = await _call_in(house, link)
            await link.event("UserEvent", Fact="recording", Call=linkedid)
            await _bridged(link, linkedid)
            if trouble == "stopped":
                arrived = await link.event("Newchannel", Uniqueid=linkedid)
                await link.ask("StopMixMonitor", Channel=arrived["Channel"])
                await link.event("MixMonitorStop", Linkedid=linkedid)
            if trouble == "no folder":
                await link.event("UserEvent", Fact="unrecorded", Call=linkedid)
            call.hang_up()
            assert "recording" in await link.ended(linkedid)
            stopped = [one for one in link.heard if one.get("Event") == "MixMonitorStop"]
            missing = [one for one in link.heard if one.get("Fact") == "unrecorded"]
            told.append((len(stopped), len(missing)))
            if trouble == "no folder":
                folder.unlink()
                folder.with_name("away").rename(folder)
    assert told == [(0, 0), (1, 0), (1, 1)], "a hang-up stops nothing, and a stopped one had its file"


async def test_hanging_up_in_the_greeting_is_in_the_ledger(sandbox_pbx: SandboxPbx) -> None:
    async with phones(sandbox_pbx) as house, ami(sandbox_pbx) as link:
        call, linkedid = await _call_in(house, link)
        call.hang_up()
        entry = await link.ended(linkedid)
    assert entry["stage"].endswith("|greeting")
    assert "answered" not in entry and "recording" not in entry


async def test_hanging_up_in_the_queue_is_abandoned(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        desk = await house.operator("101", lambda ring: ring.ring())
        call, linkedid = await _call_in(house, link)
        await ringing(desk)
        call.hang_up()
        entry = await link.ended(linkedid)
    assert entry["stage"].endswith("|queue")
    assert entry["end"].split("|")[3] == "TRUE"


@pytest.mark.parametrize(("line", "stage"), [("115", "no_operators"), ("104", "after_hours"), ("109", "menu")])
async def test_each_way_out_names_its_stage(pbx: SandboxPbx, line: str, stage: str) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        call, linkedid = await _call_in(house, link, line=line)
        await _stage(link, linkedid, stage)
        call.hang_up()
        entry = await link.ended(linkedid)
    assert entry["stage"].endswith(f"|{stage}")


async def test_the_announcement_comes_before_the_queue(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        call, linkedid = await _call_in(house, link, line="108")
        await _stage(link, linkedid, "announcement")
        await _stage(link, linkedid, "queue")
        call.hang_up()
        await link.ended(linkedid)


async def test_an_operator_in_a_pause_keeps_the_queue_open(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        desk = await house.operator("101", house.answers())
        await link.ask("QueuePause", Queue="desk", Interface="PJSIP/101", Paused="true")
        call, linkedid = await _call_in(house, link)
        await link.event("QueueCallerJoin", Linkedid=linkedid)
        await link.ask("QueuePause", Queue="desk", Interface="PJSIP/101", Paused="false")
        await talking(desk)
        call.hang_up()
        entry = await link.ended(linkedid)
    assert entry["answered"].endswith("|101")


async def test_one_key_asks_for_a_callback(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        desk = await house.operator("101", lambda ring: ring.ring())
        call, linkedid = await _call_in(house, link)
        await ringing(desk)
        call.press("1")
        await link.event("UserEvent", Fact="callback", Call=linkedid)
        entry = await link.ended(linkedid)
    assert "callback" in entry


@pytest.mark.parametrize("withheld", [False, True])
async def test_a_message_is_left_even_by_who_just_hangs_up(pbx: SandboxPbx, withheld: bool) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        desk = await house.operator("101", lambda ring: ring.ring())
        call, linkedid = await _call_in(house, link, withheld=withheld)
        await ringing(desk)
        # Who hides his number cannot be called back: key 1 leads him to the message too.
        call.press("1" if withheld else "2")
        file = pbx.recordings_dir / f"callengine/{linkedid}-message.wav"
        async with asyncio.timeout(20):
            while not file.exists() or file.stat().st_size < 20_000:
                await asyncio.sleep(0.05)
        call.hang_up()
        entry = await link.ended(linkedid)
    assert entry["message"].endswith(f"|callengine/{linkedid}-message.wav")
    assert _sound(file)[1] > 0.05
    assert "callback" not in entry


async def test_a_hung_engine_costs_the_caller_two_seconds(pbx: SandboxPbx) -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # Asterisk hangs up at last
        writer.close()

    engine = await asyncio.start_server(never, "127.0.0.1", pbx.fastagi_port)
    async with phones(pbx) as house, ami(pbx) as link:
        began = asyncio.get_running_loop().time()
        call, linkedid = await _call_in(house, link)
        assert 1.5 < asyncio.get_running_loop().time() - began < 4
        await _stage(link, linkedid, "queue")
        call.hang_up()
        await link.ended(linkedid)
    engine.close()
    await engine.wait_closed()


async def test_an_empty_queue_from_the_lookup_leaves_the_lines_own(pbx: SandboxPbx) -> None:
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\n\n")).decode())
        for name, value in (("CE_QUEUE", ""), ("CE_ACCIDENT", "1")):
            writer.write(f'SET VARIABLE {name} "{value}"\n'.encode())
            await reader.readline()
        writer.close()

    engine = await asyncio.start_server(answer, "127.0.0.1", pbx.fastagi_port)
    async with phones(pbx) as house, ami(pbx) as link:
        desk = await house.operator("101", house.answers())
        call, linkedid = await _call_in(house, link)
        await _stage(link, linkedid, "announcement")
        await talking(desk)
        call.hang_up()
        await link.ended(linkedid)
    engine.close()
    await engine.wait_closed()
    assert "agi_arg_1: 115\n" in asked[0]


async def test_hostile_callers_stay_inside_their_field(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        street = await house.outside()
        for sender, name, line in (
            ("%2B7916%22%7D%24%7BSHELL(x)%7D", "a|b|c", '1"15,${EPOCH}'),
            ("a)%3A1)%7C%7C", "$[1/0]", "11)5"),
            ("'x'%7Cy", '"; DROP|', "+7(495)"),
        ):
            before = len(link.heard)
            call = await street.call(line, sender=sender, name=name)
            await asyncio.wait_for(call.answered.wait(), 10)
            (event,) = await link.until(
                lambda start=before: [  # type: ignore[misc]
                    event for event in link.heard[start:] if event.get("Event") == "Newchannel"
                ][:1]
            )
            call.hang_up()
            entry = await link.ended(event["Linkedid"])
            fields = entry["arrival"].split("|")
            assert len(fields) == 7 and fields[6] == "inbound", entry
            assert fields[3], "the number keeps its text"
            assert set(fields[5]) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*#+"), fields


async def test_a_blind_transfer_keeps_the_recording_and_the_ledger(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        first = await house.operator("101", house.answers())
        call, linkedid = await _call_in(house, link)
        talk = await talking(first)
        await asyncio.sleep(1)
        second = await house.operator("102", house.answers())
        await talk.transfer("102")
        await talking(second)
        await asyncio.sleep(1)
        call.hang_up()
        entry = await link.ended(linkedid)
    assert entry["answered"].endswith("|101")
    assert all(seconds > 1.8 and loudness > 0.05 for seconds, loudness in _recorded(pbx, entry))


async def test_a_blind_transfer_that_nobody_takes_comes_back_to_the_queue(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        first = await house.operator("101", house.answers())
        call, linkedid = await _call_in(house, link)
        talk = await talking(first)
        await house.operator("102", lambda ring: ring.refuse(486))
        await _bridged(link, linkedid)
        await talk.transfer("102")
        assert (await talking(first)) is not talk
        call.hang_up()
        await link.ended(linkedid)


async def test_an_attended_transfer_goes_on_in_the_same_recording(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        first = await house.operator("101", house.answers())
        call, linkedid = await _call_in(house, link)
        talk = await talking(first)
        await asyncio.sleep(1)
        second = await house.operator("102", house.answers())
        await talk.hold()
        consult = await first.call("102")
        await asyncio.wait_for(consult.answered.wait(), 10)
        await talking(second)
        assert await talk.transfer_to(consult) == 200
        await asyncio.sleep(2)
        call.hang_up()
        entry = await link.ended(linkedid)
    assert entry["answered"].endswith("|101")
    assert all(seconds > 2.5 and loudness > 0.03 for seconds, loudness in _recorded(pbx, entry))


async def test_a_transfer_to_a_colleague_whose_phone_still_rings_ends_in_the_same_entry(pbx: SandboxPbx) -> None:
    """Asterisk then puts the resident in the place of the consultation call, which has a hang-up handler of its own.

    The same happens when the transfer comes in the instant of the colleague's answer.
    """
    async with phones(pbx) as house, ami(pbx) as link:
        first = await house.operator("101", house.answers())
        call, linkedid = await _call_in(house, link)
        talk = await talking(first)
        second = await house.operator("102", house.answers(after=1.5))
        await talk.hold()
        consult = await first.call("102")
        await asyncio.wait_for(consult.said.wait(), 10)
        assert await talk.transfer_to(consult) == 200
        transfer = await link.event("AttendedTransfer", Result="Success")
        assert transfer["DestType"] == "App", "as long as nobody answered"
        await talking(second)
        assert "end" not in await link.ledger(linkedid), "the resident talks on"
        call.hang_up()
        entry = await link.ended(linkedid)
    assert entry["answered"].endswith("|101")
    assert entry["end"].split("|")[2] == "101"


@pytest.mark.parametrize("keys", ["*8", "*8101"])
async def test_a_pickup_names_who_picked_up(pbx: SandboxPbx, keys: str) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        rings = await house.operator("101", lambda ring: ring.ring())
        call, linkedid = await _call_in(house, link)
        await ringing(rings)
        helper = await house.operator("102")
        picked = await helper.call(keys)
        await asyncio.wait_for(picked.answered.wait(), 10)
        await link.event("UserEvent", Fact="member", Value="102", Call=linkedid)
        call.hang_up()
        entry = await link.ended(linkedid)
    assert entry["answered"].endswith("|102")


async def test_an_outside_call_from_a_phone_is_recorded_with_the_resident_first(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        await house.outside(house.answers())
        desk = await house.operator("101")
        call = await desk.call("+79031112233")
        await asyncio.wait_for(call.answered.wait(), 10)
        event = await link.event("UserEvent", Fact="member", Value="101")
        await asyncio.sleep(1.5)  # the operator says nothing: his side must be the silent one
        call.hang_up()
        entry = await link.ended(event["Call"])
    assert entry["arrival"].split("|")[3:] == ["101", "101", "+79031112233", "outbound"]
    (_, resident), (_, operator) = _recorded(pbx, entry)
    assert resident > 0.05 > operator


async def test_the_engines_call_carries_its_request(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        await house.outside(house.answers())
        desk = await house.operator("101", house.answers())
        await link.ask(
            "Originate", Channel="PJSIP/101", Context="callengine-outbound", Exten="+79031112233", Priority="1",
            Async="true", Variable="__CE_REQUEST=req-77",
        )  # fmt: skip
        told = await link.event("UserEvent", Fact="originated", Value="req-77")
        await link.event("UserEvent", Fact="member", Value="101", Call=told["Call"])
        (await talking(desk)).hang_up()
        entry = await link.ended(told["Call"])
    assert entry["request"] == "req-77"


async def test_a_town_number_goes_outside_where_no_colleague_has_it(pbx: SandboxPbx) -> None:
    async with phones(pbx) as house, ami(pbx) as link:
        await house.outside(house.answers())
        desk = await house.operator("101")
        call = await desk.call("112")
        await asyncio.wait_for(call.answered.wait(), 10)
        event = await link.event("UserEvent", Fact="member", Value="101")
        call.hang_up()
        entry = await link.ended(event["Call"])
    assert entry["arrival"].endswith("|112|outbound")


@pytest.mark.once
async def test_the_ledger_outlives_a_power_cut(tmp_path: Path) -> None:
    pbx = new_sandbox(tmp_path)
    await pbx.prepare()
    await pbx.start()
    try:
        async with phones(pbx) as house:
            async with ami(pbx) as link:
                call, linkedid = await _call_in(house, link)
                async with asyncio.timeout(10):
                    while "arrival" not in await link.ledger(linkedid):
                        await asyncio.sleep(0.1)
                await asyncio.sleep(1.5)  # Asterisk writes its database once a second
            await pbx.kill()
            call.ended_by("power cut")
            await pbx.start()
            async with ami(pbx) as link:
                assert (await link.ledger(linkedid))["arrival"].startswith("v1|")
    finally:
        await pbx.remove()
