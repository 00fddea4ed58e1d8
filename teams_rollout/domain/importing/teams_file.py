"""`teams.csv` to team specifications, or all its faults. Room: domain, pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from teams_rollout.domain.importing.cells import (
    parse_channels,
    parse_mail_nickname,
    parse_team_id,
    parse_team_name,
    parse_upns,
    parse_visibility,
    quoted,
)
from teams_rollout.domain.importing.faults import BadCell, FaultCode, FaultLog, ImportOptions
from teams_rollout.domain.importing.table import Record, open_table
from teams_rollout.domain.roster import TeamSpec

_CHECKS: dict[str, Callable[[str], Any]] = {
    "team": parse_team_name,
    "display_name": parse_team_name,
    "owners": parse_upns,
    "channels": parse_channels,
    "visibility": parse_visibility,
    "mail_nickname": parse_mail_nickname,
    "existing_team_id": parse_team_id,
}


@dataclass(frozen=True)
class TeamsRead:
    """What the file gave.

    Attributes:
        keys: every team that the file names, those with faults included.
    """

    teams: tuple[TeamSpec, ...]
    keys: frozenset[str]


def read_teams(text: str, *, options: ImportOptions, log: FaultLog) -> TeamsRead | None:
    """The teams in file order; None when the file as a whole cannot be read."""
    table = open_table(
        text, known=tuple(_CHECKS), log=log, allow_extra_columns=options.allow_extra_columns
    )
    if table is None:
        return None
    if "team" not in table.columns:
        log.add(
            FaultCode.MISSING_COLUMN,
            "The column team is missing, so users.csv could not name any team; add it.",
            line=1,
            column="team",
        )
        return None
    reader = _Reader(log)
    for record in table.records(max_rows=options.max_rows):
        reader.read(record)
    return TeamsRead(teams=tuple(reader.teams), keys=frozenset(reader.first_rows))


class _Reader:
    """Checks rows one by one and remembers what must not come twice."""

    def __init__(self, log: FaultLog) -> None:
        self.teams: list[TeamSpec] = []
        self.first_rows: dict[str, dict[str, str]] = {}
        self._claimed: dict[tuple[str, str], str] = {}
        self._log = log

    def read(self, record: Record) -> None:
        """Take one row; a row with a fault gives no team."""
        key = record.cells["team"]
        values = self._checked_cells(record)
        if not key:
            self._log.add(
                FaultCode.MISSING_VALUE,
                "The team is missing, so no row of users.csv could name it; name it.",
                line=record.line,
                column="team",
            )
        elif self._is_first(record) and values is not None and self._is_unclaimed(record):
            self.teams.append(_team(key, values))

    def _checked_cells(self, record: Record) -> dict[str, Any] | None:
        values: dict[str, Any] = {}
        sound = True
        for column, text in record.cells.items():
            try:
                values[column] = _CHECKS[column](text)
            except BadCell as bad:
                self._log.add_cell(bad, line=record.line, column=column, key=record.cells["team"])
                sound = False
        return values if sound else None

    def _is_first(self, record: Record) -> bool:
        key = record.cells["team"]
        first = self.first_rows.setdefault(key, record.cells)
        if first is record.cells:
            return True
        same = first == record.cells
        self._log.add(
            FaultCode.DUPLICATE if same else FaultCode.DUPLICATE_TEAM,
            f"The team {quoted(key)} is already in an earlier row"
            + ("; this copy is ignored." if same else " that says otherwise; keep only one."),
            line=record.line,
            column="team",
            key=key,
            severity="warning" if same else "error",
        )
        return False

    def _is_unclaimed(self, record: Record) -> bool:
        """Two teams can share neither an address nor an existing team."""
        key = record.cells["team"]
        for column, code in (
            ("mail_nickname", FaultCode.INVALID_MAIL_NICKNAME),
            ("existing_team_id", FaultCode.DUPLICATE_TEAM),
        ):
            value = record.cells.get(column, "").casefold()
            if value and (other := self._claimed.setdefault((column, value), key)) != key:
                self._log.add(
                    code,
                    f"{quoted(value)} already belongs to the team {quoted(other)}; give each team "
                    "its own.",
                    line=record.line,
                    column=column,
                    key=key,
                )
                return False
        return True


def _team(key: str, values: dict[str, Any]) -> TeamSpec:
    return TeamSpec(
        key=key,
        display_name=values.get("display_name") or key,
        owners=values.get("owners", ()),
        channels=values.get("channels", ()),
        visibility=values.get("visibility", "Private"),
        mail_nickname=values.get("mail_nickname", ""),
        existing_team_id=values.get("existing_team_id", ""),
    )
