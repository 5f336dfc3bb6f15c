"""The tracker's stories, written by hand: what happens on the line, and the one way it must be told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callengine.calls import signals as s
from callengine.calls.events import (
    CallAnswered,
    CallArrived,
    CallbackRequested,
    CallEnded,
    CallMissed,
    CallOffered,
    MessageLeft,
    OfferEnded,
)
from callengine.calls.model import Direction, Missed, Outcome, State
from callengine.calls.tracker import LINGER_LIMIT, REMEMBER_LIMIT, Tracker
from callengine.phone import WITHHELD
from tests.calls.dsl import START, Line, Story, last, names, outcomes_are_single, told

# --- inbound, answered -----------------------------------------------------------------------------------------


def test_a_queue_call_is_arrived_queued_offered_answered_and_ended():
    story = Story()
    caller = story.passes(5).arrives().joins()
    story.passes(2)
    caller.rings("101").answers()
    story.passes(60)
    story.end_all()

    facts = told(story.signals)

    wanted = ["CallArrived", "CallQueued", "CallOffered", "OfferEnded", "CallAnswered", "CallEnded"]
    assert [n for n in names(facts) if n != "CallChanged"] == wanted
    call = last(facts)
    assert (call.outcome, call.missed, call.state) == (Outcome.ANSWERED, None, State.ENDED)
    assert (call.operator, call.queue, call.did, call.number.value) == ("101", "desk", "115", "+79074121806")
    assert call.arrived_at == START + timedelta(seconds=5)
    assert call.talk_seconds == pytest.approx(60, abs=0.1)


def test_f1_an_answered_group_call_is_no_miss_and_carries_the_time_of_the_offer():
    story = Story()
    caller = story.arrives()
    story.passes(1)
    offered_at = story.at
    rings = [caller.dials(f"PJSIP/{n}") for n in (101, 102, 103)]
    story.passes(4)
    rings[1].answers()
    for other in (rings[0], rings[2]):
        other.stops("CANCEL")
    story.passes(10)
    story.end_all()

    facts = told(story.signals)

    outcomes_are_single(facts)
    assert not any(isinstance(fact, CallMissed) for fact in facts)
    call = last(facts)
    assert call.offered_at is not None and abs(call.offered_at - offered_at) < timedelta(seconds=0.1)
    assert {o.operator: o.result for o in call.offers} == {"101": "elsewhere", "102": "answered", "103": "elsewhere"}


def test_f2_ring_all_of_13_gives_one_record():
    story = Story()
    caller = story.arrives().joins()
    phones = [str(n) for n in range(101, 114)]
    for _ in range(3):
        rings = [caller.rings(phone) for phone in phones]
        story.passes(15)
        for ring in rings:
            ring.stops()
    rings = [caller.rings(phone) for phone in phones]
    story.passes(3)
    for ring in rings:
        ring.stops("CANCEL")
    caller.leaves()
    caller.gone()

    facts = told(story.signals)

    outcomes_are_single(facts)
    assert len({fact.call.key for fact in facts}) == 1
    assert sum(isinstance(fact, CallMissed) for fact in facts) == 1
    assert len(last(facts).offers) == 4 * 13
    assert last(facts).missed is Missed.RINGING


def test_f31_when_two_phones_answer_at_once_one_operator_has_the_call():
    story = Story()
    caller = story.arrives().joins()
    first, second = caller.rings("101"), caller.rings("102")
    story.passes(3)
    second.becomes(s.UP)
    first.answers()
    second.stops("CANCEL")
    story.passes(30)
    story.end_all()

    facts = told(story.signals)

    assert [f.operator for f in facts if isinstance(f, CallAnswered)] == ["101"]
    assert [t.operator for t in last(facts).talks] == ["101"]


def test_round_robin_reaches_the_second_operator_after_the_first_rang_in_vain_f27():
    story = Story()
    caller = story.arrives().joins()
    ring = caller.rings("101")
    story.passes(15)
    ring.stops()
    story.passes(1)
    caller.rings("102").answers()
    story.passes(20)
    story.end_all()

    facts = told(story.signals)

    offered = [f.operator for f in facts if isinstance(f, CallOffered)]
    ended = [(f.operator, f.result) for f in facts if isinstance(f, OfferEnded)]
    assert offered == ["101", "102"]
    assert ended == [("101", "no_answer"), ("102", "answered")]
    order = [type(f).__name__ + f.operator for f in facts if isinstance(f, CallOffered | OfferEnded)]
    assert order.index("OfferEnded101") < order.index("CallOffered102"), "the pop of 101 goes away before 102's comes"


def test_early_media_is_no_answer():
    story = Story()
    operator = story.lifts("101", "+79075550000")
    trunk = operator.dials("PJSIP/trunk", "+79075550000@trunk")
    story.passes(20)  # 183 with music, no bridge
    trunk.stops("NOANSWER", 19)
    operator.gone()

    call = last(told(story.signals))

    assert (call.direction, call.outcome, call.answered_at) == (Direction.OUTBOUND, Outcome.NO_ANSWER, None)
    assert call.number.value == "+79075550000"


def test_hold_is_a_state_and_counted_inside_the_talk():
    story = Story()
    caller = story.arrives().joins()
    ring = caller.rings("101").answers()
    story.passes(10)
    ring.holds()
    story.passes(30)
    ring.resumes()
    story.passes(20)
    states = [fact.call.state for fact in told(story.signals)]
    story.end_all()

    call = last(told(story.signals))

    assert State.HELD in states and states[-1] is State.TALKING
    assert call.held_seconds == pytest.approx(30, abs=0.1)
    assert call.talk_seconds == pytest.approx(60, abs=0.1)


# --- inbound, missed -------------------------------------------------------------------------------------------


def hangs_up_in(stage: str):
    story = Story()
    caller = story.arrives()
    if stage != "greeting":
        story.passes(3)
        caller.stage(stage)
    story.passes(3)
    caller.gone()
    return told(story.signals)


@pytest.mark.parametrize("stage", ["greeting", "menu", "announcement", "no_operators", "after_hours"])
def test_f7_hanging_up_anywhere_is_missed_with_the_place(stage):
    facts = hangs_up_in(stage)
    assert names(facts)[-2:] == ["CallMissed", "CallEnded"]
    assert last(facts).missed == Missed(stage)


def test_who_has_heard_the_state_of_his_tickets_and_hangs_up_is_served_and_not_missed():
    facts = hangs_up_in("served")
    assert names(facts)[-1:] == ["CallEnded"] and "CallMissed" not in names(facts)
    assert (last(facts).outcome, last(facts).missed) == (Outcome.SERVED, None)


def test_who_hangs_up_before_his_tickets_were_told_is_missed_in_the_menu():
    assert last(hangs_up_in("status")).missed is Missed.MENU


def test_who_wants_an_operator_after_his_tickets_and_gets_none_is_missed_in_the_queue():
    story = Story()
    caller = story.arrives()
    story.passes(10)
    caller.stage("served")
    story.passes(2)
    caller.joins()
    story.passes(20)
    story.say(s.QueueAbandoned(story.at, caller.leg, "desk"))
    caller.gone()
    facts = told(story.signals)
    assert (last(facts).outcome, last(facts).missed) == (Outcome.MISSED, Missed.QUEUE)


def test_f7_hanging_up_in_the_queue():
    story = Story()
    caller = story.arrives().joins()
    story.passes(30)
    story.say(s.QueueAbandoned(story.at, caller.leg, "desk"))
    caller.leaves().gone()
    assert last(told(story.signals)).missed is Missed.QUEUE


def test_f7_hanging_up_while_a_phone_rings():
    story = Story()
    caller = story.arrives().joins()
    ring = caller.rings("101")
    story.passes(5)
    ring.stops("CANCEL")
    caller.leaves().gone()
    assert last(told(story.signals)).missed is Missed.RINGING


def test_waiting_until_the_queue_gives_up_is_a_timeout():
    story = Story()
    caller = story.arrives().joins()
    for _ in range(4):
        ring = caller.rings("101")
        story.passes(15)
        ring.stops()
    caller.leaves().stage("timeout")
    story.passes(5)
    caller.gone()
    assert last(told(story.signals)).missed is Missed.TIMEOUT


def test_when_every_asked_operator_refused_it_is_refused():
    story = Story()
    caller = story.arrives().joins()
    for operator in ("101", "102", "101"):
        caller.rings(operator, rings=False).refuses()
        story.passes(1)
    caller.leaves().stage("timeout").gone()
    call = last(told(story.signals))
    assert call.missed is Missed.REFUSED
    assert {o.result for o in call.offers} == {"refused"}


def test_a_phone_that_does_not_even_ring_is_dead():
    story = Story()
    caller = story.arrives().joins()
    ring = caller.rings("101", rings=False)
    story.passes(15)
    ring.stops()
    caller.leaves().stage("timeout").gone()
    call = last(told(story.signals))
    assert (call.missed, call.offers[0].result) == (Missed.PHONE_DEAD, "dead")


def test_asterisk_16_does_not_say_why_a_phone_ended_its_ring():
    story = Story()
    caller = story.arrives().joins()
    ring = caller.rings("101", rings=False)
    story.say(s.HangupAsked(story.at, ring.leg))
    ring.stops("NOANSWER", 26)
    caller.leaves().gone()
    assert last(told(story.signals)).offers[0].result == "refused"


def test_queue_to_queue_is_one_conversation_in_the_second_queue():
    story = Story()
    caller = story.arrives().joins("desk")
    story.passes(30)
    caller.leaves("desk").joins("reserve")
    caller.rings("201").answers()
    story.passes(5)
    story.end_all()
    facts = told(story.signals)
    outcomes_are_single(facts)
    assert (last(facts).queue, last(facts).operator) == ("reserve", "201")


def test_the_key_in_the_queue_asks_for_a_callback():
    story = Story()
    caller = story.arrives().joins()
    story.passes(10)
    caller.leaves().stage("1", fact="callback")
    story.passes(3)
    caller.gone()
    facts = told(story.signals)
    assert sum(isinstance(f, CallbackRequested) for f in facts) == 1
    assert (last(facts).missed, last(facts).callback_requested) == (Missed.CALLBACK_REQUESTED, True)


def test_a_voice_message_is_told_with_its_file():
    story = Story()
    caller = story.arrives().joins()
    caller.leaves().stage("callengine/1.1-message.wav", fact="message")
    caller.gone()
    facts = told(story.signals)
    (message,) = [f for f in facts if isinstance(f, MessageLeft)]
    assert message.call.message_file == "callengine/1.1-message.wav"
    assert last(facts).missed is Missed.MESSAGE


def test_a_recorder_that_stopped_is_told_at_once_and_the_file_is_still_named():
    story = Story()
    caller = story.arrives().joins()
    caller.rings("101").answers()
    caller.stage("callengine/1.1-caller.wav", fact="recording")
    story.passes(20)
    before = told(story.signals)[-1].call
    stopped = story.at
    caller.stage("", fact="unrecorded")
    facts = told(story.signals)
    assert before.recorded and names(facts)[-1] == "CallChanged"
    after = facts[-1].call
    assert (after.recorded, after.unrecorded_at) == (False, stopped)
    assert after.recording_file == "callengine/1.1-caller.wav", "what it wrote until then is imported"
    story.passes(5)
    caller.stage("", fact="unrecorded")
    assert told(story.signals)[-1].call.unrecorded_at == stopped, "the first counts"


def test_the_end_of_somebody_else_s_recorder_is_none_of_ours():
    story = Story()
    caller = story.arrives().joins()
    caller.rings("101").answers()
    before = told(story.signals)
    caller.stage("", fact="unrecorded")
    assert told(story.signals) == before and before[-1].call.unrecorded_at is None


def test_an_operator_who_answers_when_nobody_waits_any_more_has_not_answered():
    story = Story()
    caller = story.arrives().joins()
    ring = caller.rings("101")
    story.passes(3)
    ring.answers(bridged=False)
    caller.gone()
    ring.gone()
    facts = told(story.signals)
    outcomes_are_single(facts)
    assert last(facts).outcome is Outcome.MISSED


# --- numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("presentation", ["prohib_passed_screen", "prohib_not_screened"])
def test_a_withheld_number_is_withheld_though_it_is_present(presentation):
    story = Story()
    caller = story.arrives("+79074121806")
    caller.stage(presentation, fact="arrival")
    story.passes(3)
    caller.gone()
    assert last(told(story.signals)).number == WITHHELD


def test_a_withheld_number_by_the_caller_id_event_in_any_order():
    story = Story()
    caller = story.arrives("+79074121806")
    story.say(s.CallerIdChanged(story.at, caller.leg, True))
    caller.gone()
    assert last(told(story.signals)).number == WITHHELD
    assert last(told([story.signals[-2], *story.signals[:-2], story.signals[-1]])).number == WITHHELD


@pytest.mark.parametrize("shown", ["allowed_not_screened", "prohib_passed_screen"])
def test_who_hides_his_number_and_hangs_up_before_the_dialplan_begins_stays_hidden(shown):
    """What manager.conf's `channelvars` brings with the very first event: no UserEvent of ours has come yet."""
    story = Story()
    caller = Line(story, "PJSIP/trunk", number="+79161234500", exten="115", context="callengine-inbound")
    leg = caller.leg._replace(variables=(("CALLERID(num-pres)", shown),))
    story.signals[-1] = s.ChannelAppeared(story.at, leg)
    caller.gone()
    number = last(told(story.signals)).number
    assert (number == WITHHELD) == shown.startswith("prohib")


