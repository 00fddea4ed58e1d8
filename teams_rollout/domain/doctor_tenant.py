"""The doctor's judgement of the tenant: permissions, licences, policies, homing. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from teams_rollout.domain.codes import reason
from teams_rollout.domain.configuration import ProfileSection, RolloutConfig
from teams_rollout.domain.doctor import Check
from teams_rollout.domain.licensing import group_trouble, license_group_of
from teams_rollout.domain.observed import Catalogue, ObservedUser, Sku, TenantView
from teams_rollout.domain.permissions import Need
from teams_rollout.domain.vocabulary import UPGRADE_POLICY_TYPE, Environment

ON_PREMISES = "sfbOnPremUser"
_GRANT = "An administrator grants the application permission {} to the app's identity in Entra"


def check_sign_in(code: str = "") -> Check:
    """Whether Graph took our token.

    Args:
        code: why not; `permission_missing` means that it did.
    """
    name = "sign_in"
    if code in ("", "permission_missing"):
        return Check(check=name, ok=True, detail="Microsoft Graph accepts the app's sign-in.")
    if code == "sign_in_failed":
        return Check(
            check=name,
            ok=False,
            detail="The app gets no token that Microsoft Graph accepts.",
            do="Check ROLLOUT_GRAPH_CREDENTIAL, ROLLOUT_GRAPH_CLIENT_ID and "
            "ROLLOUT_GRAPH_TENANT_ID, and that the identity exists and is assigned to the app.",
        )
    return Check(
        check=name,
        ok=False,
        detail=f"Microsoft Graph could not be asked ({code}).",
        do="Check ROLLOUT_GRAPH_BASE_URL and the network's way out, then ask again.",
    )


def check_tenant(*, tenant_id: str, trouble: str) -> Check:
    """Whether the tenant is the one of `rollout.toml`.

    Args:
        trouble: what the check that guards every wave says, of which the first sentence tells
            what is wrong; empty = the right one.
    """
    if not trouble:
        return Check(check="tenant", ok=True, detail=f"Signed in to tenant {tenant_id}.")
    return Check(
        check="tenant",
        ok=False,
        detail=f"{trouble.partition('. ')[0].rstrip('.')}.",
        do="Correct tenant_id in rollout.toml and import again, or sign the app in to the right "
        "tenant; until then no wave starts.",
    )


def check_permission(need: Need, *, granted: Collection[str]) -> Check:
    """Whether we hold what a feature needs, itself or within a broader permission."""
    name = f"permission {need.permission}"
    held = need.held_through(granted)
    if not held:
        return _permission_missing(need)
    how = "Granted" if held == need.permission else f"Not granted, but {held} includes it"
    return Check(check=name, ok=True, detail=f"{how}; it is needed to {need.purpose}.")


def check_permission_by_trying(need: Need, *, refused: bool, named: Collection[str] = ()) -> Check:
    """The same where the app cannot see its grants and has tried a read instead.

    Args:
        named: permissions that Microsoft's own refusal names.
    """
    if refused:
        return _permission_missing(need, named=named)
    name = f"permission {need.permission}"
    return Check(check=name, ok=True, detail=f"Tried: the app can {need.purpose}.")


def check_unseen_permissions(needs: Sequence[Need]) -> Check:
    """Permissions that only a change would prove, which a doctor does not make."""
    return Check(
        check="permissions unseen",
        ok=False,
        detail="The app may not see its own permissions, so these are not known: "
        f"{', '.join(n.permission for n in needs)}.",
        do="An administrator runs infra/grant-permissions, which lists what is held, or grants "
        "Application.Read.All, with which the app sees it itself.",
    )


def _permission_missing(need: Need, *, named: Collection[str] = ()) -> Check:
    others = [p for p in named if p != need.permission]
    hint = f" (Microsoft would also take {' or '.join(others)})" if others else ""
    return Check(
        check=f"permission {need.permission}",
        ok=False,
        detail=f"The app lacks {need.permission}, which it needs to {need.purpose}{hint}; "
        "no wave starts without it.",
        do=f"{_GRANT.format(need.permission)} (infra/grant-permissions --features "
        f"{need.feature.name.lower()}), restarts the app and asks again.",
    )


def check_surplus(needs: Sequence[Need], *, granted: Collection[str]) -> Check:
    """Whether we hold more than the rollout uses; somebody may have a reason, so only advice."""
    used = {p for need in needs for p in (need.permission, *need.covered_by)}
    surplus = sorted(set(granted) - used)
    name = "permissions unneeded"
    if not surplus:
        return Check(check=name, ok=True, detail="The app holds no permission that it never uses.")
    return Check(
        check=name,
        ok=True,
        detail=f"The app holds what this rollout never uses: {', '.join(surplus)}.",
        do="infra/grant-permissions prints the command that takes each away.",
    )


def check_profile(name: str, profile: ProfileSection, catalogue: Catalogue) -> Check:
    """Whether the tenant has a profile's SKUs, with a Teams plan and every plan it names."""
    skus = {part: catalogue.by_part_number(part) for part in profile.skus}
    absent = [part for part, sku in skus.items() if sku is None]
    if absent:
        return Check(
            check=f"profile {name}",
            ok=False,
            detail=f"The tenant has no {' and no '.join(absent)}, so everybody with the profile "
            f"{name} would be blocked.",
            do="Correct the SKU part number in rollout.toml, or order the licence.",
        )
    plans = {plan.name for sku in skus.values() if sku for plan in sku.plans}
    unknown = sorted({*profile.disabled_plans, *(profile.required_plans or ())} - plans)
    if unknown:
        return Check(
            check=f"profile {name}",
            ok=False,
            detail=f"None of the SKUs of the profile {name} has the plan {', '.join(unknown)}.",
            do="Correct disabled_plans and required_plans of the profile in rollout.toml.",
        )
    if not any(plan.is_teams for sku in skus.values() if sku for plan in sku.plans):
        return Check(
            check=f"profile {name}",
            ok=False,
            detail=f"No SKU of the profile {name} has a Teams plan, so nobody gets Teams by it.",
            do="Add a SKU with a Teams plan to the profile in rollout.toml.",
        )
    return Check(
        check=f"profile {name}", ok=True, detail="Its SKUs are there, with their Teams plans."
    )


