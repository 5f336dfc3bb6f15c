"""The routing oracle: each case worked out by hand, and the words in which the decision explains itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from callengine.directory.model import Organisation
from callengine.tickets.classifier import entry_of, shipped
from callengine.tickets.model import KINDS, Entry, Urgency
from callengine.tickets.routing import Contract, decide, kinds_of, utilities_of
from callengine.tickets.service import first_status

ENTRIES = {row["code"]: entry_of(row) for row in shipped()}
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
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
]


@pytest.mark.parametrize("case", CASES, ids=[case.rule for case in CASES])
def test_a_ticket_goes_where_the_contracts_say(case: Case) -> None:
    found = decide(ENTRIES[case.code], case.contracts, NOW)
    assert found.organisation == case.to, found.reason
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


def test_utility_is_made_plain_only_once() -> None:
    entry = Entry("HVS-99", "c", "p", "", Urgency.NORMAL, "water_utility", ("utility", "management_company"))
    assert kinds_of(entry) == ["water_utility", "management_company"]
    assert len(utilities_of("DVR-02")) > 1
