"""Tenant simulator: reading a seed into a world and writing a world back as a seed.

A state written by `dump` can be read by `load` again; what was still under way (lags) counts
as finished then.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

from teams_rollout.tenant import homing, licensing
from teams_rollout.tenant.change_checks import HOMINGS
from teams_rollout.tenant.model import (
    Channel,
    Group,
    Licence,
    Plan,
    Roster,
    Sku,
    Team,
    User,
)
from teams_rollout.tenant.wire import Json, dumps
from teams_rollout.tenant.world import World

_LONG_AGO = "2019-01-07T09:00:00Z"
_LONG_AGO_S = 1_546_851_600.0
_GZIP_MAGIC = b"\x1f\x8b"
_USER_OWN = {
    "id",
    "sfbHoming",
    "assignedLicenses",
    "memberOf",
    "policies",
    "telephoneNumbers",
    "effectiveMode",
    "teamsOnly",
}
_GROUP_OWN = {"id", "assignedLicenses", "members", "owners"}
_TEAM_OWN = {"id", "channels", "archived", "members", "owners"}


class SeedError(Exception):
    """The seed cannot be used; the text says in one sentence why."""


def read(path: Path) -> Json:
    """Read a seed file, plain or gzipped.

    Raises:
        SeedError: absent, unreadable, not JSON, or not an object.
    """
    try:
        raw = path.read_bytes()
        seed = json.loads(gzip.decompress(raw) if raw[:2] == _GZIP_MAGIC else raw)
    except OSError as exc:
        raise SeedError(
            f"The tenant seed {path} cannot be read: {exc.strerror or 'bad gzip data'}."
        ) from exc
    except (ValueError, EOFError) as exc:
        raise SeedError(f"The tenant seed {path} is not JSON: {exc}.") from exc
    if not isinstance(seed, dict):
        raise SeedError(f"The tenant seed {path} must be a JSON object.")
    return seed


def load(seed: Json, *, rng_seed: int, speed: float, clock: Callable[[], float]) -> World:
    """Build a world from a seed; every licence in it works already.

    Raises:
        SeedError: a part is missing or refers to something unknown.
    """
    try:
        world = World(dict(seed["tenant"]), seed=rng_seed, speed=speed, clock=clock)
        world.tenant["id"] = str(world.tenant["id"])
        _load_catalogue(world, seed)
        for row in seed.get("users", []):
            world.index_user(make_user(world, row))
        for row in seed.get("deletedUsers", []):
            user = make_user(world, row)
            world.deleted[user.id] = user
        for row in seed.get("groups", []):
            _load_group(world, row)
        for row in seed.get("teams", []):
            _load_team(world, row)
        _link_member_of(world, seed)
        _settle(world)
    except KeyError as exc:
        raise SeedError(f"The tenant seed lacks or does not know {exc}.") from exc
    except (TypeError, ValueError, AttributeError) as exc:
        raise SeedError(f"The tenant seed is malformed: {exc}.") from exc
    return world


def _load_catalogue(world: World, seed: Json) -> None:
    for row in seed["skus"]:
        plans = tuple(
            Plan(
                p["servicePlanId"],
                p["servicePlanName"],
                p.get("appliesTo", "User"),
                p.get("provisioningStatus", "Success"),
            )
            for p in row["servicePlans"]
        )
        sku = Sku(row["skuId"], row["skuPartNumber"], int(row["enabled"]), plans)
        sku.warning, sku.suspended = int(row.get("warning", 0)), int(row.get("suspended", 0))
        sku.locked_out = int(row.get("lockedOut", 0))
        sku.status = str(row.get("capabilityStatus", sku.status))
        sku.applies_to = str(row.get("appliesTo", sku.applies_to))
        world.skus[sku.sku_id] = sku
        world.plans.update({p.plan_id: p for p in plans})
    world.exclusive = [(a, b) for a, b in seed.get("mutuallyExclusivePlans", [])]
    world.dependencies = {k: list(v) for k, v in seed.get("planDependencies", {}).items()}
    for row in seed.get("policies", []):
        world.add_policy_type(row["type"], row["names"])


def make_user(world: World, row: Json) -> User:
    """Build a user from a seed row without registering him.

    Raises:
        KeyError: no id, no UPN, or an unknown SKU.
        ValueError: an unknown homing.
    """
    props = {k: v for k, v in row.items() if k not in _USER_OWN}
    props.setdefault("createdDateTime", _LONG_AGO)
    props.setdefault("accountEnabled", True)
    props.setdefault("userType", "Member")
    props["mailNickname"] = str(row["userPrincipalName"]).partition("@")[0]
    user = User(row["id"], world.next_seq(), props, row.get("sfbHoming", "none"))
    if user.homing not in HOMINGS:
        raise ValueError(f"sfbHoming {user.homing!r} is none of {', '.join(HOMINGS)}")
    for licence in row.get("assignedLicenses", []):
        sku = world.skus[licence["skuId"]]
        user.direct[sku.sku_id] = Licence(tuple(licence.get("disabledPlans", [])), _LONG_AGO_S)
    user.policies = dict(row.get("policies", {}))
    user.shown_policies = dict(user.policies)
    user.numbers = list(row.get("telephoneNumbers", []))
    user.shown_numbers = tuple(user.numbers)
    user.teams_only = bool(row.get("teamsOnly", False))
    return user


def _load_group(world: World, row: Json) -> None:
    props = {k: v for k, v in row.items() if k not in _GROUP_OWN}
    if props.get("mailEnabled"):
        props.setdefault("mail", f"{row.get('mailNickname')}@{world.tenant.get('domain')}")
    group = Group(
        row["id"],
        world.next_seq(),
        props,
        Roster(row.get("members", [])),
        Roster(row.get("owners", [])),
        created_at=_LONG_AGO_S,
    )
    for licence in row.get("assignedLicenses", []):
        sku = world.skus[licence["skuId"]]
        group.licences[sku.sku_id] = Licence(tuple(licence.get("disabledPlans", [])), _LONG_AGO_S)
    world.index_group(group)


def _load_team(world: World, row: Json) -> None:
    group = world.groups[row["id"]]
    members = row.get("members", list(group.members))
    owners = row.get("owners", list(group.owners))
    props = {k: v for k, v in row.items() if k not in _TEAM_OWN}
    props.setdefault("visibility", str(group.props.get("visibility") or "Private").lower())
    team = Team(group.id, world.next_seq(), props, Roster(members), Roster(owners))
    team.archived = bool(row.get("archived", False))
    names = row.get("channels") or ["General"]
    for index, name in enumerate(names):
        add_channel(world, team, str(name), number=index)
    world.teams[team.id] = team
    for user_id in members:
        group.members.add(user_id)
    for user_id in owners:
        group.owners.add(user_id)


def add_channel(world: World, team: Team, name: str, *, number: int) -> Channel:
    """Give a team a standard channel; the id is stable for team and number."""
    channel_id = f"19:{team.id.replace('-', '')}{number:03d}@thread.tacv2"
    channel = Channel(channel_id, name, None, "standard", world.clock())
    team.channels.append(channel)
    return channel


def _link_member_of(world: World, seed: Json) -> None:
    for row in seed.get("users", []):
        for group_id in row.get("memberOf", []):
            world.groups[group_id].members.add(row["id"])
    for group in world.groups.values():
        for user in _present(world, group.members):
            user.groups[group.id] = None
    for team in world.teams.values():
        for user in [*_present(world, team.members), *_present(world, team.owners)]:
            user.teams[team.id] = None


def _present(world: World, roster: Roster) -> list[User]:
    return [world.users[x] for x in roster if x in world.users]


def _settle(world: World) -> None:
    for user in world.users.values():
        licensing.recompute(world, user, now=_LONG_AGO_S, lag=False)
        for number in user.numbers:
            world.numbers[number] = user.id
    for group in world.groups.values():
        licensing.process_group(world, group, now=_LONG_AGO_S, lag=False)


# -- writing --------------------------------------------------------------------------------


def dump_user(world: World, user: User) -> Json:
    """Return a user in seed shape, with his effective mode."""
    row: Json = {
        "id": user.id,
        **{k: v for k, v in user.props.items() if k != "mailNickname"},
        "sfbHoming": user.homing,
        "assignedLicenses": licensing.licence_list(user.direct),
        "memberOf": list(user.groups),
        "policies": dict(user.policies),
        "telephoneNumbers": list(user.numbers),
        "effectiveMode": homing.effective_mode(world, user),
    }
    if user.teams_only:
        row["teamsOnly"] = True
    return row


def dump(world: World) -> Json:
    """Return the whole tenant in seed shape, plus effective modes and teams' rosters."""
    return {
        "tenant": world.tenant,
        "skus": [_dump_sku(sku) for sku in world.skus.values()],
        "mutuallyExclusivePlans": [list(pair) for pair in world.exclusive],
        "planDependencies": world.dependencies,
        "users": [dump_user(world, user) for user in world.users.values()],
        "deletedUsers": [dump_user(world, user) for user in world.deleted.values()],
        "groups": [_dump_group(world, group) for group in world.groups.values()],
        "teams": [_dump_team(world, team) for team in world.teams.values()],
        "policies": [{"type": k, "names": v} for k, v in world.policies.items()],
    }


