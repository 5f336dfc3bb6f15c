"""Russian text as it is said: dates, times, addresses, sums, telephones, abbreviations. Pure; each pass is one rule.

The order of the passes matters: what is longer and surer comes first (a telephone before a number).
"""
# ruff: noqa: E501 - tables of forms and patterns are read by the row

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import cast

from callengine.speech.numerals import (
    NOUNS,
    Case,
    Gender,
    cardinal,
    counted,
    decimal,
    form,
    ordinal,
    speakable,
    written,
)

Match = re.Match[str]

MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря")  # fmt: skip
_MONTH = "|".join(MONTHS)
_GENITIVE = {
    "до", "от", "с", "со", "из", "без", "для", "около", "после", "более", "менее", "свыше", "ранее", "раньше", "позднее", "позже",
    "больше", "меньше", "течение", "кроме", "у", "не",
}  # fmt: skip
_DATIVE, _INSTRUMENTAL, _ACCUSATIVE = {"к", "ко"}, {"между", "перед", "над"}, {"в", "во", "на", "за", "через", "по"}
_NEAR = 60  # characters of the neighbourhood that decide a case
LETTERS = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщэюя",
        "а бэ вэ гэ дэ е ё жэ зэ и й ка эль эм эн о пэ эр эс тэ у эф ха цэ че ша ща э ю я".split(),
        strict=True,
    )
)


def normalise(text: str) -> str:
    """Words alone, as far as we know them; what is not known stays as it is. Saying it twice changes nothing."""
    text = _one_script(written(text))
    text = re.sub(r"(?<=\d)\s?[\"″](?!\w)", " дюйма", text) if re.search(r"\d/\d\s?[\"″]", text) else text
    text = re.sub(r"[«»“”„\"″]", "", text)
    if _shouts(text):
        text = re.sub(r"[А-ЯЁ]+", lambda m: m[0] if m[0] in _SHORT else m[0].lower(), text)
    for pattern, rule in _PASSES:
        text = pattern.sub(rule, text)
    text = re.sub(r"(?<=[а-яё])([,;:])(?=[а-яё])", r"\1 ", speakable(cyrillic(text)), flags=re.IGNORECASE)
    text = re.sub(r"\s+([,.!?;:])", r"\1", re.sub(r"\s{2,}", " ", text))
    return re.sub(r"([,;:])(?=[,.;:!?])", "", text).strip()


# Latin letters that look like Russian ones: they come from keyboards that were not switched over in time.
_ALIKE = str.maketrans("AaBCcEeHKkMmOoPpTXxyY", "АаВСсЕеНКкМмОоРрТХхуУ")


def _one_script(text: str) -> str:
    """«Москвa» with a Latin letter, and «12A», in Russian letters throughout; words wholly Latin stay."""

    def rule(match: Match) -> str:
        word = match[0]
        mixed = re.search(r"[а-яё]", word, re.IGNORECASE) and re.search(r"[a-z]", word, re.IGNORECASE)
        if mixed:
            return re.sub(r"[A-Za-z]", lambda one: _as_written(one[0]), word.translate(_ALIKE))
        return word.translate(_ALIKE) if re.fullmatch(r"\d+[A-Za-z](?:\d+[A-Za-z]?)?", word) else word

    return re.sub(r"[A-Za-zА-Яа-яЁё\d]+", rule, text)


def _case(match: Match, default: Case = "n") -> Case:
    """The case that the word before asks for."""
    word = _before(match)
    if word in _GENITIVE:
        return "g"
    if word in _DATIVE:
        return "d"
    if word in _INSTRUMENTAL:
        return "i"
    return "a" if word in _ACCUSATIVE else default


def _before(match: Match) -> str:
    # A word is never so long: all that was written before need not be looked through again for each number.
    near = match.string[max(0, match.start() - _NEAR) : match.start()].lower()
    found = re.search(r"([а-яё]+)\s*$", re.sub(r"\s(?:минус|плюс)\s*$|[-−+]$", " ", near))
    return found[1] if found else ""


# --- dates and times ---------------------------------------------------------------------------------------


def date(day: int, month: int, year: int | None = None, case: Case = "g") -> str:
    """«двадцать второго ноября две тысячи двадцать шестого года»."""
    said = f"{ordinal(day, 'ru', case=case, gender='n')} {MONTHS[month - 1]}"
    return said if year is None else f"{said} {ordinal(year, 'ru', case='g')} года"


def time(hour: int, minute: int, case: Case = "n") -> str:
    """«девять часов пять минут»; with case "g" «девяти часов пяти минут»."""
    said = counted(hour, "hour", "ru", case=case)
    return f"{said} {counted(minute, 'minute', 'ru', case=case)}" if minute else said


def _date_case(match: Match) -> Case:
    # «отключат 25 ноября» says when, and that is the genitive; «на 25 ноября», «по 25 ноября» the accusative.
    return "n" if _before(match) in ("сегодня", "это") else _case(match, "g")


def _full_date(match: Match) -> str:
    day, month, year = int(match["d"]), int(match["m"]), match["y"]
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return match[0]
    full = None if year is None else int(year) if len(year) == 4 else 2000 + int(year)
    return date(day, month, full, _date_case(match))


def _iso_date(match: Match) -> str:
    return date(int(match[3]), int(match[2]), int(match[1]), _date_case(match))


def _month_date(match: Match) -> str:
    if not 1 <= int(match["d"]) <= 31:
        return match[0]
    case = _date_case(match)
    said = f"{ordinal(int(match['d']), 'ru', case=case, gender='n')} {match['m']}"
    return f"{said} {ordinal(int(match['y']), 'ru', case='g')} года" if match["y"] else said


def _year(match: Match) -> str:
    word = match[2].lower()
    case: Case = {"год": "n", "года": "g", "г.": "g", "г": "g", "годом": "i", "годе": "p"}.get(word, "p")  # type: ignore[assignment]
    if word == "году" and _before(match) in _DATIVE:
        case = "d"
    return f"{ordinal(int(match[1]), 'ru', case=case)} {'года' if word in ('г.', 'г') else match[2]}"


def _years(match: Match) -> str:
    """«в 2025-2026 гг.», «2025-2026 годы»."""
    case: Case = "p" if _before(match) in ("в", "во") else "g" if _before(match) in _GENITIVE else "n"
    years = {"p": "годах", "g": "годов"}.get(case, "годы")
    return f"{ordinal(int(match[1]), 'ru', case=case)}, {ordinal(int(match[2]), 'ru', case=case)} {years}"


_WEEK = {
    "пн": ("понедельник", "понедельника"), "вт": ("вторник", "вторника"), "ср": ("среду", "среды"), "чт": ("четверг", "четверга"),
    "пт": ("пятницу", "пятницы"), "сб": ("субботу", "субботы"), "вс": ("воскресенье", "воскресенья"),
}  # fmt: skip
_ONE_DAY = {"ср": "среда", "пт": "пятница", "сб": "суббота"}


