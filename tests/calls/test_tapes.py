"""Tapes of a real Asterisk 22 and 16, by story: one outcome each, whatever was shuffled, doubled, lost or cut."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
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
from callengine.phone import WITHHELD
from tests.calls.dsl import Story, outcomes_are_single, told

TAPES = Path(__file__).parent.parent / "tapes"
ALL = sorted(TAPES.glob("*/*.jsonl"))


@cache
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
    assert bool(facts) == (path.stem not in SILENT)
    outcomes_are_single(facts)


# direction, outcome, why missed, the operators' talks in seconds, how each offer ended
STORIES: dict[str, list[tuple[str, str, str | None, dict[str, float], list[tuple[str, str]]]]] = {
    "after_hours": [("inbound", "missed", "after_hours", {}, [])],
    "attended_transfer": [
        ("inbound", "answered", None, {"101": 2, "102": 2}, [("101", "answered"), ("102", "answered")]),
        ("internal", "answered", None, {"101": 1, "102": 1}, [("102", "answered")]),
    ],
    "blind_transfer": [("inbound", "answered", None, {"101": 2, "102": 2}, [("101", "answered"), ("102", "answered")])],
    "blind_transfer_unanswered": [
        ("inbound", "answered", None, {"101": 1}, [("101", "answered"), ("102", "no_answer")])
    ],
    "direct_dial_from_outside": [("inbound", "answered", None, {"101": 3}, [("101", "answered")])],
    "direct_dial_unanswered": [("inbound", "missed", "ringing", {}, [("101", "no_answer")])],
    "early_media_from_operator": [("inbound", "answered", None, {"101": 3}, [("101", "answered")])],
    "hangup_in_announcement": [("inbound", "missed", "announcement", {}, [])],
    "hangup_in_greeting": [("inbound", "missed", "greeting", {}, [])],
    "hangup_in_menu": [("inbound", "missed", "menu", {}, [])],
    "hangup_in_queue": [
        ("inbound", "answered", None, {"101": 8.3}, [("101", "answered")]),
        ("inbound", "missed", "queue", {}, []),
    ],
    "hangup_on_hold": [("inbound", "answered", None, {"101": 2.5}, [("101", "answered")])],
    "hangup_while_ringing": [("inbound", "missed", "ringing", {}, [("101", "no_answer")])],
    "hold_and_resume": [("inbound", "answered", None, {"101": 4}, [("101", "answered")])],
    "key_1_callback": [("inbound", "missed", "callback_requested", {}, [("101", "no_answer")])],
    "key_2_message": [("inbound", "missed", "message", {}, [("101", "no_answer")])],
    "local_channel": [("inbound", "answered", None, {"101": 3}, [("101", "answered")])],
    "local_channel_kept": [("inbound", "answered", None, {"101": 3}, [("101", "answered")])],
    "malformed_number": [("inbound", "missed", "ringing", {}, [("101", "no_answer")])],
    "menu_then_answered": [("inbound", "answered", None, {"101": 3}, [("101", "answered")])],
    "no_operators": [("inbound", "missed", "no_operators", {}, [])],
    "operator_calls_operator": [("internal", "answered", None, {"101": 2, "102": 2}, [("102", "answered")])],
    "operator_hangs_up": [("inbound", "answered", None, {"101": 2}, [("101", "answered")])],
    "originate_answered": [("outbound", "answered", None, {"101": 3}, [])],
    "originate_no_answer": [("outbound", "no_answer", None, {}, [])],
    # Nobody outside was ever dialled: that is the origination's failure, no conversation.
    "originate_operator_does_not_pick_up": [],
    "originate_operator_refuses": [],
    "outbound_answered": [("outbound", "answered", None, {"101": 3}, [])],
    "outbound_busy": [("outbound", "busy", None, {}, [])],
    "outbound_early_media": [("outbound", "answered", None, {"101": 2}, [])],
    "outbound_no_answer": [("outbound", "no_answer", None, {}, [])],
    "outbound_rejected": [("outbound", "rejected", None, {}, [])],
    "phone_dead": [("inbound", "missed", "phone_dead", {}, [("101", "dead")])],
    "phone_dies_at_the_answer": [("inbound", "missed", "phone_dead", {}, [("101", "dead"), ("101", "dead")])],
    "pickup": [("internal", "answered", None, {"101": 2, "103": 2}, [("102", "elsewhere")])],
    "pickup_from_queue": [("inbound", "answered", None, {"109": 3}, [("101", "elsewhere")])],
    "queue_answered": [("inbound", "answered", None, {"101": 3}, [("101", "answered")])],
    "queue_timeout": [("inbound", "missed", "timeout", {}, [("101", "no_answer"), ("101", "no_answer")])],
    "queue_to_queue": [("inbound", "answered", None, {"101": 3}, [("104", "no_answer"), ("101", "answered")])],
    "ring_all": [
        ("inbound", "answered", None, {"102": 3}, [("101", "elsewhere"), ("102", "answered"), ("103", "elsewhere")])
    ],
    "ring_timeout_then_second_answers": [
        ("inbound", "answered", None, {"101": 3}, [("102", "no_answer"), ("101", "answered")])
    ],
    "two_at_once": [
        ("inbound", "answered", None, {"102": 3}, [("102", "answered")]),
        ("inbound", "answered", None, {"101": 3}, [("101", "answered")]),
    ],
}


def _seconds(call: Conversation) -> dict[str, float]:
    return {t.operator: (t.ended_at - t.began_at).total_seconds() for t in call.talks if t.ended_at}


SILENT = {name for name, calls in STORIES.items() if not calls}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("version", ["16", "22"])
def test_tapes_tell_their_story(version: str, story: str):
    path = TAPES / version / f"{story}.jsonl"
    if not path.exists():
        pytest.skip("this story has not been recorded on this version")
    found = [
        (
            str(call.direction),
            str(call.outcome),
            call.missed and str(call.missed),
            pytest.approx(_seconds(call), abs=0.4),
            # Which member a round robin asks first is chance: who was busy for a moment is left out.
            [(o.operator, o.result) for o in call.offers if o.result != "refused"],
        )
        for _, call in sorted(final(told(tape(path))).items())
    ]  # fmt: skip
    if story == "two_at_once":
        found.sort(key=str)
        assert sorted(found, key=str) == found and len(found) == 2
        return
    assert found == STORIES[story]


@pytest.mark.parametrize("version", ["16", "22"])
@pytest.mark.parametrize("story", ["withheld_answered", "withheld_missed"])
def test_a_withheld_number_is_withheld_though_the_network_sent_it(version: str, story: str):
    (call,) = final(told(tape(TAPES / version / f"{story}.jsonl"))).values()
    assert call.number == WITHHELD


@pytest.mark.parametrize("version", ["16", "22"])
def test_everybody_refusing_is_refused(version: str):
    (call,) = final(told(tape(TAPES / version / "all_refuse.jsonl"))).values()
    assert (call.outcome, call.missed, {o.result for o in call.offers}) == ("missed", "refused", {"refused"})


@pytest.mark.parametrize("version", ["16", "22"])
def test_the_click_to_calls_request_is_on_its_conversation(version: str):
    (call,) = final(told(tape(TAPES / version / "originate_answered.jsonl"))).values()
    assert call.request_id == "tape-1"


# --- what a PBX can do to a stream ------------------------------------------------------------------------------


def shuffled(signals: list[s.Signal], delays: list[int]) -> list[s.Signal]:
    """Each signal arrives up to so many milliseconds late: neighbours in time change places."""
    late = [(x.at + timedelta(milliseconds=delays[i % len(delays)]), i, x) for i, x in enumerate(signals)]
    return [x for _, _, x in sorted(late, key=lambda item: item[:2])]


delays = st.lists(st.integers(0, 120), min_size=1, max_size=60)
chosen = st.sampled_from(ALL) if ALL else st.nothing()
some = st.integers(0, 10_000)

SAME = ("outcome", "missed", "arrived_at", "answered_at", "number", "operator", "direction", "did")


@settings(max_examples=150, deadline=None)
@given(path=chosen, delays=delays)
def test_shuffled_in_small_windows_a_tape_reads_the_same(path: Path, delays: list[int]):
    signals = tape(path)
    orderly, facts = final(told(signals)), told(shuffled(signals, delays))
    outcomes_are_single(facts)
    found = final(facts)
    for linkedid, call in orderly.items():
        assert {f: getattr(found[linkedid], f) for f in SAME} == {f: getattr(call, f) for f in SAME}
        # Where a conversation ends by joining another one, the moment of joining is when it was heard.
        assert abs(found[linkedid].ended_at - call.ended_at) < timedelta(seconds=0.2)  # type: ignore[operator]


@settings(max_examples=100, deadline=None)
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


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=150, deadline=None)
@given(path=chosen, drains=st.lists(st.integers(1, 30), min_size=1), delays=delays)
def test_a_drain_at_once_tells_what_signal_by_signal_tells(path: Path, drains: list[int], delays: list[int]):
    signals = shuffled(tape(path), delays)
    one_by_one, tracker = told(signals), Tracker("main")
    facts: list[CallFact] = []
    start = turn = 0
    while start < len(signals):
        size = drains[turn % len(drains)]
        facts += tracker.feed_many(signals[start : start + size])
        start, turn = start + size, turn + 1
    facts += tracker.settle()
    outcomes_are_single(facts)
    many, single = final(facts), final(one_by_one)
    for linkedid, call in single.items():
        if linkedid in many:  # a consultation that was joined within one drain was never a call of its own
            assert {f: getattr(many[linkedid], f) for f in SAME} == {f: getattr(call, f) for f in SAME}
    assert len(many) >= len(single) - 1 and (bool(many) == bool(single))


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=150, deadline=None)
@given(signals=stories(), delays=delays, lost=st.sets(some, max_size=20))
def test_any_story_with_losses_has_one_outcome_each(signals: list[s.Signal], delays: list[int], lost: set[int]):
    gone = {x % len(signals) for x in lost}
    tracker = Tracker("main")
    facts = told([x for i, x in enumerate(shuffled(signals, delays)) if i not in gone], tracker)
    facts += tracker.resync(s.Snapshot(signals[-1].at + timedelta(seconds=60)))
    outcomes_are_single(facts)
    ends = {f.call.key.linkedid for f in facts if isinstance(f, CallEnded)}
    assert {f.call.key.linkedid for f in facts if isinstance(f, CallMissed)} <= ends
