"""Numbers as words, in both languages: cases, genders and the forms of counted nouns. On num2words."""
# ruff: noqa: E501 - tables of forms and patterns are read by the row

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from num2words import num2words

Case = Literal["n", "g", "d", "a", "i", "p"]  # nominative, genitive, dative, accusative, instrumental, prepositional
Gender = Literal["m", "f", "n"]


@lru_cache(4096)
def cardinal(number: int, language: str, *, case: Case = "n", gender: Gender = "m") -> str:
    """5 -> «пять», with case "g" «пяти». Raises OverflowError beyond what anybody says aloud (10**15)."""
    if abs(number) >= 10**15:
        raise OverflowError(f"{number} is no number for a voice")
    if language != "ru":
        return _plain_english(num2words(number, lang="en"))
    if case == "a":
        # Nobody counts persons here: of things only the feminine one differs from the nominative.
        one = number % 10 == 1 and number % 100 != 11
        case = "a" if gender == "f" and one else "n"
    return _yo(str(num2words(number, lang="ru", case=case, gender=gender, animate=False)))


@lru_cache(4096)
def ordinal(number: int, language: str, *, case: Case = "n", gender: Gender = "m", plural: bool = False) -> str:
    """5 -> «пятый», «пятого», «пятую»; in English "fifth"."""
    if language != "ru":
        return _plain_english(num2words(number, lang="en", to="ordinal"))
    asked = "n" if case == "a" and gender == "n" else case
    return _yo(str(num2words(number, lang="ru", to="ordinal", case=asked, gender=gender, plural=plural, animate=False)))


@lru_cache(512)
def year_in_english(year: int) -> str:
    return _plain_english(num2words(year, lang="en", to="year"))


def _plain_english(text: str) -> str:
    # Commas would be pauses inside one number.
    return text.replace(",", "")


def _yo(text: str) -> str:
    return " ".join(text.split())


class Noun(NamedTuple):
    """A Russian noun that is counted: six cases of the singular, then of the plural."""

    gender: Gender
    singular: Mapping[str, str]
    plural: Mapping[str, str]


def _noun(gender: Gender, singular: str, plural: str) -> Noun:
    return Noun(
        gender, dict(zip("ngdaip", singular.split(), strict=True)), dict(zip("ngdaip", plural.split(), strict=True))
    )


NOUNS: Mapping[str, Noun] = {
    "hour": _noun("m", "час часа часу час часом часе", "часы часов часам часы часами часах"),
    "minute": _noun("f", "минута минуты минуте минуту минутой минуте", "минуты минут минутам минуты минутами минутах"),
    "second": _noun("f", "секунда секунды секунде секунду секундой секунде", "секунды секунд секундам секунды секундами секундах"),
    "day": _noun("m", "день дня дню день днём дне", "дни дней дням дни днями днях"),
    "month": _noun("m", "месяц месяца месяцу месяц месяцем месяце", "месяцы месяцев месяцам месяцы месяцами месяцах"),
    "ticket": _noun("f", "заявка заявки заявке заявку заявкой заявке", "заявки заявок заявкам заявки заявками заявках"),
    "call": _noun("m", "звонок звонка звонку звонок звонком звонке", "звонки звонков звонкам звонки звонками звонках"),
    "person": _noun("m", "человек человека человеку человека человеком человеке", "человек человек людям человек людьми людях"),
    "rouble": _noun("m", "рубль рубля рублю рубль рублём рубле", "рубли рублей рублям рубли рублями рублях"),
    "kopeck": _noun("f", "копейка копейки копейке копейку копейкой копейке", "копейки копеек копейкам копейки копейками копейках"),
    "tenge": _noun("m", "тенге тенге тенге тенге тенге тенге", "тенге тенге тенге тенге тенге тенге"),
    "sum": _noun("m", "сум сума суму сум сумом суме", "сумы сумов сумам сумы сумами сумах"),
    "degree": _noun("m", "градус градуса градусу градус градусом градусе", "градусы градусов градусам градусы градусами градусах"),
    "percent": _noun("m", "процент процента проценту процент процентом проценте", "проценты процентов процентам проценты процентами процентах"),
    "metre": _noun("m", "метр метра метру метр метром метре", "метры метров метрам метры метрами метрах"),
    "square metre": _noun(
        "m",
        "квадратный_метр квадратного_метра квадратному_метру квадратный_метр квадратным_метром квадратном_метре",
        "квадратные_метры квадратных_метров квадратным_метрам квадратные_метры квадратными_метрами квадратных_метрах",
    ),
    "cubic metre": _noun("m", "кубометр кубометра кубометру кубометр кубометром кубометре", "кубометры кубометров кубометрам кубометры кубометрами кубометрах"),
    "centimetre": _noun("m", "сантиметр сантиметра сантиметру сантиметр сантиметром сантиметре", "сантиметры сантиметров сантиметрам сантиметры сантиметрами сантиметрах"),
    "millimetre": _noun("m", "миллиметр миллиметра миллиметру миллиметр миллиметром миллиметре", "миллиметры миллиметров миллиметрам миллиметры миллиметрами миллиметрах"),
    "kilometre": _noun("m", "километр километра километру километр километром километре", "километры километров километрам километры километрами километрах"),
    "litre": _noun("m", "литр литра литру литр литром литре", "литры литров литрам литры литрами литрах"),
    "kilogram": _noun("m", "килограмм килограмма килограмму килограмм килограммом килограмме", "килограммы килограммов килограммам килограммы килограммами килограммах"),
    "kilowatt-hour": _noun("m", "киловатт-час киловатт-часа киловатт-часу киловатт-час киловатт-часом киловатт-часе", "киловатт-часы киловатт-часов киловатт-часам киловатт-часы киловатт-часами киловатт-часах"),
    "kilowatt": _noun("m", "киловатт киловатта киловатту киловатт киловаттом киловатте", "киловатты киловатт киловаттам киловатты киловаттами киловаттах"),
    "gigacalorie": _noun("f", "гигакалория гигакалории гигакалории гигакалорию гигакалорией гигакалории", "гигакалории гигакалорий гигакалориям гигакалории гигакалориями гигакалориях"),
    "volt": _noun("m", "вольт вольта вольту вольт вольтом вольте", "вольты вольт вольтам вольты вольтами вольтах"),
    "kilovolt": _noun("m", "киловольт киловольта киловольту киловольт киловольтом киловольте", "киловольты киловольт киловольтам киловольты киловольтами киловольтах"),
    "atmosphere": _noun("f", "атмосфера атмосферы атмосфере атмосферу атмосферой атмосфере", "атмосферы атмосфер атмосферам атмосферы атмосферами атмосферах"),
    "hectare": _noun("m", "гектар гектара гектару гектар гектаром гектаре", "гектары гектаров гектарам гектары гектарами гектарах"),
    "ampere": _noun("m", "ампер ампера амперу ампер ампером ампере", "амперы ампер амперам амперы амперами амперах"),
}  # fmt: skip
_ENGLISH: Mapping[str, tuple[str, str]] = {
    "person": ("person", "people"),
    "tenge": ("tenge", "tenge"),
    "sum": ("sum", "sum"),
    "percent": ("percent", "percent"),
}


