"""Readings of a small tenant, made by hand: only what a test names is in them."""

from typing import Any

from activities.reading import TenantReading
from graph.groups import GraphGroup
from graph.users import GraphUser
from teams_rollout.domain.observed import Catalogue, TeamStatus
from teams_rollout.domain.roster import TeamSpec
from teams_rollout.ledger.records import TeamRecord

ROLLOUT = "llanfair"


def a_user(name: str, **changes: Any) -> GraphUser:
    """An enabled member of staff; `name` is object id and local part."""
    upn = f"{name}@llanfair.example"
    return GraphUser(**{"id": name, "upn": upn, "mail": upn, **changes})


def a_group(name: str, **changes: Any) -> GraphGroup:
    """A group of somebody else."""
    return GraphGroup(**{"id": f"group-{name}", "mail_nickname": name, **changes})


def a_reading(
    *users: GraphUser,
    groups: tuple[GraphGroup, ...] = (),
    members: dict[str, frozenset[str]] | None = None,
) -> TenantReading:
    """One whole look at a tenant of these people and groups."""
    return TenantReading(
        users={u.id: u for u in users},
        configurations={},
        catalogue=Catalogue(),
        groups={g.id: g for g in groups},
        members=members or {},
    )


def a_team(key: str, *, status: TeamStatus | None = None, **changes: Any) -> TeamRecord:
    """A team owned by boss@llanfair.example, not made yet."""
    values = {"key": key, "display_name": key, "owners": ("boss@llanfair.example",), **changes}
    return TeamRecord(
        rollout_id=ROLLOUT, spec=TeamSpec(**values), status=status or TeamStatus(key=key)
    )
