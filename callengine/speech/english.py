"""English text as it is said; Russian names in it are written in Latin letters, or an English voice would skip them."""
# ruff: noqa: E501 - tables of forms and patterns are read by the row

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from callengine.speech.numerals import cardinal, counted, decimal, ordinal, speakable, written, year_in_english

Match = re.Match[str]

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip
_MONTH = "|".join(MONTHS)
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya".split(),
        strict=True,
    )
)


def normalise(text: str) -> str:
    """Words alone, as far as we know them. Saying it twice changes nothing."""
    text = re.sub(r"[«»“”„\"]", "", written(text))
    for pattern, rule in _PASSES:
        text = pattern.sub(rule, text)
    text = re.sub(r"\s+([,.!?;:])", r"\1", re.sub(r"\s{2,}", " ", speakable(latin(text))))
    return re.sub(r"([,;:])(?=[,.;:!?])", "", text).strip()


def latin(text: str) -> str:
    """Ленина -> Lenina."""

    def letter(match: Match) -> str:
        said = _LATIN[match[0].lower()].replace("-", "")
        return said.capitalize() if match[0].isupper() else said

    return re.sub(r"[а-яё]", letter, text, flags=re.IGNORECASE)


def date(day: int, month: int, year: int | None = None) -> str:
    """the twenty-second of November twenty twenty-six."""
    said = f"the {ordinal(day, 'en')} of {MONTHS[month - 1]}"
    return said if year is None else f"{said} {year_in_english(year)}"


def time(hour: int, minute: int) -> str:
    """nine oh five in the morning; a voice has no room for 24-hour figures."""
    if (hour, minute) in ((0, 0), (24, 0)):
        return "midnight"
    if (hour, minute) == (12, 0):
        return "noon"
    part = (
        "at night"
        if hour < 5
        else "in the morning"
        if hour < 12
        else "in the afternoon"
        if hour < 18
        else "in the evening"
    )
    said = cardinal((hour - 1) % 12 + 1, "en")
    if minute:
        said += f" oh {cardinal(minute, 'en')}" if minute < 10 else f" {cardinal(minute, 'en')}"
    else:
        said += " o'clock"
    return f"{said} {part}"


def digits(text: str) -> str:
    return " ".join(cardinal(int(d), "en") for d in text if d.isdecimal())


def group(text: str) -> str:
    zeros = len(text) - len(text.lstrip("0"))
    said = ["zero"] * zeros
    if rest := text[zeros:]:
        said.append(cardinal(int(rest), "en"))
    return " ".join(said)


def ticket_number(text: str) -> str:
    """26-000123 -> twenty-six, zero zero zero, one two three."""
    parts = re.findall(r"\d+", text)
    groups = [part[i : i + 3] for part in parts for i in range(0, len(part), 3)]
    return ", ".join(digits(one) if len(one) == 3 else group(one) for one in groups)


def telephone(text: str) -> str:
    """Digit by digit in groups, as it is dictated."""
    plus, number = text.strip().startswith("+"), re.sub(r"\D", "", text)
    head, rest = (number[:-10], number[-10:]) if len(number) > 10 else ("", number)
    parts = (
        [rest[:3], rest[3:6], rest[6:8], rest[8:]]
        if len(rest) == 10
        else [rest[i : i + 3] for i in range(0, len(rest), 3)]
    )
    return ("plus " if plus else "") + ", ".join(digits(part) for part in ([head] if head else []) + parts if part)


def house(text: str) -> str:
    """5к2 -> five, block two; 12/1 -> twelve stroke one; 14a -> fourteen A."""
    said: list[str] = []
    for part in re.findall(r"\d+|[A-Za-zА-Яа-яЁё]+|/", text):
        if part.isdecimal():
            said.append(cardinal(int(part), "en"))
        elif part == "/":
            said.append("stroke")
        elif part.lower() in ("к", "k", "с", "c") and said and not text.endswith(part):
            said[-1:] = [f"{said[-1]},", "block" if part.lower() in ("к", "k") else "building"]
        else:
            said += latin(part).upper()
    return " ".join(said)


