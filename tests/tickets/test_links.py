"""Residents' links over both databases: what they show, what they hide, when they end, and what comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from callengine import config
from callengine.clock import ManualClock
from callengine.errors import Forbidden, NotFound, Refused, TooMany
from callengine.store import ticket_files as file_rows
from callengine.store import tickets as ticket_rows
from callengine.store.database import Store
from callengine.store.tables import ticket_history, ticket_links, tickets
from callengine.tickets.links import Feedback, Link, LinksService
from callengine.tickets.model import Ticket
from tests.tickets.test_files import EXECUTOR, MANAGER, NUMBER, OPERATOR, SECOND, second, ticket

__all__ = ["second", "ticket"]
PLACE = "10.0.0.7"


class Marks:
    """The engine's own move, remembered."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.given: list[tuple[str, Feedback, str]] = []

    async def __call__(self, number: str, given: Feedback, key: str) -> Ticket:
        self.given.append((number, given, key))
        async with self.store.read() as conn:
            found = await ticket_rows.get(conn, number)
        assert found
        return found


@pytest.fixture
def marks(store: Store) -> Marks:
    return Marks(store)


@pytest.fixture
def service(store: Store, clock: ManualClock, tmp_path: Path, marks: Marks, ticket: int) -> LinksService:
    return LinksService(store, clock, config.Files(dir=tmp_path, link_days=10), marks)


@pytest.fixture
async def link(service: LinksService) -> Link:
    return await service.create(NUMBER, OPERATOR)


async def awaits_the_client(store: Store) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(tickets.update().values(status="awaiting_client"))


async def test_only_the_hash_of_a_link_is_kept(link: Link, store: Store) -> None:
    async with store.read() as conn:
        row = (await conn.execute(select(ticket_links))).one()
    assert len(row.token_hash) == 32
    assert link.token.encode() not in bytes(row.token_hash)
    assert len(link.token) >= 32


async def test_a_link_shows_the_ticket_without_what_is_internal(
    service: LinksService, link: Link, store: Store, clock: ManualClock, ticket: int
) -> None:
    event = {"ticket_id": ticket, "at": clock.now(), "what": "comment", "author": "Крылова", "data": {}}
    files = {"ticket_id": ticket, "kind": "photo", "path": "p", "media_type": "image/jpeg", "bytes": 1, "sha256": ""}
    files |= {"author": "Акимов", "created_at": clock.now()}
    async with store.begin() as tx:
        await tx.conn.execute(insert(ticket_history).values(**event, reason="второй раз за год", public=False))
        await tx.conn.execute(insert(ticket_history).values(**event, reason="проверьте под мойкой", public=True))
        await file_rows.add(tx, **files, name="смета.jpg", public=False)
        shown = await file_rows.add(tx, **files, name="после.jpg", public=True)
        hidden = shown - 1 if shown else 0
    view = await service.view(link.token, PLACE)
    assert [one.reason for one in view.ticket.history] == ["проверьте под мойкой"]
    assert [file.name for file in view.files] == ["после.jpg"]
    assert (await service.file(link.token, shown or 0, PLACE)).name == "после.jpg"
    with pytest.raises(NotFound):
        await service.file(link.token, hidden, PLACE)


async def test_the_desk_alone_gives_links(service: LinksService) -> None:
    for who in (MANAGER, EXECUTOR):
        with pytest.raises(Forbidden):
            await service.create(NUMBER, who)
    with pytest.raises(NotFound):
        await service.create("26-999999", OPERATOR)


async def test_a_link_ends_with_its_time(service: LinksService, link: Link, clock: ManualClock) -> None:
    clock.advance(seconds=10 * 86_400 + 1)
    with pytest.raises(NotFound, match="ask the dispatch service"):
        await service.view(link.token, PLACE)