def check_license_group(name: str, profile: ProfileSection, view: TenantView) -> Check:
    """Whether the group that licenses a profile's people takes them and gives everything."""
    check, code = f"licensing group of {name}", group_trouble(profile, view)
    if code:
        why = reason(code)
        return Check(check=check, ok=False, detail=why.sentence, do=why.do)
    group = license_group_of(profile, view).name
    return Check(
        check=check, ok=True, detail=f"{group} takes people and gives them the profile's licences."
    )


def seats_wanted(
    config: RolloutConfig, people: Iterable[tuple[str, ObservedUser | None]], catalogue: Catalogue
) -> dict[str, int]:
    """How many people of the rollout still lack each SKU of their profile, by part number.

    Args:
        people: profile and last known state of each.
    """
    ids = {sku.part_number: sku.sku_id for sku in catalogue.skus}
    wanted: Counter[str] = Counter()
    for profile, seen in people:
        if seen is None or seen.is_guest or not seen.account_enabled:
            continue
        held = {state.sku_id for state in seen.licenses}
        section = config.profiles.get(profile)
        parts = section.skus if section else ()
        wanted.update(part for part in parts if ids.get(part) not in held)
    return dict(wanted)


def check_seats(sku: Sku, *, wanted: int) -> Check:
    """Whether there are seats for everybody who lacks one (people planned, not reserved)."""
    short = wanted - sku.free
    figures = f"{sku.part_number}: {sku.free:,} of {sku.enabled:,} seats are free"
    if short <= 0:
        return Check(
            check=f"seats {sku.part_number}",
            ok=True,
            detail=f"{figures}, and {wanted:,} people still need one.",
        )
    return Check(
        check=f"seats {sku.part_number}",
        ok=False,
        detail=f"{figures}, but {wanted:,} people still need one: {short:,} would be blocked.",
        do=f"Order or free {short:,} seats before the last wave starts; rollout plan WAVE shows "
        "which wave is short.",
    )


