"""Notices: the outbox, what its reader has to acknowledge, templates with their preview, browsers that take pushes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from callengine.access.model import DESK, EXECUTOR, LEADERS, MANAGER, PEOPLE
from callengine.api import notice_shapes as shapes
from callengine.api.core import Ask, Routes, clear, opaque, person_of
from callengine.api.language import language_of
from callengine.api.problems import Invalid
from callengine.api.queries import Listed, Words
from callengine.api.schemas import Id, Page
from callengine.clock import parse_rfc3339
from callengine.notices import model, reasons
from callengine.notices.model import Channel, Kind
from callengine.notices.service import Preview, Template, Told
from callengine.notices.templates import BLANKS, Text, shown
from callengine.notices.texts import SHAPES
from callengine.store.notices import Find

routes = Routes("notices")


class NoticesList(Listed):
    """`ticket` is a number; `staff_id` one of the staff."""

    state: Literal["", "queued", "sending", "sent", "delivered", "acknowledged", "failed", "suppressed"] = ""
    channel: Literal["", "push", "sms", "email", "call"] = ""
    kind: Kind | Literal[""] = ""  # whichever there is: the pages offer all of them
    ticket: Words = ""
    staff_id: Id | None = None


# --- templates (before /notices/{id}, which would take them for a number) -------------------------------------


@routes.get("/notices/templates", roles=DESK, summary="The texts of all notices, in both languages")
async def list_notice_templates(ask: Ask[None, None]) -> Page[shapes.NoticeTemplate]:
    reader = language_of(ask)
    return Page(items=[_template(one, reader) for one in await ask.services.notices.templates()])


@routes.put("/notices/templates", roles=LEADERS, summary="Write a text; an empty one brings the shipped one back")
async def put_notice_template(ask: Ask[shapes.NoticeTemplateBody, None]) -> shapes.NoticeTemplate:
    body, reader = ask.body, language_of(ask)
    kept = await ask.services.notices.put_template(
        Kind(body.kind),
        Channel(body.channel),
        body.language,
        Text(body.subject, body.text),
        ask.who,
        reader=reader,
    )
    return _template(kept, reader)


@routes.post("/notices/templates/preview", roles=DESK, summary="A text with sample values, and what is wrong with it")
async def preview_notice_template(ask: Ask[shapes.TemplateTrial, None]) -> shapes.TemplatePreview:
    body = ask.body
    given = body.text is not None or body.subject is not None
    written = Text(body.subject or "", body.text or "") if given else None
    it = await ask.services.notices.preview(
        Kind(body.kind), Channel(body.channel), body.language, written, reader=language_of(ask)
    )
    return _preview(it)


def _template(it: Template, reader: str) -> shapes.NoticeTemplate:
    shape = SHAPES[it.kind]
    fields = [
        shapes.TemplateField(
            name=name,
            means=BLANKS[name].means(reader),
            sample=BLANKS[name].sample(it.language),
            required=name in shape.required,
        )
        for name in shape.fields
    ]
    return shapes.NoticeTemplate.model_validate(
        {
            "kind": it.kind.value,
            "channel": it.channel.value,
            "language": it.language,
            "subject": it.text.subject,
            "text": it.text.text,
            "own": it.own,
            "changed_at": it.changed_at,
            "changed_by": it.changed_by,
            "fields": fields,
        }
    )


def _preview(it: Preview) -> shapes.TemplatePreview:
    problems = [shapes.TemplateProblem(pointer=one["pointer"], detail=one["detail"]) for one in it.problems]
    return shapes.TemplatePreview(
        subject=it.text.subject,
        text=it.text.text,
        coding=it.coding,
        parts=it.parts,
        units=it.units,
        problems=problems,
    )


# --- the outbox -----------------------------------------------------------------------------------------------


@routes.get("/notices", roles=DESK, summary="The outbox, the newest first")
async def list_notices(ask: Ask[None, NoticesList]) -> Page[shapes.Notice]:
    asked = ask.query
    wanted = Find(
        state=asked.state,
        channel=asked.channel,
        kind=asked.kind,
        ticket_number=asked.ticket,
        staff_id=asked.staff_id,
    )
    found, following = await ask.services.notices.find(wanted, limit=asked.limit, after=_after(asked.cursor))
    next_page = f"{following[0].isoformat()} {following[1]}" if following else None
    return Page(items=[notice(one) for one in found], next=opaque(next_page))


def _after(cursor: str) -> tuple[datetime, int] | None:
    """To the microsecond: pages meet without a gap."""
    if (given := clear(cursor)) is None:
        return None
    at, _, notice_id = given.partition(" ")
    try:
        return parse_rfc3339(at), int(notice_id)
    except ValueError:
        detail = "it is not one of ours: take `next` of the page before"
        raise Invalid([{"parameter": "cursor", "detail": detail}]) from None


@routes.get("/notices/mine", roles=PEOPLE, summary="The jobs that one has not acknowledged yet")
async def list_my_notices(ask: Ask[None, None]) -> Page[shapes.Notice]:
    return Page(items=[notice(one) for one in await ask.services.notices.mine(ask.who)])


@routes.get("/notices/{id:int}", roles=DESK, summary="One notice with its own story")
async def get_notice(ask: Ask[None, None]) -> shapes.NoticeDetail:
    return _detail(await ask.services.notices.get(ask.id))


@routes.post(
    "/notices/{id:int}/acknowledge", roles=LEADERS | {EXECUTOR, MANAGER}, summary="He has the job: the ladder ends"
)
async def acknowledge_notice(ask: Ask[shapes.Acknowledgement, None]) -> shapes.Notice:
    return notice(await ask.services.notices.acknowledge(ask.id, ask.who, how=ask.body.how))


@routes.post("/notices/{id:int}/again", roles=LEADERS, summary="Queue a failed notice once more")
async def send_notice_again(ask: Ask[None, None]) -> shapes.Notice:
    return notice(await ask.services.notices.again(ask.id, ask.who))


def notice(it: model.Notice) -> shapes.Notice:
    return shapes.Notice.model_validate(_row(it))


def _row(it: model.Notice) -> dict[str, Any]:
    return {
        "id": it.id,
        "kind": it.kind.value,
        "channel": it.channel.value,
        "state": it.state.value,
        "to": it.to.name,
        "number": it.to.number,
        "email": it.to.email,
        "role": it.to.role,
        "staff_id": it.to.staff_id,
        "language": it.to.language,
        "subject": it.subject,
        "text": shown(it.text),
        "ticket_number": it.ticket_number,
        "danger": it.danger,
        "ladder": it.ladder,
        "rung": it.rung,
        "created_at": it.created_at,
        "next_at": it.next_at,
        "expires_at": it.expires_at,
        "tries": it.tries,
        "sent_at": it.sent_at,
        "settled_at": it.settled_at,
        "problem": it.problem,
        "reasons": _reasons(it.problem),
        "receipt": it.receipt,
    }


def _reasons(problem: str) -> list[dict[str, Any]]:
    return [{"code": code, "values": dict(values)} for code, values in reasons.chain(problem)]


def _detail(it: Told) -> shapes.NoticeDetail:
    events = [
        {"at": one.at, "what": one.what, "detail": one.detail, "reasons": _reasons(one.detail), "who": one.who}
        for one in it.events
    ]
    return shapes.NoticeDetail.model_validate({**_row(it.notice), "events": events})


# --- browsers -------------------------------------------------------------------------------------------------


@routes.get("/push/key", roles=None, summary="What a browser subscribes with; public by its nature")
async def get_push_key(ask: Ask[None, None]) -> shapes.PushKey:
    return shapes.PushKey(key=(await ask.services.notices.signing_key()).public)


@routes.post("/push/subscriptions", roles=PEOPLE, summary="This browser takes one's own pushes", status=201)
async def subscribe(ask: Ask[shapes.PushSubscriptionBody, None]) -> shapes.PushSubscriptionView:
    return await _subscribe(ask, staff_id=person_of(ask), ticket_id=None)


@routes.delete("/push/subscriptions/{id:int}", roles=PEOPLE, summary="One's own browser takes no more pushes")
async def unsubscribe(ask: Ask[None, None]) -> None:
    await ask.services.notices.unsubscribe(ask.id, ask.who)


@routes.post(
    "/public/tickets/{token}/push", roles=None, summary="A resident's browser takes the news of his ticket", status=201
)
async def subscribe_resident(ask: Ask[shapes.PushSubscriptionBody, None]) -> shapes.PushSubscriptionView:
    found = await ask.services.links.view(ask.path["token"], ask.request.remote or "")
    return await _subscribe(ask, staff_id=None, ticket_id=found.ticket.id)


@routes.post(
    "/public/tickets/{token}/push/end", roles=None, summary="A resident's browser takes no more news of his ticket"
)
async def unsubscribe_resident(ask: Ask[shapes.PushEnd, None]) -> None:
    found = await ask.services.links.view(ask.path["token"], ask.request.remote or "")
    await ask.services.notices.unsubscribe_resident(ask.body.endpoint, found.ticket.id)


async def _subscribe(
    ask: Ask[shapes.PushSubscriptionBody, None], *, staff_id: int | None, ticket_id: int | None
) -> shapes.PushSubscriptionView:
    body = ask.body
    subscription_id = await ask.services.notices.subscribe(
        body.endpoint,
        body.keys.p256dh,
        body.keys.auth,
        language=body.language,
        staff_id=staff_id,
        ticket_id=ticket_id,
    )
    return shapes.PushSubscriptionView(id=subscription_id)
