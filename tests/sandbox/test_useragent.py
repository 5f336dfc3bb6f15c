"""Two telephones of the street call each other without any PBX between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from callengine.sandbox import sip, speech
from callengine.sandbox.rtp import Ticker
from callengine.sandbox.useragent import Call, CallState, Line
from callengine.tasks import Tasks


@asynccontextmanager
async def two_phones() -> AsyncIterator[tuple[Line, Line, asyncio.Queue[Call]]]:
    tasks, ticker = Tasks(), Ticker()
    tasks.start(ticker.run(), name="ticker")
    calls: asyncio.Queue[Call] = asyncio.Queue()
    theirs = await Line(ticker, pbx=("127.0.0.1", 9), user="101", on_call=calls.put_nowait).open()
    ours = await Line(ticker, pbx=theirs.address, user="102").open()
    try:
        yield ours, theirs, calls
    finally:
        ours.close()
        theirs.close()
        await tasks.close()


async def _until(condition: object, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_an_answered_call_carries_sound_and_ends_at_both_sides() -> None:
    async with two_phones() as (ours, _, calls):
        outgoing = await ours.call("115", sender="+79074121806", name="Иванова")
        incoming = await calls.get()
        assert (incoming.number, incoming.name) == ("+79074121806", "Иванова")
        incoming.ring()
        await incoming.answer(speech.hum(seconds=1))
        await asyncio.wait_for(outgoing.answered.wait(), 5)
        outgoing.say(speech.hum(seconds=1))
        await _until(lambda: incoming.sound and incoming.sound.heard_voice > 5)
        await _until(lambda: outgoing.sound and outgoing.sound.heard_voice > 5)
        outgoing.hang_up()
        await asyncio.wait_for(incoming.ended.wait(), 5)
        assert (outgoing.ended_why, incoming.ended_why) == ("local", "remote")


async def test_a_refused_call_tells_the_caller_why() -> None:
    async with two_phones() as (ours, _, calls):
        outgoing = await ours.call("115")
        (await calls.get()).refuse(486)
        await asyncio.wait_for(outgoing.ended.wait(), 5)
        assert outgoing.ended_why == "486"


async def test_hanging_up_while_it_rings_cancels() -> None:
    async with two_phones() as (ours, _, calls):
        outgoing = await ours.call("115")
        incoming = await calls.get()
        incoming.ring()
        await asyncio.wait_for(outgoing.said.wait(), 5)
        outgoing.hang_up()
        await asyncio.wait_for(outgoing.ended.wait(), 5)
        assert (outgoing.ended_why, incoming.ended_why) == ("cancelled", "cancelled")


async def test_hold_stops_the_sound_and_resuming_brings_it_back() -> None:
    async with two_phones() as (ours, _, calls):
        outgoing = await ours.call("115")
        incoming = await calls.get()
        await incoming.answer(speech.hum(seconds=1))
        await asyncio.wait_for(outgoing.answered.wait(), 5)
        await incoming.hold()
        assert incoming.state is CallState.HELD
        await incoming.unhold()
        assert outgoing.sound is not None
        before = outgoing.sound.heard_voice
        await _until(lambda: outgoing.sound and outgoing.sound.heard_voice > before + 5)
        incoming.hang_up()
        await asyncio.wait_for(outgoing.ended.wait(), 5)


@pytest.mark.parametrize("text", ["", "garbage without sense", "INVITE\r\n\r\n"])
def test_what_is_no_sip_is_told_apart(text: str) -> None:
    with pytest.raises(sip.NotSip):
        sip.parse(text.encode())


def test_the_digest_answer_is_that_of_the_rfc() -> None:
    # RFC 2617, 3.5
    challenge = (
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    answer = sip.authorization(challenge, user="Mufasa", secret="Circle Of Life", method="GET", uri="/dir/index.html")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in answer


def test_speech_of_espeak_becomes_a_law() -> None:
    samples = b"\x00\x00\xff\x7f\x00\x80\x00\x10" * 4000
    header = speech.wav_of(b"")[:44]
    assert len(header) == 44
    pcm = header[:20] + b"\x01\x00\x01\x00" + (8000).to_bytes(4, "little") + (16000).to_bytes(4, "little")
    pcm += b"\x02\x00\x10\x00" + b"data" + len(samples).to_bytes(4, "little") + samples
    audio = speech.from_wav(pcm)
    assert audio[:4] == bytes([0xD5, 0xAA, 0x2A, speech._alaw(0x1000)])
