"""`waves`, `wave show`, `plan`, `start`, `watch`, `decide`."""

import json

from tests.unit.cli.conftest import Rollout
from tests.unit.cli.stub_api import PILOT, StubApi

RUNNING = {
    "wave": "pilot",
    "state": "running",
    "users": 2,
    "batches": {"total": 1, "accepted": 0, "in_flight": 1},
    "steps": [{"step": "license", "done": 1, "applied": 1}],
    "causes": [{"code": "waiting_for_microsoft", "count": 1}],
}
CLOSED = RUNNING | {"state": "completed", "causes": []}


def test_given_waves_when_listed_as_json_then_the_whole_list(at_api: Rollout):
    ran = at_api("waves", "--output", "json")

    assert ran.code == 0
    assert [wave["wave"] for wave in json.loads(ran.out)] == ["pilot"]


def test_given_waves_when_listed_then_in_the_order_in_which_they_go(at_api: Rollout, api: StubApi):
    api.waves = [PILOT | {"wave": "second", "position": 2}, PILOT | {"wave": "first"}]

    ran = at_api("waves")

    assert ran.out.index("first") < ran.out.index("second")


def test_given_a_wave_that_needs_somebody_when_listed_with_exit_code_then_2(
    at_api: Rollout, api: StubApi
):
    api.waves = [PILOT | {"state": "halted"}]

    assert at_api("waves").code == 0
    assert at_api("waves", "--exit-code").code == 2


def test_given_an_unknown_wave_when_shown_then_the_apis_words(at_api: Rollout):
    ran = at_api("wave", "show", "nope")

    assert ran.code == 1
    assert "no wave of this name" in ran.err


def test_given_a_wave_when_shown_then_state_and_codes(at_api: Rollout):
    ran = at_api("wave", "show", "pilot")

    assert "not_started 2" in ran.out
    assert ran.code == 0


def test_given_a_plan_when_made_then_changes_of_all_pages_and_short_licences(at_api: Rollout):
    ran = at_api("plan", "pilot")

    assert "2 for 1 person" in ran.out
    assert "SPE_E3" in ran.out
    assert "Nothing has been changed." in ran.out


def test_given_a_plan_when_made_as_json_then_all_changes(at_api: Rollout):
    ran = at_api("plan", "pilot", "-o", "json", "--exit-code")

    assert len(json.loads(ran.out)["changes"]) == 2
    assert ran.code == 2


def test_given_another_word_when_deciding_then_usage_and_nothing_is_sent(
    at_api: Rollout, api: StubApi
):
    ran = at_api("decide", "pilot", "maybe")

    assert ran.code == 64
    assert "extend" in ran.err
    assert api.seen == []


def test_given_a_closed_wave_when_started_then_nothing_to_do_and_0(at_api: Rollout, api: StubApi):
    answer = {"result": "nothing_to_do", "wave": PILOT | {"state": "completed"}}
    api.start_answer = (200, answer)

    ran = at_api("start", "pilot")

    assert ran.code == 0
    assert "nothing to do" in ran.out.lower()


def test_given_a_draft_wave_when_started_then_it_waits_for_the_operation(at_api: Rollout):
    ran = at_api("start", "pilot", "--allow-shortage")

    assert ran.code == 0
    assert "has started" in ran.out


def test_given_short_licences_when_started_then_the_reason_and_1(at_api: Rollout, api: StubApi):
    api.operation = {
        "status": "failed",
        "kind": "start",
        "error": {"message": "3 licences are short.", "do": "Add --allow-shortage."},
    }

    ran = at_api("start", "pilot")

    assert ran.code == 1
    assert "3 licences are short." in ran.err


def test_given_a_wave_that_does_not_start_when_started_then_why_and_1(
    at_api: Rollout, api: StubApi
):
    seats = [
        {"sku": "SPE_E3", "needed": 29, "free": 24, "short": 5},
        {"sku": "SPE_F1", "needed": 2, "free": 7, "short": 0},
    ]
    result = {"started": False, "reason": "5 people would get no licence.", "seats": seats}
    api.operation = {"status": "succeeded", "result": result}

    ran = at_api("start", "pilot")

    assert ran.code == 1
    assert "not started. 5 people would get no licence. (SPE_E3: 29 needed, 24 free)" in ran.err
    assert "has started" not in ran.out


def test_given_live_when_the_name_is_typed_wrong_then_nothing_starts(
    at_api: Rollout, api: StubApi, stdin
):
    api.environment = "LIVE"
    stdin("pilto\n")

    ran = at_api("start", "pilot")

    assert ran.code == 1
    assert api.seen == []
    assert "LIVE" in ran.err


def test_given_live_when_the_name_is_typed_then_it_starts(at_api: Rollout, api: StubApi, stdin):
    api.environment = "LIVE"
    stdin("pilot\n")

    assert at_api("start", "pilot").code == 0
    assert api.seen == [("/api/v1/waves/pilot/start", {"allow_shortage": False})]


def test_given_live_and_yes_when_started_then_nobody_is_asked(at_api: Rollout, api: StubApi):
    api.environment = "LIVE"

    assert at_api("start", "pilot", "--yes").code == 0


def test_given_a_running_wave_when_watched_then_plain_lines_until_it_closes(
    at_api: Rollout, api: StubApi
):
    api.progress = [RUNNING, RUNNING, CLOSED]

    ran = at_api("watch", "pilot")

    lines = ran.out.splitlines()
    assert ran.code == 0
    assert len(lines) == 3  # running once, completed, the closing sentence
    assert "waiting_for_microsoft 1" in lines[0]
    assert lines[-1].startswith("Wave pilot: completed.")


def test_given_a_halted_wave_when_watched_then_it_ends_with_1_and_the_reason(
    at_api: Rollout, api: StubApi
):
    api.progress = [RUNNING | {"state": "halted", "reason": "gate: 3 failed"}]

    ran = at_api("watch", "pilot")

    assert ran.code == 1
    assert "gate: 3 failed" in ran.out


def test_given_json_when_watched_then_only_where_it_ended(at_api: Rollout, api: StubApi):
    api.progress = [RUNNING, CLOSED]

    assert json.loads(at_api("watch", "pilot", "-o", "json").out)["state"] == "completed"


def test_given_a_decision_when_recorded_then_it_is_sent_with_its_reason(
    at_api: Rollout, api: StubApi
):
    ran = at_api("decide", "pilot", "go", "--reason", "fine")

    sent = ("/api/v1/waves/pilot/decision", {"decision": "go", "reason": "fine"})
    assert ran.code == 0
    assert api.seen == [sent]