def check_policy(policy_type: str, policy_name: str, *, found: bool, code: str = "") -> Check:
    """Whether a policy that a profile names can be assigned.

    Args:
        code: why it could not be looked up, else empty.
    """
    name = f"policy {policy_type}/{policy_name}"
    if found:
        return Check(check=name, ok=True, detail="It exists in the tenant.")
    if code == "policy_type_unsupported":
        return Check(
            check=name,
            ok=False,
            detail=f"Microsoft Graph does not take policies of the type {policy_type} here.",
            do="Take it out of the profile; the Teams administrators assign it by hand.",
        )
    if code:
        return Check(
            check=name,
            ok=False,
            detail=f"It could not be looked up ({code}).",
            do="Mend sign-in and permissions first, then ask again.",
        )
    return Check(
        check=name,
        ok=False,
        detail=f"The tenant has no {policy_type} named {policy_name}, so everybody whose profile "
        "names it would be blocked.",
        do="Correct the name in rollout.toml, or have the Teams administrators make the policy.",
    )


def check_upgrade_policy(backend: str, *, taken: bool | None, code: str = "") -> Check:
    """Whether Graph sets coexistence modes here, and which backend that asks for.

    Args:
        backend: as `[skype] backend` says.
        taken: whether Graph knows the policy type; None where it could not be asked.
    """
    name = "coexistence_backend"
    if taken is None:
        return Check(
            check=name,
            ok=False,
            detail=f"Whether Graph takes {UPGRADE_POLICY_TYPE} could not be asked ({code}).",
            do="Mend sign-in and permissions first, then ask again.",
        )
    if taken:
        other = backend != "graph"
        return Check(
            check=name,
            ok=True,
            detail=f"The tenant's Graph takes {UPGRADE_POLICY_TYPE}; the backend is {backend}.",
            do='Graph could do it unattended: set backend = "graph" in [skype].' if other else "",
        )
    return Check(
        check=name,
        ok=backend == "handoff",
        detail=f"The tenant's Graph does not take {UPGRADE_POLICY_TYPE}; the backend is {backend}.",
        do=""
        if backend == "handoff"
        else 'Set backend = "handoff" in [skype] of rollout.toml and '
        "import again: the Teams administrators then set the modes from files.",
    )


def check_homing(
    environment: Environment, account_types: Mapping[str, int], *, known: str | None
) -> Check:
    """Whether people on Skype for Business Server can be told from the others.

    Args:
        account_types: people by the account type that Teams shows.
        known: account type of the person named as known to be on-premises; empty if Teams does
            not show that person, None if nobody is named.
    """
    seen = account_types.get(ON_PREMISES, 0)
    figures = f"Teams shows {sum(account_types.values()):,} people, {seen:,} of them on-premises"
    if known is not None and known != ON_PREMISES:
        return Check(
            check="homing",
            ok=False,
            detail=f"{figures}, but the person named in [skype] known_on_premises is shown as "
            f"{known or 'unknown'}: homing cannot be read from Graph here.",
            do="Check the name; if it is right, plan no hand-off from what Graph shows and ask "
            "the server team for their list.",
        )
    if known == ON_PREMISES:
        return Check(check="homing", ok=True, detail=f"{figures}; the known person is among them.")
    if environment is not Environment.LIVE:
        return Check(check="homing", ok=True, detail=f"{figures}.")
    if seen:
        return Check(
            check="homing",
            ok=False,
            detail=f"{figures}, which nobody has proved for this tenant: no person is named in "
            "[skype] known_on_premises, and without that nobody is handed off.",
            do="Name somebody in rollout.toml who is certainly on the server, import, and run "
            "rollout doctor again.",
        )
    return Check(
        check="homing",
        ok=True,
        detail=f"{figures}.",
        do="If there is a Skype for Business Server, name somebody who is on it: [skype] "
        "known_on_premises.",
    )
