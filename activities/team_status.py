"""Whether each team of the rollout exists, can be made, or cannot and why."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from activities.license_groups import find_license_groups
from activities.reading import TenantReading, team_id_of
from graph.groups import MOST_OWNERS
from graph.teams import GraphGroup
from graph.users import GraphUser
from teams_rollout.domain.configuration import RolloutConfig, TeamsSection
from teams_rollout.domain.observed import TeamStatus, TenantView
from teams_rollout.domain.roster import TeamSpec, slug
from teams_rollout.ledger.records import TeamRecord


def unique_name(rollout_id: str, team_key: str) -> str:
    """The group's alternate key in Entra: the mark by which we know our own groups.

    Keys that read alike (`HR`, `H.R.`) must never lead to one group: the end tells them apart.
    """
    return f"{rollout_id}-{slug(team_key, limit=60)}-{_mark(team_key)}"


def mail_nicknames(specs: Iterable[TeamSpec]) -> dict[str, str]:
    """The nickname of each team that is to be made: the file's, else one made from its key.

    Where two teams would come to the same one, those without a nickname of their own in the
    file get an ending; it depends on their key only, so every run comes to the same.
    """
    made = [spec for spec in specs if not spec.existing_team_id]
    wanted = {s.key: s.mail_nickname or slug(s.key, limit=50) for s in made}
    claims = Counter(name.casefold() for name in wanted.values())
    return {
        s.key: wanted[s.key]
        if s.mail_nickname or claims[wanted[s.key].casefold()] == 1
        else f"{wanted[s.key]}-{_mark(s.key)}"
        for s in made
    }


def _mark(team_key: str) -> str:
    return hashlib.sha256(team_key.encode()).hexdigest()[:8]


def usable_owner_ids(
    spec: TeamSpec, section: TeamsSection, reading: TenantReading
) -> tuple[str, ...]:
    """Owners who are found, enabled and not guests; fallback owners only where there is none.

    At most 100, which is what a team may have.
    """
    named = _usable(spec.owners, reading)
    return (named or _usable(section.fallback_owners, reading))[:MOST_OWNERS]


def _usable(upns: Iterable[str], reading: TenantReading) -> tuple[str, ...]:
    found = (reading.find(upn) for upn in upns)
    return tuple(dict.fromkeys(u.id for u in found if u is not None and _may_own(u)))


def _may_own(user: GraphUser) -> bool:
    return user.account_enabled and user.user_type.casefold() != "guest"


def assess_teams(
    teams: Sequence[TeamRecord], section: TeamsSection, reading: TenantReading
) -> list[TeamRecord]:
    """Each team with its status as of this reading, and its owners while it is still unmade."""
    holders = {g.mail_nickname.casefold(): g for g in reading.groups.values()}
    wanted = mail_nicknames(team.spec for team in teams)
    return [
        _assess(team, section, reading, holders.get(wanted.get(team.spec.key, "").casefold()))
        for team in teams
    ]


def tenant_view(
    reading: TenantReading, teams: Sequence[TeamRecord], config: RolloutConfig
) -> TenantView:
    """Everything that people are compared with, from one reading.

    Args:
        teams: as assessed from that reading.
    """
    return TenantView(
        catalogue=reading.catalogue,
        teams={t.spec.key: t.status for t in teams},
        license_groups=find_license_groups(config, reading.groups.values()),
    )


def _assess(
    team: TeamRecord,
    section: TeamsSection,
    reading: TenantReading,
    holder: GraphGroup | None,
) -> TeamRecord:
    """Args: holder: the group that has the team's nickname now, if any."""
    spec = team.spec
    group_id = team_id_of(team)
    if spec.existing_team_id or team.status.ready or team.status.code == _GONE:
        is_there = spec.key in reading.members
        return _with(team, team_id=group_id, ready=is_there, code="" if is_there else _GONE)
    if group_id:
        # Being made: Microsoft may not list it yet, and what kept it from going on may be over.
        return _with(team, team_id=group_id, code="").model_copy(
            update={"attempts": 0, "retry_at": None}
        )
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
