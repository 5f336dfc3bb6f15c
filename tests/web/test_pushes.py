"""Pushes in a browser: the worker shows one, its button acknowledges the job; the page acknowledges it too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import expect
from sqlalchemy import update

from callengine.notices.model import Kind
from callengine.store import notices as rows
from callengine.store.tables import staff
from tests.notices.office import until
from tests.web.conftest import Served
from tests.web.test_axe import look
from tests.web.test_executor import at_work, given
from tests.web.test_tell_me import KEEP, KEPT

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def job(served: Served) -> Any:
    """A ticket of Fomin's whose ladder climbs: the first rung of it."""
    store, notices = served.services.store, served.services.services.notices
    for fact, react in notices.reactions.within.items():
        store.within.setdefault(fact, []).append(react)
    async with store.begin() as tx:
        await tx.conn.execute(update(staff).where(staff.c.login == "fomin").values(phone="+79070000042"))
    number = await given(served)
    found, _ = await notices.find(rows.Find(ticket_number=number, kind=Kind.JOB), limit=10, after=None)
    return min(found, key=lambda one: one.rung)


async def state(served: Served, notice_id: int) -> str:
    return (await served.services.services.notices.get(notice_id)).notice.state.value


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_an_executor_says_on_his_page_that_he_has_the_job(served: Served, language: str) -> None:
    one = await job(served)
    page = await at_work(served)
    if language == "en":
        await page.get_by_role("button", name="English").click()
    took = page.get_by_role("button", name="Принял" if language == "ru" else "I have it", exact=True)
    await expect(took).to_be_visible()
    assert await look(page, "a job to acknowledge") == []
    await took.click()
    await expect(took).to_have_count(0)
    assert await state(served, one.id) == "acknowledged"
    await expect(page.locator(".job")).to_have_count(1)  # the job itself stays


async def test_the_button_of_a_push_acknowledges_the_job(served: Served) -> None:
    one = await job(served)
    page = await at_work(served)
    await page.evaluate("navigator.serviceWorker.register('/push-worker.js').then(() => navigator.serviceWorker.ready)")
    origin = await page.evaluate("location.origin")
    await page.context.grant_permissions(["notifications"], origin=origin)
    devtools = await page.context.new_cdp_session(page)
    registered: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: registered.extend(known["registrationId"] for known in told["registrations"]),
    )
    await devtools.send("ServiceWorker.enable")
    await until(lambda: registered)
    payload = {"id": one.id, "kind": "job", "title": one.subject, "body": one.text, "ticket": one.ticket_number}
    told = {"origin": origin, "registrationId": registered[-1]}
    worker = page.context.service_workers[0]
    await worker.evaluate(KEEP)
    data = json.dumps({**payload, "acknowledge": True, "language": "ru"})
    await devtools.send("ServiceWorker.deliverPushMessage", {**told, "data": data})
    shown = """navigator.serviceWorker.ready.then((w) => w.getNotifications())
        .then((all) => all.map((n) => [n.title, n.body, n.tag, n.actions.map((a) => a.title).join()]))"""
    assert await worker.evaluate(KEPT) == [one.subject, one.text]
    assert await page.evaluate(shown) == [[one.subject, one.text, f"job:{one.ticket_number}", "Принял"]]
    # Nobody can press a notification of a browser without a screen: its event is sent as the browser would.
    press = """(action) => self.registration.getNotifications().then(([notification]) => {
        const event = new NotificationEvent("notificationclick", { notification, action });
        self.dispatchEvent(event);
    })"""
    await worker.evaluate(press, "acknowledge")

    async def acknowledged() -> bool:
        return await state(served, one.id) == "acknowledged"

    await until(acknowledged)
