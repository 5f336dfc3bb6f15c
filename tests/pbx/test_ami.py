"""The link against a PBX that misbehaves; each trap of panoramisk that we met is one test here."""

from __future__ import annotations

import asyncio
import logging
import tracemalloc

import pytest

from callengine.errors import OutcomeUnknown, PbxLost, PbxRefused, Refused
from callengine.pbx.ami import AmiLink, LinkLimits, LinkState
from callengine.pbx.wire import RawEvent
from tests.pbx.fake_ami import DEADLINE, QUICK, FakeAmi, Heard, block, event, listing, response, running


async def test_the_snapshot_comes_before_the_events_that_followed_it(fake: FakeAmi, heard: Heard) -> None:
    fake.channels = [event("CoreShowChannel", Channel="PJSIP/101-1", Linkedid="1.1")]
    fake.queues = [event("QueueParams", Queue="desk"), event("QueueMember", Queue="desk"), event("QueueEntry")]
    fake.answers["CoreShowChannels"] = lambda a: listing(a, *fake.channels) + event("Hangup", Uniqueid="1.1")
    async with running(fake, heard):
        await heard.until(lambda: "Hangup" in heard.log)
    assert heard.log.index("<resync>") < heard.log.index("Hangup")
    (snapshot,) = heard.snapshots[:1]
    assert [c["Channel"] for c in snapshot.channels or ()] == ["PJSIP/101-1"]
    assert (len(snapshot.queues), len(snapshot.members), len(snapshot.callers)) == (1, 1, 1)


async def test_a_pbx_that_boots_late_is_asked_again_when_it_says_so(fake: FakeAmi, heard: Heard) -> None:
    fake.boots = False
    async with running(fake, heard):
        fake.channels = [event("CoreShowChannel", Channel="PJSIP/101-1")]
        await fake.push(event("FullyBooted"))
        await heard.until(lambda: bool(heard.snapshots and heard.snapshots[-1].channels))


async def test_without_the_right_to_show_channels_nothing_is_concluded_from_their_absence(
    fake: FakeAmi, heard: Heard
) -> None:
    fake.answers["CoreShowChannels"] = lambda a: response(a, "Message: Permission denied", ok=False)
    async with running(fake, heard):
        assert heard.snapshots[0].channels is None
        assert heard.snapshots[0].problems == ("CoreShowChannels: Permission denied",)


async def test_a_flood_of_20_000_events_arrives_whole_and_in_order(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard):
        await fake.push(b"".join(event("Hangup", Uniqueid=str(n)) for n in range(20_000)))
        await heard.until(lambda: len(heard.events) >= 20_000)
    assert [e.headers["Uniqueid"] for e in heard.events] == [str(n) for n in range(20_000)]
    assert max(heard.batches) <= QUICK.batch_blocks


async def test_an_overflow_drops_the_link_and_asks_for_the_state_anew(fake: FakeAmi, heard: Heard) -> None:
    gate = asyncio.Event()

    async def stuck(_: list[RawEvent]) -> None:
        await gate.wait()

    heard.hook = stuck
    limits = LinkLimits(**{**_fields(QUICK), "queue_blocks": 100, "batch_blocks": 10})
    async with running(fake, heard, limits=limits) as link:
        received = wire_count(link)
        for n in range(5000):
            await fake.push(event("Hangup", Uniqueid=str(n)))
            await _until(lambda seen=received: link.figures.overflows == 1 or wire_count(link) > seen)
            if link.figures.overflows:
                break
            received = wire_count(link)
        await heard.until(lambda: any("events wait" in problem for _, problem in heard.states))
        assert link.figures.overflows == 1
        assert fake.connections == 1, "it must not come back before there is room"
        gate.set()
        await heard.until(lambda: len(heard.snapshots) == 2)
    ids = [int(e.headers["Uniqueid"]) for e in heard.events]
    assert ids == list(range(len(ids))), "what was taken is a whole beginning: no silent hole"


def wire_count(link: AmiLink) -> int:
    return link._wire.received if link._wire is not None else -1


def _fields(limits: LinkLimits) -> dict[str, float]:
    return {name: getattr(limits, name) for name in LinkLimits.__slots__}


