"""Saving calls: one outcome a conversation whoever tells of it, and the journal's questions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from callengine.calls.coverage import CoverageService, Interval, gaps
from callengine.calls.events import (
    CallAnswered,
    CallArrived,
    CallbackRequested,
    CallChanged,
    CallEnded,
    CallFact,
    CallMissed,
)
from callengine.calls.model import (
    CallFilter,
    CallKey,
    Conversation,
    Direction,
    Missed,
    Outcome,
    State,
    Talk,
)
from callengine.calls.service import CallsService
from callengine.calls.tracker import Tracker
from callengine.clock import ManualClock
from callengine.errors import NotFound, Refused
from callengine.phone import WITHHELD, parse
from callengine.store import calls as rows
from callengine.store.database import Store
from callengine.store.tables import calls as table
from callengine.store.tables import houses, metadata, people, person_numbers, recordings, residences
from tests.calls.dsl import START, Story, told

KEY = CallKey("main", "1795161600.1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(f"sqlite+aiosqlite:///{tmp_path}/calls.db")
    async with store.begin() as tx:
        await tx.conn.run_sync(metadata.create_all)
    yield store
    await store.close()


@pytest.fixture
def heard(store: Store) -> list[CallFact]:
    """What the reactions are told."""
    facts: list[CallFact] = []
    kinds = (CallArrived, CallAnswered, CallMissed, CallEnded, CallChanged, CallbackRequested)
    for kind in kinds:
        store.within[kind] = [lambda tx, fact: _hear(facts, fact)]
    return facts


async def _hear(facts: list[CallFact], fact: CallFact) -> None:
    facts.append(fact)


@pytest.fixture
def calls(store: Store) -> CallsService:
    return CallsService(store=store, clock=ManualClock())


def call(**about: object) -> Conversation:
    return Conversation(KEY, Direction.INBOUND, START, parse("+79074121806"), did="115").evolve(**about)


def ended(source: str = "events", **about: object) -> Conversation:
    changes = {"state": State.ENDED, "ended_at": START + timedelta(seconds=60), "outcome": Outcome.MISSED,
               "missed": Missed.QUEUE, "source": source}  # fmt: skip
    return call(**(changes | about))


def missed(it: Conversation) -> list[CallFact]:
    assert it.ended_at
    return [CallMissed(it.ended_at, it), CallEnded(it.ended_at, it)]


def kinds(facts: list[CallFact]) -> list[type]:
    return [type(fact) for fact in facts]


async def test_a_story_is_saved_and_read_back_whole(calls: CallsService):
    story = Story()
    caller = story.arrives().joins()
    caller.rings("101").answers()
    story.passes(30)
    story.end_all()
    facts = told(story.signals)

    await calls.save(facts)

    found = await calls.by_key(facts[-1].call.key)
    assert found is not None and found.call == facts[-1].call
    assert (await calls.get(found.id)).call == facts[-1].call
    assert await calls.live() == []


async def test_an_older_snapshot_never_undoes_an_end(calls: CallsService, heard: list[CallFact]):
    await calls.save([CallArrived(START, call()), *missed(ended())])
    heard.clear()
    await calls.save(
        [CallChanged(START, call(state=State.QUEUED)), CallAnswered(START, call(answered_at=START), "101")]
    )
    found = await calls.by_key(KEY)
    assert found is not None and (found.call.state, found.call.outcome) == (State.ENDED, Outcome.MISSED)
    assert heard == []


async def test_the_same_end_told_twice_is_told_once(calls: CallsService, heard: list[CallFact]):
    facts = [CallArrived(START, call()), *missed(ended())]
    await calls.save(facts)
    await calls.save(facts)
    assert kinds(heard) == [CallArrived, CallMissed, CallEnded]


async def test_the_same_end_twice_in_one_batch_is_told_once(calls: CallsService, heard: list[CallFact]):
    facts = [CallArrived(START, call()), *missed(ended())]
    await calls.save([*facts, *facts])
    assert kinds(heard) == [CallArrived, CallMissed, CallEnded]


async def test_the_ledger_ends_a_call_that_a_crash_left_open_and_keeps_what_the_events_saw(
    calls: CallsService, heard: list[CallFact]
):
    rich = call(name="Ivanova", queue="desk", queued_at=START, state=State.QUEUED)
    await calls.save([CallArrived(START, rich)])
    await calls.save(missed(ended("ledger", number=WITHHELD, missed=Missed.TIMEOUT)))
    found = await calls.by_key(KEY)
    assert found is not None
    it = found.call
    assert (it.number.value, it.name, it.queue, it.source) == ("+79074121806", "Ivanova", "desk", "events")
    assert (it.outcome, it.missed, it.ended_at) == (Outcome.MISSED, Missed.TIMEOUT, START + timedelta(seconds=60))
    assert kinds(heard) == [CallArrived, CallMissed, CallEnded]
    assert heard[-1].call == it


async def test_a_ledger_that_knows_no_answer_does_not_undo_one(calls: CallsService, heard: list[CallFact]):
    talking = call(state=State.TALKING, answered_at=START, operator="101", talks=(Talk("101", START),))
    await calls.save([CallArrived(START, talking), CallAnswered(START, talking, "101")])
    await calls.save(missed(ended("ledger")))
    found = await calls.by_key(KEY)
    assert found is not None and (found.call.outcome, found.call.missed) == (Outcome.ANSWERED, None)
    assert found.call.talk_seconds == 60
    assert CallMissed not in kinds(heard)


async def test_the_events_end_after_the_ledgers_is_no_second_outcome(calls: CallsService, heard: list[CallFact]):
    ledger = ended("ledger", missed=Missed.TIMEOUT)
    await calls.save([CallArrived(START, ledger), *missed(ledger)])
    await calls.save([CallArrived(START, call()), *missed(ended(name="Ivanova"))])
    assert kinds(heard).count(CallMissed) == 1 and kinds(heard).count(CallEnded) == 1
    found = await calls.by_key(KEY)
    assert found is not None and found.call.name == "Ivanova"


async def test_a_dead_phones_answer_is_taken_back(calls: CallsService, heard: list[CallFact]):
    talking = call(state=State.TALKING, answered_at=START, operator="101")
    await calls.save([CallArrived(START, talking), CallAnswered(START, talking, "101")])
    await calls.save(missed(ended(missed=Missed.PHONE_DEAD)))
    found = await calls.by_key(KEY)
    assert found is not None and (found.call.outcome, found.call.missed) == (Outcome.MISSED, Missed.PHONE_DEAD)
    assert CallMissed in kinds(heard)


async def test_a_restart_finds_what_was_alive(calls: CallsService):
    story = Story()
    caller = story.arrives().joins()
    caller.rings("101").answers()
    tracker = Tracker("main")
    await calls.save(told(story.signals, tracker))
    assert await calls.open_calls("main") == tracker.live()
    assert await calls.open_calls("other") == []


async def test_a_failed_batch_leaves_nothing(calls: CallsService, store: Store):
    async def fail(tx: object, fact: object) -> None:
        raise RuntimeError

    store.within[CallEnded] = [fail]
    with pytest.raises(RuntimeError):
        await calls.save([CallArrived(START, call()), *missed(ended())])
    assert await calls.by_key(KEY) is None


async def test_many_facts_of_many_calls_in_one_batch(calls: CallsService):
    story = Story()
    for n in range(1200):
        story.arrives(f"+7907{n:07d}").gone()
    await calls.save(told(story.signals))
    assert (await calls.totals(CallFilter())).calls == 1200


async def test_the_journal_pages_through_every_call_once(calls: CallsService):
    story = Story()
    for n in range(25):
        story.arrives(f"+7907412{n:04d}").gone()
        story.passes(0 if n % 3 else 60)
    await calls.save(told(story.signals))
    seen: list[int] = []
    cursor = None
    while True:
        page, cursor = await calls.find(CallFilter(), limit=4, cursor=cursor)
        seen += [found.id for found in page]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 25
    arrived = [(await calls.get(i)).call.arrived_at for i in seen]
    assert arrived == sorted(arrived, reverse=True)


async def test_the_journal_can_be_narrowed(calls: CallsService, store: Store):
    story = Story()
    answered = story.arrives("+79074121806").joins()
    answered.rings("101").answers()
    story.passes(30)
    story.end_all()
    story.passes(3600)
    story.arrives("+79075550000").gone()
    facts = told(story.signals)
    await calls.save(facts)

    async def numbers(**wanted: object) -> list[str]:
        found, _ = await calls.find(CallFilter(**wanted))  # type: ignore[arg-type]
        return [x.call.number.value for x in found]

    one, two = "+79074121806", "+79075550000"
    assert await numbers() == [two, one]
    assert await numbers(number=one) == [one]
    assert await numbers(outcome="missed") == [two]
    assert await numbers(operator="101") == [one]
    assert await numbers(direction="inbound", state="ended") == [two, one]
    assert await numbers(since=START + timedelta(hours=1)) == [two]
    assert await numbers(until=START + timedelta(hours=1)) == [one]
    assert await numbers(q="8 907 412-18-06") == [one]
    assert await numbers(q="5550") == [two]
    assert await numbers(q="100%") == []
    async with store.begin() as tx:
        await tx.conn.execute(table.update().where(table.c.number == two).values(name="Изольда Ёлкина"))
    assert await numbers(q="изольда ЁЛК") == [two]
    assert await numbers(robot=True) == []
    async with store.begin() as tx:
        at = START
        (one_id,) = [x.id for x in (await calls.find(CallFilter(number=one)))[0]]
        await tx.conn.execute(
            recordings.insert().values(
                call_id=one_id, pbx="main", kind="conversation", file_name="x.wav", state="ready", created_at=at
            )
        )
        await tx.conn.execute(houses.insert().values(id=1, code="h", street="s", number="1", search="s 1", features=[]))
        await tx.conn.execute(people.insert().values(id=1, code="p", name="n", search="n"))
        await tx.conn.execute(person_numbers.insert().values(person_id=1, number=two))
        await tx.conn.execute(residences.insert().values(person_id=1, house_id=1, premise="5", relation="owner"))
    assert await numbers(recording="ready") == [one]
    assert await numbers(recording="none") == [two]
    assert await numbers(house_id=1) == [two]
    totals = await calls.totals(CallFilter())
    assert (totals.calls, totals.missed, totals.conversations, totals.recorded) == (2, 1, 1, 1)


async def test_that_the_recorder_stopped_is_kept_with_the_talk(calls: CallsService):
    story = Story()
    caller = story.arrives()
    caller.joins().rings("101").answers()
    caller.stage("callengine/1.1-caller.wav", fact="recording")
    await calls.save(told(story.signals))
    (kept,) = (await calls.find(CallFilter()))[0]
    assert kept.call.recorded
    story.passes(9)
    stopped = story.at
    caller.stage("", fact="unrecorded")
    await calls.save(told(story.signals))
    (kept,) = (await calls.find(CallFilter()))[0]
    assert (kept.call.recorded, kept.call.unrecorded_at) == (False, stopped)
    assert kept.call.recording_file == "callengine/1.1-caller.wav"


async def test_the_totals_of_nothing_are_zeros(calls: CallsService):
    totals = await calls.totals(CallFilter(number="+70000000000"))
    assert (totals.calls, totals.missed, totals.conversations, totals.recorded) == (0, 0, 0, 0)


async def test_wrong_ids_and_cursors_are_refused(calls: CallsService):
    with pytest.raises(NotFound):
        await calls.get(404)
    with pytest.raises(Refused):
        await calls.find(CallFilter(), cursor="; DROP TABLE calls")


async def test_hostile_names_are_stored_as_they_came_but_for_nul(calls: CallsService, store: Store):
    name = "Ив'\"<b>\r\n\U0001f600\0"
    async with store.begin() as tx:
        row_id = await rows.upsert(tx, call(name=name))
    assert (await calls.get(row_id)).call.name == name.replace("\0", "")


# --- coverage ---------------------------------------------------------------------------------------------------


def at(seconds: float):
    return START + timedelta(seconds=seconds)


def test_gaps_are_what_neither_events_nor_ledger_cover():
    seen = [
        Interval("main", "events", at(-100), at(10)),
        Interval("main", "events", at(30), at(40)),
        Interval("main", "ledger", at(8), at(20)),
        Interval("main", "events", at(60)),
        Interval("other", "events", at(0), at(100)),
    ]
    found = gaps(seen, "main", at(0), at(100))
    assert [(g.began_at, g.ended_at) for g in found] == [(at(20), at(30)), (at(40), at(60))]
    assert [(g.began_at, g.ended_at) for g in gaps([], "main", at(0), at(9))] == [(at(0), at(9))]
    assert gaps(seen, "main", at(70), at(90)) == []


async def test_coverage_opens_lives_and_closes(store: Store):
    coverage = CoverageService(store=store, clock=ManualClock())
    await coverage.opened("main", at(0))
    await coverage.opened("main", at(1))
    await coverage.seen("main", at(20))
    await coverage.closed("main", at(15))
    await coverage.opened("main", at(50))
    found = await coverage.intervals(at(0), at(100))
    assert [(i.began_at, i.ended_at) for i in found] == [(at(0), at(20)), (at(50), None)]


async def test_after_a_crash_coverage_ends_at_the_last_sign_of_life(store: Store):
    coverage = CoverageService(store=store, clock=ManualClock())
    assert await coverage.crashed("main") is None
    await coverage.opened("main", at(0))
    await coverage.seen("main", at(20))
    assert await coverage.crashed("main") == at(20)
    await coverage.opened("main", at(90))
    await coverage.recovered("main", at(20), at(90))
    await coverage.recovered("main", at(20), at(90))
    found = await coverage.intervals(at(0), at(100))
    assert [(i.source, i.began_at, i.ended_at) for i in found] == [
        ("events", at(0), at(20)), ("ledger", at(20), at(90)), ("events", at(90), None),
    ]  # fmt: skip
    assert gaps(found, "main", at(0), at(100)) == []