@pytest.mark.parametrize("number", ["", "anonymous", "Иванова'; DROP", "x" * 500, "sip:+79074121806@host"])
def test_no_call_is_ignored_for_its_number(number):
    story = Story()
    story.arrives(number).gone()
    assert names(told(story.signals))[-1] == "CallEnded"


def test_f24_the_number_stays_the_residents_after_a_transfer():
    story = Story()
    caller = story.arrives("+79074121806").joins()
    first = caller.rings("101").answers()
    story.passes(60)
    first.gone()
    caller.number = "101"  # a transfer may write ghosts into the caller id
    second = caller.dials("PJSIP/102").answers()
    story.passes(30)
    second.gone()
    caller.gone()
    call = last(told(story.signals))
    assert call.number.value == "+79074121806"


# --- transfers --------------------------------------------------------------------------------------------------


def test_f18_who_transferred_after_a_minute_is_not_credited_an_hour():
    story = Story()
    caller = story.arrives().joins()
    first = caller.rings("101").answers()
    story.passes(60)
    story.say(s.Transferred(story.at, "blind", (first.leg, caller.leg)))
    caller.parts()
    first.gone()
    second = caller.dials("PJSIP/102").answers()
    story.passes(3600)
    story.end_all()
    assert second.dialler is caller

    facts = told(story.signals)

    outcomes_are_single(facts)
    call = last(facts)
    credit = {t.operator: (t.ended_at - t.began_at).total_seconds() for t in call.talks if t.ended_at}
    assert credit["101"] == pytest.approx(60, abs=0.5)
    assert credit["102"] == pytest.approx(3600, abs=0.5)
    assert call.operator == "102"


