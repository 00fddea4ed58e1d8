"""Groups: the idempotent creation, references, and the replicas that lag behind."""

from __future__ import annotations

import pytest

from tests.unit.tenant.kit import (
    ANN,
    BOB,
    E3,
    EVE,
    GROUP,
    TEAM,
    VOICE,
    Tenant,
    bind,
    group,
    seed,
    with_team,
)

CREATE = {"Prefer": "create-if-missing"}


def body(name="Housing", **more):
    return {
        "displayName": name,
        "mailNickname": name.lower(),
        "mailEnabled": True,
        "securityEnabled": False,
        "groupTypes": ["Unified"],
        "owners@odata.bind": [bind(EVE)],
        **more,
    }


def ref(object_id):
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{object_id}"}


def members(tenant, group_id):
    return {row["id"] for row in tenant.get(f"/groups/{group_id}/members?$select=id").body["value"]}


def upsert(tenant, content, headers=CREATE):
    return tenant.call("PATCH", "/groups(uniqueName='rollout-housing')", content, headers)


def test_given_no_group_when_upserted_twice_then_created_once_and_then_redundant():
    tenant = Tenant()

    first, second = upsert(tenant, body()), upsert(tenant, body())

    assert (first.status, second.status) == (201, 204)
    assert first.body["uniqueName"] == "rollout-housing"
    assert tenant.kinds() == ["group.created", "group.owner"]
    assert tenant.requests()["redundant_total"] == 1


def test_given_no_group_when_patched_without_prefer_then_404():
    assert upsert(Tenant(), body(), {}).status == 404


def test_given_a_group_when_upserted_with_another_name_then_changed():
    tenant = Tenant()
    created = upsert(tenant, body()).body

    reply = upsert(tenant, {"description": "new"})

    found = tenant.get(f"/groups/{created['id']}").body
    assert (reply.status, found["description"]) == (204, "new")
    assert tenant.requests()["redundant_total"] == 0


def test_given_a_new_group_when_read_at_once_then_404_and_missing_in_lists_until_the_lag():
    tenant = Tenant(seed(lag={"directory": [40, 40], "team": 0}))
    created = tenant.post("/groups", body()).body

    at_once = tenant.get(f"/groups/{created['id']}").status
    tenant.later(11)
    soon, listed = (
        tenant.get(f"/groups/{created['id']}").status,
        tenant.get("/groups").body["value"],
    )
    tenant.later(30)
    later = tenant.get("/groups?$filter=mailNickname eq 'housing'").body["value"]

    assert (at_once, soon, listed, len(later)) == (404, 200, [], 1)


def test_given_a_taken_nickname_when_creating_then_microsofts_text_and_no_effect():
    tenant = Tenant(seed(groups=[group(GROUP, "Housing")]))

    reply = tenant.post("/groups", body())

    assert (
        reply.message
        == "Another object with the same value for property mailNickname already exists."
    )
    assert tenant.effects() == []


@pytest.mark.parametrize(
    "change",
    [
        {"mailNickname": "with space"},
        {"mailNickname": "a" * 65},
        {"mailEnabled": False},
        {"displayName": ""},
        {"groupTypes": "Unified"},
        {"nonsense": 1},
        {"members@odata.bind": [bind(BOB)] * 20},
        {"members@odata.bind": ["nonsense"]},
        {"mailNickname": None},
    ],
)
def test_given_a_wrong_body_when_creating_then_400_and_no_effect(change):
    tenant = Tenant()

    reply = tenant.post("/groups", body(**change))

    assert (reply.status, tenant.effects()) == (400, [])


def test_given_a_member_when_added_again_then_microsofts_400():
    tenant = Tenant(seed(groups=[group(GROUP, "Any", members=[BOB])]))

    reply = tenant.post(f"/groups/{GROUP}/members/$ref", ref(BOB))

    assert "already exist for the following modified properties: 'members'" in reply.message


