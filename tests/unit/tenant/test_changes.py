"""What administrators do to the tenant, and the control interface around it."""

from __future__ import annotations

import pytest

from tests.unit.tenant.kit import ANN, BOB, E3, EVE, TEAM, TEAMS1, Tenant, seed, user, with_team

LICENSED = [{"skuId": E3, "disabledPlans": []}]
NEW = "d0000000-0000-4000-8000-000000000001"


def slow(**more):
    """A tenant in which nothing that the app does shows for a long time."""
    return Tenant(with_team(lag=[7200, 7200], **more))


def test_given_a_new_user_when_added_then_he_is_everywhere_at_once():
    tenant = slow()

    tenant.change({"op": "addUser", "user": user(NEW, "new.person@example.gov.uk")})

    listed = tenant.get("/users?$filter=userPrincipalName eq 'new.person@example.gov.uk'").body
    assert [x["id"] for x in listed["value"]] == [NEW]
    assert (tenant.effects()[0]["cause"], tenant.effects()[0]["kind"]) == ("admin", "user.updated")


def test_given_a_rename_when_patched_then_old_name_gone_and_new_one_found():
    tenant = slow()

    tenant.change(
        {"op": "patchUser", "id": BOB, "patch": {"userPrincipalName": "bob.new@example.gov.uk"}}
    )

    assert tenant.get("/users/bob.smith@example.gov.uk").status == 404
    assert tenant.get("/users/bob.new@example.gov.uk").body["id"] == BOB
    assert tenant.get("/users?$filter=userPrincipalName eq 'bob.new@example.gov.uk'").body["value"]


def test_given_a_leaver_when_deleted_and_restored_then_seat_and_teams_follow():
    tenant = slow()
    tenant.change(
        {"op": "setLicenses", "id": BOB, "assignedLicenses": LICENSED},
        {"op": "addMember", "team": TEAM, "user": BOB},
    )

    tenant.change({"op": "deleteUser", "id": BOB})
    gone = (
        tenant.get("/subscribedSkus").body["value"][0]["consumedUnits"],
        tenant.state()["teams"][0]["members"],
    )
    missing = tenant.get(f"/users/{BOB}").status
    tenant.change({"op": "restoreUser", "id": BOB})

    assert (gone, missing) == ((0, []), 404)
    assert tenant.get("/subscribedSkus").body["value"][0]["consumedUnits"] == 1
    assert tenant.state()["teams"][0]["members"] == [BOB]


@pytest.mark.parametrize(("online", "homing"), [(True, "online"), (False, "none")])
def test_given_a_server_user_when_moved_to_the_cloud_then_teams_only(online, homing):
    bob = user(
        BOB,
        "b.b@example.gov.uk",
        sfbHoming="onPremises",
        assignedLicenses=LICENSED,
        policies={"TeamsUpgradePolicy": "SfBOnly"},
    )
    tenant = Tenant(seed([bob], skypeOnline=online))

    tenant.change({"op": "moveToCloud", "id": BOB})

    row = tenant.state_of(BOB)
    config = tenant.get(f"/admin/teams/userConfigurations/{BOB}").body
    assert (row["sfbHoming"], row["effectiveMode"], config["accountType"]) == (
        homing,
        "TeamsOnly",
        "user",
    )
    assert {x["kind"] for x in tenant.effects()} == {"user.updated", "user.policy"}


def test_given_a_cloud_user_when_moved_to_the_server_then_not_teams_only():
    tenant = Tenant(seed([user(BOB, "b.b@example.gov.uk", assignedLicenses=LICENSED)]))

    tenant.change({"op": "moveToServer", "id": BOB})

    assert tenant.state_of(BOB)["effectiveMode"] == "Islands"
    assert (
        tenant.get(f"/admin/teams/userConfigurations/{BOB}").body["accountType"] == "sfbOnPremUser"
    )


