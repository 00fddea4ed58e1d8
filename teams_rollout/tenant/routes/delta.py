"""Tenant simulator: what changed since the last time, for users and groups.

The token holds where the reader is: changes after `since` and up to `upto`, objects after
`seq`. Objects that are gone come last, marked `@removed`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from teams_rollout.tenant import filters, odata
from teams_rollout.tenant.errors import GraphError
from teams_rollout.tenant.limits import entra
from teams_rollout.tenant.model import Group, User
from teams_rollout.tenant.routes.groups import READ_MEMBERS, render_group
from teams_rollout.tenant.routes.users import READ_USERS, render_user
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.schema import GROUP_PROPERTIES, USER_PROPERTIES
from teams_rollout.tenant.views import listed_user
from teams_rollout.tenant.wire import Answer, Call, Json
from teams_rollout.tenant.world import World

routes = Routes()

Changing = TypeVar("Changing", User, Group)

_OPTIONS = ("$select", "$filter", "$top", "$skiptoken", "$deltatoken")
_EVERYTHING = -1


@dataclass(frozen=True, slots=True)
class _Place:
    since: int
    upto: int
    seq: int

    def token(self) -> str:
        return base64.urlsafe_b64encode(f"{self.since}.{self.upto}.{self.seq}".encode()).decode()


def _place(world: World, call: Call) -> _Place:
    text = call.query.get("$skiptoken") or call.query.get("$deltatoken")
    if text is None:
        return _Place(_EVERYTHING, world.change, 0)
    if text == "latest":
        return _Place(world.change, world.change, 0)
    try:
        since, upto, seq = map(int, base64.urlsafe_b64decode(text).decode().split("."))
    except (ValueError, binascii.Error) as wrong:
        raise GraphError(400, "Directory_ExpiredPageToken", "The token has expired.") from wrong
    return _Place(since, upto, seq) if "$skiptoken" in call.query else _Place(upto, world.change, 0)


def _answer(
    world: World,
    call: Call,
    objects: Sequence[Changing],
    *,
    kind: str,
    render: Callable[[Changing], Json],
) -> Answer:
    place = _place(world, call)
    size = odata.page_size(call)
    rest = [
        x
        for x in objects
        if x.seq > place.seq and (place.since == _EVERYTHING or x.change > place.since)
    ]
    body: Json = {"value": [render(x) for x in rest[:size]]}
    if len(rest) > size:
        onward = _Place(place.since, place.upto, rest[size - 1].seq).token()
        body["@odata.nextLink"] = odata.next_link(call, onward)
        return Answer(200, body)
    body["value"] += _removed(world, kind, place, {x.id for x in objects})
    done = _Place(place.since, place.upto, 0).token()
    body["@odata.deltaLink"] = odata.next_link(call, done, option="$deltatoken")
    return Answer(200, body)


def _removed(world: World, kind: str, place: _Place, alive: set[str]) -> list[Json]:
    if place.since == _EVERYTHING:
        return []
    gone = {x: None for n, what, x in world.removed if what == kind and n > place.since}
    return [{"id": x, "@removed": {"reason": "changed"}} for x in gone if x not in alive]


@routes.add("GET", "/users/delta", permissions=READ_USERS, cost=entra(), options=_OPTIONS)
def users_delta(world: World, call: Call) -> Answer:
    """Give users that changed."""
    names = odata.selected(call, known=USER_PROPERTIES, kind="microsoft.graph.user")
    users = world.ordered_users()
    if "$filter" in call.query:
        known = frozenset({"id"})
        wanted = filters.parse(call.query["$filter"], properties=known, advanced=True)
        users = [user for user in users if wanted.test({"id": user.id})]
    return _answer(
        world,
        call,
        users,
        kind="user",
        render=lambda user: render_user(listed_user(world, user), names),
    )


@routes.add("GET", "/groups/delta", permissions=READ_MEMBERS, cost=entra(), options=_OPTIONS)
def groups_delta(world: World, call: Call) -> Answer:
    """Give groups that changed."""
    names = odata.selected(call, known=GROUP_PROPERTIES, kind="microsoft.graph.group")
    now = world.clock()
    groups = [group for group in world.groups.values() if group.listed_at <= now]
    return _answer(
        world, call, groups, kind="group", render=lambda group: render_group(world, group, names)
    )
