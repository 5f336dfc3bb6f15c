"""The FastAGI server: lookups are answered, and whoever abuses it hurts nobody."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import shlex
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callengine.errors import Refused
from callengine.menus.line import Caller, HungUp
from callengine.menus.lookup import Known, lookup
from callengine.pbx import fastagi
from callengine.pbx.fastagi import AgiCall, AgiLimits, AgiRefused, FastAgiServer, quoted
from tests.pbx.fake_agi import FakeCall, shut

QUICK = AgiLimits(headers_seconds=0.1, reply_seconds=0.1, connections=5)


@asynccontextmanager
async def serving(
    handler: Callable[[AgiCall], Awaitable[None]], limits: AgiLimits | None = None
) -> AsyncIterator[FastAgiServer]:
    server = FastAgiServer("127.0.0.1", 0, {"lookup": handler}, limits=limits)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


async def turned_away(reader: asyncio.StreamReader) -> None:
    """The server closed without a word, with an end of stream or with a reset."""
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 10) == b""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def known(line: AgiCall) -> None:
    async def find(caller: Caller) -> Known:
        return Known(known=True, name=caller.name, queue="desk", accident="")

    await lookup(line, find)


async def test_a_lookup_sets_what_the_dialplan_reads() -> None:
    async with serving(known) as server, FakeCall(server.port) as call:
        assert await call.run() == ['SET VARIABLE ARRAY(CE_NAME,CE_QUEUE,CE_ACCIDENT,CE_KNOWN) "Иванова,desk,,1"']


async def test_a_name_with_commas_and_quotes_moves_no_other_variable() -> None:
    async with serving(known) as server, FakeCall(server.port, agi_calleridname='A, "B"\\,C') as call:
        (command,) = await call.run()
    assert shlex.split(command)[-1] == "A   B   C,desk,,1"


async def test_who_calls_is_read_from_the_environment() -> None:
    seen: list[Caller] = []

    async def look(line: AgiCall) -> None:
        seen.append(line.caller)

    async with serving(look) as server:
        for presentation in ("0", "32", "67", "rubbish"):
            async with FakeCall(server.port, agi_callingpres=presentation, agi_callerid="unknown") as call:
                await call.run()
    assert [c.withheld for c in seen] == [False, True, True, False]
    assert (seen[0].number, seen[0].did) == ("", "83072")


@pytest.mark.parametrize("find_seconds", [0.05, None])
async def test_a_late_or_broken_lookup_lets_the_call_go_on(find_seconds: float | None) -> None:
    async def find(caller: Caller) -> Known:
        if find_seconds is None:
            raise RuntimeError("the database is gone")
        await asyncio.Event().wait()
        raise AssertionError

    async def handler(line: AgiCall) -> None:
        await lookup(line, find, deadline_seconds=find_seconds or 1)

    async with serving(handler) as server, FakeCall(server.port) as call:
        assert await call.run() == []


@pytest.mark.parametrize(
    "hostile",
    ['x" "y', "x\nHANGUP", "x\r\nEXEC System rm", "back\\", '\\"', "😀 <b>&'", "\0", "tab\tend", "\u2028line\u2029"],
)
async def test_a_hostile_name_is_one_argument_of_one_command(hostile: str) -> None:
    async def handler(line: AgiCall) -> None:
        await line.set("CE_NAME", hostile)

    async with serving(handler) as server, FakeCall(server.port) as call:
        (command,) = await call.run()
    assert len(shlex.split(command)) == 4


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_quoting_holds_for_any_text(text: str) -> None:
    inside = quoted(text)[1:-1]
    assert not any(ord(c) < 32 for c in inside)
    assert '"' not in inside.replace("\\\\", "").replace('\\"', "")


async def test_a_command_too_long_for_asterisk_and_a_bad_variable_are_refused() -> None:
    async def handler(line: AgiCall) -> None:
        for name, value in (("CE_NAME", "x" * 2100), ("CE NAME", "x"), ('X" "', "x"), ("X\nHANGUP", "x")):
            with pytest.raises(Refused):
                await line.set(name, value)
        await line.set("CE_KNOWN", "1")

    async with serving(handler) as server, FakeCall(server.port) as call:
        assert len(await call.run()) == 1


async def test_hangup_in_the_middle_is_consumed_and_told() -> None:
    seen: list[bool] = []

    async def handler(line: AgiCall) -> None:
        assert (await line.command("NOOP")).result == "0"
        seen.append(line.hung_up)
        with pytest.raises(HungUp):
            await line.play("greeting")

    async with serving(handler) as server:
        async with FakeCall(server.port, "HANGUP\n200 result=0", "511 Command Not Permitted on a dead channel") as call:
            await call.run()
        assert (seen, server.failed) == ([True], 0)


async def test_the_520_block_is_read_to_its_end() -> None:
    usage = "520-Invalid command syntax.  Proper usage follows:\nUsage: NOOP\n\tmore\n520 End of proper usage."

    async def handler(line: AgiCall) -> None:
        with pytest.raises(AgiRefused, match="Usage"):
            await line.command("NOOP")
        with pytest.raises(AgiRefused, match="510"):
            await line.command("BOGUS")
        assert (await line.command("NOOP")).data == "a (b) c"

    async with serving(handler) as server:
        async with FakeCall(
            server.port, usage, "510 Invalid or unknown command", "100 Trying...\n200 result=1 (a (b) c)"
        ) as call:
            await call.run()
        assert server.failed == 0


async def test_keys_and_digits_are_read() -> None:
    async def handler(line: AgiCall) -> None:
        assert await line.play("menu", keys="12#") == "1"
        assert await line.play("menu", keys="12#") == ""
        assert await line.ask("mark", digits=1) == "5"
        assert await line.ask("mark") == ""
        assert await line.get("CE_DID") == "83072"
        assert await line.get("NOTHING") == ""
        with pytest.raises(HungUp):
            await line.play("menu")

    answers = [
        "200 result=49 endpos=1",
        "200 result=0 endpos=8000",
        "200 result=5",
        "200 result= (timeout)",
        "200 result=1 (83072)",
        "200 result=0",
        "200 result=-1 endpos=0",
    ]
    async with serving(handler) as server:
        async with FakeCall(server.port, *answers) as call:
            assert len(await call.run()) == 7
        assert server.failed == 0


async def test_connect_and_close_does_not_freeze_the_loop() -> None:
    async with serving(known) as server:
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            await shut(writer)
        async with FakeCall(server.port) as call:
            assert len(await call.run()) == 1
        await until(lambda: not server.open)


@pytest.mark.parametrize(
    "rubbish",
    [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\n\n", b"\n\n", b"agi_network_script: nope\n\n"],
)
async def test_a_port_scan_is_turned_away(rubbish: bytes) -> None:
    async with serving(known) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(rubbish)
        await turned_away(reader)
        await shut(writer)
        await until(lambda: not server.open)


async def test_half_a_request_is_closed_after_a_while() -> None:
    async with serving(known, QUICK) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"agi_network_script: lookup\n")
        await turned_away(reader)
        await shut(writer)
        await until(lambda: not server.open)


async def test_a_head_without_an_end_is_cut_off() -> None:
    async with serving(known) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"agi_x: y\n" * 10_000)
        await turned_away(reader)
        await shut(writer)
        await until(lambda: not server.open)


async def test_a_silent_asterisk_ends_the_dialogue() -> None:
    ended: list[str] = []

    async def handler(line: AgiCall) -> None:
        try:
            await line.command("NOOP")
        finally:  # by the silence, or by the end of the whole dialogue: on a busy machine either may come first
            ended.append("over")

    async with serving(handler, QUICK) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"agi_network_script: lookup\n\n")
        await until(lambda: bool(ended))
        await shut(writer)
    assert reader is not None


async def test_an_end_of_stream_in_the_middle_ends_the_dialogue() -> None:
    ended = asyncio.Event()

    async def handler(line: AgiCall) -> None:
        with pytest.raises(HungUp):
            await line.command("NOOP")
        with pytest.raises(HungUp):
            await line.command("NOOP")
        ended.set()

    async with serving(handler) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"agi_network_script: lookup\n\n200 res")
        await shut(writer)
        await asyncio.wait_for(ended.wait(), 10)


async def test_beyond_the_limit_connections_are_refused_and_the_others_live() -> None:
    async with serving(known, AgiLimits(connections=3)) as server:
        held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        await until(lambda: len(server.open) == 3)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await turned_away(reader)
        await shut(writer)
        assert server.refused == 1
        await shut(held.pop()[1])
        await until(lambda: len(server.open) == 2)
        async with FakeCall(server.port) as call:
            assert len(await call.run()) == 1
        for _, writer in held:
            await shut(writer)


async def test_a_burst_of_scans_that_are_gone_takes_no_place_from_a_call() -> None:
    async with serving(known) as server:
        # Without a turn of the loop in between: all of them wait in the backlog, as after a stall of the engine.
        for _ in range(server.limits.connections + 50):
            with socket.create_connection(("127.0.0.1", server.port)) as scan:
                scan.send(b"agi_network: yes\n")
        async with FakeCall(server.port) as call:
            assert len(await call.run()) == 1
        assert server.refused == 0
        await until(lambda: not server.open)


async def test_closing_the_server_cancels_a_dialogue_that_would_never_end() -> None:
    told: list[str] = []
    begun = asyncio.Event()

    async def handler(line: AgiCall) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    async with serving(handler) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"agi_network_script: lookup\n\n")
        await begun.wait()
        await asyncio.wait_for(server.close(), 10)
        await shut(writer)
    assert told == ["cancelled"]


async def test_a_dialogue_that_fails_closes_its_call_and_no_other() -> None:
    async def handler(line: AgiCall) -> None:
        if line.env["agi_callerid"] == "bad":
            raise RuntimeError("a bug")
        await known(line)

    async with serving(handler) as server:
        async with FakeCall(server.port, agi_callerid="bad") as call:
            assert await call.run() == []
        async with FakeCall(server.port) as call:
            assert len(await call.run()) == 1
        assert (server.failed, server.served) == (1, 1)


async def test_a_head_and_answers_in_single_bytes_are_understood() -> None:
    heard: list[str] = []

    async def handler(line: AgiCall) -> None:
        for name in ("CE_KEY", "CE_DID"):
            heard.append(await line.get(name))

    async with serving(handler) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for answer in (
            b"agi_network: yes\r\nagi_network_script: lookup\r\n\r\n",
            b"200 result=1 (a)\r\n",
            b"200 result=1 (b)\n",
        ):
            for one in answer:
                writer.write(bytes([one]))
                await writer.drain()
                await asyncio.sleep(0)
            if len(heard) < 2:
                assert await asyncio.wait_for(reader.readline(), 10) or len(heard) == 2
        await until(lambda: len(heard) == 2)
        await shut(writer)
    assert heard == ["a", "b"]


async def test_two_answers_in_one_packet_are_two_answers() -> None:
    heard: list[str] = []

    async def handler(line: AgiCall) -> None:
        heard.append((await line.command("NOOP")).data)
        heard.append((await line.command("NOOP")).data)

    async with serving(handler) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"agi_network_script: lookup\n\n200 result=0 (a)\n200 result=0 (b)\n")
        await asyncio.wait_for(reader.read(), 10)
        await shut(writer)
    assert heard == ["a", "b"]


async def test_of_two_variables_with_one_name_the_first_counts() -> None:
    async with serving(known) as server:
        async with FakeCall(server.port, agi_calleridname="A\nagi_calleridname: B") as call:
            (command,) = await call.run()
    assert shlex.split(command)[-1] == "A,desk,,1"


async def test_a_dialogue_that_never_ends_is_ended_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    cancelled: list[bool] = []

    async def handler(line: AgiCall) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    async with serving(handler, AgiLimits(call_seconds=0.05)) as server:
        async with FakeCall(server.port) as call:
            assert await call.run() == []
        assert (server.failed, server.served, cancelled) == (1, 0, [True])
    assert "a dialogue took too long" in caplog.text


async def test_what_a_dialogue_saves_at_its_end_is_not_cancelled_a_second_time() -> None:
    ended: list[str] = []

    async def handler(line: AgiCall) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            try:
                await asyncio.sleep(0.2)  # several looks of the timer, which looks each 0.01 s here
                ended.append("saved")
            except asyncio.CancelledError:
                ended.append("cancelled again")

    async with serving(handler, AgiLimits(call_seconds=0.02)) as server:
        async with FakeCall(server.port) as call:
            assert await call.run() == []
    assert ended == ["saved"]


async def test_an_answer_without_an_end_is_cut_off() -> None:
    async def handler(line: AgiCall) -> None:
        with pytest.raises(HungUp):
            await line.command("NOOP")

    async with serving(handler) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"agi_network_script: lookup\n\n" + b"x" * 100_000)
        await until(lambda: server.served == 1)
        await shut(writer)
        await until(lambda: not server.open)
    assert reader is not None


async def test_who_reads_slowly_gets_every_command_whole_and_holds_up_nobody() -> None:
    command, commands = b"VERBOSE " + b"x" * 1900, 600
    held: list[bool] = []

    async def flood(line: AgiCall) -> None:
        # The answers were sent ahead, so that commands follow each other and fill both sockets.
        for _ in range(commands):
            await line.command(command.decode())
        held.append(bool(next(iter(server.open))._unsent))

    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    async with serving(flood) as server:
        server._listening[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
        reader, writer = await asyncio.open_connection(sock=sock, limit=4096)
        writer.write(b"agi_network_script: lookup\n\n" + b"200 result=1\n" * commands)
        await until(lambda: bool(held))
        assert held == [True], "more was said than the sockets hold"
        async with FakeCall(server.port, agi_network_script="nobody") as other:
            assert await other.run() == []
        whole = await asyncio.wait_for(reader.read(), 30)
        await shut(writer)
    assert whole == (command + b"\n") * commands


async def test_without_a_free_descriptor_the_caller_waits_and_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    real, failed = socket.socket.accept, []
    monkeypatch.setattr(fastagi, "_PAUSE_SECONDS", 0.05)
    until = time.monotonic() + 0.2

    def accept(self: socket.socket) -> tuple[socket.socket, object]:
        if time.monotonic() < until:
            failed.append(1)
            raise OSError(errno.EMFILE, "Too many open files")
        return real(self)

    async with serving(known) as server:
        monkeypatch.setattr(socket.socket, "accept", accept)
        async with FakeCall(server.port) as call:
            assert len(await call.run()) == 1
    assert 0 < len(failed) <= 5, "it looks again after a pause, and the loop does not spin meanwhile"


async def test_a_port_in_use_is_told() -> None:
    async with serving(known) as server:
        with pytest.raises(OSError):
            await FastAgiServer("127.0.0.1", server.port, {}).start()
