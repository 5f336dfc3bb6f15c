"""The channel of calls: it hands a notice over to the voice robot, which plans a call of its own."""

from __future__ import annotations

from callengine.errors import EngineError
from callengine.notices.model import Calls, Channel, Later, Message, Rejected, Result, Sent
from callengine.notices.reasons import reason


class CallChannel:
    """A call is `sent` when it is planned; what became of it comes back by `Outbox.call_settled`."""

    channel = Channel.CALL
    at_once = 4
    repeatable = True  # the robot knows the key: one key, one call

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def send(self, message: Message) -> Result:
        try:
            refused = await self._calls.ask(message)
        except EngineError as error:
            return Later(reason("robot_refused", said=error.detail))
        if refused:
            return Rejected(refused)
        return Sent("the voice robot plans the call")

    async def close(self) -> None:
        return None
