"""The voice robot's half of the PBX: its Originate, its ledger, and a dialogue that a dead engine leaves behind."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from callengine.calls.events import CallEnded
from callengine.calls.model import CallKey, Conversation, Direction, Outcome
from callengine.calls.tracker import Tracker
from callengine.config import OnePbx
from callengine.errors import PbxLost, Refused
from callengine.menus import outcome as menu
from callengine.menus.line import HungUp, ledger_text
from callengine.menus.outcome import Proof, Result
from callengine.pbx import ledger
from callengine.pbx.ami import AmiLink, LinkState, Snapshot
from callengine.pbx.fastagi import AgiCall, FastAgiServer
from callengine.pbx.ledger import LedgerCall
from callengine.pbx.originate import AmiOriginator
from callengine.pbx.translate import translate
from callengine.sandbox.pbx import SandboxPbx
from tests.pbx.fake_ami import DEADLINE, FakeAmi, Heard, response, running
from tests.pbx.test_real_pbx import TO, asterisk, link
from tests.sipp.driver import Operator, Sipp

__all__ = ["asterisk", "link"]  # fixtures
REQUEST = "robot-7-1"


async def test_the_robot_rings_the_outside_number_and_its_request_is_the_channels_id(
    fake: FakeAmi, heard: Heard
) -> None:
    async with running(fake, heard) as link:
        robot = AmiOriginator(link, OnePbx(trunk_phone="PJSIP/{number}@gate"))
        await robot.call_robot(
            REQUEST, TO, ring_seconds=25, variables={"CE_ROBOT_KIND": "rating"}, shown="+78435550100"
        )
    (sent,) = [action for action in fake.actions if action["Action"] == "Originate"]
    assert (sent["Channel"], sent["ChannelId"], sent["ActionID"]) == (f"PJSIP/{TO}@gate", REQUEST, REQUEST)
    assert (sent["Context"], sent["Exten"], sent["Timeout"], sent["Async"]) == (
        "callengine-robot",
        "s",
        "25000",
        "true",
    )
    assert sent["CallerID"] == "+78435550100"
    assert sent["Variables"].split("\n") == [
        "CE_ROBOT=1",
        f"CE_NUMBER={TO}",
        f"__CE_REQUEST={REQUEST}",
        "CE_ROBOT_KIND=rating",
    ]


async def test_after_a_reconnect_the_robot_calls_nobody_before_the_state_of_the_pbx_was_taken_in(
    fake: FakeAmi, heard: Heard
) -> None:
    """The link was up, the tracker still had the lines of before the cut, and the last free one was dialled."""
    gate = asyncio.Event()
    gate.set()
    taken_in = heard.on_resync

    async def slow(snapshot: Snapshot) -> None:
        await gate.wait()
        await taken_in(snapshot)

    heard.on_resync = slow  # type: ignore[method-assign]
    async with running(fake, heard) as link:
        robot = AmiOriginator(link, OnePbx())
        await fake.saw("QueueStatus")
        async with asyncio.timeout(DEADLINE):
            while not robot.in_step:
                await asyncio.sleep(0)
        gate.clear()
        fake.cut()
        await heard.until(lambda: [state for state, _ in heard.states].count(LinkState.UP) == 2)
        await fake.saw("QueueStatus", 2)  # the state was read, and is not taken in yet
        assert (robot.ready, robot.in_step) == (True, False)
        with pytest.raises(PbxLost, match="no line is known to be free"):
            await robot.call_robot(REQUEST, TO, ring_seconds=25)
        assert "Originate" not in fake.names()
        gate.set()
        async with asyncio.timeout(DEADLINE):
            while not robot.in_step:
                await asyncio.sleep(0)
        await robot.call_robot(REQUEST, TO, ring_seconds=25)
    assert fake.names().count("Originate") == 1


async def test_a_pbx_that_does_not_show_its_channels_is_given_no_calls_of_the_robot(
    fake: FakeAmi, heard: Heard
) -> None:
    fake.answers["CoreShowChannels"] = lambda a: response(a, "Message: Permission denied", ok=False)
    async with running(fake, heard) as link:
        assert heard.snapshots[0].channels is None
        assert not AmiOriginator(link, OnePbx()).in_step


@pytest.mark.parametrize(
    ("request_id", "number", "variables"),
    [
        ("req-1", TO, {}),  # an operator's request is no robot's
        ("robot-1\r\nAction: Command", TO, {}),
        (REQUEST, "112&PJSIP/other", {}),
        (REQUEST, TO, {"CE_ROBOT_KIND": "a,CE_OTHER=1"}),
        (REQUEST, TO, {"SHELL(ls)": "1"}),
    ],
)
async def test_what_could_say_more_than_one_call_is_refused(
    fake: FakeAmi, heard: Heard, request_id: str, number: str, variables: dict[str, str]
) -> None:
    async with running(fake, heard) as link:
        with pytest.raises(Refused):
            await AmiOriginator(link, OnePbx()).call_robot(request_id, number, ring_seconds=25, variables=variables)
    assert not [action for action in fake.actions if action["Action"] == "Originate"]


def test_the_ledger_tells_what_a_dialogue_came_to() -> None:
    told = menu.Outcome(Result.MARKED, mark=4, keys="*4", proof=Proof.KEY, step="thanks", comment="a|b&c=1")
    read = ledger.parse_tree("main", [(f"/callengine/{REQUEST}/robot", ledger_text(told.to_facts()))])
    assert menu.Outcome.from_facts(dict(read.calls[REQUEST].robot_facts)) == told


def test_a_ledger_of_another_version_is_no_outcome_and_hurts_nothing_else() -> None:
    rows = [(f"/callengine/{REQUEST}/robot", "v9|result=marked"), (f"/callengine/{REQUEST}/request", REQUEST)]
    read = ledger.parse_tree("main", rows)
    assert [bad.key for bad in read.bad] == [f"/callengine/{REQUEST}/robot"]
    assert read.calls[REQUEST].robot_facts == ()
    assert read.calls[REQUEST].robot


# --- a real Asterisk, and residents played by SIPp ------------------------------------------------------------


class Follower:
    """What the tracker tells of the robot's call."""

    def __init__(self, heard: Heard) -> None:
        self._heard, self._at, self._tracker = heard, 0, Tracker("main")
        self.ended: Conversation | None = None

    async def look(self) -> bool:
        fresh, self._at = self._heard.events[self._at :], len(self._heard.events)
        signals = [signal for raw in fresh if (signal := translate(raw.headers, raw.received_at)) is not None]
        for fact in [*self._tracker.feed_many(signals), *self._tracker.settle()]:
            if isinstance(fact, CallEnded) and fact.call.request_id == REQUEST:
                self.ended = fact.call
        return self.ended is not None


