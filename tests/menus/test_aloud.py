"""Answers that are said aloud: read back, confirmed, kept with their certainty, or asked for by keys and none."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callengine.errors import EngineError
from callengine.menus import dialogues, ears
from callengine.menus.ears import Listened, meanings
from callengine.menus.jobs import Job
from callengine.menus.line import HungUp
from callengine.menus.listening import LineEars
from callengine.menus.outcome import Outcome, Proof, Result, Spoken
from callengine.menus.script import MOST_STEPS, Kind, shipped
from callengine.menus.walk import ALL_KEYS, PromptMissing, most_prompts
from callengine.pbx.fastagi import AgiRefused
from callengine.speech.answers import NO, YES, Heard
from callengine.speech.asr import NoAsr
from tests.menus.fake_ears import DEAF, GONE, SAID, UNCLEAR, FakeEars, One, heard
from tests.menus.fake_line import FakeLine, say
from tests.menus.jobs import CALL, EACH, METERS, OUTAGE, RATING, RESULT, SURVEY
from tests.menus.test_dialogues import MARK, NINE, WILLING, names
from tests.thorough import examples

OFFER, YOU_SAID, NOT_CLEAR = "Ответ можно и сказать вслух.", "Вы сказали:", "Ответ не разобран."


async def spoken_to(
    job: Job, said: dict[str, list[One]], *, machine: bool = False, **line: object
) -> tuple[Outcome, FakeLine, FakeEars]:
    made = FakeLine(**line)  # type: ignore[arg-type]
    hearing = FakeEars(made, said)
    async with asyncio.timeout(10):
        outcome = await dialogues.hold(made, say, replace(job, machine=machine), hearing)
    assert made.outcome == outcome, "the PBX knows what we know"
    assert Outcome.from_facts(outcome.to_facts()) == outcome
    return outcome, made, hearing


async def test_a_mark_that_is_said_is_read_back_and_is_certain_by_a_key() -> None:
    outcome, line, hearing = await spoken_to(RATING, {"hello": ["1"], "mark": [heard("5")], "mark-right": ["1"]})
    assert (outcome.result, outcome.mark, outcome.keys) == (Result.MARKED, 5, "11")
    assert outcome.told_aloud == Spoken("5", 83, Proof.KEY)
    assert (outcome.rests_on, outcome.audio("mark")) == ("mark", f"{SAID}-mark")
    at = line.heard.index(YOU_SAID)
    assert line.heard[at + 1 : at + 3] == ["пять", "Если верно, нажмите один или скажите да."]
    assert hearing.kept == {"mark"}, "the sound of it stands beside the mark"
    assert hearing.asked[1] == ("mark", ("1", "2", "3", "4", "5"))


async def test_who_has_no_keys_gives_his_mark_by_speech_alone_and_it_is_no_surer_than_that() -> None:
    said: dict[str, list[One]] = {
        "hello": [heard(YES, 0.9)], "hello-right": [heard(YES, 0.8)],
        "mark": [heard("4", 0.7)], "mark-right": [heard(YES, 0.95)],
    }  # fmt: skip
    outcome, line, _ = await spoken_to(RATING, said)
    assert (outcome.result, outcome.mark, outcome.keys, outcome.proof) == (Result.MARKED, 4, "", Proof.SPEECH)
    assert outcome.spoken == {"hello": Spoken("1", 80, Proof.SPEECH), "mark": Spoken("4", 70, Proof.SPEECH)}
    assert [line.heard[n + 1] for n, one in enumerate(line.heard) if one == YOU_SAID] == ["да", "четыре"]


async def test_not_done_can_be_said_and_no_mark_is_asked() -> None:
    outcome, line, _ = await spoken_to(RATING, {"hello": [heard(NO)], "hello-right": [heard(YES)]})
    assert (outcome.result, outcome.mark, outcome.rests_on) == (Result.NOT_DONE, None, "hello")
    assert outcome.told_aloud == Spoken("2", 83, Proof.SPEECH)
    assert "Диспетчер перезвонит вам в течение часа." in line.heard


@pytest.mark.parametrize("answer", [heard(NO), UNCLEAR, Listened(), "2", "5", "#"])
async def test_a_mark_that_was_not_confirmed_is_none_and_is_asked_by_keys(answer: One) -> None:
    said: dict[str, list[One]] = {"hello": ["1"], "mark": [heard("1"), heard("1")], "mark-right": [answer, "1"]}
    outcome, line, hearing = await spoken_to(RATING, said)
    assert (outcome.result, outcome.mark, dict(outcome.spoken)) == (Result.DONE_NO_MARK, None, {})
    assert NOT_CLEAR in line.heard
    assert sum(one == "Оцените работу от одного до пяти." for one in line.heard) == 4, "once aloud, three times by keys"
    assert line.heard.count(YOU_SAID) == 1, "it is not tried again"
    assert hearing.kept == set(), "what was no answer is nobody's"


async def test_after_a_misunderstanding_the_key_is_taken() -> None:
    said: dict[str, list[One]] = {"hello": ["1"], "mark": [heard("1")], "mark-right": [heard(NO)]}
    outcome, _, _ = await spoken_to(RATING, said, after={MARK: "5"})
    assert (outcome.mark, outcome.keys, outcome.told_aloud) == (5, "15", None)


async def test_speech_that_is_not_understood_costs_no_try() -> None:
    said: dict[str, list[One]] = {"hello": [UNCLEAR], "mark": ["3"]}
    outcome, line, hearing = await spoken_to(RATING, said, after={NINE: ["", "", "1"]})
    assert (outcome.result, outcome.mark) == (Result.MARKED, 3)
    assert line.heard[line.heard.index(NOT_CLEAR) + 1] == "Нажмите, пожалуйста, клавишу."
    assert [name for name, _ in hearing.asked].count("hello") == 1


async def test_a_key_beats_speech_at_every_place() -> None:
    said: dict[str, list[One]] = {"hello": ["1"], "mark": ["2"]}
    outcome, line, _ = await spoken_to(RATING, said)
    assert (outcome.mark, outcome.keys, dict(outcome.spoken)) == (2, "12", {})
    assert YOU_SAID not in line.heard
    outcome, line, _ = await spoken_to(RATING, {"mark": [heard("2")]}, during={"нажмите один.": "1", "да.": "1"})
    assert outcome.told_aloud == Spoken("2", 83, Proof.KEY), "who presses into what is read back confirms it too"


@pytest.mark.parametrize("at", [YOU_SAID, "пять"])
async def test_a_key_that_comes_before_he_is_asked_whether_it_is_right_confirms_nothing(at: str) -> None:
    # A television said five while he looked for the key of his mark, and that is one.
    said: dict[str, list[One]] = {"hello": ["1"], "mark": [heard("5")]}
    outcome, line, _ = await spoken_to(RATING, said, during={at: ["1"]}, after={MARK: ["1"]})
    assert NOT_CLEAR in line.heard
    assert (outcome.result, outcome.mark, outcome.told_aloud) == (Result.MARKED, 1, None)


@pytest.mark.parametrize(
    "said",
    [
        {"hello": ["1"], "mark": ["4"]},
        {"hello": [UNCLEAR], "mark": ["4"]},
        {"hello": [heard(YES)], "hello-right": ["0"]},
        {"hello": [heard(YES)], "hello-right": [GONE]},
        {"hello": ["1"], "mark": [GONE]},
    ],
    ids=["keys", "not understood", "an operator", "hung up before he confirmed", "hung up while he spoke"],
)
async def test_sound_that_no_answer_stands_on_is_deleted_however_the_call_ends(said: dict[str, list[One]]) -> None:
    outcome, _, hearing = await spoken_to(RATING, said)
    assert (dict(outcome.spoken), hearing.kept) == ({}, set())


async def test_sound_of_a_call_that_a_missing_prompt_ends_is_deleted_too() -> None:
    line = FakeLine(missing="скажите да.")
    hearing = FakeEars(line, {"hello": [heard(YES)]})
    with pytest.raises(PromptMissing):
        await dialogues.hold(line, say, RATING, hearing)
    assert (len(hearing.asked), hearing.kept) == (1, set())


@pytest.mark.parametrize(
    ("key", "result"), [("0", Result.TO_OPERATOR), ("8", Result.NOT_ME), ("9", Result.NEVER_AGAIN)]
)
async def test_an_operator_and_the_other_ways_out_are_at_their_keys_while_it_is_read_back(
    key: str, result: Result
) -> None:
    outcome, line, _ = await spoken_to(RATING, {"hello": [heard(YES)], "hello-right": [key]})
    assert (outcome.result, dict(outcome.spoken), outcome.rests_on) == (result, {}, "")
    assert (line.transferred == "operator") is (key == "0")


async def test_the_star_reads_it_back_again_but_not_for_ever() -> None:
    outcome, line, _ = await spoken_to(RATING, {"hello": [heard(YES)], "hello-right": ["*", "*", "1"]})
    assert (line.heard.count(YOU_SAID), outcome.result) == (3, Result.DONE_NO_MARK)
    outcome, line, _ = await spoken_to(RATING, {"hello": [heard(YES)], "hello-right": ["*"] * 9})
    assert (line.heard.count(YOU_SAID), outcome.result) == (4, Result.SILENT)


async def test_several_keys_at_once_confirm_nothing() -> None:
    outcome, _, _ = await spoken_to(
        RATING, {"mark": [heard("5")], "hello": ["1"]}, during={"скажите да.": ["12"], "нажмите один.": [""]}
    )
    assert outcome.mark is None


async def test_a_mark_that_was_said_goes_with_its_certainty_when_it_is_changed_by_key() -> None:
    said: dict[str, list[One]] = {"hello": ["1"], "mark": [heard("2"), "5"], "mark-right": ["1"]}
    outcome, _, _ = await spoken_to(RATING, said, after={"можно положить трубку.": ["6"]})
    assert (outcome.mark, outcome.rests_on, dict(outcome.spoken)) == (5, "", {})


async def test_a_mark_that_was_said_and_taken_back_is_none() -> None:
    said: dict[str, list[One]] = {
        "hello": [heard(YES)],
        "hello-right": ["1"],
        "mark": [heard("2")],
        "mark-right": ["1"],
    }
    outcome, _, _ = await spoken_to(RATING, said, after={"можно положить трубку.": ["6"]})
    assert (outcome.result, outcome.mark, outcome.rests_on) == (Result.DONE_NO_MARK, None, "")
    assert set(outcome.spoken) == {"hello"}


async def test_a_mark_that_was_said_stands_over_what_he_asks_for_next() -> None:
    said: dict[str, list[One]] = {"hello": ["1"], "mark": [heard("2")], "mark-right": [heard(YES)]}
    outcome, _, _ = await spoken_to(RATING, said, after={"можно положить трубку.": ["0"]})
    assert (outcome.result, outcome.mark, outcome.rests_on) == (Result.TO_OPERATOR, 2, "mark")
    assert outcome.keys == "10", "no key is invented for it"


async def test_a_machine_that_says_yes_is_no_person_and_a_person_taken_for_one_presses() -> None:
    said: dict[str, list[One]] = {"hello": [heard(YES)], "hello-right": [heard(YES)]}
    outcome, line, _ = await spoken_to(RATING, said, machine=True)
    assert (outcome.result, outcome.proof, dict(outcome.spoken)) == (Result.MACHINE, Proof.NONE, {})
    assert sum(one.endswith(NINE) for one in line.heard) == 1, "nothing is said twice to a machine"
    outcome, _, _ = await spoken_to(RATING, {"hello": [heard(YES)], "hello-right": ["1"]}, machine=True)
    assert (outcome.result, outcome.proof) == (Result.DONE_NO_MARK, Proof.KEY)


async def test_a_notice_is_acknowledged_by_yes_and_a_job_taken_or_refused() -> None:
    for job in (RESULT, OUTAGE, CALL):
        outcome, _, _ = await spoken_to(job, {"hello": [heard(YES)], "hello-right": [heard(YES)]})
        assert (outcome.result, outcome.proof) == (Result.ACKNOWLEDGED, Proof.SPEECH)
    outcome, _, _ = await spoken_to(CALL, {"hello": [heard(NO)], "hello-right": ["1"]})
    assert (outcome.result, outcome.rests_on) == (Result.DECLINED, "hello")


async def test_a_survey_takes_what_is_said() -> None:
    said: dict[str, list[One]] = {
        "clean": [heard(NO)], "clean-right": [heard(YES)], "dirty": [heard("2")], "dirty-right": ["1"],
        "satisfied": [heard("3")], "satisfied-right": ["1"],
    }  # fmt: skip
    outcome, _, _ = await spoken_to(SURVEY, said, after={NINE: "1", "нажмите решётку.": ["19#"]})
    assert (outcome.result, dict(outcome.answers)) == (
        Result.ANSWERED,
        {"clean": "2", "dirty": "2", "warm": "19", "satisfied": "3"},
    )
    assert set(outcome.spoken) == {"clean", "dirty", "satisfied"}, "a number of degrees is keys alone"


def test_what_may_be_said_is_a_mark_an_answer_that_is_kept_or_yes_and_no() -> None:
    said = {
        (kind.value, step.id): sorted(meanings(step))
        for kind in Kind
        for step in shipped(kind).steps.values()
        if meanings(step)
    }
    yes, both = ["1", "yes"], ["1", "2", "no", "yes"]
    assert said == {
        ("rating", "hello"): both, ("rating", "mark"): list("12345"), ("result", "hello"): yes, ("job", "hello"): both,
        ("outage", "hello"): yes, ("status", "hello"): yes, ("survey", "clean"): both,
        ("survey", "dirty"): list("123"), ("survey", "satisfied"): list("12345"),
    }  # fmt: skip


async def test_it_is_offered_only_while_there_is_a_recogniser() -> None:
    for ready in (True, False):
        line = FakeLine(after={NINE: "1", MARK: "4"})
        hearing = FakeEars(line, {"hello": ["1"], "mark": ["4"]}, ready=lambda ready=ready: ready)  # type: ignore[misc]
        outcome = await dialogues.hold(line, say, RATING, hearing)
        assert outcome.mark == 4
        assert (OFFER in line.heard) is ready
        assert bool(hearing.asked) is ready


async def test_a_pbx_that_cannot_record_is_asked_for_keys_at_once() -> None:
    outcome, _, _ = await spoken_to(RATING, {"hello": [DEAF], "mark": [DEAF]}, after={OFFER: ["1", "5"]})
    assert (outcome.mark, outcome.keys) == (5, "15")


@names
async def test_with_ears_too_every_prompt_is_ready_before_the_first_is_played(job: Job) -> None:
    asked: list[str] = []
    line = FakeLine(after=WILLING[job.kind])

    async def ahead(language: str, text: str) -> str:
        assert not line.heard, "a caller waited for the voice"
        asked.append(text)
        return text

    await dialogues.hold(line, ahead, job, FakeEars(line))
    more = set() if job.kind is Kind.METER else set(ears.texts("ru"))
    assert set(asked) == set(job.texts()) | more, "what is rendered ahead is what the call needs"
    assert set(ears.texts("ru")) <= {text for language, text in dialogues.static_texts() if language == "ru"}
    assert set(ears.texts("en")) <= {text for language, text in dialogues.static_texts() if language == "en"}


@names
async def test_in_english_it_is_english(job: Job) -> None:
    line = FakeLine()
    hearing = FakeEars(line, {"hello": [heard(YES)], "mark": [heard("5")], "clean": [heard(NO)]})
    await dialogues.hold(line, say, replace(job, language="en"), hearing)
    assert not any("а" <= letter <= "я" for prompt in line.heard for letter in prompt.lower())


# --- whatever happens -----------------------------------------------------------------------------------------

_MEANINGS = st.sampled_from([*"0123456789", YES, NO, ""])
_SPEECH = st.builds(
    lambda meaning, certainty: Listened(spoke=True, meaning=meaning, certainty=certainty), _MEANINGS, st.floats(0, 1)
)
_ONE = _SPEECH | st.sampled_from(list(ALL_KEYS)) | st.just(Listened()) | st.sampled_from([GONE, DEAF])
_PRESS = st.lists(st.text(ALL_KEYS, max_size=3) | st.just(""), max_size=40)


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    job=st.sampled_from(EACH),
    presses=_PRESS,
    said=st.lists(_ONE, max_size=20),
    ready=st.lists(st.booleans(), max_size=10),
    machine=st.booleans(),
)
def test_whatever_is_said_and_pressed_it_ends_and_no_mark_is_without_key_or_confirmed_word(
    job: Job, presses: list[str], said: list[One], ready: list[bool], machine: bool
) -> None:
    line = FakeLine(keys=iter(presses))
    lines, up = itertools.chain(said, itertools.repeat(Listened())), itertools.chain(ready, itertools.repeat(True))
    hearing = FakeEars(line, at_random=lambda: next(lines), ready=lambda: next(up))
    outcome = asyncio.run(dialogues.hold(line, say, replace(job, machine=machine), hearing))
    keys = {one for one in said if isinstance(one, str)} | set("".join(presses))
    if outcome.mark is not None:
        by_word = outcome.told_aloud is not None and outcome.told_aloud.key == str(outcome.mark)
        assert by_word or str(outcome.mark) in keys
    for step, spoken in outcome.spoken.items():
        # Somebody said just that at this step, and it was read back and confirmed.
        wanted = meanings(job.walked.steps[step])
        assert spoken.key in wanted.values()
        assert any(
            isinstance(one, Listened) and wanted.get(one.meaning) == spoken.key
            for one in said
            if one not in (GONE, DEAF)
        )
        assert YOU_SAID in line.heard
        assert spoken.confirmed is Proof.KEY or not machine or outcome.proof is Proof.KEY
    assert hearing.kept <= outcome.spoken.keys(), "sound that no answer stands on is nobody's"
    assert outcome.proof is not Proof.NONE or not (outcome.keys or outcome.comment or outcome.spoken)
    subjects = 1 + len(METERS.meters) if job.kind is Kind.METER else 1
    assert len(line.heard) <= subjects * most_prompts(job.walked)
    assert line.outcome == outcome == Outcome.from_facts(outcome.to_facts())


# --- what is kept ---------------------------------------------------------------------------------------------


def test_an_outcome_of_a_survey_answered_aloud_at_every_step_fits_into_a_line_of_the_ledger() -> None:
    from callengine.menus.line import ledger_text
    from callengine.pbx.fastagi import COMMAND_LIMIT

    steps = [f"step-of-twenty-sig{n:02}" for n in range(MOST_STEPS)]
    spoken = {step: Spoken("5", 100, Proof.SPEECH) for step in steps}
    said = "callengine/robot-123456789-12-said"
    outcome = Outcome(
        Result.ANSWERED, answers=dict.fromkeys(steps, "5"), keys="5" * 64, proof=Proof.SPEECH, step=steps[0],
        spoken=spoken, said=said,
    )  # fmt: skip
    row = f'DATABASE PUT "callengine" "1795334400.123456/robot" "{ledger_text(outcome.to_facts())}"'
    assert len(row) < COMMAND_LIMIT


@pytest.mark.parametrize(
    "facts",
    [
        {"result": "marked", "mark": "5"},
        {"result": "marked", "mark": "5", "rests_on": "mark"},
        {"result": "marked", "mark": "5", "rests_on": "mark", "s.mark": "480s"},
        {"result": "marked", "mark": "5", "rests_on": "mark", "s.mark": "5101s"},
        {"result": "marked", "mark": "5", "rests_on": "mark", "s.mark": "580n"},
        {"result": "marked", "mark": "5", "rests_on": "mark", "s.mark": "x80s"},
    ],
)
def test_a_mark_without_a_key_or_a_confirmed_word_is_refused(facts: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Outcome.from_facts(facts)


# --- over a line ----------------------------------------------------------------------------------------------


class Recording:
    """A line that records: what RECORD FILE comes to each time, in order."""

    def __init__(self, *came: tuple[str, bool] | Exception) -> None:
        self.came = list(came)
        self.files: list[str] = []
        self.waits: list[float] = []

    async def record_or_key(self, file: str, *, seconds: float, silence_seconds: float) -> tuple[str, bool]:
        self.files.append(file)
        self.waits.append(seconds)
        came = self.came.pop(0) if self.came else ("", False)
        if isinstance(came, Exception):
            raise came
        return came


class Recogniser:
    ready = True

    def knows(self, language: str) -> bool:
        return language in ("ru", "en")

    def __init__(self, told: Heard | Exception) -> None:
        self.told = told
        self.asked: list[tuple[Path, str, list[str]]] = []

    async def hear(self, recording: Path, language: str, wanted: Collection[str]) -> Heard:
        self.asked.append((recording, language, list(wanted)))
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


FIVE = Heard("Пять.", 0.9)


async def test_who_speaks_is_understood_and_a_slow_start_is_waited_for(tmp_path: Path) -> None:
    line, told = Recording(("", False), ("", False), ("", True)), Recogniser(FIVE)
    it = await LineEars(line, told, tmp_path, SAID, "ru").listen("mark", "12345", seconds=6)
    assert it == Listened(spoke=True, meaning="5", certainty=0.9)
    assert line.waits == [6, 5, 4], "each second of silence is taken off what he has"
    assert told.asked == [(tmp_path / f"{SAID}-mark.wav", "ru", list("12345"))]


async def test_a_key_ends_the_recording_and_is_taken_at_once(tmp_path: Path) -> None:
    told = Recogniser(FIVE)
    it = await LineEars(Recording(("4", True)), told, tmp_path, SAID, "ru").listen("mark", "12345", seconds=6)
    assert (it, told.asked) == (Listened(key="4"), [])


async def test_silence_is_silence_after_its_time_and_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / f"{SAID}-mark.wav"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"nothing")
    line = Recording()
    it = await LineEars(line, Recogniser(FIVE), tmp_path, SAID, "ru").listen("mark", "12345", seconds=3)
    assert (it, len(line.files), file.exists()) == (Listened(), 3, False)


async def test_a_recogniser_in_trouble_understands_nothing_and_the_call_goes_on(tmp_path: Path) -> None:
    hearing = LineEars(Recording(("", True)), Recogniser(NoAsr("too slow")), tmp_path, SAID, "ru")
    assert hearing.ready
    assert await hearing.listen("mark", "12345", seconds=6) == Listened(spoke=True)
    assert not hearing.ready, "he is not asked to speak in vain again"
    assert not LineEars(Recording(), Recogniser(FIVE), tmp_path, SAID, "de").ready


async def test_a_pbx_that_cannot_write_is_known_for_the_rest_of_the_call_and_a_hangup_is_told(tmp_path: Path) -> None:
    hearing = LineEars(Recording(AgiRefused("cannot write")), Recogniser(FIVE), tmp_path, SAID, "ru")
    assert hearing.ready
    assert await hearing.listen("mark", "12345", seconds=6) is None
    assert not hearing.ready
    with pytest.raises(HungUp):
        await LineEars(Recording(HungUp()), Recogniser(FIVE), tmp_path, SAID, "ru").listen("mark", "1", seconds=6)
    assert issubclass(AgiRefused, EngineError)
