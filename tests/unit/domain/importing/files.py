"""Small sound files of an import, and the call that reads them."""

from pathlib import Path

from teams_rollout.domain.importing import Fault, ImportOptions, ParsedFiles, parse_files

SAMPLES = Path(__file__).parents[4] / "samples"
SHARED = Path(__file__).parents[5] / "shared" / "data"  # reference councils, where present

ROLLOUT = """\
[rollout]
name = "Teams for Llanfair"
usage_location = "GB"

[waves.pilot]
pilot = true

[waves."wave 1"]
after = "pilot"

[profiles.office]
skus = ["SPE_E3"]
"""
TWO_PROFILES = ROLLOUT + '\n[profiles.frontline]\nskus = ["SPE_F1"]\n'
HEADER = "upn,employee_id,mail,wave,profile,priority,teams,phone_number,hold_until,coexistence_mode"
USERS = "upn,wave,teams\nann@llanfair.example,pilot,Housing\n"
TEAMS = "team,owners\nHousing,ann@llanfair.example\nLibraries,\n"


def parse(
    *,
    rollout: str | bytes = ROLLOUT,
    users: str | bytes = USERS,
    teams: str | bytes = TEAMS,
    options: ImportOptions | None = None,
) -> ParsedFiles:
    """Read three files, of which most tests spoil one."""
    return parse_files(
        rollout=_bytes(rollout),
        users=_bytes(users),
        teams=_bytes(teams),
        options=options or ImportOptions(),
    )


def row(**cells: str) -> str:
    """One line under HEADER for Ann in the pilot, with other cells as given."""
    values = {"upn": "ann@llanfair.example", "wave": "pilot", **cells}
    return ",".join(values.get(column, "") for column in HEADER.split(","))


def users_of(*rows: str) -> str:
    """A users' file with these rows."""
    return "\n".join([HEADER, *rows]) + "\n"


def places(faults: tuple[Fault, ...]) -> list[tuple[int, str, str]]:
    """Line, column and code of each fault."""
    return [(f.line, f.column, f.code) for f in faults]


def only(parsed: ParsedFiles) -> Fault:
    """The one fault of files that have exactly one."""
    assert len(parsed.faults) == 1, places(parsed.faults)
    return parsed.faults[0]


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
