"""Orchestrations on the local host behave as on Azure."""

import json
import time

import pytest

from tests.acceptance.localhost.host_process import HostProcess

pytestmark = pytest.mark.func_host


def test_given_a_chain_when_started_then_its_results_and_input_arrive(basic: HostProcess):
    done = basic.wait(basic.start("chain", {"a": 1}))

    assert done["output"] == ["Hello Ada", "Hello Grace", {"a": 1}]
    assert done["input"] == '{"a": 1}'


def test_given_a_fan_out_when_started_then_every_result_is_summed(basic: HostProcess):
    done = basic.wait(basic.start("fan", 100))

    assert done["output"] == sum(2 * i for i in range(100))


def test_given_sub_orchestrations_when_started_then_they_run_under_their_ids(basic: HostProcess):
    instance_id = basic.start("parent")

    done = basic.wait(instance_id)

    assert done["output"] == [2, 6]
    assert done["customStatus"] == {"at": "children"}
    assert basic.status(f"{instance_id}-3")["output"] == 6


def test_given_two_failures_when_retried_three_times_then_the_third_wins(basic: HostProcess):
    done = basic.wait(basic.start("retried"))

    assert done["output"] == "worked at attempt 3"


def test_given_a_failing_activity_when_not_caught_then_the_instance_fails(basic: HostProcess):
    done = basic.wait(basic.start("failing"))

    assert done["runtimeStatus"] == "Failed"
    assert done["output"].startswith(
        "Orchestrator function 'failing' failed: Activity function 'fail' failed:  "
        "ValueError: no luck \n "
    )


def test_given_a_failing_activity_when_caught_then_the_orchestration_goes_on(basic: HostProcess):
    done = basic.wait(basic.start("catching"))

    assert done["output"] == "Activity function 'fail' failed:  ValueError: no luck "


def test_given_an_unknown_activity_when_called_then_the_instance_fails(basic: HostProcess):
    done = basic.wait(basic.start("lost"))

    assert done["runtimeStatus"] == "Failed"
    assert "'there_is_no_such_activity' doesn't exist" in done["output"]


def test_given_a_timer_when_it_fires_then_it_is_on_time(basic: HostProcess):
    late_by = [basic.wait(basic.start("napping", 0.3))["output"] for _ in range(5)]

    assert min(late_by) >= 0
    assert sorted(late_by)[2] < 5


def test_given_an_event_when_sent_by_a_client_then_it_arrives_as_json_text(basic: HostProcess):
    instance_id = basic.start("waiting")
    basic.wait_for(instance_id, {"Running"})

    basic.http.post(f"/api/raise/{instance_id}/go", json={"a": True})

    assert basic.wait(instance_id)["output"] == '{"a": true}'


def test_given_an_event_when_posted_to_the_api_then_its_value_arrives(basic: HostProcess):
    instance_id = basic.start("waiting")

    basic.http.post(f"/durabletask/instances/{instance_id}/raiseEvent/go", json={"a": True})

    assert basic.wait(instance_id)["output"] == {"a": True}


def test_given_continue_as_new_when_run_then_each_execution_starts_afresh(basic: HostProcess):
    instance_id = basic.start("counting", [4, []])

    done = basic.wait(instance_id)

    assert done["output"] == [8, 6, 4, 2, 0]
    history = basic.http.get(f"/durabletask/instances/{instance_id}?showHistory=true").json()
    assert len(history["historyEvents"]) == 3


def test_given_an_entity_when_signalled_and_called_then_its_state_adds_up(basic: HostProcess):
    instance_id = basic.start("entity_user")

    done = basic.wait(instance_id)

    assert done["output"] == 7
    assert basic.http.get(f"/durabletask/entities/counter/{instance_id}").json() == 7


def test_given_an_http_call_when_made_then_the_response_arrives(basic: HostProcess):
    done = basic.wait(basic.start("http_caller", f"{basic.origin}/api/text"))

    assert done["output"] == "plain"


def test_given_content_when_posted_by_a_call_then_it_is_text_and_headers_of_the_content_stay_away(
    basic: HostProcess,
):
    done = basic.wait(basic.start("http_poster", f"{basic.origin}/api/mirror"))

    content, headers = done["output"]
    assert json.loads(content) == {"type": "text/plain", "body": '{"a": 1}'}
    assert "x-a" in headers
    assert not [name for name in headers if name.startswith("content-")]


