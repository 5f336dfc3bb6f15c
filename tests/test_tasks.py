"""Background tasks: none dies unseen, and one that keeps an engine from stopping is named."""

from __future__ import annotations

import asyncio
import logging

import pytest

from callengine.tasks import Tasks, tell_what_waits, within


async def _innermost(never: asyncio.Event) -> None:
    await never.wait()


async def _outer(never: asyncio.Event) -> None:
    await _innermost(never)


async def test_what_keeps_an_engine_from_stopping_is_named_with_the_line_it_waits_in(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks, never = Tasks(), asyncio.Event()
    tasks.start(_outer(never), name="the stubborn one")
    await asyncio.sleep(0)
    tell_what_waits(asyncio.get_running_loop())
    said = {str(getattr(record, "task", "")): str(getattr(record, "where", "")) for record in caplog.records}
    names = [call.split(" ")[-1] for call in said["the stubborn one"].split(" > ")]
    assert names == ["_outer", "_innermost", "wait"] and "test_tasks.py:" in said["the stubborn one"]
    await tasks.close()


async def test_a_failure_of_a_task_nobody_waits_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks()

    async def fails() -> None:
        raise ValueError("broken")

    await asyncio.wait([tasks.start(fails(), name="feeble")])
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (getattr(record, "task", ""), getattr(record, "action", "")) == ("feeble", "task_failed")
    await tasks.close()


async def test_a_result_that_is_there_counts_though_a_busy_loop_looks_at_the_clock_too_late() -> None:
    loop = asyncio.get_running_loop()
    answer = loop.create_future()

    def stall() -> None:
        until = loop.time() + 0.05
        while loop.time() < until:
            pass
        answer.set_result("pong")

    loop.call_soon(stall)
    assert await within(0.01, answer) == "pong"


async def test_who_is_cancelled_at_the_moment_of_the_result_does_not_run_on() -> None:
    answer = asyncio.get_running_loop().create_future()
    waits = asyncio.ensure_future(within(60, answer))
    await asyncio.sleep(0)
    answer.set_result("pong")
    waits.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits


async def test_what_takes_too_long_is_cancelled_and_who_waits_is_told() -> None:
    answer = asyncio.get_running_loop().create_future()
    with pytest.raises(TimeoutError):
        await within(0.01, answer)
    assert answer.cancelled()
