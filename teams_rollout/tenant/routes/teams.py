"""Tenant simulator: /teams: creating, reading, changing, archiving, channels, operations."""

from __future__ import annotations

import re
from typing import Any

from teams_rollout.tenant import errors, filters, limits, odata
from teams_rollout.tenant.errors import TEAMS, GraphError
from teams_rollout.tenant.journal import Cause
from teams_rollout.tenant.model import Group, Roster, Team, TeamOperation, User
from teams_rollout.tenant.rosters import referenced_user
from teams_rollout.tenant.routes.groups import create_group
from teams_rollout.tenant.routes.users import cause_of
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.schema import (
    CHANNEL_PROPERTIES,
    TEAM_PROPERTIES,
    TEAM_WRITABLE,
    check_body,
)
from teams_rollout.tenant.seed import add_channel
from teams_rollout.tenant.views import channel_view, general, team_view
from teams_rollout.tenant.wire import Answer, Call, Json, iso
from teams_rollout.tenant.world import World

routes = Routes(TEAMS)

_WRITE_GROUPS = ("Group.ReadWrite.All", "Directory.ReadWrite.All")
_READ = (
    "Team.ReadBasic.All",
    "TeamSettings.Read.All",
    "TeamSettings.ReadWrite.All",
    "Group.Read.All",
    *_WRITE_GROUPS,
)
_CREATE = ("Team.Create", *_WRITE_GROUPS)
_SETTINGS = ("TeamSettings.ReadWrite.All", *_WRITE_GROUPS)
_CHANNELS = ("Channel.ReadBasic.All", "ChannelSettings.Read.All", "Group.Read.All", *_WRITE_GROUPS)
_GROUP_KEY = re.compile(r"groups(?:/|\(')([^/')]+)")
_CHANNEL_FORBIDDEN = set("#%&*{}/\\:<>?+|'\"~")
_MAX_CHANNEL_NAME = 50


def require_team(world: World, key: str) -> Team:
    """Find a team that is ready to be used.

    Raises:
        GraphError: 404 in Teams' words.
    """
    team = world.teams.get(key.lower())
    if team is None or team.readable_at > world.clock():
        raise errors.teams(404, f"No team found with Group Id {key}", inner="ItemNotFound")
    return team


def _settings(body: Json) -> Json:
    try:
        return check_body(body, TEAM_WRITABLE)
    except GraphError as wrong:
        raise errors.teams(400, wrong.message) from wrong


# -- creating -------------------------------------------------------------------------------


@routes.add(
    "PUT", "/groups/{group}/team", permissions=_WRITE_GROUPS, cost=limits.TEAM_PUT, body=True
)
def put_team(world: World, call: Call) -> Answer:
    """Turn a group into a team; 404 while the group is not known to Teams yet."""
    key = call.params["group"]
    group = world.groups.get(key.lower())
    if group is None or group.teamable_at > world.clock():
        raise errors.teams(404, f"No group found with Group Id {key}", inner="ItemNotFound")
    settings = _settings(call.json_object())
    _check_group(world, group)
    team = create_team(world, group, settings, cause=cause_of(call))
    return Answer(201, team_view(world, team))


def _check_group(world: World, group: Group) -> None:
    if group.id in world.teams:
        raise errors.teams(409, "The group is already provisioned as a team.", inner="Conflict")
    if "Unified" not in (group.props.get("groupTypes") or []):
        raise errors.teams(400, "Only a Microsoft 365 group can be turned into a team.")
    if not len(group.owners):
        raise errors.teams(400, "A team owner must be provided: the group has no owner.")


def create_team(world: World, group: Group, settings: Json, *, cause: Cause) -> Team:
    """Make a group's team with the people the group has."""
    props: Json = {
        "displayName": group.props.get("displayName"),
        "description": group.props.get("description"),
        "visibility": str(group.props.get("visibility") or "Private").lower(),
        **settings,
    }
    team = Team(
        group.id, world.next_seq(), props, Roster(list(group.members)), Roster(list(group.owners))
    )
    team.created_at = world.clock()
    world.teams[team.id] = team
    add_channel(world, team, "General", number=0)
    created = {"id": team.id, "displayName": props["displayName"]}
    world.record("team.created", team.id, cause=cause, after=created)
    for role, roster in (("owner", team.owners), ("member", team.members)):
        for user_id in roster:
            if user_id in world.users:
                world.users[user_id].teams[team.id] = None
            world.record(f"team.{role}", team.id, cause=cause, after=user_id)
    return team


