"""$batch: 200 outside whatever happens inside."""

from __future__ import annotations

import pytest

from tests.unit.tenant.kit import ANN, BOB, GROUP, Tenant, group, seed

JSON = {"Content-Type": "application/json"}


def patch(name, who, location="IE", **more):
    body = {"usageLocation": location}
    return {
        "id": name,
        "method": "PATCH",
        "url": f"/users/{who}",
        "headers": JSON,
        "body": body,
        **more,
    }


def test_given_mixed_items_when_sent_then_each_has_its_own_status_and_body():
    answers = Tenant().batch(
        {"id": "a", "method": "GET", "url": f"/users/{BOB}?$select=id"},
        {"id": "b", "method": "GET", "url": "/users/nobody"},
        patch("c", ANN),
    )

    assert {k: v["status"] for k, v in answers.items()} == {"a": 200, "b": 404, "c": 204}
    assert answers["a"]["body"]["id"] == BOB
    assert answers["b"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert "body" not in answers["c"]


def test_given_an_encoded_url_when_sent_then_apostrophes_are_understood():
    url = "/users/ann.o%27brien%40example.gov.uk?$select=id&$expand="

    answers = Tenant().batch({"id": "1", "method": "GET", "url": url.partition("&")[0]})

    assert answers["1"]["body"]["id"] == ANN


def test_given_a_failed_dependency_when_sent_then_424_and_no_effect():
    tenant = Tenant()

    answers = tenant.batch(patch("1", "nobody"), patch("2", BOB, dependsOn=["1"]))

    assert answers["2"]["status"] == 424
    assert tenant.effects() == []


def test_given_two_parallel_writes_on_one_user_when_sent_then_409_but_in_sequence_both_work():
    tenant = Tenant()

    parallel = tenant.batch(patch("1", BOB, "IE"), patch("2", BOB, "FR"))
    sequence = tenant.batch(patch("1", BOB, "DE"), patch("2", BOB, "FR", dependsOn=["1"]))

    assert [parallel[x]["status"] for x in "12"] == [204, 409]
    assert parallel["2"]["body"]["error"]["code"] == "Directory_ConcurrencyViolation"
    assert [sequence[x]["status"] for x in "12"] == [204, 204]


def test_given_one_group_when_members_are_added_in_parallel_then_all_but_one_conflict():
    tenant = Tenant(seed(groups=[group(GROUP, "Any")]))
    items = [
        {
            "id": str(i),
            "method": "POST",
            "url": f"/groups/{GROUP}/members/$ref",
            "headers": JSON,
            "body": {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{who}"},
        }
        for i, who in enumerate((ANN, BOB))
    ]

    assert sorted(x["status"] for x in tenant.batch(*items).values()) == [204, 409]


@pytest.mark.parametrize(
    "url",
    ["https://graph.microsoft.com/v1.0/users", "http://tenant.test/v1.0/users", "/v1.0/users"],
)
def test_given_an_absolute_url_when_sent_then_that_item_is_400(url):
    assert Tenant().batch({"id": "1", "method": "GET", "url": url})["1"]["status"] == 400


@pytest.mark.parametrize("missing", ["headers", "body"])
def test_given_a_write_without_type_or_body_when_sent_then_nothing_of_the_envelope_runs(missing):
    tenant, poor = Tenant(), patch("2", BOB)
    del poor[missing]

    reply = tenant.post("/$batch", {"requests": [patch("1", ANN), poor]})

    assert (reply.status, reply.code) == (400, "BadRequest")
    assert "Write request id : 2" in reply.message
    assert tenant.effects() == []


def test_given_numbers_as_ids_and_small_letters_when_sent_then_understood():
    items = [
        {"id": 1, "method": "get", "url": f"/users/{BOB}"},
        {**patch("2", BOB, dependsOn=[1]), "method": "patch"},
    ]

    reply = Tenant().post("/$batch", {"requests": items})

    assert {x["id"]: x["status"] for x in reply.body["responses"]} == {"1": 200, "2": 204}


@pytest.mark.parametrize(
    "requests",
    [
        [{"id": str(i), "method": "GET", "url": "/users"} for i in range(21)],
        [
            {"id": "a", "method": "GET", "url": "/users"},
            {"id": "A", "method": "GET", "url": "/users"},
        ],
        [{"method": "GET", "url": "/users"}],
        [{"id": "1", "method": "LIST", "url": "/users"}],
        [{"id": "1", "method": "GET", "url": "/users", "dependsOn": ["2"]}],
        [{"id": "1", "method": "GET", "url": "/users", "dependsOn": "0"}],
        [],
        "nonsense",
    ],
)
def test_given_a_wrong_envelope_when_sent_then_400_as_a_whole(requests):
    assert Tenant().post("/$batch", {"requests": requests}).status == 400


def test_given_a_batch_when_counted_then_one_per_item_and_the_envelope_apart():
    tenant = Tenant()

    tenant.batch(patch("1", BOB), {"id": "2", "method": "GET", "url": "/users"})

    report = tenant.requests()
    assert (report["total"], report["writes"], report["reads"], report["batches"]) == (2, 1, 1, 1)
    assert report["by_route"]["PATCH /users/{user}"] == {"204": 1}


def test_given_an_effect_of_an_item_when_traced_then_its_request_id_belongs_to_the_envelope():
    tenant = Tenant()

    reply = tenant.post("/$batch", {"requests": [patch("1", BOB)]})

    assert tenant.effects()[0]["request_id"][:-2] == reply.headers["request-id"][:-2]