def test_f18_through_local_channels_too():
    story = Story()
    caller = story.arrives().joins()
    one = story.line("Local/101@callengine-operators-00000001;1", linkedid=caller.linkedid, state=s.DOWN)
    two = story.line("Local/101@callengine-operators-00000001;2", linkedid=caller.linkedid, state=s.RING)
    story.say(s.DialBegan(story.at, one.leg, caller.leg, "101@callengine-operators"))
    phone = two.dials("PJSIP/101")
    story.passes(4)
    phone.answers()  # bridge of the phone with ;2
    one.meets(caller)  # bridge of the caller with ;1
    story.passes(0.3)
    caller.enters(phone.bridge)  # optimised away
    two.gone()
    one.gone()
    story.passes(60)
    story.end_all()

    facts = told(story.signals)

    outcomes_are_single(facts)
    (talk,) = last(facts).talks
    assert talk.operator == "101" and talk.ended_at is not None
    assert (talk.ended_at - talk.began_at).total_seconds() == pytest.approx(60.3, abs=0.2)
    assert [o.operator for o in last(facts).offers] == ["101"]


def test_an_attended_transfer_joins_two_conversations_under_the_older_name():
    story = Story()
    caller = story.arrives("+79074121806").joins()
    first = caller.rings("101").answers()
    story.passes(30)
    first.holds()
    consult = story.lifts("101", "102")
    colleague = consult.dials("PJSIP/102")
    story.passes(3)
    colleague.answers()
    story.passes(20)
    consult.linkedid = colleague.linkedid = caller.linkedid
    story.say(s.Transferred(story.at, "attended", (first.leg, consult.leg)))
    joined_at = story.at
    caller.enters(colleague.bridge)
    first.gone()
    consult.gone()
    story.passes(40)
    story.end_all()

    facts = told(story.signals)

    outcomes_are_single(facts)
    calls = {f.call.key.linkedid: f.call for f in facts if isinstance(f, CallEnded)}
    assert len(calls) == 2
    resident = calls[caller.linkedid]
    assert (resident.number.value, resident.operator, resident.outcome) == ("+79074121806", "102", Outcome.ANSWERED)
    credit = {t.operator: t for t in resident.talks}
    assert credit["102"].began_at >= joined_at - timedelta(seconds=0.1), "the consultation is no talk with the resident"
    (consultation,) = [c for key, c in calls.items() if key != caller.linkedid]
    assert (consultation.direction, consultation.outcome) == (Direction.INTERNAL, Outcome.ANSWERED)


