"""The robot on the line: the right dialogue for the call that answered, told however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from callengine.calls.model import Outcome as CallOutcome
from callengine.config import Speech
from callengine.errors import EngineError
from callengine.menus import ears as aloud
from callengine.menus.ears import Ears
from callengine.menus.line import Caller, HungUp
from callengine.menus.listening import LineEars
from callengine.menus.outcome import Outcome, Proof, Result, Spoken
from callengine.outreach.model import AttemptState, CallKind, CallState, CallWish
from callengine.outreach.scripts import ScriptsService
from callengine.outreach.service import Planned
from callengine.outreach.talks import RobotLine, Talks
from callengine.pbx.fastagi import AgiCall, AgiLimits
from callengine.robot import Heard, recogniser_of
from callengine.speech.answers import YES
from callengine.speech.voice import Ahead, NoVoice
from callengine.tasks import Tasks
from callengine.tickets.model import Status
from tests.menus.fake_ears import FakeEars, One, heard
from tests.menus.fake_line import FakeLine
from tests.outreach.world import World, number
from tests.speech.test_asr import a_model


class Phone:
    """A line whose resident presses these keys, one a question; then he is silent, or hangs up."""

    def __init__(self, request_id: str, keys: str = "", *, hangs_up: bool = False, machine: bool = False) -> None:
        self.env: Mapping[str, str] = {"agi_arg_2": request_id, "agi_arg_3": "MACHINE" if machine else "HUMAN"}
        self.keys, self.hangs_up = list(keys), hangs_up
        self.kept: list[dict[str, str]] = []
        self.played: list[str] = []
        self.over = False
        self.waits: asyncio.Event | None = None

    @property
    def caller(self) -> Caller:
        return Caller()

    async def play(self, prompt: str, *, keys: str = "") -> str:
        self._alive()
        self.played.append(prompt)
        if self.waits is not None:
            await self.waits.wait()
        return ""

    async def more_keys(self, *, quiet_seconds: float, most: int = 1, until: str = "") -> str:
        if quiet_seconds < 1:
            return ""
        if not self.keys and self.hangs_up:
            self.over = True
        self._alive()
        return self.keys.pop(0) if self.keys else ""

    async def ask(self, prompt: str, *, digits: int = 1, seconds: float = 5.0) -> str:
        raise AssertionError("the dialogues listen by more_keys")

    async def record(self, file: str, *, seconds: float, silence_seconds: float, beep: bool = True) -> bool:
        self._alive()
        return True

    async def keep(self, facts: Mapping[str, str]) -> None:
        self.kept.append(dict(facts))

    async def set(self, name: str, value: str) -> None: ...

    async def set_all(self, values: Mapping[str, str]) -> None: ...

    async def transfer(self, context: str, exten: str = "s") -> None: ...

    async def to_operator(self) -> None: ...

    async def alive(self) -> bool:
        return not self.over

    async def hang_up(self) -> None:
        self.over = True

    def _alive(self) -> None:
        if self.over:
            raise HungUp


class FakeVoice:
    def __init__(self) -> None:
        self.spoken: set[tuple[str, str]] = set()
        self.waited: list[str] = []
        self.cannot: str = ""

    async def say(self, language: str, text: str) -> str:
        if (language, text) not in self.spoken:
            self.waited.append(text)
        return f"prompts/{len(text)}"

    async def ahead(self, language: str, texts: Iterable[str]) -> Ahead:
        failed = tuple(text for text in texts if self.cannot and self.cannot in text)
        self.spoken |= {(language, text) for text in texts}
        return Ahead(len(self.spoken), 0, failed)


@pytest.fixture
def voice() -> FakeVoice:
    return FakeVoice()


@pytest.fixture
def talks(world: World, voice: FakeVoice) -> Talks:
    scripts = ScriptsService(world.store, world.clock)
    return Talks(world.service, scripts, world.settings, say=voice.say, ahead=voice.ahead)


async def test_a_resident_who_presses_done_and_five_closes_his_ticket(world: World, talks: Talks) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    phone = Phone(request_id, "15")
    await talks.hold(phone)
    assert ((await world.ticket(ticket)).status, (await world.ticket(ticket)).mark) == (Status.CLOSED, 5)
    (attempt,) = await world.attempts()
    assert attempt.keys.startswith("15")
    assert phone.kept[-1]["mark"] == "5" and phone.over


class Aloud:
    """Hears for one PBX whatever stands in `said`, by step."""

    def __init__(self, said: dict[str, list[One]], *, deaf: str = "") -> None:
        self.said, self.deaf, self.warmed = said, deaf, 0
        self.names: list[str] = []

    def warm(self) -> None:
        self.warmed += 1

    def ears(self, line: RobotLine, pbx: str, said: str, language: str) -> Ears | None:
        if pbx == self.deaf:
            return None
        self.names.append(said)
        made = FakeEars(FakeLine(), self.said)
        made.said = said
        return made


@pytest.mark.parametrize(("confirmed", "way"), [(cast("One", "1"), Proof.KEY), (heard(YES, 0.9), Proof.SPEECH)])
async def test_a_mark_that_was_said_and_confirmed_closes_the_ticket_and_keeps_its_certainty_and_its_sound(
    world: World, voice: FakeVoice, confirmed: One, way: Proof
) -> None:
    done: dict[str, list[One]] = {"hello": [heard(YES)], "hello-right": [heard(YES)]}
    hearing = Aloud(done | {"mark": [heard("5")], "mark-right": [confirmed]})
    scripts = ScriptsService(world.store, world.clock)
    talks = Talks(world.service, scripts, world.settings, say=voice.say, ahead=voice.ahead, hearing=hearing)
    ticket = await world.done_job()
    request_id = await world.dial_one()
    phone = Phone(request_id)
    await talks.hold(phone)
    assert ((await world.ticket(ticket)).status, (await world.ticket(ticket)).mark) == (Status.CLOSED, 5)
    (attempt,) = await world.attempts()
    told = Outcome.from_facts(attempt.facts)
    assert told.told_aloud == Spoken("5", 83, way)
    assert told.audio("mark") == f"callengine/{request_id}-said-mark" == f"{hearing.names[0]}-mark"
    assert Outcome.from_facts(phone.kept[-1]) == told, "and so it stands in the PBX"


async def test_what_was_said_and_not_confirmed_moves_no_ticket(world: World, voice: FakeVoice) -> None:
    hearing = Aloud({"hello": ["1"], "mark": [heard("1")]})
    scripts = ScriptsService(world.store, world.clock)
    talks = Talks(world.service, scripts, world.settings, say=voice.say, ahead=voice.ahead, hearing=hearing)
    ticket = await world.done_job()
    await talks.hold(Phone(await world.dial_one()))
    assert (await world.ticket(ticket)).mark is None
    assert (await world.attempts())[0].result == Result.DONE_NO_MARK


async def test_a_pbx_whose_recordings_are_elsewhere_asks_by_keys(world: World, voice: FakeVoice) -> None:
    hearing = Aloud({"mark": [heard("1")]}, deaf="main")
    scripts = ScriptsService(world.store, world.clock)
    talks = Talks(world.service, scripts, world.settings, say=voice.say, ahead=voice.ahead, hearing=hearing)
    ticket = await world.done_job()
    await talks.hold(Phone(await world.dial_one(), "15"))
    assert ((await world.ticket(ticket)).mark, hearing.names) == (5, [])


def test_answers_are_heard_only_where_a_model_stands_and_the_recordings_lie_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert recogniser_of(Speech()) is None, "off by default"
    assert recogniser_of(Speech(asr_model=str(tmp_path))) is None
    assert "it needs model.bin" in caplog.text, "a model that is none is told, and calls are asked by keys"
    monkeypatch.setattr("callengine.speech.hearing.find_spec", lambda name: name)
    model = str(a_model(tmp_path / "model"))
    assert recogniser_of(Speech(asr_model=model, asr_answers=False)) is None
    live = recogniser_of(Speech(asr_model=model))
    assert live is not None and not live.ready
    hearing = Heard(live, {"main": str(tmp_path), "far": ""})
    call = AgiCall(cast("Any", None), {}, AgiLimits())
    ears = hearing.ears(call, "main", "callengine/7-said", "ru")
    assert isinstance(ears, LineEars) and (ears.said, ears.ready) == ("callengine/7-said", False)
    assert hearing.ears(call, "far", "callengine/7-said", "ru") is None, "another machine's recordings"
    assert hearing.ears(Phone("robot-7"), "main", "callengine/7-said", "ru") is None, "a line that only has keys"


async def test_the_recogniser_is_warm_and_its_sentences_are_spoken_before_it_rings(
    world: World, voice: FakeVoice
) -> None:
    hearing = Aloud({})
    scripts = ScriptsService(world.store, world.clock)
    talks = Talks(world.service, scripts, world.settings, say=voice.say, ahead=voice.ahead, hearing=hearing)
    await world.done_job()
    planned = await world.service.begin_dialogue(await world.dial_one())
    assert planned is not None
    await talks.prepare(planned)
    assert hearing.warmed == 1
    assert {("ru", text) for text in aloud.texts("ru")} <= voice.spoken


async def test_not_done_is_a_conflict(world: World, talks: Talks) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await talks.hold(Phone(request_id, "21"))
    assert (await world.ticket(ticket)).status is Status.CONFLICT
    assert (await world.attempts())[0].comment == f"callengine/{request_id}-comment"
    assert len(await world.duties()) == 1


@pytest.mark.parametrize(("keys", "opted_out"), [("20", 0), ("29", 1)])
async def test_not_done_and_then_an_operator_or_no_more_calls_is_still_a_conflict(
    world: World, talks: Talks, keys: str, opted_out: int
) -> None:
    ticket = await world.done_job()
    await talks.hold(Phone(await world.dial_one(), keys))
    assert (await world.ticket(ticket)).status is Status.CONFLICT
    assert len(await world.duties()) == 1
    assert len((await world.opt_outs.find())[0]) == opted_out


async def test_who_says_that_it_is_not_his_ticket_has_said_nothing_of_the_job(world: World, talks: Talks) -> None:
    ticket = await world.done_job()
    await talks.hold(Phone(await world.dial_one(), "28"))
    assert (await world.ticket(ticket)).status is Status.AWAITING_CLIENT
    assert await world.duties() == []


async def test_who_hangs_up_at_the_first_question_has_given_no_mark(world: World, talks: Talks) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await talks.hold(Phone(request_id, "", hangs_up=True))
    await world.ends(request_id, CallOutcome.ANSWERED, answered=True)
    assert (await world.ticket(ticket)).mark is None
    call = await world.the_call()
    assert (call.result, call.state) == ("hung_up", CallState.WAITING)


async def test_silence_and_a_machine_are_told_apart_from_people(world: World, talks: Talks) -> None:
    await world.done_job()
    await talks.hold(Phone(await world.dial_one(), "", machine=True))
    assert (await world.the_call()).result == "machine"


async def test_a_call_that_nobody_placed_is_hung_up_without_a_word(world: World, talks: Talks) -> None:
    for request_id in ("", "robot-nobody", "desk-1"):
        phone = Phone(request_id)
        await talks.hold(phone)
        assert phone.over and phone.played == []


async def test_no_call_waits_for_its_voice(world: World, talks: Talks, voice: FakeVoice) -> None:
    await world.done_job()
    world.clock.advance(seconds=3600)
    (planned,) = await world.service.choose({"main": 1})
    await talks.prepare(planned)
    await world.service.send([planned])
    world.robot.asked.append((planned.attempt.id, planned.call.number))
    await talks.hold(Phone(planned.attempt.id, "13"))
    assert voice.waited == []


async def test_a_sentence_that_cannot_be_spoken_stops_the_call_before_it_rings(
    world: World, talks: Talks, voice: FakeVoice
) -> None:
    await world.done_job()
    world.clock.advance(seconds=3600)
    (planned,) = await world.service.choose({"main": 1})
    voice.cannot = "Здравствуйте"
    with pytest.raises(NoVoice, match="Здравствуйте"):
        await talks.prepare(planned)


async def test_an_engine_that_stops_during_the_dialogue_leaves_its_end_to_the_ledger(
    world: World, talks: Talks
) -> None:
    await world.done_job()
    request_id = await world.dial_one()
    phone, tasks = Phone(request_id), Tasks()
    phone.waits = asyncio.Event()
    tasks.start(talks.hold(phone), name="dialogue")
    async with asyncio.timeout(10):
        while not phone.played:
            await asyncio.sleep(0)
    await tasks.close()
    (attempt,) = await world.attempts()
    assert attempt.state is AttemptState.ANSWERED


async def test_a_dialogue_that_breaks_off_is_settled_and_never_tried_again(world: World, talks: Talks) -> None:
    await world.done_job()
    request_id = await world.dial_one()

    class Broken(Phone):
        async def play(self, prompt: str, *, keys: str = "") -> str:
            raise EngineError("the PBX refused the command")

    await talks.hold(Broken(request_id))
    (attempt,) = await world.attempts()
    assert (attempt.result, attempt.reason) == ("interrupted", "the PBX refused the command")
    assert (await world.the_call()).state is CallState.GIVEN_UP


async def test_a_dialogue_that_breaks_by_our_own_fault_is_settled_too_and_its_line_is_free_again(
    world: World, talks: Talks
) -> None:
    await world.done_job()
    request_id = await world.dial_one()

    class Faulty(Phone):
        async def play(self, prompt: str, *, keys: str = "") -> str:
            raise KeyError("en")

    await talks.hold(Faulty(request_id))
    (attempt,) = await world.attempts()
    assert (attempt.result, attempt.reason) == ("interrupted", "a fault of the engine: KeyError")
    assert await world.service.under_way() == []


async def test_the_services_own_words_and_a_surveys_own_questions_are_spoken(world: World, talks: Talks) -> None:
    scripts = ScriptsService(world.store, world.clock)
    await scripts.put("rating", {"hello": {"ru": "Работа выполнена? Да: один. Нет: два."}}, "Орлова")
    await world.done_job()
    world.clock.advance(seconds=3600)
    (planned,) = await world.service.choose({"main": 1})
    job = await talks.job_of(planned)
    assert job.walked.steps["hello"].say["ru"].startswith("Работа выполнена?")
    assert job.service == "диспетчерская служба"


async def facts_of(world: World, kind: CallKind, facts: Mapping[str, Any], zone: str) -> Planned:
    async with world.store.begin() as tx:
        await world.service.ask_call(tx, kind, CallWish(number(1), "one", facts=facts, zone=zone))
    (planned,) = await world.service.choose({"main": 1})
    return planned


async def test_a_moment_is_told_by_the_clock_of_who_is_called(world: World, talks: Talks) -> None:
    facts = {"what": "воды", "address": "Мира, 44", "begins": "2026-11-20T10:00:00Z", "ends": None}
    planned = await facts_of(world, CallKind.OUTAGE, facts, "Asia/Yekaterinburg")
    job: Any = await talks.job_of(planned)
    assert job.begins.isoformat() == "2026-11-20T15:00:00+05:00"


async def test_a_script_beside_a_pbx_gets_the_job_once_and_the_ledger_tells_its_end(world: World, talks: Talks) -> None:
    ticket = await world.done_job()
    request_id = await world.dial_one()
    job = await talks.for_script(request_id)
    assert job is not None and job.kind == "rating"
    assert await talks.for_script(request_id) is None and await talks.for_script("desk-7") is None
    from tests.outreach.world import mark

    await world.ends(request_id, CallOutcome.ANSWERED, answered=True)
    await world.ledger_tells(request_id, mark(5))
    assert (await world.ticket(ticket)).mark == 5
