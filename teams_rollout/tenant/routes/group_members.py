"""Tenant simulator: members and owners of groups, one reference at a time."""

from __future__ import annotations

from teams_rollout.tenant import filters, odata
from teams_rollout.tenant.errors import bad_request, missing
from teams_rollout.tenant.limits import entra
from teams_rollout.tenant.model import Group, Roster, User
from teams_rollout.tenant.rosters import (
    MEMBER,
    OWNER,
    join_group,
    leave_group,
    referenced_user,
)
from teams_rollout.tenant.routes.groups import (
    READ_MEMBERS,
    directory_object,
    refuse_rule,
    require_group,
)
from teams_rollout.tenant.routes.users import cause_of, require_user
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.schema import USER_PROPERTIES
from teams_rollout.tenant.views import listed_user
from teams_rollout.tenant.wire import Answer, Call
from teams_rollout.tenant.world import World

routes = Routes()

_WRITE_MEMBERS = ("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All")
_WRITE_OWNERS = ("Group.ReadWrite.All", "Directory.ReadWrite.All")
_OPTIONS = ("$select", "$top", "$filter", "$count", "$skiptoken")


def _list(world: World, call: Call, roster: Roster) -> Answer:
    names = odata.selected(call, known=USER_PROPERTIES, kind="microsoft.graph.directoryObject")
    advanced = odata.is_advanced(call)
    users = [world.users[x] for x in roster.visible(world.clock()) if x in world.users]
    users.sort(key=lambda user: user.seq)
    if "$filter" in call.query:
        wanted = filters.parse(call.query["$filter"], properties=USER_PROPERTIES, advanced=advanced)
        users = [user for user in users if wanted.test(listed_user(world, user))]
    body = odata.page(
        call,
        users,
        seq_of=lambda user: user.seq,
        render=lambda user: directory_object(world, user, names),
        size=odata.page_size(call),
    )
    if advanced:
        body["@odata.count"] = len(users)
    return Answer(200, body)


@routes.add(
    "GET", "/groups/{group}/members", permissions=READ_MEMBERS, cost=entra(3), options=_OPTIONS
)
def list_members(world: World, call: Call) -> Answer:
    """List the members that this replica knows of."""
    return _list(world, call, require_group(world, call.params["group"], reading=True).members)


@routes.add(
    "GET", "/groups/{group}/members/user", permissions=READ_MEMBERS, cost=entra(3), options=_OPTIONS
)
def list_user_members(world: World, call: Call) -> Answer:
    """List the members that are users: `.../members/microsoft.graph.user`."""
    return list_members(world, call)


@routes.add(
    "GET", "/groups/{group}/owners", permissions=READ_MEMBERS, cost=entra(), options=_OPTIONS
)
def list_owners(world: World, call: Call) -> Answer:
    """List the owners that this replica knows of."""
    return _list(world, call, require_group(world, call.params["group"], reading=True).owners)


def _group(world: World, call: Call, role: str) -> Group:
    group = require_group(world, call.params["group"])
    if group.props.get("onPremisesSyncEnabled"):
        raise bad_request(
            "Unable to update the specified properties for on-premises mastered Directory Sync "
            "objects or objects currently undergoing migration."
        )
    if role == MEMBER:
        refuse_rule(group)
    return group


def _add(world: World, call: Call, role: str) -> Answer:
    group = _group(world, call, role)
    user = referenced_user(world, call.json_object().get("@odata.id"))
    if not join_group(world, group, user, role=role, cause=cause_of(call)):
        raise bad_request(
            "One or more added object references already exist for the following modified "
            f"properties: '{role}s'."
        )
    return Answer(204)


def _remove(world: World, call: Call, role: str) -> Answer:
    group = _group(world, call, role)
    user: User = require_user(world, call.params["object"])
    if role == OWNER and len(group.owners) == 1 and user.id in group.owners:
        raise bad_request(
            "The group must have at least one owner, hence this owner cannot be removed."
        )
    if not leave_group(world, group, user, role=role, cause=cause_of(call)):
        raise missing(user.id)
    return Answer(204)


@routes.add(
    "POST",
    "/groups/{group}/members/$ref",
    permissions=_WRITE_MEMBERS,
    cost=entra(write=True),
    body=True,
    serial="group",
)
def add_member(world: World, call: Call) -> Answer:
    """Add one member; 400 when he is in already."""
    return _add(world, call, MEMBER)


@routes.add(
    "DELETE",
    "/groups/{group}/members/{object}/$ref",
    permissions=_WRITE_MEMBERS,
    cost=entra(write=True),
    serial="group",
)
def remove_member(world: World, call: Call) -> Answer:
    """Remove one member; 404 when he is not in."""
    return _remove(world, call, MEMBER)


@routes.add(
    "POST",
    "/groups/{group}/owners/$ref",
    permissions=_WRITE_OWNERS,
    cost=entra(write=True),
    body=True,
    serial="group",
)
def add_owner(world: World, call: Call) -> Answer:
    """Add one owner; 400 when he is one already."""
    return _add(world, call, OWNER)


@routes.add(
    "DELETE",
    "/groups/{group}/owners/{object}/$ref",
    permissions=_WRITE_OWNERS,
    cost=entra(write=True),
    serial="group",
)
def remove_owner(world: World, call: Call) -> Answer:
    """Remove one owner; the last one stays."""
    return _remove(world, call, OWNER)
