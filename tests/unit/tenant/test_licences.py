"""Licences: every documented refusal, the seats, the union with groups, and the lag to Teams."""

from __future__ import annotations

from tests.unit.tenant.kit import (
    ANN,
    BOB,
    E3,
    ESSENTIALS,
    EVE,
    GROUP,
    TEAMS1,
    TEAMS_ESSENTIALS,
    YAMMER,
    Tenant,
    group,
    seed,
    user,
)

ADD = {"skuId": E3, "disabledPlans": []}
NO_TEAMS = {"skuId": E3, "disabledPlans": [TEAMS1]}
HALF_HOUR = 1800


def licensing_group(**more):
    return group(GROUP, "LIC", groupTypes=[], securityEnabled=True, mailEnabled=False, **more)


def seats_used(tenant, sku_id=E3):
    rows = tenant.get("/subscribedSkus").body["value"]
    return next(row["consumedUnits"] for row in rows if row["skuId"] == sku_id)


def states(tenant, object_id):
    return tenant.get(f"/users/{object_id}?$select=licenseAssignmentStates").body[
        "licenseAssignmentStates"
    ]


def test_given_a_location_when_licensed_then_entra_shows_it_at_once_and_one_effect():
    tenant = Tenant()

    reply = tenant.licence(BOB, ADD)

    plans = tenant.get(f"/users/{BOB}?$select=assignedPlans").body["assignedPlans"]
    assert reply.status == 200
    assert {(p["service"], p["capabilityStatus"]) for p in plans} >= {("TeamspaceAPI", "Enabled")}
    assert seats_used(tenant) == 1
    [effect] = tenant.effects()
    assert (effect["kind"], effect["objectId"], effect["before"]) == ("user.licenses", BOB, [])
    assert effect["after"] == [ADD]
    assert effect["cause"] == "request"


def test_given_a_held_sku_when_added_again_then_its_disabled_plans_are_replaced():
    tenant = Tenant()
    tenant.licence(BOB, {"skuId": E3, "disabledPlans": [YAMMER, TEAMS1]})

    tenant.licence(BOB, {"skuId": E3, "disabledPlans": [YAMMER]})

    assert tenant.state_of(BOB)["assignedLicenses"] == [{"skuId": E3, "disabledPlans": [YAMMER]}]
    assert seats_used(tenant) == 1


def test_given_the_same_licence_when_added_again_then_nothing_changes_and_it_is_redundant():
    tenant = Tenant()
    tenant.licence(BOB, ADD)

    reply = tenant.licence(BOB, ADD)

    assert (reply.status, len(tenant.effects())) == (200, 1)
    assert tenant.requests()["redundant"] == {"POST /users/{user}/assignLicense": 1}


def test_given_no_location_when_licensed_then_microsofts_text_and_no_seat():
    tenant = Tenant(seed([user(BOB, "bob.smith@example.gov.uk", usageLocation=None)]))

    reply = tenant.licence(BOB, ADD)

    assert (reply.status, reply.code) == (400, "Request_BadRequest")
    assert (
        reply.message == "License assignment cannot be done for user with invalid usage location."
    )
    assert seats_used(tenant) == 0


def test_given_a_location_set_just_now_when_licensed_then_some_are_not_believed_yet():
    people = [
        user(f"c0000000-0000-4000-8000-{i:012d}", f"p{i}.x@example.gov.uk", usageLocation=None)
        for i in range(40)
    ]
    tenant = Tenant(
        seed(people, seats=100, lag={"directory": 0, "location": [2, 20], "licence": 0})
    )
    ids = [row["id"] for row in people]
    for object_id in ids:
        tenant.call("PATCH", f"/users/{object_id}", {"usageLocation": "GB"})

    at_once = [tenant.licence(x, ADD).status for x in ids]
    tenant.later(21)
    afterwards = [tenant.licence(x, ADD).status for x in ids]

    assert 0 < at_once.count(400) < 25
    assert set(afterwards) == {200}


def test_given_no_seat_left_when_licensed_then_refused_but_a_holder_may_change_his():
    tenant = Tenant(seed(seats=1))
    tenant.licence(ANN, ADD)

    refused = tenant.licence(BOB, ADD)
    changed = tenant.licence(ANN, {"skuId": E3, "disabledPlans": [YAMMER]})

    assert refused.message == f"Subscription with SKU {E3} does not have any available licenses."
    assert changed.status == 200


