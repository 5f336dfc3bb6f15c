"""Tapes of a real Asterisk 22 and 16, by story: one outcome each, whatever was shuffled, doubled, lost or cut."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.calls import signals as s
from callengine.calls.events import CallEnded, CallFact, CallMissed
from callengine.calls.model import Conversation
from callengine.calls.tracker import Tracker
from callengine.clock import parse_rfc3339
from callengine.pbx.translate import translate
from tests.calls.dsl import Story, outcomes_are_single, told

TAPES = Path(__file__).parent.parent / "tapes"
ALL = sorted(TAPES.glob("*/*.jsonl"))


def tape(path: Path) -> list[s.Signal]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()[1:]]
    events = [(line["event"], parse_rfc3339(line["received_at"])) for line in lines if "event" in line]
    return [signal for event, at in events if (signal := translate(event, at)) is not None]


def final(facts: list[CallFact]) -> dict[str, Conversation]:
    """How each conversation stands at the end."""
    return {fact.call.key.linkedid: fact.call for fact in facts if fact.call.ended_at is not None}


@pytest.mark.parametrize("path", ALL, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_every_tape_ends_every_conversation_once(path: Path):
    facts = told(tape(path))
    assert facts
    outcomes_are_single(facts)


STORIES = {
    "after_hours": ("missed", "after_hours"),
    "all_refuse": ("missed", "refused"),
    "hangup_in_announcement": ("missed", "announcement"),
    "hangup_in_greeting": ("missed", "greeting"),
    "hangup_in_menu": ("missed", "menu"),
    "hangup_while_ringing": ("missed", "ringing"),
    "no_operators": ("missed", "no_operators"),
    "queue_answered": ("answered", None),
    "ring_timeout_then_second_answers": ("answered", None),
}


@pytest.mark.parametrize(("story", "wanted"), STORIES.items(), ids=STORIES)
@pytest.mark.parametrize("version", ["16", "22"])
def test_tapes_tell_their_story(version: str, story: str, wanted: tuple[str, str | None]):
    path = TAPES / version / f"{story}.jsonl"
    if not path.exists():
        pytest.skip("this story has not been recorded")
    (call,) = final(told(tape(path))).values()
    assert (call.outcome, call.missed) == wanted


# --- what a PBX can do to a stream ------------------------------------------------------------------------------


def shuffled(signals: list[s.Signal], delays: list[int]) -> list[s.Signal]:
    """Each signal arrives up to so many milliseconds late: neighbours in time change places."""
    late = [(x.at + timedelta(milliseconds=delays[i % len(delays)]), i, x) for i, x in enumerate(signals)]
    return [x for _, _, x in sorted(late, key=lambda item: item[:2])]


delays = st.lists(st.integers(0, 120), min_size=1, max_size=60)
chosen = st.sampled_from(ALL) if ALL else st.nothing()
some = st.integers(0, 10_000)

SAME = ("outcome", "missed", "arrived_at", "ended_at", "answered_at", "number", "operator", "direction", "did")


@settings(max_examples=300, deadline=None)
@given(path=chosen, delays=delays)
def test_shuffled_in_small_windows_a_tape_reads_the_same(path: Path, delays: list[int]):
    signals = tape(path)
    orderly, facts = final(told(signals)), told(shuffled(signals, delays))
    outcomes_are_single(facts)
    found = final(facts)
    for linkedid, call in orderly.items():
        assert {f: getattr(found[linkedid], f) for f in SAME} == {f: getattr(call, f) for f in SAME}


@settings(max_examples=200, deadline=None)
@given(path=chosen, delays=delays, doubled=st.sets(some, max_size=40))
def test_doubled_events_change_nothing(path: Path, delays: list[int], doubled: set[int]):
    signals = tape(path)
    twice = [x for i, x in enumerate(signals) for _ in range(2 if i in {d % len(signals) for d in doubled} else 1)]
    facts = told(shuffled(twice, delays))
    outcomes_are_single(facts)
    orderly = final(told(signals))
    assert {k: (c.outcome, c.missed) for k, c in final(facts).items()} == {
        k: (c.outcome, c.missed) for k, c in orderly.items()
    }


@settings(max_examples=300, deadline=None)
@given(path=chosen, delays=delays, lost=st.sets(some, max_size=12))
def test_lost_events_never_give_two_outcomes_and_resync_ends_what_hangs(path: Path, delays: list[int], lost: set[int]):
    signals = tape(path)
    gone = {x % len(signals) for x in lost}
    tracker = Tracker("main")
    facts = told([x for i, x in enumerate(shuffled(signals, delays)) if i not in gone], tracker)
    facts += tracker.resync(s.Snapshot(signals[-1].at + timedelta(seconds=60)))
    outcomes_are_single(facts)
    assert tracker.live() == []


def alive_after(signals: list[s.Signal], cut: int) -> s.Snapshot:
    """What CoreShowChannels would have answered after `cut` signals."""
    legs: dict[str, s.Leg] = {}
    bridges: dict[str, str] = {}
    for signal in signals[:cut]:
        if isinstance(signal, s.LegSignal):
            legs[signal.leg.uniqueid] = signal.leg
        if isinstance(signal, s.BridgeEntered):
            bridges[signal.leg.uniqueid] = signal.bridge
        elif isinstance(signal, s.BridgeLeft):
            bridges.pop(signal.leg.uniqueid, None)
        elif isinstance(signal, s.ChannelGone):
            legs.pop(signal.leg.uniqueid, None)
    at = signals[cut].at if cut < len(signals) else signals[-1].at + timedelta(seconds=1)
    return s.Snapshot(at, tuple(s.LiveChannel(leg, bridges.get(uid, "")) for uid, leg in legs.items()))


@settings(max_examples=300, deadline=None)
@given(path=chosen, cut=some, missing=st.integers(0, 40), restart=st.booleans())
def test_a_cut_link_or_a_restart_anywhere_still_gives_one_outcome(path: Path, cut: int, missing: int, restart: bool):
    signals = tape(path)
    cut %= len(signals)
    back = min(cut + missing, len(signals))
    tracker = Tracker("main")
    facts = [fact for x in signals[:cut] for fact in tracker.feed(x)]
    tracker.lost()
    if restart:
        held = tracker.live()
        tracker = Tracker("main")
        tracker.prime(held, signals[max(cut - 1, 0)].at)
    facts += tracker.resync(alive_after(signals, back))
    facts += told(signals[back:], tracker)
    facts += tracker.resync(s.Snapshot(signals[-1].at + timedelta(seconds=60)))
    outcomes_are_single(facts)
    assert tracker.live() == []


# --- made-up stories, for what no tape holds ------------------------------------------------------------------------


@st.composite
def stories(draw: st.DrawFn) -> list[s.Signal]:
    story = Story()
    callers = draw(st.integers(1, 3))
    for n in range(callers):
        caller = story.arrives(f"+7907412180{n}")
        story.passes(draw(st.floats(0.2, 3)))
        if draw(st.booleans()):
            caller.joins()
            for _ in range(draw(st.integers(0, 3))):
                ring = caller.rings(str(draw(st.integers(101, 105))), rings=draw(st.booleans()))
                story.passes(draw(st.floats(0.2, 15)))
                match draw(st.sampled_from(["answers", "refuses", "stops", "nothing"])):
                    case "answers":
                        ring.answers()
                        story.passes(draw(st.floats(0.5, 60)))
                        break
                    case "refuses":
                        ring.refuses()
                    case "stops":
                        ring.stops()
            story.passes(draw(st.floats(0.2, 3)))
        if draw(st.booleans()):
            story.end_all()
    story.end_all()
    return story.signals


@settings(max_examples=300, deadline=None)
@given(signals=stories(), delays=delays, doubled=st.sets(some, max_size=10))
def test_any_story_reads_the_same_after_a_shuffle(signals: list[s.Signal], delays: list[int], doubled: set[int]):
    again = {d % len(signals) for d in doubled}
    disturbed = shuffled([x for i, x in enumerate(signals) for _ in range(2 if i in again else 1)], delays)
    facts = told(disturbed)
    outcomes_are_single(facts)
    found = final(facts)
    for linkedid, call in final(told(signals)).items():
        assert (found[linkedid].outcome, found[linkedid].missed) == (call.outcome, call.missed)
        assert found[linkedid].arrived_at == call.arrived_at


@settings(max_examples=300, deadline=None)
@given(signals=stories(), delays=delays, lost=st.sets(some, max_size=20))
def test_any_story_with_losses_has_one_outcome_each(signals: list[s.Signal], delays: list[int], lost: set[int]):
    gone = {x % len(signals) for x in lost}
    tracker = Tracker("main")
    facts = told([x for i, x in enumerate(shuffled(signals, delays)) if i not in gone], tracker)
    facts += tracker.resync(s.Snapshot(signals[-1].at + timedelta(seconds=60)))
    outcomes_are_single(facts)
    ends = {f.call.key.linkedid for f in facts if isinstance(f, CallEnded)}
    assert {f.call.key.linkedid for f in facts if isinstance(f, CallMissed)} <= ends
