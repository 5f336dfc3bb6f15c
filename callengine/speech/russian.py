"""Russian text as it is said: dates, times, addresses, sums, telephones, abbreviations. Pure; each pass is one rule.

The order of the passes matters: what is longer and surer comes first (a telephone before a number).
"""
# ruff: noqa: E501 - tables of forms and patterns are read by the row

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import cast

from callengine.speech.numerals import NOUNS, Case, Gender, cardinal, counted, decimal, form, ordinal

Match = re.Match[str]

MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря")  # fmt: skip
_MONTH = "|".join(MONTHS)
_GENITIVE = {
    "до", "от", "с", "со", "из", "без", "для", "около", "после", "более", "менее", "свыше", "ранее", "раньше", "позднее", "позже",
    "больше", "меньше", "течение", "кроме", "у", "не",
}  # fmt: skip
_DATIVE, _INSTRUMENTAL, _ACCUSATIVE = {"к", "ко"}, {"между", "перед", "над"}, {"в", "во", "на", "за", "через", "по"}
LETTERS = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщэюя",
        "а бэ вэ гэ дэ е ё жэ зэ и й ка эль эм эн о пэ эр эс тэ у эф ха цэ че ша ща э ю я".split(),
        strict=True,
    )
)


def normalise(text: str) -> str:
    """Words alone, as far as we know them; what is not known stays as it is. Saying it twice changes nothing."""
    text = re.sub(r"[\u00a0\u202f\u2009]", " ", text)
    text = re.sub(r"[«»“”„\"]", "", text)
    if _shouts(text):
        text = re.sub(r"[А-ЯЁ]+", lambda m: m[0] if m[0] in _SHORT else m[0].lower(), text)
    for pattern, rule in _PASSES:
        text = pattern.sub(rule, text)
    text = re.sub(r"\s+([,.!?;:])", r"\1", re.sub(r"\s{2,}", " ", text))
    return re.sub(r"([,;:])(?=[,.;:!?])", "", text).strip()


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
    found = re.search(r"([а-яё]+)\s*$", match.string[: match.start()].lower())
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
    case: Case = {"год": "n", "года": "g", "г.": "g", "годом": "i", "годе": "p"}.get(word, "p")  # type: ignore[assignment]
    if word == "году" and _before(match) in _DATIVE:
        case = "d"
    return f"{ordinal(int(match[1]), 'ru', case=case)} {'года' if word == 'г.' else match[2]}"


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
    "квтч": "kilowatt-hour", "квт-ч": "kilowatt-hour", "квт": "kilowatt", "гкал": "gigacalorie", "в": "volt", "а": "ampere",
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
        return f"{minus}{decimal(number, 'ru')} {form(NOUNS[noun], 2)}{dot}"
    if "-" in number:
        low, high = number.split("-")
        gender = NOUNS[noun].gender
        said = f"{cardinal(int(low), 'ru', gender=gender)} {cardinal(int(high), 'ru', gender=gender)}"
        return f"{said} {form(NOUNS[noun], int(high))}{dot}"
    return f"{minus}{counted(int(number), noun, 'ru', case=_case(match))}{dot}"


# --- addresses ---------------------------------------------------------------------------------------------

