"""The three files of an import to a roster, or everything that is wrong with them.

Room: domain, pure: bytes in, values out, and no bytes that make it raise.
"""

from pydantic import BaseModel, ConfigDict, Field

from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.importing.annotate import annotate
from teams_rollout.domain.importing.faults import (
    BAD_ROWS_ACCEPTED,
    Fault,
    FaultCode,
    FaultLog,
    ImportOptions,
)
from teams_rollout.domain.importing.teams_file import TeamsRead, read_teams
from teams_rollout.domain.importing.text import decode
from teams_rollout.domain.importing.toml_file import read_rollout
from teams_rollout.domain.importing.toml_lines import TomlLines
from teams_rollout.domain.importing.users_file import Known, UsersRead, read_users
from teams_rollout.domain.importing.waves import WaveNames, check_wave_order, check_wave_tables
from teams_rollout.domain.roster import Roster

FILE_NAMES = ("rollout.toml", "users.csv", "teams.csv")
_LARGEST_TOML = 1024 * 1024


class ParsedFiles(BaseModel):
    """The result of reading the files.

    Attributes:
        roster: None when the files cannot be imported.
        faults: everything found, rollout first, then users, then teams, each by line; with
            `accept_good` a roster may come with errors, whose rows it lacks.
        users_file: name under which the users' faults are listed.
        users_text: the users' file as decoded, empty where it could not be.
    """

    model_config = ConfigDict(frozen=True)

    roster: Roster | None
    faults: tuple[Fault, ...]
    users_file: str = FILE_NAMES[1]
    users_text: str = Field(default="", exclude=True, repr=False)

    def annotated_users_csv(self) -> str:
        """The users' file with a `fault` column; empty when it could not be read as text."""
        own = [f for f in self.faults if f.file == self.users_file]
        return annotate(self.users_text, faults=own)


def parse_files(
    *,
    rollout: bytes,
    users: bytes,
    teams: bytes,
    options: ImportOptions,
    file_names: tuple[str, str, str] = FILE_NAMES,
) -> ParsedFiles:
    """Read and check all three files together.

    Args:
        file_names: what faults call the files, in the order rollout, users, teams.

    Returns:
        A roster, or every fault of every file. Never raises for what the files contain.
    """
    rollout_log, users_log, teams_log = (FaultLog(name) for name in file_names)
    names = WaveNames()
    config, lines = _read_config(rollout, names=names, log=rollout_log, options=options)
    teams_read = _read_teams(teams, options=options, log=teams_log)
    users_text = decode(users, log=users_log, max_bytes=options.max_bytes) or ""
    known = Known(
        profiles=tuple(config.profiles) if config else None,
        teams=teams_read.keys if teams_read else None,
        waves=names,
    )
    people = UsersRead(users=(), rows=0, bad_rows=0, is_sound=False)
    if not users_log.has_errors:
        people = read_users(users_text, known=known, options=options, log=users_log)
    if config is not None:
        is_partial = options.wave is not None
        check_wave_order(config, names=names, lines=lines, log=rollout_log, is_partial=is_partial)
    may_import = _may_import(people, options=options, log=users_log)
    roster = None
    if (
        config
        and teams_read
        and may_import
        and not (rollout_log.has_errors or teams_log.has_errors)
    ):
        roster = Roster(config=config, users=people.users, teams=teams_read.teams)
    return ParsedFiles(
        roster=roster,
        faults=(*rollout_log.faults, *users_log.faults, *teams_log.faults),
        users_file=users_log.file,
        users_text=users_text,
    )


def _read_config(
    data: bytes, *, names: WaveNames, log: FaultLog, options: ImportOptions
) -> tuple[RolloutConfig | None, TomlLines]:
    text = decode(data, log=log, max_bytes=min(options.max_bytes, _LARGEST_TOML))
    lines = TomlLines(text or "")
    config = None if text is None else read_rollout(text, lines=lines, log=log)
    if config is not None:
        check_wave_tables(config, names=names, lines=lines, log=log)
    return config, lines


def _read_teams(data: bytes, *, options: ImportOptions, log: FaultLog) -> TeamsRead | None:
    text = decode(data, log=log, max_bytes=options.max_bytes)
    return None if text is None else read_teams(text, options=options, log=log)


def _may_import(people: UsersRead, *, options: ImportOptions, log: FaultLog) -> bool:
    """Whether the users' file may be imported, all of it or its good rows."""
    if not people.is_sound or people.bad_rows == 0 or not options.accept_good:
        return people.is_sound and people.bad_rows == 0
    if people.bad_rows <= BAD_ROWS_ACCEPTED * people.rows:
        return True
    share = people.bad_rows / people.rows
    log.add(
        FaultCode.TOO_MANY_BAD_ROWS,
        f"{people.bad_rows} of {people.rows} rows are bad ({share:.1%}), and good rows are "
        f"accepted alone only up to {BAD_ROWS_ACCEPTED:.0%}; correct the rows.",
    )
    return False