def test_given_drift_of_every_kind_when_made_then_state_and_reads_show_it_at_once():
    tenant = slow()

    reply = tenant.change(
        {
            "op": "setLicenses",
            "id": BOB,
            "assignedLicenses": [{"skuId": E3, "disabledPlans": [TEAMS1]}],
        },
        {
            "op": "setPolicy",
            "id": BOB,
            "policyType": "TeamsMeetingPolicy",
            "policyName": "Frontline",
        },
        {"op": "setNumber", "id": BOB, "number": "+441"},
        {"op": "addMember", "team": TEAM, "user": BOB},
        {"op": "setSeats", "skuId": E3, "enabled": 3},
    )

    row, config = tenant.state_of(BOB), tenant.get(f"/admin/teams/userConfigurations/{BOB}").body
    assert reply.body == {"applied": 5}
    assert (row["telephoneNumbers"], row["policies"]) == (
        ["+441"],
        {"TeamsMeetingPolicy": "Frontline"},
    )
    assert config["effectivePolicyAssignments"][0]["policyAssignment"]["displayName"] == "Frontline"
    listed = {x["id"]: x for x in tenant.get("/users?$select=assignedLicenses").body["value"]}
    assert listed[BOB]["assignedLicenses"][0]["disabledPlans"] == [TEAMS1]
    assert BOB in {x["userId"] for x in tenant.get(f"/teams/{TEAM}/members").body["value"]}
    assert BOB in {x["id"] for x in tenant.get(f"/groups/{TEAM}/members").body["value"]}
    assert tenant.get("/subscribedSkus").body["value"][0]["prepaidUnits"]["enabled"] == 3


def test_given_policy_number_and_member_when_taken_away_then_gone():
    tenant = slow()
    tenant.change(
        {"op": "setPolicy", "id": BOB, "policyType": "TeamsMeetingPolicy", "policyName": "AllOn"},
        {"op": "setNumber", "id": BOB, "number": "+441"},
        {"op": "addMember", "team": TEAM, "user": BOB},
    )

    tenant.change(
        {"op": "setPolicy", "id": BOB, "policyType": "TeamsMeetingPolicy", "policyName": None},
        {"op": "setNumber", "id": BOB, "number": None},
        {"op": "removeMember", "team": TEAM, "user": BOB},
        {"op": "deleteTeam", "id": TEAM},
    )

    row = tenant.state_of(BOB)
    assert (row["policies"], row["telephoneNumbers"], tenant.state()["teams"]) == ({}, [], [])


def test_given_a_number_of_somebody_else_when_set_then_it_moves():
    tenant = slow()
    tenant.change({"op": "setNumber", "id": BOB, "number": "+441"})

    tenant.change({"op": "setNumber", "id": ANN, "number": "+441"})

    assert (tenant.state_of(BOB)["telephoneNumbers"], tenant.state_of(ANN)["telephoneNumbers"]) == (
        [],
        ["+441"],
    )


@pytest.mark.parametrize(
    "change",
    [
        {"op": "nonsense"},
        {"op": "patchUser", "id": "nobody", "patch": {}},
        {"op": "patchUser", "id": BOB},
        {"op": "addUser", "user": {"id": BOB, "userPrincipalName": "x@y"}},
        {"op": "restoreUser", "id": BOB},
        {"op": "setPolicy", "id": BOB, "policyType": "Nonsense", "policyName": "x"},
        {"op": "setLicenses", "id": BOB, "assignedLicenses": [{"skuId": "nonsense"}]},
        {"op": "addMember", "team": "nonsense", "user": BOB},
        {"op": "setSeats", "skuId": "nonsense", "enabled": 1},
    ],
)
def test_given_an_impossible_change_when_posted_then_400_and_no_effect(change):
    tenant = slow()

    assert tenant.change(change).status == 400
    assert tenant.effects() == []


