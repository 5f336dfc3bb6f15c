"""A small town for the page tests: schema-shaped answers, with times around the moment of the test."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

from callengine.api import schemas as s
from callengine.api.classifier_shapes import ClassifierProblem, ClassifierQuestion
from callengine.api.directory_shapes import HouseCard, PremiseView

NOW = datetime.now(UTC)


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


def ahead(**parts: float) -> datetime:
    return NOW + timedelta(**parts)


CHKALOVA = s.House(
    id=1,
    code="h1",
    address="ул. Чкалова, 17",
    street="ул. Чкалова",
    number="17",
    district="Центр",
    floors=9,
    entrances=6,
    features=["lift", "central_heating"],
)
SADOVAYA = CHKALOVA.model_copy(
    update={"id": 2, "code": "h2", "address": "ул. Садовая, 8", "street": "ул. Садовая", "number": "8", "floors": 5}
)
HOUSES = [CHKALOVA, SADOVAYA]


def house_card(house: s.House) -> HouseCard:
    doors = [
        PremiseView(id=n, number=str(n), kind="flat", entrance=1 + n // 36, floor=1 + n // 4 % 9, people=1)
        for n in range(1, 217)
    ]
    return HouseCard(
        **house.model_dump(), former_names=[], premises=doors, services=[], incidents=[], open_tickets=[], people=216
    )


ZARECHYE = s.Organisation(
    id=1, code="uk1", name="УК «Заречье»", kind="management_company", phone="+73072450101", email="", active=True
)
VODOKANAL = s.Organisation(
    id=2, code="vk", name="МУП «Водоканал»", kind="water_utility", phone="+73072450202", email="", active=True
)


def note(id: int, text: str, author: str, until: datetime | None) -> s.TagNote:
    return s.TagNote(id=id, text=text, author=author, created_at=ago(days=40), expires_at=until)


IZOLDA = s.Person(
    id=1,
    name="Кузнецова Изольда Марковна",
    numbers=["+79074121806"],
    residences=[s.Residence(house=CHKALOVA, premise="184", relation="owner", organisation="УК «Заречье»")],
    notes=[
        note(1, "Плохо слышит", "Лаптева Ольга", ahead(days=100)),
        note(2, "Спорит о тарифах", "Гусев Иван", None),
    ],
)
GLEB = s.Person(
    id=2,
    name="Кузнецов Глеб Андреевич",
    numbers=["+79074121806"],
    residences=[s.Residence(house=SADOVAYA, premise="12", relation="relative", organisation="УК «Заречье»")],
    notes=[],
)


def ask(text: str, type: str = "text", *choices: str, required: bool = False) -> ClassifierQuestion:
    form = {"text_ru": text, "type": type, "choices": list(choices), "required": required}
    return ClassifierQuestion.model_validate(form)


def entry(
    code: str, category: str, ru: str, en: str, urgency: str, script: list[ClassifierQuestion], **texts: str
) -> ClassifierProblem:
    said = dict.fromkeys(("safety_ru", "safety_en", "referral_ru", "referral_en", "answer_ru", "answer_en"), "")
    return ClassifierProblem(
        code=code,
        category=category,
        problem_ru=ru,
        problem_en=en,
        urgency=urgency,
        organisation_kind="management_company",
        accept_minutes=5,
        localize_minutes=30,
        fix_minutes=4320,
        clock="24x7",
        questions=[question.text_ru for question in script],
        source="ПП РФ 416",
        available=True,
        unavailable_reason="",
        parent="",
        script=script,
        paid=False,
        confirm_minutes=None,
        **{**said, "transfer_to": "", **texts},
    )


BURST = entry(
    "HVS-02",
    "Холодное водоснабжение",
    "Прорыв трубы ХВС в подвале",
    "Burst cold-water pipe in the basement",
    "emergency",
    [
        ask("Где именно (подъезд, отсек подвала)?", required=True),
        ask("Интенсивность: капает, струя, фонтан?", "choice", "капает", "струя", "фонтан"),
        ask("Открыт ли доступ в подвал, у кого ключ?"),
        ask("Топит ли соседей снизу?", "yesno"),
    ],
)
LIFT = entry(
    "LIFT-01",
    "Лифт",
    "Застрял человек в лифте",
    "A person is stuck in a lift",
    "life",
    [ask("Сколько человек?", "number", required=True), ask("Когда встал?", "moment")],
    safety_ru="Не открывайте двери силой и не пытайтесь выйти сами: кабина может тронуться. Отойдите от дверей.",
    safety_en="Do not force the doors and do not try to get out: the cabin may move. Stand away from the doors.",
    transfer_to="112",
)
LIGHT = entry(
    "EL-07", "Электричество", "Не горит свет на лестнице", "No light on the stairs", "normal", [ask("Этаж?", "number")]
)
GAS = entry("GAS-01", "Газ", "Запах газа", "Smell of gas", "life", []).model_copy(
    update={"available": False, "unavailable_reason": "в доме нет газа"}
)
CLASSIFIER = [BURST, LIFT, LIGHT, GAS]


def call(id: int, **changes: Any) -> s.Call:
    fields: dict[str, Any] = {
        "id": id,
        "pbx": "main",
        "linkedid": f"1763754{id:03}.{id}",
        "direction": "inbound",
        "number": "+79074121806",
        "number_kind": "e164",
        "name": "",
        "did": "115",
        "queue": "desk",
        "state": "ended",
        "outcome": "answered",
        "missed": None,
        "arrived_at": ago(minutes=id * 3),
        "queued_at": None,
        "offered_at": ago(minutes=id * 3 - 0.2),
        "answered_at": ago(minutes=id * 3 - 0.3),
        "ended_at": ago(minutes=max(0, id * 3 - 2)),
        "operator": "101",
        "operator_name": "Петрова Наталья",
        "wait_seconds": 11.0,
        "talk_seconds": 192.0,
        "held_seconds": 0.0,
        "robot": False,
        "source": "events",
        "recording": s.RecordingRef(id=id, seconds=192.0, state="ready"),
        "ticket_numbers": [],
        "duty": None,
        "people": [s.PersonRef(id=1, name=IZOLDA.name, address=CHKALOVA.address, premise="184")],
    }
    return s.Call(**{**fields, **changes})


MISSED: dict[str, Any] = {
    "outcome": "missed",
    "missed": "queue",
    "answered_at": None,
    "operator": "",
    "operator_name": "",
    "talk_seconds": 0.0,
    "recording": None,
}


def duty_ref(id: int, due: float) -> s.DutyRef:
    return s.DutyRef(id=id, state="open", due_at=ahead(seconds=due), legal_due_at=ahead(seconds=due + 260))


def journal() -> list[s.Call]:
    return [
        call(1, ticket_numbers=["26-118204"]),
        call(2, **MISSED, number="+79072186503", people=[], duty=duty_ref(1, 47)),
        call(3, **{**MISSED, "missed": "menu"}, number="", number_kind="withheld", people=[]),
        call(4, direction="outbound", wait_seconds=None, ticket_numbers=["26-118190"]),
        call(5, recording=s.RecordingRef(id=5, seconds=131.0, state="short"), operator_name="Гусев Иван"),
        call(6, robot=True, operator="", operator_name=""),
        call(7, outcome="no_answer", direction="outbound", recording=None, answered_at=None, talk_seconds=0),
        call(8, source="ledger"),
    ]


def duty(id: int, due: float, number: str, **changes: Any) -> s.Duty:
    due_at = ahead(seconds=due)
    fields: dict[str, Any] = {
        "id": id,
        "line": "115",
        "number": number,
        "number_kind": "e164",
        "state": "open",
        "missed_count": 1,
        "call_ids": [2],
        "arrived_at": due_at - timedelta(seconds=340),
        "due_at": due_at,
        "legal_due_at": due_at + timedelta(seconds=260),
        "in_time": None,
        "where": "queue",
        "claimed_by": None,
        "claimed_by_name": "",
        "assigned_by_name": "",
        "claimed_at": None,
        "settled_at": None,
        "settled_by_name": "",
        "settled_call_id": None,
        "close_reason": "",
        "callback_requested": False,
        "message": None,
        "message_heard_at": None,
        "attempts": [],
        "people": [],
    }
    return s.Duty(**{**fields, **changes})


def person_ref(name: str, address: str, premise: str) -> s.PersonRef:
    return s.PersonRef(id=9, name=name, address=address, premise=premise)


def mark(id: int, at_seconds: float, text: str) -> s.RecordingMark:
    return s.RecordingMark(id=id, at_seconds=at_seconds, text=text, author="Орлова Тамара", created_at=ago(hours=1))


def trying() -> s.AttemptView:
    """A call back that goes on."""
    return s.AttemptView(
        at=ago(seconds=18), ended_at=None, operator="102", staff_name="Гусев Иван", call_id=None, result=""
    )


def member(id: int, name: str, extension: str | None, state: str, role: str = "operator") -> s.StaffMember:
    return s.StaffMember(
        id=id,
        login=f"op{id}",
        name=name,
        role=role,  # type: ignore[arg-type]
        extension=extension,
        organisation_id=None,
        state=state,  # type: ignore[arg-type]
        active=True,
    )


def staff() -> list[s.StaffMember]:
    return [
        member(12, "Сомова Елена", "104", "pause"),
        member(8, "Гусев Иван", "102", "ready"),
        member(11, "Петрова Наталья", "101", "ready"),
        member(13, "Лаптева Ольга", "105", "offline"),
        member(2, "Орлова Тамара", None, "ready", "supervisor"),
    ]


def duties() -> list[s.Duty]:
    return [
        duty(6, -72, "+79074478326", people=[person_ref("Панина Тамара", "ул. Заводская, 28", "")]),
        duty(1, 47, "+79072186503", missed_count=2, where="menu"),
        duty(2, 98, "+79073304177", people=[person_ref("Мельникова Анна", "пр-т Мира, 44", "61")]),
        duty(
            3,
            146,
            "+79075840912",
            state="claimed",
            claimed_by=8,
            claimed_by_name="Гусев Иван",
            claimed_at=ago(seconds=18),
            attempts=[trying()],
            people=[person_ref("Юсупов Рашид Тимурович", "ул. Гагарина, 21", "9")],
        ),
        duty(4, 238, "+79077713058", message=s.RecordingRef(id=4, seconds=21, state="ready")),
        duty(5, 271, "+73072451830", callback_requested=True),
    ]


def withheld() -> list[s.Duty]:
    return [duty(7, 400, "", number_kind="withheld", state="impossible")]


def candidate(organisation: s.Organisation, reason: str) -> s.RoutingCandidate:
    return s.RoutingCandidate(organisation=organisation, reason=reason)


DEADLINES = s.Deadlines(
    accept_by=ahead(minutes=5),
    localise_by=ahead(minutes=30),
    fix_by=ahead(days=3),
    why="5 мин по классификатору HVS-02, круглосуточно; 30 мин с регистрации, ПП РФ 416, п. 13",
)


REASON = "управляет домом, договор № 14-У; внутридомовая ХВС до вводной задвижки"


def preview(code: str) -> s.RoutingPreview:
    """What the engine would say of an entry at any house of this town."""
    what = next(one for one in CLASSIFIER if one.code == code)
    clocks = [
        ("accept", DEADLINES.accept_by, f"5 мин по классификатору {code}, круглосуточно", code),
        ("localise", DEADLINES.localise_by, "30 мин с регистрации, ПП РФ 416, п. 13", "416-13-localise"),
        ("fix", DEADLINES.fix_by, "3 суток от даты повреждения, ПП РФ 416, п. 13", "416-13-damage"),
    ]
    script = [one.model_dump() | {"text": one.text_ru} for one in what.script]
    return s.RoutingPreview(
        organisation=ZARECHYE,
        candidates=[
            candidate(ZARECHYE, "управляет домом, договор № 14-У"),
            candidate(VODOKANAL, "если течёт до ввода, на сети города"),
        ],
        reason=REASON,
        spoken=False,
        deadlines=DEADLINES,
        clocks=[
            s.PreviewClock.model_validate({"name": name, "due_at": due, "why": why, "rule": rule})
            for name, due, why, rule in clocks
        ],
        possible=what.available,
        urgency=what.urgency,
        safety=what.safety_ru,
        transfer_to=what.transfer_to,
        referral=what.referral_ru,
        answer=what.answer_ru,
        paid=what.paid,
        script=[s.ScriptQuestion.model_validate(one) for one in script],
    )


def row(number: str, what: s.ClassifierEntry, status: str, fix: datetime, **changes: Any) -> s.TicketRow:
    fields: dict[str, Any] = {
        "number": number,
        "status": status,
        "urgency": what.urgency,
        "classifier": what,
        "house": CHKALOVA,
        "premise": "184",
        "place": "",
        "organisation": ZARECHYE,
        "applicant": s.TicketApplicant(number="+79074121806", name=IZOLDA.name, person_id=1),
        "created_at": ago(hours=2),
        "deadlines": DEADLINES.model_copy(update={"fix_by": fix}),
        "overdue": fix < NOW,
    }
    return s.TicketRow(**{**fields, **changes})


CHOICES = s.JournalChoices(
    organisations=[s.Named(id=1, name="УК «Заречье»"), s.Named(id=2, name="МУП «Водоканал»")],
    districts=["Заречье", "Центр"],
    executors=[s.Named(id=7, name="Сомов Пётр")],
    branches=[s.Branch(code="HVS", name="Холодное водоснабжение")],
)


def rows() -> list[s.TicketRow]:
    return [
        row("26-118213", LIFT, "in_progress", ahead(minutes=11)),
        row("26-118204", BURST, "awaiting_acceptance", ahead(minutes=72)),
        row("26-118198", LIGHT, "in_progress", ago(minutes=18), house=SADOVAYA, premise=""),
        row("26-118169", LIGHT, "unassigned", ahead(days=2), organisation=None),
    ]


def ticket(of: s.TicketRow, **changes: Any) -> s.Ticket:
    about: dict[str, Any] = {"at": ago(hours=2), "author": "Петрова Н.", "role": "operator", "data": {}, "public": True}
    events = [
        s.TicketEvent(**about, what="registered", reason=""),
        s.TicketEvent(**about, what="routed", reason=REASON),
    ]
    fields: dict[str, Any] = {
        **of.model_dump(),
        "executor": None,
        "text": "Из подвала шум воды, выходит на отмостку.",
        "answers": [s.Answer(question="Топит ли соседей снизу?", answer="нет")],
        "organisation_reason": REASON,
        "version": 1,
        "marked_at": None,
        "damage_at": None,
        "late_at": None,
        "closed_at": None,
        "close_reason": "",
        "stall_level": 0,
        "declined_count": 0,
        "reopened_count": 0,
        "paid_confirm_by": None,
        "paid_confirmed_at": None,
        "postponed": None,
        "repeat_of": None,
        "moves": [],
        "clocks": [],
        "applicants": [],
        "calls": [],
        "files": [],
        "call_ids": [1],
        "recordings": [s.RecordingRef(id=1, seconds=192, state="ready")],
        "history": events,
    }
    return s.Ticket(**{**fields, **changes})


def card() -> s.CallerCard:
    return s.CallerCard(
        number="+79074121806",
        number_kind="e164",
        candidates=[IZOLDA, GLEB],
        incidents=[
            s.Incident(
                id=1,
                kind="accident",
                title="Нет холодной воды во всём доме",
                cause="порыв на вводе Ду 100, копают",
                began_at=ago(minutes=67),
                promised_at=ahead(minutes=43),
                ticket_number="26-118204",
            ),
            s.Incident(
                id=2,
                kind="planned",
                title="лифты, замена канатов",
                cause="",
                began_at=ahead(days=1),
                promised_at=ahead(days=1, hours=6),
                ticket_number=None,
            ),
        ],
        open_tickets=[
            s.OpenTicket(
                number="26-117960",
                urgency="urgent",
                problem_ru="Холодный стояк",
                problem_en="Cold riser",
                premise="184",
                place="",
                status="in_progress",
                fix_by=ahead(days=1),
                overdue=False,
            ),
            s.OpenTicket(
                number="26-116402",
                urgency="normal",
                problem_ru="Перерасчёт за октябрь",
                problem_en="Recalculation for October",
                premise="184",
                place="",
                status="in_progress",
                fix_by=ago(days=1),
                overdue=True,
            ),
        ],
        last_calls=[call(21), call(22, **MISSED), call(400)],
        calls_in_year=14,
    )


def offered(id: int = 100) -> s.Call:
    """A call that rings at the desk now."""
    quiet = {"answered_at": None, "ended_at": None, "operator": "", "operator_name": "", "talk_seconds": 0.0}
    return call(
        id,
        **quiet,
        state="offered",
        outcome=None,
        arrived_at=datetime.now(UTC) - timedelta(seconds=36),
        offered_at=datetime.now(UTC),
        wait_seconds=None,
        recording=None,
    )


def compliance(day: date) -> s.Compliance:
    counts = {0: 3, 1: 2, 2: 2, 3: 1, 5: 1, 6: 2, 7: 5, 8: 7, 9: 5, 10: 3, 11: 2, 12: 2, 13: 2, 14: 2, 15: 2, 16: 2}
    hours = [
        s.HourRow(
            hour=h,
            in_operator_time=max(0, n - (h in (2, 7, 8, 9, 13)) - (h == 8)),
            in_legal_time=n - (h == 8),
            late=int(h == 8),
            owed=0,
            withheld=int(h in (6, 9, 16)),
            no_data=h == 3,
        )
        for h, n in ((h, counts.get(h, 0)) for h in range(24))
    ]
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)

    def operator(id: int | None, name: str, total: int, late: int) -> s.OperatorRow:
        return s.OperatorRow(
            staff_id=id,
            name=name,
            total=total,
            in_operator_time=total - 1 - late,
            in_legal_time=total - late,
            late=late,
            attempts=4,
            median_seconds=156.0 if id else None,
        )

    def exception(kind: Any, number: str, text: str, **more: Any) -> s.ExceptionRow:
        fields: dict[str, Any] = {
            "kind": kind,
            "duty_id": None,
            "number": number,
            "at": start + timedelta(hours=5, minutes=41),
            "until": None,
            "late_seconds": None,
            "call_ids": [],
            "text": text,
        }
        return s.ExceptionRow(**{**fields, **more})

    gap = (start + timedelta(minutes=12), start + timedelta(minutes=48))
    return s.Compliance(
        day=day,
        now=NOW,
        callable=57,
        in_legal_time=55,
        in_operator_time=49,
        late=2,
        owed=0,
        attempts_without_contact=23,
        duties_with_attempts=9,
        withheld=4,
        median_seconds=161.0,
        covered_seconds=79_860,
        elapsed_seconds=82_020,
        gaps=[s.Interval(pbx="main", source="none", began_at=gap[0], ended_at=gap[1])],
        hours=hours,
        operators=[
            operator(8, "Гусев Иван", 14, 0),
            operator(1, "Петрова Наталья", 12, 0),
            operator(9, "Сомова Елена", 9, 1),
            operator(None, "", 3, 0),
        ],
        exceptions=[
            exception(
                "late",
                "+79071185270",
                "взят через 10:50 после прихода, 3 вызова",
                late_seconds=134.0,
                call_ids=[2, 1],
                duty_id=1,
            ),
            exception("no_data", "", "", at=gap[0], until=gap[1]),
            exception("unreachable", "+79079031744", "5 попыток", call_ids=[7]),
            exception("withheld", "", "перезвонить нельзя", call_ids=[3]),
        ],
        rule="ru-416: 600 s from arrival; operator: 300 s from the end",
    )


def recording(id: int, hold: bool = False) -> s.Recording:
    def side(phase: float) -> list[int]:
        return [int(abs(math.sin(i / 9 + phase)) * abs(math.sin(i / 2.3)) * 110) + 3 for i in range(240)]

    return s.Recording(
        id=id,
        call_id=id,
        kind="conversation",
        state="short" if id == 5 else "ready",
        problem="",
        format="wav",
        bytes=96_044,
        seconds=6.0,
        expected_seconds=6.0 if id != 5 else 15.0,
        sha256="9f2c" + "0" * 56 + "a417",
        stored_sha256="9f2c" + "0" * 56 + "a417",
        created_at=ago(hours=1),
        delete_after=ahead(days=1095),
        legal_hold=hold,
        hold_reason="проверка" if hold else "",
        peaks=[side(0), side(1.6)],
        listenings=[s.ListeningView(at=ago(minutes=6), who="Орлова Т.", why="journal")],
        ticket_numbers=["26-118204"] if id == 1 else [],
        transcript=None,
    )


def reach() -> list[s.OrganisationReach]:
    """More than the board's card shows without scrolling."""
    return [
        s.OrganisationReach(
            organisation_id=n,
            name=f"ООО «Управляющая компания {n}»",
            numbers=["+74950001122"],
            attempted=3,
            answered=n % 4,
            last_at=ago(hours=n),
            last_answered_at=ago(hours=n) if n % 4 else None,
        )
        for n in range(1, 9)
    ]
