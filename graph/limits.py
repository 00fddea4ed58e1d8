"""What Microsoft Graph allows, as data: kinds of request, their cost, the published limits.

Sources: learn.microsoft.com/graph/throttling-limits, sections "Identity and access" and
"Microsoft Teams". `/admin/teams/*` is in no published table; the general Teams figure is used. Mail
has narrower limits than Graph's: Exchange Online's, for each mailbox that sends (Exchange Online
limits, section "Sending limits"). One rollout sends from one mailbox.
"""

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum


class CallPriority(IntEnum):
    """Who goes first where a permit is scarce; the lower number wins."""

    INTERACTIVE = 0
    WAVE = 1
    NIGHTLY = 2


class RequestKind(StrEnum):
    """Requests that count against the same limits."""

    DIRECTORY_READ = "directory_read"
    DIRECTORY_WRITE = "directory_write"
    TEAM_READ = "team_read"
    TEAM_PUT = "team_put"
    CHANNEL_CREATE = "channel_create"
    MEMBERS_ADD = "members_add"
    MEMBERS_REMOVE = "members_remove"
    TEAM_CHANGE = "team_change"
    ADMIN_READ = "admin_read"
    ADMIN_WRITE = "admin_write"
    MAIL = "mail"

    @property
    def is_write(self) -> bool:
        """Whether such a request changes the tenant (some reads are POSTs)."""
        return self not in (
            RequestKind.DIRECTORY_READ,
            RequestKind.TEAM_READ,
            RequestKind.ADMIN_READ,
        )


@dataclass(frozen=True, slots=True)
class RequestCost:
    """What sending one request, or one envelope of the same kind, takes from the limits.

    Attributes:
        requests: how many requests; items of a `$batch` count one each.
        resource_units: Entra's own measure; 0 outside Entra.
        team_id: set where the limit is per team.
    """

    kind: RequestKind
    requests: int = 1
    resource_units: int = 0
    team_id: str = ""
    priority: CallPriority = CallPriority.WAVE

    def at(self, priority: CallPriority) -> "RequestCost":
        """The same cost with another place in the queue."""
        return replace(self, priority=priority)


def directory_read(resource_units: int) -> RequestCost:
    """A read from Entra; units as published, the -1 of `$select` already taken off."""
    return RequestCost(RequestKind.DIRECTORY_READ, resource_units=resource_units)


DIRECTORY_WRITE = RequestCost(RequestKind.DIRECTORY_WRITE, resource_units=1)
ADMIN_READ = RequestCost(RequestKind.ADMIN_READ)
ADMIN_WRITE = RequestCost(RequestKind.ADMIN_WRITE)
MAIL = RequestCost(RequestKind.MAIL)


class Unit(StrEnum):
    """What a limit counts."""

    REQUESTS = "requests"
    RESOURCE_UNITS = "resource_units"


@dataclass(frozen=True, slots=True)
class Limit:
    """One published limit.

    Attributes:
        name: shared by every kind that draws from the same limit.
        amount: how much is allowed in `seconds`.
        even: spread one by one over the second (per-second limits) instead of counted in a window.
        per_team: each team has its own.
        shared: other programs of the tenant draw from it too, so only our share is used.
    """

    name: str
    amount: float
    seconds: float
    unit: Unit = Unit.REQUESTS
    even: bool = False
    per_team: bool = False
    shared: bool = False


ENTRA_WRITES = Limit("entra_writes", 3_000, 150, shared=True)
# 3,500 to 8,000 by size of tenant; 5,000 is right from 50 people up and never too much above 500.
ENTRA_UNITS = Limit("entra_units", 5_000, 10, unit=Unit.RESOURCE_UNITS, shared=True)
_TEAMS_ADMIN = Limit("teams_admin", 30, 1, even=True)

LIMITS: dict[RequestKind, tuple[Limit, ...]] = {
    RequestKind.DIRECTORY_READ: (ENTRA_UNITS,),
    RequestKind.DIRECTORY_WRITE: (ENTRA_UNITS, ENTRA_WRITES),
    RequestKind.TEAM_READ: (
        Limit("team_reads", 30, 1, even=True),
        Limit("team_reads_of_team", 4, 1, even=True, per_team=True),
    ),
    RequestKind.TEAM_PUT: (Limit("team_puts", 6, 1, even=True),),
    RequestKind.CHANNEL_CREATE: (
        Limit("channels", 10, 1, even=True),
        Limit("channels_of_team", 4, 1, even=True, per_team=True),
    ),
    RequestKind.MEMBERS_ADD: (
        Limit("members_add", 10, 1, even=True),
        Limit("members_of_team", 4, 60, per_team=True),
    ),
    RequestKind.MEMBERS_REMOVE: (
        # In no published table: Teams' general figure, and one a second for one team.
        Limit("teams_other", 30, 1, even=True),
        Limit("members_removed_of_team", 1, 1, even=True, per_team=True),
    ),
    RequestKind.TEAM_CHANGE: (
        Limit("team_changes", 30, 1, even=True),
        Limit("team_changes_of_team", 4, 1, even=True, per_team=True),
    ),
    RequestKind.ADMIN_READ: (_TEAMS_ADMIN,),
    RequestKind.ADMIN_WRITE: (_TEAMS_ADMIN,),
    RequestKind.MAIL: (Limit("mails", 30, 60), Limit("mails_a_day", 10_000, 86_400)),
}
