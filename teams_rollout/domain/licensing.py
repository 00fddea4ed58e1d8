"""What a person's licences lack, and how it comes to them: directly or through a group. Pure.

Whoever holds every SKU of the profile with its required plans on has what is wanted, whichever way
it comes. Otherwise a profile with `licensing = "group"` puts the person into its licensing group,
and Microsoft licenses them in the background. A licence held directly stays and is put right where
it is, so that a group never switches on what an administrator had switched off in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from teams_rollout.domain.configuration import ProfileSection
from teams_rollout.domain.findings import Difference, Finding, LicenseGrant, StepView
from teams_rollout.domain.observed import (
    Catalogue,
    LicenseGroup,
    LicenseState,
    ObservedUser,
    Sku,
    TenantView,
)
from teams_rollout.domain.vocabulary import Homing, Step

CONFLICT = "conflicting_license"
PLAN_OFF = "teams_plan_disabled_by_group"


@dataclass(frozen=True)
class _Lack:
    """A SKU that the person does not have as the profile wants it, and the ways they hold it."""

    sku: Sku
    required: frozenset[str]
    held: tuple[LicenseState, ...]

    @property
    def direct(self) -> LicenseState | None:
        """The licence assigned to the person, if there is one."""
        return next((s for s in self.held if s.is_direct), None)

    def inherited(self, *, but: str = "") -> list[LicenseState]:
        """What groups give, save one group."""
        return [s for s in self.held if not s.is_direct and s.group_id != but]


def required_plan_ids(sku: Sku, profile: ProfileSection) -> frozenset[str]:
    """Service plan ids of this SKU that must be on for the profile.

    By default each SKU's Teams plans; a SKU without one requires none.
    """
    if profile.required_plans is None:
        return frozenset(p.plan_id for p in sku.plans if p.is_teams)
    return frozenset(p.plan_id for p in sku.plans if p.name in profile.required_plans)


def license_group_of(profile: ProfileSection, view: TenantView) -> LicenseGroup:
    """The profile's licensing group; one that nobody has read counts as not there."""
    return view.license_groups.get(profile.group_key, LicenseGroup(code="group_not_found"))


def group_trouble(profile: ProfileSection, view: TenantView) -> str:
    """Why nobody can be licensed through the profile's group, or nothing."""
    found = (view.catalogue.by_part_number(p) for p in profile.skus)
    nobody = [_Lack(sku, required_plan_ids(sku, profile), ()) for sku in found if sku]
    return _cannot_join(license_group_of(profile, view), nobody)


def assess_license(user: ObservedUser, profile: ProfileSection, view: TenantView) -> StepView:
    """What must be done so that every SKU is held with its required plans on."""
    skus = [view.catalogue.by_part_number(p) for p in profile.skus]
    if None in skus:
        return _blocked("sku_not_in_tenant")
    lacking = [x for sku in skus if sku and (x := _lack(user, sku, profile))]
    removals = _removals(user, profile, view.catalogue)
    if not lacking and not removals:
        return StepView(step=Step.LICENSE, finding=_held_finding(user, profile, view.catalogue))
    if profile.licensing == "group" and lacking:
        return _through_group(user, profile, view, lacking, removals)
    inherited = next((held for x in lacking if (held := x.inherited())), None)
    if inherited:
        return _blocked(_code_of_inherited(inherited))
    return _directly(profile, lacking, removals)


def _lack(user: ObservedUser, sku: Sku, profile: ProfileSection) -> _Lack | None:
    held = tuple(s for s in user.licenses if s.sku_id == sku.sku_id)
    required = required_plan_ids(sku, profile)
    return None if _union_is_on(held, required) else _Lack(sku, required, held)


def _union_is_on(held: Sequence[LicenseState], required: frozenset[str]) -> bool:
    """Several grants of one SKU add up: a plan is on when any of them has it on."""
    working = [frozenset(s.disabled_plans) for s in held if not s.error]
    if not working:
        return False
    off_everywhere = frozenset.intersection(*working)
    return required.isdisjoint(off_everywhere)


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


def _blocked(code: str) -> StepView:
    return StepView(step=Step.LICENSE, finding=Finding.BLOCKED, code=code)


def _code_of_inherited(held: Sequence[LicenseState]) -> str:
    """Why what groups give is not enough: none of them works, or a plan is switched off.

    A plan that a licensing group switches off is never overridden by a direct licence.
    """
    return held[0].error if all(s.error for s in held) else PLAN_OFF


def _removals(user: ObservedUser, profile: ProfileSection, catalogue: Catalogue) -> tuple[Sku, ...]:
    """Directly held SKUs that the profile replaces; inherited ones cannot be removed per user."""
    direct = {s.sku_id for s in user.licenses if s.is_direct}
    replaced = (catalogue.by_part_number(p) for p in profile.replaces if p not in profile.skus)
    return tuple(s for s in replaced if s is not None and s.sku_id in direct)