def test_a_pickup_is_one_conversation_answered_by_who_picked_it_up():
    story = Story()
    caller = story.arrives().joins()
    ring = caller.rings("101")
    story.passes(3)
    picker = story.lifts("102", "*8")
    story.say(s.PickedUp(story.at, picker.leg, ring.leg))
    # The masquerade: 102's telephone is now behind the channel that rang at 101.
    ring_name, picker_name = ring.name, picker.name
    story.say(s.ChannelRenamed(story.at, picker.uid, picker_name + "<MASQ>"))
    story.say(s.ChannelRenamed(story.at, ring.uid, picker_name))
    story.say(s.ChannelRenamed(story.at, picker.uid, ring_name + "<ZOMBIE>"))
    picker.name, ring.name = ring_name + "<ZOMBIE>", picker_name
    picker.gone()
    ring.answers()
    story.passes(30)
    story.end_all()

    facts = told(story.signals)

    outcomes_are_single(facts)
    assert {f.call.key.linkedid for f in facts} == {caller.linkedid}
    call = last(facts)
    assert (call.operator, [t.operator for t in call.talks]) == ("102", ["102"])
    assert [(o.operator, o.result) for o in call.offers] == [("101", "elsewhere")]


def test_an_unanswered_pickup_attempt_is_no_conversation():
    story = Story()
    story.lifts("102", "*8").gone()
    assert told(story.signals) == []


