"""What a supervisor does to one duty: closes it, takes that back, gives it to an operator; all within a transaction.

Each step checks first and writes then: a step that raises has changed nothing, so several of them share a transaction
and are answered one by one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from callengine.callbacks.events import DutyClaimed, DutyReleased, DutySettled
from callengine.callbacks.model import Duty, DutyState
from callengine.callbacks.rules import COUNTED
from callengine.errors import Conflict, Refused
from callengine.store import callbacks as rows
from callengine.store import timers
from callengine.store.callbacks import Assignee
from callengine.store.database import Tx

CLOCK = "duty-clock"  # the nearer of the two clocks that has not run out yet; subject: the duty
CLAIM = "duty-claim"  # the claim lapses; subject: the duty


async def close(tx: Tx, duty: Duty, staff_id: int, reason: str, now: datetime) -> Duty:
    """Closed with a reason. Raises Conflict for what is over already, or is being called back just now."""
    if not duty.state.owed and duty.state is not DutyState.IMPOSSIBLE:
        raise Conflict(f"this callback is over: {duty.state.value}", why="over", state=duty.state.value)
    await _nobody_dials(tx, duty)
    before = duty.state
    duty = replace(
        duty,
        state=DutyState.CLOSED,
        claimed_by=None,
        claimed_at=None,
        settled_at=now,
        settled_by=staff_id,
        close_reason=reason,
    )
    await rows.save_duty(tx, duty)
    for kind in (CLOCK, CLAIM):
        await timers.cancel_timer(tx, kind, str(duty.id))
    data = {"from": before.value, "reason": reason}
    await rows.append_history(tx, duty.id, now, "closed", staff_id=staff_id, data=data)
    await tx.tell(DutySettled(now, duty))
    return duty


async def reopen(tx: Tx, duty: Duty, staff_id: int, now: datetime, *, talked: bool) -> Duty:
    """The closing is taken back: the duty is owed again with the clocks it had, and the history shows both.

    `talked`: somebody has talked with the number since it was missed. Raises Conflict for that, for a duty that is
    not closed, and when a newer call of the number has its own duty: one open duty per line and number.
    """
    if duty.state is not DutyState.CLOSED:
        raise Conflict(f"this callback is not closed: {duty.state.value}", why="not-closed", state=duty.state.value)
    withheld = not duty.number.can_be_called
    if not withheld:
        newer = await rows.joinable(tx, duty.line, duty.number.value, now)
        if newer is not None and newer.state.owed:
            detail = "the number has a newer callback, which is owed: call that one back"
            raise Conflict(detail, why="newer", duty_id=newer.id)
        if talked:
            raise Conflict("somebody has talked with this number meanwhile: nothing is owed any more", why="talked")
    state = DutyState.IMPOSSIBLE if withheld else await free_state(tx, duty.id)
    duty = replace(duty, state=state, settled_at=None, settled_by=None, close_reason="")
    await rows.save_duty(tx, duty)
    if state.owed:
        await timers.set_timer(tx, CLOCK, str(duty.id), min(duty.due_at, duty.legal_due_at))
    await rows.append_history(tx, duty.id, now, "reopened", staff_id=staff_id)
    await tx.tell(DutyReleased(now, duty))
    return duty


async def assign(tx: Tx, duty: Duty, to: Assignee, staff_id: int, now: datetime, claim_seconds: int) -> Duty:
    """The operator holds it from now on, as if he had taken it himself; untouched, it lapses as his own claim would.

    Raises Conflict when it is over or somebody calls the number just now.
    """
    if not duty.state.owed:
        raise Conflict(f"this callback is over: {duty.state.value}", why="over", state=duty.state.value)
    await _nobody_dials(tx, duty)
    token = duty.claim_token + 1
    duty = replace(duty, state=DutyState.CLAIMED, claimed_by=to.id, claimed_at=now, claim_token=token)
    await rows.save_duty(tx, duty)
    await timers.set_timer(tx, CLAIM, str(duty.id), now + timedelta(seconds=claim_seconds))
    data = {"to": to.id, "to_name": to.name, "token": token}
    await rows.append_history(tx, duty.id, now, "assigned", staff_id=staff_id, data=data)
    await tx.tell(DutyClaimed(now, duty))
    return duty


def check_assignee(to: Assignee | None) -> Assignee:
    """Raises Refused unless he can call back now."""
    if to is None or not to.active:
        raise Refused("there is no such operator")
    if not to.extension:
        raise Refused(f"{to.name} has no phone: the callback would wait for nothing")
    if to.state == "offline":
        raise Refused(f"{to.name} is not on shift: give it to somebody who is")
    return to


async def free_state(tx: Tx, duty_id: int) -> DutyState:
    """What an owed duty is when nobody holds it."""
    tried = any(attempt.result in COUNTED for attempt in await rows.attempts_of(tx, duty_id))
    return DutyState.ATTEMPTED if tried else DutyState.OPEN


async def _nobody_dials(tx: Tx, duty: Duty) -> None:
    if any(attempt.result == "" for attempt in await rows.attempts_of(tx, duty.id)):
        name = await rows.staff_name(tx.conn, duty.claimed_by)
        raise Conflict(f"{name or 'somebody'} is calling this number just now", why="dialling", who=name)
