"""What separates a person from the desired state: the one diff. Pure.

Plan, batch steps, verification and reconciliation all call `assess`, so that they can never
disagree about what "right" means. It compares values only; it knows neither time nor Graph.
"""

from teams_rollout.domain.coexistence import assess_coexistence, desired_mode
from teams_rollout.domain.configuration import ProfileSection, RolloutConfig
from teams_rollout.domain.findings import (
    Assessment,
    Difference,
    Finding,
    LicenseGrant,
    StepView,
)
from teams_rollout.domain.observed import (
    Catalogue,
    LicenseState,
    ObservedUser,
    Sku,
    TeamStatus,
    TenantView,
)
from teams_rollout.domain.roster import Assignment
from teams_rollout.domain.vocabulary import UPGRADE_POLICY_TYPE, Homing, Step

__all__ = [
    "Assessment",
    "Difference",
    "Finding",
    "LicenseGrant",
    "StepView",
    "assess",
    "assess_coexistence",
    "assess_license",
    "desired_mode",
    "required_plan_ids",
]


def assess(
    assignment: Assignment,
    user: ObservedUser | None,
    *,
    config: RolloutConfig,
    view: TenantView,
    on_hold: bool = False,
) -> Assessment:
    """Compare one person with the desired state, step by step.

    Args:
        user: None when Microsoft knows nobody by that name.
        on_hold: whether the person may not be touched today.

    Returns:
        Only `resolve` when the person must not be touched; otherwise every step. A licence that
        cannot be given leaves the later steps out, because none of them may run.
    """
    resolve = _assess_resolve(user, on_hold=on_hold)
    if user is None or resolve.finding is not Finding.SATISFIED:
        return {Step.RESOLVE: resolve}
    profile = config.profiles[assignment.profile]
    license_view = assess_license(user, profile, view.catalogue)
    views = [resolve]
    if license_view.finding is Finding.BLOCKED:
        # Whoever is known as blocked at the licence gets no write, not even a location.
        return {v.step: v for v in (resolve, license_view)}
    views.append(_assess_usage_location(user, config))
    views.append(license_view)
    views.append(_assess_membership(assignment, user, view.teams))
    views.append(_assess_policies(user, profile))
    views.append(assess_coexistence(user, desired_mode(assignment, profile), config))
    views.append(_assess_number(assignment, user, profile, view.catalogue))
    return {v.step: v for v in views}


def _assess_resolve(user: ObservedUser | None, *, on_hold: bool) -> StepView:
    finding, code = Finding.SATISFIED, ""
    if user is None:
        finding, code = Finding.BLOCKED, "user_not_found"
    elif user.is_guest:
        finding, code = Finding.SKIPPED, "guest_account"
    elif not user.account_enabled:
        finding, code = Finding.SKIPPED, "account_disabled"
    elif on_hold:
        finding, code = Finding.WAITING, "on_hold"
    return StepView(step=Step.RESOLVE, finding=finding, code=code)


def _assess_usage_location(user: ObservedUser, config: RolloutConfig) -> StepView:
    if user.usage_location:  # a right value elsewhere in the world is never overwritten
        return StepView(step=Step.USAGE_LOCATION, finding=Finding.SATISFIED)
    wanted = config.rollout.usage_location
    return StepView(
        step=Step.USAGE_LOCATION,
        finding=Finding.CHANGE,
        differences=(Difference(from_="none", to=wanted),),
    )


def required_plan_ids(sku: Sku, profile: ProfileSection) -> frozenset[str]:
    """Service plan ids of this SKU that must be on for the profile.

    By default each SKU's Teams plans; a SKU without one requires none.
    """
    if profile.required_plans is None:
        return frozenset(p.plan_id for p in sku.plans if p.is_teams)
    return frozenset(p.plan_id for p in sku.plans if p.name in profile.required_plans)


def assess_license(user: ObservedUser, profile: ProfileSection, catalogue: Catalogue) -> StepView:
    """What the licence call must do so that every SKU is held with its required plans on."""
    grants: list[LicenseGrant] = []
    differences: list[Difference] = []
    new_seats: list[str] = []
    for part_number in profile.skus:
        sku = catalogue.by_part_number(part_number)
        if sku is None:
            return _license_blocked("sku_not_in_tenant")
        held = [s for s in user.licenses if s.sku_id == sku.sku_id]
        required = required_plan_ids(sku, profile)
        if _union_is_on(held, required):
            continue
        inherited = [s for s in held if not s.is_direct]
        if inherited:
            return _license_blocked(_code_of_inherited(inherited))
        grant, difference = _grant(sku, profile, held[0] if held else None, required)
        grants.append(grant)
        differences.append(difference)
        if not held:
            new_seats.append(part_number)
    removals = _removals(user, profile, catalogue)
    differences.extend(Difference(from_=s.part_number, to="none") for s in removals)
    if not grants and not removals:
        return StepView(step=Step.LICENSE, finding=_held_finding(user, profile, catalogue))
    return StepView(
        step=Step.LICENSE,
        finding=Finding.CHANGE,
        differences=tuple(differences),
        grants=tuple(grants),
        removals=tuple(s.sku_id for s in removals),
        new_seats=tuple(new_seats),
    )


def _code_of_inherited(held: list[LicenseState]) -> str:
    """Why what groups give is not enough: none of them works, or a plan is switched off.

    A plan that a licensing group switches off is never overridden by a direct licence.
    """
    if all(s.error for s in held):
        return held[0].error
    return "teams_plan_disabled_by_group"


