"""Teams: made from groups after their lag, or blindly; members in bulk; channels; archive."""

from __future__ import annotations

import pytest

from tests.unit.tenant.kit import ANN, BOB, EVE, GROUP, TEAM, Tenant, group, member, seed, with_team

STANDARD = "https://graph.microsoft.com/v1.0/teamsTemplates('standard')"


def people(tenant, team=TEAM):
    rows = tenant.get(f"/teams/{team}/members").body["value"]
    return {row["userId"]: row["roles"] for row in rows}


def test_given_a_new_group_when_made_a_team_then_404_until_the_lag_then_201():
    tenant = Tenant(seed(lag={"directory": 0, "team": [600, 600]}))
    created = tenant.post(
        "/groups",
        {
            "displayName": "Housing",
            "mailNickname": "housing",
            "mailEnabled": True,
            "securityEnabled": False,
            "groupTypes": ["Unified"],
            "owners@odata.bind": [f"https://graph.microsoft.com/v1.0/users/{EVE}"],
        },
    ).body
    path = f"/groups/{created['id']}/team"

    early = tenant.call("PUT", path, {})
    tenant.later(601)
    done, again = tenant.call("PUT", path, {}), tenant.call("PUT", path, {})

    assert (early.status, early.code) == (404, "NotFound")
    assert (done.status, again.status) == (201, 409)
    assert tenant.kinds() == ["group.created", "group.owner", "team.created", "team.owner"]
    assert tenant.effects()[2]["after"]["displayName"] == "Housing"


def test_given_a_group_without_owner_when_made_a_team_then_400():
    tenant = Tenant(seed(groups=[group(GROUP, "Any")]))

    assert "owner" in tenant.call("PUT", f"/groups/{GROUP}/team", {}).message


def test_given_a_security_group_when_made_a_team_then_400():
    secure = group(GROUP, "Any", groupTypes=[], owners=[EVE])

    assert Tenant(seed(groups=[secure])).call("PUT", f"/groups/{GROUP}/team", {}).status == 400


def test_given_a_blind_creation_when_sent_twice_then_two_teams_with_operations():
    tenant = Tenant(seed(lag={"team_create": [10, 10], "directory": 0, "team": 0}))
    body = {
        "template@odata.bind": STANDARD,
        "displayName": "Twin",
        "members": [member(EVE, "owner")],
    }

    first, second = tenant.post("/teams", body), tenant.post("/teams", body)
    running = tenant.get(first.headers["location"])
    early = tenant.get(first.headers["content-location"]).status
    tenant.later(11)
    done = tenant.get(first.headers["location"])

    assert (first.status, second.status, early) == (202, 202, 404)
    assert (running.body["status"], done.body["status"]) == ("inProgress", "succeeded")
    assert [t["displayName"] for t in tenant.get("/teams").body["value"]] == ["Twin", "Twin"]


@pytest.mark.parametrize(
    ("members", "text"),
    [([], "owner must be provided"), ([member(EVE, "owner"), member(BOB)], "more than one member")],
)
def test_given_wrong_members_when_creating_blindly_then_microsofts_text(members, text):
    body = {"template@odata.bind": STANDARD, "displayName": "X", "members": members}

    assert text in Tenant().post("/teams", body).message


def test_given_people_when_added_in_bulk_then_one_effect_each_and_visible_after_the_lag():
    tenant = Tenant(with_team(lag={"members": [60, 60], "directory": [30, 30]}))

    reply = tenant.post(f"/teams/{TEAM}/members/add", {"values": [member(ANN), member(BOB)]})
    at_once = people(tenant)
    tenant.later(61)

    assert (reply.status, at_once) == (200, {EVE: ["owner"]})
    assert people(tenant) == {EVE: ["owner"], ANN: [], BOB: []}
    assert [x["after"] for x in tenant.effects() if x["kind"] == "team.member"] == [ANN, BOB]


def test_given_people_in_a_team_when_the_directory_lag_is_over_then_the_group_has_them():
    tenant = Tenant(with_team(lag={"members": 0, "directory": [30, 30]}))
    tenant.post(f"/teams/{TEAM}/members/add", {"values": [member(ANN)]})

    before = tenant.get(f"/groups/{TEAM}/members").body["value"]
    tenant.later(31)
    tenant.get("/organization")
    tenant.later(31)

    assert before == []
    assert [x["id"] for x in tenant.get(f"/groups/{TEAM}/members").body["value"]] == [ANN]
    assert tenant.effects()[-1]["kind"] == "group.member"
    assert tenant.effects()[-1]["cause"] == "background"


