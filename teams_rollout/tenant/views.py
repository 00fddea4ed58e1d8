"""Tenant simulator: records rendered as Graph resources.

A user's whole resource is built once and kept until he changes; `$select` picks from it.
"""

from __future__ import annotations

from functools import lru_cache

from teams_rollout.tenant import homing
from teams_rollout.tenant.model import Channel, Group, Inherited, Sku, Team, User
from teams_rollout.tenant.wire import Json, iso
from teams_rollout.tenant.world import World, is_teams_plan

_SERVICES = (
    ("TEAMS", "TeamspaceAPI"),
    ("EXCHANGE", "exchange"),
    ("YAMMER", "YammerEnterprise"),
    ("MCO", "MicrosoftCommunicationsOnline"),
    ("SHAREPOINT", "SharePoint"),
)


@lru_cache(maxsize=1024)
def service_of(plan_name: str) -> str:
    """Return the service name under which Entra lists a plan."""
    return next((s for prefix, s in _SERVICES if plan_name.startswith(prefix)), plan_name)


# -- users ----------------------------------------------------------------------------------


def assigned_licences(user: User) -> list[Json]:
    """Return the union Graph shows: a plan is off only where every way of holding it is off."""
    off: dict[str, set[str]] = {}
    for sku_id, licence in user.direct.items():
        off[sku_id] = set(licence.disabled)
    for (_, sku_id), state in user.inherited.items():
        if state.error == "None":
            off[sku_id] = off.get(sku_id, set(state.disabled)) & set(state.disabled)
    return [{"skuId": k, "disabledPlans": sorted(v)} for k, v in off.items()]


def _inherited_state(group_id: str, sku_id: str, state: Inherited) -> Json:
    return {
        "skuId": sku_id,
        "disabledPlans": list(state.disabled),
        "assignedByGroup": group_id,
        "state": "Active" if state.error == "None" else "Error",
        "error": state.error,
        "lastUpdatedDateTime": iso(state.since),
    }


def _assignment_states(user: User) -> list[Json]:
    direct = [
        {
            "skuId": sku_id,
            "disabledPlans": list(licence.disabled),
            "assignedByGroup": None,
            "state": "Active",
            "error": "None",
            "lastUpdatedDateTime": iso(licence.since),
        }
        for sku_id, licence in user.direct.items()
    ]
    groups = [_inherited_state(g, sku, state) for (g, sku), state in user.inherited.items()]
    return direct + groups


def _assigned_plans(world: World, user: User) -> list[Json]:
    return [
        {
            "assignedDateTime": iso(state.since),
            "capabilityStatus": state.status,
            "service": service_of(world.plans[plan_id].name),
            "servicePlanId": plan_id,
        }
        for plan_id, state in user.plans.items()
    ]


def _provisioned_plans(world: World, user: User) -> list[Json]:
    rows: list[Json] = []
    for plan_id, state in user.plans.items():
        plan = world.plans[plan_id]
        waiting = is_teams_plan(plan) and state.status == "Enabled" and not user.teams_active
        rows.append(
            {
                "capabilityStatus": state.status,
                "provisioningStatus": "PendingProvisioning" if waiting else "Success",
                "service": service_of(plan.name),
            }
        )
    return rows


def user_view(world: World, user: User) -> Json:
    """Return the whole user resource as a read by id shows it."""
    if user.view is None:
        user.view = {
            **user.props,
            "id": user.id,
            "assignedLicenses": assigned_licences(user),
            "licenseAssignmentStates": _assignment_states(user),
            "assignedPlans": _assigned_plans(world, user),
            "provisionedPlans": _provisioned_plans(world, user),
        }
    return user.view


def listed_user(world: World, user: User) -> Json:
    """Return the user as lists show him: an older replica while a change travels."""
    return user.replica if user.replica is not None else user_view(world, user)


def licence_details(world: World, user: User) -> list[Json]:
    """Return the user's SKUs with the provisioning status of each plan."""
    off = {x["skuId"]: set(x["disabledPlans"]) for x in assigned_licences(user)}
    return [_licence_detail(user, world.skus[sku_id], off[sku_id]) for sku_id in sorted(user.held)]


