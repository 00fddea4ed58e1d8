"""The users' file again, with a column that says what is wrong with each row.

Room: domain, pure. The corrected file can be imported as it is: the column is ignored.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable

from teams_rollout.domain.importing.faults import Fault
from teams_rollout.domain.importing.rows import Row, read_rows
from teams_rollout.domain.importing.table import FAULT_COLUMN

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def annotate(text: str, *, faults: Iterable[Fault]) -> str:
    """The rows of `text` with a `fault` column at the end.

    Faults of the header or of the whole file stand in the first row behind the header. A cell
    that is faulty and would run as a formula in a spreadsheet gets an apostrophe in front.
    """
    by_line: dict[int, list[Fault]] = defaultdict(list)
    for fault in faults:
        by_line[fault.line].append(fault)
    rows = list(read_rows(text))
    if not rows:
        return ""
    header, *records = rows
    general = [f for line in (0, header.line) for f in by_line.pop(line, [])]
    names = [cell.strip().lower() for cell in header.cells]
    kept = [i for i, name in enumerate(names) if name != FAULT_COLUMN]
    output = io.StringIO(newline="")
    writer = csv.writer(output)
    writer.writerow([*_cells(header, kept), FAULT_COLUMN])
    for row in records:
        own = by_line.get(row.line, [])
        cells = _safe_cells(row, kept, names=names, faults=own)
        surplus = [_defused(cell) for cell in row.cells[len(names) :]]
        writer.writerow([*cells, _sentence([*general, *own]), *surplus])
        general = []
    return output.getvalue()


def _sentence(faults: list[Fault]) -> str:
    return " | ".join(f"{f.code}: {f.message}" for f in faults)


def _cells(row: Row, kept: list[int]) -> list[str]:
    return [row.cells[i] if i < len(row.cells) else "" for i in kept]


def _safe_cells(row: Row, kept: list[int], *, names: list[str], faults: list[Fault]) -> list[str]:
    faulty = {f.column.lower() for f in faults}
    distrusted = "" in faulty  # the row as a whole is wrong
    return [
        _defused(cell) if distrusted or names[i] in faulty else cell
        for i, cell in zip(kept, _cells(row, kept), strict=True)
    ]


def _defused(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
