"""The classifier as a file: what is exported comes back the same, every mistake is told by its row."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.errors import Refused
from callengine.tickets.classifier import CONFIRM_MINUTES, entry_of, shipped
from callengine.tickets.classifier_csv import HEADER, read, shipped_state, write
from callengine.tickets.classifier_diff import Change, Classifier, compare
from callengine.tickets.model import KINDS, AnswerType, Entry, Group, Urgency
from tests.tickets.test_script import SCRIPTS

SHIPPED = shipped_state()
NOTHING = Classifier()
HEAD = "code,parent,category,problem_ru,urgency,organisation_kind,fix_minutes\n"
HOT = "HVS-91,HVS,Вода,Кипяток из холодного крана,urgent,water_utility,2 ч\n"


def told(text: str | bytes, now: Classifier = SHIPPED) -> list[tuple[int, str]]:
    data = text.encode() if isinstance(text, str) else text
    return [(one.row, one.reason) for one in read(data, now).mistakes]


def changes(text: str | bytes, now: Classifier = SHIPPED, *, retire_missing: bool = False) -> tuple[Change, ...]:
    data = text.encode() if isinstance(text, str) else text
    file = read(data, now, retire_missing=retire_missing)
    assert file.mistakes == ()
    return compare(now, file.after)


# --- the shipped set --------------------------------------------------------------------------------------


def test_every_life_entry_says_what_to_do_and_where_the_call_goes() -> None:
    life = [entry for entry in SHIPPED.entries.values() if entry.urgency is Urgency.LIFE]
    assert len(life) == 10
    for entry in life:
        assert entry.transfer_to in ("112", "104"), entry.code
        assert len(entry.safety_ru) > 80 and len(entry.safety_en) > 80, entry.code
        assert entry.transfer_to in entry.safety_ru and entry.transfer_to in entry.safety_en, entry.code


def test_every_enquiry_has_its_approved_answer_and_every_text_both_languages() -> None:
    for entry in SHIPPED.entries.values():
        assert bool(entry.answer_ru) is (entry.urgency is Urgency.INFO), entry.code
        assert bool(entry.answer_ru) is bool(entry.answer_en)
        assert bool(entry.referral_ru) is bool(entry.referral_en)
        assert all(question.text_en for question in entry.script), entry.code
        assert all(len(q.choices) == len(q.choices_en) for q in entry.script), entry.code


def test_paid_work_has_ninety_minutes_to_be_confirmed() -> None:
    paid = {code: entry.confirm_minutes for code, entry in SHIPPED.entries.items() if entry.paid}
    assert paid == {"ORG-01": CONFIRM_MINUTES, "KAN-02": CONFIRM_MINUTES} and CONFIRM_MINUTES == 90


def test_a_leak_is_asked_whether_its_tap_is_closed() -> None:
    """R41, in the service's own words."""
    leaks = ("HVS-01", "GVS-01", "OTO-01", "GAZ-01", "GAZ-03")
    for code in leaks:
        taps = [q for q in SHIPPED.entries[code].script if "кран" in q.text_ru and q.type is AnswerType.YESNO]
        assert any(q.text_ru.startswith("Перекры") and q.required for q in taps), code


def test_what_others_settle_says_where_to_turn_and_in_which_order() -> None:
    """R45-R47: emergencies of others by their own numbers, a signed filing on its own site."""
    entries = SHIPPED.entries
    assert all(number in entries["ORG-06"].referral_ru for number in ("112", "101", "102", "103", "104"))
    for code in ("GOR-08", "NAC-01", "NAC-04", "ORG-02"):
        assert "электронн" in entries[code].referral_ru and "Госуслуги" in entries[code].referral_ru, code
        assert "electronic signature" in entries[code].referral_en, code
    for code in ("GAZ-03", "KRO-08", "DVR-07", "NAC-01", "ORG-02", "ORG-06"):
        for told in (entries[code].referral_ru, entries[code].referral_en):
            assert told.index("1) ") < told.index("2) "), code