async def test_an_error_in_the_listener_neither_closes_the_link_nor_passes_unseen(fake: FakeAmi, heard: Heard) -> None:
    async def fail(events: list[RawEvent]) -> None:
        if any(e.headers.get("Uniqueid") == "bad" for e in events):
            raise RuntimeError("the database is locked")

    heard.hook = fail
    async with running(fake, heard) as link:
        await fake.push(event("Hangup", Uniqueid="bad"))
        await heard.until(lambda: len(heard.snapshots) == 2)
        await fake.push(event("Hangup", Uniqueid="good"))
        await heard.until(lambda: "Hangup" in heard.log)
        assert (link.state, fake.connections, link.figures.failed_batches) == (LinkState.UP, 1, 1)


async def test_a_duplicate_event_header_does_not_close_the_link(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard) as link:
        await fake.push(block("Event: UserEvent", "Event: Hangup") + event("Hangup", Uniqueid="2"))
        await heard.until(lambda: len(heard.events) == 2)
        assert heard.names() == ["UserEvent", "Hangup"]
        assert link.state is LinkState.UP


async def test_successfully_queued_without_an_async_header_does_not_close_the_link(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["Originate"] = lambda a: response(a, "Message: Originate successfully queued")
    async with running(fake, heard) as link:
        reply = await link.action("Originate", {"Channel": "PJSIP/101"})
        assert reply.message == "Originate successfully queued"
        assert link.state is LinkState.UP


async def test_queue_add_returns(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["QueueAdd"] = lambda a: response(a, "Message: Added interface to queue")
    async with running(fake, heard) as link:
        assert (await link.action("QueueAdd", {"Queue": "desk"})).ok


async def test_an_action_that_times_out_or_is_cancelled_leaves_nothing_behind(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["Redirect"] = lambda a: None
    async with running(fake, heard) as link:
        with pytest.raises(OutcomeUnknown, match="within"):
            await link.action("Redirect", timeout=0.01)
        waiting = asyncio.ensure_future(link.action("Redirect"))
        await fake.saw("Redirect", 2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert link._wire is not None
        await link.action("Hangup")
        assert all(p.name == "Ping" for p in link._wire._pending.values())


async def test_f15_more_actions_at_once_than_the_budget_wait_for_their_turn(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["QueuePause"] = lambda a: None  # the PBX takes its time
    limits = LinkLimits(**{**_fields(QUICK), "actions_at_once": 3})
    async with running(fake, heard, limits=limits) as link:
        asked = [asyncio.ensure_future(link.action("QueuePause")) for _ in range(8)]
        await fake.saw("QueuePause", 3)
        await fake.saw("Ping", sum(one["Action"] == "Ping" for one in fake.actions) + 2)  # what was sent came before
        assert fake.names().count("QueuePause") == 3, "a PBX that is slow is not given more to do"
        fake.answers["QueuePause"] = response
        for action in [one for one in fake.actions if one["Action"] == "QueuePause"]:
            await fake.push(response(action))
        assert [reply.ok for reply in await asyncio.gather(*asked)] == [True] * 8


async def test_an_answer_that_comes_too_late_disturbs_nobody(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["Redirect"] = lambda a: None
    async with running(fake, heard) as link:
        with pytest.raises(OutcomeUnknown):
            await link.action("Redirect", timeout=0.01)
        await fake.push(response(fake.actions[-1], "Message: late"))
        assert (await link.action("Hangup")).message == "done"


async def test_a_cut_right_after_the_action_is_outcome_unknown_and_never_sent_again(
    fake: FakeAmi, heard: Heard
) -> None:
    fake.cut_after = {"Originate"}
    async with running(fake, heard) as link:
        with pytest.raises(OutcomeUnknown):
            await link.action("Originate", {"Channel": "PJSIP/101"}, action_id="req-1")
        await heard.until(lambda: len(heard.snapshots) == 2)
        await link.action("Hangup")
    assert fake.names().count("Originate") == 1
    assert fake.raw.count(b"Originate") == 1


async def test_a_command_is_sent_once_and_gives_all_its_output(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["Command"] = lambda a: response(a, "Message: Command output follows", "Output: one", "Output: two")
    async with running(fake, heard) as link:
        assert (await link.action("Command", {"Command": "core show uptime"})).output == "one\ntwo"
        fake.cut()
        await heard.until(lambda: len(heard.snapshots) == 2)
    assert fake.names().count("Command") == 1


async def test_without_a_link_an_action_is_refused_at_once(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard) as link:
        await fake.stop()
        await heard.until(lambda: heard.states[-1][0] is not LinkState.UP)
        with pytest.raises(PbxLost):
            await link.action("Hangup")


async def test_what_the_pbx_refuses_says_why(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["Hangup"] = lambda a: response(a, "Message: No such channel", ok=False)
    async with running(fake, heard) as link:
        with pytest.raises(PbxRefused, match="No such channel"):
            await link.action("Hangup")


@pytest.mark.parametrize("value", ["101\r\nAction: Hangup", "101\n", "101\r", "101\0", ["ok", "no\r\n"]])
async def test_a_line_break_in_a_value_is_refused_before_it_is_sent(
    fake: FakeAmi, heard: Heard, value: str | list[str]
) -> None:
    async with running(fake, heard) as link:
        with pytest.raises(Refused):
            await link.action("Originate", {"Channel": value})
        with pytest.raises(Refused):
            await link.action("Originate\r\nX: y")
    assert "Originate" not in fake.names()


async def test_two_actions_with_one_id_are_refused(fake: FakeAmi, heard: Heard) -> None:
    fake.answers["Originate"] = lambda a: None
    async with running(fake, heard) as link:
        first = asyncio.ensure_future(link.action("Originate", action_id="req-1", timeout=0.1))
        await fake.saw("Originate")
        with pytest.raises(Refused, match="under way"):
            await link.action("Originate", action_id="req-1")
        with pytest.raises(OutcomeUnknown):
            await first


async def test_a_wrong_password_is_told_aloud_and_tried_again_slowly(
    fake: FakeAmi, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with running(fake, heard, secret="wrong", up=False) as link:
        await link.wait_for(LinkState.REFUSED, DEADLINE)
        assert "ami_secret" in link.problem
        assert "manager.conf" in link.problem
        await fake.saw("Login", 2)
        assert [state for state, _ in heard.states if state is not LinkState.CONNECTING] == [LinkState.REFUSED]
        fake.secret = "wrong"  # mended on the PBX
        await link.wait_for(LinkState.UP, DEADLINE)
    assert any("refused" in record.message for record in caplog.records)
    assert "secret wrong" not in caplog.text


async def test_a_link_that_dies_during_the_login_does_not_hang(fake: FakeAmi, heard: Heard) -> None:
    fake.cut_after = {"Login"}
    async with running(fake, heard, up=False) as link:
        await fake.saw("Login", 2)
        fake.cut_after = set()
        await link.wait_for(LinkState.UP, DEADLINE)
    assert any("permitted" in problem for _, problem in heard.states)


async def test_a_port_that_speaks_something_else_is_named(fake: FakeAmi, heard: Heard) -> None:
    fake.greeting = b"SSH-2.0-OpenSSH_9.2\r\n"
    async with running(fake, heard, up=False) as link:
        await heard.until(lambda: any("does not speak AMI" in problem for _, problem in heard.states))
        assert link.state is not LinkState.UP


async def test_nobody_at_the_port_is_a_state_and_not_an_exception(fake: FakeAmi, heard: Heard) -> None:
    await fake.stop()
    async with running(fake, heard, up=False) as link:
        await heard.until(lambda: bool(heard.states) and heard.states[-1][0] is LinkState.DOWN)
        assert "cannot connect" in link.problem
        await fake.start()
        await link.wait_for(LinkState.UP, DEADLINE)


async def test_a_peer_that_falls_silent_is_noticed_and_left(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard):
        fake.silent = True
        await heard.until(lambda: any("said nothing" in problem for _, problem in heard.states))
        fake.silent = False
        await heard.until(lambda: len(heard.snapshots) == 2)


async def test_the_state_goes_up_down_up_with_reasons(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard):
        fake.cut()
        await heard.until(lambda: len(heard.snapshots) == 2)
    told = [state for state, _ in heard.states]
    up, down = LinkState.UP, LinkState.DOWN
    assert told == [LinkState.CONNECTING, up, down, LinkState.CONNECTING, up, down]
    assert heard.states[2][1]


async def test_closing_ends_everything_even_while_it_waits_to_reconnect(fake: FakeAmi, heard: Heard) -> None:
    await fake.stop()
    limits = LinkLimits(**{**_fields(QUICK), "backoff_seconds": 60, "backoff_cap_seconds": 60})
    async with running(fake, heard, limits=limits, up=False) as link:
        await heard.until(lambda: bool(heard.states) and heard.states[-1][0] is LinkState.DOWN)
        await asyncio.wait_for(link.close(), DEADLINE)
    await fake.start()
    assert fake.connections == 0
    assert not [task for task in asyncio.all_tasks() if "ami" in task.get_name()]


async def test_the_wait_between_tries_grows_with_jitter_and_has_a_cap(fake: FakeAmi, heard: Heard) -> None:
    limits = LinkLimits(backoff_seconds=0.001, backoff_cap_seconds=0.008)
    waits: list[float] = []
    async with running(fake, heard, limits=limits) as link:
        loop = asyncio.get_running_loop()
        for tries in (0, 1, 2, 3, 30):
            began = loop.time()
            await link._pause(LinkState.DOWN, tries)
            waits.append(loop.time() - began)
    assert all(wait >= least for wait, least in zip(waits, (0.0004, 0.0009, 0.0019, 0.0039, 0.0039), strict=True))
    assert waits[-1] < 1


async def test_what_was_received_before_the_close_is_still_delivered(fake: FakeAmi, heard: Heard) -> None:
    gate = asyncio.Event()

    async def wait(_: list[RawEvent]) -> None:
        await gate.wait()

    heard.hook = wait
    async with running(fake, heard) as link:
        await fake.push(b"".join(event("Hangup", Uniqueid=str(n)) for n in range(50)))
        await _until(lambda: link._queued > 0 or not link._idle.is_set())
        closing = asyncio.ensure_future(link.close())
        gate.set()
        await closing
    assert len(heard.events) >= 1


async def _until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0)


async def test_lag_and_skew_are_measured_apart(fake: FakeAmi, heard: Heard) -> None:
    """F12: a PBX whose clock is an hour off is no hour late."""
    from callengine.clock import SystemClock

    def ahead() -> str:
        return f"{SystemClock().now().timestamp() + 3600:.6f}"

    fake.answers["Ping"] = lambda a: response(a, "Ping: Pong", f"Timestamp: {ahead()}")
    async with running(fake, heard) as link:
        await _until(lambda: link.figures.skew_seconds is not None)
        await fake.push(event("Hangup", Timestamp=ahead()))
        await heard.until(lambda: "Hangup" in heard.log)
        assert link.figures.skew_seconds == pytest.approx(3600, abs=2)
        assert link.figures.lag_seconds == pytest.approx(0, abs=2)


async def test_a_giant_block_is_left_out_and_the_state_asked_for_anew(fake: FakeAmi, heard: Heard) -> None:
    async with running(fake, heard) as link:
        await fake.push(b"Event: Hangup\r\nJunk: " + b"x" * (2 << 20) + b"\r\n\r\n" + event("Hangup", Uniqueid="2"))
        await heard.until(lambda: len(heard.snapshots) == 2 and len(heard.events) == 1)
        assert (link.state, link.figures.oversized) == (LinkState.UP, 1)


async def test_memory_stays_flat_over_many_events(fake: FakeAmi, heard: Heard) -> None:
    async def forget(events: list[RawEvent]) -> None:
        nonlocal seen
        seen += len(events)
        events.clear()

    seen = 0
    heard.hook = forget
    data = b"".join(event("Hangup", Uniqueid=str(n), Channel="PJSIP/101-0001") for n in range(2000))
    async with running(fake, heard):
        tracemalloc.start()
        try:
            sizes = []
            for round_ in range(1, 7):
                await fake.push(data)
                await heard.until(lambda most=2000 * round_: seen >= most)
                heard.log.clear()
                sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
    assert sizes[-1] - sizes[1] < 200_000