# -- directly -------------------------------------------------------------------------------


def _directly(
    profile: ProfileSection, lacking: Sequence[_Lack], removals: Sequence[Sku]
) -> StepView:
    """One call that adds, puts right and removes."""
    made = [_grant(x, profile) for x in lacking]
    return StepView(
        step=Step.LICENSE,
        finding=Finding.CHANGE,
        differences=(*(d for _, d in made), *_gone(removals)),
        grants=tuple(g for g, _ in made),
        removals=tuple(s.sku_id for s in removals),
        new_seats=tuple(x.sku.part_number for x in lacking if not x.held),
    )


def _grant(lack: _Lack, profile: ProfileSection) -> tuple[LicenseGrant, Difference]:
    sku, direct = lack.sku, lack.direct
    if direct is None:
        off = [p.plan_id for p in sku.plans if p.name in profile.disabled_plans]
        difference = Difference(from_="none", to=sku.part_number)
    else:
        off = list(direct.disabled_plans)
        difference = Difference(
            from_=f"{sku.part_number} with Teams off", to=f"{sku.part_number} ~ Teams on"
        )
    kept = tuple(p for p in off if p not in lack.required)
    return LicenseGrant(sku_id=sku.sku_id, disabled_plans=kept), difference


def _gone(removals: Sequence[Sku]) -> list[Difference]:
    return [Difference(from_=s.part_number, to="none") for s in removals]


# -- through a group ------------------------------------------------------------------------


def _through_group(
    user: ObservedUser,
    profile: ProfileSection,
    view: TenantView,
    lacking: Sequence[_Lack],
    removals: Sequence[Sku],
) -> StepView:
    group = license_group_of(profile, view)
    others = next((held for x in lacking if (held := x.inherited(but=group.group_id))), None)
    if others:
        # Another group's decision is no more overridden by ours than by a direct licence.
        return _blocked(_code_of_inherited(others))
    ours = [s for s in user.licenses if group.group_id and s.group_id == group.group_id]
    error = next((s.error for s in ours if s.error), "")
    if error:
        return _again(group, _new_from(user, group, view), lacking, removals, error=error)
    if any(s.sku_id == x.sku.sku_id for s in ours for x in lacking):
        return _blocked(PLAN_OFF)
    if all(x.direct for x in lacking):
        return _directly(profile, lacking, removals)
    trouble = _cannot_join(group, lacking)
    if group.group_id in user.in_groups and trouble in ("", group.code):
        return StepView(step=Step.LICENSE, finding=Finding.PENDING, awaits_group=True)
    return _blocked(trouble) if trouble else _joining(user, group, view, removals)


def _cannot_join(group: LicenseGroup, lacking: Sequence[_Lack]) -> str:
    """Why the group is of no use to the person, or nothing."""
    if group.code:
        return group.code
    given = [(x, group.gives(x.sku.sku_id)) for x in lacking]
    if any(license_ is None for _, license_ in given):
        return "license_missing_in_group"
    if any(not x.required.isdisjoint(g.disabled_plans) for x, g in given if g):
        return PLAN_OFF
    return ""


def _joining(
    user: ObservedUser, group: LicenseGroup, view: TenantView, removals: Sequence[Sku]
) -> StepView:
    """Into the group: the person gets all that it gives, and takes a seat of each new SKU."""
    new = _new_from(user, group, view)
    differences = [Difference(from_="none", to=f"{p} through {group.name}") for p in new]
    return StepView(
        step=Step.LICENSE,
        finding=Finding.CHANGE,
        differences=(*differences, *_gone(removals)),
        removals=tuple(s.sku_id for s in removals),
        new_seats=new,
        join_group=group.group_id,
    )


def _again(
    group: LicenseGroup,
    new: tuple[str, ...],
    lacking: Sequence[_Lack],
    removals: Sequence[Sku],
    *,
    error: str,
) -> StepView:
    """In the group, which has failed for the person: it tries again only when asked.

    What the profile replaces goes first where it is what conflicts; else once it is replaced.
    """
    failed = new or tuple(x.sku.part_number for x in lacking)
    differences = [
        Difference(from_=f"{p} failed ({error})", to=f"{p} through {group.name}") for p in failed
    ]
    return StepView(
        step=Step.LICENSE,
        finding=Finding.CHANGE,
        code=error,
        differences=(*differences, *_gone(removals)),
        removals=tuple(s.sku_id for s in removals),
        new_seats=new,
        reprocess=True,
    )


def _new_from(user: ObservedUser, group: LicenseGroup, view: TenantView) -> tuple[str, ...]:
    """Part numbers of what the group gives and the person does not hold in any other way."""
    held = {s.sku_id for s in user.licenses if not s.error}
    given = (view.catalogue.by_id(x.sku_id) for x in group.licenses if x.sku_id not in held)
    return tuple(sku.part_number for sku in given if sku is not None)