async def until(fact: Callable[[], Awaitable[bool]], words: str, *, seconds: float = 30) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await fact():
        assert loop.time() < deadline, f"not within {seconds} s: {words}"
        await asyncio.sleep(0.1)


class Robot:
    """One PBX with a link; `call` places one call of the robot and waits for its end."""

    def __init__(self, pbx: SandboxPbx, link: AmiLink, heard: Heard) -> None:
        self.pbx, self._link, self._heard = pbx, link, heard

    async def call(self, kind: str = "rating", *, ring_seconds: float = 10) -> tuple[Conversation, LedgerCall | None]:
        follower = Follower(self._heard)
        robot = AmiOriginator(self._link, OnePbx())
        await robot.call_robot(REQUEST, TO, ring_seconds=ring_seconds, variables={"CE_ROBOT_KIND": kind})
        await until(follower.look, "the call has ended", seconds=60)
        assert follower.ended is not None
        read = await ledger.read(self._link)
        assert not read.bad
        noted = read.calls.get(follower.ended.key.linkedid)
        await ledger.forget(self._link, read.calls)
        return follower.ended, noted


@pytest.fixture
async def robot(asterisk: SandboxPbx, link: AmiLink, heard: Heard) -> Robot:
    return Robot(asterisk, link, heard)


@pytest.fixture
async def outside(asterisk: SandboxPbx, tmp_path: Path) -> AsyncIterator[Sipp]:
    player = Sipp(asterisk.sip_port, tmp_path / "sipp")
    yield player
    await player.close()


@pytest.mark.pbx
async def test_a_key_and_its_facts_reach_the_ledger_though_the_resident_hangs_up_at_once(
    robot: Robot, outside: Sipp
) -> None:
    heard_by_engine: list[str] = []

    async def dialogue(call: AgiCall) -> None:
        heard_by_engine.append(call.env["agi_arg_2"])
        key = ""
        try:
            key = await call.ask("callengine/robot-mark", digits=1, seconds=10)
            await call.play("callengine/robot-mark")
        except HungUp:
            pass
        told = menu.Outcome(Result.MARKED, mark=int(key), keys=key, proof=Proof.KEY, step="mark")
        await call.keep(told.to_facts())

    agi = FastAgiServer("127.0.0.1", robot.pbx.fastagi_port, {"robot": dialogue})
    await agi.start()
    try:
        await outside.outside(robot.pbx.trunk_port, Operator(ring_seconds=0.3, talk_seconds=9), presses=[(6.0, "5")])
        call, noted = await robot.call()
    finally:
        await agi.close()
    assert heard_by_engine == [REQUEST]
    assert (call.robot, call.direction, str(call.number)) == (True, Direction.OUTBOUND, TO)
    assert (call.outcome, call.request_id, call.key) == (Outcome.ANSWERED, REQUEST, CallKey("main", REQUEST))
    assert noted is not None
    assert menu.Outcome.from_facts(dict(noted.robot_facts)).mark == 5
    assert_whole(robot.pbx.recordings_dir, call)


def assert_whole(folder: Path, call: Conversation) -> None:
    """Both sides of the robot's call are there, as long as it lasted."""
    assert call.ended_at and call.answered_at
    lasted = (call.ended_at - call.answered_at).total_seconds()
    for name in call.recording_file.split(","):
        with wave.open(str(folder / name)) as sound:
            assert abs(sound.getnframes() / sound.getframerate() - lasted) < 2, name
            assert max(sound.readframes(sound.getnframes())) > 0, f"{name} is silent"


