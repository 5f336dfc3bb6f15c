"""Background tasks never die unseen; logs are one JSON object a line with people masked."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from callengine.log import JsonLines, masked
from callengine.tasks import Tasks


async def test_a_task_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def breaks() -> None:
        raise RuntimeError("no paper")

    task = Tasks().start(breaks(), name="printer")
    await asyncio.wait([task])
    await asyncio.sleep(0)  # the callback runs in the next turn of the loop
    assert [(r.message, r.__dict__["task"]) for r in caplog.records] == [("task failed", "printer")]


async def test_closing_ends_every_task() -> None:
    tasks = Tasks()
    running = [tasks.start(asyncio.Event().wait(), name=str(n)) for n in range(3)]
    await tasks.close()
    assert all(task.cancelled() for task in running)


def test_a_log_line_is_json_with_its_fields() -> None:
    record = logging.makeLogRecord({"msg": "call %s", "args": ("«x»\n",), "levelname": "INFO", "action": "call_saved"})
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["action"] == "call_saved"


def test_a_number_in_a_log_shows_two_digits() -> None:
    assert masked("+79074121806") == "…06"
    assert masked("") == "withheld"
