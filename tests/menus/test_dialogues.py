"""The dialogues with people of every kind: those who answer, hang up, lean on their telephone, or are a machine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callengine.errors import EngineError, Refused
from callengine.menus import dialogues
from callengine.menus.jobs import JOBS, Job, Meter, StatusJob, from_raw, to_raw
from callengine.menus.outcome import Outcome, Proof, Result
from callengine.menus.script import Kind, shipped
from callengine.menus.walk import ALL_KEYS, MOST_REPEATS, PromptMissing, most_prompts
from tests.menus.fake_line import FakeLine, say
from tests.menus.jobs import CALL, EACH, METERS, OUTAGE, RATING, RESULT, STATUS, SURVEY
from tests.thorough import examples

NINE = "нажмите девять."
FIRST_ASKED = {
    Kind.RATING: NINE,
    Kind.RESULT: NINE,
    Kind.JOB: "нажмите восемь.",
    Kind.OUTAGE: NINE,
    Kind.SURVEY: NINE,
    Kind.METER: "нажмите восемь.",
    Kind.STATUS: "нажмите восемь.",
}
MARK, MARKED = "очень плохо.", "можно положить трубку."
FAREWELLS = ("Всего доброго.", "Спасибо.", "за ответы.", "на линии.", "исполнителя.", "ещё раз.")
# What a resident presses who does all that is asked of him.
WILLING: Mapping[Kind, Mapping[str, Sequence[str]]] = {
    Kind.RATING: {NINE: "1", MARK: "5", MARKED: "1"},
    Kind.RESULT: {NINE: "1"},
    Kind.JOB: {"нажмите восемь.": "1"},
    Kind.OUTAGE: {NINE: "1"},
    Kind.SURVEY: {NINE: "1", "Нет: два.": "2", "Двор: три.": "3", "нажмите решётку.": ["19#"], "до пяти.": "4"},
    Kind.METER: {"нажмите восемь.": "1", "звёздочка и ноль.": ["00130#", "95#"], "нажмите два.": "11"},
    Kind.STATUS: {"нажмите восемь.": "1"},
}
names = pytest.mark.parametrize("job", EACH, ids=lambda job: job.kind.value)


async def held(job: Job, **line: object) -> tuple[Outcome, FakeLine]:
    made = FakeLine(**line)  # type: ignore[arg-type]
    async with asyncio.timeout(10):
        outcome = await dialogues.hold(made, say, job)
    assert made.outcome == outcome, "the PBX knows what we know"
    assert outcome.final
    return outcome, made


# --- those who answer -------------------------------------------------------------------------------------


async def test_a_resident_gives_a_mark_and_a_comment() -> None:
    outcome, line = await held(RATING, after=WILLING[Kind.RATING])
    assert outcome == Outcome(
        Result.MARKED, mark=5, comment="callengine/7-comment", keys="151", proof=Proof.KEY, step="bye"
    )
    assert line.hung_up_by_us
    assert "пять" in line.heard, "the mark is read back"
    assert line.recorded == ["callengine/7-comment"]


@pytest.mark.parametrize("mark", "12345")
async def test_each_mark_is_the_key(mark: str) -> None:
    outcome, _ = await held(RATING, after={NINE: "1", MARK: mark})
    assert (outcome.result, outcome.mark, outcome.keys) == (Result.MARKED, int(mark), "1" + mark)


async def test_who_says_not_done_gives_no_mark_and_may_say_why() -> None:
    outcome, line = await held(RATING, after={NINE: "2", "нажмите один.": ["", "1"]})
    assert (outcome.result, outcome.mark, outcome.keys) == (Result.NOT_DONE, None, "2")
    outcome, line = await held(RATING, after={NINE: "2", "не сделано, нажмите один.": "1"})
    assert (outcome.result, outcome.comment) == (Result.NOT_DONE, "callengine/7-comment")
    assert "Диспетчер перезвонит вам в течение часа." in line.heard


@pytest.mark.parametrize(
    ("key", "result", "never"),
    [("0", Result.NOT_DONE, False), ("9", Result.NOT_DONE, True), ("8", Result.NOT_ME, False)],
)
async def test_not_done_stands_whatever_he_asks_for_next_unless_it_is_not_his_ticket(
    key: str, result: Result, never: bool
) -> None:
    outcome, _ = await held(RATING, after={NINE: "2", "не сделано, нажмите один.": key})
    assert (outcome.result, outcome.never_again, outcome.keys) == (result, never, "2" + key)
    assert Outcome.from_facts(outcome.to_facts()) == outcome


async def test_who_wants_no_more_calls_is_known_by_his_result_too() -> None:
    outcome, _ = await held(RATING, after={NINE: "9"})
    assert (outcome.result, outcome.never_again) == (Result.NEVER_AGAIN, True)


async def test_a_mark_that_is_changed_is_the_last_one() -> None:
    outcome, _ = await held(RATING, after={NINE: "1", MARK: "15", MARKED: "6"})
    assert (outcome.mark, outcome.keys) == (5, "1165")


async def test_who_takes_his_mark_back_and_says_nothing_more_has_given_none() -> None:
    outcome, _ = await held(RATING, after={NINE: "1", MARK: "1", MARKED: "6"})
    assert (outcome.result, outcome.mark) == (Result.DONE_NO_MARK, None)


async def test_a_notice_is_acknowledged_by_a_key_else_it_was_only_played() -> None:
    for job in (RESULT, OUTAGE):
        outcome, _ = await held(job, after={NINE: "1"})
        assert (outcome.result, outcome.proof) == (Result.ACKNOWLEDGED, Proof.KEY)
        outcome, _ = await held(job)
        assert (outcome.result, outcome.proof) == (Result.HEARD, Proof.NONE)


async def test_an_executor_takes_a_job_or_refuses_it() -> None:
    for key, result in (("1", Result.ACKNOWLEDGED), ("2", Result.DECLINED)):
        outcome, line = await held(CALL, after={"нажмите восемь.": key})
        assert outcome.result is result
    assert "Срок: двадцать второго ноября, восемнадцать часов тридцать минут." in line.heard
    assert "Адрес: улица Ленина, дом пять, корпус два, квартира тринадцать." in line.heard


async def test_a_survey_goes_the_way_of_its_answers() -> None:
    outcome, line = await held(SURVEY, after=WILLING[Kind.SURVEY])
    assert outcome.result is Result.ANSWERED
    assert outcome.answers == {"clean": "2", "dirty": "3", "warm": "19", "satisfied": "4"}
    outcome, line = await held(SURVEY, after={**WILLING[Kind.SURVEY], "Нет: два.": "1"})
    assert "dirty" not in outcome.answers
    assert not any("Что хуже" in prompt for prompt in line.heard)
    outcome, _ = await held(SURVEY, after={NINE: "1", "Нет: два.": "1"})
    assert (outcome.result, dict(outcome.answers)) == (Result.PARTIAL, {"clean": "1"})
    outcome, _ = await held(SURVEY, after={NINE: "2"})
    assert outcome.result is Result.DECLINED


async def test_readings_are_read_back_and_confirmed_each() -> None:
    outcome, line = await held(METERS, after=WILLING[Kind.METER])
    assert (outcome.result, dict(outcome.answers)) == (Result.ANSWERED, {"cold": "00130", "hot": "95"})
    back = line.heard.index("Вы ввели:")
    assert line.heard[back + 1 : back + 6] == ["ноль", "ноль", "один", "три", "ноль"]
    assert "Прошлое показание: сто двадцать." in line.heard


async def test_a_reading_below_the_last_or_too_high_is_told_and_asked_again() -> None:
    enter = {"звёздочка и ноль.": ["119#", "171#", "170#"], "нажмите восемь.": "1", "нажмите два.": "1"}
    outcome, line = await held(METERS, after=enter)
    assert dict(outcome.answers) == {"cold": "170"}
    assert outcome.result is Result.PARTIAL, "the second meter was not told"
    assert "Это меньше прошлого показания: сто двадцать." in line.heard
    assert [one for one in line.heard if one.startswith("Это больше обычного")] == [
        "Это больше обычного: ожидается до числа сто семьдесят."
    ]


async def test_a_reading_above_what_is_expected_is_taken_from_who_enters_it_again() -> None:
    enter = {"звёздочка и ноль.": ["900#", "900#"], "нажмите восемь.": "1", "нажмите два.": "1"}
    outcome, line = await held(METERS, after=enter)
    assert dict(outcome.answers) == {"cold": "900"}
    assert sum(one.startswith("Это больше обычного") for one in line.heard) == 1, "asked again once"
    enter = {"звёздочка и ноль.": ["900#", "901#", "900#"], "нажмите восемь.": "1", "нажмите два.": "1"}
    outcome, _ = await held(METERS, after=enter)
    assert dict(outcome.answers) == {}, "another number is another doubt"


async def test_a_reading_that_the_meter_cannot_show_is_not_taken_however_often_it_is_entered() -> None:
    job = replace(METERS, meters=(Meter(id="1", title="газ", last=1, most=5, highest=999),))
    enter = {"звёздочка и ноль.": ["1000#", "1000#", "1000#"], "нажмите восемь.": "1", "нажмите два.": "1"}
    outcome, _ = await held(job, after=enter)
    assert dict(outcome.answers) == {}


async def test_a_reading_that_was_not_confirmed_is_none() -> None:
    enter = {"звёздочка и ноль.": ["130#"], "нажмите восемь.": "1"}
    outcome, line = await held(METERS, after=enter)
    assert (outcome.result, dict(outcome.answers)) == (Result.SILENT, {})
    assert "Неподтверждённое показание не принято." in line.heard
    enter = {"звёздочка и ноль.": ["130#", "131#"], "нажмите восемь.": "1", "нажмите два.": "21"}
    outcome, _ = await held(METERS, after=enter)
    assert dict(outcome.answers) == {"cold": "131"}, "entered again"


async def test_from_a_number_an_operator_is_reached_by_star_and_zero() -> None:
    outcome, line = await held(METERS, after={"звёздочка и ноль.": ["*0"], "нажмите восемь.": "1"})
    assert (outcome.result, line.transferred) == (Result.TO_OPERATOR, "operator")
    outcome, line = await held(METERS, after={"звёздочка и ноль.": ["*"] * 9, "нажмите восемь.": "1"})
    assert outcome.result is Result.SILENT
    assert 3 <= line.heard.count("Счётчик: холодная вода.") <= 3 + MOST_REPEATS


async def test_a_known_number_hears_its_tickets() -> None:
    _, line = await held(STATUS)
    said = " ".join(line.heard)
    assert "Открытых заявок по вашему номеру: две." in said
    assert "Заявка номер двадцать шесть, ноль ноль ноль, сто двадцать три: течь крана на кухне." in said
    assert "Состояние: в работе. Срок: двадцать второго ноября, восемнадцать часов тридцать минут." in said
    assert "Состояние: назначен исполнитель." in said
    _, line = await held(StatusJob())
    assert "По вашему номеру открытых заявок нет." in " ".join(line.heard)
    assert not any("Открытых заявок по" in prompt for prompt in line.heard)


# --- those who do not -------------------------------------------------------------------------------------


@names
async def test_silence_is_asked_three_times_and_is_no_answer(job: Job) -> None:
    outcome, line = await held(job)
    notice = job.kind in (Kind.RESULT, Kind.OUTAGE, Kind.JOB, Kind.STATUS)
    assert outcome.result is (Result.HEARD if notice else Result.SILENT)
    assert (outcome.mark, outcome.keys, outcome.proof, dict(outcome.answers)) == (None, "", Proof.NONE, {})
    assert sum(prompt.endswith(FIRST_ASKED[job.kind]) for prompt in line.heard) == 3
    assert line.hung_up_by_us


@names
async def test_a_wrong_key_is_told_and_asked_again_at_most_three_times(job: Job) -> None:
    outcome, line = await held(job, after={FIRST_ASKED[job.kind]: "777"})
    assert outcome.proof is Proof.KEY
    assert outcome.keys == "777"
    assert outcome.mark is None
    assert sum(prompt in ("Такой клавиши здесь нет.", "Ввод не понятен.") for prompt in line.heard) == 2
    assert sum(prompt.endswith(FIRST_ASKED[job.kind]) for prompt in line.heard) == 3


async def test_the_star_says_it_again() -> None:
    outcome, line = await held(RATING, after={NINE: "*1", MARK: "*4"})
    assert outcome.mark == 4
    assert line.heard.count("Оцените работу от одного до пяти.") == 2
    outcome, line = await held(RATING, after={NINE: "*" * 40})
    assert outcome.result is Result.SILENT, "not for ever"


@names
async def test_an_operator_is_at_key_zero_of_every_question(job: Job) -> None:
    script = shipped(job.kind)
    assert all("0" in step.choices for step in script.steps.values() if step.choices)
    outcome, line = await held(job, after={FIRST_ASKED[job.kind]: "0"})
    assert (outcome.result, line.transferred, outcome.proof) == (Result.TO_OPERATOR, "operator", Proof.KEY)
    assert not line.hung_up_by_us


async def test_who_goes_to_an_operator_after_his_mark_keeps_it() -> None:
    outcome, line = await held(RATING, after={NINE: "1", MARK: "2", MARKED: "0"})
    assert (outcome.result, outcome.mark, line.transferred) == (Result.TO_OPERATOR, 2, "operator")


@names
async def test_not_me_and_never_again_are_heard(job: Job) -> None:
    outcome, line = await held(job, after={FIRST_ASKED[job.kind]: "8"})
    assert outcome.result is Result.NOT_ME
    if job.kind is Kind.STATUS:  # he has called us himself, about something else then
        assert line.transferred == "operator"
        return
    assert "Извините за беспокойство." in line.heard
    if job.kind in (Kind.JOB, Kind.METER):
        return  # he works for us, or is asked for what he owes
    outcome, line = await held(job, after={FIRST_ASKED[job.kind]: "9"})
    assert outcome.result is Result.NEVER_AGAIN
    assert "Хорошо, робот больше не будет звонить на этот номер." in line.heard


async def test_who_marked_and_then_says_not_me_has_not_marked() -> None:
    outcome, _ = await held(RATING, after={NINE: "1", MARK: "5", MARKED: "8"})
    assert (outcome.result, outcome.mark) == (Result.NOT_ME, None)


@names
async def test_a_machine_hears_it_once_and_is_no_person(job: Job) -> None:
    outcome, line = await held(replace(job, machine=True))
    assert (outcome.result, outcome.proof) == (Result.MACHINE, Proof.NONE)
    assert sum(prompt.endswith(FIRST_ASKED[job.kind]) for prompt in line.heard) == 1
    outcome, line = await held(replace(job, machine=True), after={FIRST_ASKED[job.kind]: "1"})
    assert outcome.proof is Proof.KEY
    assert outcome.result is not Result.MACHINE, "a hint is no proof: a key is"


# --- hanging up -------------------------------------------------------------------------------------------


async def prompts_of(job: Job) -> int:
    _, line = await held(job, after=WILLING[job.kind])
    return len(line.heard)


@names
async def test_a_hangup_at_each_prompt_keeps_what_was_known(job: Job) -> None:
    for index in range(await prompts_of(job)):
        outcome, line = await held(job, after=WILLING[job.kind], hang_up_at=index)
        farewell = line.heard[-1].endswith(FAREWELLS)
        if not outcome.keys:
            assert (outcome.result, outcome.proof) == (Result.HUNG_UP, Proof.NONE), index
        if job.kind is Kind.RATING:
            expected = Result.MARKED if "5" in outcome.keys else Result.DONE_NO_MARK if "1" in outcome.keys else None
            assert outcome.result is (expected or Result.HUNG_UP), index
            assert outcome.mark == (5 if expected is Result.MARKED else None), index
        elif job.kind in (Kind.SURVEY, Kind.METER):
            over = farewell or any("это все ваши" in prompt for prompt in line.heard)
            known = Result.ANSWERED if over else Result.PARTIAL if outcome.answers else Result.HUNG_UP
            assert outcome.result is known, (index, line.heard[-1])
        else:
            assert outcome.result is (Result.ACKNOWLEDGED if outcome.keys else Result.HUNG_UP), index
        assert not line.hung_up_by_us


@names
async def test_a_hangup_at_each_wait_for_a_key_keeps_what_was_known(job: Job) -> None:
    _, line = await held(job, after=WILLING[job.kind])
    for index in range(line.listened):
        outcome, _ = await held(job, after=WILLING[job.kind], hang_up_listening=index)
        assert outcome.result in (Result.HUNG_UP, Result.MARKED, Result.DONE_NO_MARK, Result.PARTIAL), index
        assert (outcome.mark == 5) is (outcome.result is Result.MARKED)


async def test_who_hangs_up_in_the_middle_of_his_comment_is_heard() -> None:
    outcome, _ = await held(RATING, after=WILLING[Kind.RATING], gone_recording=True)
    assert (outcome.result, outcome.mark, outcome.comment) == (Result.MARKED, 5, "callengine/7-comment")


async def test_a_comment_without_sound_is_none_and_one_without_a_place_is_not_asked_for() -> None:
    outcome, _ = await held(RATING, after=WILLING[Kind.RATING], speaks=False)
    assert (outcome.mark, outcome.comment) == (5, "")
    outcome, line = await held(replace(RATING, comment_file=""), after=WILLING[Kind.RATING])
    assert (line.recorded, outcome.mark) == ([], 5)
    assert "Говорите после сигнала." not in line.heard


@names
async def test_each_step_is_kept_in_the_pbx_at_once(job: Job) -> None:
    outcome, line = await held(job, after=WILLING[job.kind])
    way = [kept for kept in line.kept if not kept.final]
    if job.kind is Kind.RATING:
        assert [kept.mark for kept in way] == [None, 5, 5]
        assert [kept.result for kept in way] == [Result.DONE_NO_MARK, Result.MARKED, Result.MARKED]
    assert way or job.kind not in (Kind.RATING, Kind.SURVEY, Kind.METER)
    assert line.kept[-2].final, "before the last words: the engine may die in them"
    assert line.kept[-2].result == outcome.result


async def test_an_engine_that_stops_in_the_middle_leaves_the_mark_in_the_pbx() -> None:
    line = FakeLine(after={NINE: "1", MARK: "3"})

    async def stop(*, quiet_seconds: float, most: int = 1, until: str = "", _real=line.more_keys) -> str:  # type: ignore[no-untyped-def]
        if MARKED in line.heard[-1]:
            raise asyncio.CancelledError
        return str(await _real(quiet_seconds=quiet_seconds, most=most, until=until))

    line.more_keys = stop  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await dialogues.hold(line, say, RATING)
    assert (line.outcome.mark, line.outcome.final) == (3, False)


async def test_a_pbx_that_keeps_nothing_does_not_end_the_talk() -> None:
    class Full(FakeLine):
        async def keep(self, facts: Mapping[str, str]) -> None:
            raise Refused("the PBX's database is full")

    outcome = await dialogues.hold(Full(after=WILLING[Kind.RATING]), say, RATING)
    assert (outcome.result, outcome.mark) == (Result.MARKED, 5)


# --- prompts ----------------------------------------------------------------------------------------------


@names
async def test_every_prompt_is_ready_before_the_first_is_played(job: Job) -> None:
    asked: list[str] = []
    line = FakeLine(after=WILLING[job.kind])

    async def ahead(language: str, text: str) -> str:
        assert not line.heard, "a caller waited for the voice"
        asked.append(text)
        return text

    await dialogues.hold(line, ahead, job)
    assert sorted(asked) == sorted(job.texts()), "what is rendered ahead is what the call needs"
    assert set(line.heard) <= set(asked)


async def test_without_a_voice_nothing_is_said() -> None:
    line = FakeLine()

    async def mute(language: str, text: str) -> str:
        raise EngineError("no voice")

    with pytest.raises(EngineError):
        await dialogues.hold(line, mute, RATING)
    assert (line.heard, line.kept) == ([], [])


async def test_a_prompt_that_the_pbx_does_not_find_is_no_hangup() -> None:
    with pytest.raises(PromptMissing, match="hello"):
        await dialogues.hold(FakeLine(missing="нажмите два."), say, RATING)
    outcome, _ = await held(RATING, after=WILLING[Kind.RATING], missing="Ваша оценка")
    assert outcome.mark == 5, "a mark is not lost with a prompt"


@names
async def test_english_is_spoken_in_english(job: Job) -> None:
    _, line = await held(replace(job, language="en"))
    assert line.heard
    assert not any("а" <= letter <= "я" for prompt in line.heard for letter in prompt.lower())


@names
async def test_nothing_that_is_heard_has_a_figure_or_a_bracket_in_it(job: Job) -> None:
    for language in ("ru", "en"):
        said = " ".join(replace(job, language=language).texts())
        assert not set(said) & set("0123456789{}[]"), said


# --- keys of every kind -----------------------------------------------------------------------------------


async def test_ten_keys_at_once_are_no_answer() -> None:
    outcome, line = await held(RATING, after={NINE: ["1234567890", "1"], MARK: ["5432154321", "4"]})
    assert (outcome.result, outcome.mark) == (Result.MARKED, 4)
    assert line.heard.count("Такой клавиши здесь нет.") == 2
    outcome, _ = await held(RATING, after={NINE: ["1", ""], MARK: ["10", "10", "10"]})
    assert outcome.mark is None, "ten of five is no one"


async def test_a_key_that_bounces_is_one_key() -> None:
    outcome, _ = await held(RATING, after={NINE: "1", MARK: ["5555555555"]})
    assert (outcome.mark, outcome.keys) == (5, "15555555555")


async def test_keys_of_a_burst_do_not_answer_the_next_question() -> None:
    outcome, _ = await held(RATING, after={NINE: ["1" * 32]})
    assert (outcome.result, outcome.mark) == (Result.DONE_NO_MARK, None)


async def test_a_key_during_the_prompt_answers_it_at_once() -> None:
    outcome, line = await held(RATING, during={"нажмите один.": "1", "до пяти.": "5"})
    assert outcome.mark == 5
    assert not any(prompt.endswith(NINE) for prompt in line.heard), "the rest is not said"


async def test_speech_over_the_prompt_changes_nothing() -> None:
    # The line tells dialogues of keys alone; who talks over the prompt presses none.
    outcome, line = await held(RATING, after={NINE: ["", "", "1"], MARK: "5"})
    assert (outcome.mark, sum(p.endswith(NINE) for p in line.heard)) == (5, 3)


async def test_a_survey_answer_without_a_number_is_asked_again() -> None:
    warm = {**WILLING[Kind.SURVEY], "нажмите решётку.": ["#", "4#", "41#", "*", "190", "2"]}
    outcome, line = await held(SURVEY, after=warm)
    assert "warm" not in outcome.answers
    assert outcome.result is Result.PARTIAL
    assert "Это число слишком мало." in line.heard


_PRESS = st.lists(st.text(ALL_KEYS, max_size=12) | st.just("") | st.sampled_from(list(ALL_KEYS)), max_size=60)


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    job=st.sampled_from(EACH),
    presses=_PRESS,
    hang_up_at=st.none() | st.integers(0, 60),
    machine=st.booleans(),
    speaks=st.booleans(),
)
def test_whatever_is_pressed_it_ends_and_no_mark_is_without_its_key(
    job: Job, presses: list[str], hang_up_at: int | None, machine: bool, speaks: bool
) -> None:
    line = FakeLine(keys=iter(presses), hang_up_at=hang_up_at, speaks=speaks)
    outcome = asyncio.run(dialogues.hold(line, say, replace(job, machine=machine)))
    pressed = "".join(presses)
    assert outcome.mark is None or (job.kind is Kind.RATING and str(outcome.mark) in pressed)
    assert (outcome.result is Result.MARKED) <= (outcome.mark is not None)
    assert outcome.proof is not Proof.NONE or (not outcome.keys and not outcome.comment)
    subjects = 1 + len(METERS.meters) if job.kind is Kind.METER else 1
    assert len(line.heard) <= subjects * most_prompts(job.walked)
    assert line.outcome == outcome
    if not pressed:
        assert outcome.result in (Result.SILENT, Result.HEARD, Result.HUNG_UP, Result.MACHINE)


# --- as data ----------------------------------------------------------------------------------------------


@names
def test_a_job_travels_as_plain_data(job: Job) -> None:
    import json

    assert from_raw(json.loads(json.dumps(to_raw(job)))) == job
    with_script = replace(job, script=shipped(job.kind))
    assert from_raw(json.loads(json.dumps(to_raw(with_script)))) == with_script


def test_no_job_is_refused_with_what_is_wrong() -> None:
    for raw in ({}, {"kind": "fax"}, {"kind": "rating", "colour": "red"}, {"kind": "job", "due": "soon"}):
        with pytest.raises(Refused):
            from_raw(raw)
    assert set(JOBS) == set(Kind)
