"""The reminders that stand open for who asks: the bell of the pages."""

from __future__ import annotations

from callengine.api.core import Ask, Routes
from callengine.api.schemas import Reminder, Reminders
from callengine.tickets.standing import READERS

routes = Routes("tickets")


@routes.get("/reminders", roles=READERS, summary="What is late or forgotten and nobody has taken, dangers first")
async def list_reminders(ask: Ask[None, None]) -> Reminders:
    found = await ask.services.reminders.open(ask.who)
    items = [Reminder.model_validate(one, from_attributes=True) for one in found.items]
    return Reminders(items=items, count=found.count, danger=found.danger)


@routes.post("/reminders/{id:int}/take", roles=READERS, summary="See to it: gone from the screens of one's side")
async def take_reminder(ask: Ask[None, None]) -> None:
    await ask.services.reminders.take(ask.id, ask.who)
