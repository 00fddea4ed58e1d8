"""Tenant simulator: Teams policies and Teams' own view of the users."""

from __future__ import annotations

from typing import Any

from teams_rollout.tenant import errors, filters, homing, limits, odata
from teams_rollout.tenant.errors import ADMIN
from teams_rollout.tenant.journal import Cause
from teams_rollout.tenant.model import User
from teams_rollout.tenant.routes.users import cause_of
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.schema import CONFIGURATION_PROPERTIES
from teams_rollout.tenant.views import configuration
from teams_rollout.tenant.wire import Answer, Call, Json
from teams_rollout.tenant.world import World

routes = Routes(ADMIN)

_ASSIGN = ("TeamsPolicyUserAssign.ReadWrite.All",)
_READ = ("TeamsUserConfiguration.Read.All",)
_ELEMENT = "microsoft.graph.teamsadministration.teamspolicyuserassignment"
_ELEMENT_KEYS = {"@odata.type", "userId", "policyType", "policyId", "id"}


def _check_type(world: World, policy_type: Any) -> str:
    if not isinstance(policy_type, str) or policy_type not in world.policies:
        raise errors.admin(400, f"Policy type '{policy_type}' is not supported.")
    if policy_type == homing.UPGRADE and not world.tenant.get("graphTakesUpgradePolicy", True):
        raise errors.admin(400, f"Policy type '{policy_type}' is not supported.")
    return policy_type


@routes.add(
    "GET",
    "/admin/teams/policy/getPolicyId(name,type)/{name}/{type}",
    permissions=_ASSIGN,
    cost=limits.ADMIN_GET,
)
def get_policy_id(world: World, call: Call) -> Answer:
    """Find a policy instance by type and name; the name comes back with its tag."""
    policy_type = _check_type(world, call.params["type"])
    wanted = call.params["name"].removeprefix("Tag:").lower()
    rows = [
        {
            "@odata.type": "#microsoft.graph.teamsAdministration.policyIdentifierDetail",
            "name": f"Tag:{name}",
            "policyId": world.policy_id(policy_type, name),
        }
        for name in world.policies[policy_type]
        if name.lower() == wanted
    ]
    return Answer(200, {"value": rows})


def _elements(call: Call) -> list[Json]:
    values: Any = call.json_object().get("value")
    if set(call.json_object()) - {"value"} or not isinstance(values, list) or not values:
        raise errors.admin(400, "The request needs a list 'value' of assignments.")
    for element in values:
        if not isinstance(element, dict) or set(element) - _ELEMENT_KEYS:
            raise errors.admin(400, "An assignment holds a property that is not known.")
        kind = str(element.get("@odata.type", _ELEMENT)).lstrip("#").lower()
        if kind != _ELEMENT or not isinstance(element.get("userId"), str):
            raise errors.admin(400, "Every assignment needs its type and a userId.")
    return values


def _user(world: World, element: Json) -> User:
    user = world.users.get(element["userId"].lower())
    if user is None:
        raise errors.admin(404, f"User '{element['userId']}' was not found.")
    return user


def set_policy(
    world: World, user: User, policy_type: str, name: str | None, *, cause: Cause
) -> bool:
    """Grant a policy (None takes the explicit one away); Teams shows it after its lag."""
    before = user.policies.get(policy_type)
    if before == name:
        return False
    if name is None:
        del user.policies[policy_type]
    else:
        user.policies[policy_type] = name

    def show(_: float) -> None:
        if policy_type in user.policies:
            user.shown_policies[policy_type] = user.policies[policy_type]
        else:
            user.shown_policies.pop(policy_type, None)

    if cause.kind == "admin":
        show(0)
    else:
        world.schedule.at(world.clock() + world.lags.draw("policy"), show)
    world.record(
        "user.policy",
        user.id,
        cause=cause,
        before=_policy(policy_type, before),
        after=_policy(policy_type, name),
    )
    return True


def _policy(policy_type: str, name: str | None) -> Json | None:
    return None if name is None else {"policyType": policy_type, "policyName": name}


