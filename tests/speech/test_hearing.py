"""The recogniser while a caller waits: it answers soon, or says at once that it will not.

A script of the test plays its process. With CALLENGINE_TEST_ASR_PYTHON (an interpreter that has the real library) and
CALLENGINE_TEST_ASR_MODEL (a folder) the real one is asked too.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from callengine.speech import hearing as module
from callengine.speech.answers import NO, YES, Heard, understood
from callengine.speech.asr import NoAsr
from callengine.speech.hearing import LiveAsr
from callengine.speech.voice import Voice
from tests.speech.test_asr import a_model

# It is started as `PYTHON -m callengine.speech.hearing MODEL`, and answers by what stands in the recording.
PROCESS = """#!{python}
import json, os, sys, time
from pathlib import Path
folder = Path(__file__).parent
with open(folder / "started", "a") as file:
    file.write(f"{{os.getpid()}} {{os.getpriority(os.PRIO_PROCESS, 0)}} {{os.environ['HF_HUB_OFFLINE']}}\\n")
how = (folder / "how").read_text()
if how == "ends":
    sys.exit(3)
if how == "cannot":
    print(json.dumps({{"problem": "the model cannot be loaded"}}), flush=True)
    sys.exit(0)
if how == "never":
    time.sleep(60)
print(json.dumps({{"multilingual": how != "english"}}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    said = Path(asked["recording"]).read_text()
    if said == "slow":
        time.sleep(60)
    if said == "while":
        time.sleep(0.4)
    if said == "dies":
        os._exit(9)
    if said == "rubbish":
        print("not JSON", flush=True)
        continue
    told = {{"id": asked["id"], "text": said, "certainty": 0.9, "hinted": said, "hinted_certainty": 0.8,
             "gains": {{one: 1.5 for one in asked["wanted"]}}, "behind": {{}}}}
    print(json.dumps({{"id": asked["id"], "problem": "no audio stream"}} if said == "unreadable" else told), flush=True)
"""


@pytest.fixture
def how(tmp_path: Path) -> Path:
    (tmp_path / "python").write_text(PROCESS.format(python=sys.executable))
    (tmp_path / "python").chmod(0o755)
    (tmp_path / "how").write_text("well")
    a_model(tmp_path / "model")
    return tmp_path / "how"


Make = Callable[..., LiveAsr]


@pytest.fixture
async def make(how: Path) -> AsyncIterator[Make]:
    made: list[LiveAsr] = []

    def one(**changes: float) -> LiveAsr:
        made.append(LiveAsr(how.with_name("model"), python=str(how.with_name("python")), **changes))
        return made[-1]

    yield one
    for live in made:
        await live.close()
    assert not running(how), "no process is left"


def running(how: Path) -> list[int]:
    started = how.with_name("started")
    pids = [int(row.split()[0]) for row in started.read_text().splitlines()] if started.exists() else []
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def recording(how: Path, said: str) -> Path:
    path = how.with_name(f"{said}.wav")
    path.write_text(said)
    return path


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.01)


async def warmed_again(live: LiveAsr) -> None:
    """Calls come all the time: each warms it."""
    async with asyncio.timeout(20):
        while not live.ready:
            live.warm()
            await asyncio.sleep(0.01)


async def warmed(live: LiveAsr) -> LiveAsr:
    live.warm()
    await until(lambda: live.ready)
    return live


async def test_an_answer_comes_from_a_process_that_stays(how: Path, make: Make) -> None:
    live = make()
    assert not live.ready, "nothing is loaded before somebody is called"
    await warmed(live)
    live.warm()
    for said in ("пять", "один"):
        heard = await live.hear(recording(how, said), "ru", "12345")
        assert heard == Heard(said, 0.9, said, 0.8, dict.fromkeys("12345", 1.5), {})
    (row,) = how.with_name("started").read_text().splitlines()
    assert row.split()[1:] == ["5", "1"], "one process, after the telephones, and it fetches nothing"


async def test_what_is_not_ready_says_so_at_once(how: Path, make: Make) -> None:
    with pytest.raises(NoAsr, match="no recogniser is ready"):
        await make().hear(recording(how, "пять"), "ru", "12345")


@pytest.mark.parametrize(
    ("state", "why"), [("ends", "it ended while it was loading"), ("cannot", "the model cannot be loaded")]
)
async def test_one_that_does_not_load_is_left_in_peace_and_the_reason_is_kept(
    how: Path, make: Make, state: str, why: str
) -> None:
    how.write_text(state)
    live = make(rest_seconds=3600)
    live.warm()
    await until(lambda: live.problem and live._keeping is not None and live._keeping.done())
    assert why in live.problem and not live.ready
    tried = live._keeping
    live.warm()
    assert live._keeping is tried, "not with every call"
    assert len(how.with_name("started").read_text().splitlines()) == 1
    how.write_text("well")
    live._rests_until = 0.0  # that hour is over
    await warmed_again(live)
    assert live.problem == ""


async def test_a_slow_one_costs_the_caller_its_term_and_the_next_callers_nothing(how: Path, make: Make) -> None:
    live = await warmed(make(seconds=0.3, rest_seconds=0.3))
    began = time.monotonic()
    with pytest.raises(NoAsr, match=r"was not understood within 0\.3 s"):
        await live.hear(recording(how, "slow"), "ru", "12345")
    assert time.monotonic() - began < 5
    assert not live.ready
    await until(lambda: not running(how))
    await warmed_again(live)
    assert (await live.hear(recording(how, "пять"), "ru", "12345")).text == "пять"


@pytest.mark.parametrize(("said", "why"), [("dies", "it has ended"), ("rubbish", "cannot be read")])
async def test_one_that_breaks_is_taken_out_and_started_anew_later(how: Path, make: Make, said: str, why: str) -> None:
    live = await warmed(make(rest_seconds=0.2))
    with pytest.raises(NoAsr, match=why):
        await live.hear(recording(how, said), "ru", "12345")
    assert not live.ready
    await warmed_again(live)


async def test_a_file_that_it_cannot_read_is_no_reason_to_end_it(how: Path, make: Make) -> None:
    live = await warmed(make())
    with pytest.raises(NoAsr, match="no audio stream"):
        await live.hear(recording(how, "unreadable"), "ru", "12345")
    assert live.ready and (await live.hear(recording(how, "два"), "ru", "12345")).text == "два"


async def test_an_overloaded_one_turns_the_third_caller_away_at_once(how: Path, make: Make) -> None:
    live = await warmed(make(seconds=10))
    first, second = (asyncio.ensure_future(live.hear(recording(how, "while"), "ru", "1")) for _ in range(2))
    await until(lambda: live._in_line == 2)
    assert not live.ready
    with pytest.raises(NoAsr):
        await live.hear(recording(how, "пять"), "ru", "1")
    assert [one.text for one in await asyncio.gather(first, second)] == ["while", "while"]
    assert live.ready


async def test_who_had_no_turn_in_his_time_says_nothing_against_the_recogniser(how: Path, make: Make) -> None:
    live = await warmed(make(seconds=0.05))
    async with live._one:  # another caller's answer takes long
        with pytest.raises(NoAsr, match="was not understood within"):
            await live.hear(recording(how, "пять"), "ru", "1")
    assert live.ready


async def test_who_hangs_up_meanwhile_leaves_no_answer_to_the_next(how: Path, make: Make) -> None:
    live = await warmed(make())
    gone = asyncio.ensure_future(live.hear(recording(how, "while"), "ru", "1"))
    await until(lambda: live._asked == 1)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert (await live.hear(recording(how, "три"), "ru", "3")).text == "три"


async def test_a_model_that_knows_english_alone_is_not_asked_in_russian(how: Path, make: Make) -> None:
    live = await warmed(make())
    assert live.knows("ru") and live.knows("en")
    how.write_text("english")
    english = await warmed(make())
    assert (english.knows("ru"), english.knows("en")) == (False, True)


async def test_without_calls_its_memory_is_given_back(how: Path, make: Make) -> None:
    live = await warmed(make(idle_seconds=0.2))
    await until(lambda: not live.ready and not running(how))
    assert live.problem == "", "that is no trouble"
    await warmed(live)


def test_a_model_or_a_library_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoAsr, match=r"it needs model\.bin"):
        LiveAsr(tmp_path)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(NoAsr, match=r"pip install 'callengine\[asr\]'"):
        LiveAsr(a_model(tmp_path / "model"))


real = pytest.mark.skipif(
    not os.environ.get("CALLENGINE_TEST_ASR_MODEL"), reason="needs faster-whisper and a model: CALLENGINE_TEST_ASR_*"
)


@real
async def test_the_real_library_tells_digits_apart_that_our_voice_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    python = os.environ.get("CALLENGINE_TEST_ASR_PYTHON", sys.executable)
    live = LiveAsr(Path(os.environ["CALLENGINE_TEST_ASR_MODEL"]), seconds=30, python=python)
    voice, came = Voice(tmp_path), {}
    expected = {"один": "1", "два": "2", "три": "3", "четыре": "4", "пять": "5", "да": YES, "нет": NO}
    try:
        live.warm()
        await until(lambda: live.ready or live.problem)
        for text, meaning in expected.items():
            wanted = (YES, NO) if meaning in (YES, NO) else "12345"
            heard = await live.hear(Path(await voice.say("ru", text) + ".wav"), "ru", wanted)
            came[text] = understood(heard, "ru", wanted).meaning
    finally:
        await live.close()
    # A small model takes espeak-ng's «четыре» for three: that is what it is read back for (docs/decisions.md).
    assert sum(came[text] == meaning for text, meaning in expected.items()) >= 4, came
