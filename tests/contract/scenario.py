"""One walk through every operation of the contract, good and bad, against the simulator."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.unit.tenant.kit import (
    ANN,
    BOB,
    E3,
    EVE,
    GROUP,
    TEAM,
    TENANT,
    VOICE,
    Reply,
    Tenant,
    bind,
    group,
    member,
    seed,
    user,
)

JSON = {"Content-Type": "application/json"}
LICENSED = [{"skuId": E3, "disabledPlans": []}, {"skuId": VOICE, "disabledPlans": []}]
GRAPH_PRINCIPAL = "9028d19c-26a9-4809-8e3f-20ff73e2d75e"
OUR_PRINCIPAL = "33ad69f9-da99-4bed-acd0-3f24235cb296"
REFERENCE = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{ANN}"}
STANDARD = "https://graph.microsoft.com/v1.0/teamsTemplates('standard')"
ADMIN = "/admin/teams"
NUMBERS = f"{ADMIN}/telephoneNumberManagement"
ACTIVITY = {
    "topic": {"source": "text", "value": "Teams", "webUrl": "https://teams.microsoft.com/l/x"},
    "activityType": "moved",
    "previewText": {"content": "You use Teams now"},
    "templateParameters": [{"name": "wave", "value": "1"}],
}
MAIL = {
    "message": {
        "subject": "Teams",
        "body": {"contentType": "html", "content": "<p>Tomorrow</p>"},
        "toRecipients": [{"emailAddress": {"address": "ann.a@example.gov.uk"}}],
    },
    "saveToSentItems": False,
}


class Recorder:
    """Asks the simulator and keeps every exchange."""

    def __init__(self) -> None:
        self.tenant = Tenant(start())
        self.exchanges: list[tuple[str, str, dict[str, str], Any, Reply]] = []

    def __call__(
        self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        reply = self.tenant.call(method, url, body, headers)
        self.exchanges.append((method, url, headers or {}, body, reply))
        return reply


def start() -> dict[str, Any]:
    """Three people (one in Teams, one licensed by group, one without a licence) and a team."""
    ann = user(
        ANN, "ann.a@example.gov.uk", assignedLicenses=LICENSED, telephoneNumbers=["+441234567"]
    )
    ann["policies"] = {"TeamsMeetingPolicy": "AllOn"}
    licensing = group(
        GROUP,
        "LIC",
        groupTypes=[],
        securityEnabled=True,
        mailEnabled=False,
        members=[BOB],
        assignedLicenses=[{"skuId": E3, "disabledPlans": []}],
    )
    return seed(
        [
            ann,
            user(BOB, "bob.b@example.gov.uk"),
            user(EVE, "eve.e@example.gov.uk", usageLocation=None),
        ],
        groups=[licensing, group(TEAM, "Housing", owners=[EVE])],
        teams=[{"id": TEAM, "displayName": "Housing", "channels": ["General"], "archived": False}],
    )


def _users(ask: Recorder) -> None:
    every = (
        "id,accountEnabled,assignedLicenses,assignedPlans,department,displayName,employeeId,givenName,"
        "jobTitle,licenseAssignmentStates,mail,onPremisesSyncEnabled,provisionedPlans,"
        "serviceProvisioningErrors,surname,usageLocation,userPrincipalName,userType,proxyAddresses"
    )
    ask("GET", f"/users?$select={every}&$top=2")
    ask("GET", "/users")
    ask(
        "GET",
        "/users?$filter=startsWith(displayName,'a')&$count=true",
        headers={"ConsistencyLevel": "eventual"},
    )
    ask("GET", "/users/delta()?$select=id,assignedLicenses")
    ask("GET", "/groups/delta()?$select=id,displayName")
    for who in (ANN, BOB, EVE):
        ask("GET", f"/users/{who}?$select={every}")
        ask("GET", f"/users/{who}/licenseDetails")
    ask("GET", "/users/nobody")
    ask("PATCH", f"/users/{EVE}", {"usageLocation": "GB"})
    ask("POST", f"/users/{EVE}/assignLicense", {"addLicenses": LICENSED, "removeLicenses": []})
    ask("POST", f"/users/{EVE}/assignLicense", {"addLicenses": [], "removeLicenses": [GROUP]})
    ask("POST", f"/users/{BOB}/reprocessLicenseAssignment")
    ask("POST", f"/users/{BOB}/checkMemberGroups", {"groupIds": [GROUP]})
    ask("GET", f"/users/{EVE}/joinedTeams")
    ask("POST", f"/users/{ANN}/sendMail", MAIL)
    ask("POST", f"/users/{ANN}/teamwork/sendActivityNotification", ACTIVITY)
    ask("POST", f"/teams/{TEAM}/sendActivityNotification", ACTIVITY)
    ask("POST", "/directoryObjects/getByIds", {"ids": [ANN, GROUP], "types": ["user", "group"]})
    ask("GET", "/subscribedSkus")
    ask("GET", "/organization")


def _groups(ask: Recorder) -> str:
    content = {
        "displayName": "New",
        "mailNickname": "new",
        "mailEnabled": True,
        "securityEnabled": False,
        "groupTypes": ["Unified"],
        "visibility": "Private",
        "owners@odata.bind": [bind(EVE)],
    }
    ask("GET", "/groups")
    created: str = ask("POST", "/groups", content).body["id"]
    ask("POST", "/groups", content)
    wanted = {"Prefer": "create-if-missing"}
    ask("PATCH", "/groups(uniqueName='u-1')", {**content, "mailNickname": "u1"}, wanted)
    ask("PATCH", "/groups(uniqueName='u-1')", {"description": "x"}, wanted)
    ask("GET", f"/groups/{GROUP}")
    ask(
        "GET",
        f"/groups/{GROUP}?$select=assignedLicenses,licenseProcessingState,hasMembersWithLicenseErrors",
    )
    ask("PATCH", f"/groups/{created}", {"members@odata.bind": [bind(BOB)]})
    ask("GET", f"/groups/{created}/members?$top=999")
    ask("GET", f"/groups/{created}/owners")
    ask("POST", f"/groups/{created}/members/$ref", REFERENCE)
    ask("POST", f"/groups/{created}/members/$ref", REFERENCE)
    ask("DELETE", f"/groups/{created}/members/{ANN}/$ref")
    ask("POST", f"/groups/{created}/owners/$ref", REFERENCE)
    ask("PATCH", f"/groups/{GROUP}", {"members@odata.bind": [bind(ANN), bind(EVE)]})
    ask("PATCH", f"/groups/{GROUP}", {"members@odata.bind": [bind(ANN)]})
    ask("GET", f"/groups/{GROUP}?$select=licenseProcessingState")
    ask("POST", f"/groups/{GROUP}/assignLicense", {"addLicenses": LICENSED, "removeLicenses": []})
    ask("PUT", f"/groups/{created}/team", {"memberSettings": {"allowCreateUpdateChannels": True}})
    ask("GET", f"/groups/{created}/team")
    ask("DELETE", f"/groups/{GROUP}")
    return created


def _teams(ask: Recorder, team: str) -> None:
    ask("GET", "/teams")
    blind = {"template@odata.bind": STANDARD, "displayName": "T", "members": [member(EVE, "owner")]}
    location = ask("POST", "/teams", blind).headers["location"]
    operation = location.replace("('", "/").replace("')", "")
    ask("GET", operation)
    ask("GET", f"/teams/{team}")
    ask("GET", "/teams/nonsense")
    ask("PATCH", f"/teams/{team}", {"description": "d"})
    ask("GET", f"/teams/{team}/members")
    one = ask("POST", f"/teams/{team}/members", member(BOB)).body["id"]
    ask("GET", f"/teams/{team}/members/{one}")
    ask("PATCH", f"/teams/{team}/members/{one}", member(BOB, "owner"))
    ask("DELETE", f"/teams/{team}/members/{one}")
    ask("POST", f"/teams/{team}/members/add", {"values": [member(ANN)]})
    ask("POST", f"/teams/{team}/members/add", {"values": [member(ANN), member("nobody")]})
    ask("POST", f"/teams/{team}/members/remove", {"values": [member(ANN)]})
    ask("POST", f"/teams/{team}/members/remove", {"values": [member(ANN)]})
    ask("GET", f"/teams/{team}/channels")
    ask("POST", f"/teams/{team}/channels", {"displayName": "News", "membershipType": "standard"})
    ask("POST", f"/teams/{team}/channels", {"displayName": "News"})
    ask("GET", f"/teams/{team}/primaryChannel")
    ask("POST", f"/teams/{team}/archive", {"shouldSetSpoSiteReadOnlyForMembers": False})
    ask("POST", f"/teams/{team}/unarchive")


def _admin(ask: Recorder) -> None:
    for prefix in ("", "microsoft.graph.teamsAdministration."):
        path = f"{ADMIN}/policy/{prefix}getPolicyId(type='TeamsMeetingPolicy',name='Frontline')"
        policy = ask("GET", path).body["value"][0]["policyId"]
        element = {
            "@odata.type": "#microsoft.graph.teamsAdministration.teamsPolicyUserAssignment",
            "userId": EVE,
            "policyType": "TeamsMeetingPolicy",
            "policyId": policy,
        }
        assignments = f"{ADMIN}/policy/userAssignments/{prefix}"
        ask("POST", f"{assignments}assign", {"value": [element]})
        ask("POST", f"{assignments}assign", {"value": [{**element, "policyId": "x"}]})
        ask("POST", f"{assignments}unassign", {"value": [element]})
        orders = f"{NUMBERS}/numberAssignments/{prefix}"
        order = {"telephoneNumber": "+447700900001", "numberType": "directRouting"}
        whole = {**order, "assignmentTargetId": ANN, "assignmentCategory": "primary"}
        ask("POST", f"{orders}assignNumber", {**whole, "telephoneNumber": "x"})
        location = ask("POST", f"{orders}assignNumber", whole).headers["location"]
        ask("POST", f"{orders}unassignNumber", order)
        operation = location.rpartition("('")[2].removesuffix("')")
        ask("GET", f"{NUMBERS}/operations/{operation}")
    ask("GET", f"{ADMIN}/userConfigurations", headers={"Prefer": "include-unknown-enum-members"})
    ask("GET", f"{ADMIN}/userConfigurations/{ANN}")
    ask("GET", f"{ADMIN}/userConfigurations/nobody")
    ask("GET", f"{NUMBERS}/numberAssignments")


def _rest(ask: Recorder) -> None:
    ask("GET", f"/servicePrincipals/{OUR_PRINCIPAL}/appRoleAssignments")
    ask("GET", f"/servicePrincipals/{GRAPH_PRINCIPAL}/appRoleAssignedTo")
    wanted = {
        "principalId": TENANT,
        "resourceId": GRAPH_PRINCIPAL,
        "appRoleId": "b633e1c5-b582-4048-a93e-9f11b44c7e96",
    }
    ask("POST", f"/servicePrincipals/{GRAPH_PRINCIPAL}/appRoleAssignedTo", wanted)
    ask("POST", f"/servicePrincipals/{GRAPH_PRINCIPAL}/appRoleAssignedTo", wanted)
    ask(
        "POST",
        "/$batch",
        {
            "requests": [
                {"id": "1", "method": "GET", "url": f"/users/{ANN}"},
                {"id": "2", "method": "GET", "url": "/users/nobody", "dependsOn": ["1"]},
                {
                    "id": "3",
                    "method": "PATCH",
                    "url": f"/users/{BOB}",
                    "headers": JSON,
                    "body": {"usageLocation": "IE"},
                },
            ]
        },
    )


@cache
def walk() -> tuple[tuple[str, str, dict[str, str], Any, Reply], ...]:
    """Return (method, url, headers, body, reply) of every exchange."""
    ask = Recorder()
    _users(ask)
    team = _groups(ask)
    _teams(ask, team)
    _admin(ask)
    _rest(ask)
    return tuple(ask.exchanges)
