"""Turns the people of an invented council into a seed for the tenant simulator.

The shape is that of `GET /_tenant/state`: SKUs, users, groups, teams, policies. Product and plan
ids are the public ones that Microsoft lists for these products.
"""

import random
from collections import Counter
from typing import Any

import council_names as names
from council import Person, Recipe, new_id

E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
F1 = "66b55226-6b4f-492c-910c-a3b7a3c9d993"
VOICE = "e43b5b99-8dfb-405f-9987-dc307f34bcbd"
ESSENTIALS = "fde42873-30b6-436b-b361-21af5a6b84ae"

TEAMS_PLAN = "57ff2da0-773e-42df-b2af-ffb7a2317929"
ESSENTIALS_PLAN = "42a3ec34-28ba-46b6-992f-db53a675ac5b"
YAMMER_PLAN = "7547a3fe-08ee-4ccb-b430-5077c5041653"

PRODUCTS: dict[str, tuple[str, dict[str, str]]] = {
    E3: (
        "SPE_E3",
        {
            TEAMS_PLAN: "TEAMS1",
            "efb87545-963c-4e0d-99df-69c6916d9eb0": "EXCHANGE_S_ENTERPRISE",
            YAMMER_PLAN: "YAMMER_ENTERPRISE",
            "0feaeb32-d00e-4d66-bd5a-43b5b83db82c": "MCOSTANDARD",
        },
    ),
    F1: ("SPE_F1", {TEAMS_PLAN: "TEAMS1", YAMMER_PLAN: "YAMMER_ENTERPRISE"}),
    VOICE: ("MCOEV", {"4828c8ec-dc2e-4779-b502-87ac9ce28ab7": "MCOEV"}),
    ESSENTIALS: ("TEAMS_ESSENTIALS_AAD", {ESSENTIALS_PLAN: "TEAMS_ESSENTIALS"}),
}
POLICIES = {
    "TeamsUpgradePolicy": [
        "Islands",
        "SfBOnly",
        "SfBWithTeamsCollab",
        "SfBWithTeamsCollabAndMeetings",
        "UpgradeToTeams",
    ],
    "TeamsMeetingPolicy": ["AllOn", "Frontline", "RestrictedAnonymousAccess"],
    "TeamsMessagingPolicy": ["Default", "Frontline"],
}
# What a kind holds directly before we come: a product and its switched-off plans.
_DIRECT = {
    "teams_plan_off": (E3, [TEAMS_PLAN, YAMMER_PLAN]),
    "licensed_trimmed": (E3, [YAMMER_PLAN]),
    "already_done": (E3, []),
    "conflict": (ESSENTIALS, []),
}
LICENSING_GROUP = "Licences E3"
_LICENSING_GROUPS = {
    LICENSING_GROUP: ([], ("group_licensed", "two_groups")),
    "Licences E3 without Teams": ([TEAMS_PLAN], ("group_plan_off", "two_groups")),
}

Json = dict[str, Any]


def make_tenant(recipe: Recipe, people: list[Person]) -> Json:
    """The whole seed; ids that are not people's come from a seed of their own."""
    rng = random.Random(f"tenant {recipe.seed}")
    tenant_id = new_id(rng)
    known = [person for person in people if person.kind != "not_found"]
    groups = [_licensing_group(rng, title, known) for title in _LICENSING_GROUPS]
    groups.append(_unified_group(rng, f"{names.TAKEN_TEAM} (retired)", names.TAKEN_NICKNAME))
    existing = _unified_group(rng, names.EXISTING_TEAM, "lifeboat-day")
    member_of = [(group["id"], set(group["members"])) for group in groups]
    return {
        "tenant": {
            "id": tenant_id,
            "displayName": recipe.council,
            "domain": recipe.domain,
            "country": "GB",
            "skypeOnline": recipe.skype_online,
        },
        "skus": [_sku(sku, seats) for sku, seats in _seats(recipe, known).items()],
        "mutuallyExclusivePlans": [[TEAMS_PLAN, ESSENTIALS_PLAN]],
        "users": [
            *(
                _user(person, [group for group, members in member_of if person.id in members])
                for person in known
            ),
            _switchboard(recipe, rng, known),
        ],
        "groups": [*groups, existing],
        "teams": [
            {
                "id": existing["id"],
                "displayName": existing["displayName"],
                "channels": ["General"],
                "archived": False,
            }
        ],
        "policies": [{"type": kind, "names": choices} for kind, choices in POLICIES.items()],
    }