@routes.add(
    "POST",
    "/admin/teams/policy/userAssignments/assign",
    permissions=_ASSIGN,
    cost=limits.ADMIN_POST,
    body=True,
)
def assign(world: World, call: Call) -> Answer:
    """Grant policies to people: 204 without a result per person, or nothing at all."""
    wanted: list[tuple[User, str, str]] = []
    for element in _elements(call):
        policy_type = _check_type(world, element.get("policyType"))
        known = world.policy_ids.get(str(element.get("policyId")))
        if known is None or known[0] != policy_type:
            raise errors.admin(400, f"Policy '{element.get('policyId')}' was not found.")
        user = _user(world, element)
        if policy_type == homing.UPGRADE:
            reason = homing.refusal(world, user, known[1])
            if reason:
                raise errors.admin(400, reason)
        wanted.append((user, policy_type, known[1]))
    for user, policy_type, name in wanted:
        set_policy(world, user, policy_type, name, cause=cause_of(call))
    return Answer(204)


@routes.add(
    "GET", "/admin/teams/policy/userAssignments", permissions=_ASSIGN, cost=limits.ADMIN_GET
)
def list_assignments(_: World, __: Call) -> Answer:
    """Exists in the metadata and answers 404 in reality."""
    raise errors.admin(404, "Resource not found.")


@routes.add(
    "POST",
    "/admin/teams/policy/userAssignments/unassign",
    permissions=_ASSIGN,
    cost=limits.ADMIN_POST,
    body=True,
)
def unassign(world: World, call: Call) -> Answer:
    """Take explicit policies away; the tenant's default holds again."""
    wanted = [
        (_user(world, element), _check_type(world, element.get("policyType")))
        for element in _elements(call)
    ]
    for user, policy_type in wanted:
        set_policy(world, user, policy_type, None, cause=cause_of(call))
    return Answer(204)


# -- userConfigurations ---------------------------------------------------------------------


def _hidden_members(call: Call) -> bool:
    return "include-unknown-enum-members" in call.headers.get("prefer", "").lower()


def _selected(call: Call) -> tuple[str, ...] | None:
    return odata.selected(
        call,
        known=CONFIGURATION_PROPERTIES,
        kind="microsoft.graph.teamsAdministration.teamsUserConfiguration",
    )


def _listed(user: User) -> bool:
    return user.is_member and bool(user.props.get("accountEnabled", True))


@routes.add(
    "GET",
    "/admin/teams/userConfigurations",
    permissions=_READ,
    cost=limits.ADMIN_GET,
    options=("$select", "$filter", "$top", "$skiptoken"),
)
def list_configurations(world: World, call: Call) -> Answer:
    """List every enabled member as Teams sees him."""
    names, hidden = _selected(call), _hidden_members(call)
    users = [user for user in world.ordered_users() if _listed(user)]
    if "$filter" in call.query:
        users = _filtered(world, call, users, hidden=hidden)

    def render(user: User) -> Json:
        row = configuration(world, user, hidden_members=hidden)
        return {**odata.pick(row, names), "id": user.id} if names else row

    body = odata.page(
        call, users, seq_of=lambda user: user.seq, render=render, size=odata.page_size(call)
    )
    return Answer(200, body)


def _filtered(world: World, call: Call, users: list[User], *, hidden: bool) -> list[User]:
    wanted = filters.parse(
        call.query["$filter"], properties=CONFIGURATION_PROPERTIES, advanced=False
    )
    if wanted.lookup and wanted.lookup[0] in ("id", "userPrincipalName"):
        users = [user for user in world.users_with(*wanted.lookup) if _listed(user)]
    return [u for u in users if wanted.test(configuration(world, u, hidden_members=hidden))]


@routes.add(
    "GET",
    "/admin/teams/userConfigurations/{user}",
    permissions=_READ,
    cost=limits.ADMIN_GET,
    options=("$select",),
)
def get_configuration(world: World, call: Call) -> Answer:
    """Read one user as Teams sees him."""
    names = _selected(call)
    user = world.users.get(call.params["user"].lower())
    if user is None or not _listed(user):
        raise errors.admin(404, "Resource not found.")
    row = configuration(world, user, hidden_members=_hidden_members(call))
    return Answer(200, {**odata.pick(row, names), "id": user.id} if names else row)
