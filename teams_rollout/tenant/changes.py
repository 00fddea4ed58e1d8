"""Tenant simulator: what people other than the app do to the tenant (`POST /_tenant/changes`).

A list of `{"op", "id", ...}`. Each is applied as though it had been made long ago: no lag, and
an effect of cause `admin` where something changed. Ops: `addUser user`, `patchUser patch`,
`deleteUser`, `restoreUser`, `moveToCloud`, `moveToServer`, `setLicenses assignedLicenses`,
`setPolicy policyType policyName|null`, `setNumber number|null`, `addMember team user`,
`removeMember team user`, `deleteTeam`, `setSeats skuId enabled`. `id` of a user may be his UPN.
`change_checks` refuses what is malformed before anything is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teams_rollout.tenant import change_checks, homing, licensing
from teams_rollout.tenant.change_checks import ChangeError
from teams_rollout.tenant.journal import Cause
from teams_rollout.tenant.model import Licence, Team, User
from teams_rollout.tenant.rosters import MEMBER, OWNER, join_team, leave_team
from teams_rollout.tenant.routes.groups import remove_group
from teams_rollout.tenant.routes.numbers import give_number, take_number
from teams_rollout.tenant.routes.policies import set_policy
from teams_rollout.tenant.routes.users import change_user
from teams_rollout.tenant.seed import make_user
from teams_rollout.tenant.views import user_view
from teams_rollout.tenant.wire import Json
from teams_rollout.tenant.world import World

_NOT_PROPS = {"id", "sfbHoming"}


def _user(world: World, change: Json) -> User:
    user = world.find_user(str(change["id"]))
    if user is None:
        raise ChangeError(f"{change['op']}: no such user")
    return user


def _team(world: World, change: Json) -> Team:
    team = world.teams.get(str(change.get("team", change.get("id"))).lower())
    if team is None:
        raise ChangeError(f"{change['op']}: no such team")
    return team


def _add_user(world: World, change: Json, cause: Cause) -> None:
    row: Json = {"id": change.get("id") or world.new_id(), **change["user"]}
    if world.find_user(row["id"]) or world.find_user(row["userPrincipalName"]):
        raise ChangeError("addUser: the user exists")
    user = make_user(world, row)
    user.change = world.next_change()
    world.index_user(user)
    for number in user.numbers:
        world.numbers[number] = user.id
    licensing.recompute(world, user, now=world.clock(), lag=False)
    world.record("user.updated", user.id, cause=cause, after=dict(user.props))


def _patch_user(world: World, change: Json, cause: Cause) -> None:
    user, patch = _user(world, change), change["patch"]
    props = {k: v for k, v in patch.items() if k not in _NOT_PROPS}
    change_user(world, user, props, cause=cause)
    if "sfbHoming" in patch and patch["sfbHoming"] != user.homing:
        _rehome(world, user, str(patch["sfbHoming"]), cause)


def _rehome(world: World, user: User, where: str, cause: Cause) -> None:
    before, user.homing = user.homing, where
    licensing.activate(world, user)
    after = {"sfbHoming": where}
    world.record("user.updated", user.id, cause=cause, before={"sfbHoming": before}, after=after)


def _delete_user(world: World, change: Json, cause: Cause) -> None:
    user = _user(world, change)
    world.unindex_user(user)
    world.deleted[user.id] = user
    for sku_id in user.held:
        world.skus[sku_id].consumed -= 1
    for number in user.numbers:
        world.numbers.pop(number, None)
    world.removed.append((world.next_change(), "user", user.id))
    state = {"accountEnabled": user.props.get("accountEnabled")}
    world.record("user.updated", user.id, cause=cause, before=state, after={"deleted": True})


def _restore_user(world: World, change: Json, cause: Cause) -> None:
    user = world.deleted.pop(str(change.get("id")).lower(), None)
    if user is None:
        raise ChangeError("restoreUser: no such deleted user")
    user.change = world.next_change()
    world.index_user(user)
    user.held = frozenset()
    licensing.recompute(world, user, now=world.clock(), lag=False)
    for number in user.numbers:
        world.numbers.setdefault(number, user.id)
    state = {"accountEnabled": user.props.get("accountEnabled")}
    world.record("user.updated", user.id, cause=cause, before={"deleted": True}, after=state)


def _move_to_cloud(world: World, change: Json, cause: Cause) -> None:
    """Move-CsUser grants TeamsOnly itself."""
    user = _user(world, change)
    where = "online" if world.skype_online else "none"
    if user.homing != where:
        _rehome(world, user, where, cause)
    set_policy(world, user, homing.UPGRADE, homing.TO_TEAMS, cause=cause)


def _move_to_server(world: World, change: Json, cause: Cause) -> None:
    user = _user(world, change)
    user.teams_only = False
    if user.homing != "onPremises":
        _rehome(world, user, "onPremises", cause)
    if user.policies.get(homing.UPGRADE) == homing.TO_TEAMS:
        set_policy(world, user, homing.UPGRADE, None, cause=cause)


def _set_licences(world: World, change: Json, cause: Cause) -> None:
    user = _user(world, change)
    wanted: dict[str, Licence] = {}
    for row in change["assignedLicenses"]:
        if row["skuId"] not in world.skus:
            raise ChangeError("setLicenses: unknown skuId")
        disabled = tuple(row.get("disabledPlans") or [])
        wanted[row["skuId"]] = Licence(disabled, world.clock())
    licensing.set_direct(world, user, wanted, cause=cause)


def _set_policy(world: World, change: Json, cause: Cause) -> None:
    policy_type, name = change["policyType"], change["policyName"]
    if policy_type not in world.policies:
        raise ChangeError("setPolicy: unknown policyType")
    if name is not None and name not in world.policies[policy_type]:
        raise ChangeError("setPolicy: unknown policyName")
    set_policy(world, _user(world, change), policy_type, name, cause=cause)


def _set_number(world: World, change: Json, cause: Cause) -> None:
    user, number = _user(world, change), change["number"]
    for old in list(user.numbers):
        if old != number:
            take_number(world, user, old, cause=cause)
    if number is None:
        return
    holder = world.users.get(world.numbers.get(number, ""))
    if holder is not None and holder is not user:
        take_number(world, holder, number, cause=cause)
    give_number(world, user, number, cause=cause)


def _member(world: World, change: Json) -> User:
    user = world.find_user(change["user"])
    if user is None:
        raise ChangeError(f"{change['op']}: no such user")
    return user


def _add_member(world: World, change: Json, cause: Cause) -> None:
    role = OWNER if change.get("role") == OWNER else MEMBER
    join_team(world, _team(world, change), _member(world, change), role=role, cause=cause)


def _remove_member(world: World, change: Json, cause: Cause) -> None:
    team, user = _team(world, change), _member(world, change)
    for role in (MEMBER, OWNER):
        leave_team(world, team, user, role=role, cause=cause)


def _delete_team(world: World, change: Json, cause: Cause) -> None:
    remove_group(world, world.groups[_team(world, change).id], cause=cause)


def _set_seats(world: World, change: Json, _: Cause) -> None:
    sku = world.skus.get(change["skuId"])
    if sku is None:
        raise ChangeError("setSeats: unknown skuId")
    sku.enabled = change["enabled"]


_OPS: dict[str, Callable[[World, Json, Cause], None]] = {
    "addUser": _add_user,
    "patchUser": _patch_user,
    "deleteUser": _delete_user,
    "restoreUser": _restore_user,
    "moveToCloud": _move_to_cloud,
    "moveToServer": _move_to_server,
    "setLicenses": _set_licences,
    "setPolicy": _set_policy,
    "setNumber": _set_number,
    "addMember": _add_member,
    "removeMember": _remove_member,
    "deleteTeam": _delete_team,
    "setSeats": _set_seats,
}


def apply(world: World, changes: Any, *, cause: Cause) -> int:
    """Make the changes in order and return how many there were.

    Raises:
        ChangeError: one is malformed, and nothing has been changed; or one cannot be made, and
            those before it have been, as the text says.
    """
    if not isinstance(changes, list):
        raise ChangeError("changes must be a list")
    for change in changes:
        change_checks.check(change)
    for number, change in enumerate(changes):
        try:
            _OPS[change["op"]](world, change, cause)
        except ChangeError as wrong:
            raise ChangeError(f"{wrong}; {number} of {len(changes)} changes were made") from None
        user = world.find_user(str(change.get("id")))
        if user is not None:
            # What an administrator did is old news: lists show it at once.
            user.view, user.replica = None, None
            user_view(world, user)
    return len(changes)
