"""Our types into the public shapes; pure, one function a shape."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from pydantic import BaseModel

from callengine.access.model import Member
from callengine.api import schemas
from callengine.callbacks import compliance as figures
from callengine.callbacks import model as callbacks
from callengine.calls.handover import Handover
from callengine.calls.model import Conversation
from callengine.calls.reach import Reached
from callengine.directory import model as directory
from callengine.directory.ways import hidden
from callengine.log import masked
from callengine.recordings.model import Listening, MachineText, Recording
from callengine.store.views import DutyOfCall
from callengine.tickets import model as tickets
from callengine.tickets.levels import of_ticket
from callengine.tickets.links import ResidentView


def staff_member(member: Member) -> schemas.StaffMember:
    return schemas.StaffMember(
        id=member.id,
        login=member.login,
        name=member.name,
        role=cast(schemas.Role, member.role),
        extension=member.extension,
        organisation_id=member.organisation_id,
        state=cast(schemas.OperatorState, member.state),
        active=member.active,
    )


# --- calls ----------------------------------------------------------------------------------------------


def call(
    id: int,
    it: Conversation,
    *,
    operator_name: str = "",
    recording: Recording | None = None,
    ticket_numbers: Sequence[str] = (),
    duty: DutyOfCall | None = None,
    people: Sequence[directory.Person] = (),
) -> schemas.Call:
    return schemas.Call(
        id=id,
        pbx=it.key.pbx,
        linkedid=it.key.linkedid,
        direction=it.direction,
        number=it.number.value,
        number_kind=it.number.kind,
        name=it.name,
        did=it.did,
        queue=it.queue,
        state=it.state,
        outcome=it.outcome,
        missed=it.missed,
        arrived_at=it.arrived_at,
        queued_at=it.queued_at,
        offered_at=it.offered_at,
        answered_at=it.answered_at,
        ended_at=it.ended_at,
        operator=it.operator,
        operator_name=operator_name,
        wait_seconds=it.wait_seconds,
        talk_seconds=it.talk_seconds,
        held_seconds=it.held_seconds,
        robot=it.robot,
        recorded=it.recorded,
        source=it.source,
        recording=recording_ref(recording) if recording else None,
        ticket_numbers=list(ticket_numbers),
        duty=duty_ref(duty) if duty else None,
        people=[person_ref(person) for person in people],
    )


# What hangs on a call and is not in its conversation.
_HANGS_ON = ("operator_name", "recording", "ticket_numbers", "duty", "people")


def offer(it: Conversation, seen: schemas.Call, card: bytes) -> bytes:
    """A CallMessage as JSON: the call as it is now, what was seen to hang on it before, its card already rendered."""
    now = call(seen.id, it)
    for name in _HANGS_ON:
        setattr(now, name, getattr(seen, name))
    return json(now)[:-1] + b',"fact":"offered","card":' + card + b"}"


def offer_without_card(it: Conversation, seen: schemas.Call) -> schemas.CallMessage:
    """`offers` tells the operator's screen that the call is its own, while the card is still being read."""
    return schemas.CallMessage(**dict(seen), fact="offered", offers=offers(it))


def json(it: BaseModel) -> bytes:
    return it.__pydantic_serializer__.to_json(it)


def duty_ref(duty: DutyOfCall) -> schemas.DutyRef:
    return schemas.DutyRef(id=duty.id, state=duty.state, due_at=duty.due_at, legal_due_at=duty.legal_due_at)


def offers(it: Conversation) -> list[schemas.OfferView]:
    return [
        schemas.OfferView(operator=o.operator, began_at=o.began_at, ended_at=o.ended_at, result=o.result)
        for o in it.offers
    ]


def talks(it: Conversation) -> list[schemas.TalkView]:
    return [schemas.TalkView(operator=t.operator, began_at=t.began_at, ended_at=t.ended_at) for t in it.talks]


def reach(it: Reached) -> schemas.OrganisationReach:
    return schemas.OrganisationReach(
        organisation_id=it.organisation.id,
        name=it.organisation.name,
        numbers=list(it.numbers),
        attempted=it.reach.attempted,
        answered=it.reach.answered,
        last_at=it.reach.last_at,
        last_answered_at=it.reach.last_answered_at,
    )


def handover(it: Handover) -> schemas.HandoverView:
    return schemas.HandoverView(
        id=it.id,
        call_id=it.call_id,
        number=it.number,
        operator=it.extension,
        state=it.state.value,
        began_at=it.began_at,
        answered_at=it.answered_at,
        ended_at=it.ended_at,
        why=it.why,
    )


# --- callbacks ------------------------------------------------------------------------------------------