def _week(match: Match) -> str:
    """«пн-пт» -> «с понедельника по пятницу»."""
    said = f"{_WEEK[match[1].lower()][1]} по {_WEEK[match[2].lower()][0]}"
    return said if _before(match) in ("с", "со") else f"{'со' if said[:2] == 'вт' else 'с'} {said}"


def _weekday(match: Match) -> str:
    day = match[1].lower()
    return _WEEK[day][1] if _before(match) in _GENITIVE else _ONE_DAY.get(day, _WEEK[day][0])


def _weekday_hours(match: Match) -> str:
    """«с понедельника по пятницу 9-18»."""
    begins, ends = int(match[2]), int(match[3])
    if max(begins, ends) > 24:
        return match[0]
    return f"{match[1]}с {cardinal(begins, 'ru', case='g')} до {cardinal(ends, 'ru', case='g')}"


def _short_date(match: Match) -> str:
    """«понедельник, 23.11», «01.12»: a nought in front, or a day of the week, makes it a date."""
    day, month = int(match["d"]), int(match["m"])
    after_weekday = _before(match).startswith(tuple(_DAYS)) or re.search(
        r"(?:ник|среда|среду|четверг|пятниц.|суббот.|воскресенье),\s*$", match.string[: match.start()][-_NEAR:]
    )
    if not (1 <= day <= 31 and 1 <= month <= 12) or not (match["d"][0] == "0" or match["m"][0] == "0" or after_weekday):
        return match[0]
    return date(day, month, None, _date_case(match))


_DAYS = ("понедельник", "вторник", "сред", "четверг", "пятниц", "суббот", "воскресень")


def _clock(match: Match) -> str:
    hour, minute = int(match["h"]), int(match["m"])
    if hour > 24 or minute > 59:
        return match[0]
    return time(hour, minute, _case(match))


def _from_to(match: Match) -> str:
    begins, ends = (int(match[1]), int(match[2])), (int(match[3]), int(match[4]))
    if max(begins[0], ends[0]) > 24 or max(begins[1], ends[1]) > 59:
        return match[0]
    word = "" if _before(match) in ("с", "со") else "с "
    return f"{word}{time(*begins, 'g')} до {time(*ends, 'g')}"


def _between(match: Match) -> str:
    begins, ends = (int(match[1]), int(match[2])), (int(match[3]), int(match[4]))
    if max(begins[0], ends[0]) > 24 or max(begins[1], ends[1]) > 59:
        return match[0]
    return f"{match[0].split()[0]} {time(*begins, 'i')} и {time(*ends, 'i')}"


def _dotted(match: Match) -> str:
    """«до 22.11» is a day, «в 9.30» an hour: the preposition and the numbers decide."""
    word, first, second = match[1].lower(), int(match[2]), int(match[3])
    is_day = 1 <= first <= 31 and 1 <= second <= 12 and len(match[3]) == 2
    is_hour = first <= 24 and second <= 59
    case = {"к": "d", "ко": "d", "в": "a", "на": "a", "по": "a"}.get(word, "g")
    if is_day and (not is_hour or word not in ("в", "к", "ко")):
        return f"{match[1]} {date(first, second, None, cast(Case, case))}"
    return f"{match[1]} {time(first, second, cast(Case, case))}" if is_hour else match[0]


# --- numbers of things -------------------------------------------------------------------------------------


def digits(text: str) -> str:
    return " ".join(cardinal(int(d), "ru") for d in text if d.isdecimal())


def group(text: str) -> str:
    """Some digits of a longer number: leading zeros are said."""
    zeros = len(text) - len(text.lstrip("0"))
    said = ["ноль"] * zeros
    if rest := text[zeros:]:
        said.append(cardinal(int(rest), "ru"))
    return " ".join(said)


def grouped(text: str, size: int = 3) -> str:
    return ", ".join(group(text[i : i + size]) for i in range(0, len(text), size))


def ticket_number(text: str) -> str:
    """26-000123 -> «двадцать шесть, ноль ноль ноль, сто двадцать три»: as it is written down on hearing."""
    return ", ".join(grouped(part) if len(part) > 3 else group(part) for part in re.findall(r"\d+", text))


def telephone(text: str) -> str:
    """+7 496 575-12-12 -> «плюс семь, четыреста девяносто шесть, пятьсот семьдесят пять, двенадцать, двенадцать»."""
    plus, groups = text.strip().startswith("+"), re.findall(r"\d+", text)
    if len(groups) < 3:
        groups = _dictated("".join(groups))
    return ("плюс " if plus else "") + ", ".join(group(part) for part in groups)


