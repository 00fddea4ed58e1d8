"""Tenant simulator: joining and leaving groups and teams, and what follows from it later.

A team's roster leads; its group follows after the directory lag. The other way round takes
Microsoft up to a day. An administrator's change shows and follows at once.
"""

from __future__ import annotations

import re
from typing import Any

from teams_rollout.tenant import licensing
from teams_rollout.tenant.errors import bad_request, missing
from teams_rollout.tenant.journal import Cause
from teams_rollout.tenant.model import Group, Roster, Team, User
from teams_rollout.tenant.world import World

MEMBER, OWNER = "member", "owner"
_REFERENCE = re.compile(
    r"(?:^|/)(?:users|directoryObjects)(?:/|\('|\(%27)(?P<key>[^/]+?)(?:'\)|%27\))?$"
)


def referenced_user(world: World, reference: Any) -> User:
    """Find the user that an `@odata.id` or `@odata.bind` URL names.

    Raises:
        GraphError: 400 for something that is no such URL, 404 for an unknown object.
    """
    match = _REFERENCE.search(reference) if isinstance(reference, str) else None
    if match is None:
        raise bad_request("Invalid URL format specified in the object reference.")
    key = match["key"].replace("''", "'").replace("%27", "'").replace("%40", "@")
    user = world.find_user(key)
    if user is None:
        raise missing(key)
    return user


def _lag(world: World, name: str, cause: Cause) -> float:
    return 0.0 if cause.kind == "admin" else world.lags.draw(name)


def _until(world: World, name: str, cause: Cause) -> float:
    lag = _lag(world, name, cause)
    return world.clock() + lag if lag else 0.0


def _group_roster(group: Group, role: str) -> Roster:
    return group.owners if role == OWNER else group.members


def _team_roster(team: Team, role: str) -> Roster:
    return team.owners if role == OWNER else team.members


def join_group(
    world: World, group: Group, user: User, *, role: str, cause: Cause, follow: bool = True
) -> bool:
    """Put a user into a group; False when he is in already."""
    if not _group_roster(group, role).add(user.id, visible_from=_until(world, "directory", cause)):
        return False
    group.change = world.next_change()
    world.record(f"group.{role}", group.id, cause=cause, after=user.id)
    if role == MEMBER:
        user.groups[group.id] = None
        _licences_follow(world, group, user, cause)
    team = world.teams.get(group.id)
    if team is not None and follow:
        _team_follows(world, team, user, role=role, cause=cause, joining=True)
    return True


def leave_group(
    world: World, group: Group, user: User, *, role: str, cause: Cause, follow: bool = True
) -> bool:
    """Take a user out of a group; False when he is not in."""
    if not _group_roster(group, role).remove(
        user.id, visible_until=_until(world, "directory", cause)
    ):
        return False
    group.change = world.next_change()
    world.record(f"group.{role}", group.id, cause=cause, before=user.id)
    if role == MEMBER:
        user.groups.pop(group.id, None)
        _licences_follow(world, group, user, cause)
    team = world.teams.get(group.id)
    if team is not None and follow:
        _team_follows(world, team, user, role=role, cause=cause, joining=False)
    return True


def _licences_follow(world: World, group: Group, user: User, cause: Cause) -> None:
    if not group.licences:
        return
    admin = cause.kind == "admin"

    def work(due: float) -> None:
        licensing.inherit(world, user, group, now=due, lag=not admin)

    if admin:
        work(world.clock())
    else:
        licensing.process_later(world, group, work)


def _team_follows(
    world: World, team: Team, user: User, *, role: str, cause: Cause, joining: bool
) -> None:
    change = join_team if joining else leave_team

    def work(_: float) -> None:
        if team.id in world.teams:
            change(world, team, user, role=role, cause=cause.later(), follow=False)

    if cause.kind == "admin":
        work(0)
    else:
        world.schedule.at(world.clock() + world.lags.draw("group_to_team"), work)


def join_team(
    world: World, team: Team, user: User, *, role: str, cause: Cause, follow: bool = True
) -> bool:
    """Put a user into a team; False when he is in already (an owner counts as a member)."""
    if role == MEMBER and user.id in team.owners:
        return False
    visible_from = _until(world, "members", cause)
    if not _team_roster(team, role).add(user.id, visible_from=visible_from):
        return False
    user.teams[team.id] = None
    world.record(f"team.{role}", team.id, cause=cause, after=user.id)
    if follow:
        _group_follows(world, team, user, role=role, cause=cause, joining=True)
    return True


def leave_team(
    world: World, team: Team, user: User, *, role: str, cause: Cause, follow: bool = True
) -> bool:
    """Take a user's role in a team away; False when he does not have it."""
    visible_until = _until(world, "members", cause)
    if not _team_roster(team, role).remove(user.id, visible_until=visible_until):
        return False
    if user.id not in team.members and user.id not in team.owners:
        user.teams.pop(team.id, None)
    world.record(f"team.{role}", team.id, cause=cause, before=user.id)
    if follow:
        _group_follows(world, team, user, role=role, cause=cause, joining=False)
    return True


def _group_follows(
    world: World, team: Team, user: User, *, role: str, cause: Cause, joining: bool
) -> None:
    change = join_group if joining else leave_group
    group = world.groups[team.id]

    def work(_: float) -> None:
        if group.id in world.groups:
            change(world, group, user, role=role, cause=cause.later(), follow=False)

    if cause.kind == "admin":
        change(world, group, user, role=role, cause=cause, follow=False)
    else:
        world.schedule.at(world.clock() + world.lags.draw("directory"), work)