@pytest.mark.parametrize(
    "change",
    [
        {"op": ["addUser"]},
        {"op": "addUser", "user": {"userPrincipalName": 7}},
        {"op": "patchUser", "id": BOB},
        {"op": "patchUser", "id": BOB, "patch": {"sfbHoming": "cloud"}},
        {"op": "patchUser", "id": BOB, "patch": {"assignedLicenses": []}},
        {"op": "patchUser", "id": BOB, "patch": {"favouriteColour": "red"}},
        {"op": "patchUser", "id": BOB, "patch": {"displayName": 7}},
        {"op": "deleteUser", "id": 7},
        {"op": "setLicenses", "id": BOB},
        {"op": "setLicenses", "id": BOB, "assignedLicenses": [{"skuId": E3, "disabledPlans": "x"}]},
        {"op": "setPolicy", "id": BOB, "policyType": "TeamsMeetingPolicy"},
        {"op": "setPolicy", "id": BOB, "policyType": "TeamsMeetingPolicy", "policyName": ["AllOn"]},
        {"op": "setNumber", "id": BOB, "number": "ext. 12"},
        {"op": "addMember", "team": TEAM, "id": BOB},
        {"op": "setSeats", "skuId": E3, "enabled": -1},
        {"op": "setSeats", "skuId": E3, "enabled": True},
    ],
)
def test_given_one_malformed_change_in_a_list_when_posted_then_400_and_none_is_made(change):
    tenant = Tenant(with_team())

    reply = tenant.change({"op": "deleteUser", "id": ANN}, change)

    assert reply.status == 400
    assert len(reply.body["error"]) > 20
    assert tenant.effects() == []


def test_given_a_change_that_cannot_be_made_when_posted_then_it_says_how_many_were():
    tenant = Tenant()

    reply = tenant.change(
        {"op": "patchUser", "id": BOB, "patch": {"department": "Parks"}},
        {"op": "setPolicy", "id": BOB, "policyType": "TeamsMeetingPolicy", "policyName": "Nope"},
    )

    assert (reply.status, reply.body["error"]) == (
        400,
        "setPolicy: unknown policyName; 1 of 2 changes were made",
    )
    assert tenant.kinds() == ["user.updated"]


def test_given_changes_when_reset_then_as_at_the_start():
    tenant = Tenant()
    before = tenant.state()
    tenant.licence(BOB, *LICENSED)

    tenant.raw("POST", "/_tenant/reset")

    assert tenant.state() == before
    assert (tenant.effects(), tenant.requests()["total"]) == ([], 0)


def test_given_effects_when_read_after_a_number_then_only_the_newer_ones():
    tenant = Tenant()
    for who in (ANN, BOB, EVE):
        tenant.licence(who, *LICENSED)

    lines = tenant.raw("GET", "/_tenant/effects?after=2").body.splitlines()

    assert len(lines) == 1
    assert [x["seq"] for x in tenant.effects()] == [1, 2, 3]
    assert set(tenant.effects()[0]) == {
        "seq",
        "at",
        "received_at",
        "cause",
        "kind",
        "objectId",
        "before",
        "after",
        "request_id",
    }


@pytest.mark.parametrize(
    ("method", "name"), [("GET", "nonsense"), ("POST", "state"), ("DELETE", "state")]
)
def test_given_an_unknown_control_when_asked_then_404(method, name):
    assert Tenant().raw(method, f"/_tenant/{name}").status == 404


def test_given_thousands_of_effects_when_read_then_all_and_in_order():
    tenant = Tenant()
    for number in range(2100):
        where = ("IE", "FR")[number % 2]
        tenant.change({"op": "patchUser", "id": BOB, "patch": {"usageLocation": where}})

    every = [x["seq"] for x in tenant.effects()]
    tail = tenant.raw("GET", "/_tenant/effects?after=2040").body.splitlines()

    assert every == list(range(1, 2101))
    assert len(tail) == 60


@pytest.mark.parametrize(
    ("path", "body"), [("changes", b"{"), ("changes", b"{}"), ("changes", b"[1]")]
)
def test_given_nonsense_when_posted_then_400(path, body):
    assert Tenant().raw("POST", f"/_tenant/{path}", body).status == 400


def test_given_a_wrong_number_when_effects_are_asked_for_then_400():
    assert Tenant().raw("GET", "/_tenant/effects?after=x").status == 400