_CURRENCIES: Mapping[str, tuple[str, str]] = {
    "£": ("pound", "penny"), "GBP": ("pound", "penny"), "$": ("dollar", "cent"), "USD": ("dollar", "cent"), "€": ("euro", "cent"), "EUR": ("euro", "cent"), "RUB": ("rouble", "kopeck"),
    "₽": ("rouble", "kopeck"), "руб": ("rouble", "kopeck"), "KZT": ("tenge", ""), "UZS": ("sum", ""), "BYN": ("rouble", "kopeck"),
}  # fmt: skip


def money(whole: int, part: int, names: tuple[str, str] = ("rouble", "kopeck")) -> str:
    said = counted(whole, names[0], "en")
    return f"{said} and {counted(part, names[1], 'en')}" if part and names[1] else said


def _money(match: Match) -> str:
    names = _CURRENCIES[(match["before"] or match["after"]).rstrip(".")]
    return money(int(re.sub(r"[,\s]", "", match["w"])), int((match["p"] or "0").ljust(2, "0")), names)


def _date(match: Match) -> str:
    day, month = int(match[1]), int(match[2])
    year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
    return date(day, month, year) if 1 <= day <= 31 and 1 <= month <= 12 else match[0]


def _month_date(match: Match) -> str:
    day, month, year = (match["d1"] or match["d2"]), (match["m1"] or match["m2"]), (match["y1"] or match["y2"])
    if not 1 <= int(day) <= 31:
        return match[0]
    said = date(int(day), [m.lower() for m in MONTHS].index(month.lower()) + 1, int(year) if year else None)
    return said


def _clock(match: Match) -> str:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return match[0]
    half = (match[3] or "").lower().replace(".", "")
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    return time(hour, minute)


def _half(match: Match) -> str:
    hour = int(match[1]) % 12 + (12 if match[2].lower() == "p" else 0)
    return time(hour, 0) if int(match[1]) <= 12 else match[0]


def _halves(match: Match) -> str:
    """3-5 p.m."""
    hours = [int(match[i]) % 12 + (12 if match[3].lower() == "p" else 0) for i in (1, 2)]
    if int(match[1]) > 12 or int(match[2]) > 12:
        return match[0]
    return f"from {time(hours[0], 0)} to {time(hours[1], 0)}"


def _decade(match: Match) -> str:
    century, tens = cardinal(int(match[1]), "en"), cardinal(int(match[2]), "en") if match[2] != "00" else "hundred"
    return f"{century} {tens[:-1]}ies" if tens.endswith("y") else f"{century} {tens}s"


