"""Tenant simulator: application permissions granted to service principals."""

from __future__ import annotations

import re

from teams_rollout.tenant.errors import bad_request
from teams_rollout.tenant.limits import entra
from teams_rollout.tenant.routes.permissions import APP_ROLES
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.signin import APP_NAME, GRAPH_APP
from teams_rollout.tenant.wire import Answer, Call, Json
from teams_rollout.tenant.world import World

routes = Routes()

GRAPH_PRINCIPAL = "9028d19c-26a9-4809-8e3f-20ff73e2d75e"
APP_PRINCIPAL = "33ad69f9-da99-4bed-acd0-3f24235cb296"
_READ = ("Application.Read.All", "Directory.Read.All")
_GRANT = ("AppRoleAssignment.ReadWrite.All",)
_GUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


def _assignment(principal: str, role: str, number: int) -> Json:
    return {
        "id": f"grant-{number:04d}",
        "appRoleId": role,
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "principalDisplayName": APP_NAME,
        "resourceId": GRAPH_PRINCIPAL,
        "resourceDisplayName": "Microsoft Graph",
    }


def _grants(world: World, principal: str) -> list[Json]:
    """Return what the seed grants (everything when it is silent) and what was granted since."""
    granted = world.tenant.get("grantedPermissions")
    names = APP_ROLES if granted is None else [x for x in granted if x in APP_ROLES]
    rows = [_assignment(principal, APP_ROLES[name], i) for i, name in enumerate(names)]
    return rows + [x for x in world.grants.values() if x["principalId"] == principal]


@routes.add(
    "GET", "/servicePrincipals(appId)/{app}", permissions=_READ, cost=entra(), options=("$select",)
)
def get_by_app(_: World, call: Call) -> Answer:
    """Find a service principal by the application's id; Graph itself, or the caller's."""
    graph = call.params["app"].lower() == GRAPH_APP
    row: Json = {
        "id": GRAPH_PRINCIPAL if graph else APP_PRINCIPAL,
        "appId": call.params["app"],
        "displayName": "Microsoft Graph" if graph else APP_NAME,
    }
    if graph:
        row["appRoles"] = [
            {"id": role, "value": name, "isEnabled": True, "allowedMemberTypes": ["Application"]}
            for name, role in APP_ROLES.items()
        ]
    return Answer(200, row)


@routes.add(
    "GET",
    "/servicePrincipals/{principal}/appRoleAssignments",
    permissions=_READ,
    cost=entra(),
    options=("$top", "$select"),
)
def list_assignments(world: World, call: Call) -> Answer:
    """List the permissions a service principal holds."""
    return Answer(200, {"value": _grants(world, call.params["principal"])})


@routes.add(
    "GET",
    "/servicePrincipals/{principal}/appRoleAssignedTo",
    permissions=_READ,
    cost=entra(),
    options=("$top", "$select"),
)
def list_assigned_to(world: World, call: Call) -> Answer:
    """List who holds permissions on a resource: our application, on Graph."""
    rows = _grants(world, APP_PRINCIPAL) if call.params["principal"] == GRAPH_PRINCIPAL else []
    others = [x for x in world.grants.values() if x["principalId"] != APP_PRINCIPAL]
    return Answer(200, {"value": rows + (others if rows else [])})


@routes.add(
    "POST",
    "/servicePrincipals/{principal}/appRoleAssignedTo",
    permissions=_GRANT,
    cost=entra(write=True),
    body=True,
)
def grant(world: World, call: Call) -> Answer:
    """Grant an application permission."""
    body = call.json_object()
    keys = ("principalId", "resourceId", "appRoleId")
    if not all(_GUID.match(str(body.get(key))) for key in keys):
        raise bad_request("principalId, resourceId and appRoleId are required.")
    roles = {role: name for name, role in APP_ROLES.items()}
    if body["appRoleId"] not in roles:
        raise bad_request("Permission entry was not found on the resource application.")
    held = {row["appRoleId"] for row in _grants(world, body["principalId"])}
    if body["appRoleId"] in held and body["principalId"] in _known(world):
        raise bad_request("Permission being assigned already exists on the object")
    row = _assignment(body["principalId"], body["appRoleId"], 1000 + len(world.grants))
    world.grants[row["id"]] = row
    granted = world.tenant.get("grantedPermissions")
    if granted is not None and body["principalId"] == APP_PRINCIPAL:
        world.tenant["grantedPermissions"] = [*granted, roles[body["appRoleId"]]]
    world.journal.silent()
    return Answer(201, row)


def _known(world: World) -> set[str]:
    return {APP_PRINCIPAL, *(row["principalId"] for row in world.grants.values())}
