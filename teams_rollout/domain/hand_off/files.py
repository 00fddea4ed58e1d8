"""A hand-off as a CSV file, and the page that goes with it. Pure."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from teams_rollout.domain.hand_off.model import SIGN_IN_WITHIN_DAYS, Addressee, HandOffLine

RESULT_COLUMNS = ("result", "reason", "detail")
"""Empty when the file leaves us; filled in by whoever does the work."""
COLUMNS = (*HandOffLine.model_fields, *RESULT_COLUMNS)

_BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets and Windows PowerShell take the file for their own code page."""


def to_csv(lines: Sequence[HandOffLine]) -> str:
    """The file, header first, ready to be filled in."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(to_row(line) for line in lines)
    return _BYTE_ORDER_MARK + text.getvalue()


def to_row(line: HandOffLine) -> dict[str, Any]:
    """One row, values as they stand in the file."""
    row = line.model_dump(mode="json")
    return {name: "" if value is None else value for name, value in row.items()}


_SERVER_TEAM = (
    "Move each person with Move-CsUser -Target sipfed.online.lync.com from a Skype for Business "
    "management shell with the MicrosoftTeams module 6.2.1 or later.",
    "Never add -Force: it throws the person's contacts and meetings away for good.",
    "The move makes the person TeamsOnly and converts their meetings; look at "
    "Get-CsMeetingMigrationStatus, and start Start-CsExMeetingMigration -TargetMeetingType Teams "
    "where a migration failed.",
    f"Whoever is moved must sign in to Teams within {SIGN_IN_WITHIN_DAYS} days, or their contacts "
    "do not arrive: tell them on the day.",
)
_TEAMS_ADMINISTRATORS = (
    "Assign to each person the policy of that type and name, with "
    "New-CsBatchPolicyAssignmentOperation (at most 5,000 people, a few operations at a time) or "
    "Grant-CsTeamsUpgradePolicy.",
    "An operation that is completed may hold people for whom it failed: read the result of each.",
    "Where the column meetings says migrate, run Start-CsExMeetingMigration -TargetMeetingType "
    "Teams for the person afterwards.",
    "Microsoft may take 24 hours to show a new mode.",
)
_BOTH = (
    "Put done or failed into the column result, and for failed a word into the column reason; "
    "leave the row as it is where nothing has been done yet.",
    "Hand the file back: rollout handoff take FILE. Rows may be handed back in parts, and twice.",
    "Nothing is taken for done on your word alone: everybody is read back from Microsoft.",
)


def notes_for(addressee: Addressee) -> tuple[str, ...]:
    """What the addressee has to know, in whole sentences."""
    own = _SERVER_TEAM if addressee is Addressee.SERVER_TEAM else _TEAMS_ADMINISTRATORS
    return (*own, *_BOTH)
