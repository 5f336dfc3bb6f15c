"""Templates of notices: the fields of each kind, what is wrong with a text in words, and a text filled in; pure.

A field is written as {number}. The shipped texts stand in texts.py; an administrator's own stand in the database.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callengine.errors import Refused
from callengine.notices.model import Channel

LINK = "\ue000"  # where the resident's link comes: it is made at the sending and never kept
MOST_TEXT, MOST_SUBJECT, MOST_VALUE = 2000, 150, 500
_FIELD = re.compile(r"\{([a-z_]+)\}")
_STRAY = re.compile(r"[{}]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ue000]+")


class FieldMissing(Refused):
    """A template has a field that nobody filled in."""

    code = "field-missing"


@dataclass(frozen=True, slots=True)
class Blank:
    """A field: what it is and what it may look like, in both languages."""

    ru: str
    en: str
    sample_ru: str
    sample_en: str

    def means(self, language: str) -> str:
        return self.ru if language == "ru" else self.en

    def sample(self, language: str) -> str:
        return self.sample_ru if language == "ru" else self.sample_en


@dataclass(frozen=True, slots=True)
class Text:
    """What goes out; only letters and pushes have a subject."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of notice: where it goes, what may stand in it, and what must."""

    channels: tuple[Channel, ...]
    fields: tuple[str, ...]
    required: tuple[str, ...]
    ru: Text
    en: Text

    def shipped(self, language: str) -> Text:
        return self.ru if language == "ru" else self.en


BLANKS: Mapping[str, Blank] = {
    "number": Blank("номер заявки", "the ticket's number", "26-000123", "26-000123"),
    "address": Blank("адрес", "the address", "ул. Мира, 12", "12 Mira street"),
    "place": Blank("адрес с квартирой", "the address with the flat", "ул. Мира, 12, кв. 45", "12 Mira street, flat 45"),
    "premise": Blank("квартира", "the flat", "кв. 45", "flat 45"),
    "problem": Blank("что случилось", "what happened", "Течь трубы холодной воды", "A cold water pipe leaks"),
    "urgency": Blank("срочность", "the urgency", "Авария", "Emergency"),
    "due": Blank("срок устранения", "when it is to be fixed", "22.11.2026 14:30", "22.11.2026 14:30"),
    "localise": Blank("срок локализации", "when it is to be localised", "22.11.2026 12:00", "22.11.2026 12:00"),
    "registered": Blank("когда зарегистрирована", "when it was registered", "22.11.2026 11:30", "22.11.2026 11:30"),
    "organisation": Blank("кто отвечает", "who answers for it", "УК «Заречье»", "Zarechye"),
    "executor": Blank("исполнитель", "the executor", "Фомин Илья", "Ilya Fomin"),
    "link": Blank("ссылка жителя", "the resident's link", "https://desk.example/r/…", "https://desk.example/r/…"),
    "about": Blank("о чём напоминание", "what the reminder is about", "срок устранения прошёл", "the fix term passed"),
    "accept": Blank("срок принятия", "when it is to be accepted", "22.11.2026 11:40", "22.11.2026 11:40"),
    "why": Blank("причина", "the reason", "ждём деталь", "a part is on its way"),
    "news": Blank("что нового", "what is new", "работа выполнена", "the job is done"),
    "reason": Blank("почему не ушло", "why it did not go", "почтовый сервер отказал", "the mail server refused"),
    "until": Blank("до какого времени", "until when", "22.11.2026 18:00", "22.11.2026 18:00"),
}


def fields_of(shape: Shape, language: str) -> dict[str, str]:
    """The fields of a kind with their meanings."""
    return {name: BLANKS[name].means(language) for name in shape.fields}


def samples(shape: Shape, language: str) -> dict[str, str]:
    return {name: BLANKS[name].sample(language) for name in shape.fields}


# --- is it right? -------------------------------------------------------------------------------------------


def problems(shape: Shape, channel: Channel, written: Text, language: str) -> list[dict[str, Any]]:
    """What is wrong with a template, each with its pointer, in the language of who wrote it; [] when nothing is."""
    ru = language == "ru"
    found = [
        *_of_text(shape, "#/text", written.text, MOST_TEXT, ru),
        *_of_text(shape, "#/subject", written.subject, MOST_SUBJECT, ru),
    ]
    if not written.text.strip():
        found.append(_wrong("#/text", "напишите текст" if ru else "write a text"))
    if channel is Channel.EMAIL and not written.subject.strip():
        found.append(_wrong("#/subject", "у письма должна быть тема" if ru else "a letter needs a subject"))
    if any(not char.isprintable() for char in written.subject):
        found.append(_wrong("#/subject", "тема — одна строка" if ru else "a subject is one line"))
    used = {*_FIELD.findall(written.text), *_FIELD.findall(written.subject)}
    for name in shape.required:
        if name not in used and written.text.strip():
            means = BLANKS[name].means(language)
            words = f"нет поля {{{name}}} ({means}): без него сообщение не имеет смысла"
            words_en = f"the field {{{name}}} ({means}) is missing: without it the message means nothing"
            found.append(_wrong("#/text", words if ru else words_en))
    return found


def _of_text(shape: Shape, pointer: str, text: str, most: int, ru: bool) -> list[dict[str, Any]]:
    found = []
    for name in dict.fromkeys(_FIELD.findall(text)):
        if name not in shape.fields:
            found.append(_wrong(pointer, _unknown(name, shape, ru)))
    if _STRAY.search(_FIELD.sub("", text)):
        words = "скобка { или } сама по себе: поле пишется как {number}"
        found.append(_wrong(pointer, words if ru else "a { or } by itself: a field is written as {number}"))
    if LINK in text:
        found.append(_wrong(pointer, "символ U+E000 занят" if ru else "the character U+E000 is taken"))
    if len(text) > most:
        found.append(_wrong(pointer, f"не длиннее {most} знаков" if ru else f"at most {most} characters"))
    return found


def _unknown(name: str, shape: Shape, ru: bool) -> str:
    near = difflib.get_close_matches(name, shape.fields, 1)
    every = ", ".join("{" + one + "}" for one in shape.fields)
    if ru:
        return f"поля {{{name}}} нет" + (f"; может быть, {{{near[0]}}}?" if near else "") + f" Есть: {every}"
    return f"there is no field {{{name}}}" + (f"; did you mean {{{near[0]}}}?" if near else "") + f" There are: {every}"


def _wrong(pointer: str, detail: str) -> dict[str, Any]:
    return {"pointer": pointer, "detail": detail}


# --- filled in ----------------------------------------------------------------------------------------------


def fill(written: Text, values: Mapping[str, str]) -> Text:
    """The text with its fields filled in, the subject on one line. Raises FieldMissing.

    A value is anybody's words: it brings no line of a header, no control character, and no field of its own.
    """
    subject = " ".join(_filled(written.subject, values).split())
    return Text(subject[:MOST_SUBJECT], _filled(written.text, values).strip())


def _filled(text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if not values.get(name, "").strip():
            raise FieldMissing(
                f"the template has {{{name}}}, and this notice has nothing to put there", field=f"{{{name}}}"
            )
        return values[name] if values[name] == LINK else tidy(values[name])

    return _FIELD.sub(value, text)


def tidy(value: str) -> str:
    """Anybody's words on one line, at most MOST_VALUE characters."""
    return " ".join(_CONTROL.sub(" ", value).split())[:MOST_VALUE]


def with_link(text: str, link: str) -> str:
    return text.replace(LINK, link)


def shown(text: str) -> str:
    """As a screen may have it: the link is nobody's but the resident's."""
    return text.replace(LINK, "https://…")