def test_given_twenty_at_most_when_binding_then_all_or_nothing():
    tenant = Tenant(seed(groups=[group(GROUP, "Any")]))

    wrong = tenant.call(
        "PATCH", f"/groups/{GROUP}", {"members@odata.bind": [bind(ANN), bind("nobody")]}
    )
    too_many = tenant.call("PATCH", f"/groups/{GROUP}", {"members@odata.bind": [bind(ANN)] * 21})
    nobody = members(tenant, GROUP)
    right = tenant.call("PATCH", f"/groups/{GROUP}", {"members@odata.bind": [bind(ANN), bind(BOB)]})

    assert (wrong.status, too_many.status, nobody, right.status) == (404, 400, set(), 204)
    assert members(tenant, GROUP) == {ANN, BOB}
    assert tenant.kinds() == ["group.member", "group.member"]


def test_given_a_member_when_joining_and_leaving_then_readers_see_it_after_the_lag():
    tenant = Tenant(seed(groups=[group(GROUP, "Any", members=[BOB])], lag={"directory": [20, 20]}))
    tenant.post(f"/groups/{GROUP}/members/$ref", ref(ANN))
    tenant.call("DELETE", f"/groups/{GROUP}/members/{BOB}/$ref")

    at_once = members(tenant, GROUP)
    tenant.later(21)

    assert (at_once, members(tenant, GROUP)) == ({BOB}, {ANN})
    assert tenant.effects()[1]["before"] == BOB


def test_given_the_last_owner_when_removed_then_refused():
    tenant = Tenant(with_team())

    assert tenant.call("DELETE", f"/groups/{TEAM}/owners/{EVE}/$ref").status == 400


def test_given_a_synchronised_group_when_adding_members_then_refused():
    tenant = Tenant(seed(groups=[group(GROUP, "Any", onPremisesSyncEnabled=True)]))

    assert "on-premises mastered" in tenant.post(f"/groups/{GROUP}/members/$ref", ref(ANN)).message


def test_given_a_team_when_its_group_gets_a_member_then_the_team_follows_much_later():
    tenant = Tenant(with_team(lag={"directory": 0, "group_to_team": [3600, 3600]}))
    tenant.post(f"/groups/{TEAM}/members/$ref", ref(BOB))

    before = tenant.state()["teams"][0]["members"]
    tenant.later(3601)

    assert (before, tenant.state()["teams"][0]["members"]) == ([], [BOB])
    assert [(x["kind"], x["cause"]) for x in tenant.effects()] == [
        ("group.member", "request"),
        ("team.member", "background"),
    ]


def test_given_a_group_when_deleted_then_its_team_and_name_are_gone():
    tenant = Tenant(with_team())

    assert tenant.call("DELETE", f"/groups/{TEAM}").status == 204
    assert tenant.get(f"/teams/{TEAM}").status == 404
    assert tenant.post("/groups", body()).status == 201


def test_given_membership_when_checked_then_only_groups_he_is_in():
    tenant = Tenant(seed(groups=[group(GROUP, "Any", members=[BOB])]))

    found = tenant.post(f"/users/{BOB}/checkMemberGroups", {"groupIds": [GROUP, TEAM]})
    too_many = tenant.post(f"/users/{BOB}/checkMemberGroups", {"groupIds": [GROUP] * 21})

    assert (found.body["value"], too_many.status) == ([GROUP], 400)


def test_given_groups_when_expanded_or_filtered_by_team_then_the_right_ones():
    tenant = Tenant(with_team())

    found = tenant.get(
        "/groups?$filter=resourceProvisioningOptions/Any(x:x eq 'Team')&$expand=owners"
    ).body

    [row] = found["value"]
    assert (row["id"], row["owners"][0]["id"]) == (TEAM, EVE)


def test_given_members_when_cast_to_users_then_the_same_people():
    tenant = Tenant(seed(groups=[group(GROUP, "Any", members=[BOB])]))

    rows = tenant.get(f"/groups/{GROUP}/members/microsoft.graph.user?$select=id").body["value"]

    assert [row["id"] for row in rows] == [BOB]


