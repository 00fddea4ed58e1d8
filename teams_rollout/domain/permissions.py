"""Which Microsoft Graph permissions a rollout needs, by feature, and which are missing. Pure.

Least privilege: a feature that the rollout does not use needs nothing. A broader permission that
includes the needed one will do, so nobody is told to grant what would change nothing.
Source: learn.microsoft.com/graph/permissions-reference, and the page of each call.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.roster import Assignment, TeamSpec

_PERMISSION = re.compile(r"\b[A-Z][A-Za-z]+(?:\.[A-Za-z]+)*\.(?:All|Create|Send)\b")


class Feature(StrEnum):
    """What a rollout may do to the tenant."""

    READING = "reading the tenant"
    LICENSES = "licences"
    GROUP_LICENSES = "licences through a group"
    MEMBERS = "team members"
    NEW_TEAMS = "new teams"
    POLICIES = "Teams policies and coexistence modes"
    NUMBERS = "phone numbers"
    NOTICES = "notices by mail"


class Need(BaseModel):
    """One permission that a feature needs.

    Attributes:
        permission: the least that Microsoft asks for.
        purpose: what we do with it, to follow "it is needed to".
        covered_by: broader permissions that include it.
    """

    model_config = ConfigDict(frozen=True)

    permission: str
    feature: Feature
    purpose: str
    covered_by: tuple[str, ...] = ()

    def held_through(self, granted: Collection[str]) -> str:
        """The granted permission that satisfies the need, or nothing."""
        return next((p for p in (self.permission, *self.covered_by) if p in granted), "")


_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")
_GROUPS = ("Group.ReadWrite.All", "Directory.ReadWrite.All")

NEEDS: tuple[Need, ...] = (
    Need(
        permission="User.Read.All",
        feature=Feature.READING,
        purpose="read people with their licences",
        covered_by=("User.ReadWrite.All", *_DIRECTORY),
    ),
    Need(
        permission="Organization.Read.All",
        feature=Feature.READING,
        purpose="read which tenant this is, and its licences",
        covered_by=_DIRECTORY,
    ),
    Need(
        permission="Group.Read.All",
        feature=Feature.READING,
        purpose="read groups and their members",
        covered_by=(*_DIRECTORY, "Group.ReadWrite.All"),
    ),
    Need(
        permission="TeamsUserConfiguration.Read.All",
        feature=Feature.READING,
        purpose="read what Teams knows of people: homing, policies, numbers",
    ),
    Need(
        permission="User.ReadWrite.All",
        feature=Feature.LICENSES,
        purpose="set the usage location that every licence requires",
        covered_by=("Directory.ReadWrite.All",),
    ),
    Need(
        permission="LicenseAssignment.ReadWrite.All",
        feature=Feature.LICENSES,
        purpose="assign licences",
        covered_by=("User.ReadWrite.All", "Directory.ReadWrite.All"),
    ),
    Need(
        permission="GroupMember.ReadWrite.All",
        feature=Feature.GROUP_LICENSES,
        purpose="put people into the licensing group",
        covered_by=_GROUPS,
    ),
    Need(
        permission="TeamMember.ReadWriteNonOwnerRole.All",
        feature=Feature.MEMBERS,
        purpose="add members to teams",
        covered_by=("TeamMember.ReadWrite.All", *_GROUPS),
    ),
    Need(
        permission="Group.ReadWrite.All",
        feature=Feature.NEW_TEAMS,
        purpose="make groups and turn them into teams",
        covered_by=("Directory.ReadWrite.All",),
    ),
    Need(
        permission="Channel.Create",
        feature=Feature.NEW_TEAMS,
        purpose="make channels",
        covered_by=_GROUPS,
    ),
    Need(
        permission="TeamsPolicyUserAssign.ReadWrite.All",
        feature=Feature.POLICIES,
        purpose="find and assign Teams policies and coexistence modes",
    ),
    Need(
        permission="TeamsTelephoneNumber.Read.All",
        feature=Feature.NUMBERS,
        purpose="read who holds which phone number",
        covered_by=("TeamsTelephoneNumber.ReadWrite.All",),
    ),
    Need(
        permission="TeamsTelephoneNumber.ReadWrite.All",
        feature=Feature.NUMBERS,
        purpose="assign phone numbers",
    ),
    Need(
        permission="Mail.Send",
        feature=Feature.NOTICES,
        purpose="send notices from the mailbox in [notices]",
    ),
)


def features_of(
    config: RolloutConfig, *, teams: Sequence[TeamSpec], people: Iterable[Assignment]
) -> frozenset[Feature]:
    """What a rollout, or those of its people, will use."""
    used = {Feature.READING, Feature.LICENSES}
    profiles = config.profiles.values()
    if any(p.licensing == "group" for p in profiles):
        used.add(Feature.GROUP_LICENSES)
    if config.skype.backend == "graph" or any(p.policies for p in profiles):
        used.add(Feature.POLICIES)
    if config.notices.is_on:
        used.add(Feature.NOTICES)
    made = {t.key for t in teams if not t.existing_team_id}
    for person in people:
        if person.teams:
            used.add(Feature.MEMBERS)
        if made.intersection(person.teams):
            used.add(Feature.NEW_TEAMS)
        if person.phone_number:
            used.add(Feature.NUMBERS)
    return frozenset(used)


def needs_of(features: Collection[Feature]) -> tuple[Need, ...]:
    """The permissions that these features need."""
    return tuple(n for n in NEEDS if n.feature in features)


def missing_needs(features: Collection[Feature], granted: Collection[str]) -> tuple[Need, ...]:
    """The needs that nothing granted satisfies."""
    return tuple(n for n in needs_of(features) if not n.held_through(granted))


def named_permissions(text: str) -> tuple[str, ...]:
    """Permissions that a refusal of Microsoft names, in its order; Entra's refusals name none."""
    return tuple(dict.fromkeys(_PERMISSION.findall(text)))


def lacking(needs: Sequence[Need]) -> str:
    """Why nothing may start, in a sentence that names what is missing; empty if nothing is."""
    if not needs:
        return ""
    listed = "; ".join(f"{n.permission} (needed to {n.purpose})" for n in needs)
    count, them = ("the permission", "it") if len(needs) == 1 else ("the permissions", "them")
    return (
        f"The app lacks {count} {listed}. Nothing was changed. An administrator grants {them} on "
        "Microsoft Graph; then start again. `rollout doctor` shows the whole list."
    )
