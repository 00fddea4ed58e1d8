"""What can be wrong with the files of an import, as values. Room: domain, pure.

Every fault names file, line, column, the row's own key and one sentence: what, why, what to do.
"""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["error", "warning"]
MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 120_000
BAD_ROWS_ACCEPTED = 0.02
"""Share of bad rows up to which `--accept-good` imports the rest."""


class FaultCode(StrEnum):
    """Stable names of faults; part of the contract with scripts that read them."""

    FILE_TOO_LARGE = "file_too_large"
    NOT_UTF8 = "not_utf8"
    NUL_BYTE = "nul_byte"
    EMPTY_FILE = "empty_file"
    MALFORMED_TOML = "malformed_toml"
    UNKNOWN_KEY = "unknown_key"
    INVALID_VALUE = "invalid_value"
    INVALID_TIMEZONE = "invalid_timezone"
    UNKNOWN_WAVE = "unknown_wave"
    WAVE_CYCLE = "wave_cycle"
    WRONG_SEPARATOR = "wrong_separator"
    MISSING_HEADER = "missing_header"
    MISSING_COLUMN = "missing_column"
    UNKNOWN_COLUMN = "unknown_column"
    DUPLICATE_COLUMN = "duplicate_column"
    UNREADABLE_ROW = "unreadable_row"
    TOO_MANY_FIELDS = "too_many_fields"
    TOO_FEW_FIELDS = "too_few_fields"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_BAD_ROWS = "too_many_bad_rows"
    NO_ROWS = "no_rows"
    MISSING_VALUE = "missing_value"
    INVALID_UPN = "invalid_upn"
    INVALID_MAIL = "invalid_mail"
    INVALID_EMPLOYEE_ID = "invalid_employee_id"
    INVALID_WAVE = "invalid_wave"
    WAVE_NAME_CLASH = "wave_name_clash"
    UNKNOWN_PROFILE = "unknown_profile"
    UNKNOWN_TEAM = "unknown_team"
    INVALID_PRIORITY = "invalid_priority"
    INVALID_PHONE_NUMBER = "invalid_phone_number"
    DUPLICATE_PHONE_NUMBER = "duplicate_phone_number"
    INVALID_DATE = "invalid_date"
    UNKNOWN_COEXISTENCE_MODE = "unknown_coexistence_mode"
    DUPLICATE = "duplicate"
    CONFLICTING_DUPLICATE = "conflicting_duplicate"
    INVALID_TEAM = "invalid_team"
    DUPLICATE_TEAM = "duplicate_team"
    INVALID_VISIBILITY = "invalid_visibility"
    INVALID_MAIL_NICKNAME = "invalid_mail_nickname"
    INVALID_TEAM_ID = "invalid_team_id"
    INVALID_CHANNEL = "invalid_channel"
    # of a hand-off that comes back
    WRONG_SCHEMA_VERSION = "wrong_schema_version"
    UNKNOWN_PERSON = "unknown_person"
    NOT_HANDED_OFF = "not_handed_off"
    INVALID_RESULT = "invalid_result"
    UNKNOWN_REASON = "unknown_reason"


class Fault(BaseModel):
    """One thing wrong with one place in a file.

    Attributes:
        line: line in the file, header = 1; 0 = the file as a whole or a command line option.
        column: column of a table, or key path of `rollout.toml`; empty = the whole row or file.
        key: the row's own key, e.g. a UPN or a team; empty where the row has none.
        severity: a warning stops nothing.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    line: int
    column: str = ""
    code: str
    key: str = ""
    message: str
    severity: Severity = "error"

    @property
    def is_error(self) -> bool:
        """Whether it stops the import (or, with `--accept-good`, its row)."""
        return self.severity == "error"


class ImportOptions(BaseModel):
    """How an import reads its files.

    Attributes:
        wave: puts every row in this wave, whatever the column says.
        allow_extra_columns: ignore columns that we do not know instead of refusing them.
        accept_good: import the rest when at most 2 % of the rows are bad.
        max_bytes: largest size of one file.
        max_rows: most rows of one table, header and blank lines not counted.
    """

    model_config = ConfigDict(frozen=True)

    wave: str | None = None
    allow_extra_columns: bool = False
    accept_good: bool = False
    max_bytes: int = MAX_BYTES
    max_rows: int = MAX_ROWS


class BadCell(ValueError):
    """One cell is wrong; the row's reader adds file, line and key."""

    def __init__(self, code: FaultCode, message: str) -> None:
        super().__init__(code.value)
        self.code = code
        self.message = message


class FaultLog:
    """Collects the faults of one file, so that all of them are reported in one go."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._faults: list[Fault] = []

    def add(
        self,
        code: FaultCode,
        message: str,
        *,
        line: int = 0,
        column: str = "",
        key: str = "",
        severity: Severity = "error",
    ) -> None:
        """Record one fault."""
        self._faults.append(
            Fault(
                file=self.file,
                line=line,
                column=column,
                code=code.value,
                key=key,
                message=message,
                severity=severity,
            )
        )

    def add_cell(self, bad: BadCell, *, line: int, column: str, key: str = "") -> None:
        """Record a cell's fault at its place."""
        self.add(bad.code, bad.message, line=line, column=column, key=key)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults so far, by line, then in the order in which they were found."""
        return tuple(sorted(self._faults, key=lambda f: f.line))

    @property
    def has_errors(self) -> bool:
        """Whether anything more than a warning was found."""
        return any(f.is_error for f in self._faults)
