"""The classifier's administration in a browser at the real services: the tree, an edit, an import, an undo, terms."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Dialog, Page, expect

from tests.web.conftest import Served
from tests.web.test_axe import look

pytestmark = pytest.mark.asyncio(loop_scope="session")
GAS = "/admin/classifier/entries/GAZ-01"


async def at(served: Served, path: str = "/admin/classifier", login: str = "admin") -> Page:
    await served.sign_in(login)
    return await served.open(path)


def file(text: str, name: str = "осень.csv") -> Any:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


async def export(served: Served) -> str:
    return await served.services.services.classifier.export()


async def test_the_tree_is_walked_with_the_keyboard_and_opens_an_entry(served: Served) -> None:
    page = await at(served)
    tree = page.get_by_role("tree")
    await tree.get_by_role("treeitem").first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    first = tree.get_by_role("treeitem", name=re.compile("HVS-01"))
    await expect(first).to_have_attribute("aria-level", "3")
    await page.keyboard.press("ArrowRight")
    await expect(first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="HVS-01 Прорыв трубы/стояка ХВС в квартире")).to_be_visible()
    await expect(first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await expect(tree.get_by_role("treeitem", name=re.compile("HVS-01"))).to_have_count(0)


async def test_keys_faster_than_the_page_is_painted_each_go_to_their_row(served: Served) -> None:
    page = await at(served, "/admin/classifier/entries/HVS-01")
    tree = page.get_by_role("tree")
    row = tree.get_by_role("treeitem", name=re.compile("HVS-01"))
    await row.focus()
    await page.evaluate("""() => {
        for (let n = 0; n < 2; n++)
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowLeft", bubbles: true}));
    }""")
    await expect(row).to_have_count(0)


async def test_a_word_finds_entries_in_either_language_and_nothing_says_so(served: Served) -> None:
    page = await at(served)
    await page.keyboard.press("/")
    await page.keyboard.type("smell of gas")
    await expect(page.get_by_role("treeitem").last).to_contain_text("Запах газа")
    await page.keyboard.press("Control+A")
    await page.keyboard.type("абракадабра")
    await expect(page.get_by_text("Ничего не нашлось")).to_be_visible()


async def test_an_entry_is_edited_with_its_script_and_the_edit_is_undone(served: Served) -> None:
    page = await at(served, GAS)
    await page.get_by_label("Принять").fill("2 мин")
    await page.get_by_role("button", name="Добавить вопрос").click()
    last = page.locator(".questionbox").last
    await last.get_by_label("Вопрос", exact=True).fill("Сколько человек в квартире?")
    await last.get_by_label("Ответ", exact=True).select_option("number")
    await last.get_by_label("обязательный").check()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Сохранено, версия 2")).to_be_visible()
    known = await served.services.services.classifier.entry("GAZ-01")
    assert known.entry.accept_minutes == 2 and known.entry.questions[-1] == "Сколько человек в квартире?"
    assert known.entry.script[-1].type == "number" and known.entry.script[-1].required
    await page.get_by_role("status").get_by_role("button", name="Отменить").click()
    await expect(page.get_by_text("Отменено, версия 3")).to_be_visible()
    await expect(page.get_by_label("Принять")).to_have_value("1 мин")


async def test_the_choices_of_a_question_are_typed_as_a_person_types(served: Served) -> None:
    page = await at(served, GAS)
    await page.get_by_role("button", name="Добавить вопрос").click()
    last = page.locator(".questionbox").last
    await last.get_by_label("Вопрос", exact=True).fill("Где пахнет?")
    await last.get_by_label("Ответ", exact=True).select_option("choice")
    await last.get_by_label("Варианты через точку с запятой").click()
    await page.keyboard.type("на первом этаже; в подвале; во дворе")
    await expect(last.get_by_label("Варианты через точку с запятой")).to_have_value(
        "на первом этаже; в подвале; во дворе"
    )
    await last.get_by_label("Варианты по-английски").click()
    await page.keyboard.type("ground floor; cellar; yard")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Сохранено, версия 2")).to_be_visible()
    question = (await served.services.services.classifier.entry("GAZ-01")).entry.script[-1]
    assert list(question.choices) == ["на первом этаже", "в подвале", "во дворе"]
    assert list(question.choices_en) == ["ground floor", "cellar", "yard"]


async def test_a_new_entry_planned_for_later_is_seen_as_a_version_of_the_organisations_own_clock(
    served: Served,
) -> None:
    page = await at(served, "/admin/classifier/new/entry")
    await page.get_by_label("Код", exact=True).fill("LUX-01")
    await page.get_by_label("Раздел", exact=True).select_option("HVS")
    await page.get_by_label("Проблема", exact=True).fill("Скрипит дверь")
    await page.get_by_label("С какого времени").fill("2030-06-01T09:00")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page).to_have_url(f"{served.base}/admin/classifier/versions/2")
    await expect(page.locator(".versionrow").first).to_contain_text("вступит 1 июня 2030")
    [planned] = (await served.services.ask("GET", "/classifier/tree", role="administrator"))["planned"]
    # This browser stands at UTC, the town in Moscow.
    assert datetime.fromisoformat(planned["valid_from"]) == datetime(2030, 6, 1, 6, tzinfo=UTC)


async def test_who_leaves_a_changed_entry_is_asked_once_wherever_he_goes(served: Served) -> None:
    page = await at(served)
    await page.get_by_label("Код или слова").fill("GAZ-01")
    await page.get_by_role("treeitem", name=re.compile("GAZ-01")).click()
    await page.get_by_label("Принять").fill("3 мин")
    asked: list[str] = []

    async def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", refuse)
    await page.get_by_role("button", name="Версии").click()
    await page.get_by_role("link", name="Вызовы").click()
    await page.evaluate("history.back()")
    await expect(page).to_have_url(served.base + GAS)
    await expect(page.get_by_label("Принять")).to_have_value("3 мин")
    assert asked == ["Уйти без сохранения?"] * 3
    page.remove_listener("dialog", refuse)
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Версии").click()
    await expect(page.locator(".versionrow").first).to_be_visible()


async def test_a_term_that_is_not_understood_says_so_and_is_not_saved(served: Served) -> None:
    page = await at(served, GAS)
    await page.get_by_label("Устранить").fill("немедленно")
    await expect(page.get_by_role("alert")).to_contain_text("Срок не понят")
    await expect(page.get_by_role("button", name="Сохранить")).to_be_disabled()


async def test_two_editors_meet_and_the_second_is_told(served: Served) -> None:
    page = await at(served, GAS)
    await page.get_by_label("Принять").fill("3 мин")
    classifier = served.services.services.classifier
    known = await classifier.entry("GAZ-01")
    body = {"problem_ru": "Запах газа в доме", "urgency": "life", "organisation_kind": "gas_emergency_104"}
    await served.services.ask(
        "PUT", "/classifier/entries/GAZ-01", role="administrator", json={**body, "revision": known.revision}
    )
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("was changed since you opened it")
    await page.get_by_role("button", name="Прочитать заново").click()
    await expect(page.get_by_role("heading", name="GAZ-01 Запах газа в доме")).to_be_visible()


async def test_a_group_and_an_entry_are_added_and_an_entry_is_retired_and_brought_back(served: Served) -> None:
    page = await at(served)
    await page.get_by_role("button", name="Раздел").click()
    await page.get_by_label("Код", exact=True).fill("LUX")
    await page.get_by_label("Название", exact=True).fill("Удобства")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_role("treeitem", name=re.compile("LUX"))).to_be_visible()
    await page.get_by_role("button", name="Запись").click()
    await page.get_by_label("Код", exact=True).fill("LUX-01")
    await page.get_by_label("Раздел", exact=True).select_option("LUX")
    await page.get_by_label("Проблема", exact=True).fill("Скрипит дверь")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_role("heading", name="LUX-01 Скрипит дверь")).to_be_visible()
    await page.get_by_role("button", name="Снять").click()
    await expect(page.get_by_role("button", name="Вернуть")).to_be_visible()
    assert not (await served.services.services.classifier.entry("LUX-01")).entry.active
    await page.get_by_role("button", name="Вернуть").click()
    await expect(page.get_by_role("button", name="Снять")).to_be_visible()


async def test_a_file_is_dropped_its_differences_are_seen_and_it_is_applied_and_undone(served: Served) -> None:
    text = (await export(served)).replace(";Запах газа;", ";Запах газа в доме;").replace(";Лифт не работает;", ";;")
    text = "".join(line for line in text.splitlines(keepends=True) if ";POD-09;" not in line)
    page = await at(served, "/admin/classifier/import")
    await drop(page, text)
    await expect(page.get_by_text("Отличия файла «осень.csv»")).to_be_visible()
    await expect(page.locator(".mistakes")).to_contain_text("название: пусто")
    changed = page.locator(".diffitem", has_text="GAZ-01")
    await expect(changed.locator("del")).to_have_text("Запах газа")
    await expect(changed.locator("ins")).to_have_text("Запах газа в доме")
    await expect(page.locator(".diffitem", has_text="POD-09")).to_contain_text("снята")
    assert (await served.services.services.classifier.entry("GAZ-01")).entry.problem_ru == "Запах газа"
    await page.get_by_role("button", name="Применить 2 изменения").click()
    await expect(page.get_by_text("Сохранено, версия 2")).to_be_visible()
    assert not (await served.services.services.classifier.entry("POD-09")).entry.active
    await page.get_by_role("button", name="Версии").click()
    await expect(page.locator(".versionrow").first).to_contain_text("файл осень.csv")
    await page.get_by_role("button", name="Отменить версию").click()
    await expect(page.locator(".versionrow").first).to_contain_text("№ 2")
    assert (await served.services.services.classifier.entry("POD-09")).entry.active


async def drop(page: Page, text: str) -> None:
    """As a person drops it: a DataTransfer with one file."""
    dropped = await page.evaluate_handle(
        """text => { const data = new DataTransfer();
        data.items.add(new File([text], 'осень.csv', { type: 'text/csv' })); return data; }""",
        text,
    )
    zone = page.locator(".dropzone")
    await zone.dispatch_event("dragover", {"dataTransfer": dropped})
    await expect(zone).to_have_class(re.compile("over"))
    await zone.dispatch_event("drop", {"dataTransfer": dropped})


async def test_a_classifier_that_changed_meanwhile_is_compared_anew_before_it_is_applied(served: Served) -> None:
    text = (await export(served)).replace(";Запах газа;", ";Запах газа в доме;")
    page = await at(served, "/admin/classifier/import")
    await page.locator("input[type=file]").set_input_files(file(text))
    await page.locator(".diffitem").wait_for()
    group = {"name_ru": "Удобства", "parent": "DOM"}
    await served.services.ask("PUT", "/classifier/groups/LUX", role="administrator", json=group)
    await page.get_by_role("button", name="Применить 1 изменение").click()
    await expect(page.get_by_text("сравнили заново")).to_be_visible()
    assert (await served.services.services.classifier.entry("GAZ-01")).entry.problem_ru == "Запах газа"
    await page.get_by_role("button", name="Применить 2 изменения").click()  # the file lacks the new group
    await expect(page.get_by_text("Сохранено, версия 3")).to_be_visible()


async def test_a_file_that_is_no_classifier_and_one_without_differences_say_so(served: Served) -> None:
    page = await at(served, "/admin/classifier/import")
    await page.locator("input[type=file]").set_input_files(file("name,text\nx,y\n"))
    await expect(page.get_by_role("alert")).to_contain_text("columns missing: code, problem_ru")
    await page.get_by_role("button", name="Другой файл").click()
    await page.locator("input[type=file]").set_input_files(file(await export(served)))
    await expect(page.get_by_text("Отличий нет")).to_be_visible()
    await expect(page.get_by_role("button", name="Применить")).to_have_count(0)


async def test_an_organisation_gets_terms_of_its_own_and_loses_them_again(served: Served) -> None:
    page = await at(served, "/admin/classifier/terms")
    await page.get_by_label("Организация").select_option(label="УК «Заречье»")
    await page.get_by_role("button", name="Добавить сроки").click()
    await page.get_by_label("Ветвь").select_option("HVS")
    await page.get_by_label("Устранить").fill("2 сут")
    await page.get_by_label("Основание").fill("доп. соглашение № 3")
    await page.get_by_role("button", name="Сохранить").click()
    row = page.get_by_role("row", name=re.compile("доп. соглашение"))
    await expect(row).to_contain_text("2 сут")
    await page.get_by_role("button", name="Убрать сроки: HVS").click()
    await expect(page.get_by_text("Своих сроков нет")).to_be_visible()
    await page.get_by_role("status").get_by_role("button", name="Отменить").click()
    await expect(row).to_be_visible()


async def test_a_supervisor_may_change_the_standard_answer_alone(served: Served) -> None:
    page = await at(served, "/admin/classifier/entries/ORG-05", "orlova")
    await expect(page.get_by_label("Принять")).to_be_disabled()
    await expect(page.get_by_role("button", name="Загрузка")).to_have_count(0)
    await page.get_by_label("Утверждённый ответ, по-русски").fill("Скажу, где заявка и кто её исполняет.")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_text("Сохранено, версия 2")).to_be_visible()


async def test_an_operator_has_no_administration(served: Served) -> None:
    page = await at(served, "/admin/classifier", "petrova")
    await expect(page).to_have_url(re.compile("/desk$"))
    await expect(page.locator("nav.rail")).not_to_contain_text("Админ")


async def test_what_does_not_load_says_so_and_is_repeated(served: Served) -> None:
    await served.sign_in("admin")
    broken = "**/api/v1/classifier/tree"
    problem = {"type": "x", "title": "x", "status": 503, "detail": "", "code": "store-busy", "errors": []}
    await served.page.route(broken, lambda route: route.fulfill(status=500, json=problem))
    page = await served.open("/admin/classifier")
    await expect(page.get_by_role("alert")).to_contain_text("Не загрузилось")
    await page.unroute(broken)
    await page.get_by_role("button", name="Повторить").click()
    await expect(page.get_by_role("treeitem").first).to_be_visible()


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(1280, "light", "ru"), (1600, "dark", "en"), pytest.param(1280, "dark", "ru", marks=pytest.mark.long)],
)
async def test_every_page_of_the_classifier_is_readable(served: Served, width: int, scheme: Any, language: str) -> None:
    page = served.page
    await page.set_viewport_size({"width": width, "height": 900})
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.add_init_script(f"localStorage.setItem('callengine.language', '{language}')")
    await served.sign_in("admin")
    wrong: list[str] = []
    for path, sign in PAGES:
        await served.open(f"/admin/classifier{path}")
        await page.locator(sign).first.wait_for()
        wrong += await look(page, path)
    text = (await export(served)).replace(";Запах газа;", ";Запах газа в доме;").replace(";Лифт не работает;", ";;")
    await served.open("/admin/classifier/import")
    await page.locator("input[type=file]").set_input_files(file(text))
    await page.locator(".diffitem").first.wait_for()
    wrong += await look(page, "differences")
    assert wrong == []


PAGES = [
    ("", "[role=treeitem]"),
    ("/entries/OTO-02", ".questionbox"),
    ("/entries/ORG-01", ".questionbox"),
    ("/new/entry", ".formfoot"),
    ("/groups/HVS", ".grid2"),
    ("/versions", ".diffitem"),
    ("/import", ".dropzone"),
    ("/terms/1", ".face-of-list"),
]
