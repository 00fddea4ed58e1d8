"""Tenant simulator: telephone numbers, ordered asynchronously.

An order is accepted with 202 when the user may have a number at all; that somebody else
holds it shows only in the operation.
"""

from __future__ import annotations

import re
from typing import Any

from teams_rollout.tenant import errors, filters, limits, odata
from teams_rollout.tenant.errors import ADMIN
from teams_rollout.tenant.journal import Cause
from teams_rollout.tenant.model import NumberOrder, User
from teams_rollout.tenant.routes.users import cause_of
from teams_rollout.tenant.routing import Routes
from teams_rollout.tenant.wire import Answer, Call, Json, iso
from teams_rollout.tenant.world import World

routes = Routes(ADMIN)

_ROOT = "/admin/teams/telephoneNumberManagement"
_READ = ("TeamsTelephoneNumber.Read.All", "TeamsTelephoneNumber.ReadWrite.All")
_WRITE = ("TeamsTelephoneNumber.ReadWrite.All",)
_TYPES = ("directRouting", "callingPlan", "operatorConnect")
_CATEGORIES = (None, "primary", "private", "alternate")
_NUMBER = re.compile(r"^\+?\d{5,15}$")
_PROPERTIES = frozenset(
    [
        "id",
        "telephoneNumber",
        "operatorId",
        "numberType",
        "activationState",
        "capabilities",
        "locationId",
        "civicAddressId",
        "networkSiteId",
        "assignmentTargetId",
        "assignmentCategory",
        "assignmentStatus",
        "portInStatus",
        "isoCountryCode",
        "city",
        "numberSource",
        "supportedCustomerActions",
        "reverseNumberLookupOptions",
    ]
)
_ASSIGN_KEYS = {
    "telephoneNumber",
    "assignmentTargetId",
    "numberType",
    "assignmentCategory",
    "locationId",
}


def _number(body: Json) -> str:
    value = body.get("telephoneNumber")
    if not isinstance(value, str) or not _NUMBER.match(value):
        raise errors.admin(400, "The telephone number is not valid.")
    return f"+{value.lstrip('+')}"


def _check(body: Json, known: set[str]) -> None:
    if set(body) - known:
        raise errors.admin(400, "The request holds a parameter that is not known.")
    if body.get("numberType") not in _TYPES:
        raise errors.admin(400, "The number type is not valid.")
    if body.get("assignmentCategory") not in _CATEGORIES:
        raise errors.admin(400, "The assignment category is not valid.")


def _accepted(world: World, call: Call, number: str, *, error: str | None = None) -> Answer:
    now = world.clock()
    order = NumberOrder(world.new_id(), number, now, now + world.lags.draw("number"), error)
    world.orders[order.id] = order
    if error:
        # An order that will fail is no success, hence not a redundant write.
        world.journal.silent()
    return Answer(202, None, {"Location": f"{call.base_url}/v1.0{_ROOT}/operations('{order.id}')"})


@routes.add(
    "POST",
    f"{_ROOT}/numberAssignments/assignNumber",
    permissions=_WRITE,
    cost=limits.ADMIN_POST,
    body=True,
)
def assign_number(world: World, call: Call) -> Answer:
    """Order a number for a user who has Teams and a telephone system by now."""
    body = call.json_object()
    _check(body, _ASSIGN_KEYS)
    number = _number(body)
    user = world.users.get(str(body.get("assignmentTargetId")).lower())
    if user is None:
        raise errors.admin(404, f"User '{body.get('assignmentTargetId')}' was not found.")
    if not (user.teams_active and user.voice_active):
        raise errors.admin(
            400, "The user is not enabled for a telephone number: no Teams Phone license yet."
        )
    holder = world.numbers.get(number)
    if holder is not None and holder != user.id:
        return _accepted(world, call, number, error="Number is already assigned to another user.")
    world.number_types[number] = str(body["numberType"])
    give_number(world, user, number, cause=cause_of(call))
    return _accepted(world, call, number)