def test_given_a_sku_the_tenant_lacks_when_added_then_its_text():
    other = "00000000-0000-0000-0000-00000000abcd"

    reply = Tenant().licence(BOB, {"skuId": other, "disabledPlans": []})

    assert reply.message == f"License {other} does not correspond to a valid company License."


def test_given_an_excluding_plan_when_added_then_refused_and_a_swap_in_one_call_works():
    tenant = Tenant()
    tenant.licence(BOB, {"skuId": ESSENTIALS, "disabledPlans": []})

    refused = tenant.licence(BOB, ADD)
    swapped = tenant.licence(BOB, ADD, remove=(ESSENTIALS,))

    assert refused.message == (
        f"License assignment failed because service plans {TEAMS1},{TEAMS_ESSENTIALS} "
        "are mutually exclusive"
    )
    assert swapped.status == 200
    assert (seats_used(tenant), seats_used(tenant, ESSENTIALS)) == (1, 0)


def test_given_an_excluding_plan_switched_off_when_added_then_it_works():
    tenant = Tenant()
    tenant.licence(BOB, {"skuId": ESSENTIALS, "disabledPlans": []})

    assert tenant.licence(BOB, NO_TEAMS).status == 200


def test_given_a_missing_dependency_when_added_then_its_text():
    start = seed()
    start["planDependencies"] = {YAMMER: [TEAMS1]}
    tenant = Tenant(start)

    assert "depends on the service plan(s)" in tenant.licence(BOB, NO_TEAMS).message


def test_given_a_licence_not_held_when_removed_then_refused():
    assert "corresponding license" in Tenant().licence(BOB, remove=(E3,)).message


def test_given_a_group_licence_when_removed_directly_then_refused():
    tenant = Tenant(seed(groups=[licensing_group(assignedLicenses=[ADD], members=[BOB])]))

    assert "inherited from a group" in tenant.licence(BOB, remove=(E3,)).message


def test_given_a_wrong_body_when_licensing_then_400():
    tenant = Tenant()
    path = f"/users/{BOB}/assignLicense"

    bodies = [
        {"addLicenses": [ADD]},
        {"addLicenses": [ADD], "removeLicenses": [], "extra": 1},
        {"addLicenses": [{"disabledPlans": []}], "removeLicenses": []},
        {"addLicenses": [{"skuId": E3, "disabledPlans": [TEAMS_ESSENTIALS]}], "removeLicenses": []},
        {"addLicenses": [ADD, ADD], "removeLicenses": []},
    ]

    assert {tenant.post(path, body).status for body in bodies} == {400}
    assert tenant.effects() == []


def test_given_two_groups_when_one_has_teams_off_then_the_union_counts_and_takes_one_seat():
    other = group(
        "b0000000-0000-4000-8000-000000000009", "LIC2", assignedLicenses=[NO_TEAMS], members=[BOB]
    )
    tenant = Tenant(seed(groups=[licensing_group(assignedLicenses=[ADD], members=[BOB]), other]))

    row = tenant.get(
        f"/users/{BOB}?$select=assignedLicenses,assignedPlans,licenseAssignmentStates"
    ).body

    assert row["assignedLicenses"] == [{"skuId": E3, "disabledPlans": []}]
    assert TEAMS1 in {
        p["servicePlanId"] for p in row["assignedPlans"] if p["capabilityStatus"] == "Enabled"
    }
    assert {
        (s["assignedByGroup"], tuple(s["disabledPlans"])) for s in row["licenseAssignmentStates"]
    } == {
        (GROUP, ()),
        (other["id"], (TEAMS1,)),
    }
    assert seats_used(tenant) == 1


def test_given_a_new_licence_when_time_passes_then_teams_works_only_after_its_lag():
    tenant = Tenant(seed(lag={"directory": 0, "licence": [300, HALF_HOUR]}))
    tenant.licence(BOB, ADD)

    def seen():
        headers = {"Prefer": "include-unknown-enum-members"}
        row = tenant.call("GET", f"/admin/teams/userConfigurations/{BOB}", headers=headers).body
        return row["accountType"], row["featureTypes"], tenant.state_of(BOB)["effectiveMode"]

    before = seen()
    tenant.later(HALF_HOUR + 1)
    after = seen()

    assert before == ("ineligibleUser", [], "Islands")
    assert after == ("user", ["Teams"], "TeamsOnly")


