"""Rows out of a CSV stream of any size and any honest making: encoding, delimiter, quotes; pure and bounded.

Bytes are fed as they come. A broken row costs itself alone: a quote that never closes does not swallow
the rest of the file, a line without end is passed over without being kept.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from callengine.errors import Refused

MAX_LINE_BYTES = 1 << 20
MAX_RECORD_LINES = 20  # of one record with line breaks inside quotes
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a row; `row` is its line in the file, as an editor shows it (the header is 1)."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class CsvRow:
    row: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class _Line:
    row: int
    text: str


class CsvRows:
    """Feed it bytes, take rows and mistakes; `header` is there once the first line has come."""

    def __init__(self) -> None:
        self.header: list[str] | None = None
        self.delimiter = ","
        self.encoding = ""  # unknown until the first letter beyond ASCII: then UTF-8 or cp1251
        self._rest = bytearray()
        self._row = 0
        self._too_long = False
        self._open: list[_Line] = []

    def feed(self, chunk: bytes) -> Iterator[CsvRow | Mistake]:
        """What these bytes complete."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._keep(line)
            yield from self._end_line()
        self._keep(rest)

    def close(self) -> Iterator[CsvRow | Mistake]:
        """What the end of the file completes."""
        if self._rest or self._too_long:
            yield from self._end_line()
        while self._open:
            yield from self._give_up_open()

    def _keep(self, piece: bytes) -> None:
        if len(self._rest) + len(piece) > MAX_LINE_BYTES:
            self._too_long = True
            self._rest.clear()
        if not self._too_long:
            self._rest += piece

    def _end_line(self) -> Iterator[CsvRow | Mistake]:
        raw, too_long = bytes(self._rest), self._too_long
        self._rest.clear()
        self._too_long = False
        self._row += 1
        if too_long:
            yield Mistake(self._row, f"the line is longer than {MAX_LINE_BYTES} bytes")
            return
        if self._row == 1:
            raw = _without_mark(raw)
        text = self._decoded(raw.removesuffix(b"\r"))
        if text is None:
            yield Mistake(self._row, f"the line is no {self.encoding or 'UTF-8'} text")
        elif "\0" in text:
            yield Mistake(self._row, "the line has a zero byte in it")
        elif self.header is None and text.strip():
            self._read_header(text)
        elif self.header is not None:
            yield from self._add(_Line(self._row, text))

    def _decoded(self, raw: bytes) -> str | None:
        if raw.isascii():
            return raw.decode("ascii")
        for encoding in (self.encoding,) if self.encoding else ("utf-8", "cp1251"):
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            self.encoding = encoding
            return text
        return None

    def _read_header(self, text: str) -> None:
        self.delimiter = max(DELIMITERS, key=text.count)
        cells = self._cells(text)
        if not isinstance(cells, list):
            raise Refused(f"the header (line {self._row}) has a broken quote")
        self.header = [cell.strip().lower() for cell in cells]

    def _add(self, line: _Line) -> Iterator[CsvRow | Mistake]:
        waiting = deque([line])
        while waiting:
            self._open.append(waiting.popleft())
            if len(self._open) > 1 and '"' not in self._open[-1].text and len(self._open) < MAX_RECORD_LINES:
                continue  # still inside the quotes: nothing can have closed them
            cells = self._cells("\n".join(part.text for part in self._open))
            first = self._open[0].row
            if isinstance(cells, list):
                self._open.clear()
                if any(cell.strip() for cell in cells):
                    yield CsvRow(first, cells)
            elif cells != "open" or len(self._open) >= MAX_RECORD_LINES:
                again = self._open[1:]
                self._open.clear()
                yield Mistake(first, "a quote is never closed" if cells == "open" else cells)
                waiting.extendleft(reversed(again))

    def _give_up_open(self) -> Iterator[CsvRow | Mistake]:
        first, *again = self._open
        self._open.clear()
        yield Mistake(first.row, "a quote is never closed")
        for line in again:
            yield from self._add(line)

    def _cells(self, text: str) -> list[str] | str:
        """The cells of a record; else "open" when a quote waits for its end, or what is wrong."""
        try:
            records = list(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            told = str(error)
            if "unexpected end of data" in told:
                return "open"
            if "field larger" in told:
                return f"a cell is longer than {csv.field_size_limit()} characters"
            return f"broken quotes: {told}" if '"' in text else told
        return records[0] if len(records) == 1 else [] if not records else "a line break outside quotes"


def _without_mark(raw: bytes) -> bytes:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("the file is UTF-16: save it as CSV UTF-8")
    if raw.startswith(b"PK\x03\x04"):
        raise Refused("the file is a spreadsheet (XLSX) or an archive: save it as CSV UTF-8")
    return raw.removeprefix(b"\xef\xbb\xbf")
