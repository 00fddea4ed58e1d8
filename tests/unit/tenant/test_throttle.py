"""The published limits, with Graph's own headers and bodies."""

from __future__ import annotations

import pytest

from teams_rollout.tenant.limits import entra
from teams_rollout.tenant.throttle import Bucket, Window, unit_cost
from tests.unit.tenant.kit import ANN, BOB, TEAM, Tenant, member, seed, user, with_team

LOCATION = ("GB", "IE")


def patch(tenant, number):
    body = {"usageLocation": LOCATION[number % 2]}
    return tenant.call("PATCH", f"/users/{BOB}", body)


def test_given_three_thousand_writes_when_one_more_within_150_seconds_then_429():
    tenant = Tenant(limits=0.01)
    statuses = [patch(tenant, i).status for i in range(30)]

    refused = patch(tenant, 31)

    assert set(statuses) == {204}
    assert (refused.status, refused.code) == (429, "Request_ThrottledTemporarily")
    assert refused.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    assert refused.headers["x-ms-throttle-scope"].startswith("Tenant_Application/Write/")
    assert int(refused.headers["retry-after"]) == 150
    assert tenant.requests()["throttled"] == 1


def test_given_a_refusal_when_waiting_as_told_then_the_next_write_passes():
    tenant = Tenant(limits=0.01)
    for i in range(30):
        patch(tenant, i)
    wait = int(patch(tenant, 30).headers["retry-after"])

    tenant.later(wait)

    assert patch(tenant, 30).status == 204


def test_given_the_window_model_when_time_is_short_then_no_token_comes_back():
    window = Tenant(limits=0.01)
    bucket = Tenant(limits=0.01, quota_model="bucket")
    for tenant in (window, bucket):
        for i in range(30):
            patch(tenant, i)
        tenant.later(10)

    assert (patch(window, 30).status, patch(bucket, 30).status) == (429, 204)


def test_given_most_of_the_quota_used_when_asking_then_the_percentage_shows():
    tenant = Tenant(limits=0.01)

    replies = [patch(tenant, i) for i in range(30)]

    assert "x-ms-throttle-limit-percentage" not in replies[10].headers
    assert replies[29].headers["x-ms-throttle-limit-percentage"] == "1.00"


def test_given_a_small_tenant_when_reading_too_much_then_the_unit_limit():
    tenant = Tenant(limits=0.01)

    replies = [tenant.get("/users") for _ in range(18)]

    assert [x.status for x in replies].count(200) == 17
    assert replies[-1].code == "TooManyRequests"
    assert replies[-1].headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert replies[0].headers["x-ms-resource-unit"] == "2"


@pytest.mark.parametrize(
    ("base", "query", "units"),
    [
        (2, {}, 2),
        (2, {"$select": "id"}, 1),
        (2, {"$select": "id", "$top": "5"}, 1),
        (1, {"$expand": "members"}, 2),
        (5, {"$select": "id"}, 2),
    ],
)
def test_given_query_options_when_priced_then_as_published(base, query, units):
    call = type("Call", (), {"query": query})()

    assert unit_cost(entra(base), call) == units


def test_given_one_team_when_a_fifth_member_request_within_a_minute_then_429_for_that_team_only():
    tenant = Tenant(with_team(), limits=1)
    path, body = f"/teams/{TEAM}/members/add", {"values": [member(ANN)]}

    statuses = [tenant.post(path, body).status for _ in range(4)]
    refused = tenant.post(path, body)
    single = tenant.post(f"/teams/{TEAM}/members", member(ANN))
    tenant.later(int(refused.headers["retry-after"]) + 60)

    assert statuses == [200] * 4
    assert (refused.status, refused.code, single.status) == (429, "TooManyRequests", 429)
    assert tenant.post(path, body).status == 200


def test_given_a_burst_in_the_bucket_model_when_members_are_added_then_still_four_a_minute():
    tenant = Tenant(with_team(), limits=1, quota_model="bucket")
    body = {"values": [member(ANN)]}

    first = [tenant.post(f"/teams/{TEAM}/members/add", body).status for _ in range(4)]
    tenant.later(30)

    assert first == [200] * 4
    assert tenant.post(f"/teams/{TEAM}/members/add", body).status == 429


def test_given_teams_administration_when_asked_31_times_in_a_second_then_429():
    tenant = Tenant(limits=1)

    statuses = [tenant.get("/admin/teams/userConfigurations").status for _ in range(31)]

    assert statuses == [200] * 30 + [429]


def test_given_two_applications_when_both_write_then_each_has_its_own_quota():
    tenant = Tenant(limits=0.01)
    for i in range(30):
        patch(tenant, i)
    token = tenant.raw(
        "POST",
        "/common/oauth2/v2.0/token",
        b"grant_type=client_credentials&client_id=other&client_secret=x"
        b"&scope=https://graph.microsoft.com/.default",
    ).body["access_token"]

    other = tenant.call(
        "PATCH",
        f"/users/{BOB}",
        {"usageLocation": "FR"},
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )

    assert other.status == 204


def test_given_a_batch_when_over_the_limit_then_items_are_refused_one_by_one():
    people = [
        user(f"c0000000-0000-4000-8000-{i:012d}", f"p{i}.x@example.gov.uk") for i in range(20)
    ]
    tenant = Tenant(seed(people), limits=0.004)
    items = [
        {
            "id": str(i),
            "method": "PATCH",
            "url": f"/users/{row['id']}",
            "headers": {"Content-Type": "application/json"},
            "body": {"usageLocation": "IE"},
        }
        for i, row in enumerate(people)
    ]

    answers = tenant.batch(*items)

    refused = [x for x in answers.values() if x["status"] == 429]
    assert len(refused) == 8
    assert all("Retry-After" in x["headers"] for x in refused)
    assert tenant.requests()["throttled"] == 8
    assert tenant.requests()["peak"]["entra_writes_per_150_seconds"] == 20


def test_given_meters_when_used_up_then_they_tell_the_time_to_wait():
    window, bucket = Window(2, 10), Bucket(2, 10)
    for meter in (window, bucket):
        assert [meter.take(1, 100.0), meter.take(1, 101.0)] == [0.0, 0.0]

    assert window.take(1, 102.0) == pytest.approx(9.0)
    assert bucket.take(1, 102.0) == pytest.approx(8.0)