def test_given_a_clock_speed_when_licensed_then_the_lag_is_divided():
    tenant = Tenant(seed(lag={"licence": [HALF_HOUR, HALF_HOUR]}), clock_speed=3600)
    tenant.licence(BOB, ADD)

    tenant.later(0.6)

    assert tenant.state_of(BOB)["effectiveMode"] == "TeamsOnly"


def test_given_a_licence_taken_away_when_teams_notices_then_teams_only_stays_for_good():
    tenant = Tenant()
    tenant.licence(BOB, ADD)
    tenant.later(1)
    tenant.raw("GET", "/_tenant/state")

    tenant.licence(BOB, remove=(E3,))
    tenant.later(1)

    plans = tenant.get(f"/users/{BOB}?$select=assignedPlans").body["assignedPlans"]
    assert {p["capabilityStatus"] for p in plans} == {"Deleted"}
    assert tenant.state_of(BOB)["effectiveMode"] == "TeamsOnly"


def test_given_a_member_of_a_licensing_group_when_seats_run_out_then_the_error_is_on_the_user():
    start = seed(seats=1, groups=[licensing_group()])
    tenant = Tenant(start)
    for object_id in (ANN, BOB):
        tenant.post(
            f"/groups/{GROUP}/members/$ref",
            {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{object_id}"},
        )

    accepted = tenant.post(
        f"/groups/{GROUP}/assignLicense", {"addLicenses": [ADD], "removeLicenses": []}
    )
    tenant.later(1)
    found = tenant.get(
        f"/groups/{GROUP}?$select=licenseProcessingState,hasMembersWithLicenseErrors"
    ).body

    assert accepted.status == 202
    assert found["licenseProcessingState"] == {"state": "ProcessingComplete"}
    assert found["hasMembersWithLicenseErrors"] is True
    assert [states(tenant, x)[0]["error"] for x in (ANN, BOB)] == ["None", "CountViolation"]


def test_given_a_group_error_when_cured_then_reprocessing_gives_the_licence():
    tenant = Tenant(seed(seats=0, groups=[licensing_group(assignedLicenses=[ADD], members=[BOB])]))
    tenant.change({"op": "setSeats", "skuId": E3, "enabled": 5})

    before = states(tenant, BOB)[0]["error"]
    tenant.call("POST", f"/users/{BOB}/reprocessLicenseAssignment")
    after = states(tenant, BOB)[0]["error"]
    tenant.call("POST", f"/users/{BOB}/reprocessLicenseAssignment")

    assert (before, after) == ("CountViolation", "None")
    assert tenant.requests()["redundant_total"] == 1


def test_given_a_conflicting_direct_licence_when_grouped_then_the_group_error_says_so():
    eve = user(
        EVE,
        "eve.jones@example.gov.uk",
        assignedLicenses=[{"skuId": ESSENTIALS, "disabledPlans": []}],
    )
    tenant = Tenant(seed([eve], groups=[licensing_group(assignedLicenses=[ADD], members=[EVE])]))

    assert [s["error"] for s in states(tenant, EVE)] == ["None", "MutuallyExclusiveViolation"]


def test_given_licences_when_asked_for_details_then_plans_show_their_status():
    tenant = Tenant()
    tenant.licence(BOB, NO_TEAMS)

    [row] = tenant.get(f"/users/{BOB}/licenseDetails").body["value"]

    shown = {p["servicePlanName"]: p["provisioningStatus"] for p in row["servicePlans"]}
    assert shown == {
        "TEAMS1": "Disabled",
        "EXCHANGE_S_ENTERPRISE": "Success",
        "YAMMER_ENTERPRISE": "Success",
    }


def test_given_the_tenant_when_asked_who_it_is_then_its_id():
    [row] = Tenant().get("/organization?$select=id,displayName").body["value"]

    assert row["displayName"] == "Borough"
