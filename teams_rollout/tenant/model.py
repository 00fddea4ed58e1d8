"""Tenant simulator: the directory objects and the Teams objects, as mutable records.

These are the simulator's database rows, hence mutable; nothing outside this room sees them.
Times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from teams_rollout.tenant.wire import Json


class Roster:
    """Who is in something, and from when (or until when) others can see that."""

    def __init__(self, ids: list[str] | None = None) -> None:
        self._visible_from: dict[str, float] = dict.fromkeys(ids or [], 0.0)
        self._visible_until: dict[str, float] = {}

    def __contains__(self, object_id: str) -> bool:
        return object_id in self._visible_from

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._visible_from))

    def __len__(self) -> int:
        return len(self._visible_from)

    def add(self, object_id: str, *, visible_from: float = 0.0) -> bool:
        """Put somebody in; False when he is in already."""
        if object_id in self._visible_from:
            return False
        self._visible_until.pop(object_id, None)
        self._visible_from[object_id] = visible_from
        return True

    def remove(self, object_id: str, *, visible_until: float = 0.0) -> bool:
        """Take somebody out; False when he is not in."""
        if self._visible_from.pop(object_id, None) is None:
            return False
        if visible_until:
            self._visible_until[object_id] = visible_until
        return True

    def visible(self, now: float) -> list[str]:
        """Return the ids that a reader sees at `now`."""
        shown = [x for x, since in self._visible_from.items() if since <= now]
        shown += [x for x, until in self._visible_until.items() if until > now]
        return shown


@dataclass(slots=True)
class Plan:
    """One service plan of a SKU."""

    plan_id: str
    name: str
    applies_to: str
    status: str


@dataclass(slots=True)
class Sku:
    """One subscription: what it contains, how many seats there are and how many are used."""

    sku_id: str
    part_number: str
    enabled: int
    plans: tuple[Plan, ...]
    consumed: int = 0
    warning: int = 0
    suspended: int = 0
    locked_out: int = 0
    status: str = "Enabled"
    applies_to: str = "User"

    @property
    def usable(self) -> int:
        """Seats that may be taken: suspended and locked-out ones are paid for no longer."""
        return self.enabled + self.warning if self.status in ("Enabled", "Warning") else 0

    @property
    def plan_ids(self) -> frozenset[str]:
        """The service plan ids."""
        return frozenset(x.plan_id for x in self.plans)


@dataclass(slots=True)
class Licence:
    """A licence as assigned: the plans switched off in it."""

    disabled: tuple[str, ...]
    since: float


@dataclass(slots=True)
class Inherited:
    """What a licensing group did for one member and SKU: worked, or why not."""

    disabled: tuple[str, ...]
    since: float
    error: str = "None"


@dataclass(slots=True)
class PlanState:
    """One plan of one user as Entra reports it; lost plans stay as `Deleted`."""

    status: str
    since: float


@dataclass(slots=True, eq=False)
class User:
    """One user: directory properties, licences, and what Teams knows of him so far."""

    id: str
    seq: int
    props: Json
    homing: str
    direct: dict[str, Licence] = field(default_factory=dict)
    inherited: dict[tuple[str, str], Inherited] = field(default_factory=dict)
    plans: dict[str, PlanState] = field(default_factory=dict)
    held: frozenset[str] = frozenset()
    groups: dict[str, None] = field(default_factory=dict)
    teams: dict[str, None] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    shown_policies: dict[str, str] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    shown_numbers: tuple[str, ...] = ()
    teams_active: bool = False
    voice_active: bool = False
    teams_only: bool = False
    location_believed_at: float = 0.0
    activation_pending: bool = False
    version: int = 0
    change: int = 0
    view: Json | None = None
    replica: Json | None = None

    @property
    def upn(self) -> str:
        """The user principal name as it is spelled in the directory."""
        return str(self.props["userPrincipalName"])

    @property
    def is_member(self) -> bool:
        """True for a person of the organisation, False for a guest."""
        return bool(self.props.get("userType", "Member") == "Member")


@dataclass(slots=True, eq=False)
class Group:
    """One group; `members` and `owners` are the directory's, a team has its own."""

    id: str
    seq: int
    props: Json
    members: Roster
    owners: Roster
    licences: dict[str, Licence] = field(default_factory=dict)
    licence_state: str | None = None
    licence_work: int = 0
    created_at: float = 0.0
    readable_at: float = 0.0
    listed_at: float = 0.0
    teamable_at: float = 0.0
    change: int = 0

    @property
    def nickname(self) -> str:
        """The mail nickname, empty when there is none."""
        return str(self.props.get("mailNickname") or "")

    @property
    def has_rule(self) -> bool:
        """True when a rule says who is in it, so that nobody can be put in by hand."""
        return "DynamicMembership" in (self.props.get("groupTypes") or [])


@dataclass(slots=True)
class Channel:
    """One channel of a team."""

    id: str
    name: str
    description: str | None
    membership: str
    created_at: float


@dataclass(slots=True)
class TeamOperation:
    """A `teamsAsyncOperation` that is done at `due`."""

    id: str
    kind: str
    started_at: float
    due: float


@dataclass(slots=True, eq=False)
class Team:
    """One team; its id is its group's."""

    id: str
    seq: int
    props: Json
    members: Roster
    owners: Roster
    channels: list[Channel] = field(default_factory=list)
    archived: bool = False
    created_at: float = 0.0
    readable_at: float = 0.0
    operations: dict[str, TeamOperation] = field(default_factory=dict)


@dataclass(slots=True)
class NumberOrder:
    """A telephone number operation: `error` is the status detail of a failed one."""

    id: str
    number: str
    started_at: float
    due: float
    error: str | None = None
