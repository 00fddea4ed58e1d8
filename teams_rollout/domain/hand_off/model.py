"""What a hand-off file says: who has to do what, for whom, until when. Pure.

The file is a contract with outsiders (`docs/hand-off.md`): columns may be added, none renamed.
"""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.coexistence import SERVER_TEAM, TEAMS_ADMINISTRATORS
from teams_rollout.domain.findings import Finding, StepView
from teams_rollout.domain.vocabulary import UPGRADE_POLICY_TYPE, CoexistenceMode, Environment

SCHEMA_VERSION = 1
SIGN_IN_WITHIN_DAYS = 30
"""Contacts from the server reach Teams only if the person signs in within these days of the move.

Source: learn.microsoft.com/powershell/module/skype/move-csuser
"""


class Addressee(StrEnum):
    """Who gets a file."""

    SERVER_TEAM = "server_team"
    TEAMS_ADMINISTRATORS = "teams_administrators"

    @property
    def waits_as(self) -> str:
        """The code of people who wait for this team alone."""
        return SERVER_TEAM if self is Addressee.SERVER_TEAM else TEAMS_ADMINISTRATORS

    @property
    def refuses_as(self) -> str:
        """The code of people for whom this team reports that it could not."""
        return "move_refused" if self is Addressee.SERVER_TEAM else "mode_refused"


class Action(StrEnum):
    """What is to be done for one person."""

    MOVE_USER = "move_user"  # Move-CsUser, on Skype for Business Server
    ASSIGN_POLICY = "assign_policy"  # New-CsBatchPolicyAssignmentOperation or Grant-Cs...

    @property
    def addressee(self) -> Addressee:
        """Who does it."""
        moves = self is Action.MOVE_USER
        return Addressee.SERVER_TEAM if moves else Addressee.TEAMS_ADMINISTRATORS


class Meetings(StrEnum):
    """What becomes of meetings that are already in calendars."""

    BY_THE_MOVE = "by_the_move"  # Move-CsUser converts them; look whether it did
    MIGRATE = "migrate"  # Start-CsExMeetingMigration once the mode is in force
    KEEP = "keep"  # they stay where they are


class Task(BaseModel):
    """One thing to be done for one person, whoever it is."""

    model_config = ConfigDict(frozen=True)

    action: Action
    policy_type: str = ""
    policy_name: str = ""
    meetings: Meetings = Meetings.KEEP


class HandOffLine(BaseModel):
    """One row of the file.

    Attributes:
        hand_off: id of this file, for questions and for the audit.
        environment: a rehearsal's file must never be carried out in a real tenant.
        sign_in_name: the user principal name that Microsoft shows.
        sign_in_within_days: days after the move by which the person must sign in to Teams.
        owner / since: whose turn it is, and since when the person waits for them.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    schema_version: int = SCHEMA_VERSION
    hand_off: str
    environment: Environment
    tenant_id: str
    wave: str
    addressee: Addressee
    action: Action
    user_id: str
    sign_in_name: str
    policy_type: str
    policy_name: str
    meetings: Meetings
    sign_in_within_days: int | None
    owner: str
    since: datetime


_MOVE_MEETINGS = (
    CoexistenceMode.TEAMS_ONLY,
    CoexistenceMode.SFB_WITH_TEAMS_COLLAB_AND_MEETINGS,
)
"""Modes in which meetings are held in Teams (learn: grant-csteamsupgradepolicy)."""


def tasks_of(view: StepView) -> tuple[Task, ...]:
    """What others have to do so that the person's coexistence mode becomes right."""
    if view.finding is not Finding.WAITING:
        return ()
    tasks = [Task(action=Action.MOVE_USER, meetings=Meetings.BY_THE_MOVE)]
    if view.code != SERVER_TEAM:
        tasks = []
    for policy_type, name in sorted(view.policies.items()):
        tasks.append(
            Task(
                action=Action.ASSIGN_POLICY,
                policy_type=policy_type,
                policy_name=name,
                meetings=_meetings_of(policy_type, name),
            )
        )
    return tuple(tasks)


def _meetings_of(policy_type: str, name: str) -> Meetings:
    if policy_type != UPGRADE_POLICY_TYPE:
        return Meetings.KEEP
    mode = CoexistenceMode.from_policy_name(name)
    return Meetings.MIGRATE if mode in _MOVE_MEETINGS else Meetings.KEEP
