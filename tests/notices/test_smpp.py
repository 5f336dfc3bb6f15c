"""SMS to a message centre that refuses the bind, throttles, breaks off in the middle, is mute, and talks rubbish."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine.config import Notices
from callengine.notices.channels import pdu, smpp
from callengine.notices.channels.pdu import Command, Pdu
from callengine.notices.channels.smpp import Smpp
from callengine.notices.model import Later, Message, Rejected, Sent, Unknown
from tests.notices.office import until
from tests.notices.servers import Smsc

MESSAGE = Message(id=300, key="k", kind="done", subject="", text="Заявка готова", number="+79073304177")
LONG = replace(MESSAGE, text="ж" * 150)  # three parts of 67, 67 and 16
Make = Callable[..., Smpp]
Told = list[tuple[list[str], bool, str]]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
async def make(smsc: Smsc, told: Told) -> AsyncIterator[Make]:
    made: list[Smpp] = []

    async def keep(names: list[str], delivered: bool, detail: str) -> None:
        told.append((names, delivered, detail))

    def one(on_receipt: Any = keep, answer_seconds: float = 5, enquire_seconds: float = 30, **more: object) -> Smpp:
        given = {"sms": "smpp", "smpp_host": "127.0.0.1", "smpp_port": smsc.port, "smpp_user": "desk"}
        settings = Notices.model_validate({**given, "smpp_password": "pa55word", "sms_sender": "DESK", **more})
        made.append(Smpp(settings, on_receipt, answer_seconds=answer_seconds, enquire_seconds=enquire_seconds))
        return made[-1]

    yield one
    for it in made:
        await it.close()


async def test_one_bound_link_carries_all_messages_and_says_goodbye(smsc: Smsc, make: Make) -> None:
    channel = make()
    results = [await channel.send(MESSAGE) for _ in range(3)]
    assert results[0] == Sent("the SMSC took it as m0", {0: "m0"})
    assert len(smsc.binds) == 1 and smsc.binds[0].startswith(b"desk\0pa55word\0\0\x34")
    one = smsc.submits[0]
    assert (one["number"], one["sender"], one["sender_kind"]) == ("79073304177", "DESK", (5, 0))
    assert (one["coding"], one["receipt"], one["header"], one["text"]) == (8, 1, b"", "Заявка готова")
    await channel.close()
    await until(lambda: smsc.unbound == 1)


async def test_a_long_message_goes_in_parts_that_the_telephone_joins(smsc: Smsc, make: Make) -> None:
    result = await make().send(LONG)
    assert isinstance(result, Sent) and result.ids == {0: "m0", 1: "m1", 2: "m2"}
    assert [one["header"] for one in smsc.submits] == [bytes([5, 0, 3, 300 % 256, 3, n]) for n in (1, 2, 3)]
    assert "".join(one["text"] for one in smsc.submits) == LONG.text
    assert [len(one["text"]) for one in smsc.submits] == [67, 67, 16]


async def test_plain_letters_go_in_the_default_alphabet_as_gsm_has_them(smsc: Smsc, make: Make) -> None:
    await make().send(replace(MESSAGE, text="Ticket_1 @ [5]"))
    assert smsc.submits[0]["coding"] == 0
    assert smsc.submits[0]["text"] == b"Ticket\x111 \x00 \x1b\x3c5\x1b\x3e"
    await make(smpp_alphabet="latin1").send(replace(MESSAGE, text="Ticket_1 @"))
    assert (smsc.submits[1]["coding"], smsc.submits[1]["text"]) == (3, b"Ticket_1 @")
    await make(smpp_alphabet="ucs2").send(replace(MESSAGE, text="Ticket"))
    assert (smsc.submits[2]["coding"], smsc.submits[2]["text"]) == (8, "Ticket")


async def test_many_at_once_share_the_link_and_each_gets_its_own_answer(smsc: Smsc, make: Make) -> None:
    channel = make()
    results = await asyncio.gather(*[channel.send(replace(MESSAGE, text=f"{n}")) for n in range(30)])
    assert len(smsc.binds) == 1
    names = [result.ids[0] for result in results if isinstance(result, Sent)]
    for n, name in enumerate(names):
        assert smsc.submits[int(name[1:])]["text"] == f"{n}".encode()
    assert len(set(names)) == 30


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (pdu.INVALID_PASSWORD, "password is wrong"),
        (pdu.INVALID_SYSTEM_ID, "system_id"),
        (pdu.BIND_FAILED, "bind failed"),
    ],
)
async def test_a_refused_bind_holds_the_channel_for_a_minute(smsc: Smsc, make: Make, status: int, words: str) -> None:
    smsc.bind_status = status
    result = await make().send(MESSAGE)
    assert isinstance(result, Later) and result.whole_channel and result.after_seconds == 60
    assert words in result.problem and smsc.submits == []
    smsc.bind_status = pdu.OK
    assert isinstance(await make().send(MESSAGE), Sent)


async def test_a_centre_that_is_not_there_was_surely_not_told(smsc: Smsc, make: Make) -> None:
    await smsc.stop()
    result = await make().send(MESSAGE)
    assert isinstance(result, Later) and result.whole_channel


@pytest.mark.parametrize("status", [pdu.THROTTLED, pdu.QUEUE_FULL])
async def test_a_throttled_part_holds_the_rest_back_and_only_the_rest_is_sent_again(
    smsc: Smsc, make: Make, status: int
) -> None:
    smsc.statuses = [0, status]
    channel = make()
    result = await channel.send(LONG)
    assert isinstance(result, Later) and result.whole_channel and result.ids == {0: "m0"}
    assert len(smsc.submits) == 2  # the third was not even tried
    again = await channel.send(replace(LONG, parts=frozenset({0})))
    assert isinstance(again, Sent) and set(again.ids) == {1, 2}
    assert [one["header"][-1] for one in smsc.submits] == [1, 2, 2, 3]
    assert len({one["header"][3] for one in smsc.submits}) == 1  # one reference: the telephone joins them


@pytest.mark.parametrize(("status", "kind"), [(0x0B, Rejected), (0x0A, Rejected), (0x45, Rejected), (0x08, Later)])
async def test_a_refused_message_fails_for_good_and_the_centres_own_trouble_does_not(
    smsc: Smsc, make: Make, status: int, kind: type
) -> None:
    smsc.statuses = [status]
    result = await make().send(MESSAGE)
    assert isinstance(result, kind) and f"0x{status:08X}" in result.problem
    assert isinstance(await make().send(MESSAGE), Sent)


async def test_a_link_that_drops_in_the_middle_says_which_parts_are_known(smsc: Smsc, make: Make) -> None:
    smsc.break_at = 1
    channel = make()
    result = await channel.send(LONG)
    assert isinstance(result, Unknown) and result.ids == {0: "m0"}
    smsc.break_at = None
    assert isinstance(await channel.send(MESSAGE), Sent)  # a new link
    assert len(smsc.binds) == 2


async def test_all_who_wait_learn_that_the_link_broke(smsc: Smsc, make: Make) -> None:
    channel = make()
    await channel.send(MESSAGE)
    smsc.mute = True
    sending = [asyncio.ensure_future(channel.send(MESSAGE)) for _ in range(5)]
    await until(lambda: len(smsc.submits) == 6)
    await smsc.stop()
    assert all(isinstance(result, Unknown) for result in await asyncio.gather(*sending))


async def test_a_mute_centre_leaves_the_message_unknown_and_loses_the_link(smsc: Smsc, make: Make) -> None:
    smsc.mute = True
    channel = make(answer_seconds=0.1)
    assert isinstance(await channel.send(MESSAGE), Unknown)
    smsc.mute = False
    assert isinstance(await channel.send(MESSAGE), Sent)
    assert len(smsc.binds) == 2


@pytest.mark.parametrize("rubbish", [b"\xff" * 64, b"\0" * 16, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_rubbish_ends_the_link_and_nothing_else(smsc: Smsc, make: Make, rubbish: bytes) -> None:
    smsc.greeting = rubbish
    channel = make()
    assert isinstance(await channel.send(MESSAGE), Unknown | Later)
    smsc.greeting = b""
    assert isinstance(await channel.send(MESSAGE), Sent)


async def test_a_silent_link_is_asked_for_a_sign_of_life_and_closed_without_one(smsc: Smsc, make: Make) -> None:
    channel = make(enquire_seconds=0.02, answer_seconds=0.1)
    await channel.send(MESSAGE)
    await until(lambda: smsc.enquiries >= 2)
    smsc.mute = True
    link = channel._link
    assert link is not None
    await until(lambda: not link.alive)
    smsc.mute = False
    assert isinstance(await channel.send(MESSAGE), Sent)


async def test_a_link_is_held_for_receipts_opened_anew_when_it_breaks_and_not_after_the_end(
    smsc: Smsc, make: Make, told: Told
) -> None:
    channel = make(enquire_seconds=0.02)
    listening = asyncio.ensure_future(channel.listen())
    try:
        await until(lambda: smsc.enquiries)  # it is bound, though nothing was sent
        smsc.tell("m0")
        await until(lambda: told)
        smsc.say(Pdu(Command.UNBIND, 0, 9).encode())
        await until(lambda: len(smsc.binds) == 2)
        await channel.close()
        before = len(smsc.binds)
        assert isinstance(await channel.send(MESSAGE), Later) and len(smsc.binds) == before
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_what_the_centre_asks_is_answered(smsc: Smsc, make: Make, told: Told) -> None:
    smsc.greeting = Pdu(Command.ENQUIRE_LINK, 0, 5).encode() + Pdu(0x00000103, 0, 6).encode()  # data_sm: not ours
    channel = make()
    assert isinstance(await channel.send(MESSAGE), Sent)
    smsc.say(Pdu(Command.UNBIND, 0, 9).encode())
    link = channel._link
    assert link is not None
    await until(lambda: not link.alive)
    assert isinstance(await channel.send(MESSAGE), Sent)


async def test_a_receipt_is_answered_when_it_was_kept_and_asked_for_again_when_not(smsc: Smsc, make: Make) -> None:
    kept: list[str] = []

    async def failing(names: list[str], delivered: bool, detail: str) -> None:
        if not kept:
            kept.append("failed")
            raise RuntimeError("no database")
        kept.append(names[0])

    await make(failing).send(MESSAGE)
    smsc.tell("m0")
    await until(lambda: smsc.answered == [0x64])
    smsc.tell("m0")
    await until(lambda: smsc.answered == [0x64, 0])
    assert kept == ["failed", "m0"]


async def test_a_store_that_is_slow_to_keep_a_receipt_holds_up_no_message_and_no_sign_of_life(
    smsc: Smsc, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smpp, "MOST_RECEIPTS", 2)
    kept: list[str] = []
    store_is_back = asyncio.Event()

    async def slow(names: list[str], delivered: bool, detail: str) -> None:
        kept.append(names[0])
        await store_is_back.wait()

    channel = make(slow, answer_seconds=1)
    await channel.send(MESSAGE)
    smsc.tell("m0")
    await until(lambda: kept)
    for name in ("m1", "m2", "m3"):  # two wait in the line, the third is for later
        smsc.tell(name)
    await until(lambda: smsc.answered == [0x64])
    assert isinstance(await channel.send(MESSAGE), Sent)
    store_is_back.set()
    await until(lambda: smsc.answered == [0x64, 0, 0, 0])
    assert kept == ["m0", "m1", "m2"]


async def test_a_centre_that_takes_our_bind_and_hangs_up_is_not_stormed(
    smsc: Smsc, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 7:
            await asyncio.Event().wait()

    monkeypatch.setattr(smpp, "sleep", pause)
    smsc.greeting = Pdu(Command.UNBIND, 0, 9).encode()
    listening = asyncio.ensure_future(make().listen())
    try:
        await until(lambda: len(pauses) == 7 or len(smsc.binds) > 7)
        assert pauses == [1, 2, 4, 8, 16, 30, 30] and len(smsc.binds) == 7
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_receipts_say_what_became_of_a_message(smsc: Smsc, make: Make, told: Told) -> None:
    channel = make()
    await channel.send(MESSAGE)
    for stat in ("DELIVRD", "ENROUTE", "ACCEPTD", "UNDELIV", "EXPIRED", "REJECTD", "DELETED", "UNKNOWN"):
        smsc.tell("m0", stat)
    options = b"\x00\x1e\x00\x03m9\0" + b"\x04\x27\x00\x01\x05"
    smsc.tell("ignored", "DELIVRD", options=options)
    await until(lambda: len(smsc.answered) == 9)
    assert [(names[0], delivered, stat) for names, delivered, stat in told] == [
        ("m0", True, "DELIVRD"),
        ("m0", False, "UNDELIV"),
        ("m0", False, "EXPIRED"),
        ("m0", False, "REJECTD"),
        ("m0", False, "DELETED"),
        ("m0", False, "UNKNOWN"),
        ("m9", False, "UNDELIV"),  # the options have the last word
    ]


async def test_somebodys_sms_to_us_is_answered_and_is_no_receipt(smsc: Smsc, make: Make, told: Told) -> None:
    channel = make()
    await channel.send(MESSAGE)
    body = b"\0\1\1" + b"79070000001\0" + b"\0\0" + b"109\0" + bytes(3) + b"\0\0" + bytes([0, 0, 0, 0, 3]) + b"id:"
    smsc.say(Pdu(Command.DELIVER_SM, 0, 4, body).encode())
    await until(lambda: smsc.answered == [0])
    assert told == []


@pytest.mark.parametrize(
    ("named", "told_as"), [("3e8", "1000"), ("3E8", "1000"), ("000003E8", "1000"), ("1000", "3e8")]
)
def test_a_name_in_hexadecimal_and_its_receipt_in_decimal_are_one(named: str, told_as: str) -> None:
    assert named in pdu.names(told_as)


async def test_the_password_is_in_no_log(smsc: Smsc, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    smsc.bind_status = pdu.INVALID_PASSWORD
    with caplog.at_level(logging.DEBUG):
        result = await make().send(MESSAGE)
    assert "pa55word" not in caplog.text and "pa55word" not in str(result)


@given(st.binary(max_size=200))
def test_no_octets_of_a_deliver_sm_do_more_than_be_refused(raw: bytes) -> None:
    try:
        pdu.receipt(pdu.deliver(raw))
    except pdu.Malformed:
        pass


@given(st.binary(min_size=16, max_size=16))
def test_no_sixteen_octets_make_us_wait_for_gigabytes(raw: bytes) -> None:
    try:
        length, *_ = pdu.head(raw)
    except pdu.Malformed:
        return
    assert length <= pdu.LARGEST
