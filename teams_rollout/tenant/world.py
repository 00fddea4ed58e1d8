"""Tenant simulator: the tenant's whole state in one object, with its look-ups and its clock.

`World` holds records and indexes and knows how a change becomes visible (now for a read by
id, after the directory lag in lists); the rules of licences, teams and policies live in their
own modules, which work on a world.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Iterable
from functools import lru_cache
from random import Random
from typing import Any

from teams_rollout.tenant.journal import Cause, Journal
from teams_rollout.tenant.lag import Lags, Schedule
from teams_rollout.tenant.model import Group, NumberOrder, Plan, Sku, Team, User
from teams_rollout.tenant.wire import Json


def is_teams_plan(plan: Plan) -> bool:
    """True for a plan that gives Teams: TEAMS1 and every TEAMS_*."""
    return plan.name == "TEAMS1" or plan.name.startswith("TEAMS_")


def is_voice_plan(plan: Plan) -> bool:
    """True for a plan that gives a telephone system."""
    return plan.name.startswith("MCOEV")


class World:
    """Everything the simulated tenant is."""

    def __init__(
        self, tenant: Json, *, seed: int, speed: float, clock: Callable[[], float]
    ) -> None:
        """Start an empty tenant.

        Args:
            tenant: the seed's `tenant` object.
            speed: divides lags and background work, never quotas.
            clock: epoch seconds, real time.
        """
        self.tenant = tenant
        self.clock = clock
        self.rng = Random(seed)  # noqa: S311  reproducible lags, not secrets
        self.lags = Lags(tenant.get("lag"), rng=Random(seed + 1), speed=speed)  # noqa: S311  same
        self.schedule = Schedule()
        self.journal = Journal()
        self.skus: dict[str, Sku] = {}
        self.plans: dict[str, Plan] = {}
        self.exclusive: list[tuple[str, str]] = []
        self.dependencies: dict[str, list[str]] = {}
        self.users: dict[str, User] = {}
        self.deleted: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.teams: dict[str, Team] = {}
        self.policies: dict[str, list[str]] = {}
        self.policy_ids: dict[str, tuple[str, str]] = {}
        self.numbers: dict[str, str] = {}
        self.number_types: dict[str, str] = {}
        self.orders: dict[str, NumberOrder] = {}
        self.removed: list[tuple[int, str, str]] = []
        self.grants: dict[str, Json] = {}
        self._by_upn: dict[str, str] = {}
        self._by_property: dict[str, dict[str, list[User]]] = {}
        self._by_nickname: dict[str, str] = {}
        self._by_unique_name: dict[str, str] = {}
        self._seq = 0
        self._change = 0
        self._ordered: list[User] | None = None

    # -- time -------------------------------------------------------------------------------

    def pump(self) -> float:
        """Do the background work that is due and return the time."""
        now = self.clock()
        self.schedule.run(now)
        return now

    # -- identity ---------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The tenant id."""
        return str(self.tenant["id"])

    @property
    def skype_online(self) -> bool:
        """True in the world of 2020, where Skype for Business Online exists."""
        return bool(self.tenant.get("skypeOnline"))

    def new_id(self) -> str:
        """Make a GUID, reproducible from the seed."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def next_seq(self) -> int:
        """Number objects in order of creation; pages are cut by it."""
        self._seq += 1
        return self._seq

    def next_change(self) -> int:
        """Number changes; delta tokens are these."""
        self._change += 1
        return self._change

    @property
    def change(self) -> int:
        """Number of the newest change."""
        return self._change

    # -- users ------------------------------------------------------------------------------

    def find_user(self, key: str) -> User | None:
        """Find by object id or user principal name, whatever the capitals."""
        lowered = key.lower()
        return self.users.get(lowered) or self.users.get(self._by_upn.get(lowered, ""))

    def users_with(self, prop: str, values: Iterable[str]) -> list[User]:
        """Find users by the exact value of a property (capitals aside), in order of creation."""
        if prop not in self._by_property:
            index: dict[str, list[User]] = {}
            for user in self.users.values():
                value = user.id if prop == "id" else user.props.get(prop)
                if isinstance(value, str):
                    index.setdefault(value.lower(), []).append(user)
            self._by_property[prop] = index
        found = {u.seq: u for v in set(values) for u in self._by_property[prop].get(v.lower(), [])}
        return [found[seq] for seq in sorted(found)]

    def ordered_users(self) -> list[User]:
        """All users in order of creation."""
        if self._ordered is None:
            self._ordered = list(self.users.values())
        return self._ordered

    def index_user(self, user: User) -> None:
        """Register a user."""
        self.users[user.id] = user
        self._by_upn[user.upn.lower()] = user.id
        self._ordered = None
        self._by_property.clear()

    def unindex_user(self, user: User) -> None:
        """Forget a deleted user."""
        self.users.pop(user.id, None)
        self._by_upn.pop(user.upn.lower(), None)
        self._ordered = None
        self._by_property.clear()

    def write_properties(self, user: User, changed: Json) -> None:
        """Change properties and the indexes that depend on them."""
        renamed = changed.get("userPrincipalName")
        if renamed:
            self._by_upn.pop(user.upn.lower(), None)
            self._by_upn[str(renamed).lower()] = user.id
        for prop in changed:
            self._by_property.pop(prop, None)
        user.props.update(changed)

    def touch(self, user: User, *, cause: Cause, view: Callable[[World, User], Json]) -> None:
        """Prepare a change: lists go on showing the old user until the lag is over.

        Must be called before the change; an administrator's change shows at once.
        """
        user.change = self.next_change()
        if cause.kind != "admin":
            if user.replica is None:
                user.replica = view(self, user)
            user.version += 1
            version = user.version

            def replicate(_: float) -> None:
                if user.version == version:
                    user.replica = None

            self.schedule.at(self.clock() + self.lags.draw("directory"), replicate)
        user.view = None

    # -- groups -----------------------------------------------------------------------------

    def index_group(self, group: Group) -> None:
        """Register a group under its id, mail nickname and unique name."""
        self.groups[group.id] = group
        if group.nickname:
            self._by_nickname[group.nickname.lower()] = group.id
        unique = group.props.get("uniqueName")
        if unique:
            self._by_unique_name[str(unique).lower()] = group.id

    def unindex_group(self, group: Group) -> None:
        """Forget a group's names and the group."""
        self.groups.pop(group.id, None)
        if self._by_nickname.get(group.nickname.lower()) == group.id:
            del self._by_nickname[group.nickname.lower()]
        self._by_unique_name.pop(str(group.props.get("uniqueName") or "").lower(), None)

    def group_by_unique_name(self, name: str) -> Group | None:
        """Find by the client-provided alternate key."""
        return self.groups.get(self._by_unique_name.get(name.lower(), ""))

    def nickname_holder(self, nickname: str) -> Group | None:
        """Find the group that holds a mail nickname."""
        return self.groups.get(self._by_nickname.get(nickname.lower(), ""))

    # -- policies ---------------------------------------------------------------------------

    def add_policy_type(self, policy_type: str, names: list[str]) -> None:
        """Register a policy type's instances, each with a stable opaque id."""
        self.policies[policy_type] = list(names)
        for name in names:
            self.policy_ids[self.policy_id(policy_type, name)] = (policy_type, name)

    @staticmethod
    @lru_cache(maxsize=4096)
    def policy_id(policy_type: str, name: str) -> str:
        """Return the opaque id of a policy instance: 43 characters, like Microsoft's."""
        digest = hashlib.sha256(f"{policy_type}/{name}".encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    # -- effects ----------------------------------------------------------------------------

    def record(
        self, kind: str, object_id: str, *, cause: Cause, before: Any = None, after: Any = None
    ) -> None:
        """Write one line into the journal of effects."""
        self.journal.write(
            kind, object_id, cause=cause, at=self.clock(), before=before, after=after
        )