def _dictated(number: str) -> list[str]:
    """An unbroken number in groups: country, town, then three and twos."""
    if len(number) <= 3:
        return [number]
    sizes = {10: (3, 3, 2, 2), 11: (1, 3, 3, 2, 2), 12: (3, 2, 3, 2, 2)}.get(len(number), ())
    if not sizes:
        odd = 3 if len(number) % 2 else 2
        sizes = (odd, *[2] * ((len(number) - odd) // 2))
    found = []
    for size in sizes:
        found.append(number[:size])
        number = number[size:]
    return found


def money(whole: int, part: int, case: Case = "n", names: tuple[str, str] = ("rouble", "kopeck")) -> str:
    said = counted(whole, names[0], "ru", case=case)
    return f"{said} {counted(part, names[1], 'ru', case=case)}" if part and names[1] else said


def _money(match: Match) -> str:
    whole = int(re.sub(r"\s", "", match["w"]))
    part = int((match["p"] or "0").ljust(2, "0"))
    if match["k"]:
        part = int(match["k"])
    unit = match["u"].lower()
    names = ("tenge", "") if unit[0] in "т₸" else ("sum", "") if unit.startswith("сум") else ("rouble", "kopeck")
    case = _case(match)
    return money(whole, part, case, names) + (" " + match["more"].lower() if match["more"] else "")


def _kopecks(match: Match) -> str:
    return counted(int(match[1]), "kopeck", "ru", case=_case(match))


_UNITS: Mapping[str, str] = {
    "°с": "degree", "°c": "degree", "°": "degree", "%": "percent", "м³": "cubic metre", "м3": "cubic metre", "куб.м": "cubic metre",
    "куб": "cubic metre", "м²": "square metre", "м2": "square metre", "кв.м": "square metre", "см": "centimetre", "мм": "millimetre",
    "км": "kilometre", "м": "metre", "л": "litre", "кг": "kilogram", "квт·ч": "kilowatt-hour", "квт*ч": "kilowatt-hour",
    "квтч": "kilowatt-hour", "квт-ч": "kilowatt-hour", "квт": "kilowatt", "кв": "kilovolt", "гкал": "gigacalorie", "в": "volt", "а": "ampere",
    "атм": "atmosphere", "га": "hectare",
    "ч": "hour", "час": "hour", "мин": "minute", "сек": "second", "с": "second", "дн": "day", "мес": "month", "чел": "person",
}  # fmt: skip


def _measured(match: Match) -> str:
    noun = _UNITS.get(re.sub(r"[\s.]*$", "", re.sub(r"\.\s+", ".", match["u"].lower())), "")
    if not noun:
        return match[0]
    number = match["n"].replace("−", "-")
    minus = "минус " if number.startswith("-") else "плюс " if number.startswith("+") else ""
    number = number.lstrip("+-")
    # The dot of an abbreviation at the end is the sentence's too.
    ends = match.string[match.end() :].strip() == "" or re.match(r"\s+[А-ЯЁ]", match.string[match.end() :]) is not None
    dot = "." if match["u"].endswith(".") and ends else ""
    if "," in number or "." in number:
        case = _case(match)
        if (said := one_and_a_half(number, NOUNS[noun].gender, case)) and not minus:
            return f"{said} {NOUNS[noun].singular['g'].replace('_', ' ') if case in 'na' else form(NOUNS[noun], 5, case)}{dot}"
        return f"{minus}{decimal(number, 'ru', case)} {form(NOUNS[noun], 2)}{dot}"
    if re.search(r"[-–—]", number):
        low, high = re.split(r"\s?[-–—]\s?", number)
        gender, case = NOUNS[noun].gender, _case(match)
        case = case if case in ("g", "d", "i") else "n"
        said = f"{cardinal(int(low), 'ru', case=case, gender=gender)} {cardinal(int(high), 'ru', case=case, gender=gender)}"
        return f"{said} {form(NOUNS[noun], int(high), case)}{dot}"
    return f"{minus}{counted(int(number), noun, 'ru', case=_case(match))}{dot}"


# --- addresses ---------------------------------------------------------------------------------------------

_PLACES: tuple[tuple[str, str], ...] = (
    (r"просп\.|пр-к?т[аеу]?\.?|пр\.(?=\s*(?:[А-ЯЁ]|\d+-))", "проспект"),
    (r"пр-д\.?", "проезд"),
    (r"ул\.|ул(?=\s+[А-ЯЁ])", "улица"),
    (r"б-р\.?|бул\.|бульв\.", "бульвар"),
    (r"пер\.", "переулок"),
    (r"пл\.(?=\s*(?:[А-ЯЁ]|тысяча))", "площадь"),
    (r"наб\.", "набережная"),
    (r"туп\.", "тупик"),
    (r"ш\.", "шоссе"),
    (r"мкр-н\.?|мкрн?\.|м-н\.?", "микрорайон"),
    (r"кв-л\.?", "квартал"),
    (r"р-н\.?", "район"),
    (r"обл\.", "область"),
    (r"пос\.|п\.(?=\s*[А-ЯЁ])", "посёлок"),
    (r"дер\.|д\.(?=\s*[А-ЯЁ][а-яё])", "деревня"),
    (r"с\.(?=\s*[А-ЯЁ][а-яё])", "село"),
    (r"г\.(?=\s*[А-ЯЁ])", "город"),
    (r"им\.(?=\s*[А-ЯЁ])", "имени"),
    (r"корп\.|к\.(?=\s*\d)", "корпус"),
    (r"стр\.(?=\s*(?:номер\s*)?\d)", "строение"),
    (r"вл\.(?=\s*\d)|влд\.?(?=\s*\d)", "владение"),
    (r"под\.(?=\s*(?:номер\s*)?\d)|п\.(?=\s*(?:номер\s*)?\d)", "подъезд"),
    (r"эт\.(?=\s*(?:номер\s*)?\d)", "этаж"),
    (r"кв\.(?=\s*(?:номер\s*)?\d)", "квартира"),
    (r"пом\.(?=\s*\d)", "помещение"),
    (r"оф\.(?=\s*\d)", "офис"),
    (r"комн\.(?=\s*\d)|ком\.(?=\s*\d)", "комната"),
    (r"лит\.", "литера"),
    (r"д\.(?=\s*(?:номер\s*)?\d)", "дом"),
)


def _same(said: str) -> Callable[[Match], str]:
    def rule(match: Match) -> str:
        # «ул.» at the beginning of a sentence keeps its capital, and the text its distance from the next word.
        word = said.capitalize() if match[0][:1].isupper() and said[:1].islower() else said
        return word + (" " if match.string[match.end() : match.end() + 1].strip() else "")

    return rule


_STEMS_OF: Mapping[str, tuple[str, str]] = {  # stem and endings of g, d, i, p; the rest adds the ending to the word
    "улица": ("улиц", "ы е ей е"), "площадь": ("площад", "и и ью и"), "набережная": ("набережн", "ой ой ой ой"),
    "область": ("област", "и и ью и"), "деревня": ("деревн", "и е ей е"), "литера": ("литер", "ы е ой е"),
    "квартира": ("квартир", "ы е ой е"), "комната": ("комнат", "ы е ой е"), "село": ("сел", "а у ом е"),
    "строение": ("строени", "я ю ем и"), "владение": ("владени", "я ю ем и"), "помещение": ("помещени", "я ю ем и"),
    "переулок": ("переулк", "а у ом е"), "посёлок": ("посёлк", "а у ом е"),
}  # fmt: skip
_UNCHANGED = {"шоссе", "имени"}


def _place(said: str) -> Callable[[Match], str]:
    plain = _same(said)

    def rule(match: Match) -> str:
        before = _before(match)
        if said in _UNCHANGED or not before or re.search(r"[а-яё]\s*$", match.string[: match.start()].lower()) is None:
            return plain(match)
        case = "d" if before == "по" else _place_case(before)
        if not case:
            return plain(match)
        stem, endings = _STEMS_OF.get(said, (said, "а у ом е"))
        return _same(stem + endings.split()["gdip".index(case)])(match)

    return rule


def _place_case(before: str) -> str:
    if before in ("на", "в", "во", "при"):
        return "p"  # where it is; «в квартиру» is told by nothing but the verb
    if before in _GENITIVE or before in ("возле", "напротив", "вдоль"):
        return "g"
    return "d" if before in _DATIVE else "i" if before in _INSTRUMENTAL else ""


def _flats(match: Match) -> str:
    low, high = (ordinal(int(n), "ru", case=c, gender="f") for n, c in ((match[1], "g"), (match[2], "a")))
    return f"квартиры с {low} по {high}"


def house(text: str) -> str:
    """5к2 -> «пять, корпус два»; 12/1 -> «двенадцать дробь один»; 14а -> «четырнадцать а»."""
    said: list[str] = []
    for part in re.findall(r"\d+|[А-Яа-яЁё]+|/", text):
        if part[0].isdecimal():
            said.append(cardinal(int(part), "ru"))
        elif part == "/":
            said.append("дробь")
        elif part.lower() in ("к", "корп") and said and not text.lower().endswith(part.lower()):
            said[-1:] = [f"{said[-1]},", "корпус"]
        elif part.lower() in ("с", "стр") and said and not text.lower().endswith(part.lower()):
            said[-1:] = [f"{said[-1]},", "строение"]
        else:
            said += [LETTERS.get(letter, letter) for letter in part.lower()]
    return " ".join(said)


def _anniversary(match: Match) -> str:
    number = int(match[1])
    if number == 1000:
        return f"тысяче{match[2].lower()}"
    tens = number // 100
    # «двадцатиоднолетие», but «девяностолетие», «столетие»: these three do not bend.
    root = cardinal(number, "ru", case="g")
    root = root.replace("одного", "одно").replace("девяноста", "девяносто")
    root = re.sub(r"\bста\b", "сто", root).replace(" ", "") if tens else root.replace(" ", "")
    return f"{root}{match[2].lower()}"


# --- ordinals ----------------------------------------------------------------------------------------------

_SUFFIXES: Mapping[str, tuple[Case, Gender]] = {
    "й": ("n", "m"), "ый": ("n", "m"), "ий": ("n", "m"), "я": ("n", "f"), "ая": ("n", "f"), "е": ("n", "n"), "ое": ("n", "n"),
    "го": ("g", "m"), "ого": ("g", "m"), "му": ("d", "m"), "ому": ("d", "m"), "м": ("p", "m"), "ом": ("p", "m"), "ым": ("i", "m"),
    "ю": ("a", "f"), "ую": ("a", "f"), "ой": ("g", "f"), "ей": ("g", "f"),
}  # fmt: skip
# Nouns that follow an ordinal even without its suffix: stem, gender. Endings tell the case.
_ORDERED: Mapping[str, Gender] = {
    "этаж": "m", "подъезд": "m", "квартал": "m", "микрорайон": "m", "век": "m", "этап": "m", "вход": "m", "разряд": "m", "класс": "m",
    "дом": "m", "корпус": "m", "квартир": "f", "очеред": "f", "категори": "f", "групп": "f", "степен": "f", "секци": "f", "лини": "f", "смен": "f", "бригад": "f", "зон": "f",
}  # fmt: skip
_ENDINGS: Mapping[Gender, Mapping[str, Case]] = {
    "m": {"": "n", "а": "g", "у": "d", "ом": "i", "е": "p"},
    "f": {
        "а": "n",
        "я": "n",
        "ь": "n",
        "ы": "g",
        "и": "g",
        "у": "a",
        "ю": "a",
        "ой": "i",
        "ей": "i",
        "ью": "i",
        "е": "p",
    },
    "n": {},
}
_STEMS = "|".join(_ORDERED)
_COUNTED = {"дом", "корпус", "квартир"}
_MANY: Mapping[str, tuple[Case, bool]] = {  # endings of one or of several: case, and whether it is the plural
    "": ("n", False), "ь": ("n", False), "я": ("n", False), "ы": ("n", True), "и": ("n", True), "а": ("g", False), "у": ("d", False),
    "ом": ("i", False), "е": ("p", False), "ов": ("g", True), "ей": ("g", True), "й": ("g", True), "ам": ("d", True), "ям": ("d", True),
    "ах": ("p", True), "ях": ("p", True), "ами": ("i", True), "ями": ("i", True),
}  # fmt: skip


def _listed(match: Match) -> str:
    """«1, 2 и 3 подъезды», «с 1 по 5 этаж», «на 1-2 этажах»: each number of the list is an ordinal."""
    stem, ending, gender = match["s"].lower(), match["e"].lower(), _ORDERED[match["s"].lower()]
    if ending not in _MANY:
        return match[0]
    case, several = _MANY[ending]
    before = _before(match)
    from_to = re.search(r"\sпо\s", match["l"]) is not None
    if case == "g" and not several and not from_to and before not in _GENITIVE:
        return match[0]  # «2-3 этажа» are counted
    if case == "g" and several and re.fullmatch(r"\d+\s?[-–—]\s?\d+", match["l"]):
        return match[0]  # «5-7 этажей» too
    if stem in _COUNTED and case == "n" and not from_to:
        return match[0]
    last = [case]

    def said(one: Match) -> str:
        now: Case = last[0]
        if from_to:
            now = "g" if one.start() == 0 else "a"
        elif now == "n" and before in ("на", "в", "во"):
            now = "a"
        return ordinal(int(one[0]), "ru", case=now, gender=gender)

    spoken = re.sub(r"\d+", said, match["l"])
    spoken = re.sub(r"\s?[-–—]\s?", ", " if "," not in spoken else " — ", spoken)
    return f"{spoken} {match['s']}{match['e']}"


def _suffixed(match: Match) -> str:
    number, suffix = int(match[1]), match[2].lower()
    after = match.string[match.end() : match.end() + _NEAR].lower()
    tens, last, teen = number % 100 == 0 or number >= 1000, number % 10, 10 < number % 100 < 20
    if suffix in ("ти", "и", "ми"):  # «до 5-ти», «5-ью» nobody writes
        return cardinal(number, "ru", case="i" if suffix == "ми" else "g")
    if suffix in ("х", "ых"):
        if suffix == "х" and 2 <= last <= 4 and not teen and not tens and not re.match(r"\s+год", after):
            return cardinal(number, "ru", case="g")  # «2-х часов»
        return ordinal(number, "ru", case="g", plural=True)
    if suffix in ("е", "ые") and re.match(r"\s+(?:годы|этажи|подъезды|числа|сутки|дома)(?![а-яё])", after):
        return ordinal(number, "ru", plural=True)
    if suffix in ("ой", "ей") and re.match(r"\s+[а-яё]*[^аеиоуыэюяйь\W](?![а-яё])", match.string[match.end() :]):
        return ordinal(number, "ru")  # «2-ой подъезд», as many write it
    if suffix not in _SUFFIXES:
        return match[0]
    case, gender = _SUFFIXES[suffix]
    return ordinal(number, "ru", case=case, gender=gender)


def _ordered(number: int, match: Match, stem: str, ending: str, *, may_count: bool = True) -> str | None:
    """The ordinal before such a noun, or None when the noun is counted: «2 этажа», «5 этажей»."""
    gender = _ORDERED[stem.lower()]
    found = _ENDINGS[gender].get(ending.lower())
    if found is None:
        return None
    before = _before(match)
    last, teen = number % 10, 10 < number % 100 < 20
    if may_count and found == "g" and 2 <= last <= 4 and not teen and before not in _GENITIVE:
        return None
    if gender == "f" and found == "g" and before in ("в", "во", "на", "о", "об"):
        found = "p"  # «во II очереди»
    if (stem.lower() in _COUNTED or gender == "f") and found == "n" and last == 1 and not teen and may_count:
        if stem.lower() in _COUNTED:
            return None  # «41 дом», «21 квартира»: as many of them
    if gender == "f" and found == "n" and ending == "ь" and before in ("в", "во", "на", "за"):
        found = "a"
    return ordinal(number, "ru", case=found, gender=gender)


def _before_noun(match: Match) -> str:
    if _before(match) in _NAMED:
        return match[0]  # «дом 10 корпус 2»
    said = _ordered(int(match[1]), match, match[2], match[3])
    return match[0] if said is None else f"{said} {match[2]}{match[3]}"


_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def roman(text: str) -> int | None:
    """XIV -> 14, or None when it is no Roman numeral as the Romans wrote it."""
    if not re.fullmatch(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})", text) or not text:
        return None
    values = [_ROMAN[c] for c in text] + [0]
    return sum(-v if v < after else v for v, after in pairwise(values))


def _roman(match: Match) -> str:
    number = roman(match[1])
    if number is None:
        return match[0]
    after = re.match(rf"\s+({_STEMS})([а-яё]*)(?![а-яё])", match.string[match.end() :], re.IGNORECASE)
    if after and (said := _ordered(number, match, after[1], after[2], may_count=False)):
        return said
    if re.search(r"[А-ЯЁ][а-яё]+\s$", match.string[: match.start()]):
        woman = re.search(r"[ая]\s$", match.string[: match.start()])
        return ordinal(number, "ru", gender="f" if woman else "m")  # Пётр I, Екатерина II
    return ordinal(number, "ru") if len(match[1]) > 1 else match[0]


# --- abbreviations -----------------------------------------------------------------------------------------

_PLAIN: tuple[tuple[str, str], ...] = (
    (r"и\s?т\.\s?д\.", "и так далее"),
    (r"и\s?т\.\s?п\.", "и тому подобное"),
    (r"и\s?др\.", "и другие"),
    (r"т\.\s?е\.", "то есть"),
    (r"т\.\s?к\.", "так как"),
    (r"в\s?т\.\s?ч\.", "в том числе"),
    (r"тел\.", "телефон"),
    (r"(?<!\w)с/у(?!\w)", "санузел"),
    (r"(?<!\w)24/7(?!\w)", "круглосуточно"),
    (r"(?<!\w)ч/з(?!\w)", "через"),
    (r"(?<![\w-])гр\.(?=\s*[А-ЯЁ])", "гражданин"),
    (r"№№\s*(?=\d)", "номера "),
    (r"№\s*(?=\d)|#\s*(?=\d)", "номер "),
    (r"г-ну(?!\w)", "господину"), (r"г-на(?!\w)", "господина"), (r"г-н(?!\w)", "господин"), (r"г-же(?!\w)", "госпоже"), (r"г-жа(?!\w)", "госпожа"),
    (r"доб\.(?=\s*\d)", "добавочный"),
    (r"(?<!\w)т/о(?!\w)", "техобслуживание"),
    (r"(?<!\w)СПб(?!\w)", "Санкт-Петербург"),
    (r"(?<!\w)Ø\s*(?=\d)", "диаметр"),
    (r"½", "одна вторая"), (r"¼", "одна четвёртая"), (r"¾", "три четверти"),
)  # fmt: skip
_SHORT: Mapping[str, tuple[str, ...]] = {  # nominative, genitive, dative, accusative, instrumental, prepositional
    "х/в": ("холодная вода", "холодной воды", "холодной воде", "холодную воду", "холодной водой", "холодной воде"),
    "г/в": ("горячая вода", "горячей воды", "горячей воде", "горячую воду", "горячей водой", "горячей воде"),
    "ХВС": ("холодное водоснабжение", "холодного водоснабжения", "холодному водоснабжению", "холодное водоснабжение", "холодным водоснабжением", "холодном водоснабжении"),
    "ГВС": ("горячее водоснабжение", "горячего водоснабжения", "горячему водоснабжению", "горячее водоснабжение", "горячим водоснабжением", "горячем водоснабжении"),
    "ЦО": ("центральное отопление", "центрального отопления", "центральному отоплению", "центральное отопление", "центральным отоплением", "центральном отоплении"),
    "УК": ("управляющая компания", "управляющей компании", "управляющей компании", "управляющую компанию", "управляющей компанией", "управляющей компании"),
    "АДС": ("аварийно-диспетчерская служба", "аварийно-диспетчерской службы", "аварийно-диспетчерской службе", "аварийно-диспетчерскую службу", "аварийно-диспетчерской службой", "аварийно-диспетчерской службе"),
    "ЕДС": ("единая диспетчерская служба", "единой диспетчерской службы", "единой диспетчерской службе", "единую диспетчерскую службу", "единой диспетчерской службой", "единой диспетчерской службе"),
    "МКД": ("многоквартирный дом", "многоквартирного дома", "многоквартирному дому", "многоквартирный дом", "многоквартирным домом", "многоквартирном доме"),
    "ИПУ": ("индивидуальный прибор учёта", "индивидуального прибора учёта", "индивидуальному прибору учёта", "индивидуальный прибор учёта", "индивидуальным прибором учёта", "индивидуальном приборе учёта"),
    "ОДПУ": ("общедомовой прибор учёта", "общедомового прибора учёта", "общедомовому прибору учёта", "общедомовой прибор учёта", "общедомовым прибором учёта", "общедомовом приборе учёта"),
    "ПУ": ("прибор учёта", "прибора учёта", "прибору учёта", "прибор учёта", "прибором учёта", "приборе учёта"),
}  # fmt: skip
_VERB = re.compile(r"(?:ат|ят|ут|ют|ит|ет|ли|ла|ло|но|на|ены|ть|уем|ует)$")
_WORDS_IN_CAPITALS = {"НЕ", "НА", "ДО", "ПО", "ОТ", "ИЗ", "ВЫ", "МЫ", "ОН", "ИЛИ", "И"}
_VOWELS = set("АЕЁИОУЫЭЮЯ")


def _short(match: Match) -> str:
    """ГВС in the case that its neighbours ask for: «нет ГВС», «по ГВС», «отключение ГВС», «отключат ГВС»."""
    forms = _SHORT[match[0]]
    at = match.string[max(0, match.start() - 3 * _NEAR) : match.start()].rstrip()
    while chained := re.search(rf"(?<![\w-])(?:{'|'.join(_SHORT)})\s*(?:,|\sи|\sили)$", at):
        at = at[: chained.start()].rstrip()  # «ХВС, ГВС и ЦО»: the first one tells for all
    found = re.search(r"([а-яё]+)$", at[-_NEAR:].lower())
    before = found[1] if found else ""
    if not at or at[-1] in ".!?:;—" or before in ("ооо", "ао", "зао", "пао"):
        return forms[0]
    listed = re.search(r"([А-ЯЁа-яё]+)\s+(?:[А-Яа-яё ]*(?:ие|ия|ию|ием|ии|ая|ой|ую|ии)\s*)?(?:и|или|,)\s*$", at)
    if before in ("и", "или") or at.endswith(","):
        earlier = _after_expanded(at)
        return forms[earlier] if earlier is not None else forms[0 if not listed else 1]
    if before in ("на", "о", "об", "в", "во", "при"):
        return forms[5]
    if before in ("по", "к", "ко"):
        return forms[2]
    if before in ("с", "со", "над", "за", "между", "перед"):
        return forms[4]
    if before == "через":
        return forms[3]
    if before in _GENITIVE or before in ("нет", "из-за"):
        return forms[1]
    # «жители», «цена», «машина» look like verbs and are none
    return forms[3] if _VERB.search(before) and not before.endswith(("тели", "ена", "ина")) else forms[1]


def _after_expanded(text: str) -> int | None:
    """The case of the abbreviation that was expanded just before: «нет холодного водоснабжения и ГВС»."""
    tail = re.sub(r"\s*(?:и|или|,)$", "", text)
    for forms in _SHORT.values():
        for index, said in enumerate(forms):
            if tail.endswith(said):
                return index
    return None


def _shouts(text: str) -> bool:
    """Written in capitals throughout: nothing of it is an abbreviation."""
    letters = [c for c in text if c.isalpha()]
    loud = sum(c.isupper() for c in letters) > 0.7 * len(letters)
    return loud and re.search(r"[А-ЯЁ]{6,}", text) is not None


def _capitals(match: Match) -> str:
    """ЖКХ by letters, МУП as a word."""
    word = match[0]
    if word in _WORDS_IN_CAPITALS:
        return word.lower()
    vowels = [c in _VOWELS for c in word]
    readable = len(word) > 2 and any(vowels) and not (vowels[0] and vowels[1]) and not (not vowels[0] and not vowels[1])
    return word.lower() if readable else " ".join(LETTERS[c] for c in word.lower())


# --- what is left: plain numbers ---------------------------------------------------------------------------


def _as_written(letter: str) -> str:
    said = dict(_SOUNDS)[letter.lower()]
    return said.capitalize() if letter.isupper() else said


# After these a number is a name and counts nothing: «корпус 2 строение 3».
_NAMED = {
    "дом", "дома", "доме", "дому", "корпус", "корпуса", "корпусе", "строение", "строения", "строении", "владение", "квартира", "квартиры",
    "квартире", "квартиру", "подъезд", "подъезда", "подъезде", "этаж", "этажа", "этаже", "номер", "номера", "литера", "офис", "помещение",
    "микрорайон", "квартал",
}  # fmt: skip
_FEMININE = (
    "квартир",
    "заявк",
    "улиц",
    "комнат",
    "организаци",
    "минут",
    "секунд",
    "бригад",
    "точк",
    "машин",
    "копейк",
    "тысяч",
)


def _agree(number: int, after: str, case: Case, before: str = "") -> tuple[Case, Gender]:
    """Case and gender that the next word asks of a number: «одна заявка», «две заявки», «в пяти квартирах»."""
    words = re.findall(r"[а-яё]+", after[:_NEAR].lower())[:2]
    if not words or not re.match(r"\s+[а-яё]", after) or before in _NAMED:
        return case, "m"
    first = words[0]
    last, teen = number % 10, 10 < number % 100 < 20
    if last == 1 and not teen and (bent := _one_bent(first, case, before)):
        return bent
    # An ending of two letters is that of short words too: «сам», «дам».
    if len(first) > 4 and first.endswith(("ами", "ями")):
        return "i", "m"
    if len(first) > 4 and first.endswith(("ам", "ям")):
        return "d", "m"
    if len(first) > 4 and first.endswith(("ах", "ях")):
        return "p", "m"
    if teen or last not in (1, 2):
        return case, "m"
    if last == 1:
        if first.endswith(("ую", "ку", "ту", "ну")):
            return "a", "f"
        return case, "f" if first.endswith(("а", "я")) else "n" if first.endswith(("о", "е")) else "m"
    return case, "f" if first.endswith(("и", "ы", "ые", "ие")) else "m"


def _one_bent(noun: str, case: Case, before: str) -> tuple[Case, Gender] | None:
    """Case and gender of a number that ends in one, beside a noun of the singular: «до 21 часа», «в 21 заявке»."""
    if case == "g" and before in ("с", "со") and noun.endswith(("ой", "ей", "ом", "ем")):
        return "i", "f" if noun.endswith(("ой", "ей")) else "m"
    if case == "g":
        return "g", "f" if noun.endswith(("и", "ы")) else "m"
    if case == "d":
        return "d", "f" if noun.endswith(("е", "и")) else "m"
    if case == "i":
        return "i", "f" if noun.endswith(("ой", "ей", "ью")) else "m"
    if before in ("в", "во", "на", "о", "об", "при") and noun.endswith(("е", "и")) and len(noun) > 3:
        return "p", "f" if noun.startswith(_FEMININE) else "m"
    return None


def one_and_a_half(number: str, gender: Gender, case: Case = "n") -> str:
    """1,5 -> «полтора», of something feminine «полторы»; "" for another number."""
    if number.replace(".", ",") != "1,5":
        return ""
    return ("полторы" if gender == "f" else "полтора") if case in ("n", "a") else "полутора"


def _half_more(match: Match) -> str:
    """«1,5 часа» -> «полтора часа»; «1,5 минуты» -> «полторы минуты»."""
    return f"{one_and_a_half('1,5', 'f' if match[1].lower().startswith(_FEMININE) else 'm', _case(match))} {match[1]}"


def _multiplied(match: Match) -> str:
    """15 тыс. -> 15 000, before the sum or the noun is said."""
    factor = {"ты": 1_000, "мл": 1_000_000}[match[2][:2].lower()] * (
        1_000 if match[2].lower().startswith("млрд") else 1
    )
    whole = Decimal(match[1].replace(",", ".").replace(" ", "")) * factor
    return f"{whole:.0f}" if whole == whole.to_integral_value() and whole < 10**12 else match[0]


def _decimal(match: Match) -> str:
    return decimal(match[0], "ru", _case(match))


def _number(match: Match) -> str:
    said = _plain_number(match)
    near = match.string[max(0, match.start() - 1) : match.start()], match.string[match.end() : match.end() + 1]
    return f"{' ' if near[0].isalpha() else ''}{said}{' ' if near[1].isalpha() else ''}"


def _plain_number(match: Match) -> str:
    text = re.sub(r"\s", "", match[0])
    if (len(text) > 1 and text.startswith("0")) or len(text) > 12:
        return grouped(text) if len(text) > 6 else group(text)
    number = int(text)
    case = _case(match)
    if case == "a":
        # «в 2 подъездах» is told by its noun, «в 21» is not: the plain form is the right one for most.
        case = "n"
    after = match.string[match.end() : match.end() + _NEAR]
    case, gender = _agree(number, after, case, _before(match))
    return cardinal(number, "ru", case=case, gender=gender)


def _range(match: Match) -> str:
    after, case = match.string[match.end() : match.end() + _NEAR], _case(match)
    case, gender = _agree(int(match[2]), after, case if case in ("g", "d") else "n", _before(match))
    counted = re.match(r"\s+[а-яё]", after) and _before(match) not in _NAMED
    first, second = (cardinal(int(match[i]), "ru", case=case, gender=gender) for i in (1, 2))
    # «5-7 дней» is about so many, «дом 21-23» a name with a dash in it.
    return f"{first} {second}" if counted else f"{first} тире {second}"


# --- what is written with other signs ------------------------------------------------------------------------

_ENGLISH_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "эй би си ди и эф джи эйч ай джей кей эл эм эн оу пи кью ар эс ти ю ви дабл-ю экс уай зэт".split(),
        strict=True,
    )
)
_KNOWN_LATIN = {
    "wi-fi": "вай-фай",
    "wifi": "вай-фай",
    "sms": "эс-эм-эс",
    "pin": "пин",
    "email": "имейл",
    "e-mail": "имейл",
    "ok": "окей",
}
_SOUNDS: tuple[tuple[str, str], ...] = tuple(
    cast(tuple[str, str], tuple(pair.split("=")))
    for pair in (
        "shch=щ sch=ш sh=ш ch=ч zh=ж kh=х ts=ц ya=я yu=ю yo=ё ph=ф th=т ck=к qu=кв ee=и oo=у a=а b=б c=к d=д e=е f=ф g=г h=х i=и j=дж k=к "
        "l=л m=м n=н o=о p=п q=к r=р s=с t=т u=у v=в w=в x=кс y=й z=з"
    ).split()
)


