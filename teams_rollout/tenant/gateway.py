"""Tenant simulator: the way of one Graph operation, from arrival to answer.

Match the route, count it, check body and options, permission, injected faults and limits,
run the handler, and note a successful write that changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from teams_rollout.tenant import errors, faults, odata
from teams_rollout.tenant.errors import GraphError
from teams_rollout.tenant.faults import STATUS_KINDS, Faults
from teams_rollout.tenant.routing import Route
from teams_rollout.tenant.stats import Stats
from teams_rollout.tenant.throttle import Throttle, throttled, unit_cost
from teams_rollout.tenant.wire import Answer, Call, iso
from teams_rollout.tenant.world import World

BAD_JSON = object()


@dataclass(slots=True)
class Simulator:
    """The tenant and everything around it; `POST reset` swaps the parts."""

    world: World
    throttle: Throttle
    make_world: Callable[[], World]
    make_throttle: Callable[[World], Throttle]
    faults: Faults = field(default_factory=Faults)
    stats: Stats = field(default_factory=Stats)

    def reset(self) -> None:
        """Go back to the seed: state, effects, counters, limits; faults are switched off."""
        self.world = self.make_world()
        self.throttle = self.make_throttle(self.world)
        self.faults = Faults()
        self.stats = Stats()


def perform(
    sim: Simulator,
    call: Call,
    route: Route | None,
    *,
    broken: bool = False,
    locked: bool = False,
) -> Answer:
    """Carry out one operation on the route that `TABLE.match` found for it.

    Args:
        broken: a partial batch leaves this item out: 503 without effect.
        locked: another item of the same batch writes the same object: 409.
    """
    now = sim.world.clock()
    name = route.name if route else f"{call.method} (not implemented)"
    write = bool(route and route.writes)
    units = unit_cost(route.cost, call) if route and route.cost.units else 0
    sim.stats.received(write=write, units=units, now=call.received_at)
    headers: dict[str, str] = {}
    try:
        if route is None:
            raise errors.unimplemented(call.method, f"/v1.0{call.path}")
        answer = _admit(sim, route, call, now, headers, broken=broken, locked=locked)
        if answer is None:
            answer = _run(sim, route, call)
    except GraphError as error:
        answer = errors.answer(
            error,
            request_id=call.request_id,
            client_request_id=call.headers.get("client-request-id", call.request_id),
            now=now,
        )
    sim.stats.answered(name, answer.status)
    return Answer(answer.status, answer.body, {**headers, **answer.headers})


def _admit(
    sim: Simulator,
    route: Route,
    call: Call,
    now: float,
    headers: dict[str, str],
    *,
    broken: bool,
    locked: bool,
) -> Answer | None:
    """Return an answer (or raise one) that ends the call before its effect; None to go on."""
    rule = sim.faults.draw(call.method, call.path, kinds=STATUS_KINDS)
    if rule is not None:
        sim.stats.faults[rule.kind] += 1
        if rule.kind == "429":
            return _injected_429(call, rule, now)
        raise faults.failure(rule)
    verdict = sim.throttle.check(route.cost, call, now=now)
    headers.update(verdict.headers)
    if verdict.refused:
        sim.stats.throttled(route.name)
        limited = verdict.headers.get("x-ms-throttle-information") == "WriteLimitExceeded"
        return throttled(request_id=call.request_id, date=iso(now), headers={}, write_limit=limited)
    if broken:
        raise GraphError(503, "ServiceUnavailable", "The service is temporarily unavailable.")
    _check_permission(sim.world, route)
    _check_request(route, call)
    if locked:
        raise errors.concurrency()
    return None


def _injected_429(call: Call, rule: faults.Rule, now: float) -> Answer:
    headers = {} if rule.retry_after is None else {"Retry-After": f"{rule.retry_after:g}"}
    return throttled(request_id=call.request_id, date=iso(now), headers=headers)


def _check_permission(world: World, route: Route) -> None:
    granted = world.tenant.get("grantedPermissions")
    if granted is None or not route.permissions or any(x in granted for x in route.permissions):
        return
    raise errors.denied(route.dialect, route.permissions)


def _check_request(route: Route, call: Call) -> None:
    odata.check_options(call, route.options)
    if call.body is BAD_JSON:
        raise GraphError(
            400,
            "BadRequest",
            "Unable to read JSON request payload. Please ensure Content-Type header is set and "
            "payload is of valid JSON format.",
        )
    if not route.body:
        return
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise GraphError(
            400,
            "RequestBodyRead",
            "Write requests (excluding DELETE) must contain the Content-Type header declaration.",
        )
    if not isinstance(call.body, dict):
        raise GraphError(400, "BadRequest", "Empty Payload. JSON content expected.")


def _run(sim: Simulator, route: Route, call: Call) -> Answer:
    before = sim.world.journal.changes
    answer = route.handler(sim.world, call)
    changed = sim.world.journal.changes != before
    if route.writes and 200 <= answer.status < 300 and not changed:
        sim.stats.redundant(route.name)
    return answer


def object_key(sim: Simulator, call: Call, route: Route | None) -> str | None:
    """Return the directory object that a call writes, for the detection of parallel writes."""
    if route is None or not route.serial:
        return None
    key: Any = call.params.get(route.serial, "")
    user = sim.world.find_user(key)
    return user.id if user else str(key).lower()
