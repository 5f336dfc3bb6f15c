"""Warm transfers (R8, R9): one at a time, never asked twice, and the resident is never left to chance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from callengine.calls.events import CallEnded
from callengine.calls.handover import Handover, HandoverChanged, HandoverState, HandoverTold, Lasting
from callengine.calls.handovers import HandoversService
from callengine.calls.model import CallKey, Conversation, Direction, State, StoredCall, Talk
from callengine.clock import ManualClock
from callengine.errors import Conflict, NoTransfer, NoWarmTransfer, OutcomeUnknown, PbxLost, Refused, TransferLasts
from callengine.store.database import Store

S = HandoverState
KEY = CallKey("main", "1.1")


@dataclass
class Who:
    staff_id: int | None = 1
    name: str = "Петрова"
    extension: str | None = "101"


class Pbx:
    """Takes what it is asked; `answer` is what it does when it is asked to ring."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[str, str], Awaitable[None]] | None = None
        self.before_reply: Callable[[], Awaitable[None]] | None = None  # what it tells before it answers a `cancel`
        self.alive: list[Lasting] = []

    async def consult(self, call: Conversation, to: str, attempt: str) -> None:
        self.asked.append(f"consult {to}")
        if self.answer is not None:
            await self.answer(to, attempt)

    async def complete(self, call: Conversation) -> None:
        self.asked.append("complete")

    async def cancel(self, call: Conversation) -> None:
        self.asked.append("cancel")
        if self.before_reply is not None:
            await self.before_reply()

    async def join(self, call: Conversation) -> None:
        self.asked.append("join")

    async def lasting(self) -> list[Lasting]:
        return self.alive


