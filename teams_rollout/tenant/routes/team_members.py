"""Tenant simulator: people in teams: one by one, 200 in, 20 out."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from teams_rollout.tenant import errors, limits, odata
from teams_rollout.tenant.errors import TEAMS, GraphError
from teams_rollout.tenant.model import Team, User
from teams_rollout.tenant.rosters import MEMBER, OWNER, join_team, leave_team, referenced_user
from teams_rollout.tenant.routes.teams import require_team
from teams_rollout.tenant.routes.users import cause_of
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.wire import Answer, Call, Json
from teams_rollout.tenant.world import World

routes = Routes(TEAMS)

MAX_ADD, MAX_REMOVE = 200, 20
_WRITE_OWNERS = ("TeamMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All")
_WRITE = ("TeamMember.ReadWriteNonOwnerRole.All", *_WRITE_OWNERS)
_READ = ("TeamMember.Read.All", *_WRITE, "Group.Read.All", "Directory.Read.All")
_ELEMENT = "microsoft.graph.aaduserconversationmember"
_RESULT = "#microsoft.graph.aadUserConversationMemberResult"
_LAST_OWNER = "The team must keep at least one owner."
_FILTER = re.compile(
    r"^\(?(?:microsoft\.graph\.aadUserConversationMember/)?(userId|email|displayName) eq "
    r"'((?:[^']|'')*)'\)?$"
)
_PROPERTIES = frozenset(
    ["id", "roles", "displayName", "visibleHistoryStartDateTime", "userId", "email", "tenantId"]
)


def membership_id(world: World, team: Team, user: User) -> str:
    """Return the opaque id of a membership."""
    return base64.b64encode(f"MCMj{world.id}##{team.id}##{user.id}".encode()).decode()


def member_view(world: World, team: Team, user: User) -> Json:
    """Render one member."""
    return {
        "@odata.type": "#microsoft.graph.aadUserConversationMember",
        "id": membership_id(world, team, user),
        "roles": ["owner"] if user.id in team.owners else [],
        "displayName": user.props.get("displayName"),
        "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z",
        "userId": user.id,
        "email": user.props.get("mail") or user.upn,
        "tenantId": world.id,
    }


def _visible(world: World, team: Team) -> list[User]:
    now = world.clock()
    ids = dict.fromkeys([*team.owners.visible(now), *team.members.visible(now)])
    return sorted((world.users[x] for x in ids if x in world.users), key=lambda user: user.seq)


@routes.add(
    "GET",
    "/teams/{team}/members",
    permissions=_READ,
    cost=limits.TEAM_LISTS,
    options=("$select", "$filter", "$top", "$skiptoken"),
)
def list_members(world: World, call: Call) -> Answer:
    """List owners and members that show by now."""
    names = odata.selected(call, known=_PROPERTIES, kind="microsoft.graph.conversationMember")
    team = require_team(world, call.params["team"])
    users = _visible(world, team)
    if "$filter" in call.query:
        users = _filtered(world, team, users, call.query["$filter"])

    def render(user: User) -> Json:
        row = member_view(world, team, user)
        return {**odata.pick(row, names), "id": row["id"]} if names else row

    size = odata.page_size(call)
    body = odata.page(call, users, seq_of=lambda user: user.seq, render=render, size=size)
    return Answer(200, {**body, "@odata.count": len(body["value"])})


def _filtered(world: World, team: Team, users: list[User], text: str) -> list[User]:
    match = _FILTER.match(text.strip())
    if match is None:
        raise errors.teams(400, f"Invalid filter clause: {text}")
    wanted = match[2].replace("''", "'").lower()
    return [u for u in users if str(member_view(world, team, u)[match[1]]).lower() == wanted]


# -- one by one -----------------------------------------------------------------------------


def _role(body: Json) -> str:
    if str(body.get("@odata.type", "")).lstrip("#").lower() != _ELEMENT:
        raise errors.teams(400, "A member needs the type aadUserConversationMember.")
    known = {"@odata.type", "roles", "user@odata.bind", "visibleHistoryStartDateTime", "tenantId"}
    if set(body) - known:
        raise errors.teams(400, "The member holds a property that cannot be set.")
    roles = body.get("roles", [])
    if roles not in ([], ["owner"], ["guest"], None):
        raise errors.teams(400, "Invalid role specified for member.")
    return OWNER if roles == ["owner"] else MEMBER


@routes.add("POST", "/teams/{team}/members", permissions=_WRITE, cost=limits.MEMBER_POST, body=True)
def add_member(world: World, call: Call) -> Answer:
    """Add one person; somebody who is in already is a success that changes nothing."""
    team = require_team(world, call.params["team"])
    body = call.json_object()
    role = _role(body)
    _check_owner_permission(world, role)
    user = referenced_user(world, body.get("user@odata.bind"))
    join_team(world, team, user, role=role, cause=cause_of(call))
    return Answer(201, member_view(world, team, user))


def _check_owner_permission(world: World, role: str) -> None:
    granted = world.tenant.get("grantedPermissions")
    if role == OWNER and granted is not None and not set(granted) & set(_WRITE_OWNERS):
        raise errors.denied(TEAMS, _WRITE_OWNERS)


def _membership(world: World, call: Call) -> tuple[Team, User]:
    team = require_team(world, call.params["team"])
    key = call.params["membership"]
    try:
        parts = base64.b64decode(key + "=" * (-len(key) % 4)).decode().split("##")
    except (ValueError, binascii.Error):
        parts = []
    user = world.users.get(parts[-1]) if len(parts) == 3 and parts[1] == team.id else None
    if user is None or (user.id not in team.owners and user.id not in team.members):
        raise errors.teams(404, "The membership was not found.", inner="ItemNotFound")
    return team, user


@routes.add("GET", "/teams/{team}/members/{membership}", permissions=_READ, cost=limits.TEAM_LISTS)
def get_member(world: World, call: Call) -> Answer:
    """Read one membership by its id."""
    team, user = _membership(world, call)
    return Answer(200, member_view(world, team, user))


@routes.add(
    "PATCH",
    "/teams/{team}/members/{membership}",
    permissions=_WRITE_OWNERS,
    cost=limits.TEAM_PATCH,
    body=True,
)
def patch_member(world: World, call: Call) -> Answer:
    """Make a member an owner, or the other way round."""
    team, user = _membership(world, call)
    role = _role(call.json_object())
    cause = cause_of(call)
    if role == OWNER:
        join_team(world, team, user, role=OWNER, cause=cause)
    elif user.id in team.owners:
        _check_last_owner(team, user)
        leave_team(world, team, user, role=OWNER, cause=cause)
        join_team(world, team, user, role=MEMBER, cause=cause)
    return Answer(200, member_view(world, team, user))


def _check_last_owner(team: Team, user: User) -> None:
    if user.id in team.owners and len(team.owners) == 1:
        raise errors.teams(400, _LAST_OWNER, inner="LastOwnerCannotBeRemoved")


@routes.add(
    "DELETE",
    "/teams/{team}/members/{membership}",
    permissions=_WRITE,
    cost=limits.TEAMS_DELETE,
)
def delete_member(world: World, call: Call) -> Answer:
    """Take one person out of a team."""
    team, user = _membership(world, call)
    _leave(world, team, user, call)
    return Answer(204)


def _leave(world: World, team: Team, user: User, call: Call) -> None:
    _check_last_owner(team, user)
    left = [
        leave_team(world, team, user, role=role, cause=cause_of(call)) for role in (MEMBER, OWNER)
    ]
    if not any(left):
        raise errors.teams(404, "The user is not a member of the team.", inner="ItemNotFound")


# -- many -----------------------------------------------------------------------------------


def _elements(call: Call, most: int) -> list[Json]:
    values: Any = call.json_object().get("values")
    if set(call.json_object()) - {"values"} or not isinstance(values, list) or not values:
        raise errors.teams(400, "The request needs a list 'values' of members.")
    if len(values) > most:
        raise errors.teams(400, f"At most {most} members can be sent in one request.")
    if not all(isinstance(x, dict) for x in values):
        raise errors.teams(400, "Every value must be a member.")
    return values


def _bulk(world: World, call: Call, most: int, work: Callable[[User, Json], None]) -> Answer:
    """Do `work` for every element; errors are told per element, and make it a 207."""
    elements = _elements(call, most)
    for element in elements:
        _role(element)
    results: list[Json] = []
    for element in elements:
        reference = str(element.get("user@odata.bind"))
        user_id: str | None = reference.rstrip("')").rpartition("(")[2].strip("'")
        error: Json | None = None
        try:
            user = referenced_user(world, element.get("user@odata.bind"))
            user_id = user.id
            work(user, element)
        except GraphError as refusal:
            code = "NotFound" if refusal.status == 404 else "BadRequest"
            error = {"code": code, "message": "" if code == "NotFound" else refusal.message}
        results.append({"@odata.type": _RESULT, "userId": user_id, "error": error})
    failed = any(row["error"] for row in results)
    return Answer(207 if failed else 200, {"value": results})


@routes.add(
    "POST", "/teams/{team}/members/add", permissions=_WRITE, cost=limits.MEMBERS_ADD, body=True
)
def add_members(world: World, call: Call) -> Answer:
    """Add up to 200 people; who is in already counts as added."""
    team = require_team(world, call.params["team"])
    cause = cause_of(call)

    def work(user: User, element: Json) -> None:
        role = _role(element)
        _check_owner_permission(world, role)
        join_team(world, team, user, role=role, cause=cause)

    return _keep_failures_out(world, _bulk(world, call, MAX_ADD, work))


@routes.add(
    "POST",
    "/teams/{team}/members/remove",
    permissions=_WRITE_OWNERS,
    cost=limits.TEAMS_POST,
    body=True,
)
def remove_members(world: World, call: Call) -> Answer:
    """Remove up to 20 people."""
    team = require_team(world, call.params["team"])
    answer = _bulk(world, call, MAX_REMOVE, lambda user, _: _leave(world, team, user, call))
    return _keep_failures_out(world, answer)


def _keep_failures_out(world: World, answer: Answer) -> Answer:
    """A bulk call whose every element failed did not succeed, so it is not redundant either."""
    rows = answer.body["value"] if isinstance(answer.body, dict) else []
    if all(row["error"] for row in rows):
        world.journal.silent()
    return answer