async def test_all_links_of_a_ticket_can_be_ended(service: LinksService, link: Link) -> None:
    other = await service.create(NUMBER, OPERATOR)
    assert await service.revoke(NUMBER, OPERATOR) == 2
    assert await service.revoke(NUMBER, OPERATOR) == 0
    for token in (link.token, other.token):
        with pytest.raises(NotFound):
            await service.view(token, PLACE)


async def test_ending_the_links_of_a_ticket_leaves_another_s(service: LinksService, link: Link, second: int) -> None:
    other = await service.create(SECOND, OPERATOR)
    assert await service.revoke(NUMBER, OPERATOR) == 1
    with pytest.raises(NotFound):
        await service.view(link.token, PLACE)
    assert (await service.view(other.token, PLACE)).ticket.number == SECOND


async def test_a_link_shows_no_file_of_another_ticket(
    service: LinksService, link: Link, store: Store, clock: ManualClock, ticket: int, second: int
) -> None:
    files = {"kind": "photo", "path": "p", "media_type": "image/jpeg", "bytes": 1, "sha256": "", "author": "Акимов"}
    async with store.begin() as tx:
        for ticket_id, name in ((ticket, "своё.jpg"), (second, "чужое.jpg")):
            row = files | {"ticket_id": ticket_id, "name": name, "public": True, "created_at": clock.now()}
            other = await file_rows.add(tx, **row)
    assert [file.name for file in (await service.view(link.token, PLACE)).files] == ["своё.jpg"]
    with pytest.raises(NotFound):
        await service.file(link.token, other or 0, PLACE)


async def test_views_are_counted(service: LinksService, link: Link, store: Store) -> None:
    await service.view(link.token, PLACE)
    await service.view(link.token, PLACE)
    async with store.read() as conn:
        assert (await conn.execute(select(ticket_links.c.views))).scalar_one() == 2


async def test_a_guesser_must_wait_and_does_not_hold_up_others(service: LinksService, link: Link) -> None:
    for guess in range(30):
        with pytest.raises(NotFound):
            await service.view(f"guess-{guess}", PLACE)
    with pytest.raises(TooMany):
        await service.view("guess-31", PLACE)
    assert (await service.view(link.token, "10.0.0.8")).ticket.number == NUMBER


async def test_a_mark_is_the_engines_move_with_one_key_a_round(
    service: LinksService, link: Link, store: Store, marks: Marks
) -> None:
    await awaits_the_client(store)
    assert (await service.view(link.token, PLACE)).may_mark
    await service.feedback(link.token, Feedback(5, text="  спасибо  "), PLACE)
    await service.feedback(link.token, Feedback(1), PLACE)  # the fake moved nothing: the same round, the same key
    (number, given, key), (_, _, again) = marks.given
    assert (number, given.mark, given.text) == (NUMBER, 5, "спасибо")
    assert key == again


@pytest.mark.parametrize("given", [Feedback(), Feedback(0), Feedback(6), Feedback(text="плохо")])
async def test_a_mark_that_is_none_is_refused(
    service: LinksService, link: Link, store: Store, marks: Marks, given: Feedback
) -> None:
    await awaits_the_client(store)
    with pytest.raises(Refused):
        await service.feedback(link.token, given, PLACE)
    assert marks.given == []


async def test_nobody_marks_a_job_that_is_not_done(service: LinksService, link: Link, marks: Marks) -> None:
    with pytest.raises(Refused, match="not yet done"):
        await service.feedback(link.token, Feedback(5), PLACE)
    assert marks.given == []


async def test_a_word_of_the_resident_is_for_all_to_read_but_not_without_end(
    service: LinksService, link: Link, clock: ManualClock
) -> None:
    view = await service.comment(link.token, " Дома после 18 ч ", PLACE)
    (event,) = view.ticket.history
    assert (event.what, event.reason, event.role, event.public) == ("comment", "Дома после 18 ч", "resident", True)
    with pytest.raises(Refused):
        await service.comment(link.token, "  ", PLACE)
    for word in range(19):
        await service.comment(link.token, str(word), PLACE)
    with pytest.raises(TooMany):
        await service.comment(link.token, "ещё", PLACE)