def form(noun: Noun, number: int, case: Case = "n") -> str:
    """The noun beside its number: 1 заявка, 2 заявки, 5 заявок, 11 заявок, 21 заявка; до пяти заявок."""
    last, teen = abs(number) % 10, 10 < abs(number) % 100 < 20
    if last == 1 and not teen:
        found = noun.singular[case]
    elif case in ("g", "d", "i", "p"):
        found = noun.plural[case]
    else:
        found = noun.singular["g"] if 2 <= last <= 4 and not teen else noun.plural["g"]
    return found.replace("_", " ")


def counted(number: int, noun: str, language: str, *, case: Case = "n") -> str:
    """`number` of something of NOUNS, in words: «две заявки», "two tickets". Raises KeyError for another noun."""
    if language == "ru":
        what = NOUNS[noun]
        return f"{cardinal(number, 'ru', case=case, gender=what.gender)} {form(what, number, case)}"
    one, many = _ENGLISH.get(noun, (noun, f"{noun}s"))
    return f"{cardinal(number, 'en')} {one if number == 1 else many}"


def decimal(text: str, language: str, case: Case = "n") -> str:
    """12,5 -> «двенадцать целых пять десятых», with case "g" «двенадцати целых пяти десятых»; "twelve point five"."""
    whole, _, part = text.replace(",", ".").partition(".")
    if language != "ru":
        return f"{cardinal(int(whole), 'en')} point {' '.join(cardinal(int(d), 'en') for d in part)}"
    if len(part) > 3:
        return f"{cardinal(int(whole), 'ru')} запятая {' '.join(cardinal(int(d), 'ru') for d in part)}"
    of = {1: "десят", 2: "сот", 3: "тысячн"}[len(part)]

    def said(number: int, stem: str) -> str:
        one, many = _FRACTION[case]
        return f"{cardinal(number, 'ru', case=case, gender='f')} {stem}{one if _one(number) else many}"

    return f"{said(int(whole), 'цел')} {said(int(part), of)}"


_FRACTION: Mapping[Case, tuple[str, str]] = {
    "n": ("ая", "ых"), "a": ("ую", "ых"), "g": ("ой", "ых"), "d": ("ой", "ым"), "i": ("ой", "ыми"), "p": ("ой", "ых"),
}  # fmt: skip


def written(text: str) -> str:
    """What people typed, made one: composed letters («й» of two signs is one), plain spaces, no invisible signs."""
    text = unicodedata.normalize("NFC", text)
    return "".join(" " if unicodedata.category(c)[0] in "ZC" else c for c in text if unicodedata.category(c) != "Cf")


def speakable(text: str) -> str:
    """Letters and the signs of a sentence: nothing that an engine may take for markup, phonemes or a command."""
    kept = (c if c in ".,!?;:-–—'()%°№$€₽+&@" or unicodedata.category(c)[0] in "LMN" or c == " " else " " for c in text)
    return re.sub(r"\((\s*)\)", " ", "".join(kept))


def _one(number: int) -> bool:
    return number % 10 == 1 and number % 100 != 11