# --- from the desk and from phones ------------------------------------------------------------------------------


def from_the_desk(story: Story):
    own = story.line("PJSIP/101", state=s.DOWN, context="callengine-outbound")
    story.say(s.DialBegan(story.at, own.leg, None, "101"))
    own.becomes(s.RINGING)
    story.passes(2)
    own.becomes(s.UP)
    own.exten = "+79075550000"
    story.say(s.DialplanFact(story.at, own.leg, "originated", "req-1"))
    return own


def test_the_operators_own_phone_answering_a_click_to_call_is_no_answer():
    story = Story()
    own = from_the_desk(story)
    trunk = own.dials("PJSIP/trunk", "+79075550000@trunk")
    story.passes(10)
    assert not any(isinstance(f, CallAnswered | CallOffered) for f in told(story.signals))
    trunk.stops("BUSY", 17)
    own.gone()

    call = last(told(story.signals))

    assert (call.outcome, call.request_id, call.operator) == (Outcome.BUSY, "req-1", "101")
    assert (call.direction, call.number.value) == (Direction.OUTBOUND, "+79075550000")


def test_a_click_to_call_is_answered_by_the_bridge_with_the_outside():
    story = Story()
    own = from_the_desk(story)
    trunk = own.dials("PJSIP/trunk", "+79075550000@trunk")
    story.passes(5)
    answered_at = story.at
    trunk.answers()
    story.passes(30)
    story.end_all()

    facts = told(story.signals)

    outcomes_are_single(facts)
    (answered,) = [f for f in facts if isinstance(f, CallAnswered)]
    assert answered.operator == "101" and abs(answered.at - answered_at) < timedelta(seconds=0.2)
    assert last(facts).outcome is Outcome.ANSWERED
    assert not any(isinstance(f, CallOffered) for f in facts)


