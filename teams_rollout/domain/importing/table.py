"""A CSV file as rows of named cells; header and shape are checked here. Room: domain, pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from teams_rollout.domain.importing.faults import FaultCode, FaultLog
from teams_rollout.domain.importing.rows import Row, read_rows

FAULT_COLUMN = "fault"
"""Column of the annotated file; a corrected file may keep it, it is ignored."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row with its known columns, blanks around the values removed."""

    line: int
    cells: dict[str, str]


class Table:
    """The rows of one file under its header.

    Attributes:
        columns: known columns that the file has, in file order.
        rows_seen: rows behind the header, good or bad; complete once `records` is exhausted.
        bad_lines: lines whose shape is wrong; complete once `records` is exhausted.
    """

    def __init__(
        self, rows: Iterator[Row], *, header: list[str], places: dict[str, int], log: FaultLog
    ) -> None:
        self.columns = tuple(places)
        self.rows_seen = 0
        self.bad_lines: set[int] = set()
        self._rows = rows
        self._header = header
        self._places = places
        self._log = log
        self._nameless = [i for i, name in enumerate(header) if not name]

    def records(self, *, max_rows: int) -> Iterator[Record]:
        """Every well-shaped row; the others go into the log. Stops behind `max_rows`."""
        for row in self._rows:
            self.rows_seen += 1
            if self.rows_seen > max_rows:
                self._log.add(
                    FaultCode.TOO_MANY_ROWS,
                    f"{self._log.file} has more than {max_rows:,} rows, more than one import "
                    "takes; split the file by wave.",
                    line=row.line,
                )
                return
            if self._is_shaped(row):
                yield Record(line=row.line, cells=self._named(row))
            else:
                self.bad_lines.add(row.line)

    def _named(self, row: Row) -> dict[str, str]:
        width = len(row.cells)
        return {
            name: row.cells[place].strip() if place < width else ""
            for name, place in self._places.items()
        }

    def _is_shaped(self, row: Row) -> bool:
        if not row.readable:
            self._log.add(
                FaultCode.UNREADABLE_ROW,
                "This row cannot be read because a quotation mark is missing or misplaced (or a "
                "cell is enormous); put a pair of them around each cell that needs them.",
                line=row.line,
            )
            return False
        if len(row.cells) > len(self._header) or self._has_nameless_value(row):
            self._log.add(
                FaultCode.TOO_MANY_FIELDS,
                f"This row has {len(row.cells)} fields where the header names "
                f"{len(self._header) - len(self._nameless)}, perhaps because of a comma inside a "
                "value; put quotation marks around that value.",
                line=row.line,
                key=row.cells[0].strip(),
            )
            return False
        self._warn_if_cut_off(row)
        return True

    def _has_nameless_value(self, row: Row) -> bool:
        return any(i < len(row.cells) and row.cells[i].strip() for i in self._nameless)

    def _warn_if_cut_off(self, row: Row) -> None:
        # Short rows alone are normal: spreadsheets leave out empty cells at the end of a row.
        if row.is_cut_off and len(row.cells) < len(self._header):
            self._log.add(
                FaultCode.TOO_FEW_FIELDS,
                "The last row is shorter than the header and the file ends in the middle of its "
                "line; check that the file was copied whole.",
                line=row.line,
                key=row.cells[0].strip(),
                severity="warning",
            )


def open_table(
    text: str, *, known: Collection[str], log: FaultLog, allow_extra_columns: bool = False
) -> Table | None:
    """Read and check the header.

    Args:
        known: the columns that the file may have.

    Returns:
        None when no header can be made out; otherwise a table of which unknown and doubled
        columns have been logged.
    """
    rows = read_rows(text)
    first = next(rows, None)
    if first is None:
        log.add(
            FaultCode.EMPTY_FILE,
            f"{log.file} is empty; at least a header line with the column names must be there.",
            line=1,
        )
        return None
    header = [cell.strip() for cell in first.cells]
    names = [cell.lower() for cell in header]
    if not set(names) & set(known):
        _log_missing_header(first, known=known, log=log)
        return None
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in places:
            log.add(
                FaultCode.DUPLICATE_COLUMN,
                f"The column {header[place]} appears twice, so it is unclear which one counts; "
                "remove one of them.",
                line=first.line,
                column=header[place],
            )
        elif name in known:
            places[name] = place
        elif name and name != FAULT_COLUMN and not allow_extra_columns:
            _log_unknown_column(header[place], line=first.line, known=known, log=log)
    return Table(rows, header=header, places=places, log=log)


def _log_unknown_column(name: str, *, line: int, known: Collection[str], log: FaultLog) -> None:
    log.add(
        FaultCode.UNKNOWN_COLUMN,
        f"The column {name} is not known, so its values would be lost; correct its name (known: "
        f"{', '.join(known)}), remove it, or allow extra columns.",
        line=line,
        column=name,
    )


def _log_missing_header(first: Row, *, known: Collection[str], log: FaultLog) -> None:
    joined = "".join(first.cells)
    other = next((mark for mark in (";", "\t", "|") if mark in joined), "")
    if len(first.cells) == 1 and other:
        log.add(
            FaultCode.WRONG_SEPARATOR,
            f"The columns are separated by {'tabs' if other == chr(9) else f'“{other}”'} instead "
            "of commas; save the file again as comma-separated “CSV UTF-8”.",
            line=first.line,
        )
        return
    log.add(
        FaultCode.MISSING_HEADER,
        "The first line names none of the known columns, so the values cannot be told apart; "
        f"begin the file with a header of some of: {', '.join(known)}.",
        line=first.line,
    )