def _seats(recipe: Recipe, people: list[Person]) -> dict[str, int]:
    """Enough of everything with a little to spare, unless office licences are to run out."""
    wanted = Counter(
        sku for person in people for sku in _products_of(person) if person.kind != "conflict"
    )
    spare = {sku: count // 20 + 5 for sku, count in wanted.items()}
    if recipe.seats_short:
        spare[E3] = -recipe.seats_short
    held = sum(person.kind == "conflict" for person in people)
    return {
        sku: wanted[sku] + spare.get(sku, 5) + (held if sku == ESSENTIALS else 0)
        for sku in PRODUCTS
    }


def _products_of(person: Person) -> list[str]:
    """The products this person holds at the end, whoever gave them."""
    if person.kind in ("guest", "disabled", "on_hold"):
        return []
    return {"office": [E3], "voice": [E3, VOICE], "frontline": [F1]}[person.profile]


def _sku(sku: str, seats: int) -> Json:
    part_number, plans = PRODUCTS[sku]
    return {
        "skuId": sku,
        "skuPartNumber": part_number,
        "enabled": seats,
        "servicePlans": [
            {
                "servicePlanId": plan,
                "servicePlanName": name,
                "appliesTo": "User",
                "provisioningStatus": "Success",
            }
            for plan, name in plans.items()
        ],
    }


def _user(person: Person, groups: list[str]) -> Json:
    licence = _DIRECT.get(person.kind)
    return {
        "id": person.id,
        "userPrincipalName": person.upn,
        "mail": None if person.profile == "frontline" else person.upn,
        "displayName": f"{person.given} {person.surname}",
        "givenName": person.given,
        "surname": person.surname,
        "department": person.department,
        "jobTitle": person.post,
        "accountEnabled": person.kind != "disabled",
        "userType": "Guest" if person.kind == "guest" else "Member",
        "usageLocation": {"no_location": None, "foreign_location": "IE"}.get(person.kind, "GB"),
        "employeeId": person.employee_id,
        "onPremisesSyncEnabled": person.kind != "guest",
        "sfbHoming": person.homing,
        "assignedLicenses": [{"skuId": licence[0], "disabledPlans": licence[1]}] if licence else [],
        "memberOf": groups,
        "policies": _policies_before(person),
        "telephoneNumbers": [],
    }


def _policies_before(person: Person) -> dict[str, str]:
    if person.kind == "already_done":
        return {"TeamsUpgradePolicy": "UpgradeToTeams", "TeamsMeetingPolicy": "AllOn"}
    return {"TeamsUpgradePolicy": person.mode_before} if person.mode_before else {}


def _switchboard(recipe: Recipe, rng: random.Random, people: list[Person]) -> Json:
    """An account outside the rollout that holds the numbers which others want."""
    return {
        "id": new_id(rng),
        "userPrincipalName": f"switchboard@{recipe.domain}",
        "mail": None,
        "displayName": "Town Hall Switchboard",
        "givenName": "",
        "surname": "",
        "department": names.DEPARTMENTS[0],
        "jobTitle": "Resource",
        "accountEnabled": True,
        "userType": "Member",
        "usageLocation": "GB",
        "employeeId": None,
        "onPremisesSyncEnabled": False,
        "sfbHoming": "none",
        "assignedLicenses": [],
        "memberOf": [],
        "policies": {},
        "telephoneNumbers": [
            person.phone_number for person in people if person.kind == "number_taken"
        ],
    }


def _licensing_group(rng: random.Random, title: str, people: list[Person]) -> Json:
    disabled_plans, kinds = _LICENSING_GROUPS[title]
    return {
        "id": new_id(rng),
        "displayName": title,
        "mailNickname": title.lower().replace(" ", "-"),
        "groupTypes": [],
        "securityEnabled": True,
        "mailEnabled": False,
        "assignedLicenses": [{"skuId": E3, "disabledPlans": disabled_plans}],
        "members": [person.id for person in people if person.kind in kinds],
        "owners": [],
    }


def _unified_group(rng: random.Random, title: str, nickname: str) -> Json:
    return {
        "id": new_id(rng),
        "displayName": title,
        "mailNickname": nickname,
        "groupTypes": ["Unified"],
        "securityEnabled": False,
        "mailEnabled": True,
        "assignedLicenses": [],
        "members": [],
        "owners": [],
    }