def test_the_conditions_of_the_rule_packs_are_asked() -> None:
    asked = {q.condition: q.type for entry in SHIPPED.entries.values() for q in entry.script if q.condition}
    assert asked == {
        "indoor_celsius": AnswerType.NUMBER,
        "outage_at": AnswerType.MOMENT,
        "damage_at": AnswerType.MOMENT,
        "whole_house": AnswerType.YESNO,
    }


def test_the_shipped_tree_has_two_levels_above_its_entries() -> None:
    assert len(SHIPPED.groups) == 19
    assert SHIPPED.groups["HVS"].parent == "DOM" and SHIPPED.groups["DOM"].parent == ""
    assert {entry.parent for entry in SHIPPED.entries.values()} <= set(SHIPPED.groups)


# --- there and back ---------------------------------------------------------------------------------------


def test_the_shipped_classifier_exported_and_imported_changes_nothing() -> None:
    file = read(write(SHIPPED).encode(), SHIPPED)
    assert (compare(SHIPPED, file.after), file.mistakes, file.rows) == ((), (), 104 + 19)
    assert compare(SHIPPED, read(write(SHIPPED).encode(), NOTHING).after) == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_any_honest_spreadsheet_is_read(delimiter: str, encoding: str) -> None:
    rows = list(csv.reader(io.StringIO(write(SHIPPED).removeprefix("\ufeff")), delimiter=";"))
    if encoding == "cp1251":  # the sources have signs that it lacks: ≥
        place = HEADER.index("source")
        rows = [row[:place] + row[place + 1 :] for row in rows]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    assert changes(out.getvalue().encode(encoding)) == ()


def test_the_file_of_the_release_before_keeps_what_it_does_not_know() -> None:
    """Sixteen columns and plain questions: types, safety and the tree stay."""
    old = (
        "code category problem_ru problem_en urgency organisation_kind organisation_kinds_next trade responsible "
        "accept_minutes localize_minutes fix_minutes clock notify_municipality questions_ru source"
    ).split()
    out = io.StringIO()
    writer = csv.DictWriter(out, old, extrasaction="ignore")
    writer.writeheader()
    for row in shipped():
        plain = "|".join(entry_of(row).questions)
        writer.writerow({**row, "questions_ru": plain})
    assert changes(out.getvalue(), retire_missing=True) == ()


LINE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="|"), max_size=12)
TEXT = st.lists(LINE.filter(bool), max_size=4).map(" ".join)
NAME = LINE.filter(bool)
MINUTES = st.none() | st.integers(1, 527_040)


@st.composite
def entries(draw: st.DrawFn, code: str, parents: list[str]) -> Entry:
    paid = draw(st.booleans())
    script = draw(SCRIPTS)
    return Entry(
        code=code,
        category=draw(NAME),
        problem_ru=draw(NAME),
        problem_en=draw(TEXT),
        urgency=draw(st.sampled_from(Urgency)),
        organisation_kind=draw(st.sampled_from(list(KINDS))),
        organisation_kinds_next=tuple(draw(st.lists(st.sampled_from(list(KINDS)), max_size=2))),
        trade=draw(LINE),
        responsible=draw(TEXT),
        accept_minutes=draw(MINUTES),
        localize_minutes=draw(MINUTES),
        fix_minutes=draw(MINUTES),
        clock=draw(st.sampled_from(["24x7", "work", "workdays", "08:00-23:00", "20:00-24:00"])),
        notify_municipality=draw(st.booleans()),
        questions=tuple(question.text_ru for question in script),
        source=draw(TEXT),
        active=draw(st.booleans()),
        parent=draw(st.sampled_from(parents)),
        script=script,
        paid=paid,
        confirm_minutes=draw(st.integers(1, 527_040)) if paid else None,
        safety_ru=draw(TEXT),
        safety_en=draw(TEXT),
        transfer_to=draw(st.sampled_from(["", "112", "+74951234567"])),
        referral_ru=draw(TEXT),
        referral_en=draw(TEXT),
        answer_ru=draw(TEXT),
        answer_en=draw(TEXT),
    )


