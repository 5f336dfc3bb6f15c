"""The routing oracle: each case worked out by hand, and the words in which the decision explains itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.directory.model import Organisation
from callengine.tickets.calendar import Calendar, LocalDay, Workdays
from callengine.tickets.classifier import entry_of, shipped
from callengine.tickets.model import KINDS, Entry, Routing, Urgency
from callengine.tickets.routing import Contract, decide, kinds_of, utilities_of
from callengine.tickets.service import first_status

ENTRIES = {row["code"]: entry_of(row) for row in shipped()}
MOSCOW = ZoneInfo("Europe/Moscow")
# 2026-11-20 is a Friday, 11:00 in Moscow.
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
NIGHT, SATURDAY = datetime(2026, 11, 20, 20, tzinfo=UTC), datetime(2026, 11, 21, 8, tzinfo=UTC)
HOLIDAY = datetime(2026, 11, 4, 8, tzinfo=UTC)  # a Wednesday, and Unity Day
PAST, FUTURE = datetime(2026, 10, 31, 21, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)

ZARECHYE = Organisation(1, "zarechye", "УК «Заречье»", "management_company")
COMFORT = Organisation(2, "comfort", "ЖилКомфорт", "management_company")
VODOKANAL = Organisation(3, "vodokanal", "МУП «Водоканал»", "water_utility")
TEPLOSET = Organisation(4, "teploset", "АО «Теплосеть»", "heat_utility")
LIFT = Organisation(5, "lift", "ЛифтСервис", "lift_company")
CITY = Organisation(6, "city", "Городское хозяйство", "municipality")
GONE = Organisation(7, "gone", "УК «Прежняя»", "management_company", active=False)

UK = Contract("14-У", ZARECHYE, "management_company")
UK2 = Contract("22-У", COMFORT, "management_company")
WATER = Contract("7-В", VODOKANAL, "water_utility", everywhere=True)
HEAT = Contract("3-Т", TEPLOSET, "heat_utility")
LIFTS = Contract("41-Л", LIFT, "lift_company")
TOWN = Contract("1-М", CITY, "municipality", everywhere=True)


@dataclass(frozen=True)
class Case:
    rule: str
    code: str
    contracts: tuple[Contract, ...]
    to: Organisation | None
    words: tuple[str, ...] = ()
    candidates: tuple[Organisation, ...] = field(default=())
    status: str = ""
    at: datetime = NOW
    path: tuple[str, ...] = ()
    says_not: tuple[str, ...] = ()


def on_duty(contract: Contract, hours: str) -> Contract:
    return replace(contract, duty_hours=hours)


def branch(contract: Contract, to: str) -> Contract:
    return Contract(contract.code, contract.organisation, contract.kind, to, contract.priority)


def first(contract: Contract) -> Contract:
    return Contract(contract.code, contract.organisation, contract.kind, priority=10)


def until(contract: Contract, at: datetime) -> Contract:
    return Contract(contract.code, contract.organisation, contract.kind, valid_until=at)


def since(contract: Contract, at: datetime) -> Contract:
    return Contract(contract.code, contract.organisation, contract.kind, valid_from=at)


CASES = [
    Case("the kind of the classifier answers", "HVS-02", (UK, WATER), ZARECHYE, ("договор № 14-У", "на этот дом")),
    Case("another kind is not asked while the first one answers", "HVS-03", (UK, WATER), VODOKANAL, ("на весь город",)),
    Case("the first kind is absent: the next one answers, and why", "OTO-02", (UK,), ZARECHYE, ("нет договора",)),
    Case("both kinds are there: the first in order", "GVS-02", (UK, HEAT), TEPLOSET, (), (TEPLOSET, ZARECHYE)),
    Case(
        "nobody has a contract: explicitly unassigned",
        "ELE-02",
        (UK, WATER),
        None,
        ("электросети: нет договора", "диспетчер"),
        status="unassigned",
    ),
    Case("no contract at all", "HVS-01", (), None, ("нет договора на этот дом",), status="unassigned"),
    Case("a contract on the branch beats one on all", "HVS-02", (UK, branch(UK2, "HVS")), COMFORT, ("раздел HVS",)),
    Case(
        "a contract on the very code beats one on the branch",
        "HVS-02",
        (branch(UK, "HVS-02"), branch(UK2, "HVS")),
        ZARECHYE,
        ("раздел HVS-02",),
    ),
    Case("a contract on another branch does not answer", "HVS-02", (branch(UK2, "OTO"),), None, ("нет договора",)),
    Case("a branch is whole words: HV is not HVS", "HVS-02", (branch(UK2, "HV"),), None),
    Case("the lower priority number wins", "HVS-02", (UK, first(UK2)), COMFORT, (), (COMFORT, ZARECHYE)),
    Case("the narrower branch wins over priority", "HVS-02", (first(UK), branch(UK2, "HVS")), COMFORT),
    Case(
        "the house by name wins over everywhere",
        "HVS-02",
        (Contract("9", COMFORT, "management_company", everywhere=True), UK),
        ZARECHYE,
    ),
    Case(
        "two equal contracts are nobody's: a person decides",
        "HVS-02",
        (UK, UK2),
        None,
        ("равные договоры", "14-У", "22-У"),
        (ZARECHYE, COMFORT),
        "unassigned",
    ),
    Case(
        "two equal contracts of one organisation are no doubt",
        "HVS-02",
        (UK, Contract("15-У", ZARECHYE, UK.kind)),
        ZARECHYE,
    ),
    Case("an expired contract is named with its day", "HVS-02", (until(UK, PAST),), None, ("14-У", "истёк 31.10.2026")),
    Case("an expired one leaves the next kind", "OTO-02", (until(HEAT, PAST), UK), ZARECHYE, ("3-Т", "истёк")),
    Case("a contract of tomorrow is not in force yet", "HVS-02", (since(UK, FUTURE),), None, ("ещё не действует",)),
    Case("a contract ends with its last moment", "HVS-02", (until(UK, NOW),), None, ("истёк",)),
    Case("a contract begins with its first moment", "HVS-02", (since(UK, NOW),), ZARECHYE),
    Case(
        "an organisation that is gone does not answer",
        "HVS-02",
        (Contract("1", GONE, "management_company"), UK2),
        COMFORT,
    ),
    Case("utility means water on a water branch", "HVS-05", (HEAT, WATER), VODOKANAL, ("водоканал",)),
    Case("utility means heat on a heating branch", "OTO-06", (HEAT, WATER), TEPLOSET),
    Case(
        "utility elsewhere is any, in the order of kinds", "NAC-02", (HEAT, WATER), VODOKANAL, (), (VODOKANAL, TEPLOSET)
    ),
    Case(
        "112 is spoken, the repair goes on to the next kind",
        "ELE-01",
        (UK,),
        ZARECHYE,
        ("112: перевести вызов", "14-У"),
    ),
    Case(
        "104 alone: the transfer settles it", "GAZ-01", (UK,), None, ("104: перевести вызов",), status="awaiting_centre"
    ),
    Case("a wrong number for 112", "ORG-06", (UK,), None, ("112",), status="awaiting_centre"),
    Case("a man in a lift goes to the lift company", "LIF-01", (UK, LIFTS), LIFT, ("лифтовая организация",)),
    Case("life without a contract is unassigned aloud", "LIF-01", (UK,), None, ("нет договора",), status="unassigned"),
    Case(
        "information is answered at once by the centre",
        "ORG-05",
        (UK,),
        None,
        ("отвечает сам",),
        status="awaiting_centre",
    ),
    Case("information of a municipality is sent there", "GOR-08", (TOWN,), CITY, status="awaiting_acceptance"),
    Case(
        "what fits nowhere waits for a dispatcher",
        "ORG-08",
        (UK,),
        None,
        ("определяет вид работ",),
        status="unassigned",
    ),
    Case("night noise: police by voice, then the town", "GOR-06", (TOWN,), CITY, ("102: перевести вызов",)),
    # --- duty hours
    Case("within its window a contract answers", "HVS-02", (on_duty(UK, "08:00-20:00"),), ZARECHYE),
    Case(
        "outside its window the next of the kind answers, and why",
        "HVS-02",
        (on_duty(first(UK), "08:00-20:00"), UK2),
        COMFORT,
        ("УК «Заречье» (договор № 14-У) дежурит в часы 08:00-20:00, сейчас нет: до 21.11 08:00", "22-У"),
        at=NIGHT,
    ),
    Case(
        "the night contract answers at night",
        "HVS-02",
        (on_duty(first(UK2), "20:00-08:00"), UK),
        COMFORT,
        ("22-У",),
        at=NIGHT,
    ),
    Case(
        "and by day the other one",
        "HVS-02",
        (on_duty(first(UK2), "20:00-08:00"), UK),
        ZARECHYE,
        ("дежурит в часы 20:00-08:00, сейчас нет: до 20.11 20:00",),
    ),
    Case(
        "a narrower branch off duty is passed over for the wider one",
        "HVS-02",
        (on_duty(branch(UK2, "HVS-02"), "work"), UK),
        ZARECHYE,
        ("ЖилКомфорт (договор № 22-У) дежурит в рабочие часы 08–17",),
        at=SATURDAY,
    ),
    Case("working hours on a working day", "HVS-02", (on_duty(UK, "work"),), ZARECHYE),
    Case(
        "a holiday has no working hours",
        "HVS-07",
        (on_duty(first(UK), "work"), UK2),
        COMFORT,
        ("сейчас нет: до 05.11 08:00",),
        at=HOLIDAY,
    ),
    Case(
        "the whole kind is off duty: the next kind answers",
        "OTO-02",
        (on_duty(HEAT, "work"), UK),
        ZARECHYE,
        ("АО «Теплосеть» (договор № 3-Т) дежурит", "14-У"),
        at=NIGHT,
    ),
    Case(
        "an emergency with nobody on duty is nobody's: a dispatcher calls",
        "HVS-02",
        (on_duty(UK, "08:00-20:00"),),
        None,
        ("дежурит в часы 08:00-20:00", "срочное, а дежурных нет: диспетчер звонит"),
        (ZARECHYE,),
        "unassigned",
        NIGHT,
    ),
    Case(
        "what can wait goes to the one that opens in the morning",
        "HVS-07",
        (on_duty(UK, "08:00-20:00"),),
        ZARECHYE,
        ("дежурных нет, дело ждёт открытия", "договор № 14-У"),
        at=NIGHT,
    ),
    Case("the opening itself is on duty", "HVS-02", (on_duty(UK, "11:00-12:00"),), ZARECHYE),
    Case("the closing itself is not", "HVS-02", (on_duty(UK, "10:00-11:00"), first(UK2)), COMFORT),
    Case("round the clock is said as nothing and as 24x7", "HVS-02", (on_duty(UK, "24x7"),), ZARECHYE, at=NIGHT),
    Case(
        "one that would lose anyway is not named as off duty",
        "HVS-02",
        (first(UK), on_duty(UK2, "08:00-20:00")),
        ZARECHYE,
        at=NIGHT,
        says_not=("ЖилКомфорт",),
    ),
    # --- groups of the tree
    Case("a contract on a group above the branch", "HVS-02", (branch(UK, "NETS"),), ZARECHYE, path=("ALL", "NETS")),
    Case(
        "the group below wins over the one above",
        "HVS-02",
        (branch(UK, "ALL"), branch(UK2, "NETS")),
        COMFORT,
        path=("ALL", "NETS"),
    ),
    Case(
        "the beginning of the code wins over a group",
        "HVS-02",
        (branch(UK, "HVS"), branch(UK2, "NETS")),
        ZARECHYE,
        path=("ALL", "NETS"),
    ),
    Case("a group of another part of the tree does not answer", "HVS-02", (branch(UK, "ROADS"),), None, path=("NETS",)),
    # --- what is odd
    Case(
        "a closed organisation is named",
        "HVS-02",
        (Contract("9-П", GONE, "management_company"),),
        None,
        ("договор № 9-П (УК «Прежняя»), но организация закрыта",),
        status="unassigned",
    ),
    Case(
        "of several that ended the last one is named",
        "HVS-02",
        (until(UK, PAST), until(UK2, datetime(2026, 9, 30, 21, tzinfo=UTC))),
        None,
        ("14-У", "истёк 31.10.2026"),
        says_not=("22-У",),
    ),
    Case(
        "two equals, one of them off duty: no doubt",
        "HVS-02",
        (UK, on_duty(UK2, "08:00-20:00")),
        ZARECHYE,
        at=NIGHT,
        says_not=("равные",),
    ),
    Case(
        "everywhere with a lower priority number wins over the house",
        "HVS-02",
        (Contract("9", COMFORT, "management_company", everywhere=True, priority=10), UK),
        COMFORT,
        ("на весь город",),
    ),
]


def asked(case: Case) -> Routing:
    calendar = Calendar(MOSCOW, Workdays("RU"))
    at = case.at.astimezone(MOSCOW)
    return decide(ENTRIES[case.code], case.contracts, at, calendar=calendar, path=case.path)


def test_the_oracle_has_its_forty_cases_and_each_its_own_rule() -> None:
    assert len(CASES) >= 40
    assert len({case.rule for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[case.rule for case in CASES])
def test_a_ticket_goes_where_the_contracts_say(case: Case) -> None:
    found = asked(case)
    assert found.organisation == case.to, found.reason
    assert not [words for words in case.says_not if words in found.reason], found.reason
    assert all(words in found.reason for words in case.words), found.reason
    assert found.reason
    if case.candidates:
        assert tuple(c.organisation for c in found.candidates) == case.candidates
    if case.status:
        assert first_status(found) == case.status
    if case.to:
        assert first_status(found) == "awaiting_acceptance"


def test_the_order_of_contracts_never_changes_the_decision() -> None:
    every = (UK, first(UK2), WATER, HEAT, LIFTS, TOWN)
    for entry in ENTRIES.values():
        assert decide(entry, every, NOW) == decide(entry, tuple(reversed(every)), NOW)


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_every_shipped_entry_gets_an_organisation_or_a_reason(code: str) -> None:
    for language in ("ru", "en"):
        assert decide(ENTRIES[code], (), NOW, language).reason
        everybody = tuple(Contract(f"C-{kind}", CITY, kind, everywhere=True) for kind in KINDS)
        assert decide(ENTRIES[code], everybody, NOW, language).organisation == CITY


def test_the_reason_is_told_in_english_too() -> None:
    assert decide(ENTRIES["HVS-02"], (UK,), NOW, "en").reason == (
        "management company for HVS-02: contract 14-У for this house"
    )


def test_the_service_calendar_is_heard() -> None:
    """The service made a Saturday work: a contract with working hours is on duty."""
    local = {date(2026, 11, 21): LocalDay(True)}
    serving = (on_duty(first(UK), "work"), UK2)
    plain, worked = (Calendar(MOSCOW, Workdays("RU", days)) for days in ({}, local))
    at = SATURDAY.astimezone(MOSCOW)
    assert decide(ENTRIES["HVS-02"], serving, at, calendar=plain).organisation == COMFORT
    assert decide(ENTRIES["HVS-02"], serving, at, calendar=worked).organisation == ZARECHYE


def test_off_duty_is_told_in_english_too() -> None:
    serving = (on_duty(first(UK), "08:00-20:00"), UK2)
    reason = decide(ENTRIES["HVS-02"], serving, NIGHT.astimezone(MOSCOW), "en").reason
    assert reason.startswith("УК «Заречье» (contract 14-У) is on duty within 08:00-20:00, not now: till 21.11 08:00")


MOMENTS = st.integers(0, 365 * 24).map(lambda hour: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour))
HOURS = st.sampled_from(["", "24x7", "work", "08:00-20:00", "20:00-08:00"])


@settings(max_examples=200, deadline=None)
@given(MOMENTS, st.sampled_from(sorted(ENTRIES)), st.lists(HOURS, min_size=3, max_size=3))
def test_whoever_answers_is_on_duty_unless_the_matter_can_wait(at: datetime, code: str, hours: list[str]) -> None:
    serving = [on_duty(one, its) for one, its in zip((first(UK), UK2, WATER), hours, strict=True)]
    calendar = Calendar(MOSCOW, Workdays("RU"))
    found = decide(ENTRIES[code], serving, at.astimezone(MOSCOW), calendar=calendar)
    if found.organisation is None:
        assert found.reason
        return
    chosen = next(one for one in serving if one.code == found.contract_code)
    burning = ENTRIES[code].urgency in (Urgency.LIFE, Urgency.EMERGENCY, Urgency.URGENT)
    assert chosen.on_duty(at, calendar) or (not burning and "ждёт открытия" in found.reason)


def test_utility_is_made_plain_only_once() -> None:
    entry = Entry("HVS-99", "c", "p", "", Urgency.NORMAL, "water_utility", ("utility", "management_company"))
    assert kinds_of(entry) == ["water_utility", "management_company"]
    assert len(utilities_of("DVR-02")) > 1
