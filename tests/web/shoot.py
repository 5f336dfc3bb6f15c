"""Takes pictures of every page: python -m tests.web.shoot FOLDER. For a person's eyes, not a test."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web
from playwright.async_api import Browser, async_playwright

from tests.web import town
from tests.web.conftest import ARGS, CHROMIUM
from tests.web.fake_engine import FakeEngine


async def shoot(browser: Browser, folder: Path, only: str, width: int, height: int, scheme: str, lang: str) -> None:
    engine = FakeEngine()
    runner = web.AppRunner(engine.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    viewport = {"width": width, "height": height}
    context = await browser.new_context(viewport=viewport, color_scheme=scheme, locale="ru-RU")  # type: ignore[arg-type]
    await context.add_init_script(f"localStorage.setItem('callengine.language', '{lang}')")
    page = await context.new_page()

    async def take(name: str) -> None:
        if only in name:
            await page.wait_for_timeout(400)
            await page.screenshot(path=folder / f"{name}-{width}-{scheme}-{lang}.png")

    await page.goto(base)
    await page.locator(".account").first.wait_for()
    await take("signin")
    engine.who = "operator"
    engine.new_to_town = True
    await page.goto(base + "/desk")
    await page.locator(".demo").wait_for()
    await take("desk-empty")
    engine.new_to_town = False
    await page.goto(base + "/desk")
    await page.locator(".duty").first.wait_for()
    await take("desk")
    call = town.offered()
    await engine.offer(call)
    await page.locator(".callhead.ringing:not(.pop)").wait_for()
    await take("desk-ringing")
    talking = call.model_copy(update={"state": "talking", "operator": "101", "answered_at": town.NOW})
    await engine.tell("call", talking)
    await page.keyboard.press("Digit1")
    await page.keyboard.press("F3")
    await page.keyboard.type("прорыв")
    await page.locator("[role=option]").first.wait_for()
    await take("form-search")
    await page.keyboard.press("Enter")
    await page.locator(".qa").wait_for()
    await page.keyboard.type("подъезд 5")
    await page.locator(".term").first.wait_for()
    await take("form")
    await page.keyboard.press("Control+Enter")
    await page.locator("[role=status] h2").wait_for()
    await take("registered")
    await engine.tell("call", talking.model_copy(update={"state": "held"}))
    await page.keyboard.press("Escape")
    await take("desk-hold")
    ended = talking.model_copy(update={"state": "ended", "outcome": "answered", "ended_at": town.ahead(seconds=20)})
    await engine.tell("call", ended)
    await take("desk-after")
    engine.who = "supervisor"
    await page.goto(base + "/callbacks")
    await page.locator(".exception").first.wait_for()
    await take("callbacks")
    for key in ("ArrowDown", "Space", "ArrowDown", "ArrowDown", "Shift+ArrowDown", "KeyX"):
        await page.keyboard.press(key)
    await page.get_by_role("dialog").locator("textarea").fill("проверка линии")
    await take("callbacks-close")
    await page.keyboard.press("Control+Enter")
    await page.get_by_role("alert").wait_for()
    await take("callbacks-told")
    await page.keyboard.press("KeyA")
    await page.get_by_role("option").first.wait_for()
    await take("callbacks-assign")
    await page.goto(base + "/calls")
    await page.locator("tbody tr").first.click()
    await page.locator(".wave").wait_for()
    await take("calls")
    await page.goto(base + "/tickets")
    await page.locator("tbody tr").first.wait_for()
    await take("tickets")
    await page.goto(base + "/tickets/26-118204")
    await page.locator(".event").first.wait_for()
    await take("ticket")
    await page.keyboard.press("F1")
    await take("keys")
    await context.close()
    await runner.cleanup()


async def main(folder: Path, only: str, shapes: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for shape in shapes:
            width, scheme, lang = shape.split("-")
            await shoot(
                browser,
                folder,
                only,
                int(width),
                {"390": 844, "1280": 800, "1440": 900, "1600": 900, "1920": 1080}[width],
                scheme,
                lang,
            )
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "", sys.argv[3:] or ["1440-dark-ru"]))