def _site(match: Match) -> str:
    text = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0]).partition("?")[0].rstrip("/")
    for sign, said in (("@", "at"), (".", "dot"), ("/", "slash"), ("-", "dash"), ("_", "underscore")):
        text = text.replace(sign, f" {said} ")
    return re.sub(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", text).strip()


def _from_to(match: Match) -> str:
    ends = [int(match[i]) for i in (1, 2, 3, 4)]
    if max(ends[0], ends[2]) > 24 or max(ends[1], ends[3]) > 59:
        return match[0]
    word = "" if re.search(r"\bfrom\s*$", match.string[: match.start()], re.IGNORECASE) else "from "
    return f"{word}{time(*ends[:2])} to {time(*ends[2:])}"


_UNITS: Mapping[str, str] = {
    "°c": "degree", "°": "degree", "%": "percent", "kwh": "kilowatt-hour", "kw": "kilowatt", "m3": "cubic metre", "m³": "cubic metre",
    "m2": "square metre", "m²": "square metre", "mm": "millimetre", "cm": "centimetre", "km": "kilometre", "m": "metre", "kg": "kilogram",
    "°f": "degree Fahrenheit", "day": "day", "l": "litre", "h": "hour", "hrs": "hour", "hr": "hour", "min": "minute", "mins": "minute", "sec": "second",
}  # fmt: skip


def _measured(match: Match) -> str:
    noun, number = _UNITS[match["u"].lower().replace(" ", "").rstrip(".")], match["n"].replace("−", "-")
    minus = "minus " if number.startswith("-") else ""
    number = number.lstrip("-")
    if noun == "degree Fahrenheit":
        return f"{minus}{decimal(number, 'en') if '.' in number else cardinal(int(number), 'en')} degrees Fahrenheit"
    if "." in number:
        return f"{minus}{decimal(number, 'en')} {counted(2, noun, 'en').removeprefix('two ')}"
    return minus + counted(int(number), noun, "en")


def _roman(match: Match) -> str:
    from callengine.speech.russian import roman

    number = roman(match[2])
    if number is None:
        return match[0]
    return f"{match[1]} {cardinal(number, 'en')}"


_PLAIN: tuple[tuple[str, str], ...] = (
    (r"e\.g\.", "for example"),
    (r"i\.e\.", "that is"),
    (r"etc\.", "and so on"),
    (r"approx\.", "approximately"),
    (r"(?<!\w)24/7(?!\w)", "around the clock"),
    (r"No\.(?=\s?\d)|№", "number"),
    (r"tel\.", "telephone"),
    (r"ext\.(?=\s?\d)", "extension"),
    (r"#\s?(?=\d)", "number "),
    (r"стр\.(?=\s?\d)", "building"),
    (r"apt\.?(?=\s?\d)", "apartment"),
    (r"bldg\.?(?=\s?\d)|bld\.?(?=\s?\d)", "building"),
    (r"fl\.(?=\s?\d)", "floor"),
    (r"ave\.", "avenue"),
    (r"rd\.", "road"),
    (r"blvd\.?", "boulevard"),
    (r"sq\.", "square"),
    (r"ln\.", "lane"),
    (r"st\.(?=\s+[A-Z][a-z]+('s)?\s+(church|street|square))", "saint"),
    (r"(?<=[a-z] )st\.|(?<=[a-z] )st(?=,)", "street"),
    (r"ул\.", "street"),
    (r"пр-к?т\.?", "avenue"),
    (r"пер\.", "lane"),
    (r"д\.(?=\s?\d)", "house"),
    (r"кв\.(?=\s?\d)", "apartment"),
    (r"корп\.(?=\s?\d)|к\.(?=\s?\d)", "block"),
    (r"г\.(?=\s?[А-ЯЁ])", "city"),
)
_SPELLED = {"HVAC", "UK", "ID", "PIN", "SMS", "HWS", "CWS"}
_KNOWN: Mapping[str, str] = {
    "HWS": "hot water supply",
    "CWS": "cold water supply",
    "ГВС": "hot water supply",
    "ХВС": "cold water supply",
}


def _number(match: Match) -> str:
    text = re.sub(r"[,\s]", "", match[0])
    long = (len(text) > 1 and text.startswith("0")) or len(text) > 12
    said = digits(text) if long else cardinal(int(text), "en")
    near = match.string[max(0, match.start() - 1) : match.start()], match.string[match.end() : match.end() + 1]
    return f"{' ' if near[0].isalpha() else ''}{said}{' ' if near[1].isalpha() else ''}"


def _same(said: str) -> Callable[[Match], str]:
    return lambda match: said + (" " if match.string[match.end() : match.end() + 1].strip(" ,;:)") else "")


_N = r"(?<![\w,./:-])"
_T = r"(\d{1,2}):(\d{2})"
_PASSES: tuple[tuple[re.Pattern[str], Callable[[Match], str]], ...] = (
    # what nobody counts is dictated, before anything takes it for a sum
    (
        re.compile(r"(?<!\d)\d{13,}(?!\d)|(?<![\w,])\d{1,3}(?:[\s,]\d{3}){4,}(?![\w])"),
        lambda m: digits(re.sub(r"[\s,]", "", m[0])),
    ),
    *(
        (
            re.compile(
                rf"(?<![\w-])(?:{p})" if not p.startswith("(?<") else p,
                re.IGNORECASE if "А-ЯЁ" not in p and "[A-Z]" not in p else 0,
            ),
            _same(s),
        )
        for p, s in _PLAIN
    ),
    (
        re.compile(r"(?<![\w-])(?:\+\d{1,3}|8)[\s(-]*\d{3,4}[)\s-]*\d{2,3}[\s-]*\d{2}[\s-]*\d{2}(?!\d)"),
        lambda m: telephone(m[0]),
    ),
    (re.compile(rf"{_N}\d{{2}}-\d{{5,9}}(?!\d)"), lambda m: ticket_number(m[0])),
    (re.compile(r"(?<![\d-])(\d{4})-(\d{2})-(\d{2})(?![\d-])"), lambda m: date(int(m[3]), int(m[2]), int(m[1]))),
    (re.compile(r"(?<![\d.])(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})(?![\d./])"), _date),
    (
        re.compile(
            rf"{_N}(?:the\s+)?(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m1>{_MONTH})(?:,?\s+(?P<y1>\d{{4}}))?"
            rf"|(?P<m2>{_MONTH})\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|:)(?:,?\s+(?P<y2>\d{{4}}))?)(?!\d|:)",
            re.IGNORECASE,
        ),
        _month_date,
    ),
    (re.compile(rf"{_N}{_T}\s?[-–—]\s?{_T}(?!\d)"), _from_to),
    (re.compile(rf"{_N}{_T}(?::\d{{2}})?(?:\s?([ap]\.?m\.?)(?!\w))?(?!\d)", re.IGNORECASE), _clock),
    (re.compile(rf"{_N}(\d{{1,2}})\s?[-–—]\s?(\d{{1,2}})\s?([ap])\.?m\.?(?!\w)", re.IGNORECASE), _halves),
    (re.compile(rf"{_N}(\d{{1,2}})\s?([ap])\.?m\.?(?!\w)", re.IGNORECASE), _half),
    (re.compile(r"(?<![\w.,])(1[5-9]|20)(\d0)s(?!\w)"), _decade),
    (
        re.compile(
            r"(?<!\w)((?:in|since|until|year|by)\s)(1[5-9]\d\d|20\d\d)(?![\w.,:/-]*\d)(?!\s+[a-z])", re.IGNORECASE
        ),
        lambda m: m[1] + year_in_english(int(m[2])),
    ),
    (re.compile(r"(?:https?://\S+|[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z]+)+)"), _site),
    (re.compile(r"(?<=\d)\s?[x×*]\s?(?=\d)"), lambda m: " by "),
    (re.compile(r"(?<=\s)&(?=\s)"), lambda m: "and"),
    (
        re.compile(
            r"(?<![\w.,])(?:(?P<before>[$€£])\s?)(?P<w>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<p>\d{1,2}))?(?P<after>)(?![\d])"
        ),
        _money,
    ),
    (
        re.compile(
            r"(?<![\w.,])(?P<before>)(?P<w>\d{1,3}(?:[,\s]\d{3})+|\d+)(?:[.,](?P<p>\d{1,2}))?\s?(?P<after>RUB|USD|EUR|KZT|UZS|BYN|₽|руб\.?)(?!\w)"
        ),
        _money,
    ),
    (re.compile(rf"{_N}\d{{1,4}}(?:/\d{{1,4}})?(?:[кkсc]\d{{1,3}})+(?![\w])", re.IGNORECASE), lambda m: house(m[0])),
    (re.compile(rf"{_N}\d{{1,4}}/\d{{1,4}}(?![\w/])"), lambda m: house(m[0])),
    (re.compile(rf"{_N}\d{{1,4}}[a-fа-д](?![\w])", re.IGNORECASE), lambda m: house(m[0])),
    (
        re.compile(
            r"(?<![\w,./:-])(?P<n>[-−]?\d+(?:\.\d+)?)\s?(?P<u>°\s?[CF]?|%|kWh|kW|m[³3]|m[²2]|mm|cm|km|kg|hrs?\.?|mins?\.?|sec\.?|m|l|h)(?![\w])"
        ),
        _measured,
    ),
    (re.compile(rf"{_N}(\d{{1,4}})(?:st|nd|rd|th)(?!\w)", re.IGNORECASE), lambda m: ordinal(int(m[1]), "en")),
    (re.compile(r"(?<![\w-])([A-Z]?[a-z]+)\s([IVX]{1,5})(?![\w'-])"), _roman),
    (re.compile(rf"(?<![\w-])(?:{'|'.join(_KNOWN)})(?![\w-])"), lambda m: _KNOWN[m[0]]),
    (re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(_SPELLED))})(?![\w-])"), lambda m: " ".join(m[0])),
    (re.compile(r"(?:(?<=\s)|(?<=^)|(?<=\())[-−](?=\d)"), lambda m: "minus "),
    (re.compile(rf"{_N}\d+\.\d+(?![\d.]*\d)"), lambda m: decimal(m[0], "en")),
    (
        re.compile(rf"{_N}(\d{{1,3}})\s?[-–—]\s?(\d{{1,3}})(?![\w-])"),
        lambda m: f"{cardinal(int(m[1]), 'en')} to {cardinal(int(m[2]), 'en')}",
    ),
    (re.compile(r"(?<![\w,])\d{1,3}(?:,\d{3})+(?![\w])|\d+"), _number),
)
