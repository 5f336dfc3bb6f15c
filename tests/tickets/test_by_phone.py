"""The state of one's tickets by telephone, as a handler of FastAGI holds it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from callengine.errors import Unavailable
from callengine.menus.line import Caller
from callengine.menus.outcome import Proof, Result
from callengine.tickets.by_phone import StatusByPhone
from callengine.tickets.model import Status
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


LISTENED = "Если это не ваши заявки, нажмите восемь."
DUE = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


class Tickets:
    """The service of somebody with so many open tickets."""

    def __init__(self, count: int) -> None:
        self._found = [
            SimpleNamespace(
                number=f"26-00012{n}",
                classifier=SimpleNamespace(problem_ru="течь крана", problem_en="a leaking tap"),
                status=Status.IN_PROGRESS,
                deadlines=SimpleNamespace(fix_by=DUE),
            )
            for n in range(count)
        ]

    async def open_tickets(self, *, number: str, limit: int) -> list[Any]:
        return self._found


class Inbound(FakeLine):
    """A resident's own call: what was told to the dialplan is in `stages`, `variables` and `allowed`."""

    def __init__(self, *, withheld: bool = False, **more: Any) -> None:
        super().__init__(**more)
        self.stages: list[str] = []
        self.variables: dict[str, str] = {}
        self.allowed: list[int] = []
        self._withheld = withheld

    @property
    def caller(self) -> Caller:
        return Caller(number="+79074121806", withheld=self._withheld)

    async def set(self, name: str, value: str) -> None:
        self._still_here()
        self.variables[name] = value

    async def stage(self, name: str) -> None:
        self._still_here()
        self.stages.append(name)

    async def allow(self, seconds: int) -> None:
        self.allowed.append(seconds)

    @property
    def came(self) -> str:
        return self.variables.get("CE_STATUS_CAME", "")


async def answered(line: Inbound, tickets: Any, people: int = 1, **more: Any) -> Inbound:
    async def count(number: str) -> int:
        return people

    phone = StatusByPhone(tickets, timezone(timedelta(hours=3)), people=count, **more)
    await phone.answer(line, say)
    return line


async def test_who_hears_his_ticket_and_presses_one_is_served() -> None:
    line = await answered(Inbound(after={LISTENED: "1"}), Tickets(1))
    told = next(one for one in line.heard if one.startswith("Заявка номер"))
    assert "течь крана" in told and "в работе" in told and "восемнадцать часов тридцать минут" in told
    assert (line.stages, line.came, line.transferred, line.hung_up_by_us) == (["served"], "served", "", False)
    assert line.kept == [], "the ledger's entry of the robot is of other calls"
    assert line.allowed and line.allowed[0] > 60, "a dialogue has more time than an engine that is silent"


async def test_several_tickets_are_counted_and_told() -> None:
    line = await answered(Inbound(), Tickets(3))
    assert "Открытых заявок по вашему номеру: три." in line.heard
    assert sum(one.count("Заявка номер") for one in line.heard[:2]) == 3
    assert (line.stages, line.came) == (["served"], "served"), "who listens without a word has heard it too"


async def test_who_hangs_up_after_his_tickets_is_served_and_before_their_end_is_not() -> None:
    after = await answered(Inbound(hang_up_at=2), Tickets(1))
    assert (after.stages, after.came) == (["served"], "")
    amid = await answered(Inbound(hang_up_at=1), Tickets(1))
    assert (amid.stages, amid.came) == ([], "")


@pytest.mark.parametrize("key", ["0", "8"])
async def test_zero_and_not_mine_lead_to_an_operator_at_any_time(key: str) -> None:
    for when in ({"during": {"нажмите один.": key}}, {"after": {LISTENED: key}}):
        line = await answered(Inbound(**when), Tickets(1))
        assert (line.came, line.transferred, line.hung_up_by_us) == ("operator", "", False), "the dialplan leads him on"


async def test_who_interrupts_his_tickets_has_not_heard_them() -> None:
    heard = (await answered(Inbound(), Tickets(1))).heard
    told = next(one for one in heard if "26-00012" in one or "течь крана" in one)
    line = await answered(Inbound(during={told: "0"}), Tickets(1))
    assert (line.came, line.stages) == ("operator", []), "hanging up in the queue now, he is a missed call"


async def test_a_number_that_nobody_has_is_told_so_by_the_dialplan() -> None:
    for line, people in ((Inbound(), 0), (Inbound(withheld=True), 3)):
        await answered(line, Tickets(0), people)
        assert (line.came, line.heard, line.stages) == ("unknown", [], [])
    reported = await answered(Inbound(), Tickets(1), 0)
    assert reported.came == "served", "who has reported something is known by it, whoever the directory knows"


async def test_somebody_known_without_tickets_hears_that_there_are_none() -> None:
    line = await answered(Inbound(), Tickets(0))
    assert "По вашему номеру открытых заявок нет." in line.heard
    assert (line.stages, line.came) == (["served"], "served")


async def test_a_number_of_several_people_hears_numbers_and_states_alone() -> None:
    line = await answered(Inbound(), Tickets(1), 2)
    told = " ".join(line.heard)
    assert "Заявка номер" in told and "в работе" in told
    assert "течь" not in told and "Срок" not in told
    line = await answered(Inbound(), Tickets(1), 2, shared_in_full=True)
    assert "течь крана" in " ".join(line.heard)


async def test_without_a_voice_the_dialplan_is_told_nothing_and_goes_on_to_the_operators() -> None:
    async def mute(language: str, text: str) -> str:
        raise Unavailable("no voice")

    line = Inbound()
    phone = StatusByPhone(Tickets(1), timezone(timedelta(hours=3)))  # type: ignore[arg-type]
    assert await phone.answer(line, mute) is None
    assert (line.came, line.heard, line.stages) == ("", [], [])


async def test_what_he_may_hear_is_spoken_ahead_for_who_has_tickets_only() -> None:
    caller = Caller(number="+79074121806")
    ahead = await StatusByPhone(Tickets(1), timezone(timedelta(hours=3))).texts(caller)  # type: ignore[arg-type]
    line = await answered(Inbound(), Tickets(1))
    assert set(line.heard) <= set(ahead)
    assert await by_phone(NoTickets()).texts(caller) == []
