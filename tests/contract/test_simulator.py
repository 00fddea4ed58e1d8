"""The simulator speaks Microsoft Graph: every answer (and every request of the walk) is valid."""

from __future__ import annotations

import pytest

from tests.contract import openapi
from tests.contract.scenario import start, walk
from tests.unit.tenant.kit import BOB, Tenant

pytestmark = pytest.mark.skipif(not openapi.CONTRACT.exists(), reason=openapi.REASON)


def test_given_every_operation_when_walked_then_every_answer_is_valid():
    wrong = {
        f"{method} {url} -> {reply.status}": found
        for method, url, _, _, reply in walk()
        if (found := openapi.check_answer(method, url, reply.status, reply.headers, reply.body))
    }

    assert wrong == {}


def test_given_every_operation_when_walked_then_every_good_request_is_valid():
    wrong = {
        f"{method} {url}": found
        for method, url, headers, body, reply in walk()
        if reply.status < 400 and (found := openapi.check_request(method, url, headers, body))
    }

    assert wrong == {}


def test_given_the_contract_when_compared_with_the_walk_then_every_operation_succeeds_once():
    seen = {
        (method, openapi.path_of(url)) for method, url, _, _, reply in walk() if reply.status < 300
    }

    assert openapi.operations() - seen == set()


def test_given_items_of_a_batch_when_answered_then_each_body_is_valid():
    requests = [
        {"id": "1", "method": "GET", "url": f"/users/{BOB}"},
        {"id": "2", "method": "GET", "url": "/groups"},
        {"id": "3", "method": "GET", "url": "/users/nobody"},
    ]
    answers = Tenant(start()).batch(*requests)

    for item in requests:
        answer = answers[item["id"]]
        headers = {k.lower(): v for k, v in answer["headers"].items()}
        assert (
            openapi.check_answer("GET", item["url"], answer["status"], headers, answer["body"])
            == []
        )


def test_given_throttling_when_refused_then_the_429_is_valid():
    tenant = Tenant(start(), limits=0.001)
    replies = [tenant.get("/users") for _ in range(5)]

    assert replies[-1].status == 429
    assert openapi.check_answer("GET", "/users", 429, replies[-1].headers, replies[-1].body) == []


def test_given_a_wrong_answer_when_checked_then_the_validator_notices():
    body = {"value": [{"id": 5, "accountEnabled": "yes"}]}

    assert len(openapi.check_answer("GET", "/users", 200, {}, body)) == 2
    assert openapi.check_answer("GET", "/nonsense", 200, {}, {}) != []
    assert openapi.check_request("POST", "/users/x/assignLicense", {}, {"addLicenses": []}) != []
