"""Tenant simulator: /users, and reading many objects by id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from teams_rollout.tenant import filters, odata
from teams_rollout.tenant.errors import TEAMS, GraphError, bad_query, bad_request, missing
from teams_rollout.tenant.journal import Cause
from teams_rollout.tenant.limits import TEAMS_GET, entra
from teams_rollout.tenant.model import Group, User
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.schema import (
    GROUP_LISTS,
    GROUP_PROPERTIES,
    USER_CLOUD_MASTERED,
    USER_DEFAULT,
    USER_LISTS,
    USER_PROPERTIES,
    USER_SINGLE_ONLY,
    USER_WRITABLE,
    check_body,
    with_lists,
    wrong_value,
)
from teams_rollout.tenant.views import (
    group_view,
    licence_details,
    listed_user,
    team_view,
    user_view,
)
from teams_rollout.tenant.wire import Answer, Call, Json
from teams_rollout.tenant.world import World

routes = Routes()

READ_USERS = (
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
_WRITE_USERS = ("User.ReadWrite.All", "Directory.ReadWrite.All")
_READ_LICENCES = (
    "LicenseAssignment.Read.All",
    "LicenseAssignment.ReadWrite.All",
    "Organization.Read.All",
    *READ_USERS,
)
_LIST_OPTIONS = ("$select", "$filter", "$top", "$count", "$orderby", "$search", "$skiptoken")
_LOOKUPS = ("id", "userPrincipalName", "mail", "employeeId")
_SEARCH = re.compile(r'^"(displayName|mail|userPrincipalName|givenName|surname):(.*)"$')
_COUNTRY = re.compile(r"^[A-Z]{2}$")
_LOCATION_VICE = 0.25
_MAX_GROUP_IDS = 20
_MAX_IDS = 1000


def cause_of(call: Call) -> Cause:
    """Return the cause that effects of this call carry."""
    return Cause("request", call.received_at, call.request_id)


def require_user(world: World, key: str) -> User:
    """Find a user by id or UPN.

    Raises:
        GraphError: 404.
    """
    user = world.find_user(key)
    if user is None:
        raise missing(key)
    return user


def render_user(row: Json, names: Sequence[str] | None) -> Json:
    """Pick the selected (or default) properties of a user."""
    picked = odata.pick(row, names or USER_DEFAULT)
    picked["id"] = row["id"]
    return with_lists(picked, USER_LISTS)


def matching(world: World, call: Call, *, advanced: bool) -> list[User]:
    """Return the users that `$filter` or `$search` ask for, as the lists see them."""
    if "$search" in call.query:
        return _search(world, call)
    if "$filter" not in call.query:
        return world.ordered_users()
    wanted = filters.parse(call.query["$filter"], properties=USER_PROPERTIES, advanced=advanced)
    candidates = world.ordered_users()
    if wanted.lookup and wanted.lookup[0] in _LOOKUPS:
        candidates = world.users_with(*wanted.lookup)
    return [u for u in candidates if wanted.test(listed_user(world, u))]


def _search(world: World, call: Call) -> list[User]:
    match = _SEARCH.match(call.query["$search"])
    if call.headers.get("consistencylevel", "").lower() != "eventual":
        raise bad_query(
            "Request with $search query parameter only works through MSGraph with a "
            "special request header: 'ConsistencyLevel: eventual'"
        )
    if match is None:
        raise bad_request(f"Invalid $search clause: {call.query['$search']}")
    prop, words = match[1], match[2].lower().split()

    def found(user: User) -> bool:
        tokens = re.split(r"[\s.@_-]+", str(listed_user(world, user).get(prop) or "").lower())
        return all(any(t.startswith(word) for t in tokens) for word in words)

    return [user for user in world.ordered_users() if found(user)]


def _ordered(world: World, call: Call, users: list[User], *, advanced: bool) -> list[User]:
    clause = call.query.get("$orderby")
    if clause is None:
        return users
    prop, _, direction = clause.partition(" ")
    if prop not in ("displayName", "userPrincipalName"):
        raise bad_query(f"Sorting by '{prop}' is not supported for the resource 'User'.")
    if "$filter" in call.query and not advanced:
        raise bad_query("Sorting not supported for current query.")

    def key(user: User) -> str:
        return str(listed_user(world, user).get(prop) or "").lower()

    return sorted(users, key=key, reverse=direction.strip().lower() == "desc")


@routes.add("GET", "/users", permissions=READ_USERS, cost=entra(2), options=_LIST_OPTIONS)
def list_users(world: World, call: Call) -> Answer:
    """List users page by page."""
    names = odata.selected(call, known=USER_PROPERTIES, kind="microsoft.graph.user")
    if names and USER_SINGLE_ONLY & set(names):
        raise GraphError(501, "NotImplemented", "Not implemented for a collection of users.")
    advanced = odata.is_advanced(call)
    users = _ordered(world, call, matching(world, call, advanced=advanced), advanced=advanced)
    place = {user.seq: i for i, user in enumerate(users)} if "$orderby" in call.query else None
    body = odata.page(
        call,
        users,
        seq_of=(lambda u: place[u.seq] + 1) if place is not None else (lambda u: u.seq),
        render=lambda u: render_user(listed_user(world, u), names),
        size=odata.page_size(call),
    )
    if advanced:
        body["@odata.count"] = len(users)
    return Answer(200, {"@odata.context": f"{call.base_url}/v1.0/$metadata#users", **body})


@routes.add("GET", "/users/{user}", permissions=READ_USERS, cost=entra(), options=("$select",))
def get_user(world: World, call: Call) -> Answer:
    """Read one user: always the newest state."""
    names = odata.selected(call, known=USER_PROPERTIES, kind="microsoft.graph.user")
    user = require_user(world, call.params["user"])
    row = render_user(user_view(world, user), names)
    context = f"{call.base_url}/v1.0/$metadata#users/$entity"
    return Answer(200, {"@odata.context": context, **row})


@routes.add(
    "PATCH",
    "/users/{user}",
    permissions=_WRITE_USERS,
    cost=entra(write=True),
    body=True,
    serial="user",
)
def patch_user(world: World, call: Call) -> Answer:
    """Change properties, usageLocation above all."""
    user = require_user(world, call.params["user"])
    wanted = check_body(call.json_object(), USER_WRITABLE)
    if not wanted:
        raise bad_request("No properties to update were specified.")
    location = wanted.get("usageLocation")
    if location is not None and not _COUNTRY.match(location):
        raise wrong_value("usageLocation", "User")
    if user.props.get("onPremisesSyncEnabled") and set(wanted) - USER_CLOUD_MASTERED:
        raise bad_request(
            "Unable to update the specified properties for on-premises mastered Directory Sync "
            "objects or objects currently undergoing migration."
        )
    change_user(world, user, wanted, cause=cause_of(call))
    return Answer(204)


def change_user(world: World, user: User, wanted: Json, *, cause: Cause) -> None:
    """Write properties that differ, with one effect for usageLocation and one for the rest."""
    changed = {k: v for k, v in wanted.items() if user.props.get(k) != v}
    if not changed:
        return
    world.touch(user, cause=cause, view=user_view)
    before = {k: user.props.get(k) for k in changed}
    # Only a location where none was can be disbelieved: an old one was as good as the new.
    if cause.kind == "request" and changed.get("usageLocation") and not before["usageLocation"]:
        lag = world.lags.draw("location") if world.lags.chance(_LOCATION_VICE) else 0.0
        user.location_believed_at = world.clock() + lag
    world.write_properties(user, changed)
    if "usageLocation" in changed:
        old, new = before.pop("usageLocation"), changed.pop("usageLocation")
        world.record("user.usageLocation", user.id, cause=cause, before=old, after=new)
    if changed:
        world.record("user.updated", user.id, cause=cause, before=before, after=changed)


@routes.add(
    "GET",
    "/users/{user}/licenseDetails",
    permissions=_READ_LICENCES,
    cost=entra(2),
    options=("$select",),
)
def get_licence_details(world: World, call: Call) -> Answer:
    """List the SKUs of a user with the state of every plan."""
    known = frozenset({"id", "skuId", "skuPartNumber", "servicePlans"})
    names = odata.selected(call, known=known, kind="microsoft.graph.licenseDetails")
    rows = licence_details(world, require_user(world, call.params["user"]))
    return Answer(200, {"value": [odata.pick(x, names) if names else x for x in rows]})


@routes.add(
    "POST",
    "/users/{user}/checkMemberGroups",
    permissions=("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"),
    cost=entra(4),
    body=True,
)
def check_member_groups(world: World, call: Call) -> Answer:
    """Say which of up to 20 groups a user is in."""
    user = require_user(world, call.params["user"])
    ids: Any = call.json_object().get("groupIds")
    if not isinstance(ids, list) or not ids or len(ids) > _MAX_GROUP_IDS:
        raise bad_request(f"groupIds must hold between 1 and {_MAX_GROUP_IDS} ids.")
    now = world.clock()
    shown = [
        x
        for x in map(str, ids)
        if x in world.groups and user.id in world.groups[x].members.visible(now)
    ]
    return Answer(200, {"value": shown})


@routes.add(
    "GET",
    "/users/{user}/joinedTeams",
    permissions=("Team.ReadBasic.All", "TeamSettings.Read.All", "Group.Read.All"),
    cost=TEAMS_GET,
    dialect=TEAMS,
)
def joined_teams(world: World, call: Call) -> Answer:
    """List the teams a user is in."""
    user = require_user(world, call.params["user"])
    now = world.clock()
    joined = [
        world.teams[team_id]
        for team_id in user.teams
        if user.id in [*world.teams[team_id].members.visible(now), *world.teams[team_id].owners]
    ]
    return Answer(200, {"value": [team_view(world, team) for team in joined]})


@routes.add("GET", "/users/$count", permissions=READ_USERS, cost=entra(), options=("$filter",))
def count_users(world: World, call: Call) -> Answer:
    """Count users, as plain text."""
    if call.headers.get("consistencylevel", "").lower() != "eventual":
        raise bad_query("$count is not currently supported.")
    return Answer(200, len(matching(world, call, advanced=True)))


@routes.add(
    "GET",
    "/users/{user}/memberOf",
    permissions=("GroupMember.Read.All", *READ_USERS),
    cost=entra(2),
    options=("$select", "$top", "$skiptoken"),
)
def member_of(world: World, call: Call) -> Answer:
    """List the groups a user is in, as far as this replica knows."""
    user = require_user(world, call.params["user"])
    names = odata.selected(call, known=GROUP_PROPERTIES, kind="microsoft.graph.directoryObject")
    now = world.clock()
    groups = [g for g in world.groups.values() if user.id in g.members.visible(now)]

    def render(group: Group) -> Json:
        whole = group_view(world, group)
        row = with_lists(odata.pick(whole, names), GROUP_LISTS) if names else whole
        return {"@odata.type": "#microsoft.graph.group", **row, "id": group.id}

    size = odata.page_size(call)
    return Answer(200, odata.page(call, groups, seq_of=lambda g: g.seq, render=render, size=size))


@routes.add(
    "POST",
    "/directoryObjects/getByIds",
    permissions=("Directory.Read.All", "Directory.ReadWrite.All"),
    cost=entra(5),
    options=("$select",),
    body=True,
)
def get_by_ids(world: World, call: Call) -> Answer:
    """Read up to 1,000 objects; those that do not exist are silently absent."""
    body = call.json_object()
    ids: Any = body.get("ids")
    if not isinstance(ids, list) or len(ids) > _MAX_IDS or not all(isinstance(x, str) for x in ids):
        raise bad_request(f"ids must be a list of at most {_MAX_IDS} object ids.")
    known = USER_PROPERTIES | GROUP_PROPERTIES
    names = odata.selected(call, known=known, kind="microsoft.graph.directoryObject")
    types = body.get("types") or ["user", "group"]
    rows: list[Json] = []
    for object_id in dict.fromkeys(x.lower() for x in ids):
        if object_id in world.users and "user" in types:
            row = render_user(user_view(world, world.users[object_id]), names)
            rows.append({"@odata.type": "#microsoft.graph.user", **row})
        elif object_id in world.groups and "group" in types:
            whole = group_view(world, world.groups[object_id])
            row = with_lists(odata.pick(whole, names), GROUP_LISTS) if names else whole
            rows.append({"@odata.type": "#microsoft.graph.group", **row, "id": object_id})
    return Answer(200, {"value": rows})