def duty(
    stored: callbacks.StoredDuty,
    *,
    message: Recording | None = None,
    people: Sequence[directory.Person] = (),
    ticket_number: str = "",
) -> schemas.Duty:
    it = stored.duty
    return schemas.Duty(
        id=it.id,
        line=it.line,
        number=it.number.value,
        number_kind=it.number.kind,
        state=it.state,
        missed_count=it.missed_count,
        call_ids=list(stored.call_ids),
        arrived_at=it.arrived_at,
        due_at=it.due_at,
        legal_due_at=it.legal_due_at,
        in_time=it.in_time,
        where=stored.where,
        claimed_by=it.claimed_by,
        claimed_by_name=stored.claimed_by_name,
        assigned_by_name=stored.assigned_by_name,
        claimed_at=it.claimed_at,
        settled_at=it.settled_at,
        settled_by_name=stored.settled_by_name,
        settled_call_id=it.settled_call_id,
        close_reason=it.close_reason,
        callback_requested=it.callback_requested,
        message=recording_ref(message) if message else None,
        message_heard_at=it.message_heard_at,
        attempts=[attempt(one) for one in stored.attempts],
        people=[person_ref(person) for person in people],
        reason=it.reason,
        ticket_number=ticket_number,
    )


def attempt(it: callbacks.Attempt) -> schemas.AttemptView:
    return schemas.AttemptView(
        at=it.at,
        ended_at=it.ended_at,
        operator=it.operator,
        staff_name=it.staff_name,
        call_id=it.call_id,
        result=it.result,
    )


def duty_event(it: callbacks.HistoryEntry) -> schemas.DutyEvent:
    return schemas.DutyEvent(at=it.at, what=it.what, staff_name=it.staff_name, call_id=it.call_id, data=it.data)


def compliance(it: figures.Compliance, *, personal: bool = True) -> schemas.Compliance:
    """A day; without `personal` the numbers are masked, and what leads to calls and duties is left out."""
    return schemas.Compliance(
        day=it.day,
        now=it.now,
        callable=it.callable,
        in_legal_time=it.in_legal_time,
        in_operator_time=it.in_operator_time,
        late=it.late,
        owed=it.owed,
        attempts_without_contact=it.attempts_without_contact,
        duties_with_attempts=it.duties_with_attempts,
        withheld=it.withheld,
        median_seconds=it.median_seconds,
        covered_seconds=it.covered_seconds,
        elapsed_seconds=it.elapsed_seconds,
        gaps=[
            schemas.Interval(pbx=gap.pbx, source="none", began_at=gap.began_at, ended_at=gap.ended_at)
            for gap in it.gaps
        ],
        hours=[schemas.HourRow.model_validate(row, from_attributes=True) for row in it.hours],
        operators=[schemas.OperatorRow.model_validate(row, from_attributes=True) for row in it.operators],
        exceptions=[
            schemas.ExceptionRow(
                kind=cast(Any, one.kind),
                duty_id=one.duty_id if personal else None,
                number=one.number if personal or not one.number else masked(one.number),
                at=one.at,
                until=one.until,
                late_seconds=one.late_seconds,
                call_ids=list(one.call_ids) if personal else [],
                text=one.text,
            )
            for one in it.exceptions
        ],
        rule=it.rule,
    )


def interval(it: Any) -> schemas.Interval:
    return schemas.Interval(pbx=it.pbx, source=it.source, began_at=it.began_at, ended_at=it.ended_at)


# --- recordings -----------------------------------------------------------------------------------------


def recording_ref(it: Recording | tickets.RecordingRef) -> schemas.RecordingRef:
    return schemas.RecordingRef(id=it.id, seconds=it.seconds, state=it.state)


def transcript(it: MachineText) -> schemas.TranscriptView:
    return schemas.TranscriptView.model_validate(
        {name: getattr(it, name) for name in schemas.TranscriptView.model_fields}
    )


def recording(
    it: Recording, listened: Sequence[Listening], ticket_numbers: Sequence[str], heard: MachineText | None = None
) -> schemas.Recording:
    peaks = it.peaks or b""
    return schemas.Recording(
        id=it.id,
        call_id=it.call_id,
        kind=it.kind,
        state=it.state,
        problem=it.problem,
        format=it.format,
        bytes=it.size,
        seconds=it.seconds,
        expected_seconds=it.expected_seconds,
        sha256=it.sha256,
        stored_sha256=it.stored_sha256,
        created_at=it.created_at,
        delete_after=it.delete_after,
        legal_hold=it.legal_hold,
        hold_reason=it.hold_reason,
        peaks=[list(peaks[0::2]), list(peaks[1::2])] if peaks else [],
        listenings=[schemas.ListeningView(at=one.at, who=one.who, why=one.why) for one in listened],
        ticket_numbers=list(ticket_numbers),
        transcript=transcript(heard) if heard else None,
    )