class Room:
    """A service, its PBX, a call of 101 that goes on, and what was told."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.clock, self.pbx, self.who = clock, Pbx(), Who()
        self.told: list[Handover] = []
        store.after[HandoverChanged] = [lambda fact: self.told.append(fact.handover)]
        talking = Conversation(
            KEY, Direction.INBOUND, clock.now(), state=State.TALKING, operator="101", talks=(Talk("101", clock.now()),)
        )
        self.call = StoredCall(7, talking)
        self.service = HandoversService(store, clock, {"main": self.pbx}, self._by_key)
        self.pbx.answer = self.rings

    async def _by_key(self, key: CallKey) -> StoredCall | None:
        return self.call if key == KEY else None

    async def rings(self, to: str, attempt: str) -> None:
        await self.tell("ringing", attempt)

    async def tell(self, what: str, attempt: str | None = None, cause: int = 0) -> None:
        found = self.service.newest(7)
        mine = attempt if attempt is not None else found.id if found else ""
        await self.service.on_told(HandoverTold(self.clock.now(), "main", "1.1", what, mine, "112", cause))

    @property
    def state(self) -> HandoverState:
        found = self.service.newest(7)
        assert found is not None
        return found.state

    async def begin(self, to: str = "112") -> Handover:
        return await self.service.begin(self.call, to, self.who)

    async def consulting(self) -> None:
        await self.begin()
        await self.tell("answered")
        assert self.state is S.TALKING


@pytest.fixture
async def room(sqlite_store: Store, clock: ManualClock) -> AsyncIterator[Room]:
    room = Room(sqlite_store, clock)
    yield room
    await room.service.close()


async def test_it_rings_is_answered_and_completed_and_each_state_is_told_once(room: Room) -> None:
    begun = await room.begin()
    assert (begun.state, begun.number, begun.author) == (S.RINGING, "112", "Петрова")
    await room.tell("answered")
    room.clock.advance(seconds=20)
    pressed = asyncio.ensure_future(room.service.complete(room.call, room.who))
    await asyncio.sleep(0)
    await room.tell("transferred", "")
    await pressed
    await room.tell("gone")  # in the end the third party hangs up: no news of the transfer
    assert [one.state for one in room.told] == [S.RINGING, S.TALKING, S.DONE]
    assert room.told[-1].answered_at is not None
    await room.service.complete(room.call, room.who)  # pressed twice
    assert room.pbx.asked == ["consult 112", "complete"]


async def test_the_same_key_pressed_again_asks_the_pbx_once(room: Room) -> None:
    first, second = await asyncio.gather(room.begin(), room.begin())
    third = await room.begin()
    assert first.id == third.id == second.id
    assert room.pbx.asked == ["consult 112"]


async def test_another_number_waits_for_the_first_one_to_end(room: Room) -> None:
    await room.begin()
    with pytest.raises(Conflict, match="112"):
        await room.begin("103")
    await room.tell("BUSY", cause=17)
    assert (room.state, room.told[-1].why) == (S.FAILED, "busy")
    assert (await room.begin("103")).number == "103"


@pytest.mark.parametrize(
    ("said", "cause", "why"),
    [("NOANSWER", 0, "no_answer"), ("CHANUNAVAIL", 21, "rejected"), ("CHANUNAVAIL", 3, "unreachable")],
)
async def test_why_nobody_came_is_told_in_one_word(room: Room, said: str, cause: int, why: str) -> None:
    await room.begin()
    await room.tell(said, cause=cause)
    assert (room.state, room.told[-1].why) == (S.FAILED, why)


async def test_an_answer_that_comes_before_the_reply_is_believed(room: Room) -> None:
    async def at_once(to: str, attempt: str) -> None:
        await room.tell("ringing", attempt)
        await room.tell("answered", attempt)

    room.pbx.answer = at_once
    assert (await room.begin()).state is S.TALKING


async def test_a_link_cut_right_after_the_asking_is_never_asked_again(room: Room) -> None:
    async def cut(to: str, attempt: str) -> None:
        raise OutcomeUnknown()

    room.pbx.answer = cut
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            await room.begin()
    assert room.pbx.asked == ["consult 112"]
    found = room.service.newest(7)
    assert found is not None
    room.pbx.alive = [Lasting("1.1", found.id, "112", answered=True)]
    await room.service.resynced("main")
    assert room.state is S.TALKING, "the PBX itself has told that it lasts"
    assert [one.id for one in room.service.of_call(7)] == [found.id]


async def test_what_left_no_trace_on_the_pbx_is_over_and_may_be_tried_again(room: Room) -> None:
    async def cut(to: str, attempt: str) -> None:
        raise OutcomeUnknown()

    room.pbx.answer = cut
    with pytest.raises(OutcomeUnknown):
        await room.begin()
    room.clock.advance(seconds=1)
    await room.service.resynced("main")
    assert room.state is S.OVER
    room.pbx.answer = room.rings
    assert (await room.begin()).state is S.RINGING


async def test_a_lost_link_says_that_nothing_was_sent(room: Room) -> None:
    async def lost(to: str, attempt: str) -> None:
        raise PbxLost()

    room.pbx.answer = lost
    with pytest.raises(PbxLost):
        await room.begin()
    assert (room.state, room.told[-1].why) == (S.FAILED, "not_taken")


async def test_a_pbx_that_takes_the_digits_for_nothing_is_told_in_words(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callengine.calls.handovers.TAKEN_SECONDS", 0.01)
    room.pbx.answer = None
    with pytest.raises(NoWarmTransfer, match="at the telephone"):
        await room.begin()
    assert room.state is S.FAILED


async def test_a_pbx_that_was_only_slow_is_believed_though_the_key_was_pressed_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callengine.calls.handovers.TAKEN_SECONDS", 0.01)
    room.pbx.answer = None
    with pytest.raises(NoWarmTransfer):
        await room.begin()
    slow = room.told[-1]

    async def lasts(to: str, attempt: str) -> None:
        raise TransferLasts

    room.pbx.answer = lasts
    with pytest.raises(TransferLasts):
        await room.begin()
    await room.tell("ringing", slow.id)
    assert (room.state, room.told[-1].why, room.told[-1].ended_at) == (S.RINGING, "", None)
    await room.tell("answered", slow.id)
    assert [one.state for one in room.service.of_call(7)] == [S.TALKING]


async def test_who_has_the_resident_back_by_a_key_of_his_telephone_may_call_the_next_service(room: Room) -> None:
    begun = await room.begin()

    async def gone() -> None:
        raise NoTransfer

    room.pbx.before_reply = gone
    room.pbx.alive = [Lasting("1.1", begun.id, "112", answered=False)]
    with pytest.raises(NoTransfer):
        await room.service.cancel(room.call, room.who)
    assert room.state is S.RINGING, "the PBX shows that it rings still"
    room.pbx.alive = []
    await room.service.cancel(room.call, room.who)
    assert room.state is S.CANCELLED
    assert (await room.begin("103")).number == "103"


async def test_who_takes_the_resident_back_has_cancelled_whatever_the_pbx_says_first(room: Room) -> None:
    await room.consulting()
    room.pbx.before_reply = lambda: room.tell("gone")
    await room.service.cancel(room.call, room.who)
    await room.service.cancel(room.call, room.who)
    assert (room.state, room.pbx.asked) == (S.CANCELLED, ["consult 112", "cancel"])


async def test_the_third_partys_hang_up_gives_the_resident_back(room: Room) -> None:
    await room.consulting()
    await room.tell("gone")
    assert room.state is S.ENDED
    await room.service.cancel(room.call, room.who)
    assert room.pbx.asked == ["consult 112"], "a code pressed now would begin another transfer"


async def test_nobody_is_joined_before_the_answer(room: Room) -> None:
    await room.begin()
    for press in (room.service.complete, room.service.join):
        with pytest.raises(Conflict, match="wait for the answer"):
            await press(room.call, room.who)
    assert room.pbx.asked == ["consult 112"]


async def test_all_three_talk_and_then_the_operator_leaves(room: Room) -> None:
    await room.consulting()
    pressed = asyncio.ensure_future(room.service.join(room.call, room.who))
    await asyncio.sleep(0)
    await room.tell("threeway", "")
    await pressed
    assert room.state is S.JOINED
    await room.service.complete(room.call, room.who)
    assert room.pbx.asked == ["consult 112", "join", "complete"]


@pytest.mark.parametrize(("then", "state"), [("answered", S.DONE), ("NOANSWER", S.FAILED)])
async def test_an_operator_who_hangs_up_while_it_rings_leaves_him_to_who_answers(
    room: Room, then: str, state: HandoverState
) -> None:
    await room.begin()
    await room.tell("transferred", "")
    assert room.state is S.LEFT
    await room.tell(then)
    assert room.state is state
    assert (room.told[-1].answered_at is not None) is (state is S.DONE)


async def test_only_who_talks_may_begin_and_only_who_began_may_end(room: Room) -> None:
    other = Who(2, "Гусев", "102")
    with pytest.raises(Refused, match="only who talks"):
        await room.service.begin(room.call, "112", other)
    await room.begin()
    with pytest.raises(Refused, match="only who began"):
        await room.service.cancel(room.call, other)
    with pytest.raises(Conflict, match="No warm transfer"):
        await room.service.cancel(StoredCall(8, room.call.call), room.who)


async def test_a_word_of_an_earlier_attempt_moves_nothing(room: Room) -> None:
    first = await room.begin()
    await room.tell("BUSY")
    await room.begin()
    await room.tell("NOANSWER", first.id)
    assert room.state is S.RINGING


async def test_the_residents_hang_up_ends_it(room: Room) -> None:
    await room.begin()
    ended = room.call.call.evolve(state=State.ENDED, ended_at=room.clock.now() + timedelta(seconds=1))
    await room.service.on_ended(CallEnded(room.clock.now(), ended))
    assert (room.state, room.told[-1].why) == (S.OVER, "hung_up")


async def test_one_begun_by_an_engine_that_died_is_taken_over(room: Room) -> None:
    await room.tell("ringing", "abc")
    found = room.service.newest(7)
    assert found is not None
    assert (found.id, found.extension, found.state) == ("abc", "101", S.RINGING)
    await room.service.cancel(room.call, room.who)
    assert room.state is S.CANCELLED