def test_the_request_is_known_by_originate_response_whenever_it_comes():
    story = Story()
    own = from_the_desk(story)
    signals = [x for x in story.signals if not isinstance(x, s.DialplanFact)]
    response = s.Originated(story.at, "req-9", own.uid)
    own.gone()
    gone = story.signals[-1]
    for order in ([*signals, response, gone], [response, *signals, gone]):
        assert last(told(order)).request_id == "req-9"


def test_an_operator_dialling_outside_from_his_phone():
    story = Story()
    operator = story.lifts("101", "89075550000")
    trunk = operator.dials("PJSIP/trunk", "89075550000@trunk").answers()
    story.passes(5)
    trunk.gone()
    operator.gone()
    facts = told(story.signals)
    call = last(facts)
    assert names(facts)[0] == "CallArrived"
    assert (call.direction, call.number.value, call.operator) == (Direction.OUTBOUND, "+79075550000", "101")
    assert call.outcome is Outcome.ANSWERED


@pytest.mark.parametrize(
    ("status", "cause", "outcome"),
    [
        ("BUSY", 17, Outcome.BUSY),
        ("BUSY", 21, Outcome.REJECTED),
        ("NOANSWER", 19, Outcome.NO_ANSWER),
        ("CANCEL", 16, Outcome.NO_ANSWER),
        ("CONGESTION", 34, Outcome.FAILED),
        ("CHANUNAVAIL", 1, Outcome.FAILED),
    ],
)
def test_how_an_outbound_call_may_fail(status, cause, outcome):
    story = Story()
    operator = story.lifts("101", "+79075550000")
    operator.dials("PJSIP/trunk", "+79075550000@trunk").stops(status, cause)
    operator.gone(cause)
    assert last(told(story.signals)).outcome is outcome


@pytest.mark.parametrize(
    ("cause", "outcome"), [(17, Outcome.BUSY), (21, Outcome.REJECTED), (16, Outcome.NO_ANSWER), (34, Outcome.FAILED)]
)
def test_where_the_far_side_was_never_heard_of_the_operators_own_channel_says_how_it_failed(cause, outcome):
    story = Story()
    story.lifts("101", "+79075550000").gone(cause)
    assert last(told(story.signals)).outcome is outcome


def test_colleagues_among_themselves_are_internal():
    story = Story()
    caller = story.lifts("101", "102")
    caller.dials("PJSIP/102").answers()
    story.passes(10)
    story.end_all()
    facts = told(story.signals)
    call = last(facts)
    assert (call.direction, call.operator, call.number.value) == (Direction.INTERNAL, "101", "102")
    assert [f.operator for f in facts if isinstance(f, CallOffered)] == ["102"]
    assert [f.operator for f in facts if isinstance(f, CallAnswered)] == ["102"]