def _held_finding(user: ObservedUser, profile: ProfileSection, catalogue: Catalogue) -> Finding:
    """Held in Entra is not yet usable: Teams itself must know the person too.

    For people homed on Skype for Business Server the account type shows their homing instead, so
    nothing more can be waited for.
    """
    skus = (catalogue.by_part_number(p) for p in profile.skus)
    wants_teams = any(p.is_teams for s in skus if s for p in s.plans)
    if not wants_teams or user.teams_enabled or user.homing is Homing.ON_PREMISES:
        return Finding.SATISFIED
    return Finding.PENDING


def _license_blocked(code: str) -> StepView:
    return StepView(step=Step.LICENSE, finding=Finding.BLOCKED, code=code)


def _union_is_on(held: list[LicenseState], required: frozenset[str]) -> bool:
    """Several grants of one SKU add up: a plan is on when any of them has it on."""
    working = [frozenset(s.disabled_plans) for s in held if not s.error]
    if not working:
        return False
    off_everywhere = frozenset.intersection(*working)
    return required.isdisjoint(off_everywhere)


def _grant(
    sku: Sku, profile: ProfileSection, direct: LicenseState | None, required: frozenset[str]
) -> tuple[LicenseGrant, Difference]:
    if direct is None:
        off = [p.plan_id for p in sku.plans if p.name in profile.disabled_plans]
        kept = tuple(p for p in off if p not in required)
        return (
            LicenseGrant(sku_id=sku.sku_id, disabled_plans=kept),
            Difference(from_="none", to=sku.part_number),
        )
    kept = tuple(p for p in direct.disabled_plans if p not in required)
    return (
        LicenseGrant(sku_id=sku.sku_id, disabled_plans=kept),
        Difference(from_=f"{sku.part_number} with Teams off", to=f"{sku.part_number} ~ Teams on"),
    )


def _removals(user: ObservedUser, profile: ProfileSection, catalogue: Catalogue) -> tuple[Sku, ...]:
    """Directly held SKUs that the profile replaces; inherited ones cannot be removed per user."""
    direct = {s.sku_id for s in user.licenses if s.is_direct}
    replaced = (catalogue.by_part_number(p) for p in profile.replaces if p not in profile.skus)
    return tuple(s for s in replaced if s is not None and s.sku_id in direct)


_MEMBERSHIP_UNKNOWN = TeamStatus(key="")


def _assess_membership(
    assignment: Assignment, user: ObservedUser, teams: dict[str, TeamStatus]
) -> StepView:
    missing = tuple(k for k in assignment.teams if k not in user.in_teams)
    joinable = tuple(k for k in missing if not teams.get(k, _MEMBERSHIP_UNKNOWN).code)
    blocked = [teams[k].code for k in missing if k not in joinable]
    if joinable:
        # The blocked team is reported once the others have been joined.
        return StepView(
            step=Step.TEAM_MEMBERSHIP,
            finding=Finding.CHANGE,
            code=blocked[0] if blocked else "",
            differences=tuple(Difference(from_="not a member", to=k) for k in joinable),
            team_keys=joinable,
        )
    if blocked:
        return StepView(step=Step.TEAM_MEMBERSHIP, finding=Finding.BLOCKED, code=blocked[0])
    return StepView(step=Step.TEAM_MEMBERSHIP, finding=Finding.SATISFIED)


def _assess_policies(user: ObservedUser, profile: ProfileSection) -> StepView:
    missing = {t: n for t, n in profile.policies.items() if user.policies.get(t) != n}
    missing.pop(UPGRADE_POLICY_TYPE, None)
    if not missing:
        return StepView(step=Step.POLICIES, finding=Finding.SATISFIED)
    return StepView(
        step=Step.POLICIES,
        finding=Finding.CHANGE,
        policies=missing,
        differences=tuple(
            Difference(from_=f"{t}: {user.policies.get(t, 'default')}", to=f"{t}: {n}")
            for t, n in sorted(missing.items())
        ),
    )


def _assess_number(
    assignment: Assignment, user: ObservedUser, profile: ProfileSection, catalogue: Catalogue
) -> StepView:
    number = assignment.phone_number
    if not number or number in user.phone_numbers:
        return StepView(step=Step.PHONE_NUMBER, finding=Finding.SATISFIED)
    if user.number_held_by_other:
        return StepView(step=Step.PHONE_NUMBER, finding=Finding.BLOCKED, code="number_in_use")
    if not _will_have_phone_system(user, profile, catalogue):
        return StepView(
            step=Step.PHONE_NUMBER, finding=Finding.BLOCKED, code="phone_system_missing"
        )
    current = ", ".join(user.phone_numbers) or "none"
    return StepView(
        step=Step.PHONE_NUMBER,
        finding=Finding.CHANGE,
        differences=(Difference(from_=current, to=number),),
    )


def _will_have_phone_system(
    user: ObservedUser, profile: ProfileSection, catalogue: Catalogue
) -> bool:
    """Whether a licence held, or one that the profile gives, has Teams Phone in it."""
    held = [(catalogue.by_id(s.sku_id), s.disabled_plans) for s in user.licenses if not s.error]
    if any(
        p.is_phone_system and p.plan_id not in off for sku, off in held if sku for p in sku.plans
    ):
        return True
    given = [catalogue.by_part_number(p) for p in profile.skus]
    off_by_name = set(profile.disabled_plans)
    plans = [p for sku in given if sku for p in sku.plans if p.name not in off_by_name]
    return any(p.is_phone_system for p in plans)
