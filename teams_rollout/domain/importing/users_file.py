"""`users.csv` to assignments, or all its faults. Room: domain, pure."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from teams_rollout.domain.importing import cells
from teams_rollout.domain.importing.faults import BadCell, FaultCode, FaultLog, ImportOptions
from teams_rollout.domain.importing.people import IDENTITY_COLUMNS, Encounter, PeopleMet
from teams_rollout.domain.importing.references import profile_check, teams_check
from teams_rollout.domain.importing.table import Record, Table, open_table
from teams_rollout.domain.importing.waves import WaveNames
from teams_rollout.domain.roster import Assignment

_COLUMNS = (
    *IDENTITY_COLUMNS,
    "wave",
    "profile",
    "priority",
    "teams",
    "phone_number",
    "hold_until",
    "coexistence_mode",
    "manager",
)
Check = Callable[[str], Any]


@dataclass(frozen=True)
class Known:
    """What rows may refer to; None = not known because its file could not be read."""

    profiles: Collection[str] | None
    teams: Collection[str] | None
    waves: WaveNames


@dataclass(frozen=True)
class UsersRead:
    """What the file gave.

    Attributes:
        users: the rows without fault, in file order.
        rows: rows in the file.
        bad_rows: rows that an error keeps out.
        is_sound: whether nothing but single rows is wrong.
    """

    users: tuple[Assignment, ...]
    rows: int
    bad_rows: int
    is_sound: bool


def read_users(text: str, *, known: Known, options: ImportOptions, log: FaultLog) -> UsersRead:
    """The people in file order; every fault goes into the log."""
    table = open_table(
        text, known=_COLUMNS, log=log, allow_extra_columns=options.allow_extra_columns
    )
    if table is None:
        return UsersRead(users=(), rows=0, bad_rows=0, is_sound=False)
    _log_missing_columns(table, known=known, options=options, log=log)
    checks = _checks(table, known=known, options=options, log=log)
    reader = _Reader(checks, has_one_wave=options.wave is not None, log=log)
    is_sound = not log.has_errors
    for record in table.records(max_rows=options.max_rows):
        reader.read(record)
    if table.rows_seen == 0:
        log.add(FaultCode.NO_ROWS, f"{log.file} names nobody; add a row for each person.", line=1)
    return UsersRead(
        users=tuple(reader.users),
        rows=table.rows_seen,
        bad_rows=len(reader.bad_lines | table.bad_lines),
        is_sound=is_sound and 0 < table.rows_seen <= options.max_rows,
    )


def _log_missing_columns(
    table: Table, *, known: Known, options: ImportOptions, log: FaultLog
) -> None:
    if not set(IDENTITY_COLUMNS) & set(table.columns):
        _log_missing(log, "upn", "so nobody can be found; add it (or employee_id, or mail).")
    if "wave" not in table.columns and options.wave is None:
        _log_missing(log, "wave", "so nobody knows when; add it, or name one wave for all rows.")
    if "profile" not in table.columns and known.profiles is not None and len(known.profiles) > 1:
        _log_missing(log, "profile", "and there are several profiles to choose from; add it.")


def _log_missing(log: FaultLog, column: str, rest: str) -> None:
    log.add(
        FaultCode.MISSING_COLUMN, f"The column {column} is missing, {rest}", line=1, column=column
    )


def _checks(
    table: Table, *, known: Known, options: ImportOptions, log: FaultLog
) -> dict[str, Check]:
    """The check of each column that the file has, and of values that do without a column."""
    checks: dict[str, Check] = {
        "upn": cells.parse_upn,
        "employee_id": cells.parse_employee_id,
        "mail": cells.parse_mail,
        "wave": known.waves.check,
        "profile": profile_check(known.profiles),
        "priority": cells.parse_priority,
        "teams": teams_check(known.teams),
        "phone_number": cells.parse_phone_number,
        "hold_until": cells.parse_date,
        "coexistence_mode": cells.parse_mode,
        "manager": cells.parse_manager,
    }
    checks = {column: checks[column] for column in table.columns}
    if options.wave is not None:
        checks["wave"] = _constant(_one_wave(options.wave, known.waves, log))
    checks.setdefault("wave", _constant(""))
    checks.setdefault("profile", _constant(next(iter(known.profiles or ()), "")))
    return checks


def _constant(value: str) -> Check:
    return lambda _: value


def _one_wave(name: str, waves: WaveNames, log: FaultLog) -> str:
    try:
        return waves.check(name.strip())
    except BadCell as bad:
        log.add_cell(bad, line=0, column="wave")
        return name


class _Reader:
    """Checks rows one by one and remembers who and which numbers were there."""

    def __init__(self, checks: dict[str, Check], *, has_one_wave: bool, log: FaultLog) -> None:
        self.users: list[Assignment] = []
        self.bad_lines: set[int] = set()
        self._checks = checks
        self._has_one_wave = has_one_wave
        self._log = log
        self._people = PeopleMet()
        self._numbers: dict[str, int] = {}

    def read(self, record: Record) -> None:
        """Take one row; a row with an error or a copy of an earlier row gives nobody."""
        key = next((v for c in IDENTITY_COLUMNS if (v := record.cells.get(c, ""))), "")
        values = self._checked_cells(record, key)
        is_new = self._meet(record, values, key)
        if record.line in self.bad_lines or not is_new:
            return
        self._warn_of_shared_number(record, values, key)
        self.users.append(Assignment.model_validate({"line": record.line, **values}))

    def _checked_cells(self, record: Record, key: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for column, check in self._checks.items():
            try:
                values[column] = check(record.cells.get(column, ""))
            except BadCell as bad:
                self._fail(record, bad.code, bad.message, column=column, key=key)
        if not key and (column := self._first_identity_column()):
            self._fail(
                record,
                FaultCode.MISSING_VALUE,
                "The row names nobody; give a UPN (or an employee id, or a mail address).",
                column=column,
            )
        return values

    def _first_identity_column(self) -> str:
        return next((c for c in IDENTITY_COLUMNS if c in self._checks), "")

    def _meet(self, record: Record, values: dict[str, Any], key: str) -> bool:
        """Whether the row's person is new to the file."""
        identifiers = {c: v for c in IDENTITY_COLUMNS if (v := values.get(c))}
        met = self._people.meet(
            identifiers, line=record.line, content=self._content(record, identifiers)
        )
        if met.verdict == "same":
            self._log_copy(record, met, key)
        elif met.verdict == "differs":
            self._fail(
                record,
                FaultCode.CONFLICTING_DUPLICATE,
                f"The same person is in line {met.line} with other values, and only one can be "
                "right; keep one of the rows.",
                column=met.column,
                key=key,
            )
        return met.verdict == "new"

    def _content(self, record: Record, identifiers: dict[str, str]) -> tuple[str, ...]:
        # As checked where names are folded, else as written; a wave given for all rows is the same.
        return tuple(
            identifiers.get(column, text)
            for column, text in record.cells.items()
            if not (column == "wave" and self._has_one_wave)
        )

    def _log_copy(self, record: Record, met: Encounter, key: str) -> None:
        self._log.add(
            FaultCode.DUPLICATE,
            f"This row repeats line {met.line} and is ignored; remove it.",
            line=record.line,
            column=met.column,
            key=key,
            severity="warning",
        )

    def _warn_of_shared_number(self, record: Record, values: dict[str, Any], key: str) -> None:
        number = values.get("phone_number", "")
        if number and (first := self._numbers.setdefault(number, record.line)) != record.line:
            self._log.add(
                FaultCode.DUPLICATE_PHONE_NUMBER,
                f"The number is also given in line {first}, and only one person can have it; "
                "correct one of them.",
                line=record.line,
                column="phone_number",
                key=key,
                severity="warning",
            )

    def _fail(
        self, record: Record, code: FaultCode, message: str, *, column: str, key: str = ""
    ) -> None:
        self.bad_lines.add(record.line)
        self._log.add(code, message, line=record.line, column=column, key=key)