def cyrillic(text: str) -> str:
    """Latin words in Russian letters, for a Russian voice leaves them out: Samsung -> Самсунг, USB -> ю эс би."""

    def word(match: Match) -> str:
        if known := _KNOWN_LATIN.get(match[0].lower()):
            return known
        if match[0].isupper() and len(match[0]) <= 4:
            return " ".join(_ENGLISH_LETTERS[letter] for letter in match[0].lower())
        said = re.sub(r"^e", "э", match[0].lower())
        said = re.sub(r"(?<=[^aeiou])y$", "и", re.sub(r"c(?=[eiy])", "s", said))
        for latin, sound in _SOUNDS:
            said = said.replace(latin, sound)
        return said.capitalize() if match[0][0].isupper() else said

    text = re.sub(r"(?<![A-Za-z])(?:wi-fi|e-mail)(?![A-Za-z])", word, text, flags=re.IGNORECASE)
    return re.sub(r"[A-Za-z]+", word, text)


def _site(match: Match) -> str:
    """An address in the net: mail@gorod.ru -> «mail собака gorod точка ru»; the letters follow later."""
    text = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0]).partition("?")[0].rstrip("/")
    for sign, said in (("@", "собака"), (".", "точка"), ("/", "дробь"), ("-", "дефис"), ("_", "подчёркивание")):
        text = text.replace(sign, f" {said} ")
    return re.sub(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", text).strip()


def _house(match: Match) -> str:
    return house(match[0])


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{pattern})", re.IGNORECASE if "А-ЯЁ]" not in pattern else 0)


