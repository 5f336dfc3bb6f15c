"""Folding of addresses, names and numbers to words that an index finds; pure, nothing is looked up here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

MAX_WORDS = 8  # of a query: more cannot make an address clearer, only a lookup slower
MAX_WORD = 40
TYPO_LETTERS = 4  # shorter words must be written right
TWO_TYPOS_LETTERS = 8

# Words that say what a street is, not which: «ул», «пр-т», «проспект».
_STREET_WORDS = frozenset(
    "ул улица пр просп проспект прт пер переулок пл площадь бр бул бульвар ш шоссе наб набережная мкр мкрн микрорайон "
    "проезд прд туп тупик ал аллея тракт линия кв-л квартал г гор город пос посёлок поселок с село д дер дом деревня "
    "им имени street st avenue ave house".replace("ё", "е").split()
)
# What a word still being typed may become, that says nothing of which house: «бульв», «корп», «подъ».
_KINDS_BEGUN = _STREET_WORDS | frozenset(
    "корпус корп кор к строение стр подъезд этаж квартира кв офис помещение".split()
)
_HYPHENATED = re.compile(r"\b(пр)-(т|кт|д)\b|\b(б)-(р)\b|\b(ул|пл)-(ца|дь)\b|\b(мкр)-(н)\b")
_FLAT = re.compile(r"(?<!\w)(?:кв|квартира|оф|офис|пом|помещение|flat|apt)(?![^\W\d_])\.?\s*№?\s*(\d+\s?[а-я]?)\b")
_ASIDES = (  # entrance, floor and town: in this order, for «д. 8 подъезд 2» names the entrance 2, not 8
    re.compile(r"(?<!\w)(?:п|под|подъезд|подьезд|пд|эт|этаж)\.?\s*\d+\b"),
    re.compile(r"\b\d+\s*(?:-?й\s*)?(?:подъезд|подьезд|этаж)\b"),
    re.compile(r"(?<!\w)(?:г\.|гор\.|город\s)\s*[^\W\d_][\w-]*"),
)
_BLOCK = re.compile(r"(\d+[а-я]?)\s*,?\s*(?:корпус|корп|кор|к)\.?\s*(\d+)\b")
_BUILDING = re.compile(r"(\d+[а-я]?)\s*,?\s*(?:строение|стр)\.?\s*(\d+)\b")
_LETTERED = re.compile(r"\b(\d+)\s*[\"«']?\s*([а-я])[\"»']?(?!\w)")
_ORDINAL = re.compile(r"\b(\d+)-?(?:я|й|ая|ый|ой|го)\b")
_HOUSE_FLAT = re.compile(r"\b(\d+[а-я]?)\s*-\s*(\d+)\b")
_WORD = re.compile(r"\d+(?:[/]\d+)?(?:[а-я](?:\d+)?)?(?![^\W\d_])|[^\W_]+")
_LETTERS = re.compile(r"[^\W_]+")
_LOOKALIKES = str.maketrans("abcekmhoptxy", "авсекмнортху")
_LATIN_HOUSE = re.compile(r"\b(\d+)\s?([abcekmhoptxy])\b")
_KEYS_EN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_KEYS_RU = "йцукенгшщзхъфывапролджэячсмитьбюё"
_LAYOUT = str.maketrans(_KEYS_EN, _KEYS_RU)


@dataclass(frozen=True, slots=True)
class AddressQuery:
    """What was typed, as words of the address and the flat: «Мира 44 кв 61» is ("мира", "44") and "61"."""

    words: tuple[str, ...]
    premise: str = ""


def fold(text: str) -> str:
    """One spelling for equal texts: case, ё, quotes, compatibility forms and runs of blanks do not count."""
    lowered = unicodedata.normalize("NFKC", text).lower().replace("ё", "е").replace("\u0301", "")
    return " ".join(lowered.split())


def storable(text: str) -> str:
    """A text that both databases take: without zero bytes and halves of characters."""
    if text.isprintable():  # then it has neither; nearly all texts of a ticket
        return text.strip()
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8").strip()


def words_of(text: str) -> list[str]:
    """The distinct words of a free text or a name, folded, in order."""
    if not text:
        return []
    found = _LETTERS.findall(fold(text))
    return list(dict.fromkeys(word[:MAX_WORD] for word in found))


def _tidy(folded: str) -> str:
    """Bring the ways to write a house number to one: «17 А», «17A» -> 17а; «17 корп. 2» -> 17к2; «1-я» -> 1."""
    text = _HYPHENATED.sub(lambda match: "".join(part for part in match.groups() if part), folded)
    text = _LATIN_HOUSE.sub(lambda match: match[1] + match[2].translate(_LOOKALIKES), text)
    text = _ORDINAL.sub(r"\1", text)
    text = _BLOCK.sub(r"\1к\2", text)
    text = _BUILDING.sub(r"\1с\2", text)
    return _LETTERED.sub(r"\1\2", text)


def address_words(text: str) -> list[str]:
    """The words that find an address: street and house number, without «ул», «пр-т», «д»."""
    found = list(dict.fromkeys(word[:MAX_WORD] for word in _WORD.findall(_tidy(fold(text)))))
    telling = [word for word in found if word not in _STREET_WORDS]
    return telling or found


def house_words(street: str, number: str) -> list[str]:
    """What a house is found by."""
    return list(_house_words(street, number))


@lru_cache(maxsize=20_000)  # each ticket of a house has them
def _house_words(street: str, number: str) -> tuple[str, ...]:
    number_folded = "".join(_tidy(fold(number)).split())
    return tuple(dict.fromkeys([*address_words(street), *([number_folded[:MAX_WORD]] if number_folded else [])]))


def may_become_kind(word: str) -> bool:
    """True for the beginning of a word that tells no house from another: «Зелёный буль» names no «буль»."""
    return any(kind.startswith(word) for kind in _KINDS_BEGUN)


def parse_address(text: str) -> AddressQuery:
    """Split what was typed into the house and the flat; entrance and floor are left out."""
    folded, premise = fold(text), ""
    if match := _FLAT.search(folded):
        premise = match[1].replace(" ", "")
        folded = folded[: match.start()] + " " + folded[match.end() :]
    for aside in _ASIDES:
        folded = aside.sub(" ", folded)
    if not premise and (match := _HOUSE_FLAT.search(folded)):
        premise = match[2]
        folded = folded[: match.start()] + match[1] + folded[match.end() :]
    found = address_words(folded)
    if all(word in _STREET_WORDS for word in found):
        found = found[-1:]  # «ул. Бул»: the last one may become a name
    if not premise and len(found) >= 3 and found[-1].isdigit() and found[-2][0].isdigit():
        premise = found.pop()
    return AddressQuery(tuple(found[:MAX_WORDS]), premise)


def apart(query: AddressQuery) -> AddressQuery | None:
    """«40 л» was read as house 40л; it may be the street «40 лет Октября» as well: the words apart, if they are so."""
    match = re.fullmatch(r"(\d+)([а-я])", query.words[-1]) if query.words else None
    return AddressQuery((*query.words[:-1], match[1], match[2]), query.premise) if match else None


def premise_of(text: str) -> str:
    """A flat as it is kept and compared: «кв. 61» is 61; «подвал» stays a word."""
    folded = fold(text)
    match = _FLAT.fullmatch(folded)
    return match[1].replace(" ", "") if match else folded


def as_if_russian_keys(text: str) -> str:
    """What was meant by one who forgot to switch the keyboard: «xrfkjdf» is «чкалова»."""
    return text.lower().translate(_LAYOUT)


def looks_like_number(text: str) -> bool:
    """True for what can only be a telephone number or a piece of one."""
    digits = re.sub(r"\D", "", text)
    return len(digits) >= 3 and re.fullmatch(r"[\d\s+()\-./*#]+", text.strip()) is not None


def number_prefixes(text: str, country: str) -> list[str]:
    """The international beginnings that typed digits may mean: «8 907 4», «+7 907 4» and «907 4» are one."""
    digits = re.sub(r"\D", "", text)
    code = str(phonenumbers.country_code_for_region(country) or "")
    if text.strip().startswith("+") or not code:
        return [digits]
    trunk = phonenumbers.ndd_prefix_for_region(country, True) or ""
    national = digits.removeprefix(trunk) if trunk else digits
    return list(dict.fromkeys([digits, code + national]))


def number_words(number: str) -> tuple[str, str]:
    """A stored number as the word found by its beginning, and as the one found by its end."""
    digits = re.sub(r"\D", "", number)
    return digits, digits[::-1]


def allowed_typos(word: str) -> int:
    """How far a word may be from what was meant; numbers and short words not at all.

    A short Latin word is sooner Russian with the keyboard not switched: «kban» is «лифт», no slip of anything.
    """
    least = TYPO_LETTERS + 2 if word.isascii() else TYPO_LETTERS
    if len(word) < least or any(c.isdigit() for c in word):
        return 0
    return 2 if len(word) >= TWO_TYPOS_LETTERS else 1


def distance(a: str, b: str, limit: int) -> int:
    """Edits between two words (a swap of neighbours is one), or limit + 1 as soon as it is more."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    row = _last_row(a, b, limit)
    return min(row[-1], limit + 1) if row else limit + 1


