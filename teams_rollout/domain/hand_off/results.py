"""A hand-off file that comes back: what was done for whom, or all that is wrong with it. Pure.

The file is the one that left us, with `result` and `reason` filled in. A file with a fault gives
nothing, so that it can be corrected and handed in again as a whole.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.hand_off.files import COLUMNS
from teams_rollout.domain.hand_off.model import SCHEMA_VERSION, Action
from teams_rollout.domain.importing.faults import MAX_BYTES, MAX_ROWS, Fault, FaultCode, FaultLog
from teams_rollout.domain.importing.table import Record, Table, open_table
from teams_rollout.domain.importing.text import decode
from teams_rollout.domain.roster import UserKey

REASONS = ("refused", "phone_system_missing", "user_not_found", "meetings_not_migrated", "other")
"""Words for the column `reason`; `docs/hand-off.md` says when each is right."""
MAX_DETAIL = 300
_NEEDED = ("schema_version", "action", "user_id", "result")


class Result(StrEnum):
    """What the other team says of one row."""

    DONE = "done"
    FAILED = "failed"


class Report(BaseModel):
    """One row that was filled in.

    Attributes:
        key: the person.
        reason: one of REASONS for a failure, else empty.
        detail: the other team's own words, for the timeline.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    key: UserKey
    action: Action
    policy_type: str = ""
    result: Result
    reason: str = ""
    detail: str = ""


class ResultsRead(BaseModel):
    """What the file gave.

    Attributes:
        reports: None when the file has an error.
        unanswered: rows in which nothing was filled in.
    """

    model_config = ConfigDict(frozen=True)

    reports: tuple[Report, ...] | None
    faults: tuple[Fault, ...]
    unanswered: int = 0


def read_results(
    data: bytes, *, file_name: str, people: Mapping[str, UserKey | None]
) -> ResultsRead:
    """Read and check the whole file.

    Args:
        people: everybody of the rollout by object id in lower case; None for those who were
            never handed off.

    Returns:
        The reports, or every fault with its line and column. Never raises for what it contains.
    """
    log = FaultLog(file_name)
    text = decode(data, log=log, max_bytes=MAX_BYTES)
    table = None if text is None else open_table(text, known=COLUMNS, log=log)
    if table is None or not _has_columns(table, log):
        return ResultsRead(reports=None, faults=log.faults)
    reader = _Reader(log, people)
    for record in table.records(max_rows=MAX_ROWS):
        reader.read(record)
    if table.rows_seen == 0:
        log.add(FaultCode.NO_ROWS, f"{file_name} has no rows, so nothing was reported.", line=1)
    reports = None if log.has_errors else tuple(reader.reports.values())
    return ResultsRead(reports=reports, faults=log.faults, unanswered=reader.unanswered)


def _has_columns(table: Table, log: FaultLog) -> bool:
    missing = [name for name in _NEEDED if name not in table.columns]
    for name in missing:
        log.add(
            FaultCode.MISSING_COLUMN,
            f"The column {name} is missing, so the rows cannot be told; keep every column of the "
            "file that was handed off.",
            line=1,
            column=name,
        )
    return not missing


class _Reader:
    """Checks rows one by one and remembers what must not come twice."""

    def __init__(self, log: FaultLog, people: Mapping[str, UserKey | None]) -> None:
        self.reports: dict[tuple[str, str, str], Report] = {}
        self.unanswered = 0
        self._log = log
        self._people = people

    def read(self, record: Record) -> None:
        """Take one row; a row with a fault gives no report."""
        if not record.cells["result"]:
            self.unanswered += 1
            return
        faults = [fault for check in _CHECKS if (fault := check(record, self._people))]
        for code, column, message in faults:
            self._log.add(code, message, line=record.line, column=column, key=_key(record))
        if not faults:
            self._keep(record)

    def _keep(self, record: Record) -> None:
        report = _report(record, self._people)
        place = (record.cells["user_id"].casefold(), report.action.value, report.policy_type)
        first = self.reports.setdefault(place, report)
        if first is report:
            return
        same = first == report
        self._log.add(
            FaultCode.DUPLICATE if same else FaultCode.CONFLICTING_DUPLICATE,
            "An earlier row already reports this"
            + ("; this copy is ignored." if same else " and says otherwise; keep only one."),
            line=record.line,
            column="user_id",
            key=_key(record),
            severity="warning" if same else "error",
        )


_Fault = tuple[FaultCode, str, str]
_Check = Callable[[Record, Mapping[str, UserKey | None]], _Fault | None]


def _check_version(record: Record, _people: Mapping[str, UserKey | None]) -> _Fault | None:
    if record.cells["schema_version"] == str(SCHEMA_VERSION):
        return None
    return (
        FaultCode.WRONG_SCHEMA_VERSION,
        "schema_version",
        f"The row is not of version {SCHEMA_VERSION} of the file; write the hand-off anew and "
        "carry the results over.",
    )


def _check_action(record: Record, _people: Mapping[str, UserKey | None]) -> _Fault | None:
    if record.cells["action"] in tuple(Action):
        return None
    return (
        FaultCode.INVALID_VALUE,
        "action",
        f"The action is none of {', '.join(Action)}; leave it as it was handed off.",
    )


def _check_person(record: Record, people: Mapping[str, UserKey | None]) -> _Fault | None:
    user_id = record.cells["user_id"].casefold()
    if user_id not in people:
        return (
            FaultCode.UNKNOWN_PERSON,
            "user_id",
            "Nobody of this rollout has this id; leave it as it was handed off.",
        )
    if people[user_id] is None:
        return (
            FaultCode.NOT_HANDED_OFF,
            "user_id",
            "This person was never handed off, because their wave has not come so far; remove the "
            "row.",
        )
    return None


def _check_result(record: Record, _people: Mapping[str, UserKey | None]) -> _Fault | None:
    if record.cells["result"].casefold() in tuple(Result):
        return None
    return (
        FaultCode.INVALID_RESULT,
        "result",
        "The result is neither done nor failed; use one of them, or leave it empty.",
    )


def _check_reason(record: Record, _people: Mapping[str, UserKey | None]) -> _Fault | None:
    if record.cells["result"].casefold() != Result.FAILED:
        return None
    reason = record.cells.get("reason", "").casefold()
    if not reason:
        return (
            FaultCode.MISSING_VALUE,
            "reason",
            f"A failure needs a reason, so that somebody can act on it: {', '.join(REASONS)}.",
        )
    if reason not in REASONS:
        return (
            FaultCode.UNKNOWN_REASON,
            "reason",
            f"The reason is not known; use one of {', '.join(REASONS)}, and the column detail for "
            "your own words.",
        )
    return None


_CHECKS: tuple[_Check, ...] = (
    _check_version,
    _check_action,
    _check_person,
    _check_result,
    _check_reason,
)


def _report(record: Record, people: Mapping[str, UserKey | None]) -> Report:
    cells = record.cells
    key = people[cells["user_id"].casefold()]
    if key is None:
        raise LookupError("a checked row names somebody who was handed off")
    result = Result(cells["result"].casefold())
    failed = result is Result.FAILED
    return Report(
        key=key,
        action=Action(cells["action"]),
        policy_type=cells.get("policy_type", ""),
        result=result,
        reason=cells.get("reason", "").casefold() if failed else "",
        detail=cells.get("detail", "")[:MAX_DETAIL],
    )


def _key(record: Record) -> str:
    return record.cells.get("sign_in_name") or record.cells["user_id"]
