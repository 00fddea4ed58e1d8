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
from teams_rollout.domain.licensing import (
    assess_license,
    license_group_of,
    required_plan_ids,
)
from teams_rollout.domain.observed import (
    ObservedUser,
    TeamStatus,
    TenantView,
)
from teams_rollout.domain.roster import Assignment
from teams_rollout.domain.vocabulary import UPGRADE_POLICY_TYPE, Step

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
    license_view = assess_license(user, profile, view)
    views = [resolve]
    if license_view.finding is Finding.BLOCKED:
        # Whoever is known as blocked at the licence gets no write, not even a location.
        return {v.step: v for v in (resolve, license_view)}
    views.append(_assess_usage_location(user, config))
    views.append(license_view)
    views.append(_assess_membership(assignment, user, view.teams))
    views.append(_assess_policies(user, profile))
    views.append(assess_coexistence(user, desired_mode(assignment, profile), config))
    views.append(_assess_number(assignment, user, profile, view))
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
    assignment: Assignment, user: ObservedUser, profile: ProfileSection, view: TenantView
) -> StepView:
    number = assignment.phone_number
    if not number or number in user.phone_numbers:
        return StepView(step=Step.PHONE_NUMBER, finding=Finding.SATISFIED)
    if user.number_held_by_other:
        return StepView(step=Step.PHONE_NUMBER, finding=Finding.BLOCKED, code="number_in_use")
    if not _will_have_phone_system(user, profile, view):
        return StepView(
            step=Step.PHONE_NUMBER, finding=Finding.BLOCKED, code="phone_system_missing"
        )
    current = ", ".join(user.phone_numbers) or "none"
    return StepView(
        step=Step.PHONE_NUMBER,
        finding=Finding.CHANGE,
        differences=(Difference(from_=current, to=number),),
    )


def _will_have_phone_system(user: ObservedUser, profile: ProfileSection, view: TenantView) -> bool:
    """Whether a licence held, or one that the profile gives, has Teams Phone in it."""
    held = [
        (view.catalogue.by_id(s.sku_id), frozenset(s.disabled_plans))
        for s in user.licenses
        if not s.error
    ]
    given = [(view.catalogue.by_part_number(p), _off(p, profile, view)) for p in profile.skus]
    return any(
        plan.is_phone_system and plan.plan_id not in off
        for sku, off in [*held, *given]
        if sku
        for plan in sku.plans
    )


def _off(part_number: str, profile: ProfileSection, view: TenantView) -> frozenset[str]:
    """Ids of the plans that a new licence has switched off: the profile's, or the group's."""
    sku = view.catalogue.by_part_number(part_number)
    if sku is None:
        return frozenset()
    if profile.licensing == "group":
        given = license_group_of(profile, view).gives(sku.sku_id)
        return frozenset(given.disabled_plans) if given else frozenset()
    return frozenset(p.plan_id for p in sku.plans if p.name in profile.disabled_plans)
