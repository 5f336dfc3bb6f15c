"""Contracts, the misroutes that correct them, the working calendar, and the rules by which terms are set."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote

from pydantic import Field

from callengine.access.model import DESK, LEADERS
from callengine.api import render, schemas
from callengine.api.core import Ask, Routes, clear, opaque
from callengine.api.language import language_of
from callengine.api.queries import Listed, Query, Words
from callengine.api.schemas import Id, Moment, Page
from callengine.errors import Refused
from callengine.store.contracts import Kept, Wanted
from callengine.tickets import calendar_service, misroutes, rulepacks
from callengine.tickets.calendar import term_in_words
from callengine.tickets.contracts import ContractForm, Saved

routes = Routes("contracts")


class ContractsList(Listed):
    """`removed` lists those that were taken away."""

    q: Words = ""
    organisation_id: Id | None = None
    house_id: Id | None = None
    kind: Words = ""
    branch: Words = ""
    valid_at: Moment | None = None
    removed: bool = False


class DeclinesMatrix(Query):
    lang: Literal["ru", "en"] | None = None
    by: Literal["house", "street", "district"] = "house"
    days: Annotated[int, Field(ge=1, le=1100)] = misroutes.DAYS
    limit: Annotated[int, Field(ge=1, le=misroutes.MOST_CELLS)] = 100


class WhichYear(Query):
    year: Annotated[int | None, Field(ge=2000, le=2100)] = None
    lang: Literal["ru", "en"] | None = None


class InLanguage(Query):
    lang: Literal["ru", "en"] | None = None


# --- contracts --------------------------------------------------------------------------------------------------


@routes.get("/contracts", roles=LEADERS, summary="Contracts by their codes")
async def list_contracts(ask: Ask[None, ContractsList]) -> Page[schemas.ContractRow]:
    asked = ask.query
    wanted = Wanted(
        q=asked.q,
        organisation_id=asked.organisation_id,
        house_id=asked.house_id,
        kind=asked.kind,
        branch=asked.branch,
        valid_at=asked.valid_at,
        removed=asked.removed,
    )
    after = unquote(clear(asked.cursor) or "")
    found, following = await ask.services.contracts.find(wanted, limit=asked.limit, after=after)
    return Page(items=[_row(one) for one in found], next=opaque(quote(following)) if following else None)


@routes.post("/contracts", roles=LEADERS, summary="A new contract; warnings say what is odd about it", status=201)
async def create_contract(ask: Ask[schemas.ContractBody, None]) -> schemas.Contract:
    return await _saved(ask, await ask.services.contracts.create(_form(ask.body), ask.who, language_of(ask)))


@routes.get("/contracts/{id:int}", roles=LEADERS, summary="One contract with its houses")
async def get_contract(ask: Ask[None, None]) -> schemas.Contract:
    return await _saved(ask, Saved(await ask.services.contracts.get(ask.id)))


@routes.put("/contracts/{id:int}", roles=LEADERS, summary="Write a contract anew; one taken away comes back")
async def change_contract(ask: Ask[schemas.ContractBody, None]) -> schemas.Contract:
    return await _saved(ask, await ask.services.contracts.change(ask.id, _form(ask.body), ask.who, language_of(ask)))


@routes.delete("/contracts/{id:int}", roles=LEADERS, summary="Take a contract away; it routes nothing any more")
async def remove_contract(ask: Ask[None, None]) -> None:
    await ask.services.contracts.remove(ask.id, ask.who)


@routes.post("/contracts/{id:int}/restore", roles=LEADERS, summary="Take the removal of a contract back")
async def restore_contract(ask: Ask[None, None]) -> schemas.Contract:
    return await _saved(ask, Saved(await ask.services.contracts.restore(ask.id, ask.who)))


def _form(body: schemas.ContractBody) -> ContractForm:
    return ContractForm(
        code=body.code,
        organisation_id=body.organisation_id,
        kind=body.kind,
        branch=body.branch,
        house_ids=tuple(dict.fromkeys(body.house_ids)),
        everywhere=body.everywhere,
        priority=body.priority,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
        duty_hours=body.duty_hours,
        note=body.note,
    )


async def _saved(ask: Ask[Any, None], it: Saved) -> schemas.Contract:
    named = await ask.services.contracts.houses(it.kept)
    row = _row(it.kept).model_dump()
    return schemas.Contract(**row, houses=[render.house(one) for one in named], warnings=list(it.warnings))


def _row(it: Kept) -> schemas.ContractRow:
    contract = it.contract
    return schemas.ContractRow(
        id=contract.id,
        code=contract.code,
        organisation=render.organisation(contract.organisation),
        kind=contract.kind,
        branch=contract.branch,
        everywhere=contract.everywhere,
        house_count=it.house_count,
        priority=contract.priority,
        valid_from=contract.valid_from,
        valid_until=contract.valid_until,
        duty_hours=contract.duty_hours,
        note=it.note,
        author=it.author,
        changed_at=it.changed_at,
        removed_at=it.removed_at,
    )


# --- misroutes ----------------------------------------------------------------------------------------------------


@routes.get("/routing/declines", roles=LEADERS, summary="Declines by matter and address, with what would end them")
async def list_declines(ask: Ask[None, DeclinesMatrix]) -> Page[schemas.Misroute]:
    asked = ask.query
    language = language_of(ask)
    cells = await ask.services.misroutes.matrix(asked.by, days=asked.days, limit=asked.limit, language=language)
    return Page(items=[_cell(one, language) for one in cells])


@routes.post("/routing/suggestions", roles=LEADERS, summary="What a suggested contract would change; make it")
async def suggest(ask: Ask[schemas.SuggestionAsk, None]) -> schemas.Suggestion:
    body, service = ask.body, ask.services.misroutes
    place = misroutes.Place(body.by, "", body.house_id, body.street, body.district)
    language = language_of(ask)
    effect = await service.effect(body.classifier, body.by, place, days=body.days, language=language)
    if not body.apply:
        return _suggestion(effect, None)
    if body.organisation_id is None:
        raise Refused("name the organisation that was suggested", pointer="/organisation_id")
    made = await service.accept(
        body.classifier,
        body.by,
        place,
        ask.who,
        days=body.days,
        organisation_id=body.organisation_id,
        language=language,
    )
    return _suggestion(effect, await _saved(ask, made))


def _cell(it: misroutes.Cell, language: str) -> schemas.Misroute:
    suggestion = it.suggestion
    return schemas.Misroute(
        classifier=it.entry.code,
        problem=it.entry.problem(language),
        place=_place(it.place),
        count=it.count,
        declined_by=[_share(one) for one in it.declined_by],
        accepted_by=[_share(one) for one in it.accepted_by],
        last_at=it.last_at,
        houses=len(it.house_ids),
        suggested=render.organisation(suggestion.organisation) if suggestion else None,
        suggestion=suggestion.words if suggestion else it.why_none,
        contract_id=it.contract_id,
    )


def _place(it: misroutes.Place) -> schemas.MisroutePlace:
    found = {"by": it.by, "label": it.label, "house_id": it.house_id, "street": it.street, "district": it.district}
    return schemas.MisroutePlace.model_validate(found)


def _share(it: misroutes.Share) -> schemas.Share:
    return schemas.Share(organisation=render.organisation(it.organisation), count=it.count)


def _suggestion(it: misroutes.Effect, made: schemas.Contract | None) -> schemas.Suggestion:
    form, suggestion = it.form, it.cell.suggestion
    if suggestion is None:  # an effect is of a suggestion
        raise Refused(it.cell.why_none)
    return schemas.Suggestion(
        words=it.words,
        organisation=render.organisation(suggestion.organisation),
        code=form.code,
        kind=form.kind,
        branch=form.branch,
        priority=form.priority,
        houses=len(form.house_ids),
        note=form.note,
        changes=[_change(one) for one in it.changes],
        more_houses=it.more_houses,
        waiting=it.waiting,
        reasons=list(it.reasons),
        warnings=list(it.warnings),
        contract=made,
    )


def _change(it: misroutes.Change) -> schemas.SuggestionChange:
    return schemas.SuggestionChange(
        house=render.house(it.house),
        before=render.organisation(it.before) if it.before else None,
        before_reason=it.before_reason,
        after=render.organisation(it.after) if it.after else None,
        after_reason=it.after_reason,
        changes=it.changes,
    )


# --- the calendar ---------------------------------------------------------------------------------------------------


@routes.get("/calendar", roles=DESK, summary="The special days of a year, and the service's own exceptions")
async def get_calendar(ask: Ask[None, WhichYear]) -> schemas.CalendarYear:
    it = await ask.services.calendar.year(ask.query.year, language_of(ask))
    return schemas.CalendarYear(
        year=it.year,
        country=it.country,
        moves_known=it.moves_known,
        opens=it.opens,
        closes=it.closes,
        days=[_day(one) for one in it.days],
    )


@routes.put("/calendar/{day}", roles=LEADERS, summary="Make a day work or rest, whatever the country says")
async def put_day(ask: Ask[schemas.CalendarDayBody, None]) -> schemas.CalendarDay:
    return _day(await ask.services.calendar.put(_date(ask), ask.body.working, ask.body.name, ask.who))


@routes.delete("/calendar/{day}", roles=LEADERS, summary="The country's own word on a day again")
async def drop_day(ask: Ask[None, None]) -> None:
    await ask.services.calendar.drop(_date(ask))


def _date(ask: Ask[Any, None]) -> date:
    try:
        return date.fromisoformat(str(ask.path["day"]))
    except ValueError:
        raise Refused("a day such as 2026-12-31", pointer="/day") from None


def _day(it: calendar_service.Day) -> schemas.CalendarDay:
    author = it.local.author if it.local else ""
    return schemas.CalendarDay(day=it.day, working=it.working, name=it.name, local=it.local is not None, author=author)


# --- the rules --------------------------------------------------------------------------------------------------------


@routes.get("/rules", roles=DESK, summary="The rule packs in words; one of them sets the terms here")
async def list_rules(ask: Ask[None, InLanguage]) -> Page[schemas.RulePack]:
    own, language = ask.services.book.pack, language_of(ask)
    packs = {pack.id: pack for pack in (*rulepacks.shipped(), own) if pack.id}
    first = sorted(packs.values(), key=lambda pack: (pack.id != own.id, pack.id))
    return Page(items=[_pack(pack, pack.id == own.id, language) for pack in first])


def _pack(it: rulepacks.Pack, active: bool, language: str) -> schemas.RulePack:
    ru = language == "ru"
    return schemas.RulePack(
        id=it.id,
        active=active,
        title=it.title_ru if ru else it.title_en,
        source=it.source_ru if ru else it.source_en,
        countries=list(it.countries),
        valid_from=it.valid_from,
        valid_until=it.valid_until,
        read_on=it.read_on,
        work=f"{it.opens:%H:%M}-{it.closes:%H:%M}",
        rules=[_rule(it, rule, language) for rule in it.rules],
        duties=[_duty(duty, language) for duty in it.duties],
        questions=[render.script_question(question, language) for question in it.questions],
    )


def _rule(pack: rulepacks.Pack, it: rulepacks.Rule, language: str) -> schemas.RuleView:
    monthly = term_in_words(it.monthly_minutes, "24x7", language) if it.monthly_minutes else ""
    return schemas.RuleView.model_validate(
        {
            "id": it.id,
            "clock": it.clock,
            "limit": term_in_words(it.minutes, it.window, language),
            "start": it.start,
            "window": it.window,
            "words": it.words(language),
            "source": it.source(language),
            "branches": list(it.branches),
            "urgencies": [one.label(language) for one in it.urgencies],
            "when": [rulepacks.in_words(pack, name, bound, language) for name, bound in it.when],
            "default": it.default,
            "monthly": monthly,
            "valid_from": it.valid_from,
            "valid_until": it.valid_until,
        }
    )


def _duty(it: rulepacks.Duty, language: str) -> schemas.DutyView:
    ru = language == "ru"
    return schemas.DutyView(
        words=it.words_ru if ru else it.words_en,
        limit=it.limit,
        source=it.source_ru if ru else it.source_en,
        verified=it.verified,
    )
