"""Policies, homing and Teams' own view of the users."""

from __future__ import annotations

import json

import pytest

from tests.unit.tenant.kit import ANN, BOB, E3, EVE, GUEST, Tenant, seed, user

ASSIGN = "/admin/teams/policy/userAssignments/assign"
QUALIFIED = "/admin/teams/policy/userAssignments/microsoft.graph.teamsAdministration.assign"
LICENSED = [{"skuId": E3, "disabledPlans": []}]


def homed(where, **more):
    return user(BOB, "bob.smith@example.gov.uk", sfbHoming=where, **more)


def policy_id(tenant, kind, name):
    path = f"/admin/teams/policy/getPolicyId(type='{kind}',name='{name}')"
    return tenant.get(path).body["value"][0]["policyId"]


def grant(tenant, name, kind="TeamsUpgradePolicy", path=ASSIGN, who=BOB):
    element = {
        "@odata.type": "#microsoft.graph.teamsAdministration.teamsPolicyUserAssignment",
        "userId": who,
        "policyType": kind,
        "policyId": policy_id(tenant, kind, name),
    }
    return tenant.post(path, {"value": [element]})


def mode(tenant):
    return tenant.state_of(BOB)["effectiveMode"]


def nested(reply):
    return json.loads(reply.message)["message"]


@pytest.mark.parametrize("name", ["AllOn", "Tag:AllOn", "allon"])
@pytest.mark.parametrize("prefix", ["", "microsoft.graph.teamsAdministration."])
def test_given_a_policy_name_when_resolved_then_a_collection_with_its_tag(name, prefix):
    path = f"/admin/teams/policy/{prefix}getPolicyId(type='TeamsMeetingPolicy',name='{name}')"

    [row] = Tenant().get(path).body["value"]

    assert (row["name"], len(row["policyId"])) == ("Tag:AllOn", 43)


@pytest.mark.parametrize("path", [ASSIGN, QUALIFIED])
def test_given_a_policy_when_assigned_then_204_one_effect_and_shown_after_the_lag(path):
    tenant = Tenant(seed(lag={"policy": [600, 1800]}))

    reply = grant(tenant, "AllOn", "TeamsMeetingPolicy", path)
    shown = tenant.get(f"/admin/teams/userConfigurations/{BOB}").body["effectivePolicyAssignments"]
    tenant.later(1801)
    later = tenant.get(f"/admin/teams/userConfigurations/{BOB}").body["effectivePolicyAssignments"]

    assert (reply.status, shown) == (204, [])
    assert (later[0]["policyType"], later[0]["policyAssignment"]["displayName"]) == (
        "TeamsMeetingPolicy",
        "AllOn",
    )
    [effect] = tenant.effects()
    assert effect["kind"] == "user.policy"
    assert effect["after"] == {"policyType": "TeamsMeetingPolicy", "policyName": "AllOn"}


def test_given_the_same_policy_when_assigned_again_then_redundant():
    tenant = Tenant()

    grant(tenant, "AllOn", "TeamsMeetingPolicy")
    grant(tenant, "AllOn", "TeamsMeetingPolicy")

    assert len(tenant.effects()) == 1
    assert tenant.requests()["redundant_total"] == 1


def test_given_an_unknown_policy_id_when_assigned_with_a_good_one_then_nothing_happens():
    tenant = Tenant()
    good = policy_id(tenant, "TeamsMeetingPolicy", "AllOn")
    rows = [
        {"userId": ANN, "policyType": "TeamsMeetingPolicy", "policyId": good},
        {"userId": BOB, "policyType": "TeamsMeetingPolicy", "policyId": "nonsense"},
    ]

    reply = tenant.post(ASSIGN, {"value": rows})

    assert (reply.status, reply.code, tenant.effects()) == (400, "UnknownError", [])
    assert "was not found" in nested(reply)


def test_given_a_user_on_the_server_when_granted_teams_only_then_refused_but_other_modes_work():
    tenant = Tenant(seed([homed("onPremises", policies={"TeamsUpgradePolicy": "SfBOnly"})]))

    refused = grant(tenant, "UpgradeToTeams")
    granted = grant(tenant, "Islands")

    assert (refused.status, granted.status, mode(tenant)) == (400, 204, "Islands")
    assert "homed on-premises" in nested(refused)


def test_given_skype_online_when_licensed_then_the_explicit_mode_stays_until_granted():
    tenant = Tenant(seed([homed("online", policies={"TeamsUpgradePolicy": "SfBOnly"})]))
    tenant.licence(BOB, *LICENSED)
    tenant.later(1)

    before = mode(tenant)
    grant(tenant, "UpgradeToTeams")

    assert (before, mode(tenant)) == ("SfBOnly", "TeamsOnly")