@routes.add(
    "POST",
    f"{_ROOT}/numberAssignments/unassignNumber",
    permissions=_WRITE,
    cost=limits.ADMIN_POST,
    body=True,
)
def unassign_number(world: World, call: Call) -> Answer:
    """Order that a number is taken away from whoever holds it."""
    body = call.json_object()
    _check(body, {"telephoneNumber", "numberType"})
    number = _number(body)
    holder = world.users.get(world.numbers.get(number, ""))
    if holder is None:
        return _accepted(world, call, number, error="Number is not assigned.")
    take_number(world, holder, number, cause=cause_of(call))
    return _accepted(world, call, number)


def give_number(world: World, user: User, number: str, *, cause: Cause) -> None:
    """Assign a number; Teams shows it when the order is done."""
    if number in user.numbers:
        return
    before = user.numbers[0] if user.numbers else None
    user.numbers.append(number)
    world.numbers[number] = user.id
    _show(world, user, cause)
    world.record("user.number", user.id, cause=cause, before=before, after=number)


def take_number(world: World, user: User, number: str, *, cause: Cause) -> None:
    """Take a number away; it stays in the tenant's inventory."""
    user.numbers.remove(number)
    world.numbers.pop(number, None)
    world.number_types.setdefault(number, _TYPES[0])
    _show(world, user, cause)
    world.record("user.number", user.id, cause=cause, before=number, after=None)


def _show(world: World, user: User, cause: Cause) -> None:
    def work(_: float) -> None:
        user.shown_numbers = tuple(user.numbers)

    if cause.kind == "admin":
        work(0)
    else:
        world.schedule.at(world.clock() + world.lags.draw("number"), work)


@routes.add("GET", f"{_ROOT}/operations/{{operation}}", permissions=_READ, cost=limits.ADMIN_GET)
def get_operation(world: World, call: Call) -> Answer:
    """Say how far an order is."""
    order = world.orders.get(call.params["operation"])
    if order is None:
        raise errors.admin(404, "Resource not found.")
    status = "running"
    if order.due <= world.clock():
        status = "failed" if order.error else "succeeded"
    detail = {
        "resourceLocation": f"{call.base_url}/v1.0{_ROOT}/numberAssignments/{order.number}",
        "status": status,
        "statusDetail": order.error if status == "failed" else None,
    }
    return Answer(
        200,
        {
            "id": order.id,
            "createdDateTime": iso(order.started_at),
            "status": status,
            "numbers": [detail],
        },
    )


def _assignment(world: World, number: str) -> Json:
    holder = world.numbers.get(number)
    return {
        "id": number.lstrip("+"),
        "telephoneNumber": number,
        "operatorId": "00000000-0000-0000-0000-000000000000",
        "numberType": world.number_types.get(number, _TYPES[0]),
        "activationState": "activated",
        "capabilities": ["userAssignment"],
        "locationId": None,
        "civicAddressId": None,
        "networkSiteId": None,
        "assignmentTargetId": holder,
        "assignmentCategory": "primary" if holder else None,
        "assignmentStatus": "userAssigned" if holder else "unassigned",
        "portInStatus": None,
        "isoCountryCode": world.tenant.get("country"),
        "city": None,
        "numberSource": "online",
        "supportedCustomerActions": [],
        "reverseNumberLookupOptions": [],
    }


@routes.add(
    "GET",
    f"{_ROOT}/numberAssignments",
    permissions=_READ,
    cost=limits.ADMIN_GET,
    options=("$select", "$filter", "$top", "$skiptoken"),
)
def list_numbers(world: World, call: Call) -> Answer:
    """List the tenant's numbers with their holders."""
    names = odata.selected(
        call, known=_PROPERTIES, kind="microsoft.graph.teamsAdministration.numberAssignment"
    )
    numbers = sorted({*world.numbers, *world.number_types})
    rows: list[Any] = [{"seq": i, **_assignment(world, x)} for i, x in enumerate(numbers, start=1)]
    if "$filter" in call.query:
        wanted = filters.parse(call.query["$filter"], properties=_PROPERTIES, advanced=False)
        rows = [row for row in rows if wanted.test(row)]

    def render(row: Json) -> Json:
        whole = {k: v for k, v in row.items() if k != "seq"}
        return {**odata.pick(whole, names), "id": row["id"]} if names else whole

    size = odata.page_size(call)
    return Answer(
        200, odata.page(call, rows, seq_of=lambda row: int(row["seq"]), render=render, size=size)
    )
