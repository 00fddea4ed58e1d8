"""Tenant simulator: /groups: reading, creating (also by the alternate key), changing, deleting."""

from __future__ import annotations

import re
from typing import Any

from teams_rollout.tenant import filters, licensing, odata
from teams_rollout.tenant.errors import GraphError, bad_request, missing
from teams_rollout.tenant.journal import Cause
from teams_rollout.tenant.limits import entra
from teams_rollout.tenant.model import Group, Licence, Roster, User
from teams_rollout.tenant.rosters import MEMBER, OWNER, join_group, referenced_user
from teams_rollout.tenant.routes.licences import licence_change
from teams_rollout.tenant.routes.users import cause_of, render_user
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.schema import (
    GROUP_DEFAULT,
    GROUP_LISTS,
    GROUP_PROPERTIES,
    GROUP_WRITABLE,
    check_body,
    text,
    with_lists,
    wrong_value,
)
from teams_rollout.tenant.views import group_view, listed_user
from teams_rollout.tenant.wire import Answer, Call, Json
from teams_rollout.tenant.world import World

routes = Routes()

READ_GROUPS = ("Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All")
READ_MEMBERS = ("GroupMember.Read.All", "GroupMember.ReadWrite.All", *READ_GROUPS)
_WRITE_GROUPS = ("Group.ReadWrite.All", "Directory.ReadWrite.All")
_CREATE_GROUPS = ("Group.Create", *_WRITE_GROUPS)
_MAX_REFERENCES = 20
_NICKNAME = re.compile(r"^[\x21-\x7e]{1,64}$")
_NICKNAME_FORBIDDEN = set('@()\\[]";:<>, ')
_REQUIRED = ("displayName", "mailNickname", "mailEnabled", "securityEnabled")
_EXISTS = (
    "One or more added object references already exist for the following modified properties: '{}'."
)
_SYNCED = (
    "Unable to update the specified properties for on-premises mastered Directory Sync objects or "
    "objects currently undergoing migration."
)


def require_group(world: World, key: str, *, reading: bool = False) -> Group:
    """Find a group by id; a read may come to a replica that does not have it yet.

    Raises:
        GraphError: 404.
    """
    group = world.groups.get(key.lower())
    if group is None or (reading and group.readable_at > world.clock()):
        raise missing(key)
    return group


def refuse_rule(group: Group) -> None:
    """Refuse to change the members of a group whose members a rule decides.

    Raises:
        GraphError: 403, as Teams answers for such a group; Entra's own text is UNVERIFIED.
    """
    if group.has_rule:
        raise GraphError(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation: the group has dynamic membership.",
        )


def render_group(world: World, group: Group, names: tuple[str, ...] | None) -> Json:
    """Pick the selected (or default) properties of a group."""
    row = odata.pick(group_view(world, group), names or GROUP_DEFAULT)
    row["id"] = group.id
    return with_lists(row, GROUP_LISTS)


def _expanded(world: World, call: Call, group: Group) -> Json:
    extra: Json = {}
    now = world.clock()
    for name in filter(None, call.query.get("$expand", "").split(",")):
        if name not in ("members", "owners"):
            raise GraphError(
                400, "BadRequest", f"Parsing OData Select and Expand failed: unknown '{name}'."
            )
        ids = (group.members if name == "members" else group.owners).visible(now)
        users = [world.users[x] for x in ids if x in world.users][:_MAX_REFERENCES]
        extra[name] = [directory_object(world, user, None) for user in users]
    return extra


def directory_object(world: World, user: User, names: tuple[str, ...] | None) -> Json:
    """Render a user as an element of a mixed directory collection."""
    row = render_user(listed_user(world, user), names)
    return {"@odata.type": "#microsoft.graph.user", **row}


@routes.add(
    "GET",
    "/groups",
    permissions=("Group.ReadBasic.All", *READ_GROUPS),
    cost=entra(),
    options=("$select", "$filter", "$top", "$count", "$skiptoken", "$expand"),
)
def list_groups(world: World, call: Call) -> Answer:
    """List groups; one just created is missing until the directory lag is over."""
    names = odata.selected(call, known=GROUP_PROPERTIES, kind="microsoft.graph.group")
    advanced = odata.is_advanced(call)
    now = world.clock()
    groups = [g for g in world.groups.values() if g.listed_at <= now]
    if "$filter" in call.query:
        wanted = filters.parse(
            call.query["$filter"], properties=GROUP_PROPERTIES, advanced=advanced
        )
        groups = [g for g in groups if wanted.test(group_view(world, g))]
    body = odata.page(
        call,
        groups,
        seq_of=lambda g: g.seq,
        render=lambda g: {**render_group(world, g, names), **_expanded(world, call, g)},
        size=odata.page_size(call),
    )
    if advanced:
        body["@odata.count"] = len(groups)
    return Answer(200, body)