@routes.add("POST", "/teams", permissions=_CREATE, cost=limits.TEAM_CREATE, body=True)
def post_team(world: World, call: Call) -> Answer:
    """Create a team in the background; never notices that one like it exists."""
    body = dict(call.json_object())
    if not isinstance(body.pop("template@odata.bind", None), str):
        raise errors.teams(400, "Failed to execute Templates backend request: no template given.")
    owner = _first_owner(world, body.pop("members", []), grouped="group@odata.bind" in body)
    if "group@odata.bind" in body:
        group = _bound_group(world, body)
        settings = _settings(body)
        _check_group(world, group)
    else:
        settings = _settings(body)
        group = _new_group(world, settings, owner, cause=cause_of(call))
    team = create_team(world, group, settings, cause=cause_of(call))
    team.readable_at = world.clock() + world.lags.draw("team_create")
    return _accepted(world, team, "createTeam", due=team.readable_at)


def _first_owner(world: World, members: Any, *, grouped: bool) -> User | None:
    if not isinstance(members, list):
        raise errors.teams(400, "members must be a list.")
    if len(members) > 1:
        raise errors.teams(400, "Adding more than one member is not supported.")
    if not members:
        if grouped:
            return None
        raise errors.teams(
            400, "A team owner must be provided when creating a team in application context."
        )
    if grouped or members[0].get("roles") != ["owner"]:
        raise errors.teams(400, "The member of a new team must be its owner.")
    return referenced_user(world, members[0].get("user@odata.bind"))


def _bound_group(world: World, body: Json) -> Group:
    match = _GROUP_KEY.search(str(body.pop("group@odata.bind")))
    group = world.groups.get(match[1].lower()) if match else None
    if group is None or group.teamable_at > world.clock():
        raise errors.teams(404, "The group to create a team for was not found.", inner="NotFound")
    if body:
        raise errors.teams(400, "Properties cannot be set when a team is made from a group.")
    return group


def _new_group(world: World, settings: Json, owner: User | None, *, cause: Cause) -> Group:
    name = settings.get("displayName")
    if not isinstance(name, str) or not name:
        raise errors.teams(400, "displayName is required to create a team.")
    stem = re.sub(r"[^A-Za-z0-9]", "", name)[:48] or "team"
    nickname, number = stem, 1
    while world.nickname_holder(nickname):
        number += 1
        nickname = f"{stem}{number}"
    body = {
        "displayName": name,
        "description": settings.get("description"),
        "mailNickname": nickname,
        "mailEnabled": True,
        "securityEnabled": False,
        "groupTypes": ["Unified"],
        "visibility": str(settings.get("visibility") or "private").capitalize(),
        "owners@odata.bind": [f"/users/{owner.id}"] if owner else [],
    }
    return create_group(world, body, cause=cause)


# -- operations -----------------------------------------------------------------------------


def _accepted(world: World, team: Team, kind: str, *, due: float) -> Answer:
    operation = TeamOperation(world.new_id(), kind, world.clock(), due)
    team.operations[operation.id] = operation
    location = f"/teams('{team.id}')"
    headers = {
        "Location": f"{location}/operations('{operation.id}')",
        "Content-Location": location,
    }
    return Answer(202, None, headers)


@routes.add("GET", "/teams/{team}/operations/{operation}", permissions=_READ, cost=limits.TEAM_GET)
def get_operation(world: World, call: Call) -> Answer:
    """Say how far an asynchronous operation is."""
    team = world.teams.get(call.params["team"].lower())
    operation = team.operations.get(call.params["operation"]) if team else None
    if operation is None:
        raise errors.teams(404, "The operation was not found.", inner="ItemNotFound")
    done = operation.due <= world.clock()
    return Answer(
        200,
        {
            "id": operation.id,
            "operationType": operation.kind,
            "createdDateTime": iso(operation.started_at),
            "lastActionDateTime": iso(operation.due if done else operation.started_at),
            "status": "succeeded" if done else "inProgress",
            "attemptsCount": 1,
            "targetResourceId": call.params["team"],
            "targetResourceLocation": f"/teams('{call.params['team']}')",
            "error": None,
        },
    )


@routes.add("POST", "/teams/{team}/archive", permissions=_SETTINGS, cost=limits.TEAM_PATCH)
def archive(world: World, call: Call) -> Answer:
    """Make a team read-only."""
    return _archive(world, call, archived=True)


@routes.add("POST", "/teams/{team}/unarchive", permissions=_SETTINGS, cost=limits.TEAM_PATCH)
def unarchive(world: World, call: Call) -> Answer:
    """Make a team writable again."""
    return _archive(world, call, archived=False)


def _archive(world: World, call: Call, *, archived: bool) -> Answer:
    team = require_team(world, call.params["team"])
    if team.archived != archived:
        before, team.archived = team.archived, archived
        cause = cause_of(call)
        world.record("team.archived", team.id, cause=cause, before=before, after=archived)
    kind = "archiveTeam" if archived else "unarchiveTeam"
    return _accepted(world, team, kind, due=world.clock() + world.lags.draw("team_create"))


# -- reading and changing -------------------------------------------------------------------


