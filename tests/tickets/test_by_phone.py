"""The state of one's tickets by telephone, as a handler of FastAGI holds it."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

from callengine.menus.line import Caller
from callengine.menus.outcome import Proof, Result
from callengine.tickets.by_phone import StatusByPhone
from tests.menus.fake_line import FakeLine, say


class NoTickets:
    """The service of somebody who has none open."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def open_tickets(self, *, number: str, limit: int) -> list[Any]:
        self.asked.append(number)
        return []


def by_phone(tickets: NoTickets) -> StatusByPhone:
    return StatusByPhone(tickets, timezone(timedelta(hours=3)))  # type: ignore[arg-type]


async def test_a_number_without_tickets_is_told_so_and_may_have_an_operator() -> None:
    tickets = NoTickets()
    line = FakeLine(after={"нажмите восемь.": "0"})
    outcome = await by_phone(tickets).hold(line, say)
    assert outcome is not None
    assert (outcome.result, outcome.proof, line.transferred) == (Result.TO_OPERATOR, Proof.KEY, "operator")
    assert "По вашему номеру открытых заявок нет." in line.heard
    assert tickets.asked == ["+79074121806"]


async def test_who_hides_his_number_hears_nothing_and_the_call_goes_on() -> None:
    class Hidden(FakeLine):
        @property
        def caller(self) -> Caller:
            return Caller(number="+79074121806", withheld=True)

    tickets, line = NoTickets(), Hidden()
    assert await by_phone(tickets).hold(line, say) is None
    assert (line.heard, line.kept, tickets.asked) == ([], [], [])