# --- directory ------------------------------------------------------------------------------------------


def house(it: directory.House) -> schemas.House:
    return schemas.House(
        id=it.id,
        code=it.code,
        address=it.address,
        street=it.street,
        number=it.number,
        district=it.district,
        floors=it.floors,
        entrances=it.entrances,
        features=list(it.features),
        former=list(it.former_addresses),
        renamed_to=it.renamed_to,
    )


def note(it: directory.Note) -> schemas.TagNote:
    return schemas.TagNote(
        id=it.id,
        text=it.text,
        author=it.author,
        created_at=it.created_at,
        expires_at=it.expires_at,
        kind="tag" if it.kind == "tag" else "note",
    )


def person(it: directory.Person) -> schemas.Person:
    homes = [
        schemas.Residence(
            house=house(home.house), premise=home.premise, relation=home.relation, organisation=home.organisation
        )
        for home in it.residences
    ]
    return schemas.Person(
        id=it.id,
        name=it.name,
        numbers=list(it.numbers),
        residences=homes,
        notes=[note(one) for one in it.notes],
        notify=cast(Any, it.notify),
        email=it.email,
    )


def person_ref(it: directory.Person) -> schemas.PersonRef:
    home = it.residences[0] if it.residences else None
    return schemas.PersonRef(
        id=it.id,
        name=it.name,
        address=home.house.address if home else "",
        premise=home.premise if home else "",
    )


def incident(it: directory.Incident) -> schemas.Incident:
    return schemas.Incident(
        id=it.id,
        kind="accident" if it.kind == "accident" else "planned",
        title=it.title,
        title_en=it.title_en,
        cause=it.cause,
        began_at=it.began_at,
        promised_at=it.promised_at,
        ticket_number=it.ticket_number,
    )


def organisation(it: directory.Organisation) -> schemas.Organisation:
    return schemas.Organisation(
        id=it.id, code=it.code, name=it.name, kind=it.kind, phone=it.phone, email=it.email, active=it.active
    )


def executor(it: directory.StaffMember) -> schemas.StaffMember:
    return schemas.StaffMember(
        id=it.id,
        login=it.login,
        name=it.name,
        role=cast(schemas.Role, it.role),
        extension=it.extension,
        organisation_id=it.organisation_id,
        state="offline",
        active=it.active,
    )


# --- tickets --------------------------------------------------------------------------------------------


def entry(it: tickets.Entry, unavailable: str = "") -> schemas.ClassifierEntry:
    return schemas.ClassifierEntry(
        code=it.code,
        category=it.category,
        problem_ru=it.problem_ru,
        problem_en=it.problem_en,
        urgency=it.urgency,
        organisation_kind=it.organisation_kind,
        accept_minutes=it.accept_minutes,
        localize_minutes=it.localize_minutes,
        fix_minutes=it.fix_minutes,
        clock=it.clock,
        questions=list(it.questions),
        source=it.source,
        available=not unavailable,
        unavailable_reason=unavailable,
    )


def deadlines(it: tickets.Deadlines) -> schemas.Deadlines:
    return schemas.Deadlines(accept_by=it.accept_by, localise_by=it.localise_by, fix_by=it.fix_by, why=it.why)


def preview(it: tickets.Preview, language: str = "ru") -> schemas.RoutingPreview:
    found, entry = it.routing, it.entry
    texts = {name: _in(entry, name, language) for name in ("safety", "referral", "answer")}
    return schemas.RoutingPreview(
        organisation=organisation(found.organisation) if found.organisation else None,
        candidates=[
            schemas.RoutingCandidate(organisation=organisation(one.organisation), reason=one.reason)
            for one in found.candidates
        ],
        reason=found.reason if it.possible else it.impossible_reason,
        spoken=found.spoken,
        deadlines=deadlines(it.deadlines),
        clocks=[
            schemas.PreviewClock.model_validate({"name": c.name, "due_at": c.due_at, "why": c.why, "rule": c.rule})
            for c in it.deadlines.each()
        ],
        possible=it.possible,
        urgency=entry.urgency if entry else "",
        **texts,
        transfer_to=entry.transfer_to if entry else "",
        paid=it.paid,
        script=[script_question(one, language) for one in it.script],
    )


def _in(entry: tickets.Entry | None, name: str, language: str) -> str:
    """A text of the entry in a language; in the other one when only that is written."""
    ru, en = (getattr(entry, f"{name}_{of}", "") for of in ("ru", "en"))
    return (ru or en) if language == "ru" else (en or ru)


def script_question(it: tickets.Question, language: str) -> schemas.ScriptQuestion:
    return schemas.ScriptQuestion(
        text=it.text(language),
        text_ru=it.text_ru,
        type=it.type.value,
        choices=list(it.choices_en if language != "ru" and it.choices_en else it.choices),
        unit=it.unit,
        required=it.required,
        condition=it.condition,
    )