def test_given_nobody_answers_when_called_then_the_orchestration_gets_the_reason(
    basic: HostProcess,
):
    done = basic.wait(basic.start("http_loser", "http://127.0.0.1:9/"))

    assert done["output"].startswith("Cannot connect to host 127.0.0.1:9")


def test_given_a_poll_address_when_called_then_the_host_polls_until_it_is_done(basic: HostProcess):
    done = basic.wait(basic.start("http_poller", f"{basic.origin}/api/job"), seconds=30)

    assert done["output"] == 202
    history = basic.http.get(
        f"/durabletask/instances/{done['instanceId']}?showHistory=true"
    ).json()["historyEvents"]
    calls = [one for one in history if one.get("FunctionName") == "BuiltIn::HttpActivity"]
    assert len(calls) == 2


def test_given_a_suspended_instance_when_resumed_then_it_takes_what_came(basic: HostProcess):
    instance_id = basic.start("waiting")
    base = f"/durabletask/instances/{instance_id}"
    basic.wait_for(instance_id, {"Running"})

    basic.http.post(f"{base}/suspend?reason=lunch")
    basic.wait_for(instance_id, {"Suspended"})
    basic.http.post(f"{base}/raiseEvent/go", json=1)
    time.sleep(0.2)
    held = basic.status(instance_id)["runtimeStatus"]
    basic.http.post(f"{base}/resume?reason=back")

    assert held == "Suspended"
    assert basic.wait(instance_id)["output"] == 1


def test_given_a_running_instance_when_terminated_then_its_output_is_the_reason(
    basic: HostProcess,
):
    instance_id = basic.start("waiting")

    basic.http.post(f"/durabletask/instances/{instance_id}/terminate?reason=enough")

    done = basic.wait(instance_id)
    assert (done["runtimeStatus"], done["output"]) == ("Terminated", "enough")


def test_given_a_failed_instance_when_rewound_then_the_failed_activity_runs_again(
    basic: HostProcess,
):
    instance_id = basic.start("rewindable")
    failed = basic.wait(instance_id)

    answer = basic.http.post(f"/durabletask/instances/{instance_id}/rewind?reason=fixed")

    assert (failed["runtimeStatus"], answer.status_code) == ("Failed", 202)
    assert basic.wait_for(instance_id, {"Completed"})["output"] == "worked at attempt 2"


def test_given_an_open_timer_when_the_orchestrator_ends_then_the_instance_waits_for_it(
    basic: HostProcess,
):
    started = time.monotonic()

    done = basic.wait(basic.start("leaves_a_timer"))

    assert done["output"] == "done"
    assert time.monotonic() - started >= 1


def test_given_events_nobody_read_when_continued_as_new_then_they_are_gone(basic: HostProcess):
    instance_id = basic.start("forgetful")
    basic.wait_for(instance_id, {"Running"})

    basic.http.post(f"/durabletask/instances/{instance_id}/raiseEvent/unread", json=1)
    basic.http.post(f"/durabletask/instances/{instance_id}/raiseEvent/go", json=1)

    assert basic.wait(instance_id)["output"] == "nothing was kept"


def test_given_a_huge_custom_status_when_set_then_the_instance_fails(basic: HostProcess):
    done = basic.wait(basic.start("boaster"))

    assert done["runtimeStatus"] == "Failed"
    assert done["output"] == (
        "Orchestrator function 'boaster' failed: The UTF-16 size of the JSON-serialized payload "
        "must not exceed 16 KB. The current payload size is 17 KB."
    )


def test_given_a_version_when_started_then_the_orchestrator_sees_it(basic: HostProcess):
    answer = basic.http.post("/durabletask/orchestrators/versioned?version=2.1")

    assert basic.wait(answer.json()["id"])["output"] == "2.1"


def test_given_an_event_that_came_early_when_waited_for_again_then_the_sdk_repeats_it(
    basic: HostProcess,
):
    """A trap of SDK 1.7, on Azure too: when this fails, it is mended, and docs can forget it."""
    instance_id = basic.start("waking")
    basic.wait_for(instance_id, {"Running"})

    for name in ("wake", "begin"):
        basic.http.post(f"/durabletask/instances/{instance_id}/raiseEvent/{name}", json=1)

    assert basic.wait(instance_id)["output"] == ["event", "event", "event"]
