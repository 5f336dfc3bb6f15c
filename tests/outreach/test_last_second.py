"""An answer in the last second of the ringing: he is asked like everybody, and his telephone does not ring again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callengine.calls.model import Outcome as CallOutcome
from callengine.outreach.model import AttemptState, CallState
from callengine.tickets.model import Status
from tests.outreach.world import World, mark

LATE, DAY = 29, 86_400  # of thirty seconds of ringing


@pytest.mark.parametrize("gives_up_at", [None, 30], ids=["told in order", "the PBX says too late that nobody answered"])
@pytest.mark.parametrize("listens_seconds", [0, 2.5, 5], ids=["at once", "after AMD", "after a slow AMD"])
async def test_who_picks_up_at_29_s_gives_his_mark_and_is_called_once(
    world: World, gives_up_at: int | None, listens_seconds: float
) -> None:
    """The PBX's own timer ends at 30 s; between an answer and the dialogue it listens for a machine."""
    assert world.settings.ring_seconds == 30
    ticket = await world.done_job()
    request_id = await world.dial_one()
    await world.rings(request_id)
    assert await world.dial(after=LATE) == [], "it rings: nobody else is to call him, and nothing is given up"
    if gives_up_at is not None:
        assert await world.dial(after=gives_up_at - LATE) == []
        await world.service.on_response(request_id, succeeded=False, reason="0")
        assert await world.dial(after=4) == [], "its channel is there: the doubt is no second call"
    assert await world.dial(after=listens_seconds) == []
    (attempt,) = await world.attempts()
    assert attempt.state is AttemptState.SENT
    assert await world.service.begin_dialogue(request_id) is not None
    assert await world.dial(after=40) == [], "the dialogue outlives the ringing"
    await world.service.told(request_id, mark(5))
    await world.ends(request_id, CallOutcome.ANSWERED, answered=True)
    assert ((await world.ticket(ticket)).status, (await world.ticket(ticket)).mark) == (Status.CLOSED, 5)
    assert await world.dial(after=DAY) == []
    (attempt,) = await world.attempts()
    assert (attempt.result, len(world.robot.asked)) == ("marked", 1)
    assert attempt.answered_at is not None and attempt.sent_at is not None
    assert attempt.answered_at - attempt.sent_at >= timedelta(seconds=LATE)


async def test_who_picks_up_at_29_s_and_is_gone_before_a_word_is_not_called_again(world: World) -> None:
    await world.done_job()
    request_id = await world.dial_one()
    await world.rings(request_id)
    await world.dial(after=LATE)
    await world.ends(request_id, CallOutcome.ANSWERED, answered=True)
    assert await world.dial(after=20) == []
    (call, attempt) = (await world.the_call(), (await world.attempts())[0])
    assert (call.attempts, attempt.state, attempt.result) == (1, AttemptState.SETTLED, "interrupted")
    assert call.state is CallState.GIVEN_UP, "somebody had a silent call: one is enough"
    assert await world.dial(after=DAY) == []