@routes.add(
    "GET",
    "/groups/{group}",
    permissions=("Group.ReadBasic.All", *READ_GROUPS),
    cost=entra(),
    options=("$select", "$expand"),
)
def get_group(world: World, call: Call) -> Answer:
    """Read one group."""
    names = odata.selected(call, known=GROUP_PROPERTIES, kind="microsoft.graph.group")
    group = require_group(world, call.params["group"], reading=True)
    return Answer(200, {**render_group(world, group, names), **_expanded(world, call, group)})


@routes.add("POST", "/groups", permissions=_CREATE_GROUPS, cost=entra(write=True), body=True)
def post_group(world: World, call: Call) -> Answer:
    """Create a group."""
    group = create_group(world, call.json_object(), cause=cause_of(call))
    return Answer(201, render_group(world, group, None))


@routes.add(
    "PATCH",
    "/groups(uniqueName)/{unique}",
    permissions=_WRITE_GROUPS,
    cost=entra(write=True),
    body=True,
)
def upsert_group(world: World, call: Call) -> Answer:
    """Create the group of this unique name, or change it: the one idempotent creation."""
    unique, body = call.params["unique"], call.json_object()
    group = world.group_by_unique_name(unique)
    if group is None:
        if "create-if-missing" not in call.headers.get("prefer", "").lower():
            raise missing(unique)
        created = create_group(world, {**body, "uniqueName": unique}, cause=cause_of(call))
        return Answer(201, render_group(world, created, None))
    if body.get("uniqueName", unique) != unique:
        raise bad_request("Property 'uniqueName' is read-only and cannot be set.")
    # An upsert that is sent again names owners who are there already; that is no conflict.
    patch_group_object(world, group, body, cause=cause_of(call), tolerant=True)
    return Answer(204)


@routes.add(
    "PATCH",
    "/groups/{group}",
    permissions=(*_WRITE_GROUPS, "GroupMember.ReadWrite.All"),
    cost=entra(write=True),
    body=True,
    serial="group",
)
def patch_group(world: World, call: Call) -> Answer:
    """Change a group, or add up to 20 members: all of them or none."""
    group = require_group(world, call.params["group"])
    patch_group_object(world, group, call.json_object(), cause=cause_of(call), tolerant=False)
    return Answer(204)


@routes.add(
    "DELETE",
    "/groups/{group}",
    permissions=_WRITE_GROUPS,
    cost=entra(write=True),
    serial="group",
)
def delete_group(world: World, call: Call) -> Answer:
    """Delete a group with its team."""
    remove_group(world, require_group(world, call.params["group"]), cause=cause_of(call))
    return Answer(204)


def remove_group(world: World, group: Group, *, cause: Cause) -> None:
    """Take a group, its team and what it gave to people out of the tenant."""
    world.unindex_group(group)
    world.teams.pop(group.id, None)
    for user in world.users.values():
        user.teams.pop(group.id, None)
        if group.id in user.groups:
            del user.groups[group.id]
            lag = cause.kind != "admin"
            licensing.inherit(world, user, group, now=world.clock(), lag=lag)
    world.removed.append((world.next_change(), "group", group.id))
    world.journal.silent()


# -- creating and changing ------------------------------------------------------------------


def _references(world: World, body: Json, name: str) -> list[User]:
    references = body.pop(f"{name}@odata.bind", [])
    return [referenced_user(world, x) for x in references]


def _check_nickname(world: World, nickname: str, *, own: Group | None) -> None:
    if not _NICKNAME.match(nickname) or _NICKNAME_FORBIDDEN & set(nickname):
        raise wrong_value("mailNickname", "Group")
    holder = world.nickname_holder(nickname)
    if holder is not None and holder is not own:
        raise bad_request(
            "Another object with the same value for property mailNickname already exists.",
            details=[
                {
                    "code": "ObjectConflict",
                    "message": "Another object with the same value for property mailNickname "
                    "already exists.",
                    "target": "mailNickname",
                }
            ],
        )


def _check_kind(body: Json) -> None:
    unified = "Unified" in (body.get("groupTypes") or [])
    if unified and not body["mailEnabled"]:
        raise bad_request("A Unified group must be mail-enabled.")
    if not unified and (body["mailEnabled"] or not body["securityEnabled"]):
        raise bad_request("The service does not currently support writes of mail-enabled groups.")


def create_group(world: World, raw: Json, *, cause: Cause) -> Group:
    """Create a group after checking it.

    Raises:
        GraphError: 400 for a wrong or incomplete body or a name in use, 404 for unknown people.
    """
    body = check_body(raw, GROUP_WRITABLE)
    for name in _REQUIRED:
        if body.get(name) is None:
            raise bad_request(f"A value is required for property '{name}' of resource 'Group'.")
    text(body, "displayName")
    _check_kind(body)
    _check_nickname(world, text(body, "mailNickname"), own=None)
    if body.get("uniqueName") and world.group_by_unique_name(body["uniqueName"]):
        raise bad_request(
            "Another object with the same value for property uniqueName already exists."
        )
    owners, members = _references(world, body, "owners"), _references(world, body, "members")
    if len(owners) + len(members) > _MAX_REFERENCES:
        raise bad_request(f"At most {_MAX_REFERENCES} relationships can be set on creation.")
    group = _register(world, body, cause=cause)
    for user in dict.fromkeys(owners):
        join_group(world, group, user, role=OWNER, cause=cause)
    for user in dict.fromkeys(members):
        join_group(world, group, user, role=MEMBER, cause=cause)
    return group