def _dump_sku(sku: Sku) -> Json:
    plans = [
        {
            "servicePlanId": p.plan_id,
            "servicePlanName": p.name,
            "appliesTo": p.applies_to,
            "provisioningStatus": p.status,
        }
        for p in sku.plans
    ]
    return {
        "skuId": sku.sku_id,
        "skuPartNumber": sku.part_number,
        "enabled": sku.enabled,
        "warning": sku.warning,
        "suspended": sku.suspended,
        "lockedOut": sku.locked_out,
        "capabilityStatus": sku.status,
        "appliesTo": sku.applies_to,
        "servicePlans": plans,
    }


def _alive(world: World, ids: Roster) -> list[str]:
    return [x for x in ids if x not in world.deleted]


def _dump_group(world: World, group: Group) -> Json:
    return {
        "id": group.id,
        **group.props,
        "assignedLicenses": licensing.licence_list(group.licences),
        "members": _alive(world, group.members),
        "owners": _alive(world, group.owners),
    }


def _dump_team(world: World, team: Team) -> Json:
    return {
        "id": team.id,
        **team.props,
        "members": _alive(world, team.members),
        "owners": _alive(world, team.owners),
        "channels": [channel.name for channel in team.channels],
        "archived": team.archived,
    }


def effects_file(state: Path) -> Path:
    """Return where the effects that belong to a state file are kept."""
    return state.with_name(f"{state.name}.effects.jsonl")


def write(world: World, path: Path) -> None:
    """Write the state, and the effects beside it; each file whole or not at all."""
    for target, content in (
        (effects_file(path), world.journal.read()),
        (path, dumps(dump(world))),
    ):
        part = target.with_name(f"{target.name}.part")
        part.write_bytes(content)
        part.replace(target)


def resume(world: World, path: Path) -> None:
    """Take over the effects that were written beside a state file, if there are any."""
    effects = effects_file(path)
    if effects.exists():
        world.journal.restore(effects.read_bytes())
