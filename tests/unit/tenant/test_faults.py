"""Injected faults: before, instead of and after the effect, and the same again from a seed."""

from __future__ import annotations

import pytest

from tests.unit.tenant.kit import ANN, BOB, E3, EVE, Tenant

ADD = {"skuId": E3, "disabledPlans": []}
PATH = "/users/*/assignLicense"


def faulty(kind, **rule):
    rules = [{"method": "POST", "path": PATH, "rate": 1, "kind": kind, "count": 1, **rule}]
    return Tenant(faults={"seed": 3, "rules": rules})


@pytest.mark.parametrize("kind", ["500", "502", "503", "504", "409"])
def test_given_an_error_fault_when_hit_then_no_effect_and_the_next_one_works(kind):
    tenant = faulty(kind)

    first, second = tenant.licence(BOB, ADD), tenant.licence(BOB, ADD)

    assert (first.status, second.status, len(tenant.effects())) == (int(kind), 200, 1)
    assert tenant.requests()["faults"] == {kind: 1}


@pytest.mark.parametrize(("wait", "header"), [(7, "7"), (None, None)])
def test_given_a_429_fault_when_hit_then_retry_after_only_if_asked(wait, header):
    reply = faulty("429", retry_after=wait).licence(BOB, ADD)

    assert (reply.status, reply.headers.get("retry-after")) == (429, header)


def test_given_an_expired_token_fault_when_hit_then_401():
    assert faulty("token_expired").licence(BOB, ADD).status == 401


def test_given_a_reset_before_when_hit_then_nothing_happened():
    tenant = faulty("reset_before")

    with pytest.raises(ConnectionResetError):
        tenant.licence(BOB, ADD)

    assert tenant.effects() == []


def test_given_a_reset_after_when_hit_then_it_happened_all_the_same():
    tenant = faulty("reset_after")

    with pytest.raises(ConnectionResetError):
        tenant.licence(BOB, ADD)

    assert tenant.kinds() == ["user.licenses"]


def test_given_a_timeout_after_when_hit_then_504_although_it_happened():
    tenant = faulty("timeout_after", delay=0.01)

    reply = tenant.licence(BOB, ADD)

    assert (reply.status, tenant.kinds()) == (504, ["user.licenses"])


def items():
    return [
        {
            "id": name,
            "method": "POST",
            "url": f"/users/{who}/assignLicense",
            "headers": {"Content-Type": "application/json"},
            "body": {"addLicenses": [ADD], "removeLicenses": []},
        }
        for name, who in (("1", ANN), ("2", BOB), ("3", EVE))
    ]


def test_given_a_partial_batch_when_hit_then_some_items_answer_503_without_effect():
    tenant = faulty("partial_batch")

    answers = tenant.batch(*items())

    failed = [x for x in answers.values() if x["status"] == 503]
    assert 0 < len(failed) < 3
    assert len(tenant.effects()) == 3 - len(failed)


def test_given_a_rule_for_the_envelope_when_hit_then_the_whole_batch_is_cut():
    tenant = Tenant(faults={"rules": [{"path": "/$batch", "kind": "reset_before", "count": 1}]})

    with pytest.raises(ConnectionResetError):
        tenant.batch(*items())

    assert tenant.effects() == []


def test_given_an_item_rule_when_batched_then_only_that_item_fails():
    rules = [
        {"method": "POST", "path": f"/users/{BOB}/assignLicense", "kind": "503", "retry_after": 4}
    ]
    tenant = Tenant(faults={"rules": rules})

    answers = tenant.batch(*items())

    assert {name: x["status"] for name, x in answers.items()} == {"1": 200, "2": 503, "3": 200}
    assert answers["2"]["headers"]["Retry-After"] == "4"


def test_given_the_same_seed_when_run_twice_then_the_same_requests_fail():
    def run():
        tenant = Tenant(faults={"seed": 11, "rules": [{"rate": 0.3, "kind": "503"}]})
        return [tenant.get("/users?$top=1").status for _ in range(50)]

    first = run()

    assert first == run()
    assert 5 < first.count(503) < 25


def _wrong(**rule):
    return {"rules": [{"kind": "503", **rule}]}


@pytest.mark.parametrize(
    "spec",
    [
        None,
        {"rule": []},
        {"seed": [1], "rules": []},
        {"seed": None, "rules": []},
        _wrong(rate=2),
        _wrong(rate=-0.1),
        _wrong(rate="often"),
        _wrong(rate=float("nan")),
        _wrong(count=float("inf")),
        _wrong(count=True),
        _wrong(retry_after=-3),
        _wrong(delay=-1),
        _wrong(method="LIST"),
        _wrong(method=7),
        _wrong(path=7),
        _wrong(retryAfter=3),
    ],
)
def test_given_a_slip_in_a_rule_when_posted_then_400_and_the_old_rules_stay(spec):
    tenant = faulty("503")

    reply = tenant.raw("POST", "/_tenant/faults", spec)

    assert reply.status == 400
    assert len(reply.body["error"]) > 20
    assert tenant.licence(BOB, ADD).status == 503


def test_given_a_path_without_its_slash_when_posted_then_understood():
    tenant = Tenant(faults={"rules": [{"kind": "503", "path": "users/*", "rate": None}]})

    assert tenant.get(f"/users/{BOB}").status == 503


@pytest.mark.parametrize(
    "spec",
    [
        [],
        {"rules": [{"kind": "nonsense"}]},
        {"rules": 1},
        {"rules": [{"kind": "503", "rate": "x"}]},
    ],
)
def test_given_a_wrong_fault_list_when_posted_then_400(spec):
    assert Tenant().raw("POST", "/_tenant/faults", spec).status == 400


def test_given_faults_posted_when_replaced_by_none_then_they_stop():
    tenant = Tenant()
    tenant.raw("POST", "/_tenant/faults", {"rules": [{"kind": "500"}]})
    broken = tenant.get("/users").status

    tenant.raw("POST", "/_tenant/faults", {"rules": []})

    assert (broken, tenant.get("/users").status) == (500, 200)