def _licence_detail(user: User, sku: Sku, off: set[str]) -> Json:
    plans: list[Json] = []
    for plan in sku.plans:
        waiting = is_teams_plan(plan) and not user.teams_active
        status = "PendingProvisioning" if waiting else plan.status
        plans.append(
            {
                "servicePlanId": plan.plan_id,
                "servicePlanName": plan.name,
                "appliesTo": plan.applies_to,
                "provisioningStatus": "Disabled" if plan.plan_id in off else status,
            }
        )
    return {
        "id": f"{user.id}_{sku.sku_id}",
        "skuId": sku.sku_id,
        "skuPartNumber": sku.part_number,
        "servicePlans": plans,
    }


# -- Teams' own view of a user --------------------------------------------------------------


def configuration(world: World, user: User, *, hidden_members: bool) -> Json:
    """Return the user as Teams administration sees him.

    Args:
        hidden_members: the caller sent `Prefer: include-unknown-enum-members`.
    """
    kind = homing.account_type(user)
    features = [
        name
        for name, on in (("Teams", user.teams_active), ("PhoneSystem", user.voice_active))
        if on
    ]
    shown = "unknownFutureValue" if kind == "ineligibleUser" and not hidden_members else kind
    return {
        "id": user.id,
        "userPrincipalName": user.upn,
        "tenantId": world.id,
        "accountType": shown,
        "featureTypes": features,
        "isEnterpriseVoiceEnabled": user.voice_active and bool(user.shown_numbers),
        "telephoneNumbers": [
            {"telephoneNumber": number, "assignmentCategory": "primary" if i == 0 else "alternate"}
            for i, number in enumerate(user.shown_numbers)
        ],
        "effectivePolicyAssignments": [
            _policy(world, kind, name) for kind, name in user.shown_policies.items()
        ],
        "createdDateTime": user.props["createdDateTime"],
        "modifiedDateTime": user.props["createdDateTime"],
    }


def _policy(world: World, policy_type: str, name: str) -> Json:
    return {
        "policyType": policy_type,
        "policyAssignment": {
            "displayName": name,
            "assignmentType": "direct",
            "policyId": world.policy_id(policy_type, name),
            "groupId": None,
        },
    }


# -- groups and teams -----------------------------------------------------------------------


def group_view(world: World, group: Group) -> Json:
    """Return the whole group resource."""
    licences = [{"skuId": k, "disabledPlans": list(v.disabled)} for k, v in group.licences.items()]
    is_team = group.id in world.teams
    return {
        **group.props,
        "id": group.id,
        "createdDateTime": iso(group.created_at),
        "renewedDateTime": iso(group.created_at),
        "assignedLicenses": licences,
        "licenseProcessingState": {"state": group.licence_state} if group.licence_state else None,
        "hasMembersWithLicenseErrors": _has_errors(world, group),
        "resourceProvisioningOptions": ["Team"] if is_team else [],
    }


def _has_errors(world: World, group: Group) -> bool | None:
    if not group.licences:
        return None
    return any(
        state.error != "None"
        for user_id in group.members
        if user_id in world.users
        for (group_id, _), state in world.users[user_id].inherited.items()
        if group_id == group.id
    )


def team_view(world: World, team: Team) -> Json:
    """Return the whole team resource."""
    return {
        **team.props,
        "id": team.id,
        "createdDateTime": iso(team.created_at),
        "tenantId": world.id,
        "isArchived": team.archived,
        "internalId": general(team).id if team.channels else None,
        "webUrl": f"https://teams.microsoft.com/l/team/{team.id}?tenantId={world.id}",
    }


def general(team: Team) -> Channel:
    """Return the primary channel: the first, called General."""
    return team.channels[0]


def channel_view(world: World, team: Team, channel: Channel) -> Json:
    """Return one channel resource."""
    return {
        "id": channel.id,
        "createdDateTime": iso(channel.created_at),
        "displayName": channel.name,
        "description": channel.description,
        "membershipType": channel.membership,
        "isArchived": team.archived,
        "tenantId": world.id,
        "webUrl": f"https://teams.microsoft.com/l/channel/{channel.id}?groupId={team.id}",
    }
