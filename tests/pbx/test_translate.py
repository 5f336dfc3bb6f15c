"""AMI's spellings, of 16 and of 22, into signals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callengine.calls import signals as s
from callengine.pbx.translate import WANTED_EVENTS, is_withheld, snapshot, translate

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
CHANNEL = {
    "Channel": "PJSIP/trunk-00000002",
    "ChannelState": "4",
    "CallerIDNum": "+79074121806",
    "CallerIDName": "<unknown>",
    "Context": "callengine-inbound",
    "Exten": "115",
    "Uniqueid": "1795319761.2",
    "Linkedid": "1795319761.1",
}
DEST = {
    "DestChannel": "PJSIP/101-00000003",
    "DestChannelState": "5",
    "DestCallerIDNum": "101",
    "DestUniqueid": "1795319762.3",
    "DestLinkedid": "1795319761.1",
}


def said(event: str, **more: str) -> s.Signal | None:
    return translate({"Event": event, **CHANNEL, **more}, NOW)


def test_the_pbxs_own_time_counts():
    signal = said("Newchannel", Timestamp="1795319761.384339")
    assert signal is not None and signal.at == datetime(2026, 11, 22, 3, 56, 1, 384339, tzinfo=UTC)


@pytest.mark.parametrize("timestamp", ["", "soon", "nan", "1e300", "-1e300"])
def test_without_a_time_the_moment_of_receipt_counts(timestamp: str):
    signal = said("Newchannel", Timestamp=timestamp)
    assert signal is not None and signal.at == NOW
    signal = said("Newchannel")
    assert signal is not None and signal.at == NOW


def test_a_channel_with_all_that_is_said_of_it():
    signal = said("Newchannel", ChanVariable="CE_REQUEST=req-1\nCALLERID(num-pres)=prohib\nempty=")
    assert isinstance(signal, s.ChannelAppeared)
    leg = signal.leg
    assert (leg.uniqueid, leg.linkedid, leg.state, leg.number) == ("1795319761.2", "1795319761.1", 4, "+79074121806")
    assert (leg.caller, leg.exten, leg.context) == ("", "115", "callengine-inbound")
    assert leg.variables == (("CE_REQUEST", "req-1"), ("CALLERID(num-pres)", "prohib"))
    assert leg.variable("CE_REQUEST") == "req-1" and leg.variable("other") == ""


def test_dialling_with_and_without_a_caller():
    both = translate({"Event": "DialBegin", **CHANNEL, **DEST, "DialString": "101"}, NOW)
    assert isinstance(both, s.DialBegan) and both.source is not None and both.dialled == "101"
    assert both.dest.name == "PJSIP/101-00000003"
    alone = translate({"Event": "DialBegin", **DEST, "DialString": "101"}, NOW)
    assert isinstance(alone, s.DialBegan) and alone.source is None
    ended = translate({"Event": "DialEnd", **DEST, "DialStatus": "ANSWER"}, NOW)
    assert isinstance(ended, s.DialEnded) and ended.status == "ANSWER"


def test_the_rest_of_the_vocabulary():
    assert isinstance(said("Newstate"), s.ChannelState)
    assert said("Hangup", Cause="17") == s.ChannelGone(NOW, said("Newstate").leg, 17)  # type: ignore[union-attr]
    assert isinstance(said("HangupRequest"), s.HangupAsked)
    entered = said("BridgeEnter", BridgeUniqueid="b-1")
    assert isinstance(entered, s.BridgeEntered) and entered.bridge == "b-1"
    assert isinstance(said("BridgeLeave", BridgeUniqueid="b-1"), s.BridgeLeft)
    assert isinstance(said("Hold"), s.Held) and isinstance(said("Unhold"), s.Resumed)
    joined = said("QueueCallerJoin", Queue="desk")
    assert isinstance(joined, s.QueueJoined) and joined.queue == "desk"
    called = said("AgentCalled", **DEST, Queue="desk", MemberName="PJSIP/101")
    assert isinstance(called, s.MemberOffered) and called.member == "PJSIP/101"
    renamed = translate({"Event": "Rename", "Uniqueid": "1.1", "Channel": "a", "Newname": "b"}, NOW)
    assert renamed == s.ChannelRenamed(NOW, "1.1", "b")
    picked = said("Pickup", TargetUniqueid="1.9", TargetChannel="PJSIP/101-1")
    assert isinstance(picked, s.PickedUp) and picked.target.uniqueid == "1.9"


def test_our_own_user_events_and_nobody_elses():
    fact = said("UserEvent", UserEvent="Callengine", Fact="Stage", Value="menu")
    assert isinstance(fact, s.DialplanFact) and (fact.fact, fact.value) == ("stage", "menu")
    assert said("UserEvent", UserEvent="Other", Fact="stage") is None


def test_a_recorder_that_is_stopped_while_the_channel_lives_is_said_as_the_dialplan_says_it():
    fact = said("MixMonitorStop")
    assert isinstance(fact, s.DialplanFact) and (fact.fact, fact.value) == ("unrecorded", "")


def test_originate_response_names_the_request():
    good = {"Event": "OriginateResponse", "ActionID": "req-1", "Response": "Success", "Uniqueid": "1.1"}
    assert translate(good, NOW) == s.Originated(NOW, "req-1", "1.1", True)
    assert translate(good | {"Response": "Failure", "Uniqueid": "<unknown>"}, NOW) == s.Originated(
        NOW, "req-1", "", False
    )


@pytest.mark.parametrize(
    ("text", "withheld"),
    [
        ("0 (Presentation Allowed, Not Screened)", False),
        ("35 (Presentation Prohibited, Network Number)", True),
        ("67 (Number Unavailable)", False),
        ("prohib_passed_screen", True),
        ("allowed_not_screened", False),
        ("", None),
    ],
)
def test_what_a_presentation_says(text: str, withheld: bool | None):
    assert is_withheld(text) is withheld


@pytest.mark.parametrize("event", WANTED_EVENTS)
@pytest.mark.parametrize("headers", [{}, {"Uniqueid": ""}, {"Uniqueid": "x", "ChannelState": "²", "Cause": "many"}])
def test_poor_events_never_raise(event: str, headers: dict[str, str]):
    translate({"Event": event, **headers}, NOW)


def test_other_events_are_nobodys_business():
    assert translate({"Event": "VarSet", **CHANNEL}, NOW) is None
    assert translate({}, NOW) is None


def test_the_answer_to_core_show_channels():
    line = CHANNEL | {"Event": "CoreShowChannel", "BridgeId": "b", "Application": "Queue", "Duration": "01:02:03"}
    live = snapshot([line, {"Event": "CoreShowChannelsComplete"}], NOW).channels
    assert [(x.bridge, x.application, x.age_seconds) for x in live] == [("b", "Queue", 3723.0)]
