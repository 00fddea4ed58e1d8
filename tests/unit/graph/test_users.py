"""People in Entra: whole reads or none, and one answer per person."""

import httpx
import pytest

from graph.errors import GraphReadError
from graph.users import get_user, get_users, list_users, set_usage_locations
from teams_rollout.domain.vocabulary import Outcome

ANN = {
    "id": "ann",
    "userPrincipalName": "ann@example.org",
    "mail": None,
    "usageLocation": "GB",
    "licenseAssignmentStates": [
        {"skuId": "e3", "disabledPlans": ["p"], "assignedByGroup": None, "state": "Active"},
        {"skuId": "f1", "assignedByGroup": "g1", "state": "Error", "error": "CountViolation"},
    ],
    "assignedPlans": [
        {"servicePlanId": "p1", "service": "TeamspaceAPI", "capabilityStatus": "Enabled"}
    ],
}


async def test_given_two_pages_when_listing_users_then_both_are_read_with_select(
    microsoft, session, script
):
    next_link = "http://127.0.0.1:9/v1.0/users?$skiptoken=2"
    microsoft.on(
        "GET",
        "/users",
        script(body={"value": [ANN], "@odata.nextLink": next_link}),
        script(body={"value": [{"id": "bob"}]}),
    )

    users = await list_users(session)

    assert [user.id for user in users] == ["ann", "bob"]
    assert microsoft.received[0].query["$top"] == "999"
    assert "licenseAssignmentStates" in microsoft.received[0].query["$select"]
    assert microsoft.received[1].query == {"$skiptoken": "2"}


async def test_given_nulls_and_group_licenses_when_reading_then_they_are_told_apart(
    microsoft, session, script
):
    microsoft.on("GET", "/users/ann", script(body=ANN))

    user = await get_user(session, "ann")

    assert user is not None
    assert (user.upn, user.mail, user.usage_location) == ("ann@example.org", "", "GB")
    direct, inherited = user.license_states
    assert (direct.assigned_by_group, direct.disabled_plans) == ("", ("p",))
    assert (inherited.assigned_by_group, inherited.error) == ("g1", "CountViolation")
    assert user.assigned_plans[0].capability_status == "Enabled"


async def test_given_an_unreadable_second_page_when_listing_then_nothing_is_returned(
    microsoft, session, script
):
    next_link = "http://127.0.0.1:9/v1.0/users?$skiptoken=2"
    microsoft.on(
        "GET",
        "/users",
        script(body={"value": [ANN], "@odata.nextLink": next_link}),
        script(status=500),
    )

    with pytest.raises(GraphReadError) as caught:
        await list_users(session)

    assert caught.value.code == "microsoft_unavailable"
    assert len(microsoft.received) == 5  # the page that failed was tried four times


@pytest.mark.parametrize(
    "body", ["<html>", {"users": []}, {"value": "none"}, {"value": [{"upn": "no id"}]}]
)
async def test_given_an_answer_that_is_not_a_collection_of_users_when_listing_then_it_is_an_error(
    microsoft, session, script, body
):
    microsoft.on("GET", "/users", script(body=body))

    with pytest.raises(GraphReadError) as caught:
        await list_users(session)

    assert caught.value.code == "unexpected_answer"
    assert "no id" not in str(caught.value)


async def test_given_a_next_link_to_another_host_when_listing_then_our_token_does_not_go_there(
    microsoft, session, script
):
    elsewhere = "http://evil.example/v1.0/users"
    microsoft.on("GET", "/users", script(body={"value": [], "@odata.nextLink": elsewhere}))

    with pytest.raises(GraphReadError):
        await list_users(session)

    assert len(microsoft.received) == 1


async def test_given_nobody_with_the_id_when_reading_one_then_absence_is_proved(
    microsoft, session, script, refused
):
    microsoft.on("GET", "/users/gone", script(status=404, body=refused("gone")))

    assert await get_user(session, "gone") is None


async def test_given_a_server_error_when_reading_one_then_it_is_no_proof_of_absence(
    microsoft, session, script
):
    microsoft.on("GET", "/users/ann", script(raises=httpx.ReadTimeout("slow")))

    with pytest.raises(GraphReadError):
        await get_user(session, "ann")


async def test_given_more_ids_than_a_filter_takes_when_getting_users_then_calls_are_split(
    microsoft, session, script
):
    people = [{"id": f"u{n}", "userPrincipalName": f"u{n}@llanfair.example"} for n in range(16)]
    microsoft.on(
        "GET", "/users", script(body={"value": people[:15]}), script(body={"value": [people[15]]})
    )

    found = await get_users(session, [p["id"] for p in people])

    assert list(found) == [p["id"] for p in people]
    assert [r.query["$filter"].count("'u") for r in microsoft.received] == [15, 1]
    assert all(r.query["$select"] for r in microsoft.received)


async def test_given_a_list_that_lacks_somebody_when_getting_users_then_they_are_asked_for_by_id(
    microsoft, session, script, refused
):
    microsoft.on("GET", "/users", script(body={"value": []}))
    microsoft.on("GET", "/users/ann", script(body=ANN))
    microsoft.on("GET", "/users/gone", script(status=404, body=refused("gone")))

    found = await get_users(session, ["ann", "gone"])

    assert set(found) == {"ann"}


async def test_given_one_bad_person_when_setting_locations_then_only_he_is_refused(
    microsoft, session, script, refused
):
    microsoft.on("PATCH", "/users/u1", script(status=204))
    microsoft.on("PATCH", "/users/u2", script(status=404, body=refused("none", code="NotFound")))

    results = await set_usage_locations(session, [("u1", "GB"), ("u2", "IE")])

    assert [(r.key, r.outcome, r.code) for r in results] == [
        ("u1", Outcome.APPLIED, ""),
        ("u2", Outcome.BLOCKED, "user_not_found"),
    ]
    assert [r.body["usageLocation"] for r in microsoft.received] == ["GB", "IE"]
    assert len(microsoft.envelopes) == 1
