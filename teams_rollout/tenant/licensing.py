"""Tenant simulator: licences, seats, plans, and when Teams takes notice of them.

A user's plans are the union over his direct licences and those his groups give him. Entra
shows a change at once; Teams and the telephone system follow after the licence lag. A SKU
takes one seat however many ways a user holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from teams_rollout.tenant.errors import GraphError, bad_request
from teams_rollout.tenant.homing import keeps_explicit_mode
from teams_rollout.tenant.journal import Cause
from teams_rollout.tenant.model import Group, Inherited, Licence, PlanState, Sku, User
from teams_rollout.tenant.views import user_view
from teams_rollout.tenant.wire import Json
from teams_rollout.tenant.world import World, is_teams_plan, is_voice_plan

LOCATION_TEXT = "License assignment cannot be done for user with invalid usage location."


def licence_list(licences: dict[str, Licence]) -> list[Json]:
    """Render licences as Graph's `assignedLicense` list."""
    return [{"skuId": k, "disabledPlans": list(v.disabled)} for k, v in licences.items()]


def enabled_plans(
    world: World, direct: dict[str, Licence], inherited: dict[tuple[str, str], Inherited]
) -> dict[str, set[str]]:
    """Return the plans switched on per held SKU: the union over every way of holding it."""
    held: dict[str, set[str]] = {}
    for sku_id, licence in direct.items():
        held.setdefault(sku_id, set()).update(world.skus[sku_id].plan_ids - set(licence.disabled))
    for (_, sku_id), state in inherited.items():
        if state.error == "None":
            on = world.skus[sku_id].plan_ids - set(state.disabled)
            held.setdefault(sku_id, set()).update(on)
    return held


def conflict(world: World, plans: Iterable[str]) -> tuple[str, str] | None:
    """Return a pair of plans that exclude each other."""
    present = set(plans)
    return next((p for p in world.exclusive if p[0] in present and p[1] in present), None)


def recompute(world: World, user: User, *, now: float, lag: bool) -> None:
    """Bring seats and plans in line with the licences; Teams follows, after its lag if `lag`."""
    held = enabled_plans(world, user.direct, user.inherited)
    skus = frozenset(held)
    for sku_id in skus ^ user.held:
        world.skus[sku_id].consumed += 1 if sku_id in skus else -1
    user.held = skus
    enabled = {plan for plans in held.values() for plan in plans}
    for plan in sorted(enabled):
        if plan not in user.plans or user.plans[plan].status != "Enabled":
            user.plans[plan] = PlanState("Enabled", now)
    for plan, state in user.plans.items():
        if plan not in enabled and state.status == "Enabled":
            user.plans[plan] = PlanState("Deleted", now)
    user.view = None
    if not lag:
        activate(world, user)
    elif not user.activation_pending and _wanted(world, user) != _working(user):
        user.activation_pending = True
        world.schedule.at(now + world.lags.draw("licence"), lambda _: activate(world, user))


def _wanted(world: World, user: User) -> tuple[bool, bool]:
    on = [world.plans[p] for p, state in user.plans.items() if state.status == "Enabled"]
    return any(map(is_teams_plan, on)), any(map(is_voice_plan, on))


def _working(user: User) -> tuple[bool, bool]:
    return user.teams_active, user.voice_active


def activate(world: World, user: User) -> None:
    """Let Teams and the telephone system see the licences as they are now."""
    user.activation_pending = False
    user.teams_active, user.voice_active = _wanted(world, user)
    if user.teams_active and not keeps_explicit_mode(world, user):
        user.teams_only = True
    user.view = None


# -- direct licences ------------------------------------------------------------------------


def _sku(world: World, sku_id: str) -> Sku:
    sku = world.skus.get(sku_id)
    if sku is None:
        raise bad_request(f"License {sku_id} does not correspond to a valid company License.")
    return sku


def _check_removals(world: World, user: User, remove: list[str]) -> None:
    for sku_id in remove:
        _sku(world, sku_id)
        if sku_id in user.direct:
            continue
        if any(held == sku_id for _, held in user.inherited):
            raise bad_request(
                "User license is inherited from a group membership and it cannot be removed "
                "directly from the user."
            )
        raise bad_request("User does not have a corresponding license.")


def _check_location(user: User, now: float) -> None:
    if not user.props.get("usageLocation") or user.location_believed_at > now:
        raise bad_request(LOCATION_TEXT)


def _check_plans(world: World, add: dict[str, tuple[str, ...]]) -> None:
    for sku_id, disabled in add.items():
        unknown = set(disabled) - _sku(world, sku_id).plan_ids
        if unknown:
            raise bad_request(
                "License assignment failed because service plan "
                f"{sorted(unknown)[0]} does not belong to license {sku_id}."
            )


def check_combination(world: World, plans: set[str]) -> None:
    """Refuse plans that exclude each other or lack one that they need.

    Raises:
        GraphError: 400 with Microsoft's text.
    """
    pair = conflict(world, plans)
    if pair:
        raise bad_request(
            f"License assignment failed because service plans {pair[0]},{pair[1]} "
            "are mutually exclusive"
        )
    for plan, needs in world.dependencies.items():
        lacking = [x for x in needs if x not in plans]
        if plan in plans and lacking:
            raise bad_request(
                f"License assignment failed because service plan {plan} depends on the "
                f"service plan(s) {','.join(lacking)}"
            )