def test_given_one_unknown_person_when_added_in_bulk_then_207_and_the_others_are_in():
    tenant = Tenant(with_team())

    reply = tenant.post(f"/teams/{TEAM}/members/add", {"values": [member(ANN), member("nobody")]})

    assert reply.status == 207
    assert [row["error"] and row["error"]["code"] for row in reply.body["value"]] == [
        None,
        "NotFound",
    ]
    assert ANN in people(tenant)


def test_given_everybody_in_already_when_added_then_redundant():
    tenant = Tenant(with_team())
    add = {"values": [member(ANN), member(EVE)]}
    tenant.post(f"/teams/{TEAM}/members/add", add)

    again = tenant.post(f"/teams/{TEAM}/members/add", add)

    assert again.status == 200
    assert tenant.requests()["redundant"] == {"POST /teams/{team}/members/add": 1}


@pytest.mark.parametrize(("action", "most"), [("add", 200), ("remove", 20)])
def test_given_too_many_people_when_sent_in_bulk_then_400(action, most):
    tenant = Tenant(with_team())

    reply = tenant.post(f"/teams/{TEAM}/members/{action}", {"values": [member(ANN)] * (most + 1)})

    assert (reply.status, reply.code) == (400, "BadRequest")


def test_given_members_when_removed_in_bulk_then_the_last_owner_stays():
    tenant = Tenant(with_team())
    tenant.post(f"/teams/{TEAM}/members/add", {"values": [member(ANN)]})

    reply = tenant.post(f"/teams/{TEAM}/members/remove", {"values": [member(ANN), member(EVE)]})

    assert reply.status == 207
    assert people(tenant) == {EVE: ["owner"]}


def test_given_one_person_when_added_promoted_and_deleted_then_each_shows():
    tenant = Tenant(with_team())

    added = tenant.post(f"/teams/{TEAM}/members", member(BOB))
    again = tenant.post(f"/teams/{TEAM}/members", member(BOB))
    path = f"/teams/{TEAM}/members/{added.body['id']}"
    promoted = tenant.call("PATCH", path, {**member(BOB, "owner")})
    read = tenant.get(path)
    deleted = tenant.call("DELETE", path)

    assert (added.status, again.status, deleted.status) == (201, 201, 204)
    assert promoted.body["roles"] == read.body["roles"] == ["owner"]
    assert people(tenant) == {EVE: ["owner"]}


def test_given_a_wrong_element_when_adding_then_400():
    tenant = Tenant(with_team())
    wrong = [
        {"user@odata.bind": "x"},
        {**member(ANN), "roles": ["boss"]},
        {**member(ANN), "extra": 1},
    ]

    statuses = {tenant.post(f"/teams/{TEAM}/members/add", {"values": [x]}).status for x in wrong}

    assert statuses == {400}


def test_given_a_channel_when_created_twice_then_the_second_is_refused():
    tenant = Tenant(with_team())
    body = {"displayName": "Announcements", "membershipType": "standard"}

    first, second = (tenant.post(f"/teams/{TEAM}/channels", body) for _ in range(2))

    names = [x["displayName"] for x in tenant.get(f"/teams/{TEAM}/channels").body["value"]]
    assert (first.status, second.status, names) == (201, 400, ["General", "Announcements"])
    effect = tenant.effects()[-1]
    assert (effect["kind"], effect["objectId"]) == ("channel.created", first.body["id"])
    assert effect["after"]["displayName"] == "Announcements"
    assert tenant.state()["teams"][0]["channels"] == ["General", "Announcements"]


@pytest.mark.parametrize("name", ["", "x" * 51, "a/b", None])
def test_given_a_bad_channel_name_when_created_then_400(name):
    assert Tenant(with_team()).post(f"/teams/{TEAM}/channels", {"displayName": name}).status == 400


def test_given_a_team_when_archived_twice_then_one_effect_and_an_operation():
    tenant = Tenant(with_team())

    first = tenant.call("POST", f"/teams/{TEAM}/archive")
    tenant.call("POST", f"/teams/{TEAM}/archive")

    assert first.status == 202
    assert tenant.get(first.headers["location"]).body["operationType"] == "archiveTeam"
    assert tenant.kinds() == ["team.archived"]
    assert tenant.state()["teams"][0]["archived"] is True
    assert tenant.requests()["redundant_total"] == 1


