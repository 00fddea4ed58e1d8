"""Whether each team of the rollout exists, can be made, or cannot and why."""

from collections.abc import Iterable, Sequence

from activities.reading import TenantReading, team_id_of
from graph.teams import GraphGroup
from graph.users import GraphUser
from teams_rollout.domain.configuration import TeamsSection
from teams_rollout.domain.observed import TeamStatus
from teams_rollout.domain.roster import TeamSpec, slug
from teams_rollout.ledger.records import TeamRecord


def unique_name(rollout_id: str, team_key: str) -> str:
    """The group's alternate key in Entra: the mark by which we know our own groups."""
    return f"{rollout_id}-{slug(team_key, limit=60)}"


def mail_nickname(spec: TeamSpec) -> str:
    """The wanted nickname: the file's, else made from the team's key."""
    return spec.mail_nickname or slug(spec.key, limit=60)


def usable_owner_ids(
    spec: TeamSpec, section: TeamsSection, reading: TenantReading
) -> tuple[str, ...]:
    """Owners who are found, enabled and not guests; fallback owners only where there is none."""
    named = _usable(spec.owners, reading)
    return named or _usable(section.fallback_owners, reading)


def _usable(upns: Iterable[str], reading: TenantReading) -> tuple[str, ...]:
    found = (reading.find(upn) for upn in upns)
    return tuple(dict.fromkeys(u.id for u in found if u is not None and _may_own(u)))


def _may_own(user: GraphUser) -> bool:
    return user.account_enabled and user.user_type.casefold() != "guest"


def assess_teams(
    teams: Sequence[TeamRecord], section: TeamsSection, reading: TenantReading
) -> list[TeamRecord]:
    """Each team with its status as of this reading, and its owners while it is still unmade."""
    nicknames = {g.mail_nickname.casefold(): g for g in reading.groups.values()}
    return [_assess(team, section, reading, nicknames) for team in teams]


def _assess(
    team: TeamRecord,
    section: TeamsSection,
    reading: TenantReading,
    nicknames: dict[str, GraphGroup],
) -> TeamRecord:
    spec = team.spec
    group_id = team_id_of(team)
    if spec.existing_team_id or team.status.ready:
        is_there = spec.key in reading.members
        return _with(team, team_id=group_id, ready=is_there, code="" if is_there else _GONE)
    if group_id:
        return team  # being made: Microsoft may not list it yet
    holder = nicknames.get(mail_nickname(spec).casefold())
    if holder is not None and holder.unique_name != unique_name(team.rollout_id, spec.key):
        return _with(team, code="team_name_taken")
    owners = usable_owner_ids(spec, section, reading)
    if not owners:
        return _with(team, code="team_has_no_owner")
    return _with(team, code="").model_copy(update={"owner_ids": owners})


_GONE = "team_not_found"


def _with(team: TeamRecord, *, code: str, team_id: str = "", ready: bool = False) -> TeamRecord:
    status = TeamStatus(key=team.spec.key, team_id=team_id, ready=ready, code=code)
    return team.model_copy(update={"status": status})
