"""Background tasks that never die unseen: the only module besides app.py that starts one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


async def within(seconds: float, work: Awaitable[T]) -> T:
    """The result of the work; raises TimeoutError when it has none after so many seconds, and cancels it then.

    `asyncio.wait_for` of Python 3.11 swallows a cancellation that comes with the result, and who was cancelled runs on
    for ever; `asyncio.timeout` refuses a result that is there when a busy loop looks at the clock too late.
    """
    future = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait((future,), timeout=seconds)
    finally:
        future.cancel()
    if not done:
        raise TimeoutError
    return future.result()


def where(task: asyncio.Task[Any]) -> str:
    """The calls that a suspended task waits in, `file:line name > file:line name`, the innermost last."""
    calls: list[str] = []
    waits: Any = task.get_coro()
    while (frame := getattr(waits, "cr_frame", None)) is not None:
        calls.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}")
        waits = waits.cr_await
    return " > ".join(calls)


def tell_what_waits(loop: asyncio.AbstractEventLoop) -> None:
    """Into the log, for an engine that should have stopped by now: each task that has not ended, and where it waits."""
    for task in asyncio.all_tasks(loop):
        told = {"action": "stop_waits", "task": task.get_name(), "where": where(task)}
        log.warning("the engine cannot stop yet", extra=told)


class Tasks:
    """Holds strong references to tasks, logs every failure, and cancels them all at `close`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("task failed", exc_info=error, extra={"action": "task_failed", "task": task.get_name()})

    async def close(self) -> None:
        """Cancel what still runs and wait for it to end."""
        while self._tasks:
            running = list(self._tasks)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
