"""CSV text to rows with the line on which each begins. Room: domain, pure.

Quoting is strict, because a stray quotation mark would otherwise swallow the rows behind it.
After a row that cannot be read, reading goes on with the next line, so that its neighbours'
faults are reported too.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

_RESTARTS = 20
"""Damaged rows behind which every line is read again; bounds the work on hostile files."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the file.

    Attributes:
        line: line on which it begins, first line = 1.
        cells: as written, blanks included; for an unreadable row its first line as one cell.
        readable: False when its quoting is broken.
        is_cut_off: the last line of a file that does not end with a line break.
    """

    line: int
    cells: tuple[str, ...]
    readable: bool = True
    is_cut_off: bool = False


def read_rows(text: str) -> Iterator[Row]:
    """Every row that is not blank, in file order."""
    lines = list(io.StringIO(text, newline=""))
    ends_open = bool(lines) and not lines[-1].endswith(("\n", "\r"))
    start = 0
    for _ in range(_RESTARTS):
        restart_at = None
        for row in _rows_from(lines, start, ends_open=ends_open):
            yield row
            if not row.readable:
                restart_at = row.line  # lines count from 1: the line behind the damaged row's first
                break
        if restart_at is None:
            return
        start = restart_at
    yield from _rows_from(lines, start, ends_open=ends_open)


def _rows_from(lines: list[str], start: int, *, ends_open: bool) -> Iterator[Row]:
    reader = csv.reader(islice(lines, start, None), strict=True)
    begun = start
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Row(line=begun + 1, cells=(lines[begun].rstrip("\r\n"),), readable=False)
        else:
            is_last = start + reader.line_num == len(lines)
            if any(c and not c.isspace() for c in cells):
                yield Row(line=begun + 1, cells=tuple(cells), is_cut_off=is_last and ends_open)
        begun = start + reader.line_num