def _check_seats(world: World, user: User, held: Iterable[str]) -> None:
    for sku_id in held:
        sku = world.skus[sku_id]
        if sku_id not in user.held and sku.consumed >= sku.usable:
            raise bad_request(
                f"Subscription with SKU {sku_id} does not have any available licenses."
            )


def assign(
    world: World,
    user: User,
    *,
    add: dict[str, tuple[str, ...]],
    remove: list[str],
    cause: Cause,
) -> None:
    """Change a user's direct licences in one go; adding a held SKU replaces its disabled plans.

    Raises:
        GraphError: 400 with the text of the first rule that is broken; nothing has changed then.
    """
    now = world.clock()
    _check_plans(world, add)
    _check_removals(world, user, remove)
    if add:
        _check_location(user, now)
    wanted = {k: v for k, v in user.direct.items() if k not in remove}
    for sku_id, disabled in add.items():
        if sku_id not in wanted or set(wanted[sku_id].disabled) != set(disabled):
            wanted[sku_id] = Licence(disabled, now)
    held = enabled_plans(world, wanted, user.inherited)
    if add:
        check_combination(world, set().union(*held.values()))
    _check_seats(world, user, held)
    set_direct(world, user, wanted, cause=cause)


def set_direct(world: World, user: User, wanted: dict[str, Licence], *, cause: Cause) -> None:
    """Store a user's direct licences without asking whether that is allowed."""
    before, after = licence_list(user.direct), licence_list(wanted)
    if _comparable(before) == _comparable(after):
        return
    world.touch(user, cause=cause, view=user_view)
    user.direct = wanted
    recompute(world, user, now=world.clock(), lag=cause.kind != "admin")
    world.record("user.licenses", user.id, cause=cause, before=before, after=after)


def _comparable(licences: list[Json]) -> set[tuple[str, frozenset[str]]]:
    return {(x["skuId"], frozenset(x["disabledPlans"])) for x in licences}


# -- licences from groups -------------------------------------------------------------------


def inherit(world: World, user: User, group: Group, *, now: float, lag: bool) -> None:
    """Give a member what his group gives, or note on him why that failed."""
    fresh = {k: v for k, v in user.inherited.items() if k[0] != group.id}
    if group.id in user.groups:
        error = _group_error(world, user, group, fresh)
        for sku_id, licence in group.licences.items():
            old = user.inherited.get((group.id, sku_id))
            since = old.since if old and old.error == error else now
            fresh[(group.id, sku_id)] = Inherited(licence.disabled, since, error)
    if fresh != user.inherited:
        user.change = world.next_change()
        user.inherited = fresh
        recompute(world, user, now=now, lag=lag)
        world.journal.silent()


def _group_error(
    world: World, user: User, group: Group, others: dict[tuple[str, str], Inherited]
) -> str:
    """Return the error that one bad product gives to all products of the group, or `None`."""
    trial = dict(others)
    for sku_id, licence in group.licences.items():
        trial[(group.id, sku_id)] = Inherited(licence.disabled, 0.0)
    held = enabled_plans(world, user.direct, trial)
    plans = set().union(*held.values()) if held else set()
    if conflict(world, plans):
        return "MutuallyExclusiveViolation"
    try:
        check_combination(world, plans)
        _check_seats(world, user, held)
    except GraphError as refusal:
        return "DependencyViolation" if "depends" in refusal.message else "CountViolation"
    return "None"


def process_later(world: World, group: Group, work: Callable[[float], None]) -> None:
    """Do something about a group's licences in the background, and say so meanwhile."""
    group.licence_work += 1
    if group.licence_state != "QueuedForProcessing":
        group.licence_state = "ProcessingInProgress"

    def done(due: float) -> None:
        group.licence_work -= 1
        work(due)
        if not group.licence_work:
            group.licence_state = "ProcessingComplete"

    world.schedule.at(world.clock() + world.lags.draw("group_licence"), done)


def reprocess(world: World, user: User) -> None:
    """Work a member's group licences out again, in the background as ever.

    A person without any trouble gains nothing by it: that call is in vain and counts so.
    """
    groups = [world.groups[x] for x in user.groups if world.groups[x].licences]
    for group in groups:
        process_later(world, group, partial(_inherit_later, world, user, group))
    given = {key for key, state in user.inherited.items() if state.error == "None"}
    wanted = {(group.id, sku_id) for group in groups for sku_id in group.licences}
    if wanted - given:
        world.journal.silent()


def _inherit_later(world: World, user: User, group: Group, due: float) -> None:
    inherit(world, user, group, now=due, lag=True)


def process_group(world: World, group: Group, *, now: float, lag: bool) -> None:
    """Apply a group's licences to all its members, as Microsoft does in the background."""
    for user_id in group.members:
        user = world.users.get(user_id)
        if user is not None:
            inherit(world, user, group, now=now, lag=lag)
    if group.licences and not group.licence_work:
        group.licence_state = "ProcessingComplete"
