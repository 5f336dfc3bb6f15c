"""Templates: a text without its field is refused in words, a hostile value stays a value, a preview tells it all."""

from __future__ import annotations

import pytest

from callengine.access.model import Principal
from callengine.clock import ManualClock
from callengine.config import Settings
from callengine.errors import Refused
from callengine.notices.model import Channel, Kind
from callengine.notices.service import NoticesService
from callengine.notices.templates import LINK, FieldMissing, Text, fill, problems, samples
from callengine.notices.texts import SHAPES
from callengine.store.database import Store

ORLOVA = Principal(2, "supervisor", None, "Орлова Ирина", None)


@pytest.fixture
def service(store: Store, clock: ManualClock) -> NoticesService:
    return NoticesService(store, clock, Settings())


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_shipped_text_is_right_by_our_own_rules(kind: Kind, language: str) -> None:
    shape = SHAPES[kind]
    for channel in shape.channels:
        assert problems(shape, channel, shape.shipped(language), language) == []
    done = fill(shape.shipped(language), samples(shape, language))
    assert "{" not in done.text + done.subject and done.text


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_shipped_sms_costs_at_most_three_parts_in_russian_and_two_in_english(language: str) -> None:
    from callengine.notices.segments import split

    for shape in SHAPES.values():
        if Channel.SMS in shape.channels:
            text = fill(shape.shipped(language), samples(shape, language)).text
            assert len(split(text).parts) <= (3 if language == "ru" else 2), text


def test_a_field_that_is_not_there_is_named_and_the_nearest_one_offered() -> None:
    shape = SHAPES[Kind.DONE]
    [wrong] = problems(shape, Channel.SMS, Text("", "{numbr} {number} {link}"), "en")
    assert wrong["pointer"] == "#/text"
    assert "no field {numbr}" in wrong["detail"] and "{number}?" in wrong["detail"]
    [wrong] = problems(shape, Channel.SMS, Text("", "{numbr} {number} {link}"), "ru")
    assert "поля {numbr} нет" in wrong["detail"]


def test_a_field_without_which_a_message_means_nothing_must_be_there() -> None:
    [wrong] = problems(SHAPES[Kind.DONE], Channel.SMS, Text("", "Заявка {number} выполнена"), "ru")
    assert "нет поля {link}" in wrong["detail"] and "ссылка жителя" in wrong["detail"]


@pytest.mark.parametrize(
    ("channel", "written", "words"),
    [
        (Channel.SMS, Text("", "{number} {link} {"), "by itself"),
        (Channel.SMS, Text("", "{number} {link} {Number}"), "by itself"),
        (Channel.SMS, Text("", ""), "write a text"),
        (Channel.SMS, Text("", "{number} {link}" + "x" * 2000), "at most"),
        (Channel.EMAIL, Text("", "{number} {link}"), "needs a subject"),
        (Channel.EMAIL, Text("a\nBcc: b", "{number} {link}"), "one line"),
        (Channel.SMS, Text("", "{number} {link}" + LINK), "taken"),
    ],
)
def test_what_is_wrong_with_a_template_is_told_in_words(channel: Channel, written: Text, words: str) -> None:
    assert any(words in one["detail"] for one in problems(SHAPES[Kind.DONE], channel, written, "en"))


def test_a_value_is_anybodys_words_and_becomes_neither_a_line_nor_a_field() -> None:
    done = fill(Text("{problem}", "{problem}"), {"problem": "вода\r\nBcc: all@city.test\x00 {link}" + LINK})
    assert done.subject == done.text == "вода Bcc: all@city.test {link}"


def test_a_value_that_is_not_there_is_an_error_in_words_and_no_hole_in_a_text() -> None:
    with pytest.raises(FieldMissing, match=r"\{due\}"):
        fill(Text("", "{number} {due}"), {"number": "26-000001", "due": " "})


async def test_a_template_is_kept_with_who_wrote_it_and_an_empty_one_brings_the_shipped_back(
    service: NoticesService, store: Store, clock: ManualClock
) -> None:
    mine = Text("", "Готово: {number}, оцените {link}")
    kept = await service.put_template(Kind.DONE, Channel.SMS, "ru", mine, ORLOVA, reader="ru")
    assert (kept.own, kept.changed_by, kept.text) == (True, "Орлова Ирина", mine)
    assert [one.text for one in await service.templates() if one.own] == [mine]
    again = Text("", "Готово {number} {link}")
    await service.put_template(Kind.DONE, Channel.SMS, "ru", again, ORLOVA, reader="ru")
    assert [one.text for one in await service.templates() if one.own] == [again]
    await service.put_template(Kind.DONE, Channel.SMS, "ru", Text("", " "), ORLOVA, reader="ru")
    assert [one.text for one in await service.templates() if one.own] == []


async def test_a_template_without_its_field_is_refused_and_the_old_one_stays(service: NoticesService) -> None:
    with pytest.raises(Refused) as refused:
        await service.put_template(Kind.DONE, Channel.SMS, "ru", Text("", "Готово"), ORLOVA, reader="ru")
    assert "нет поля {link}" in refused.value.detail
    assert {one["pointer"] for one in refused.value.extra["errors"]} == {"#/text"}
    assert not any(one.own for one in await service.templates())


async def test_a_kind_is_not_told_by_a_channel_that_it_has_not(service: NoticesService) -> None:
    with pytest.raises(Refused, match="push, sms, email"):
        await service.put_template(Kind.DONE, Channel.CALL, "ru", Text("а", "б"), ORLOVA, reader="en")


async def test_a_preview_shows_the_text_its_price_and_its_faults_in_each_language(service: NoticesService) -> None:
    shown = await service.preview(Kind.DONE, Channel.SMS, "ru", None, reader="ru")
    assert "26-000123" in shown.text.text and shown.problems == ()
    assert (shown.coding, shown.parts) == ("ucs2", 2) and shown.units == len(shown.text.text)
    english = await service.preview(Kind.DONE, Channel.SMS, "en", None, reader="ru")
    assert (english.coding, english.parts) == ("ucs2", 2)  # the sample link has an ellipsis
    wrong = await service.preview(Kind.DONE, Channel.SMS, "ru", Text("", "{nmber} вот {link}"), reader="ru")
    assert "{nmber}" in wrong.text.text and len(wrong.problems) == 2
    letter = await service.preview(Kind.CRITICAL, Channel.EMAIL, "en", None, reader="en")
    assert letter.parts == 0 and letter.text.subject.startswith("Emergency: A cold water pipe leaks")