@st.composite
def classifiers(draw: st.DrawFn) -> Classifier:
    codes = draw(st.lists(st.from_regex(r"[A-Z]{2,3}", fullmatch=True), min_size=1, max_size=4, unique=True))
    groups = {
        code: Group(code, draw(NAME), draw(TEXT), draw(st.sampled_from(["", *codes[:place]])), draw(st.integers(0, 99)))
        for place, code in enumerate(codes)
    }
    found = [draw(entries(f"{codes[0]}-{n}", codes)) for n in range(draw(st.integers(0, 3)))]
    return Classifier(groups, {entry.code: entry for entry in found})


@settings(deadline=None)
@given(classifiers())
def test_whatever_is_exported_is_imported_without_a_difference(state: Classifier) -> None:
    text = write(state).encode()
    for now in (state, NOTHING):
        file = read(text, now)
        assert file.mistakes == ()
        assert compare(state, file.after) == ()


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet='code;,"\n\tHVS-01|[да/нет]', max_size=200).map(str.encode))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    for whole in (data, HEAD.encode() + data):
        try:
            file = read(whole, SHIPPED)
        except Refused:
            continue
        assert set(file.after.entries) >= set(SHIPPED.entries)


def test_a_formula_goes_out_behind_an_apostrophe_and_comes_back() -> None:
    entry = replace(SHIPPED.entries["ORG-08"], problem_ru='=HYPERLINK("http://x")', responsible="'в кавычках")
    state = Classifier(SHIPPED.groups, {"ORG-08": entry})
    text = write(state)
    cells = next(row for row in csv.reader(io.StringIO(text), delimiter=";") if row[1] == "ORG-08")
    assert not any(cell.startswith("=") for cell in cells)
    assert compare(state, read(text.encode(), NOTHING).after) == ()


# --- what is refused --------------------------------------------------------------------------------------

WRONG = [
    (HEAD + HOT + HOT, [(3, "the same as row 2: HVS-91")]),
    (HEAD + "HVS-91,NOPE,Вода,Кипяток,urgent,water_utility,\n", [(2, "parent 'NOPE' is no group")]),
    (
        HEAD + "HVS-91,HVS,Вода,Кипяток,urgent,water_utility,немедленно\n",
        [(2, "fix_minutes 'немедленно': whole minutes from 1 to 527040, or words such as «2 ч», «3 суток»")],
    ),
    (HEAD + "HVS-91,HVS,Вода,Кипяток\n", [(2, "4 cells, the header has 7")]),
    (HEAD + 'HVS-91,HVS,"Вода,Кипяток,urgent,water_utility,\n', [(2, "a quote is never closed")]),
    (
        "type,code,parent,problem_ru\ngroup,A,B,Один\ngroup,B,C,Два\ngroup,C,A,Три\n",
        [(2, "a loop: A → B → C → A"), (3, "a loop: B → C → A → B"), (4, "a loop: C → A → B → C")],
    ),
    ("type,code,parent,problem_ru\ngroup,A,A,Один\n", [(2, "a loop: A → A")]),
    ("type,code,parent,problem_ru\ngroup,DOM,HVS,Дом\n", [(2, "a loop: DOM → HVS → DOM")]),
    ("type,code,parent,problem_ru\nbranch,A,,Один\n", [(2, "type 'branch': group or entry")]),
    ("code,problem_ru,colour\nHVS-01,Прорыв,red\n", [(1, "unknown column 'colour': not read")]),
]


