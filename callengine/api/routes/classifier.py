"""The classifier as its administrator keeps it: the tree, entries, import with a diff, versions, overrides."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from callengine.access.model import ADMINISTRATOR, DESK, LEADERS, MANAGER, SUPERVISOR
from callengine.api import classifier_shapes as shapes
from callengine.api import uploads
from callengine.api.core import Ask, Routes, clear, opaque
from callengine.api.queries import Listed, Query, Words
from callengine.api.schemas import Moment, Page
from callengine.errors import NotFound, Refused
from callengine.tickets.classifier import parent_of
from callengine.tickets.classifier_csv import MOST_BYTES
from callengine.tickets.model import Group

routes = Routes("classifier")
READERS = DESK | {MANAGER}
ADMINISTRATORS = frozenset({ADMINISTRATOR})


class AsItStood(Query):
    """`at` asks for the entry as it stood at a moment."""

    at: Moment | None = None


class ClassifierImport(Query):
    """`missing` says what becomes of entries that the file lacks; `fingerprint` is that of the preview."""

    apply: bool = False
    fingerprint: Annotated[str, Field(max_length=200, pattern=r"^[0-9a-f.]*$")] = ""
    missing: Literal["retire", "keep"] = "retire"
    valid_from: Moment | None = None
    note: Words = ""


@routes.get("/classifier/tree", roles=READERS, summary="Groups and entries, the retired ones too, with open tickets")
async def get_tree(ask: Ask[None, None]) -> shapes.ClassifierTree:
    return shapes.tree(await ask.services.classifier.tree())


@routes.get("/classifier/entries/{code}", roles=READERS, summary="One entry, now or as it stood at a moment")
async def get_entry(ask: Ask[None, AsItStood]) -> shapes.ClassifierCard:
    return shapes.card(await ask.services.classifier.entry(ask.path["code"], ask.query.at))


@routes.put("/classifier/entries/{code}", roles=LEADERS, summary="Write an entry; a supervisor, its standard answers")
async def put_entry(ask: Ask[shapes.ClassifierForm, None]) -> shapes.ClassifierPlan:
    form, service = ask.body, ask.services.classifier
    above = (await service.tree()).state.groups.get(form.parent or parent_of(ask.path["code"]))
    category = above.name_ru if above else form.parent or ask.path["code"]
    plan = await service.save_entry(
        shapes.entry_of(ask.path["code"], form, category),
        ask.who,
        revision=form.revision,
        note=form.note,
        valid_from=form.valid_from,
        answers_only=ask.who.role == SUPERVISOR,
    )
    return shapes.plan(plan)


@routes.put("/classifier/groups/{code}", roles=ADMINISTRATORS, summary="Write a group, new or known")
async def put_group(ask: Ask[shapes.ClassifierGroupForm, None]) -> shapes.ClassifierPlan:
    form = ask.body
    group = Group(ask.path["code"], form.name_ru, form.name_en, form.parent, form.position)
    return shapes.plan(await ask.services.classifier.save_group(group, ask.who))


@routes.delete("/classifier/groups/{code}", roles=ADMINISTRATORS, summary="Remove an empty group")
async def delete_group(ask: Ask[None, None]) -> shapes.ClassifierPlan:
    return shapes.plan(await ask.services.classifier.drop_group(ask.path["code"], ask.who))


# --- as a file ------------------------------------------------------------------------------------------------


@routes.get("/classifier.csv", roles=READERS, summary="The whole classifier for a spreadsheet", media="text/csv")
async def export_classifier(ask: Ask[None, None]) -> web.Response:
    text = await ask.services.classifier.export()
    headers = {"Content-Disposition": 'attachment; filename="classifier.csv"'}
    return web.Response(body=text.encode(), content_type="text/csv", charset="utf-8", headers=headers)


@routes.post(
    "/classifier/imports",
    roles=ADMINISTRATORS,
    summary="What a CSV changes; with apply and the fingerprint, change it",
    takes="text/csv",
)
async def import_classifier(ask: Ask[None, ClassifierImport]) -> shapes.ClassifierPlan:
    """Rows with mistakes are left out, each with its reason. 409 when the classifier changed since the preview."""
    asked, service = ask.query, ask.services.classifier
    data = b"".join([piece async for piece in uploads.csv_of(ask, MOST_BYTES, "a classifier")])
    retire = asked.missing == "retire"
    if not asked.apply:
        return shapes.plan(await service.preview(data, retire_missing=retire))
    if not asked.fingerprint:
        raise Refused("look at the differences first, and send their fingerprint")
    plan = await service.apply(
        data,
        ask.who,
        fingerprint=asked.fingerprint,
        retire_missing=retire,
        valid_from=asked.valid_from,
        note=asked.note,
    )
    return shapes.plan(plan)


# --- versions -------------------------------------------------------------------------------------------------


@routes.get("/classifier/versions", roles=READERS, summary="Changes of the classifier, the newest first")
async def list_versions(ask: Ask[None, Listed]) -> Page[shapes.VersionRow]:
    cursor = clear(ask.query.cursor)
    before = int(cursor) if cursor and cursor.isdigit() else None
    found = await ask.services.classifier.versions(limit=ask.query.limit + 1, before=before)
    page = found[: ask.query.limit]
    following = str(page[-1][0].id) if len(found) > ask.query.limit else None
    return Page(items=[shapes.version_row(one, count) for one, count in page], next=opaque(following))


@routes.get("/classifier/versions/{id:int}", roles=READERS, summary="One version, field by field")
async def get_version(ask: Ask[None, None]) -> shapes.ClassifierVersion:
    return shapes.version(await ask.services.classifier.version(ask.id))


@routes.post("/classifier/versions/{id:int}/undo", roles=ADMINISTRATORS, summary="Take a version back, by a new one")
async def undo_version(ask: Ask[None, None]) -> shapes.ClassifierVersion:
    """409 names the later versions as long as an entry of it stands otherwise by now."""
    return shapes.version(await ask.services.classifier.undo(ask.id, ask.who))


# --- terms of organisations -----------------------------------------------------------------------------------


@routes.get("/organisations/{id:int}/overrides", roles=READERS, summary="Terms that an organisation has of its own")
async def list_overrides(ask: Ask[None, None]) -> Page[shapes.OrganisationOverride]:
    if ask.who.role == MANAGER and ask.who.organisation_id != ask.id:
        raise NotFound()
    return Page(items=[shapes.override(one) for one in await ask.services.classifier.overrides(ask.id)])


@routes.put("/organisations/{id:int}/overrides/{branch}", roles=ADMINISTRATORS, summary="Write them for a branch")
async def put_override(ask: Ask[shapes.OverrideForm, None]) -> shapes.OrganisationOverride:
    """The branch "*" is all."""
    wanted = shapes.override_of(ask.id, ask.path["branch"], ask.body)
    return shapes.override(await ask.services.classifier.save_override(wanted, ask.who))


@routes.delete("/organisations/{id:int}/overrides/{branch}", roles=ADMINISTRATORS, summary="Back to the classifier's")
async def delete_override(ask: Ask[None, None]) -> None:
    branch = ask.path["branch"]
    await ask.services.classifier.drop_override(ask.id, "" if branch == "*" else branch, ask.who)
