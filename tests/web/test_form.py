"""The desk's ticket form at the real services: questions, terms that move, life first, joining, repeats, refusals."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from callengine.calls import events as told
from callengine.calls.handover import HandoverTold
from callengine.calls.model import CallKey, Conversation, Direction, Offer, State, Talk
from callengine.phone import parse
from tests.api.conftest import ISOLDA, ORIGIN_LINE
from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")
PREVIEW = "**/api/v1/routing/preview"


async def at_form(served: Served) -> Page:
    await served.sign_in("petrova")
    page = await served.open("/desk?new=1")
    await expect(page.get_by_role("combobox", name="Что случилось")).to_be_focused()
    return page


async def begin(served: Served, code: str, address: str = "Мира 12 кв 9") -> Page:
    """The form with what happened and where, chosen by the keyboard."""
    page = await at_form(served)
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox", name="Где")).to_be_focused()
    await page.keyboard.type(address)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("бывш.").or_(page.locator(".whereline .chosen"))).to_be_visible()
    await expect(page.get_by_role("heading", name="Ответит")).to_be_visible()
    return page


async def house_id(served: Served, address: str = "Мира 12") -> int:
    return int((await served.services.ask("GET", f"/houses?q={address}"))["items"][0]["id"])


async def existing(served: Served, code: str = "HVS-02", **form: Any) -> str:
    """The number of a ticket that was there before."""
    whole = {"classifier": code, "house_id": await house_id(served), "premise": "9", "text": "Течёт", **form}
    return str((await served.services.ask("POST", "/tickets", json=whole, status=201))["number"])


async def tickets(served: Served) -> list[Any]:
    return list((await served.services.ask("GET", "/tickets?limit=200"))["items"])


async def whole(served: Served, page: Page) -> Any:
    """The ticket that the page says it registered."""
    heading = await page.get_by_role("status").locator("h2").inner_text()
    number = next(word for word in heading.split() if "-" in word)
    return await served.services.ask("GET", f"/tickets/{number}")


async def talk(served: Served, number: str = ISOLDA) -> int:
    """A call that operator 101 talks in now. Returns its id."""
    now = served.services.clock.now()
    arrived = Conversation(
        key=CallKey("main", "7.1"), direction=Direction.INBOUND, arrived_at=now, number=parse(number), did=ORIGIN_LINE
    )
    offered = arrived.evolve(state=State.OFFERED, offered_at=now, offers=(Offer("101", now),))
    talking = offered.evolve(state=State.TALKING, answered_at=now, operator="101", talks=(Talk("101", now),))
    facts = [
        told.CallArrived(now, arrived),
        told.CallOffered(now, offered, "101"),
        told.CallAnswered(now, talking, "101"),
    ]
    await served.services.services.calls.save(facts)
    return await served.services.call_id("7.1")


async def register(page: Page, *, unasked: bool = False) -> None:
    """Registers; `unasked`: a required question has no answer, so the page says it once and is pressed again."""
    await page.keyboard.press("Control+Enter")
    if unasked:
        await expect(page.locator(".formpart.refused")).to_be_visible()
        await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("status").locator("h2")).to_be_visible()


async def test_the_term_moves_with_the_answer_while_the_operator_writes(served: Served) -> None:
    page = await begin(served, "OTO-02")
    warm = page.get_by_label("Какая температура в комнате?").first
    terms = page.get_by_role("region", name="Сроки")
    await expect(terms).to_contain_text("16 часов при 12 °C")
    await warm.fill("11")
    await expect(terms).to_contain_text("8 часов при 10–12 °C")
    await warm.fill("9,5")
    await expect(terms).to_contain_text("4 часа при 8–10 °C")
    await expect(terms).to_contain_text("Принять")
    await page.get_by_role("radiogroup", name="Есть ли дети").get_by_text("да", exact=True).click()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("status").locator("h2")).to_contain_text("зарегистрирована")
    ticket = await whole(served, page)
    answers = {one["question"]: one["answer"] for one in ticket["answers"]}
    assert answers["Какая температура в комнате?"] == "9,5 °C"
    assert answers["Есть ли дети, лежачие больные?"] == "да"
    assert "4 часа" in next(one["why"] for one in ticket["clocks"] if one["name"] == "fix")


async def test_a_word_where_a_number_is_asked_is_told_and_not_registered(served: Served) -> None:
    page = await begin(served, "OTO-02")
    await page.get_by_label("Какая температура в комнате?").first.fill("холодно")
    await expect(page.get_by_text("Нужно число")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Исправьте ответ или сотрите его")).to_be_visible()
    await expect(page.get_by_label("Какая температура в комнате?").first).to_be_focused()
    assert [one for one in await tickets(served) if one["classifier"]["code"] == "OTO-02"] == []


async def test_a_required_question_is_told_once_and_then_the_ticket_is_written_all_the_same(served: Served) -> None:
    page = await begin(served, "HVS-02")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Нет ответа на обязательный вопрос.")).to_be_visible()
    await expect(page.get_by_label("Где именно (подъезд, отсек подвала)?")).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("status").locator("h2")).to_contain_text("зарегистрирована")


async def test_the_moment_of_the_damage_moves_the_term_of_the_repair(served: Served) -> None:
    page = await begin(served, "HVS-02")
    fix = page.get_by_role("region", name="Сроки").locator(".term").filter(has_text="Устранить").locator(".chip")
    damage = page.get_by_label("Когда произошло повреждение?", exact=False).first
    before = await fix.inner_text()
    asked = (served.services.clock.now() - timedelta(days=1)).date().isoformat()
    await damage.fill(f"{asked}T08:30")
    await expect(fix).not_to_have_text(before)
    await register(page, unasked=True)
    ticket = await whole(served, page)
    assert ticket["damage_at"].startswith(asked)


async def test_the_flat_is_read_out_of_the_address_and_found_in_the_house(served: Served) -> None:
    page = await begin(served, "HVS-02", "Мира 12 кв 9")
    await expect(page.get_by_label("Квартира или место")).to_have_value("9")
    await register(page, unasked=True)
    ticket = await whole(served, page)
    assert (ticket["house"]["id"], ticket["premise"]) == (await house_id(served), "9")


async def test_another_organisation_is_chosen_by_its_digit(served: Served) -> None:
    page = await begin(served, "HVS-05")
    candidates = page.get_by_role("radiogroup", name="Ответит").get_by_role("radio")
    await expect(candidates).not_to_have_count(0)
    if await candidates.count() < 2:
        pytest.fail("the sample town has two who could answer for HVS-05 at this house")
    second = await candidates.nth(1).locator(".b").first.inner_text()
    await page.locator(".side").focus()
    await page.keyboard.press("Digit2")
    await expect(candidates.nth(1)).to_be_checked()
    await register(page)
    assert (await whole(served, page))["organisation"]["name"] == second


async def test_where_life_is_at_risk_the_safety_words_stand_first_with_the_number_to_dial(served: Served) -> None:
    page = await begin(served, "GAZ-01", "Чкалова 17")
    safety = page.locator(".formbody > *").first
    await expect(safety).to_contain_text("Скажите жителю")
    await expect(safety).to_contain_text("Перекройте кран на газовой трубе и откройте окна")
    await expect(safety).to_contain_text("Наберите 104")
    assert await safety.locator(".words").evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 16


async def test_in_a_talk_f7_rings_those_who_save_and_the_blind_way_stands_beside_it(served: Served) -> None:
    its = served.services

    async def rings(call: Conversation, to: str, attempt: str) -> None:
        told = HandoverTold(its.clock.now(), call.key.pbx, call.key.linkedid, "ringing", attempt, to)
        await its.services.handovers.on_told(told)

    its.consulting.told = rings
    call = await talk(served)
    page = await at_form(served)
    await page.keyboard.type("LIF-01")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Позвонить в 112 и соединить")).to_be_visible()
    await page.get_by_role("button", name="Отдать сразу, не ожидая").click()
    await expect(page.get_by_text("Житель переведён на 112")).to_be_visible()
    assert ("transfer", call, "112") in its.phone.asked
    await page.keyboard.press("F7")
    await expect(page.get_by_text("Звоним 112: житель ждёт, говорите первым")).to_be_visible()
    assert its.consulting.asked == [("consult", "112")]
    await expect(page.locator("aside.dock .warm")).to_contain_text("Звоним: 112")


async def test_an_approved_answer_closes_the_ticket_in_the_call(served: Served) -> None:
    page = await begin(served, "ORG-05")
    await expect(page.get_by_text("Решает центр в разговоре")).to_be_visible()
    answer = await page.locator(".said").first.inner_text()
    await page.keyboard.press("Shift+F7")
    await expect(page.get_by_role("button", name="Записать и закрыть")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("status").locator("h2")).to_contain_text("закрыта: ответ дан")
    ticket = await whole(served, page)
    assert ticket["status"] == "closed"
    assert next(one for one in ticket["history"] if one["what"] == "close")["reason"] == answer


async def test_a_paid_job_tells_by_when_it_is_confirmed(served: Served) -> None:
    page = await begin(served, "KAN-02")
    await expect(page.get_by_role("checkbox", name="Платная работа")).to_be_checked()
    await expect(page.get_by_role("region", name="Сроки")).to_contain_text("Подтвердить платную")
    await expect(page.get_by_text("организация подтвердит до")).to_be_visible()


async def test_the_open_ticket_of_the_same_matter_is_joined_by_one_key_and_left_by_another(served: Served) -> None:
    number = await existing(served)
    page = await begin(served, "HVS-02", "Мира 12 кв 11")
    await expect(page.get_by_text("Здесь уже открыта 1 такая заявка")).to_be_visible()
    await page.get_by_label("Имя").fill("Сосед Пётр")
    await page.keyboard.press("Shift+F3")
    await expect(page.get_by_text(f"Вызов присоединён к {number}")).to_be_visible()
    applicants = await served.services.ask("GET", f"/tickets/{number}/applicants")
    assert [(one["applicant"]["name"], one["premise"]) for one in applicants["items"]] == [("Сосед Пётр", "11")]
    await expect(page.get_by_role("heading", name="Новая заявка")).to_have_count(0)
    assert await draft_of(page) is None
    await page.get_by_role("button", name="Вернуть").click()
    await expect(page.get_by_text(f"Вызов снят с {number}")).to_be_visible()
    assert json.loads(await draft_of(page) or "{}")["name"] == "Сосед Пётр"
    assert (await served.services.ask("GET", f"/tickets/{number}/applicants"))["items"] == []


async def draft_of(page: Page) -> str | None:
    """The draft that this machine keeps."""
    kept: str | None = await page.evaluate("localStorage.getItem('callengine.draft.petrova')")
    return kept


async def test_the_callers_address_is_shown_when_he_is_known_and_after_the_form_is_wiped(served: Served) -> None:
    await talk(served)
    page = await at_form(served)
    await page.get_by_role("group", name="Кто из них звонит").get_by_role("button").first.click()
    await expect(page.locator(".whereline .chosen")).to_be_visible()
    await expect(page.get_by_text("из карточки заявителя")).to_be_visible()
    await page.get_by_role("combobox", name="Что случилось").fill("HVS-05")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Стереть").click()
    await expect(page.get_by_role("combobox", name="Что случилось")).to_be_focused()
    await expect(page.get_by_role("heading", name="Новая заявка из вызова")).to_be_visible()
    await expect(page.locator(".whereline .chosen")).to_be_visible()


async def test_a_repeat_names_the_ticket_that_it_repeats(served: Served) -> None:
    number = await existing(served)
    page = await begin(served, "HVS-02")
    await page.get_by_role("button", name=f"Повтор {number}").click()
    await register(page, unasked=True)
    assert (await whole(served, page))["repeat_of"] == number


async def test_an_anonymous_applicant_is_not_named_even_by_his_number(served: Served) -> None:
    await talk(served)
    page = await begin(served, "DVR-05", "Мира 12")
    await page.get_by_role("checkbox", name="Аноним").check()
    await register(page, unasked=True)
    ticket = await whole(served, page)
    assert ticket["applicant"] == {"number": "", "name": "", "person_id": None}
    assert len(ticket["calls"]) == 1


async def test_a_typed_number_offers_everybody_whom_it_leads_to_and_his_address(served: Served) -> None:
    page = await at_form(served)
    await page.get_by_label("Телефон").fill(ISOLDA)
    choice = page.get_by_role("group", name="Кто из них звонит").get_by_role("button")
    await expect(choice).to_have_count(2)
    name = (await choice.first.inner_text()).split(" · ")[0]
    await choice.first.click()
    await expect(page.get_by_label("Имя")).to_have_value(name)
    await expect(page.locator(".whereline .chosen")).to_be_visible()


async def test_a_second_number_goes_with_the_ticket(served: Served) -> None:
    page = await begin(served, "HVS-02")
    await page.get_by_role("button", name="Ещё номер").click()
    await page.get_by_label("Второй телефон").fill("+7 907 111-22-33")
    await register(page, unasked=True)
    assert "Второй телефон заявителя: +7 907 111-22-33" in (await whole(served, page))["text"]


async def test_the_form_sent_twice_is_one_ticket(served: Served) -> None:
    page = await begin(served, "HVS-05")
    before = len(await tickets(served))
    lost = False

    async def lose(route: Route) -> None:
        nonlocal lost
        if route.request.method == "POST" and not lost:
            lost = True
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/api/v1/tickets", lose)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Не записалось: Двигатель не отвечает")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("status").locator("h2")).to_contain_text("зарегистрирована")
    assert len(await tickets(served)) == before + 1


async def test_a_refusal_stands_at_its_field_and_the_draft_is_kept(served: Served) -> None:
    page = await begin(served, "HVS-05")
    await expect(page.get_by_text("черновик сохранён")).to_be_visible()
    await page.evaluate(
        """() => { const key = 'callengine.draft.petrova', draft = JSON.parse(localStorage.getItem(key));
            draft.house.id = 999999; localStorage.setItem(key + '.kept', JSON.stringify(draft)); }"""
    )
    await page.goto("about:blank")
    await page.goto(f"{served.base}/desk")
    await page.evaluate(
        "localStorage.setItem('callengine.draft.petrova', localStorage.getItem('callengine.draft.petrova.kept'))"
    )
    await page.goto(f"{served.base}/desk?new=1")
    await expect(page.get_by_role("region", name="Сроки").get_by_role("alert")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("[data-step='where']").get_by_role("alert")).to_contain_text("999999")
    await expect(page.get_by_role("combobox", name="Где")).to_be_focused()
    await expect(page.get_by_text("· HVS-05")).to_be_visible()


async def test_a_preview_that_failed_says_so_and_is_repeated(served: Served) -> None:
    broken = True

    async def answer(route: Route) -> None:
        if broken:
            body = json.dumps({"code": "unavailable", "detail": "", "status": 503})
            await route.fulfill(status=503, content_type="application/problem+json", body=body)
        else:
            await route.continue_()

    page = await at_form(served)
    await page.route(PREVIEW, answer)
    await page.keyboard.type("HVS-05")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("combobox", name="Где")).to_be_focused()
    await page.keyboard.type("Мира 12 кв 9")
    await page.keyboard.press("Enter")
    failed = page.get_by_role("region", name="Сроки").get_by_role("alert")
    await expect(failed).to_contain_text("Сейчас недоступно")
    broken = False
    await failed.get_by_role("button", name="Повторить").click()
    await expect(page.get_by_role("region", name="Сроки")).to_contain_text("Устранить")


async def test_a_slow_answer_to_what_was_written_before_never_covers_the_fresh_one(served: Served) -> None:
    page = await begin(served, "OTO-02")
    terms = page.get_by_role("region", name="Сроки")
    await expect(terms).to_contain_text("16 часов при 12 °C")
    held, free = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        if '"11' in (route.request.post_data or ""):
            held.set()
            await free.wait()
        await route.continue_()

    await page.route(PREVIEW, hold)
    warm = page.get_by_label("Какая температура в комнате?").first
    await warm.fill("11")
    async with asyncio.timeout(10):
        await held.wait()
    await warm.fill("9")
    await expect(terms).to_contain_text("4 часа при 8–10 °C")
    free.set()
    await page.unroute_all(behavior="wait")
    await expect(terms).to_contain_text("4 часа при 8–10 °C")
    await expect(terms).not_to_contain_text("8 часов при 10–12 °C")


async def test_what_the_house_cannot_have_is_told_and_offered_only_when_asked_for(served: Served) -> None:
    houses = (await served.services.ask("GET", "/houses?q=а&limit=200"))["items"]
    without = next(one for one in houses if one["features"] and "lift" not in one["features"])
    page = await at_form(served)
    await page.get_by_role("combobox", name="Где").fill(without["address"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Квартира или место")).to_be_focused()
    await page.get_by_role("combobox", name="Что случилось").fill("застрял в лифте")
    await expect(page.get_by_text("Для этого дома не предлагаем:")).to_be_visible()
    await expect(page.get_by_role("option", name="LIF-01")).to_have_count(0)
    await page.get_by_role("button", name="Показать их").click()
    await page.get_by_role("option").filter(has_text="LIF-01").click()
    await expect(page.get_by_text("Для этого дома так не бывает")).to_be_visible()


async def test_the_draft_keeps_typed_answers_over_a_reload(served: Served) -> None:
    page = await begin(served, "OTO-02")
    await page.get_by_label("Какая температура в комнате?").first.fill("14")
    await page.get_by_role("radiogroup", name="Есть ли горячая вода").get_by_text("нет", exact=True).click()
    await page.reload()
    await expect(page.get_by_label("Какая температура в комнате?").first).to_have_value("14")
    answer = page.get_by_role("radiogroup", name="Есть ли горячая вода").get_by_role("radio", name="нет", exact=True)
    await expect(answer).to_be_checked()


async def test_after_saving_the_resident_gets_a_link(served: Served) -> None:
    page = await begin(served, "HVS-05")
    await register(page)
    await page.keyboard.press("KeyL")
    link = await page.get_by_label("Ссылка для жителя").input_value()
    assert link.startswith(f"{served.base}/r/")
    shown = await page.context.request.get(link.replace("/r/", "/api/v1/public/tickets/"))
    assert (await shown.json())["number"] == (await whole(served, page))["number"]


async def test_ctrl_k_leads_to_tickets_houses_and_people(served: Served) -> None:
    number = await existing(served)
    page = await at_form(served)
    for asked, kind, place in (
        (number, "заявка", f"/tickets/{number}"),
        ("Мира 12", "дом", f"/houses/{await house_id(served)}"),
        (ISOLDA, "человек", "/houses/people/"),
    ):
        await page.keyboard.press("Control+KeyK")
        await page.get_by_role("dialog").get_by_role("combobox").fill(asked)
        await page.get_by_role("dialog").get_by_role("option").filter(has_text=kind).first.click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        assert place in page.url


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (1280, "dark", "en"),
        (1440, "light", "ru"),
        pytest.param(1600, "light", "en", marks=pytest.mark.long),
        pytest.param(1280, "light", "ru", marks=pytest.mark.long),
    ],
)
async def test_the_form_is_readable_to_everybody(served: Served, width: int, scheme: Any, language: str) -> None:
    await existing(served, "LIF-01")
    await served.page.set_viewport_size({"width": width, "height": 900})
    await served.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await served.page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    await served.sign_in("petrova")
    wrong: list[str] = []
    for code in ("LIF-01", "OTO-02", "ORG-05", "KAN-02"):
        page = await served.open("/desk?new=1")
        await page.locator(".formbody [role=combobox]").first.fill(code)
        await page.keyboard.press("Enter")
        await page.locator("[data-step='where'] [role=combobox]").fill("Мира 12 кв 9")
        await page.keyboard.press("Enter")
        await expect(page.locator(".term, .side .said").first).to_be_visible()
        await page.keyboard.press("Control+Enter")
        await expect(page.locator(".formpart.refused")).to_be_visible()
        wrong += await look(page, f"form of {code}")
        await page.get_by_role("button", name="Discard" if language == "en" else "Стереть").click()
    assert wrong == []


async def said_to_ring(served: Served) -> Conversation:
    """A call whose phone is said to ring, and that no store has yet."""
    services = served.services
    now = services.clock.now()
    call = Conversation(
        key=CallKey("main", "99.1"),
        direction=Direction.INBOUND,
        arrived_at=now,
        number=parse(ISOLDA),
        did=ORIGIN_LINE,
        state=State.OFFERED,
        offered_at=now,
        offers=(Offer("101", now),),
    )
    services.screens.ringing.told([told.CallOffered(now, call, "101")])
    return call


async def test_a_ticket_of_a_call_that_is_only_said_to_ring_waits_for_the_stored_one(served: Served) -> None:
    page = await begin(served, "HVS-02")
    call = await said_to_ring(served)
    await page.locator("aside.dock p.number").wait_for()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".formpart.refused")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await page.get_by_text("Ждём, пока запишется сам вызов").first.wait_for()
    before = len(await tickets(served))
    await served.services.services.calls.save([told.CallOffered(call.arrived_at, call, "101")])
    await page.get_by_role("status").locator("h2").wait_for()
    assert len(await tickets(served)) == before + 1
    stored = await served.services.call_id("99.1")
    seen = await served.services.ask("GET", f"/calls/{stored}")
    assert len(seen["ticket_numbers"]) == 1, "the ticket hangs on the stored call"


async def test_a_ticket_whose_call_was_never_stored_is_kept_as_a_draft_and_goes_without_it_when_told_so(
    served: Served,
) -> None:
    page = await begin(served, "HVS-02")
    await said_to_ring(served)
    await page.locator("aside.dock p.number").wait_for()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".formpart.refused")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await page.get_by_text("Ждём, пока запишется сам вызов").first.wait_for()
    ringing = served.services.screens.ringing
    ringing.settled([told.CallOffered(call.arrived_at, call, who) for (_, who), call in ringing._said.items()])
    await page.get_by_text("Вызов с номера +7 907 412-18-06 не записался").wait_for()
    await page.keyboard.press("Control+Enter")
    await page.get_by_role("status").locator("h2").wait_for()