def test_given_a_cloud_user_with_teams_when_granted_islands_then_refused():
    tenant = Tenant(seed([homed("none", assignedLicenses=LICENSED)]))

    assert mode(tenant) == "TeamsOnly"
    assert "can't be assigned a mode other than TeamsOnly" in nested(grant(tenant, "Islands"))


def test_given_a_tenant_whose_graph_refuses_the_type_when_used_then_400_everywhere():
    tenant = Tenant(seed(graphTakesUpgradePolicy=False))
    element = {"userId": BOB, "policyType": "TeamsUpgradePolicy", "policyId": "x"}

    asked = tenant.get(
        "/admin/teams/policy/getPolicyId(type='TeamsUpgradePolicy',name='UpgradeToTeams')"
    )
    assigned = tenant.post(ASSIGN, {"value": [element]})

    assert (asked.status, assigned.status) == (400, 400)


def test_given_a_policy_when_unassigned_then_null_and_gone():
    tenant = Tenant(seed([homed("online", policies={"TeamsUpgradePolicy": "SfBOnly"})]))
    element = {"userId": BOB, "policyType": "TeamsUpgradePolicy"}

    reply = tenant.post("/admin/teams/policy/userAssignments/unassign", {"value": [element]})

    assert (reply.status, mode(tenant), tenant.effects()[0]["after"]) == (204, "Islands", None)


def test_given_all_kinds_of_people_when_listed_then_account_types_as_teams_has_them():
    start = seed(
        [
            user(ANN, "ann.a@example.gov.uk", sfbHoming="onPremises", assignedLicenses=LICENSED),
            user(BOB, "bob.b@example.gov.uk", sfbHoming="online"),
            user(EVE, "eve.e@example.gov.uk"),
            user(GUEST, "g.g@example.gov.uk", userType="Guest"),
            user(
                "a0000000-0000-4000-8000-000000000005", "off.o@example.gov.uk", accountEnabled=False
            ),
        ]
    )
    tenant = Tenant(start)
    path = "/admin/teams/userConfigurations"

    plain = {x["id"]: x["accountType"] for x in tenant.get(path).body["value"]}
    hidden = tenant.get(path, Prefer="include-unknown-enum-members").body["value"]

    assert plain == {ANN: "sfbOnPremUser", BOB: "user", EVE: "unknownFutureValue"}
    assert hidden[2]["accountType"] == "ineligibleUser"


def test_given_many_people_when_listing_configurations_then_pages():
    tenant = Tenant()

    first = tenant.get("/admin/teams/userConfigurations?$top=2&$select=id").body
    second = tenant.get(first["@odata.nextLink"].removeprefix("http://tenant.test/v1.0")).body

    assert [x["id"] for x in [*first["value"], *second["value"]]] == [ANN, BOB, EVE]


def test_given_one_user_when_read_by_id_and_unknown_then_the_nested_404():
    tenant = Tenant()

    found = tenant.get(f"/admin/teams/userConfigurations/{BOB}?$select=accountType")
    missing = tenant.get("/admin/teams/userConfigurations/nobody")

    assert found.body["id"] == BOB
    assert (missing.status, missing.code) == (404, "UnknownError")
    assert json.loads(missing.message)["code"] == "NotFound"


def test_given_a_missing_permission_when_calling_then_403_in_the_right_dialect():
    tenant = Tenant(seed(grantedPermissions=["User.Read.All"]))

    entra = tenant.licence(BOB, *LICENSED)
    admin = tenant.get("/admin/teams/userConfigurations")
    teams = tenant.get("/teams")

    assert (entra.status, entra.code) == (403, "Authorization_RequestDenied")
    assert (admin.status, admin.code) == (403, "forbidden")
    assert "TeamsUserConfiguration.Read.All" in admin.message
    assert (teams.status, teams.code) == (403, "Forbidden")
    assert tenant.get("/users").status == 200


def test_given_the_list_that_only_the_metadata_knows_when_read_then_404():
    assert Tenant().get("/admin/teams/policy/userAssignments").status == 404


def test_given_configurations_when_filtered_by_id_then_that_user():
    rows = Tenant().get(f"/admin/teams/userConfigurations?$filter=id eq '{BOB}'").body["value"]

    assert [row["id"] for row in rows] == [BOB]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"value": []},
        {"value": ["x"]},
        {"value": [{"userId": BOB, "nonsense": 1}]},
        {"value": [{"policyType": "TeamsMeetingPolicy", "policyId": "x"}]},
        {"value": [{"userId": "nobody", "policyType": "TeamsMeetingPolicy"}]},
        {"value": [{"userId": BOB, "policyType": "Nonsense"}]},
    ],
)
def test_given_a_wrong_assignment_when_sent_then_refused_without_effect(body):
    tenant = Tenant()

    replies = [tenant.post(ASSIGN, body), tenant.post(ASSIGN.replace("assign", "unassign"), body)]

    assert {x.status for x in replies} <= {400, 404}
    assert tenant.effects() == []
