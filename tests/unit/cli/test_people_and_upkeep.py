"""`user`, `reconcile`, `drift`, `audit`."""

import json

from tests.unit.cli.conftest import Rollout
from tests.unit.cli.stub_api import ADA, BEN, StubApi

CONVERGED = {"run_id": "r", "complete": True, "found": 0, "open": 0, "by_kind": {}, "items": []}
DRIFTED = CONVERGED | {
    "found": 1,
    "open": 1,
    "by_kind": {"licence_removed": 1},
    "items": [{"id": "1", "kind": "licence_removed", "decision": "open"}],
}


def test_given_pages_of_people_when_listed_as_json_then_everybody(at_api: Rollout):
    ran = at_api("user", "list", "-o", "json")

    assert json.loads(ran.out) == [ADA, BEN]


def test_given_people_when_listed_then_a_line_each_and_the_sum(at_api: Rollout):
    ran = at_api("user", "list")

    assert "ada@example.gov.uk" in ran.out
    assert "2 people: blocked 1, done 1" in ran.out


def test_given_an_unknown_state_when_listed_then_usage(at_api: Rollout):
    assert at_api("user", "list", "--state", "lost").code == 64


def test_given_a_person_when_shown_then_the_helpdesks_words(at_api: Rollout):
    ran = at_api("user", "show", "ada@example.gov.uk")

    assert "Can this person use Teams now? no" in ran.out
    assert "Say: Sorry." in ran.out
    assert ran.code == 0


def test_given_nobody_when_shown_then_1(at_api: Rollout):
    assert at_api("user", "show", "eve@example.gov.uk").code == 1


def test_given_a_converged_tenant_when_reconciled_then_it_says_so(at_api: Rollout, api: StubApi):
    api.drift = CONVERGED

    ran = at_api("reconcile", "--exit-code")

    assert ran.code == 0
    assert "converged" in ran.out


def test_given_drift_when_reconciled_with_exit_code_then_2(at_api: Rollout, api: StubApi):
    api.drift = DRIFTED

    ran = at_api("reconcile", "--exit-code")

    assert ran.code == 2
    assert "1 difference found" in ran.out


def test_given_an_incomplete_run_when_reconciled_then_nothing_is_claimed(
    at_api: Rollout, api: StubApi
):
    api.drift = CONVERGED | {"complete": False, "reason": "users: 503"}

    ran = at_api("reconcile", "--exit-code")

    assert ran.code == 2
    assert "converged" not in ran.out
    assert "users: 503" in ran.out


def test_given_drift_when_listed_then_every_item(at_api: Rollout, api: StubApi):
    api.drift = DRIFTED

    assert "licence_removed" in at_api("drift", "list").out


def test_given_drift_when_listed_as_json_then_the_report(at_api: Rollout, api: StubApi):
    api.drift = DRIFTED

    assert json.loads(at_api("drift", "list", "-o", "json").out) == DRIFTED


def test_given_actions_when_audited_then_who_what_and_rehearsal(at_api: Rollout):
    ran = at_api("audit")

    assert "start" in ran.out
    assert "rehearsal" in ran.out