def _register(world: World, body: Json, *, cause: Cause) -> Group:
    now = world.clock()
    body.setdefault("groupTypes", [])
    if body["mailEnabled"]:
        body["mail"] = f"{body['mailNickname']}@{world.tenant.get('domain')}"
        body["proxyAddresses"] = [f"SMTP:{body['mail']}"]
        body.setdefault("visibility", "Public")
    group = Group(world.new_id(), world.next_seq(), body, Roster(), Roster(), created_at=now)
    lag = world.lags.draw("directory")
    group.listed_at = now + lag
    group.readable_at = now + lag / 4
    group.teamable_at = now + world.lags.draw("team")
    group.change = world.next_change()
    world.index_group(group)
    created = {k: body.get(k) for k in ("displayName", "mailNickname", "uniqueName")}
    world.record("group.created", group.id, cause=cause, after={"id": group.id, **created})
    return group


def patch_group_object(
    world: World, group: Group, raw: Json, *, cause: Cause, tolerant: bool
) -> None:
    """Write what differs; people are added all or none.

    Args:
        tolerant: people who are in already are no error (the upsert).

    Raises:
        GraphError: 400 or 404; nothing has changed then.
    """
    body = check_body(raw, GROUP_WRITABLE)
    if not body:
        raise bad_request("No properties to update were specified.")
    if group.props.get("onPremisesSyncEnabled"):
        raise bad_request(_SYNCED)
    if "members@odata.bind" in body:
        refuse_rule(group)
    joining = [(MEMBER, x) for x in _checked(world, group.members, body, "members", tolerant)]
    joining += [(OWNER, x) for x in _checked(world, group.owners, body, "owners", tolerant)]
    if body.get("mailNickname"):
        _check_nickname(world, body["mailNickname"], own=group)
    changed = {k: v for k, v in body.items() if group.props.get(k) != v}
    if changed:
        _write(world, group, changed)
    for role, user in joining:
        join_group(world, group, user, role=role, cause=cause)


def _checked(world: World, roster: Roster, body: Json, name: str, tolerant: bool) -> list[User]:
    users = _references(world, body, name)
    if len(users) > _MAX_REFERENCES:
        raise bad_request(f"At most {_MAX_REFERENCES} references can be added in one request.")
    if any(user.id in roster for user in users) and not tolerant:
        raise bad_request(_EXISTS.format(name))
    return list(dict.fromkeys(users))


def _write(world: World, group: Group, changed: Json) -> None:
    world.unindex_group(group)
    group.props.update(changed)
    group.change = world.next_change()
    world.index_group(group)
    team = world.teams.get(group.id)
    if team is not None:
        team.props.update({k: changed[k] for k in ("displayName", "description") if k in changed})
    world.journal.silent()


# -- licences -------------------------------------------------------------------------------


@routes.add(
    "POST",
    "/groups/{group}/assignLicense",
    permissions=("LicenseAssignment.ReadWrite.All", *_WRITE_GROUPS),
    cost=entra(write=True),
    body=True,
    serial="group",
)
def assign_licence(world: World, call: Call) -> Answer:
    """Give a group licences; its members get them in the background, with errors on them."""
    group = require_group(world, call.params["group"])
    add, remove = licence_change(call.json_object())
    for sku_id in [*add, *remove]:
        if sku_id not in world.skus:
            raise bad_request(f"License {sku_id} does not correspond to a valid company License.")
    if any(sku_id not in group.licences for sku_id in remove):
        raise bad_request("Group does not have a corresponding license.")
    _set_licences(world, group, add, remove, cause=cause_of(call))
    return Answer(202, render_group(world, group, (*GROUP_DEFAULT, "assignedLicenses")))


def _set_licences(
    world: World,
    group: Group,
    add: dict[str, tuple[str, ...]],
    remove: list[str],
    *,
    cause: Cause,
) -> None:
    now = world.clock()
    before: Any = licensing.licence_list(group.licences)
    wanted = {k: v for k, v in group.licences.items() if k not in remove}
    for sku_id, disabled in add.items():
        if sku_id not in wanted or set(wanted[sku_id].disabled) != set(disabled):
            wanted[sku_id] = Licence(disabled, now)
    if wanted == group.licences:
        return
    group.licences, group.licence_state = wanted, "QueuedForProcessing"
    group.change = world.next_change()
    after = licensing.licence_list(wanted)
    world.record("group.licenses", group.id, cause=cause, before=before, after=after)
    licensing.process_later(
        world, group, lambda due: licensing.process_group(world, group, now=due, lag=True)
    )