_PLACES: tuple[tuple[str, str], ...] = (
    (r"просп\.|пр-к?т[аеу]?\.?|пр\.(?=\s*(?:[А-ЯЁ]|\d+-))", "проспект"),
    (r"пр-д\.?", "проезд"),
    (r"ул\.", "улица"),
    (r"б-р\.?|бул\.|бульв\.", "бульвар"),
    (r"пер\.", "переулок"),
    (r"пл\.(?=\s*[А-ЯЁ])", "площадь"),
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
    (r"стр\.(?=\s*\d)", "строение"),
    (r"вл\.(?=\s*\d)", "владение"),
    (r"под\.(?=\s*\d)|п\.(?=\s*\d)", "подъезд"),
    (r"эт\.(?=\s*\d)", "этаж"),
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
        if part.isdecimal():
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
    root = {90: "девяносто", 100: "сто"}.get(number) or cardinal(number, "ru", case="g").replace(" ", "")
    return f"{root}{match[2]}"


# --- ordinals ----------------------------------------------------------------------------------------------

_SUFFIXES: Mapping[str, tuple[Case, Gender]] = {
    "й": ("n", "m"), "ый": ("n", "m"), "ий": ("n", "m"), "я": ("n", "f"), "ая": ("n", "f"), "е": ("n", "n"), "ое": ("n", "n"),
    "го": ("g", "m"), "ого": ("g", "m"), "му": ("d", "m"), "ому": ("d", "m"), "м": ("p", "m"), "ом": ("p", "m"), "ым": ("i", "m"),
    "ю": ("a", "f"), "ую": ("a", "f"), "ой": ("g", "f"), "ей": ("g", "f"),
}  # fmt: skip
# Nouns that follow an ordinal even without its suffix: stem, gender. Endings tell the case.
_ORDERED: Mapping[str, Gender] = {
    "этаж": "m", "подъезд": "m", "квартал": "m", "микрорайон": "m", "век": "m", "этап": "m", "вход": "m", "разряд": "m", "класс": "m",
    "очеред": "f", "категори": "f", "групп": "f", "степен": "f", "секци": "f", "лини": "f", "смен": "f", "бригад": "f", "зон": "f",
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


def _suffixed(match: Match) -> str:
    number, suffix = int(match[1]), match[2].lower()
    if suffix in ("х", "ых"):
        return ordinal(number, "ru", case="g", plural=True)
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
    if gender == "f" and found == "n" and ending == "ь" and before in ("в", "во", "на", "за"):
        found = "a"
    return ordinal(number, "ru", case=found, gender=gender)


def _before_noun(match: Match) -> str:
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
    (r"№\s*(?=\d)", "номер "),
)
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
    "ПУ": ("прибор учёта", "прибора учёта", "прибору учёта", "прибор учёта", "прибором учёта", "приборе учёта"),
}  # fmt: skip
_VERB = re.compile(r"(?:ат|ят|ут|ют|ит|ет|ли|ла|ло|но|на|ены|ть|уем|ует)$")
_WORDS_IN_CAPITALS = {"НЕ", "НА", "ДО", "ПО", "ОТ", "ИЗ", "ВЫ", "МЫ", "ОН", "ИЛИ", "И"}
_VOWELS = set("АЕЁИОУЫЭЮЯ")


def _short(match: Match) -> str:
    """ГВС in the case that its neighbours ask for: «нет ГВС», «по ГВС», «отключение ГВС», «отключат ГВС»."""
    forms = _SHORT[match[0]]
    before, at = _before(match), match.string[: match.start()].rstrip()
    if not at or at[-1] in ".!?:;—":
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


def _agree(number: int, after: str, case: Case) -> tuple[Case, Gender]:
    """Case and gender that the next word asks of a number: «одна заявка», «две заявки», «в пяти квартирах»."""
    words = re.findall(r"[а-яё]+", after.lower())[:2]
    if not words or not re.match(r"\s+[а-яё]", after):
        return case, "m"
    first = words[0]
    # An ending of two letters is that of short words too: «сам», «дам».
    if len(first) > 4 and first.endswith(("ами", "ями")):
        return "i", "m"
    if len(first) > 4 and first.endswith(("ам", "ям")):
        return "d", "m"
    if len(first) > 4 and first.endswith(("ах", "ях")):
        return "p", "m"
    last, teen = number % 10, 10 < number % 100 < 20
    if teen or last not in (1, 2):
        return case, "m"
    if last == 1:
        if first.endswith(("ую", "ку", "ту", "ну")):
            return "a", "f"
        return case, "f" if first.endswith(("а", "я")) else "n" if first.endswith(("о", "е")) else "m"
    return case, "f" if first.endswith(("и", "ы", "ые", "ие")) else "m"


def _number(match: Match) -> str:
    text = re.sub(r"\s", "", match[0])
    if (len(text) > 1 and text.startswith("0")) or len(text) > 12:
        return grouped(text) if len(text) > 6 else group(text)
    number = int(text)
    case = _case(match)
    if case == "a":
        # «в 2 подъездах» is told by its noun, «в 21» is not: the plain form is the right one for most.
        case = "n"
    case, gender = _agree(number, match.string[match.end() :], case)
    return cardinal(number, "ru", case=case, gender=gender)


def _range(match: Match) -> str:
    _, gender = _agree(int(match[2]), match.string[match.end() :], "n")
    return f"{cardinal(int(match[1]), 'ru', gender=gender)} {cardinal(int(match[2]), 'ru', gender=gender)}"


def _house(match: Match) -> str:
    return house(match[0])


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{pattern})", re.IGNORECASE if "А-ЯЁ]" not in pattern else 0)


