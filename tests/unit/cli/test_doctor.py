"""`rollout doctor`."""

import json

from tests.unit.cli.conftest import Rollout
from tests.unit.cli.stub_api import StubApi

GOOD = {"check": "storage", "ok": True, "detail": "Reachable.", "do": ""}
BAD = {"check": "sign_in", "ok": False, "detail": "No token.", "do": "Check the identity."}


def test_given_everything_in_order_when_asked_then_0_and_it_says_so(at_api: Rollout, api: StubApi):
    api.doctor_answer = (200, [GOOD])

    ran = at_api("doctor", "--exit-code")

    assert ran.code == 0
    assert "All 1 checks are in order." in ran.out


def test_given_something_to_do_when_asked_then_what_it_is(at_api: Rollout, api: StubApi):
    api.doctor_answer = (200, [GOOD, BAD])

    ran = at_api("doctor")

    assert ran.code == 0
    assert "No token." in ran.out
    assert "Check the identity." in ran.out
    assert "1 of 2 checks need somebody to act." in ran.out


def test_given_something_to_do_when_asked_with_exit_code_then_2(at_api: Rollout, api: StubApi):
    api.doctor_answer = (200, [BAD])

    assert at_api("doctor", "--exit-code").code == 2


def test_given_checks_when_asked_for_json_then_the_bare_list(at_api: Rollout, api: StubApi):
    api.doctor_answer = (200, [GOOD, BAD])

    assert json.loads(at_api("doctor", "-o", "json").out) == [GOOD, BAD]


def test_given_a_long_look_when_asked_then_its_result_is_waited_for(at_api: Rollout, api: StubApi):
    api.doctor_answer = (202, {"id": "op", "kind": "diagnosis"})
    api.operation = {"id": "op", "status": "succeeded", "result": {"checks": [BAD]}}

    assert json.loads(at_api("doctor", "-o", "json").out) == [BAD]


def test_given_wrong_settings_when_asked_then_they_are_a_check(at_api: Rollout, api: StubApi):
    problem = {"type": "urn:rollout:settings-wrong", "detail": "ROLLOUT_X.", "do": "Correct it."}
    api.doctor_answer = (503, problem)

    ran = at_api("doctor", "-o", "json", "--exit-code")

    expected = {"check": "settings", "ok": False, "detail": "ROLLOUT_X.", "do": "Correct it."}
    assert json.loads(ran.out) == [expected]
    assert ran.code == 2


def test_given_another_refusal_when_asked_then_1(at_api: Rollout, api: StubApi):
    api.doctor_answer = (403, {"type": "urn:rollout:role-missing", "title": "You may not."})

    ran = at_api("doctor")

    assert ran.code == 1
    assert "You may not." in ran.err