@routes.add(
    "GET",
    "/teams",
    permissions=_READ,
    cost=limits.TEAMS_GET,
    options=("$select", "$filter", "$top", "$count", "$skiptoken"),
)
def list_teams(world: World, call: Call) -> Answer:
    """List teams."""
    names = odata.selected(call, known=TEAM_PROPERTIES, kind="microsoft.graph.team")
    now = world.clock()
    teams = [team for team in world.teams.values() if team.readable_at <= now]
    if "$filter" in call.query:
        wanted = filters.parse(call.query["$filter"], properties=TEAM_PROPERTIES, advanced=False)
        teams = [team for team in teams if wanted.test(team_view(world, team))]
    shown = names or ("id", "displayName", "description", "visibility")
    body = odata.page(
        call,
        teams,
        seq_of=lambda team: team.seq,
        render=lambda team: {**odata.pick(team_view(world, team), shown), "id": team.id},
        size=odata.page_size(call),
    )
    if call.query.get("$count", "").lower() == "true":
        body["@odata.count"] = len(teams)
    return Answer(200, body)


@routes.add("GET", "/teams/{team}", permissions=_READ, cost=limits.TEAM_GET, options=("$select",))
def get_team(world: World, call: Call) -> Answer:
    """Read one team."""
    names = odata.selected(call, known=TEAM_PROPERTIES, kind="microsoft.graph.team")
    row = team_view(world, require_team(world, call.params["team"]))
    return Answer(200, {**odata.pick(row, names), "id": row["id"]} if names else row)


@routes.add("GET", "/groups/{group}/team", permissions=_READ, cost=limits.TEAMS_GET)
def get_group_team(world: World, call: Call) -> Answer:
    """Read the team of a group."""
    return Answer(200, team_view(world, require_team(world, call.params["group"])))


@routes.add("PATCH", "/teams/{team}", permissions=_SETTINGS, cost=limits.TEAM_PATCH, body=True)
def patch_team(world: World, call: Call) -> Answer:
    """Change a team's settings."""
    team = require_team(world, call.params["team"])
    wanted = _settings(call.json_object())
    if any(team.props.get(k) != v for k, v in wanted.items()):
        team.props.update(wanted)
        world.journal.silent()
    return Answer(204)


# -- channels -------------------------------------------------------------------------------


@routes.add(
    "GET",
    "/teams/{team}/channels",
    permissions=_CHANNELS,
    cost=limits.TEAM_LISTS,
    options=("$select", "$filter"),
)
def list_channels(world: World, call: Call) -> Answer:
    """List a team's channels."""
    names = odata.selected(call, known=CHANNEL_PROPERTIES, kind="microsoft.graph.channel")
    team = require_team(world, call.params["team"])
    rows = [channel_view(world, team, channel) for channel in team.channels]
    if "$filter" in call.query:
        wanted = filters.parse(call.query["$filter"], properties=CHANNEL_PROPERTIES, advanced=False)
        rows = [row for row in rows if wanted.test(row)]
    if names:
        # A channel's name may not be null in the type, so it comes whatever is selected.
        always = (*names, "id", "displayName")
        rows = [odata.pick(row, always) for row in rows]
    return Answer(200, {"value": rows, "@odata.count": len(rows)})


@routes.add("GET", "/teams/{team}/primaryChannel", permissions=_CHANNELS, cost=limits.TEAM_LISTS)
def primary_channel(world: World, call: Call) -> Answer:
    """Read the General channel."""
    team = require_team(world, call.params["team"])
    return Answer(200, channel_view(world, team, general(team)))


@routes.add(
    "POST",
    "/teams/{team}/channels",
    permissions=("Channel.Create", *_WRITE_GROUPS),
    cost=limits.CHANNEL_CREATE,
    body=True,
)
def create_channel(world: World, call: Call) -> Answer:
    """Create a standard channel; a name that is in use is refused."""
    team = require_team(world, call.params["team"])
    name = _channel_name(call.json_object())
    if any(channel.name.lower() == name.lower() for channel in team.channels):
        raise errors.teams(
            400, "Channel name already existed, please use other name.", inner="NameAlreadyExists"
        )
    channel = add_channel(world, team, name, number=len(team.channels))
    channel.description = call.json_object().get("description")
    created = {"id": channel.id, "displayName": name, "teamId": team.id}
    world.record("channel.created", channel.id, cause=cause_of(call), after=created)
    return Answer(201, channel_view(world, team, channel))


def _channel_name(body: Json) -> str:
    known = {"displayName", "description", "membershipType", "@odata.type", "isFavoriteByDefault"}
    if set(body) - known:
        raise errors.teams(400, "The request holds a property that a new channel does not take.")
    name = body.get("displayName")
    wrong = not isinstance(name, str) or not name.strip() or len(name) > _MAX_CHANNEL_NAME
    if wrong or _CHANNEL_FORBIDDEN & set(str(name)):
        raise errors.teams(400, "Invalid channel name.", inner="InvalidChannelName")
    if body.get("membershipType") not in (None, "standard"):
        raise GraphError(
            501, "NotImplemented", "The tenant simulator makes standard channels only."
        )
    return str(name).strip()
