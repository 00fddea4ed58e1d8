"""Tenant simulator: Microsoft's published limits, as the quotas each kind of call uses.

Source: https://learn.microsoft.com/graph/throttling-limits. `/admin/teams` is in no published
table; 30 a second, the Teams default, is assumed for it.
"""

from __future__ import annotations

from dataclasses import dataclass

READ_WRITE, WRITE = "ReadWrite", "Write"
TEAM, MAILBOX = "team", "mailbox"


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` in `seconds`, per app and tenant, and per resource where `per` says so."""

    name: str
    limit: float
    seconds: float
    per: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call costs: Entra resource units and writes, and places in other quotas."""

    units: int = 0
    write: bool = False
    quotas: tuple[Quota, ...] = ()


ENTRA_WRITES = Quota("entra/writes", 3000, 150)
ENTRA_TENANT_WRITES = Quota("entra/tenant-writes", 18_000, 300)


def entra_units(users: int) -> Quota:
    """Return the resource unit quota for a tenant of this size: S, M or L."""
    limit = 3500 if users < 50 else 5000 if users <= 500 else 8000
    return Quota("entra/units", limit, 10)


def entra(units: int = 1, *, write: bool = False) -> Cost:
    """The cost of an Entra call before `$select`, `$top` and `$expand` change it."""
    return Cost(units=units, write=write)


def _teams(name: str, rps: float, *, team_rps: float = 0) -> tuple[Quota, ...]:
    per_tenant = Quota(f"teams/{name}", rps, 1)
    if not team_rps:
        return (per_tenant,)
    return (per_tenant, Quota(f"teams/{name}/team", team_rps, 1, TEAM))


# One minute window that POST members and members/add of a team share.
_MEMBER_MINUTE = Quota("teams/member-requests/team", 4, 60, TEAM)

TEAM_GET = Cost(quotas=_teams("get-team", 30, team_rps=4))
TEAM_PATCH = Cost(write=True, quotas=_teams("patch-team", 30, team_rps=4))
TEAM_CREATE = Cost(write=True, quotas=_teams("post-teams", 10))
TEAM_PUT = Cost(write=True, quotas=_teams("put-team", 6))
TEAM_LISTS = Cost(quotas=_teams("get-members-channels", 60, team_rps=4))
CHANNEL_CREATE = Cost(write=True, quotas=_teams("post-channels", 10, team_rps=4))
MEMBER_POST = Cost(write=True, quotas=(*_teams("post-members", 30), _MEMBER_MINUTE))
MEMBERS_ADD = Cost(write=True, quotas=(*_teams("members-add", 10), _MEMBER_MINUTE))
TEAMS_GET = Cost(quotas=_teams("other-get", 30))
TEAMS_POST = Cost(write=True, quotas=_teams("other-post", 30))
TEAMS_DELETE = Cost(write=True, quotas=_teams("other-delete", 15))
ACTIVITY = Cost(write=True, quotas=_teams("activity", 5))
ACTIVITY_TEAM = Cost(write=True, quotas=_teams("activity", 5, team_rps=4))
ADMIN_GET = Cost(quotas=(Quota("teams/admin", 30, 1),))
ADMIN_POST = Cost(write=True, quotas=(Quota("teams/admin", 30, 1),))
MAIL = Cost(write=True, quotas=(Quota("outlook/mailbox", 10_000, 600, MAILBOX),))
