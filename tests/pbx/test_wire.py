"""The parser: any bytes, split anywhere, give the same events or none, and never an exception."""

from __future__ import annotations

import asyncio
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.pbx.wire import BLOCK_LIMIT, AmiWire, Blocks, parse
from tests.pbx.fake_ami import block, event

NAMES = st.sampled_from(["Newchannel", "Hangup", "BridgeEnter", "UserEvent"])
VALUES = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=30)
EVENTS = st.lists(st.tuples(NAMES, VALUES), max_size=12)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(i % (len(data) + 1) for i in at)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def kept(pieces: list[bytes]) -> list[bytes]:
    """What the whole protocol keeps of these pieces, after a greeting."""
    found: list[bytes] = []

    async def run() -> None:
        wire = AmiWire(on_blocks=found.extend, on_oversized=lambda: None)
        wire.data_received(b"Asterisk Call Manager/9.0.0\r\n")
        for piece in pieces:
            wire.data_received(piece)

    asyncio.run(run())
    return found


@settings(max_examples=150, deadline=None)
@given(events=EVENTS, at=st.lists(st.integers(0, 5000), max_size=40))
def test_events_split_anywhere_are_the_same_events(events: list[tuple[str, str]], at: list[int]) -> None:
    stream = b"".join(event(name, CallerIDName=value) for name, value in events)
    read = [parse(b) for b in kept(cut(stream, at))]
    assert [(e["Event"], e["CallerIDName"]) for e in read] == events


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(st.binary(max_size=200), max_size=20))
def test_garbage_never_raises_and_never_hides_what_follows(pieces: list[bytes]) -> None:
    found = kept([*pieces, b"\r\n\r\n" + event("Hangup", Uniqueid="1.1")])
    assert parse(found[-1]) == {"Event": "Hangup", "Privilege": "call,all", "Uniqueid": "1.1"}


@given(st.binary(max_size=300))
def test_headers_of_any_bytes_are_text(data: bytes) -> None:
    assert all(isinstance(k, str) and isinstance(v, str) for k, v in parse(data).items())


def test_a_russian_name_split_inside_a_letter_survives() -> None:
    stream = event("Newchannel", CallerIDName="Иванова")
    middle = stream.index("в".encode()) + 1
    (one,) = kept([stream[:middle], stream[middle:]])
    assert parse(one)["CallerIDName"] == "Иванова"


def test_a_second_event_header_does_not_rename_the_event() -> None:
    (one,) = kept([block("Event: UserEvent", "UserEvent: Callengine", "Event: Hangup")])
    assert parse(one)["Event"] == "UserEvent"


def test_a_good_event_glued_to_rubbish_still_counts() -> None:
    (one,) = kept([b"HTTP/1.1 200 OK\r\n" + event("Hangup", Uniqueid="1.1")])
    assert parse(one)["Uniqueid"] == "1.1"


def test_three_line_ends_between_events_do_not_hide_the_second() -> None:
    assert len(kept([event("Hangup") + b"\r\n" + event("Hangup")])) == 2


def test_command_output_keeps_all_its_lines() -> None:
    assert parse(block("Response: Success", "Output: one", "Output: two"))["Output"] == "one\ntwo"


def test_a_value_with_a_colon_or_without_a_space_is_kept() -> None:
    headers = parse(block("Event: X", "AppData: a: b", "Empty:", "Tight:1").removesuffix(b"\r\n\r\n"))
    assert headers == {"Event": "X", "AppData": "a: b", "Empty": "", "Tight": "1"}


def test_events_that_nobody_wants_are_dropped_by_name() -> None:
    assert kept([event("VarSet", Variable="x") + event("Hangup")])[0].startswith(b"Event: Hangup")


def test_a_giant_block_costs_bounded_memory_and_only_itself() -> None:
    blocks = Blocks()
    blocks.feed(b"Event: Hangup\r\nJunk: ")
    for _ in range(2 * BLOCK_LIMIT // 65536):
        assert blocks.feed(b"x" * 65536) == []
    assert len(blocks._tail) <= BLOCK_LIMIT
    assert blocks.feed(b"x\r\n\r") == []
    assert blocks.feed(b"\n" + event("Hangup")) == [event("Hangup").removesuffix(b"\r\n\r\n")]
    assert blocks.oversized == 1
