"""Click to call and call back: one wish, one call, whatever is pressed twice or breaks in between."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from callengine.api.core import Ask, idempotency_key, person_of
from callengine.api.schemas import Dial, Dialled
from callengine.errors import EngineError, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from callengine.calls.dialling import Origination


def request_id_of(ask: Ask[Any, Any]) -> str:
    """The same Idempotency-Key is the same request, and so the same call."""
    key = idempotency_key(ask)
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key else secrets.token_hex(16)


async def place_call(ask: Ask[Dial, None]) -> Dialled:
    if ask.body.duty_id is not None:
        return await place_callback(ask, ask.body.duty_id)
    number = ask.services.views.number(ask.body.to)
    if not number.can_be_called:
        raise Refused("this is no number that can be dialled", pointer="/to")
    extension = _extension(ask, ask.body.extension)
    return await _dial(ask, extension, number.value, None, request_id_of(ask))


async def place_callback(ask: Ask[Any, None], duty_id: int) -> Dialled:
    """Claims the duty when it is free. Raises Conflict when another has it, or while a call to it goes on."""
    staff_id, extension, request_id = person_of(ask), _extension(ask, None), request_id_of(ask)
    duty = (await ask.services.callbacks.get(duty_id)).stored.duty
    if not duty.number.can_be_called:
        raise Refused("the number is withheld or cannot be dialled")
    await ask.services.callbacks.begin_attempt(duty_id, staff_id, request_id)
    try:
        return await _dial(ask, extension, duty.number.value, duty_id, request_id)
    except OutcomeUnknown:
        raise  # it may ring: the attempt stays open until the PBX tells
    except EngineError:
        await ask.services.callbacks.end_attempt(request_id)
        raise


def _extension(ask: Ask[Any, Any], asked: str | None) -> str:
    extension = asked or ask.who.extension
    if not extension:
        raise Refused("you have no phone: ask the administrator for an extension, or send one", pointer="/extension")
    return extension


async def _dial(ask: Ask[Any, Any], extension: str, to: str, duty_id: int | None, request_id: str) -> Dialled:
    made: Origination = await ask.services.dialling.dial(
        ask.who.staff_id, extension, to, duty_id=duty_id, request_id=request_id
    )
    state = made.state if made.state in ("sent", "accepted", "unknown") else "accepted"
    return Dialled(request_id=made.id, state=state)
