"""The XLSX of an export, written by a process of its own: `python -m callengine.tickets.workbook FILE`.

Its standard input has JSON lines: first the header (title, columns with their kinds and widths), then rows by the
hundred. A process and not a thread: XlsxWriter is busy Python for seconds, and beside it every turn of the engine's
loop would wait for the interpreter.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, BinaryIO

import orjson
import xlsxwriter

NICENESS = 10  # calls come first
EPOCH_DAYS = 25_569  # from Excel's day 0 to 1970-01-01
DAY_SECONDS = 86_400


def write(path: str, lines: Iterable[bytes]) -> int:
    """Write the workbook; gives the number of its rows. Every text is a text, whatever it begins with."""
    lines = iter(lines)
    head = orjson.loads(next(lines))
    # One row at a time stays in memory; texts stand in the rows themselves.
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(head["title"][:31])
    bold = book.add_format({"bold": True})
    moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
    kinds = [column["kind"] for column in head["columns"]]
    for at, column in enumerate(head["columns"]):
        sheet.set_column(at, at, column["width"])
        sheet.write_string(0, at, column["title"], bold)
    sheet.freeze_panes(1, 0)
    row = 0
    for line in lines:
        for values in orjson.loads(line):
            row += 1
            _write_row(sheet, row, kinds, values, moment)
    if kinds:
        sheet.autofilter(0, 0, row, len(kinds) - 1)
    book.close()
    return row


def _write_row(sheet: Any, row: int, kinds: list[str], values: list[Any], moment: Any) -> None:
    for at, value in enumerate(values):
        if value is None or value == "":
            continue
        kind = kinds[at]
        if kind == "text":
            sheet.write_string(row, at, value)
        elif kind == "moment":  # seconds since 1970 in the service's zone: what its clocks showed
            sheet.write_number(row, at, value / DAY_SECONDS + EPOCH_DAYS, moment)
        else:
            sheet.write_number(row, at, value)


def main(path: str, source: BinaryIO) -> int:
    os.nice(NICENESS)
    write(path, source)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.stdin.buffer))