@pytest.mark.parametrize(("text", "mistakes"), WRONG)
def test_a_wrong_row_is_told_with_its_reason(text: str, mistakes: list[tuple[int, str]]) -> None:
    assert told(text) == mistakes


def test_entries_of_a_group_that_falls_fall_with_it() -> None:
    head = "type,code,parent,category,problem_ru,urgency,organisation_kind\n"
    text = head + "group,A,B,,Один,,\nentry,A-1,A,х,Два,info,police\n"
    assert told(text) == [(2, "parent 'B' is no group"), (3, "parent 'A' is no group")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "the file is empty"),
        (b"name,text\nx,y\n", "columns missing: code, problem_ru"),
        (b"code,code,problem_ru\n", "columns named twice: code"),
        ("code,problem_ru".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04\n", "a spreadsheet"),
    ],
)
def test_a_file_that_is_no_classifier_is_refused_whole(text: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(text, SHIPPED)


def test_terms_in_words_and_russian_columns_are_understood() -> None:
    text = (
        "Код;Категория;Проблема;Срочность;organisation_kind;Принять;Устранить;Часы\n"
        "NAC-91;Начисления;Справка о долге;Обычная;management_company;2 ч;10 рабочих дней;рабочие дни\n"
    )
    (change,) = changes(text)
    assert change.what == "added" and change.after is not None
    assert (change.after["accept_minutes"], change.after["fix_minutes"], change.after["clock"]) == (
        120,
        14400,
        "workdays",
    )
    assert (change.after["urgency"], change.after["parent"]) == ("normal", "NAC")


# --- what a file makes of the state -----------------------------------------------------------------------


def test_what_the_file_lacks_is_retired_or_kept() -> None:
    rows = write(SHIPPED).splitlines(keepends=True)
    without = "".join(row for row in rows if ";POD-09;" not in row)
    assert changes(without) == ()
    (change,) = changes(without, retire_missing=True)
    assert (change.code, change.what, change.fields) == ("POD-09", "retired", [("active", "yes", "no")])


def test_a_row_that_could_not_be_taken_retires_nothing() -> None:
    text = write(SHIPPED).replace(";POD-09;", ";POD-09;x;", 1)
    file = read(text.encode(), SHIPPED)
    assert len(file.mistakes) == 1 and compare(SHIPPED, file.after) == ()
    nameless = "code;problem_ru\nHVS-01;Прорыв\n;Кто это?\n"
    file = read(nameless.encode(), SHIPPED)
    assert [change.what for change in compare(SHIPPED, file.after)] == ["changed"]


def test_a_column_that_is_missing_leaves_what_stands_and_an_empty_cell_empties_it() -> None:
    (change,) = changes("code,problem_ru,safety_ru\nGAZ-01,Запах газа,\n")
    assert [name for name, _, _ in change.fields] == ["safety_ru"] and change.after and not change.after["safety_ru"]
    assert changes("code,problem_ru\nGAZ-01,Запах газа\n") == ()


def test_an_empty_group_that_the_file_lacks_goes_and_a_used_one_stays() -> None:
    state = Classifier({**SHIPPED.groups, "ZZZ": Group("ZZZ", "Пусто", position=999)}, SHIPPED.entries)
    (change,) = changes(write(SHIPPED), state, retire_missing=True)
    assert (change.kind, change.code, change.what) == ("group", "ZZZ", "removed")
    only_groups = "".join(row for row in write(SHIPPED).splitlines(keepends=True) if not row.startswith("group;HVS"))
    assert changes(only_groups, retire_missing=True) == ()


def test_a_group_without_a_row_is_named_by_the_category_of_its_entries() -> None:
    file = read((HEAD + "NEW-1,,Новое,Первое,info,police,\n").encode(), NOTHING)
    assert (file.after.groups["NEW"].name_ru, file.after.entries["NEW-1"].parent) == ("Новое", "NEW")


def test_the_header_names_every_column_once() -> None:
    assert len(set(HEADER)) == len(HEADER)
