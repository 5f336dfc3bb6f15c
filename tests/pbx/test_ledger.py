"""The PBX-side ledger: what was written while nobody listened becomes calls, whole and with true times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine.calls.events import CallAnswered, CallArrived, CallbackRequested, CallEnded, CallMissed, MessageLeft
from callengine.calls.model import CallKey, Conversation, Direction, Missed, Outcome, State, completed
from callengine.pbx import ledger
from callengine.pbx.ledger import LedgerCall, parse_tree, reconcile
from callengine.phone import Kind
from tests.pbx.fake_ami import FakeAmi, Heard, event, listing, running

BASE = 1_795_334_400.125
ARRIVED = datetime.fromtimestamp(BASE, UTC)


def row(part: str, value: str, linkedid: str = "1795334400.7") -> tuple[str, str]:
    return f"/callengine/{linkedid}/{part}", value


def arrival(
    number: str = "+79074121806", name: str = "Иванова", direction: str = "inbound", pres: str = "allowed_not_screened"
) -> tuple[str, str]:
    return row("arrival", f"v1|{BASE}|{pres}|{quote(number)}|{quote(name)}|83072|{direction}")


def end(seconds: float = 40, talked: str = "0", cause: int = 16, dial_status: str = "") -> tuple[str, str]:
    return row("end", f"{BASE + seconds}|{talked}||TRUE|{cause}|{dial_status}|")


def one(*rows: tuple[str, str]) -> LedgerCall:
    read = parse_tree("main", rows)
    assert not read.bad, read.bad
    (call,) = read.calls.values()
    return call


@pytest.mark.parametrize(
    ("stage", "missed"),
    [
        ("greeting", Missed.GREETING),
        ("menu", Missed.MENU),
        ("status", Missed.MENU),
        ("announcement", Missed.ANNOUNCEMENT),
        ("queue", Missed.QUEUE),
        ("no_operators", Missed.NO_OPERATORS),
        ("after_hours", Missed.AFTER_HOURS),
        ("timeout", Missed.TIMEOUT),
        ("something new", Missed.UNKNOWN),
    ],
)
def test_a_call_missed_while_the_engine_was_dead_says_where_it_stood(stage: str, missed: Missed) -> None:
    """F7, F10."""
    facts = reconcile(one(arrival(), row("stage", f"{BASE + 5}|{stage}"), end()), None)
    assert [type(f) for f in facts] == [CallArrived, CallMissed, CallEnded]
    call = facts[-1].call
    assert (call.outcome, call.missed, call.source) == (Outcome.MISSED, missed, "ledger")
    assert (call.arrived_at, call.ended_at) == (ARRIVED, ARRIVED + timedelta(seconds=40))
    assert (str(call.number), call.name, call.did) == ("+79074121806", "Иванова", "83072")


def test_who_was_told_his_tickets_before_the_engine_died_is_served() -> None:
    served = one(arrival(), row("stage", f"{BASE + 5}|served"), end())
    facts = reconcile(served, None)
    assert [type(f) for f in facts] == [CallArrived, CallEnded]
    assert (facts[-1].call.outcome, facts[-1].call.missed) == (Outcome.SERVED, None)
    # Events that saw the arrival and the end, and not what was between them, think him missed.
    missed = facts[-1].call.evolve(outcome=Outcome.MISSED, missed=Missed.GREETING, source="events")
    both = completed(missed, facts[-1].call)
    assert (both.outcome, both.missed) == (Outcome.SERVED, None)


def test_an_answered_call_has_its_operator_its_talk_and_its_recording() -> None:
    facts = reconcile(
        one(arrival(), row("answered", f"{BASE + 10}|103"), row("recording", "callengine/x.wav"), end(40, "30")), None
    )
    assert [type(f) for f in facts] == [CallArrived, CallAnswered, CallEnded]
    call = facts[-1].call
    assert (call.outcome, call.missed, call.operator, call.talk_seconds) == (Outcome.ANSWERED, None, "103", 30.0)
    assert call.recording_file == "callengine/x.wav"


def test_a_key_and_a_message_are_told_before_the_end() -> None:
    facts = reconcile(one(arrival(), row("callback", f"{BASE + 5}"), row("message", f"{BASE + 9}|m.wav"), end()), None)
    assert [type(f) for f in facts] == [CallArrived, CallbackRequested, MessageLeft, CallMissed, CallEnded]
    assert (facts[-1].call.missed, facts[-1].call.message_file) == (Missed.CALLBACK_REQUESTED, "m.wav")


@pytest.mark.parametrize("pres", ["prohib_not_screened", "prohib_passed_screen", "unavailable"])
def test_a_hidden_number_stays_hidden_although_the_network_told_it(pres: str) -> None:
    (fact, *_) = reconcile(one(arrival(pres=pres), end()), None)
    assert fact.call.number.kind is Kind.WITHHELD


@pytest.mark.parametrize(
    ("status", "cause", "outcome"),
    [
        ("BUSY", 17, Outcome.BUSY),
        ("CONGESTION", 34, Outcome.FAILED),
        ("CHANUNAVAIL", 20, Outcome.FAILED),
        ("", 21, Outcome.REJECTED),
        ("NOANSWER", 16, Outcome.NO_ANSWER),
        ("CANCEL", 16, Outcome.NO_ANSWER),
    ],
)
def test_an_outbound_call_has_an_outcome_and_is_never_missed(status: str, cause: int, outcome: Outcome) -> None:
    rows = (arrival("101", "", "outbound"), row("request", "req-1"), end(20, "0", cause, status))
    facts = reconcile(one(*rows), None)
    assert [type(f) for f in facts] == [CallArrived, CallEnded]
    call = facts[-1].call
    assert (call.outcome, call.request_id, str(call.number)) == (outcome, "req-1", "83072")


ROBOTS = (arrival(direction="outbound"), row("request", "robot-7-1"), row("robot", "v1|result=to_operator&final=1"))


@pytest.mark.parametrize("stage", ["queue", "no_operators", "timeout", "after_hours"])
def test_who_asked_the_robot_for_an_operator_waited_for_one_though_nobody_saw_it(stage: str) -> None:
    call = reconcile(one(*ROBOTS, row("stage", f"{BASE + 20}|{stage}"), end()), None)[-1].call
    assert (call.robot, call.queued_at, call.talks) == (True, ARRIVED + timedelta(seconds=20), ())


def test_who_spoke_with_the_robot_alone_waited_for_nobody() -> None:
    assert reconcile(one(*ROBOTS, row("stage", f"{BASE + 1}|robot"), end()), None)[-1].call.queued_at is None


def test_the_operator_who_took_a_call_of_the_robot_is_known_though_the_resident_had_picked_up_before() -> None:
    rows = (*ROBOTS, row("stage", f"{BASE + 20}|queue"), row("answered", f"{BASE + 25}|103"), end())
    begun = reconcile(one(*ROBOTS, end()), None)[-1].call
    known = begun.evolve(state=State.MENU, outcome=None, ended_at=None, answered_at=ARRIVED)
    call = reconcile(one(*rows), known)[-1].call
    assert (call.answered_at, [talk.operator for talk in call.talks]) == (ARRIVED, ["103"])


def test_a_call_that_lives_is_left_alone() -> None:
    assert reconcile(one(arrival()), None) == []


def test_a_call_known_to_its_end_is_not_told_again() -> None:
    facts = reconcile(one(arrival(), end()), None)
    assert reconcile(one(arrival(), end()), facts[-1].call) == []


def test_a_call_that_died_with_the_pbx_ended_when_it_was_last_seen() -> None:
    call = one(arrival(), row("stage", f"{BASE + 7}|queue"))
    facts = reconcile(call, None, gone=True)
    assert facts[-1].at == ARRIVED + timedelta(seconds=7)
    assert facts[-1].call.missed is Missed.QUEUE


def test_a_call_whose_beginning_was_seen_is_finished_and_not_begun_again() -> None:
    known = Conversation(CallKey("main", "1795334400.7"), Direction.INBOUND, ARRIVED, state=State.OFFERED, queue="desk")
    facts = reconcile(one(arrival(), row("stage", f"{BASE + 5}|queue"), end()), known)
    assert [type(f) for f in facts] == [CallMissed, CallEnded]
    assert (facts[-1].call.missed, facts[-1].call.queue) == (Missed.RINGING, "desk")
    assert facts[-1].call.source == "events"


def test_bad_rows_are_reported_and_the_rest_of_the_call_counts() -> None:
    rows = [
        arrival(),
        end(),
        row("stage", "yesterday|queue"),
        row("answered", "nan|101"),
        row("weather", "fine"),
        ("/callengine/../../etc", "x"),
        ("/other/1.1/arrival", "x"),
        row("arrival", "v2|1|2|3", "9.9"),
    ]
    read = parse_tree("main", rows)
    assert len(read.bad) == 6
    assert [type(f) for f in reconcile(read.calls["1795334400.7"], None)] == [CallArrived, CallMissed, CallEnded]
    assert reconcile(read.calls["9.9"], None) == []


PARTS = st.sampled_from(["arrival", "stage", "answered", "recording", "callback", "message", "end", "request", "?"])
VALUES = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(["v1", str(BASE), "1e999", "nan", "-1", "", "inbound", "%D0%98", "TRUE", "²"]), max_size=9
    ).map("|".join),
)


@given(
    st.lists(st.tuples(st.one_of(st.text(max_size=30), PARTS.map("/callengine/1.1/{}".format)), VALUES), max_size=12)
)
def test_no_ledger_however_broken_is_fatal(rows: list[tuple[str, str]]) -> None:
    read = parse_tree("main", rows)
    for call in read.calls.values():
        for gone in (False, True):
            facts = reconcile(call, None, gone=gone)
            assert [f for f in facts if isinstance(f, CallEnded)] == facts[-1:]
            assert all(f.call.ended_at is None or f.call.ended_at >= f.call.arrived_at for f in facts)


@given(
    rows=st.permutations(
        [
            arrival(),
            end(),
            row("stage", f"{BASE + 5}|queue"),
            row("answered", f"{BASE + 10}|103"),
            row("callback", "1e9"),
        ]
    )
)
def test_the_order_of_the_rows_does_not_matter(rows: list[tuple[str, str]]) -> None:
    facts = reconcile(one(*rows), None)
    assert facts[-1].call.outcome is Outcome.ANSWERED


async def test_the_tree_is_read_and_cleared_over_ami(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["DBGetTree"] = lambda a: listing(
        a, *(event("DBGetTreeResponse", Key=key, Val=value) for key, value in (arrival(), end()))
    )
    async with running(fake, heard) as link:
        read = await ledger.read(link)
        assert list(read.calls) == ["1795334400.7"]
        await ledger.forget(link, read.calls)
    deleted = next(a for a in fake.actions if a["Action"] == "DBDelTree")
    assert (deleted["Family"], deleted["Key"]) == ("callengine", "1795334400.7")