def test_the_robot_talks_and_nobody_is_said_to_have_answered():
    story = Story()
    outside = story.line("PJSIP/trunk", state=s.DOWN, context="callengine-robot")
    story.say(s.DialBegan(story.at, outside.leg, None, "+79074121806@trunk"))
    outside.becomes(s.RINGING)
    story.passes(4)
    outside.becomes(s.UP)
    outside.stage("robot")
    story.passes(20)
    outside.gone()
    facts = told(story.signals)
    call = last(facts)
    assert call.robot and call.direction is Direction.OUTBOUND
    assert (call.outcome, call.number.value, call.talks) == (Outcome.ANSWERED, "+79074121806", ())
    assert not any(isinstance(f, CallAnswered) for f in facts)


def test_who_asks_the_robot_for_an_operator_waits_for_one_from_then_on():
    story = Story()
    outside = story.line("PJSIP/trunk", state=s.DOWN, context="callengine-robot")
    story.say(s.DialBegan(story.at, outside.leg, None, "+79074121806@trunk"))
    outside.becomes(s.UP)
    outside.stage("robot")
    story.passes(20)
    asked = story.at
    outside.stage("queue")
    story.passes(1)
    outside.stage("no_operators")  # no queue took him
    story.passes(5)
    outside.gone()
    call = last(told(story.signals))
    assert (call.queued_at, call.talks) == (asked, ())


def test_robot_that_nobody_answers():
    story = Story()
    outside = story.line("PJSIP/trunk", state=s.DOWN, context="callengine-robot")
    story.say(s.DialBegan(story.at, outside.leg, None, "+79074121806@trunk"))
    outside.becomes(s.RINGING)
    story.passes(30)
    story.say(s.DialEnded(story.at, outside.leg, None, "NOANSWER"))
    outside.gone(19)
    call = last(told(story.signals))
    assert (call.robot, call.outcome, call.answered_at) == (True, Outcome.NO_ANSWER, None)


# --- loss, shuffles, resync -------------------------------------------------------------------------------------


def test_f14_a_channel_that_vanished_without_a_hangup_does_not_ring_forever():
    story = Story()
    caller = story.arrives().joins()
    caller.rings("101")
    tracker = Tracker("main")
    told(story.signals, tracker)
    last_alive = story.signals[-1].at
    tracker.lost()

    facts = tracker.resync(s.Snapshot(story.at + timedelta(minutes=10)))

    assert names(facts)[-2:] == ["CallMissed", "CallEnded"]
    assert facts[-1].call.ended_at == last_alive
    assert facts[-1].call.missed is Missed.RINGING


def test_resync_keeps_what_is_alive_and_its_talk_goes_on():
    story = Story()
    caller = story.arrives().joins()
    ring = caller.rings("101").answers()
    story.passes(30)
    tracker = Tracker("main")
    before = told(story.signals, tracker)
    tracker.lost()
    story.passes(60)
    facts = tracker.resync(s.Snapshot(story.at, (caller.live("Queue", "desk,c"), ring.live("AppQueue"))))
    assert not any(isinstance(f, CallEnded) for f in facts)
    mark = len(story.signals)
    story.passes(30)
    story.end_all()
    facts = before + facts + told(story.signals[mark:], tracker)
    outcomes_are_single(facts)
    assert last(facts).talk_seconds == pytest.approx(120, abs=0.2)


