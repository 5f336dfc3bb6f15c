"""Who answers when the desk calls an organisation: on the board of all, and on a manager's page of his own alone."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect
from sqlalchemy import update

from callengine.calls.model import Outcome
from callengine.store.tables import organisations
from tests.api.test_reach import called
from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")
OURS, OTHER = "+79075550001", "+79075550002"


async def rung(served: Served) -> str:
    """«Заречье» was called three times and answered once, another organisation three times and never: its name."""
    its = served.services
    known = (await its.ask("GET", "/organisations"))["items"]
    ours = next(one["id"] for one in known if one["name"] == "УК «Заречье»")
    other = next(one for one in known if one["id"] != ours)
    async with its.store.begin() as tx:
        await tx.conn.execute(update(organisations).values(phone=""))
        for id, phone in ((ours, OURS), (other["id"], OTHER)):
            await tx.conn.execute(update(organisations).where(organisations.c.id == id).values(phone=phone))
    for n, (number, how) in enumerate(
        [(OURS, Outcome.NO_ANSWER), (OURS, Outcome.ANSWERED), (OURS, Outcome.BUSY), (OTHER, Outcome.NO_ANSWER),
         (OTHER, Outcome.BUSY), (OTHER, Outcome.NO_ANSWER)]
    ):  # fmt: skip
        await called(its, number, how, n)
    its.clock.advance(seconds=60)
    return str(other["name"])


def lines(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title).get_by_role("listitem")


async def test_a_supervisor_reads_who_does_not_answer_first(served: Served) -> None:
    other = await rung(served)
    await served.sign_in("orlova")
    page = await served.open("/callbacks")
    found = lines(page, "Дозвон до организаций")
    await expect(found).to_have_count(2)
    await expect(found.first).to_contain_text(f"{other}Дозвонились 0 из 3")
    await expect(found.first).to_contain_text("ни разу не ответили")
    await expect(found.last).to_contain_text("УК «Заречье»Дозвонились 1 из 3")
    await expect(found.last).to_contain_text("+7 907 555-00-01")
    await expect(found.last).not_to_contain_text("ни разу")


async def test_a_manager_reads_of_his_own_alone(served: Served) -> None:
    await rung(served)
    await served.page.set_viewport_size({"width": 1280, "height": 900})
    await served.page.add_init_script("localStorage.setItem('callengine.language', 'en')")
    await served.sign_in("lavrov")
    page = await served.open("/organisation")
    found = lines(page, "How we reach you")
    await expect(found).to_have_count(1)
    await expect(found).to_contain_text("Reached 1 of 3")
    assert await look(page, "a manager's page") == []