_T = r"(\d{1,2}):(\d{2})(?::\d{2})?"
_N = r"(?<![\w,./:-])"
_PASSES: tuple[tuple[re.Pattern[str], Callable[[Match], str]], ...] = (
    *((_compiled(pattern), _same(said)) for pattern, said in _PLAIN),
    # telephones and ticket numbers
    (
        re.compile(r"(?<![\w-])(?:\+\d{1,3}|8)[\s(-]*\d{2,4}[)\s-]*\d{2,3}[\s-]*\d{2}[\s-]*\d{2}(?!\d)"),
        lambda m: telephone(m[0]),
    ),
    (re.compile(rf"{_N}\d{{2,3}}-\d{{2}}-\d{{2}}(?![\d-])"), lambda m: telephone(m[0])),
    (re.compile(rf"{_N}\d{{2}}-\d{{5,9}}(?!\d)"), lambda m: ticket_number(m[0])),
    # dates
    (re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-])"), _iso_date),
    (re.compile(r"(?<![\d.])(?P<d>\d{1,2})\.(?P<m>\d{2})\.(?P<y>\d{4}|\d{2})(?!\d)(?:\s?(?:г\.|года))?"), _full_date),
    (
        re.compile(
            rf"{_N}(?P<d>\d{{1,2}})\s+(?P<m>{_MONTH})(?![а-яё])(?:\s+(?P<y>\d{{4}})(?:\s?(?:г\.|года))?)?",
            re.IGNORECASE,
        ),
        _month_date,
    ),
    (re.compile(rf"{_N}(\d{{4}})\s?(года|году|годом|годе|год|г\.)(?![а-яё])"), _year),
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
            rf"{_N}(?P<w>\d{{1,3}}(?:\s\d{{3}})+|\d+)(?:[,.](?P<p>\d{{1,2}}))?\s?(?P<u>руб(?:\.|лей|ля|ль)?(?![а-яё])|р\.(?=\s?\d{{2}}\s?коп|\W|$)|₽|тенге(?![а-яё])|тг\.?(?![а-яё])|₸|сум(?:ов|а)?(?![а-яё]))"
            r"(?P<more>\sв\sмесяц)?"
        ),
        _money,
    ),
    (re.compile(r"(?<!\d)(\d{1,2})\s?коп(?:\.|еек|ейки|ейка)(?![а-яё])"), _kopecks),
    # addresses
    (re.compile(r"(?<![\w-])кв\.?\s?(\d+)\s?[-–—]\s?(\d+)(?!\d)"), _flats),
    (re.compile(r"(?<=\d)\s+(?=(?:корп|стр|к)\.\s*\d)"), lambda m: ", "),
    *((_compiled(pattern), _place(said)) for pattern, said in _PLACES),
    (re.compile(r"(?<!\d)(\d{1,3})-(лети[а-яё]+)", re.IGNORECASE), _anniversary),
    (re.compile(rf"{_N}\d{{1,4}}(?:/\d{{1,4}})?(?:[кс]\d{{1,3}})+[а-я]?(?![\w])", re.IGNORECASE), _house),
    (re.compile(rf"{_N}\d{{1,4}}/\d{{1,4}}(?:\s?[а-яА-Я])?(?![\w/])"), _house),
    (
        re.compile(rf"{_N}\d{{1,4}}\s?-?[абвгдАБВГД](?![\w])(?!\s?[-.])"),
        lambda m: _house(m) if not re.search(r"\s[авгАВ]$", m[0]) else m[0],
    ),
    # measures
    (
        re.compile(
            r"(?<![\w,./:-])(?P<n>[-−+]?\d+(?:[,.]\d+|-\d+)?)\s?(?P<u>°\s?[СC]?|%|м[³3]|м[²2]|куб\.?\s?м\.?|кв\.\s?м\.?|кВт[·*-]?ч|кВт|Гкал|мм|см|км|кг|мин\.?|сек\.?|ч\.|час\.|дн\.|мес\.|чел\.|м(?![\w.-])|л(?![\w.])|В(?![\w.]))(?![а-яёА-ЯЁ\d])"
        ),
        _measured,
    ),
    # ordinals
    (re.compile(r"(?<![\w.,/-])(\d{1,4})-([а-яё]{1,3})(?![а-яё])", re.IGNORECASE), _suffixed),
    (re.compile(rf"{_N}(\d{{1,3}})\s+({_STEMS})([а-яё]{{0,2}})(?![а-яё])", re.IGNORECASE), _before_noun),
    (re.compile(r"(?<![\w-])([IVXLCDM]+)(?![\w-])"), _roman),
    # abbreviations
    (re.compile(rf"(?<![\w-])(?:{'|'.join(_SHORT)})(?![\w-])"), _short),
    (re.compile(r"(?<![\w-])[А-ЯЁ]{2,5}(?![\w-])"), _capitals),
    # what is left
    (re.compile(rf"{_N}\d+[,.]\d+(?![\d.,]*\d)"), lambda m: decimal(m[0], "ru")),
    (re.compile(rf"{_N}(\d{{1,3}})\s?[-–—]\s?(\d{{1,3}})(?![\w-])"), _range),
    (re.compile(r"(?<![\w,])\d{1,3}(?:\s\d{3})+(?![\w])|\d+"), _number),
)
