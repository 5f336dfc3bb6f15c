"""«Сообщать мне здесь»: pushes to a resident, at the desk and on the executor's telephone, in each state of a browser.

A push service is far away and no browser without it subscribes: PushManager alone is a stand-in, its endpoint our own
service on loopback. Permissions, the worker, the notification and its click are Chromium's.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Worker, expect
from sqlalchemy import select

from callengine.notices.channels.push import Push
from callengine.notices.model import Message, Sent, Subscription
from callengine.store.tables import push_subscriptions
from tests.notices.office import until
from tests.notices.servers import Browser, HttpServer, claims
from tests.web.conftest import Served
from tests.web.test_executor import at_work
from tests.web.test_resident import given, opened

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Kept over a reload as a browser keeps it, one for each worker.
STAND_IN = """(given) => {
    const name = (manager) => 'push of ' + (manager.of ?? '');
    const whole = (manager, kept) => ({
        ...kept, toJSON: () => kept,
        unsubscribe: async () => { localStorage.removeItem(name(manager)); return true; },
    });
    const register = ServiceWorkerContainer.prototype.register;
    const find = ServiceWorkerContainer.prototype.getRegistration;
    const named = (made) => { if (made) made.pushManager.of = new URL(made.scope).pathname; return made; };
    const all = ServiceWorkerContainer.prototype;
    all.register = async function (...a) { return named(await register.apply(this, a)); };
    all.getRegistration = async function (...a) { return named(await find.apply(this, a)); };
    PushManager.prototype.getSubscription = async function () {
        const kept = localStorage.getItem(name(this));
        return kept ? whole(this, JSON.parse(kept)) : null;
    };
    PushManager.prototype.subscribe = async function (how) {
        if (window.pushRefused) throw new DOMException('no push service', 'AbortError');
        window.pushKey = how.applicationServerKey;
        localStorage.setItem(name(this), JSON.stringify(given));
        return whole(this, given);
    };
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def far() -> AsyncIterator[HttpServer]:
    """A push service."""
    server = HttpServer(status=201, answer="")
    await server.start()
    yield server
    await server.stop()


async def subscriber(served: Served, far: HttpServer, *, granted: bool = True) -> Browser:
    """The keys of the browser that this page is, and its leave."""
    browser, notices = Browser(), served.services.services.notices
    notices.settings = notices.settings.model_copy(update={"push_hosts": ["127.0.0.1"]})
    kept = browser.subscription(f"http://127.0.0.1:{far.port}/send/1")
    await served.page.add_init_script(f"({STAND_IN})({json.dumps(kept)})")
    if granted:
        await served.page.context.grant_permissions(["notifications"], origin=served.base)
    return browser


async def subscriptions(served: Served) -> list[Subscription]:
    async with served.services.store.read() as conn:
        rows = (await conn.execute(select(push_subscriptions))).mappings().all()
    names = ("id", "endpoint", "p256dh", "auth", "language", "staff_id", "ticket_id")
    return [Subscription(**{name: row[name] for name in names}) for row in rows]


async def sent(served: Served, far: HttpServer, browser: Browser, **about: Any) -> dict[str, Any]:
    """A notice goes to the push service, signed by the engine and sealed for this browser; gives what it reads."""
    notices = served.services.services.notices
    channel = Push(notices.settings, served.services.services.clock, await notices.signing_key())
    to = tuple(await subscriptions(served))
    message = Message(id=5, key="1", kind="done", subject="Работа выполнена", text="Проверьте", **about)
    assert isinstance(await channel.send(replace(message, subscriptions=to)), Sent)
    await channel.close()
    asked = far.asked[-1]
    assert claims(asked)["aud"] == f"http://127.0.0.1:{far.port}"
    assert b"\xd0\x9f" not in asked["body"]
    read: dict[str, Any] = browser.read(asked)  # checks the signature too
    return read


async def delivered(page: Page, scope: str, told: dict[str, Any]) -> None:
    """As the push service's message arrives at the worker of a scope."""
    devtools = await page.context.new_cdp_session(page)
    known: dict[str, str] = {}

    def keep(message: dict[str, Any]) -> None:
        known.update({one["scopeURL"]: one["registrationId"] for one in message["registrations"]})

    devtools.on("ServiceWorker.workerRegistrationUpdated", keep)
    await devtools.send("ServiceWorker.enable")
    await until(lambda: any(url.endswith(scope) for url in known))
    number = next(number for url, number in known.items() if url.endswith(scope))
    origin = await page.evaluate("location.origin")
    data = {"origin": origin, "registrationId": number, "data": json.dumps(told)}
    await devtools.send("ServiceWorker.deliverPushMessage", data)


SHOWN = """async (scope) => {
    const worker = await navigator.serviceWorker.getRegistration(scope);
    return (await worker.getNotifications()).map((n) => [n.title, n.body]);
}"""
# The worker itself keeps what it showed. A page that asks over and over while it is being shown can lose it: Chromium
# drops from its list what is written there and not yet on the screen.
KEEP = """() => {
    const show = self.registration.showNotification.bind(self.registration);
    self.registration.showNotification = async (...told) => {
        await show(...told);
        [self.shown] = await self.registration.getNotifications();
    };
}"""
KEPT = """async () => {
    for (const until = Date.now() + 10000; !self.shown;) {
        if (Date.now() > until) throw new Error('nothing was shown');
        await new Promise((done) => setTimeout(done, 10));
    }
    return [self.shown.title, self.shown.body];
}"""
# Nobody can press a notification of a browser without a screen: its event is sent as the browser would.
PRESS = """async () => {
    const notification = self.shown;
    self.shown = undefined;
    const opened = new Promise((done) => {
        self.clients.openWindow = async (url) => { done(url); return null; };
        WindowClient.prototype.focus = async function () { done('to the front: ' + this.url); return this; };
    });
    self.dispatchEvent(new NotificationEvent('notificationclick', { notification, action: '' }));
    return opened;
}"""


async def watched(page: Page, scope: str) -> Worker:
    """The worker of a scope, which keeps from now on what it shows."""
    active = "(scope) => navigator.serviceWorker.getRegistration(scope).then((one) => one.active.state)"
    assert await page.evaluate(active, scope) == "activated"
    [worker] = page.context.service_workers
    await worker.evaluate(KEEP)
    return worker


async def test_a_resident_is_told_here_and_a_press_brings_his_page_to_the_front(
    served: Served, far: HttpServer
) -> None:
    browser = await subscriber(served, far)
    _, path = await given(served)
    page = await opened(served, path)
    await page.get_by_role("button", name="Сообщать мне здесь").click()
    await expect(page.get_by_role("button", name="Не сообщать")).to_be_visible()
    key = (await served.services.ask("GET", "/push/key"))["key"]
    assert await page.evaluate("window.pushKey") == key
    told = await sent(served, far, browser, link=served.base + path)
    assert (told["title"], told["link"]) == ("Работа выполнена", served.base + path)
    worker = await watched(page, path)
    await delivered(page, path, told)
    assert await worker.evaluate(KEPT) == ["Работа выполнена", "Проверьте"]
    assert await page.evaluate(SHOWN, path) == [["Работа выполнена", "Проверьте"]]
    assert await worker.evaluate(PRESS) == f"to the front: {served.base}{path}"
    await delivered(page, path, told)
    await worker.evaluate(KEPT)
    await page.goto(served.base + "/icon.svg")  # he looks at something else
    assert await worker.evaluate(PRESS) == served.base + path


async def test_a_resident_says_no_more_and_the_engine_forgets_his_browser(served: Served, far: HttpServer) -> None:
    await subscriber(served, far)
    _, path = await given(served)
    page = await opened(served, path)
    await page.get_by_role("button", name="Сообщать мне здесь").click()
    await page.get_by_role("button", name="Не сообщать").click()
    await expect(page.get_by_role("button", name="Сообщать мне здесь")).to_be_visible()
    assert await subscriptions(served) == []


async def test_a_subscription_that_either_side_lost_is_mended(served: Served, far: HttpServer) -> None:
    await subscriber(served, far)
    _, path = await given(served)
    page = await opened(served, path)
    await page.get_by_role("button", name="Сообщать мне здесь").click()
    await expect(page.get_by_role("button", name="Не сообщать")).to_be_visible()
    async with served.services.store.begin() as tx:  # the push service said "gone" once
        await tx.conn.execute(push_subscriptions.delete())
    await page.reload()
    await expect(page.get_by_role("button", name="Не сообщать")).to_be_visible()
    assert len(await subscriptions(served)) == 1
    forget = "(k) => k.startsWith('push of') && localStorage.removeItem(k)"
    await page.evaluate(f"Object.keys(localStorage).forEach({forget})")
    await page.reload()
    await expect(page.get_by_text("Браузер забыл об уведомлениях")).to_be_visible()
    await page.get_by_role("button", name="Включить снова").click()
    await expect(page.get_by_role("button", name="Не сообщать")).to_be_visible()


@pytest.mark.parametrize(
    ("state", "words"),
    [("denied", "Уведомления запрещены. Разрешите их"), ("unsupported", ""), ("refused", "Браузер не смог включить")],
)
async def test_a_browser_that_tells_nothing_says_why(served: Served, far: HttpServer, state: str, words: str) -> None:
    await subscriber(served, far)
    if state == "denied":
        await served.page.add_init_script("Object.defineProperty(Notification, 'permission', {get: () => 'denied'})")
    elif state == "unsupported":
        await served.page.add_init_script("delete window.PushManager")
    else:
        await served.page.add_init_script("window.pushRefused = true")
    _, path = await given(served)
    page = await opened(served, path)
    button = page.get_by_role("button", name="Сообщать мне здесь")
    if state == "refused":
        await button.click()
        await expect(page.get_by_role("alert")).to_contain_text(words)
        await expect(button).to_be_enabled()
        return
    await expect(page.locator("#tellme")).to_have_count(0 if state == "unsupported" else 1)
    await expect(button).to_have_count(0)
    if words:
        await expect(page.locator("[aria-labelledby=tellme]")).to_contain_text(words)


@pytest.mark.parametrize("login", ["orlova", "admin"])
async def test_staff_are_told_here_until_they_sign_out(served: Served, far: HttpServer, login: str) -> None:
    browser = await subscriber(served, far)
    await served.sign_in(login)
    page = await served.open("/robot")
    await page.locator(".bar .last").click()
    await page.get_by_role("menuitem", name="Сообщать мне здесь").click()
    await expect(page.get_by_role("menuitem", name="Не сообщать")).to_be_visible()
    [one] = await subscriptions(served)
    assert one.staff_id == await served.services.staff_id(login)
    told = await sent(served, far, browser, ticket_number="26-000001")
    worker = await watched(page, "/")
    await delivered(page, "/", told)
    assert await worker.evaluate(KEPT) == ["Работа выполнена", "Проверьте"]
    assert await page.evaluate(SHOWN, "/") == [["Работа выполнена", "Проверьте"]]
    assert await worker.evaluate(PRESS) == f"{served.base}/tickets/26-000001"
    await page.get_by_role("menuitem", name="Выйти").click()
    await page.locator("input[name=password], input[type=password]").first.wait_for()
    assert await subscriptions(served) == []


async def test_who_sits_down_at_a_machine_has_no_pushes_of_who_sat_there(served: Served, far: HttpServer) -> None:
    await subscriber(served, far)
    await served.sign_in("orlova")
    page = await served.open("/robot")
    await page.locator(".bar .last").click()
    await page.get_by_role("menuitem", name="Сообщать мне здесь").click()
    await expect(page.get_by_role("menuitem", name="Не сообщать")).to_be_visible()
    await served.sign_in("petrova")  # the session of the other ended without a word
    await served.open("/robot")
    await page.locator(".bar .last").click()
    await expect(page.get_by_role("menuitem", name="Сообщать мне здесь")).to_be_visible()
    assert await page.evaluate("localStorage.getItem('push of /')") is None


async def test_an_executor_who_forbade_notifications_is_told_what_to_do(served: Served, far: HttpServer) -> None:
    await subscriber(served, far)
    await served.page.add_init_script("Object.defineProperty(Notification, 'permission', {get: () => 'denied'})")
    page = await at_work(served)
    await page.get_by_role("button", name="Уведомления").click()
    await expect(page.locator(".toast")).to_contain_text("Разрешите их в настройках браузера")
