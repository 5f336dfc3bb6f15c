"""Puts together what a screen shows of several rooms: calls with their people, duties, recordings; cards; the board."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from callengine import phone
from callengine.access.model import Principal
from callengine.api import render, schemas
from callengine.callbacks.model import DutyFilter, StoredDuty
from callengine.calls.model import CallFilter, StoredCall
from callengine.clock import rfc3339
from callengine.directory.model import Reader
from callengine.phone import Phone
from callengine.store import callbacks as callback_rows
from callengine.store import recordings as recording_rows
from callengine.store import views as rows
from callengine.tickets.model import TicketFilter

if TYPE_CHECKING:
    from callengine.api.services import Services

LAST_CALLS = 5


class Views:
    """Read models. Each costs a fixed number of queries, however long the page."""

    def __init__(self, services: Services) -> None:
        self._its = services

    # --- calls ------------------------------------------------------------------------------------------

    async def calls(self, found: Sequence[StoredCall]) -> list[schemas.Call]:
        ids = [one.id for one in found]
        if not ids:
            return []
        people = await self._its.directory.names({one.call.number.value for one in found})
        tickets = await self._its.tickets.numbers_of_calls(ids)
        async with self._its.store.read() as conn:
            recordings = await recording_rows.of_calls(conn, ids)
            duties = await rows.duties_of_calls(conn, ids)
            names = await rows.names_by_extension(conn, {one.call.operator for one in found})
        return [
            render.call(
                one.id,
                one.call,
                operator_name=names.get(one.call.operator, ""),
                recording=recordings.get(one.id),
                ticket_numbers=tickets.get(one.id, ()),
                duty=duties.get(one.id),
                people=people.get(one.call.number.value, ()),
            )
            for one in found
        ]

    async def call(self, found: StoredCall) -> schemas.CallDetail:
        (seen,) = await self.calls([found])
        return schemas.CallDetail(
            **dict(seen),
            offers=render.offers(found.call),
            talks=render.talks(found.call),
            handovers=[render.handover(one) for one in self._its.handovers.of_call(found.id)],
        )

    def number(self, text: str) -> Phone:
        locale = self._its.settings.locale
        return phone.parse(text, country=locale.country, city_code=locale.city_code)

    # --- callers ----------------------------------------------------------------------------------------

    async def card(self, number: Phone, reader: Reader, *, why: str) -> schemas.CallerCard:
        """All that is known before the phone is picked up; the reading is logged."""
        now = self._its.clock.now()
        known = await self._its.directory.card(number, reader, why=why)
        houses = {home.house.id for person in known.candidates for home in person.residences}
        open_there = [await self._its.tickets.open_tickets(house_id=house, limit=10) for house in sorted(houses)]
        own = await self._its.tickets.open_tickets(number=number, limit=10) if number.value else []
        tickets = {ticket.number: ticket for ticket in [*own, *(one for some in open_there for one in some)]}
        last, in_year = await self._calls_of(number)
        return schemas.CallerCard(
            number=number.value,
            number_kind=number.kind,
            candidates=[render.person(person) for person in known.candidates],
            incidents=[render.incident(one) for one in known.incidents],
            open_tickets=[render.open_ticket(ticket, now) for ticket in tickets.values()],
            last_calls=last,
            calls_in_year=in_year,
        )

    async def _calls_of(self, number: Phone) -> tuple[list[schemas.Call], int]:
        if not number.value:
            return [], 0
        since = self._its.clock.now() - timedelta(days=365)
        found, _ = await self._its.calls.find(CallFilter(number=number.value), limit=LAST_CALLS)
        totals = await self._its.calls.totals(CallFilter(number=number.value, since=since))
        return await self.calls(found), totals.calls

    # --- callbacks --------------------------------------------------------------------------------------

    async def duties(self, found: Sequence[StoredDuty]) -> list[schemas.Duty]:
        people = await self._its.directory.names({one.duty.number.value for one in found})
        messages = [one.duty.message_recording_id for one in found if one.duty.message_recording_id]
        async with self._its.store.read() as conn:
            recordings = await recording_rows.by_ids(conn, messages) if messages else {}
            tickets = await callback_rows.ticket_numbers(conn, [one.duty.ticket_id for one in found])
        return [
            render.duty(
                one,
                message=recordings.get(one.duty.message_recording_id or 0),
                people=people.get(one.duty.number.value, ()),
                ticket_number=tickets.get(one.duty.ticket_id or 0, ""),
            )
            for one in found
        ]

    async def duty(self, duty_id: int) -> schemas.DutyDetail:
        detail = await self._its.callbacks.get(duty_id)
        (seen,) = await self.duties([detail.stored])
        return schemas.DutyDetail(**dict(seen), history=[render.duty_event(one) for one in detail.history])

    # --- figures ----------------------------------------------------------------------------------------

    async def board(self) -> schemas.Board:
        async with self._its.store.read() as conn:
            figures = await rows.board(conn)
        health = await self._its.health()
        return schemas.Board(
            waiting=figures.waiting,
            longest_wait_since=figures.longest_wait_since,
            ready=figures.ready,
            signed_in=figures.signed_in,
            duties=figures.duties,
            nearest_due_at=figures.nearest_due_at,
            pbx=health.pbx,
            data_at=self._its.clock.now(),
        )

    async def shift(self, who: Principal) -> schemas.ShiftFigures:
        """Since the shift began; without one, since midnight of the service's zone."""
        now = self._its.clock.now()
        midnight = now.astimezone(ZoneInfo(self._its.settings.locale.timezone)).replace(hour=0, minute=0, second=0)
        if who.staff_id is None:
            return schemas.ShiftFigures(
                since=None, calls=0, talk_seconds=0, callbacks_in_time=0, callbacks=0, tickets=0
            )
        async with self._its.store.read() as conn:
            began = await rows.shift_began(conn, who.staff_id)
            since = began or midnight
            figures = await rows.shift(conn, who.staff_id, who.extension or "", since)
        return schemas.ShiftFigures(
            since=began,
            calls=figures.calls,
            talk_seconds=figures.talk_seconds,
            callbacks_in_time=figures.callbacks_in_time,
            callbacks=figures.callbacks,
            tickets=await self._its.tickets.count_by(who.staff_id, since),
        )

    async def figures(self) -> rows.Figures:
        async with self._its.store.read() as conn:
            return await rows.figures(conn, self._its.clock.now())

    # --- search -----------------------------------------------------------------------------------------

    async def search(self, q: str, limit: int) -> list[schemas.Found]:
        """Of each kind the nearest few; people before houses, houses before tickets, then calls and duties."""
        if not q:
            return []
        number = self.number(q)
        parts = await asyncio.gather(self._people(q), self._houses(q), self._tickets(q), self._calls(number))
        return [found for part in parts for found in part][:limit]

    async def _people(self, q: str) -> Iterable[schemas.Found]:
        found = [render.person_ref(person) for person in await self._its.directory.people(q, limit=6)]
        return [
            schemas.Found(kind="person", id=str(p.id), title=p.name, subtitle=f"{p.address}, {p.premise}".strip(", "))
            for p in found
        ]

    async def _houses(self, q: str) -> Iterable[schemas.Found]:
        found = await self._its.directory.houses(q, limit=6)
        return [
            schemas.Found(kind="house", id=str(hit.house.id), title=hit.house.address, subtitle=hit.organisation)
            for hit in found
        ]

    async def _tickets(self, q: str) -> Iterable[schemas.Found]:
        found, _ = await self._its.tickets.find(TicketFilter(q=q), limit=6)
        return [
            schemas.Found(
                kind="ticket",
                id=ticket.number,
                title=f"{ticket.number} {ticket.classifier.problem_ru}",
                subtitle=ticket.address,
            )
            for ticket in found
        ]

    async def _calls(self, number: Phone) -> Iterable[schemas.Found]:
        if number.kind not in (phone.Kind.E164, phone.Kind.SHORT):
            return []
        calls, _ = await self._its.calls.find(CallFilter(number=number.value), limit=4)
        duties, _ = await self._its.callbacks.find(DutyFilter(state="owed", number=number.value), limit=2)
        told = [
            schemas.Found(
                kind="call",
                id=str(one.id),
                title=one.call.number.value,
                subtitle=rfc3339(one.call.arrived_at),
            )
            for one in calls
        ]
        return told + [
            schemas.Found(kind="duty", id=str(one.duty.id), title=one.duty.number.value, subtitle=one.duty.state)
            for one in duties
        ]