def test_a_restarted_engine_takes_up_the_calls_where_it_left_them():
    story = Story()
    caller = story.arrives().joins()
    ring = caller.rings("101").answers()
    other = story.arrives("+79075550000").joins()
    first = Tracker("main")
    before = told(story.signals, first)

    second = Tracker("main")
    second.prime(first.live(), story.at)
    story.passes(30)
    facts = second.resync(s.Snapshot(story.at, (caller.live("Queue", "desk"), ring.live("AppQueue"))))
    assert [f.call.key.linkedid for f in facts if isinstance(f, CallMissed)] == [other.linkedid]
    mark = len(story.signals)
    story.passes(30)
    ring.gone()
    caller.gone()
    facts = before + facts + told(story.signals[mark:], second)
    outcomes_are_single(facts)
    (call,) = [f.call for f in facts if isinstance(f, CallEnded) and f.call.key.linkedid == caller.linkedid]
    assert (call.outcome, call.number.value, call.queue) == (Outcome.ANSWERED, "+79074121806", "desk")
    assert call.talk_seconds == pytest.approx(60, abs=0.2)
    assert len([f for f in facts if isinstance(f, CallArrived)]) == 2


def test_what_the_ledger_says_of_a_vanished_call_counts():
    story = Story()
    caller = story.arrives().joins()
    tracker = Tracker("main")
    (*_, current) = told(story.signals, tracker)
    answered_at = story.at + timedelta(seconds=20)
    ended_at = story.at + timedelta(seconds=80)
    ledger = current.call.evolve(answered_at=answered_at, ended_at=ended_at, operator="103", state=State.ENDED,
                                 outcome=Outcome.ANSWERED, source="ledger")  # fmt: skip

    facts = tracker.resync(s.Snapshot(story.at + timedelta(minutes=5)), {caller.linkedid: ledger})

    assert not any(isinstance(f, CallMissed) for f in facts)
    call = facts[-1].call
    assert (call.outcome, call.answered_at, call.ended_at, call.operator) == (
        Outcome.ANSWERED, answered_at, ended_at, "103",
    )  # fmt: skip


def test_a_new_call_during_the_resync_is_not_ended_by_the_answer_that_came_too_late():
    story = Story()
    asked_at = story.at
    story.passes(0.1)
    story.arrives()
    tracker = Tracker("main")
    told(story.signals, tracker)
    assert not any(isinstance(f, CallEnded) for f in tracker.resync(s.Snapshot(asked_at)))


def test_a_call_that_only_the_snapshot_shows_has_its_true_time_of_arrival():
    tracker = Tracker("main")
    story = Story()
    caller = story.arrives().joins()
    story.passes(90)
    facts = tracker.resync(s.Snapshot(story.at, (caller.live("Queue", "desk,c"),)))
    (arrived,) = [f for f in facts if isinstance(f, CallArrived)]
    assert arrived.at == START
    assert (arrived.call.state, arrived.call.queue, arrived.call.did) == (State.QUEUED, "desk", "115")


def test_an_end_that_overtook_the_answer_waits_for_it():
    story = Story()
    caller = story.arrives().joins()
    ring = caller.rings("101")
    mark = len(story.signals)
    story.passes(2)
    ring.answers()
    story.passes(0.2)
    ring.gone()
    caller.gone()
    tail = story.signals[mark:]
    hangups = [x for x in tail if isinstance(x, s.ChannelGone)]
    rest = [x for x in tail if not isinstance(x, s.ChannelGone)]

    facts = told([*story.signals[:mark], *hangups, *rest])

    outcomes_are_single(facts)
    assert last(facts).outcome is Outcome.ANSWERED


def test_a_late_duplicate_of_a_forgotten_call_is_ignored():
    story = Story()
    story.arrives().gone()
    old = list(story.signals)
    story.passes(300)
    story.arrives("+79075550000").gone()
    tracker = Tracker("main")
    told(story.signals, tracker)
    assert told(old, tracker) == []


def test_memory_is_bounded_over_many_calls():
    tracker = Tracker("main")
    story = Story()
    for _ in range(3 * LINGER_LIMIT):
        caller = story.arrives().joins()
        caller.rings("101").answers()
        story.passes(0.1)
        story.end_all()
        told(story.signals, tracker)
        story.signals.clear()
    assert tracker.size <= 4 * LINGER_LIMIT + REMEMBER_LIMIT
    assert tracker.live() == []
    story.passes(4000)
    story.arrives().gone()
    told(story.signals, tracker)
    assert tracker.size < 10
