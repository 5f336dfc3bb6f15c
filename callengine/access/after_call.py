"""After-call work, pure: whose conversation with a caller is over, so that he writes down what was said."""

from __future__ import annotations

from datetime import datetime

from callengine.calls.model import Conversation, Direction, Outcome


def done_talking(call: Conversation) -> dict[str, datetime]:
    """By extension: when an operator's part in a conversation with the outside ended.

    Nobody is done while he only holds the caller, or consults a colleague: the call ended, or another one has it.
    """
    if call.direction is Direction.INTERNAL or call.outcome is Outcome.MISSED:
        return {}
    busy = {talk.operator for talk in call.talks if talk.ended_at is None}
    if call.ended_at is None and not busy:
        return {}
    ended: dict[str, datetime] = {}
    for talk in call.talks:
        if talk.ended_at is not None and talk.operator and talk.operator not in busy:
            ended[talk.operator] = max(talk.ended_at, ended.get(talk.operator, talk.ended_at))
    return ended
