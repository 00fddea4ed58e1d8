"""Tenant simulator: licences of users, subscriptions, and the tenant itself."""

from __future__ import annotations

from typing import Any

from teams_rollout.tenant import licensing, odata
from teams_rollout.tenant.errors import GraphError, bad_request
from teams_rollout.tenant.limits import entra
from teams_rollout.tenant.model import Sku
from teams_rollout.tenant.routes.users import cause_of, render_user, require_user
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.schema import USER_DEFAULT
from teams_rollout.tenant.views import assigned_licences, user_view
from teams_rollout.tenant.wire import Answer, Call, Json
from teams_rollout.tenant.world import World

routes = Routes()

_ASSIGN = ("LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
_SKU_PROPERTIES = frozenset(
    [
        "id",
        "accountId",
        "accountName",
        "appliesTo",
        "capabilityStatus",
        "consumedUnits",
        "prepaidUnits",
        "servicePlans",
        "skuId",
        "skuPartNumber",
        "subscriptionIds",
    ]
)


def licence_change(body: Json) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Read an assignLicense body: what to add with its disabled plans, and what to remove.

    Raises:
        GraphError: 400; both lists are required, and no SKU may be in twice.
    """
    add, remove = body.get("addLicenses"), body.get("removeLicenses")
    if set(body) - {"addLicenses", "removeLicenses", "@odata.type"}:
        raise bad_request("The request holds a parameter that assignLicense does not have.")
    if not isinstance(add, list) or not isinstance(remove, list):
        raise bad_request(
            "One or more parameters of the operation 'assignLicense' are missing from the request "
            "payload. The missing parameters are: addLicenses, removeLicenses."
        )
    wanted: dict[str, tuple[str, ...]] = {}
    for item in add:
        sku_id, disabled = _assigned(item)
        if sku_id in wanted or sku_id in remove:
            raise bad_request(f"License {sku_id} appears more than once in the request.")
        wanted[sku_id] = disabled
    if not all(isinstance(x, str) for x in remove) or len(set(remove)) != len(remove):
        raise bad_request("removeLicenses must be a list of different SKU ids.")
    return wanted, remove


def _assigned(item: Any) -> tuple[str, tuple[str, ...]]:
    if not isinstance(item, dict) or not isinstance(item.get("skuId"), str):
        raise bad_request("Every added license needs a skuId.")
    if set(item) - {"skuId", "disabledPlans", "@odata.type"}:
        raise bad_request("An added license holds an unknown property.")
    disabled = item.get("disabledPlans", [])
    if not isinstance(disabled, list) or not all(isinstance(x, str) for x in disabled):
        raise bad_request("disabledPlans must be a list of service plan ids.")
    return item["skuId"], tuple(dict.fromkeys(disabled))


@routes.add(
    "POST",
    "/users/{user}/assignLicense",
    permissions=_ASSIGN,
    cost=entra(write=True),
    body=True,
    serial="user",
)
def assign_licence(world: World, call: Call) -> Answer:
    """Add, change and remove a user's direct licences."""
    user = require_user(world, call.params["user"])
    add, remove = licence_change(call.json_object())
    licensing.assign(world, user, add=add, remove=remove, cause=cause_of(call))
    short = {**user.props, "id": user.id, "assignedLicenses": assigned_licences(user)}
    return Answer(200, render_user(short, (*USER_DEFAULT, "assignedLicenses")))


@routes.add(
    "POST",
    "/users/{user}/reprocessLicenseAssignment",
    permissions=("User.ReadWrite.All", "Directory.ReadWrite.All"),
    cost=entra(write=True),
    serial="user",
)
def reprocess(world: World, call: Call) -> Answer:
    """Try a user's group licences again, after the cause of an error was put right."""
    user = require_user(world, call.params["user"])
    licensing.reprocess(world, user)
    return Answer(200, render_user(user_view(world, user), None))


def _sku_view(world: World, sku: Sku) -> Json:
    plans = [
        {
            "servicePlanId": p.plan_id,
            "servicePlanName": p.name,
            "appliesTo": p.applies_to,
            "provisioningStatus": p.status,
        }
        for p in sku.plans
    ]
    units = {
        "enabled": sku.enabled,
        "suspended": sku.suspended,
        "warning": sku.warning,
        "lockedOut": sku.locked_out,
    }
    return {
        "id": f"{world.id}_{sku.sku_id}",
        "accountName": str(world.tenant.get("displayName", "")),
        "accountId": world.id,
        "appliesTo": sku.applies_to,
        "capabilityStatus": sku.status,
        "consumedUnits": sku.consumed,
        "prepaidUnits": units,
        "servicePlans": plans,
        "skuId": sku.sku_id,
        "skuPartNumber": sku.part_number,
        "subscriptionIds": [],
    }


@routes.add(
    "GET",
    "/subscribedSkus",
    permissions=(
        "LicenseAssignment.Read.All",
        "LicenseAssignment.ReadWrite.All",
        "Organization.Read.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ),
    cost=entra(3),
    options=("$select",),
)
def subscribed_skus(world: World, call: Call) -> Answer:
    """List the subscriptions with their seats."""
    names = odata.selected(call, known=_SKU_PROPERTIES, kind="microsoft.graph.subscribedSku")
    rows = [_sku_view(world, sku) for sku in world.skus.values()]
    return Answer(200, {"value": [odata.pick(x, names) if names else x for x in rows]})


@routes.add(
    "GET",
    "/organization",
    permissions=("Organization.Read.All", "User.Read.All", "Directory.Read.All"),
    cost=entra(),
    options=("$select",),
)
def organization(world: World, call: Call) -> Answer:
    """Describe the tenant."""
    domain = str(world.tenant.get("domain", ""))
    row: Json = {
        "id": world.id,
        "displayName": str(world.tenant.get("displayName", "")),
        "countryLetterCode": world.tenant.get("country"),
        "verifiedDomains": [
            {"name": domain, "isDefault": True, "isInitial": False, "type": "Managed"}
        ],
    }
    names = odata.selected(call, known=frozenset(row), kind="microsoft.graph.organization")
    # Graph sends id and displayName of the organisation whatever is selected.
    shown = odata.pick(row, (*names, "id", "displayName")) if names else row
    return Answer(200, {"value": [shown]})


@routes.add(
    "GET",
    "/organization/{organization}",
    permissions=("Organization.Read.All", "User.Read.All", "Directory.Read.All"),
    cost=entra(),
)
def one_organization(world: World, call: Call) -> Answer:
    """Describe the tenant by its id."""
    if call.params["organization"].lower() != world.id.lower():
        raise GraphError(404, "Request_ResourceNotFound", "The organization does not exist.")
    rows: Any = organization(world, call).body
    return Answer(200, rows["value"][0])