def _row(it: tickets.Ticket, now: datetime) -> dict[str, Any]:
    who = it.applicant
    return {
        "number": it.number,
        "status": it.status,
        "urgency": it.urgency,
        "classifier": entry(it.classifier),
        "house": house(it.house) if it.house else None,
        "premise": it.flat,
        "place": it.place,
        "organisation": organisation(it.organisation) if it.organisation else None,
        "applicant": schemas.TicketApplicant(number=who.number, name=who.name, person_id=who.person_id),
        "created_at": it.created_at,
        "deadlines": deadlines(it.deadlines),
        "overdue": it.overdue(now),
        "due_at": it.due_at,
        "late": it.late_at is not None,
        "district": it.district,
        "executor_id": it.executor.id if it.executor else None,
        "executor_name": it.executor.name if it.executor else "",
        "mark": it.mark,
        "paid": it.paid,
        "level": of_ticket(it).value,
        "postponed_until": it.postponed_until,
        "applicant_count": it.applicant_count,
    }


def ticket_row(it: tickets.Ticket, now: datetime) -> schemas.TicketRow:
    return schemas.TicketRow(**_row(it, now))


def ticket_file(it: tickets.TicketFile) -> schemas.TicketFile:
    return schemas.TicketFile(
        id=it.id,
        kind=it.kind,
        name=it.name,
        media_type=it.media_type,
        bytes=it.bytes,
        width=it.width,
        height=it.height,
        has_thumbnail=bool(it.thumbnail),
        public=it.public,
        moment=it.moment,
        author=it.author,
        created_at=it.created_at,
    )


def resident_ticket(view: ResidentView, now: datetime, ways: Sequence[str]) -> schemas.ResidentTicket:
    """Nothing here names a telephone or a flat of somebody else, nor what is internal."""
    it = view.ticket
    terms = it.deadlines
    return schemas.ResidentTicket(
        number=it.number,
        status=it.status,
        urgency=it.urgency,
        problem_ru=it.classifier.problem_ru,
        problem_en=it.classifier.problem_en,
        text=it.text,
        address=it.address,
        premise=it.flat,
        organisation=it.organisation.name if it.organisation else "",
        organisation_phone=it.organisation.phone if it.organisation else "",
        executor=it.executor.name if it.executor else "",
        created_at=it.created_at,
        deadlines=schemas.Deadlines(
            accept_by=terms.accept_by, localise_by=terms.localise_by, fix_by=terms.fix_by, why=terms.why
        ),
        overdue=it.overdue(now),
        postponed_until=it.postponed_until,
        postpone_reason=it.postpone_reason,
        interim=interim(it),
        notify=cast(Any, it.applicant.notify),
        email=hidden(it.applicant.email),
        ways=cast(Any, list(ways)),
        mark=it.mark,
        may_mark=view.may_mark,
        steps=[_resident_step(event) for event in it.history if event.what in RESIDENT_STEPS],
        files=[ticket_file(one) for one in view.files],
    )


def interim(it: tickets.Ticket) -> schemas.InterimAnswer | None:
    if it.interim_at is None or it.interim_until is None:
        return None
    done = it.fixed_at or it.closed_at
    return schemas.InterimAnswer(at=it.interim_at, until=it.interim_until, text=it.interim_text, done_at=done)


# What a resident reads of the history, and of it the reason only where it was written for him.
RESIDENT_STEPS = frozenset(
    "registered routed accept assign start localise postpone interim report_done confirm return mark "
    "rework close reopen cancel comment file_added move".split()
)
_TOLD_REASON = frozenset({"postpone", "interim", "comment", "cancel", "close"})


def _resident_step(event: tickets.TicketEvent) -> schemas.ResidentStep:
    until = event.data.get("until")
    return schemas.ResidentStep(
        at=event.at,
        what=event.what,
        author=event.author if event.role in ("resident", "executor") else "",
        role=event.role,
        text=event.reason if event.what in _TOLD_REASON else "",
        status=event.data.get("to") or event.data.get("status") or "",
        until=datetime.fromisoformat(until) if until else None,
        file_id=event.data.get("file_id"),
        mark=event.data.get("mark"),
    )


def open_ticket(it: tickets.Ticket, now: datetime) -> schemas.OpenTicket:
    return schemas.OpenTicket(
        number=it.number,
        urgency=it.urgency,
        problem_ru=it.classifier.problem_ru,
        problem_en=it.classifier.problem_en,
        premise=it.flat,
        place=it.place,
        status=it.status,
        fix_by=it.deadlines.fix_by,
        overdue=it.overdue(now),
    )