@pytest.mark.pbx
@pytest.mark.parametrize(
    ("presses", "result", "mark"),
    [([(6.0, "1"), (9.0, "4")], Result.MARKED, 4), ([(6.0, "2")], Result.NOT_DONE, None)],
    ids=["done", "not done"],
)
async def test_without_an_engine_the_pbx_itself_asks_whether_it_is_done_and_takes_the_mark(
    robot: Robot, outside: Sipp, presses: list[tuple[float, str]], result: Result, mark: int | None
) -> None:
    await outside.outside(robot.pbx.trunk_port, Operator(ring_seconds=0.3), presses=presses)
    call, noted = await robot.call()
    assert noted is not None
    told = menu.Outcome.from_facts(dict(noted.robot_facts))
    assert (told.result, told.mark, told.proof, told.step) == (result, mark, Proof.KEY, "alone")
    assert call.outcome is Outcome.ANSWERED


@pytest.mark.pbx
async def test_who_picks_up_in_the_last_second_of_the_ringing_is_heard_out(robot: Robot, outside: Sipp) -> None:
    """As 29 s of 30: the PBX's timer ends within his call, and takes nothing of it."""
    pressed: list[str] = []

    async def dialogue(call: AgiCall) -> None:
        # Longer than all of the ringing, from an answer close to its end.
        key = await call.ask("callengine/robot-mark", digits=1, seconds=10)
        pressed.append(key)
        await call.keep(menu.Outcome(Result.MARKED, mark=int(key), keys=key, proof=Proof.KEY, step="mark").to_facts())

    agi = FastAgiServer("127.0.0.1", robot.pbx.fastagi_port, {"robot": dialogue})
    await agi.start()
    try:
        behaviour = Operator(ring_seconds=4.0, talk_seconds=12)
        crowd = await outside.outside(robot.pbx.trunk_port, behaviour, presses=[(7.0, "5")])
        call, noted = await robot.call(ring_seconds=5)
        results = await crowd.wait_for(1, 15)
    finally:
        await agi.close()
    assert (call.outcome, pressed, len(results)) == (Outcome.ANSWERED, ["5"], 1)
    assert call.answered_at is not None and (call.answered_at - call.arrived_at).total_seconds() > 3
    assert noted is not None and menu.Outcome.from_facts(dict(noted.robot_facts)).mark == 5


@pytest.mark.pbx
@pytest.mark.once
async def test_an_engine_that_dies_after_the_first_answer_has_the_pbx_ask_for_the_mark_alone(
    robot: Robot, outside: Sipp
) -> None:
    async def dies(call: AgiCall) -> None:
        key = await call.ask("callengine/robot-done", digits=1, seconds=10)
        told = menu.Outcome(Result.DONE_NO_MARK, keys=key, proof=Proof.KEY, step="mark", final=False)
        await call.keep(told.to_facts())

    agi = FastAgiServer("127.0.0.1", robot.pbx.fastagi_port, {"robot": dies})
    await agi.start()
    try:
        await outside.outside(robot.pbx.trunk_port, Operator(ring_seconds=0.3), presses=[(6.0, "1"), (9.0, "3")])
        _, noted = await robot.call()
    finally:
        await agi.close()
    assert noted is not None
    assert menu.Outcome.from_facts(dict(noted.robot_facts)).mark == 3


@pytest.mark.pbx
@pytest.mark.once
async def test_an_engine_that_dies_after_the_mark_is_not_asked_for_it_again(robot: Robot, outside: Sipp) -> None:
    async def dies(call: AgiCall) -> None:
        key = await call.ask("callengine/robot-mark", digits=1, seconds=10)
        told = menu.Outcome(Result.MARKED, mark=int(key), keys=key, proof=Proof.KEY, step="mark", final=False)
        await call.keep(told.to_facts())

    agi = FastAgiServer("127.0.0.1", robot.pbx.fastagi_port, {"robot": dies})
    await agi.start()
    try:
        await outside.outside(robot.pbx.trunk_port, Operator(ring_seconds=0.3), presses=[(6.0, "2"), (12.0, "5")])
        _, noted = await robot.call()
    finally:
        await agi.close()
    assert noted is not None
    assert menu.Outcome.from_facts(dict(noted.robot_facts)).mark == 2


@pytest.mark.pbx
@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (Operator(refuse=486), Outcome.BUSY),
        (Operator(refuse=603), Outcome.REJECTED),
        (Operator(never_answer=True), Outcome.NO_ANSWER),
    ],
    ids=["busy", "rejected", "never"],
)
async def test_who_does_not_answer_gives_the_robot_its_reason_and_no_ledger(
    robot: Robot, outside: Sipp, behaviour: Operator, outcome: Outcome
) -> None:
    await outside.outside(robot.pbx.trunk_port, behaviour)
    call, noted = await robot.call(ring_seconds=3)
    assert (call.robot, call.request_id, call.outcome, call.answered_at) == (True, REQUEST, outcome, None)
    assert str(call.number) == TO
    assert noted is None