_T = r"(\d{1,2}):(\d{2})(?::\d{2})?"
_N = r"(?<![\w,./:-])"
_PASSES: tuple[tuple[re.Pattern[str], Callable[[Match], str]], ...] = (
    # what nobody counts is dictated, before anything takes it for a sum
    (
        re.compile(r"(?<!\d)\d{13,}(?!\d)|(?<![\w,])\d{1,3}(?:[\s,]\d{3}){4,}(?![\w])"),
        lambda m: grouped(re.sub(r"[\s,]", "", m[0])),
    ),
    *((_compiled(pattern), _same(said)) for pattern, said in _PLAIN),
    # signs and addresses of the net
    (
        re.compile(
            r"(?:https?://[^\s«»]+|[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z]+)+|(?<![\w.])(?:[A-Za-z0-9-]+\.)+(?:ru|com|org|net|su|kz|uz|by)(?![\w.-])(?:/[^\s«»]*)?)"
        ),
        _site,
    ),
    (re.compile(rf"(?<=[А-Яа-яЁё])/(?=(?:{'|'.join(_SHORT)})(?![\w-]))"), lambda m: " и "),
    (re.compile(r"([-−+]?\d+)\s?(?:\.{2,3}|…)\s?([-−+]?\d+)"), lambda m: f"от {m[1]} до {m[2]}"),
    (re.compile(r"(?<=\d)\s?[xх×*]\s?(?=\d)"), lambda m: " на "),
    (
        re.compile(r"(?<![\w/])(1/2|1/4|3/4)(?=\s+дюйм)"),
        lambda m: {"1/2": "одна вторая", "1/4": "одна четвёртая", "3/4": "три четверти"}[m[1]],
    ),
    (
        re.compile(r"(?<![\w/])(\d{2,3})/(\d{2,3})\s?В(?!\w)"),
        lambda m: f"{cardinal(int(m[1]), 'ru')} дробь {counted(int(m[2]), 'volt', 'ru')}",
    ),
    (
        re.compile(
            r"(?<![\w,.])(\d{1,3}(?:\s\d{3})*(?:[,.]\d{1,3})?)\s?(тыс\.?|млн\.?|млрд\.?)(?![а-яё])", re.IGNORECASE
        ),
        _multiplied,
    ),
    # telephones and ticket numbers
    (
        re.compile(r"(?<![\w-])(?:\+\d{1,3}|8)[\s(-]*\d{2,4}[)\s-]*\d{2,3}[\s-]*\d{2}[\s-]*\d{2}(?!\d)"),
        lambda m: telephone(m[0]),
    ),
    (re.compile(rf"{_N}\d{{1,3}}-\d{{2}}-\d{{2}}(?![\d-])"), lambda m: telephone(m[0])),
    (re.compile(rf"{_N}\d{{2}}-\d{{5,9}}(?!\d)"), lambda m: ticket_number(m[0])),
    # dates
    (re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-])"), _iso_date),
    (
        re.compile(r"(?<![\d.])(?P<d>\d{1,2})\.(?P<m>\d{2})\.(?P<y>\d{4}|\d{2})(?!\d)(?:\s?(?:года|г\.|г(?![\w-])))?"),
        _full_date,
    ),
    (
        re.compile(
            rf"{_N}(?P<d>\d{{1,2}})\s+(?P<m>{_MONTH})(?![а-яё])(?:\s+(?P<y>\d{{4}})(?:\s?(?:г\.|года))?)?",
            re.IGNORECASE,
        ),
        _month_date,
    ),
    (re.compile(rf"{_N}(\d{{4}})\s?(года|году|годом|годе|год|г\.|г(?![\w-]))(?![а-яё])"), _year),
    (re.compile(rf"{_N}(\d{{4}})\s?[-–—/]\s?(\d{{4}})\s?(?:гг\.?|годах|годов|годы)(?![а-яё])"), _years),
    (
        re.compile(r"(?<!\w)(пн|вт|ср|чт|пт|сб|вс)\.?\s?[-–—]\s?(пн|вт|ср|чт|пт|сб|вс)(?:\.|(?!\w))", re.IGNORECASE),
        _week,
    ),
    (re.compile(r"(?<!\w)(пн|вт|ср|чт|пт|сб|вс)\.(?!\w)", re.IGNORECASE), _weekday),
    (
        re.compile(
            r"((?:понедельник|вторник|сред[ау]|четверг|пятниц[ау]|суббот[ау]|воскресенье),?\s)(\d{1,2})\s?[-–—]\s?(\d{1,2})(?![\w.:-])",
            re.IGNORECASE,
        ),
        _weekday_hours,
    ),
    (
        re.compile(r"(?<![\w.,])(?P<d>\d{2})\.(?P<m>\d{2})(?![\w%])(?![.,]\d)(?!\s?(?:руб|₽|°|%|м\b|кВт|Гкал|л\b))"),
        _short_date,
    ),
    # times
    (re.compile(rf"{_N}{_T}\s?[-–—]\s?{_T}(?!\d)"), _from_to),
    (re.compile(rf"(?<!\w)между\s{_T}\s+и\s+{_T}(?!\d)", re.IGNORECASE), _between),
    (re.compile(rf"{_N}(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?::\d{{2}})?(?!\d)"), _clock),
    (
        re.compile(
            r"(?<!\w)(с|со|до|в|к|ко|по|на|от|после)\s(\d{1,2})\.(\d{2})(?![\d.,]\d|\d|\s?(?:руб|%))", re.IGNORECASE
        ),
        _dotted,
    ),
    (re.compile(r"(?<!\w)(с|до|в|к|после)\s([01]?\d|2[0-4])-(00|15|30|45)(?![\d-])", re.IGNORECASE), _dotted),
    # sums
    (
        re.compile(
            rf"{_N}(?P<w>\d{{1,3}}(?:\s\d{{3}})+|\d+)(?:[,.](?P<p>\d{{1,2}}))?\s?(?P<u>руб(?:\.|лей|ля|ль)?(?![а-яё])|р(?![\w.])|р\.(?=\s?\d{{2}}\s?коп|\W|$)|₽|тенге(?![а-яё])|тг\.?(?![а-яё])|₸|сум(?:ов|а)?(?![а-яё]))"
            r"(?:\s?(?P<k>\d{1,2})\s?коп(?:\.|еек|ейки|ейка|ейку)(?![а-яё]))?(?P<more>\sв\sмесяц)?"
        ),
        _money,
    ),
    (re.compile(r"(?<!\d)(\d{1,2})\s?коп(?:\.|еек|ейки|ейка)(?![а-яё])"), _kopecks),
    # addresses
    (re.compile(r"(?<![\w-])кв\.?\s?(\d+)\s?[-–—]\s?(\d+)(?!\d)"), _flats),
    (re.compile(r"(?<=\d)\s+(?=(?:корп|стр|к)\.\s*\d)"), lambda m: ", "),
    *((_compiled(pattern), _place(said)) for pattern, said in _PLACES),
    (
        re.compile(
            r"(?<!\d)(\d{1,4})\s?-(?:(?:х|ти|и|ми)[\s-]+|(?:х|ти)?)((?:лет(?:и|н)|этажн|комнатн|подъездн|квартирн|секционн|значн|дневн|часов[оыуа]|минутн|кратн|местн|процентн|фазн|ступенчат)[а-яё]+)",
            re.IGNORECASE,
        ),
        _anniversary,
    ),
    (re.compile(rf"{_N}\d{{1,4}}(?:/\d{{1,4}})?(?:[кс]\d{{1,3}})+[а-я]?(?![\w])", re.IGNORECASE), _house),
    (re.compile(rf"{_N}\d{{1,4}}[а-яА-Я]?/(?:\d{{1,4}}(?:\s?[а-яА-Я])?|[а-яА-Я])(?![\w/])"), _house),
    (
        re.compile(rf"{_N}\d{{1,4}}\s?-?[абвгдАБВГД](?![\w])(?!\s?[-.])"),
        lambda m: _house(m) if not re.search(r"\s[авгАВ]$", m[0]) else m[0],
    ),
    # measures
    (
        re.compile(
            r"(?<![\w,./:-])(?P<n>[-−+]?\d+(?:[,.]\d+|\s?[-–—]\s?\d+)?)\s?(?P<u>°\s?[СC]?|%|м[³3]|м[²2]|куб\.?\s?м\.?|кв\.\s?м\.?|кВт[·*-]?ч|кВт|кВ|Гкал|атм\.?|га(?![\w.])|мм|см|км|кг|мин\.?|сек\.?|ч\.|ч(?![\w.-])|час\.|дн\.|мес\.|чел\.|м(?![\w.-])|л(?![\w.])|В(?![\w.]))(?![а-яёА-ЯЁ\d])"
        ),
        _measured,
    ),
    # ordinals
    (
        re.compile(
            rf"{_N}(?P<l>\d{{1,3}}(?:\s?(?:,\s?|[-–—]\s?|\sи\s|\sили\s|\sпо\s)\d{{1,3}})+)\s+(?P<s>{_STEMS})(?P<e>[а-яё]{{0,3}})(?![а-яё])",
            re.IGNORECASE,
        ),
        _listed,
    ),
    (re.compile(r"(?<![\w.,/-])(\d{1,4})-([а-яё]{1,3})(?![а-яё])", re.IGNORECASE), _suffixed),
    (re.compile(rf"{_N}(\d{{1,3}})\s+({_STEMS})([а-яё]{{0,2}})(?![а-яё])", re.IGNORECASE), _before_noun),
    (re.compile(r"(?<![\w-])([IVXLCDM]+)(?![\w-])"), _roman),
    # abbreviations
    (re.compile(rf"(?<![\w-])(?:{'|'.join(_SHORT)})(?![\w-])"), _short),
    (re.compile(r"(?<![\w-])[А-ЯЁ]{2,5}(?![\w-])"), _capitals),
    (re.compile(r"(?<![\w-])[А-ЯЁ]{2,5}(?=-\d)"), _capitals),
    (re.compile(r"(?<=[а-яё])-(?=\d)"), lambda m: " "),
    (re.compile(r"(?<![\w.,:/-])1[,.]5\s+([а-яё]+[ауыи])(?![а-яё])"), _half_more),
    (re.compile(r"(?:(?<=\s)|(?<=^)|(?<=\())([-−+])(?=\d)"), lambda m: "плюс " if m[1] == "+" else "минус "),
    (re.compile(r"(?<=\d)\s?\+\s?(?=\d)"), lambda m: " плюс "),
    (re.compile(r"\s?=\s?(?=[-\d])"), lambda m: " равно "),
    (re.compile(r"(?<=\s)&(?=\s)"), lambda m: "и"),
    # what is left
    (re.compile(rf"{_N}\d+[,.]\d+(?![\d.,]*\d)"), _decimal),
    (re.compile(rf"{_N}(\d{{1,3}})\s?[-–—]\s?(\d{{1,3}})(?![\w-])"), _range),
    (re.compile(r"(?<![\w,])\d{1,3}(?:\s\d{3})+(?![\w])|\d+"), _number),
)
