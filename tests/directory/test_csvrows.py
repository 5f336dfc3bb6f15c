"""CSV as it really comes: cp1251, BOM, semicolons, broken quotes, cells without end."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callengine.directory.csvrows import MAX_LINE_BYTES, CsvRow, CsvRows, Mistake
from callengine.errors import Refused


def read(data: bytes, *, piece: int = 7) -> list[CsvRow | Mistake]:
    source = CsvRows()
    found: list[CsvRow | Mistake] = []
    for start in range(0, len(data), piece):
        found += source.feed(data[start : start + piece])
    return found + list(source.close())


def cells(data: bytes) -> list[list[str]]:
    return [row.cells for row in read(data) if isinstance(row, CsvRow)]


def mistakes(data: bytes) -> list[tuple[int, str]]:
    return [(item.row, item.reason) for item in read(data) if isinstance(item, Mistake)]


def test_utf8_with_and_without_a_mark_reads_alike() -> None:
    text = "code,name\nA,Ёлкин\n".encode()
    assert cells(text) == cells(b"\xef\xbb\xbf" + text) == [["A", "Ёлкин"]]


def test_cp1251_is_recognised_even_when_it_shows_late() -> None:
    text = ("code;name\n" + "A;plain\n" * 2000 + "B;Ёлкин\n").encode("cp1251")
    assert cells(text)[-1] == ["B", "Ёлкин"]


def test_a_line_of_another_encoding_is_reported_alone() -> None:
    text = "code,name\nA,Ёлкин\n".encode() + "B,Пёс\n".encode("cp1251") + "C,Дом\n".encode()
    assert cells(text) == [["A", "Ёлкин"], ["C", "Дом"]]
    assert mistakes(text) == [(3, "the line is no utf-8 text")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_taken_from_the_header(delimiter: str) -> None:
    text = delimiter.join(["code", "name", "x"]) + "\r\n" + delimiter.join(["A", "b", "c"]) + "\r\n"
    assert cells(text.encode()) == [["A", "b", "c"]]


def test_quotes_keep_delimiters_quotes_and_line_breaks() -> None:
    assert cells(b'a,b\n"1,2","say ""x"""\n"two\nlines",z\n') == [["1,2", 'say "x"'], ["two\nlines", "z"]]


def test_a_quote_inside_a_plain_cell_is_only_a_quote() -> None:
    assert cells('a,b\n5" труба,z\n1,y\n'.encode()) == [['5" труба', "z"], ["1", "y"]]


def test_an_open_quote_costs_one_row_and_not_the_rest() -> None:
    text = b'a,b\n1,"open\n' + b"".join(b"%d,x\n" % n for n in range(2, 60))
    assert mistakes(text) == [(2, "a quote is never closed")]
    assert len(cells(text)) == 58


def test_an_open_quote_before_a_quoted_row_costs_one_row() -> None:
    text = b'a,b\n1,"open\n2,"good"\n3,"good"\n'
    assert [row for row, _ in mistakes(text)] == [2]
    assert cells(text) == [["2", "good"], ["3", "good"]]


def test_an_open_quote_at_the_end_is_reported() -> None:
    assert mistakes(b'a,b\n1,x\n2,"open') == [(3, "a quote is never closed")]


def test_letters_after_a_closing_quote_are_reported() -> None:
    ((row, reason),) = mistakes(b'a,b\n"1"x,y\n2,z\n')
    assert row == 2 and reason.startswith("broken quotes")


def test_empty_lines_and_lines_of_delimiters_are_no_rows() -> None:
    assert cells(b"a,b\n\n,\n  ,\n1,2\n\n") == [["1", "2"]]
    assert mistakes(b"a,b\n\n,\n1,2\n") == []


def test_a_cell_of_ten_megabytes_is_passed_over_in_bounded_memory() -> None:
    source = CsvRows()
    list(source.feed(b"a,b\n1,"))
    tracemalloc.start()
    for _ in range(160):
        list(source.feed(b"x" * 65_536))
    found = list(source.feed(b"\n2,y\n"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [Mistake(2, f"the line is longer than {MAX_LINE_BYTES} bytes"), CsvRow(3, ["2", "y"])]
    assert peak < 4 * MAX_LINE_BYTES


def test_a_cell_longer_than_a_cell_may_be_is_reported() -> None:
    assert mistakes(b"a,b\n1," + b"x" * 200_000 + b"\n2,y\n") == [(2, "a cell is longer than 131072 characters")]


def test_a_zero_byte_costs_its_line() -> None:
    assert mistakes(b"a,b\n1,\x00\n2,y\n") == [(2, "the line has a zero byte in it")]


@pytest.mark.parametrize("start", [b"\xff\xfea\x00", b"\xfe\xff\x00a", b"PK\x03\x04"])
def test_what_is_no_csv_at_all_is_refused_with_advice(start: bytes) -> None:
    with pytest.raises(Refused, match="save it as CSV UTF-8"):
        read(start + b"...\n")


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_are_read_or_reported_and_pieces_do_not_matter(data: bytes, piece: int) -> None:
    data = b"a,b\n" + data
    assert read(data, piece=piece) == read(data, piece=1000)


@settings(deadline=None)
@given(st.lists(st.lists(st.text(alphabet='ab ,;"\nё=', max_size=6), min_size=2, max_size=2), max_size=12))
def test_what_a_writer_wrote_is_read_back(rows: list[list[str]]) -> None:
    import csv
    import io

    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    assert cells(text.getvalue().encode()) == [row for row in rows if any(cell.strip() for cell in row)]
