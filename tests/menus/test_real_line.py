"""The dialogues on a real Asterisk: keys by RFC 4733, a burst, a spoken comment, and what the PBX then knows."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from callengine.menus import dialogues
from callengine.menus.jobs import RatingJob
from callengine.menus.line import HungUp
from callengine.menus.listening import LineEars
from callengine.menus.outcome import Outcome, Proof, Result, Spoken
from callengine.pbx.fastagi import AgiCall, FastAgiServer
from callengine.pbx.ledger import LedgerCall
from callengine.sandbox import speech
from callengine.speech.answers import Heard
from callengine.speech.asr import AsrProcess
from callengine.speech.voice import Voice, sound_of
from tests.menus.jobs import RATING
from tests.pbx.conftest import heard
from tests.pbx.test_real_pbx import asterisk, link
from tests.pbx.test_robot import REQUEST, Robot, outside, robot
from tests.sipp.driver import Operator, Sipp

__all__ = ["asterisk", "heard", "link", "outside", "robot"]  # fixtures
JOB = replace(RATING, comment_file="callengine/real-comment")


async def tone(language: str, text: str) -> str:
    """A short sound for every sentence: what is tested are keys, not words."""
    return "callengine/tone"


@asynccontextmanager
async def serving(robot: Robot, job: RatingJob = JOB) -> AsyncIterator[list[Outcome]]:
    told: list[Outcome] = []

    async def dialogue(call: AgiCall) -> None:
        told.append(await dialogues.hold(call, tone, job))
        assert call.env["agi_arg_2"] == REQUEST

    agi = FastAgiServer("127.0.0.1", robot.pbx.fastagi_port, {"robot": dialogue})
    await agi.start()
    try:
        yield told
    finally:
        await agi.close()


async def held(
    robot: Robot, outside: Sipp, presses: Sequence[tuple[float, str]], behaviour: Operator, *, speaks_at: float = 0.0
) -> tuple[Outcome, LedgerCall]:
    async with serving(robot) as told:
        await outside.outside(robot.pbx.trunk_port, behaviour, presses=presses, speaks_at=speaks_at)
        _, noted = await robot.call()
    assert noted is not None
    assert Outcome.from_facts(dict(noted.robot_facts)) == told[0], "the PBX knows what we know"
    return told[0], noted


@pytest.mark.pbx
async def test_a_resident_presses_is_asked_again_after_a_burst_and_leaves_a_comment(
    robot: Robot, outside: Sipp
) -> None:
    # A key each half a second is what a real burst comes to over RTP.
    presses = [(5.0, "31425"), (10.0, "1"), (13.0, "4"), (16.0, "1"), (21.0, "#")]
    outcome, _ = await held(robot, outside, presses, Operator(ring_seconds=0.3, talk_seconds=60), speaks_at=18)
    assert (outcome.result, outcome.mark, outcome.proof) == (Result.MARKED, 4, Proof.KEY)
    assert outcome.keys == "31425141", "the burst is on record, and answered nothing"
    assert outcome.comment == "callengine/real-comment"
    comment = Path(robot.pbx.recordings_dir) / f"{outcome.comment}.wav"
    sound = sound_of(comment)
    assert 1.5 < sound.seconds < 12.0
    assert sound.peak > 1_000, "his voice is on it"


@pytest.mark.pbx
async def test_a_comment_without_a_voice_is_none_and_the_tone_before_it_is_the_pbxs_own(
    robot: Robot, outside: Sipp
) -> None:
    async def beeps(call: AgiCall) -> None:
        assert (await call.command("EXEC Playtones", "!440/400")).result == "0", "-2: Asterisk has no such application"
        await call.more_keys(quiet_seconds=3)  # his «алло» is over then
        told.append(await call.record("callengine/silent", seconds=9, silence_seconds=2))

    told: list[bool] = []
    agi = FastAgiServer("127.0.0.1", robot.pbx.fastagi_port, {"robot": beeps})
    await agi.start()
    try:
        await outside.outside(robot.pbx.trunk_port, Operator(ring_seconds=0.3))
        await robot.call()
    finally:
        await agi.close()
    assert told == [False]


class Recogniser:
    """Takes whatever has a voice in it for «четыре», and remembers how long that lasted."""

    ready = True

    def knows(self, language: str) -> bool:
        return True

    def __init__(self) -> None:
        self.heard: list[tuple[float, int]] = []

    async def hear(self, recording: Path, language: str, wanted: Collection[str]) -> Heard:
        sound = sound_of(recording)
        self.heard.append((sound.seconds, sound.peak))
        return Heard("Четыре.", 0.8, "четыре", 0.8)


@pytest.mark.pbx
async def test_a_mark_that_is_said_on_the_telephone_is_recorded_read_back_and_confirmed(
    robot: Robot, outside: Sipp
) -> None:
    """Words over a prompt are not heard and stop nothing; after it one short word is enough."""
    recogniser, told = Recogniser(), []
    folder = Path(robot.pbx.recordings_dir)

    async def dialogue(call: AgiCall) -> None:
        ears = LineEars(call, recogniser, folder, "callengine/real-said", "ru")
        told.append(await dialogues.hold(call, tone, JOB, ears))

    agi = FastAgiServer("127.0.0.1", robot.pbx.fastagi_port, {"robot": dialogue})
    await agi.start()
    word = (await speech.say("четыре"))[: speech.RATE]
    try:
        behaviour = Operator(ring_seconds=0.3, talk_seconds=60)
        # Over the greeting; into the question for the mark, six seconds long; the key confirms.
        says = [(4.5, word), (14.0, word)]
        presses = [(10.5, "1"), (18.0, "1")]
        await outside.outside(robot.pbx.trunk_port, behaviour, presses=presses, says=says)
        _, noted = await robot.call()
    finally:
        await agi.close()
    (outcome,) = told
    assert noted is not None and Outcome.from_facts(dict(noted.robot_facts)) == outcome
    assert (outcome.result, outcome.mark, outcome.keys) == (Result.MARKED, 4, "11")
    assert outcome.told_aloud == Spoken("4", 80, Proof.KEY)
    ((seconds, peak),) = recogniser.heard
    assert 1.0 < seconds < 5.0 and peak > 1_000
    assert (folder / f"{outcome.audio('mark')}.wav").is_file(), "the sound of it is kept"


@pytest.mark.pbx
@pytest.mark.skipif(
    not os.environ.get("CALLENGINE_TEST_ASR_MODEL"), reason="needs faster-whisper and a model: CALLENGINE_TEST_ASR_*"
)
async def test_the_recording_of_a_real_call_is_read_on_both_of_its_sides(
    robot: Robot, outside: Sipp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    reader = AsrProcess(
        Path(os.environ["CALLENGINE_TEST_ASR_MODEL"]),
        python=os.environ.get("CALLENGINE_TEST_ASR_PYTHON", sys.executable),
    )
    prompt = await Voice(tmp_path).say("en", "To speak to a dispatcher, press one.")
    folder, seen_as = robot.pbx.speech_dir
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(prompt + ".wav", folder / "real-prompt.wav")

    async def dialogue(call: AgiCall) -> None:
        try:
            for _ in range(3):
                await call.play(f"{seen_as}/real-prompt")
            await call.more_keys(quiet_seconds=8)
        except HungUp:
            pass

    agi = FastAgiServer("127.0.0.1", robot.pbx.fastagi_port, {"robot": dialogue})
    await agi.start()
    try:
        said = await speech.say("The tap is leaking again, please come tomorrow.", language="en")
        behaviour = Operator(ring_seconds=0.3, talk_seconds=20)
        await outside.outside(robot.pbx.trunk_port, behaviour, says=[(4.0, said), (9.0, said)])
        call, _ = await robot.call()
    finally:
        await agi.close()
    sides = [Path(robot.pbx.recordings_dir) / name for name in call.recording_file.split(",")]
    assert len(sides) == 2 and all(sound_of(side).seconds > 10 for side in sides)
    caller, robots = [(await reader.transcribe(side, "en")).text.lower() for side in sides]
    assert "leaking" in caller or "tomorrow" in caller, caller
    assert "dispatcher" in robots or "press" in robots, robots


@pytest.mark.pbx
async def test_who_says_nothing_is_silent_and_who_hangs_up_has_hung_up(robot: Robot, outside: Sipp) -> None:
    outcome, _ = await held(robot, outside, [], Operator(ring_seconds=0.3, talk_seconds=6))
    assert (outcome.result, outcome.keys, outcome.proof) == (Result.HUNG_UP, "", Proof.NONE)
    assert outcome.step == "hello"