def test_given_a_synchronised_group_when_patched_then_refused():
    tenant = Tenant(seed(groups=[group(GROUP, "Any", onPremisesSyncEnabled=True)]))

    assert tenant.call("PATCH", f"/groups/{GROUP}", {"description": "x"}).status == 400


def test_given_a_unique_name_in_use_when_created_again_then_400():
    tenant = Tenant()
    upsert(tenant, body())

    again = tenant.post("/groups", body(name="Other", uniqueName="rollout-housing"))
    renamed = upsert(tenant, {"uniqueName": "another"})

    assert (again.status, renamed.status) == (400, 400)


@pytest.mark.parametrize("change", [{}, {"mailNickname": "depot"}, {"nonsense": 1}])
def test_given_a_wrong_patch_when_sent_then_400(change):
    tenant = Tenant(seed(groups=[group(GROUP, "Any"), group(TEAM, "Depot")]))

    assert tenant.call("PATCH", f"/groups/{GROUP}", change).status == 400


def test_given_a_renamed_team_group_when_read_then_the_team_has_the_name_too():
    tenant = Tenant(with_team())

    tenant.call("PATCH", f"/groups/{TEAM}", {"displayName": "Homes"})

    assert tenant.get(f"/teams/{TEAM}").body["displayName"] == "Homes"


def test_given_owners_when_added_and_removed_then_the_team_follows():
    tenant = Tenant(with_team())

    tenant.post(f"/groups/{TEAM}/owners/$ref", ref(ANN))
    tenant.later(1)
    joined = tenant.state()["teams"][0]["owners"]
    tenant.call("DELETE", f"/groups/{TEAM}/owners/{ANN}/$ref")
    tenant.later(1)

    assert (joined, tenant.state()["teams"][0]["owners"]) == ([EVE, ANN], [EVE])
    assert tenant.call("DELETE", f"/groups/{TEAM}/owners/{BOB}/$ref").status == 404


def test_given_a_licensing_group_when_somebody_joins_and_leaves_then_his_licence_follows():
    e3 = {"skuId": E3, "disabledPlans": []}
    tenant = Tenant(
        seed(groups=[group(GROUP, "LIC", assignedLicenses=[e3])], lag={"group_licence": 60})
    )

    def held():
        return tenant.get(f"/users/{BOB}?$select=assignedLicenses").body["assignedLicenses"]

    tenant.post(f"/groups/{GROUP}/members/$ref", ref(BOB))
    at_once = held()
    tenant.later(61)
    later = held()
    tenant.call("DELETE", f"/groups/{GROUP}/members/{BOB}/$ref")
    tenant.later(61)

    assert (at_once, later, held()) == ([], [e3], [])


def test_given_a_group_licence_when_taken_away_or_wrong_then_members_lose_it_or_400():
    e3 = {"skuId": E3, "disabledPlans": []}
    tenant = Tenant(seed(groups=[group(GROUP, "LIC", assignedLicenses=[e3], members=[BOB])]))
    path = f"/groups/{GROUP}/assignLicense"

    unknown = tenant.post(path, {"addLicenses": [{"skuId": GROUP}], "removeLicenses": []})
    unheld = tenant.post(path, {"addLicenses": [], "removeLicenses": [VOICE]})
    same = tenant.post(path, {"addLicenses": [e3], "removeLicenses": []})
    gone = tenant.post(path, {"addLicenses": [], "removeLicenses": [E3]})
    tenant.later(1)

    assert [x.status for x in (unknown, unheld, same, gone)] == [400, 400, 202, 202]
    assert tenant.requests()["redundant_total"] == 1
    assert tenant.get("/subscribedSkus").body["value"][0]["consumedUnits"] == 0


def test_given_members_when_filtered_then_only_those():
    tenant = Tenant(seed(groups=[group(GROUP, "Any", members=[ANN, BOB])]))
    path = f"/groups/{GROUP}/members?$count=true&$filter=startsWith(displayName,'Bob')"

    found = tenant.get(path, ConsistencyLevel="eventual").body

    assert ([x["id"] for x in found["value"]], found["@odata.count"]) == ([BOB], 1)