def test_given_a_team_when_changed_read_and_listed_by_user_then_it_agrees():
    tenant = Tenant(with_team())
    tenant.call("PATCH", f"/teams/{TEAM}", {"description": "Homes"})

    team = tenant.get(f"/teams/{TEAM}").body
    joined = tenant.get(f"/users/{EVE}/joinedTeams").body["value"]
    primary = tenant.get(f"/teams/{TEAM}/primaryChannel").body

    assert team["description"] == "Homes"
    assert [x["id"] for x in joined] == [TEAM]
    assert primary["displayName"] == "General"


def test_given_members_when_filtered_by_user_then_one():
    tenant = Tenant(with_team())
    clause = f"(microsoft.graph.aadUserConversationMember/userId eq '{EVE}')"

    rows = tenant.get(f"/teams/{TEAM}/members?$filter={clause}").body["value"]

    assert [row["userId"] for row in rows] == [EVE]


def test_given_a_group_of_ones_own_when_a_team_is_posted_for_it_then_it_is_that_group():
    tenant = Tenant(seed(groups=[group(GROUP, "Depot", owners=[EVE])]))
    reference = f"https://graph.microsoft.com/v1.0/groups('{GROUP}')"
    body = {"template@odata.bind": STANDARD, "group@odata.bind": reference}

    extra = tenant.post("/teams", {**body, "displayName": "X"})
    unknown = tenant.post("/teams", {**body, "group@odata.bind": reference.replace("b0", "b1", 1)})
    done = tenant.post("/teams", body)

    assert (extra.status, unknown.status, done.status) == (400, 404, 202)
    assert done.headers["content-location"] == f"/teams('{GROUP}')"


@pytest.mark.parametrize(
    "change",
    [
        {"template@odata.bind": None},
        {"displayName": ""},
        {"members": "x"},
        {"members": [member(EVE)]},
        {"nonsense": 1},
    ],
)
def test_given_a_wrong_team_when_posted_then_400(change):
    body = {"template@odata.bind": STANDARD, "displayName": "X", "members": [member(EVE, "owner")]}

    assert Tenant().post("/teams", {**body, **change}).status == 400


def test_given_teams_when_selected_filtered_and_counted_then_as_asked():
    tenant = Tenant(with_team())

    found = tenant.get("/teams?$filter=displayName eq 'Housing'&$select=id&$count=true").body
    one = tenant.get(f"/teams/{TEAM}?$select=displayName").body
    channels = tenant.get(
        f"/teams/{TEAM}/channels?$filter=displayName eq 'General'&$select=id"
    ).body

    assert (found["value"], found["@odata.count"]) == ([{"id": TEAM}], 1)
    assert one == {"displayName": "Housing", "id": TEAM}
    assert [x["displayName"] for x in channels["value"]] == ["General"]


def test_given_unknown_things_when_asked_for_then_teams_404():
    tenant = Tenant(with_team())
    paths = [
        f"/teams/{TEAM}/operations/x",
        f"/teams/{TEAM}/members/x",
        "/teams/x/members",
        f"/groups/{GROUP}/team",
    ]

    assert {tenant.get(x).code for x in paths} == {"NotFound"}


def test_given_an_owner_when_made_a_member_then_only_if_another_owner_stays():
    tenant = Tenant(with_team())
    path = f"/teams/{TEAM}/members/"
    rows = tenant.get(path.rstrip("/")).body["value"]

    refused = tenant.call("PATCH", path + rows[0]["id"], member(EVE))
    tenant.post(path.rstrip("/"), member(ANN, "owner"))
    done = tenant.call("PATCH", path + rows[0]["id"], member(EVE))

    assert (refused.status, done.body["roles"]) == (400, [])
    assert people(tenant) == {ANN: ["owner"], EVE: []}


def test_given_only_the_right_for_members_when_an_owner_is_added_then_403():
    start = with_team(grantedPermissions=["TeamMember.ReadWriteNonOwnerRole.All"])
    tenant = Tenant(start)

    statuses = [
        tenant.post(f"/teams/{TEAM}/members", x).status for x in (member(ANN), member(BOB, "owner"))
    ]

    assert statuses == [201, 403]


@pytest.mark.parametrize(
    "body", [{}, {"values": []}, {"values": ["x"]}, {"values": [member(ANN)], "extra": 1}]
)
def test_given_a_wrong_bulk_body_when_sent_then_400(body):
    assert Tenant(with_team()).post(f"/teams/{TEAM}/members/add", body).status == 400


def test_given_a_wrong_member_filter_when_asked_then_400():
    assert Tenant(with_team()).get(f"/teams/{TEAM}/members?$filter=nonsense").status == 400