def prefix_distance(typed: str, word: str, limit: int) -> int:
    """Edits between what was typed and the best beginning of the word: it may be unfinished."""
    row = _last_row(typed, word[: len(typed) + limit], limit)
    return min(*row[1:], limit + 1, limit + 1) if row else limit + 1


def _last_row(a: str, b: str, limit: int) -> list[int]:
    """Edits between `a` and each beginning of `b`; nothing when all are beyond the limit."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        row = [i]
        for j, cb in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (ca != cb))
            if before and j > 1 and ca == b[j - 2] and a[i - 2] == cb:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit and min(last) > limit:
            return []
        before, last = last, row
    return last


_ALPHABET = "абвгдежзийклмнопрстуфхцчшщъыьэюяabcdefghijklmnopqrstuvwxyz"


def one_edit(word: str) -> set[str]:
    """Every word one slip away: an index answers for them all at once."""
    alphabet = _ALPHABET[:32] if re.search("[а-я]", word) else _ALPHABET[32:]
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    deletes = {a + b[1:] for a, b in splits if b}
    swaps = {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
    replaces = {a + c + b[1:] for a, b in splits if b for c in alphabet}
    inserts = {a + c + b for a, b in splits for c in alphabet}
    return (deletes | swaps | replaces | inserts) - {word, ""}


def closeness(typed: Sequence[str], words: Iterable[str], *, begun: bool = False) -> int:
    """How well folded words answer typed ones; lower is better: exact 0, a beginning 1, a slip 3, absent 9, each.

    A number is no beginning of another one, unless it is `begun` only: then 17 answers 170 by 5.
    """
    have = list(words)
    return sum(min((_closeness(t, w, begun) for w in have), default=9) for t in typed)


def _closeness(typed: str, word: str, begun: bool) -> int:
    if typed == word:
        return 0
    if word.startswith(typed):
        number = typed[-1:].isdigit() and word[len(typed)].isdigit()
        return 1 if not number else 5 if begun else 9
    limit = 0 if word[:1].isdigit() else allowed_typos(typed)
    off = prefix_distance(typed, word, limit) if limit else 1
    return 2 + off if off <= limit else 9


def house_number_key(number: str) -> tuple[int, str]:
    """Sorts 9 before 17, 17 before 17А."""
    match = re.match(r"\d+", number)
    return (int(match[0][:9]) if match else 0, number)
