"""The management API answers as the Durable Functions extension does."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.localhost.host_process import APPS, PATIENCE, HostProcess, running

pytestmark = pytest.mark.func_host
BASE = "/durabletask"


def test_given_an_orchestrator_when_started_then_202_with_addresses(basic: HostProcess):
    answer = basic.http.post(f"{BASE}/orchestrators/chain", json="{}")

    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "10"
    assert answer.headers["Location"] == body["statusQueryGetUri"]
    assert "rewindPostUri" not in body


@pytest.mark.parametrize(
    ("name", "instance_id"), [("nobody", "x"), ("chain", "@x"), ("chain", "x" * 101)]
)
def test_given_a_bad_name_or_id_when_started_then_400(
    basic: HostProcess, name: str, instance_id: str
):
    answer = basic.http.post(f"{BASE}/orchestrators/{name}/{instance_id}")

    assert answer.status_code == 400
    assert answer.json()["ExceptionMessage"]


def test_given_a_running_id_when_started_again_then_500_and_it_runs_on(basic: HostProcess):
    instance_id = basic.start("waiting")

    answer = basic.http.post(f"{BASE}/orchestrators/waiting/{instance_id}")

    assert answer.status_code == 500
    assert "already exists" in answer.json()["ExceptionMessage"]
    assert basic.status(instance_id)["runtimeStatus"] in {"Pending", "Running"}


def test_given_a_finished_id_when_started_again_then_it_runs_anew(basic: HostProcess):
    instance_id = basic.start("chain", 1)
    basic.wait(instance_id)

    basic.http.post(f"{BASE}/orchestrators/chain/{instance_id}", json="2")

    assert basic.wait_for(instance_id, {"Completed"})["output"][-1] == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "instances/none", 404),
        ("DELETE", "instances/none", 404),
        ("POST", "instances/none/terminate", 404),
        ("POST", "instances/none/suspend", 404),
        ("POST", "instances/none/rewind", 404),
        ("POST", "instances/none/restart", 400),
        ("POST", "instances/none/dance", 404),
        ("DELETE", "instances/", 400),
        ("GET", "entities/counter/none", 404),
        ("GET", "nonsense", 404),
    ],
)
def test_given_nothing_there_when_asked_then_the_status_says_so(
    basic: HostProcess, method: str, path: str, status: int
):
    assert basic.http.request(method, f"{BASE}/{path}").status_code == status


@pytest.mark.parametrize("operation", ["terminate", "suspend", "resume", "rewind", "raiseEvent/go"])
def test_given_a_finished_instance_when_operated_on_then_410(basic: HostProcess, operation: str):
    instance_id = basic.start("chain")
    basic.wait(instance_id)

    answer = basic.http.post(f"{BASE}/instances/{instance_id}/{operation}", json=1)

    assert answer.status_code == 410


def test_given_an_event_that_is_not_json_when_sent_then_400(basic: HostProcess):
    address = f"{BASE}/instances/{basic.start('waiting')}/raiseEvent/go"

    plain = basic.http.post(address, content="x", headers={"Content-Type": "text/plain"})
    broken = basic.http.post(address, content="{", headers={"Content-Type": "application/json"})

    assert (plain.status_code, broken.status_code) == (400, 400)


def test_given_a_failed_instance_when_asked_to_show_it_as_an_error_then_500(basic: HostProcess):
    instance_id = basic.start("failing")
    basic.wait(instance_id)

    answer = basic.http.get(
        f"{BASE}/instances/{instance_id}?returnInternalServerErrorOnFailure=true"
    )

    assert answer.status_code == 500


def test_given_a_history_when_shown_then_starts_are_merged_into_ends(basic: HostProcess):
    instance_id = basic.start("chain")
    basic.wait(instance_id)

    answer = basic.http.get(
        f"{BASE}/instances/{instance_id}?showHistory=true&showHistoryOutput=true&showInput=false"
    ).json()

    kinds = [event["EventType"] for event in answer["historyEvents"]]
    task = answer["historyEvents"][1]
    assert kinds == ["ExecutionStarted", "TaskCompleted", "TaskCompleted", "ExecutionCompleted"]
    assert (task["FunctionName"], task["Result"]) == ("greet", "Hello Ada")
    assert task["ScheduledTime"] <= task["Timestamp"]
    assert answer["input"] is None


def list_all(host: HostProcess, query: str, top: int) -> list[dict[str, Any]]:
    found, token = [], ""
    while True:
        answer = host.http.get(
            f"{BASE}/instances/?{query}&top={top}", headers={"x-ms-continuation-token": token}
        )
        assert len(answer.json()) <= top
        found += answer.json()
        token = answer.headers["x-ms-continuation-token"]
        if not token:
            return found


def test_given_many_instances_when_listed_by_page_then_each_comes_once(basic: HostProcess):
    ids = [basic.start("chain", instance_id=f"page-{number}") for number in range(7)]
    for instance_id in ids:
        basic.wait(instance_id)

    found = list_all(basic, "instanceIdPrefix=page-&runtimeStatus=Completed,Failed", 3)

    assert sorted(one["instanceId"] for one in found) == sorted(ids)


def test_given_a_time_range_when_listed_then_only_instances_from_it(basic: HostProcess):
    basic.wait(basic.start("chain", instance_id="range-1"))
    soon = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    later = list_all(basic, f"instanceIdPrefix=range-&createdTimeFrom={soon}", 10)
    before = list_all(basic, f"instanceIdPrefix=range-&createdTimeTo={soon}", 10)

    assert (len(later), len(before)) == (0, 1)


def test_given_a_finished_instance_when_purged_then_it_is_gone(basic: HostProcess):
    instance_id = basic.start("chain")
    basic.wait(instance_id)

    purged = basic.http.delete(f"{BASE}/instances/{instance_id}")

    assert purged.json() == {"instancesDeleted": 1}
    assert basic.http.get(f"{BASE}/instances/{instance_id}").status_code == 404


def test_given_a_filter_when_purged_then_only_finished_instances_go(basic: HostProcess):
    basic.wait(basic.start("failing", instance_id="purge-failed"))
    running = basic.start("waiting", instance_id="purge-running")

    answer = basic.http.delete(
        f"{BASE}/instances/?createdTimeFrom=2020-01-01T00:00:00Z&runtimeStatus=Failed,Running"
    )

    assert answer.json()["instancesDeleted"] >= 1
    assert basic.http.get(f"{BASE}/instances/purge-failed").status_code == 404
    assert basic.status(running)["runtimeStatus"] in {"Pending", "Running"}


def test_given_no_state_of_the_finished_when_purged_then_running_instances_go_too(
    tmp_path: Path,
):
    with running(APPS / "basic", tmp_path / "state.db") as host:
        ids = [host.start("waiting"), host.start("chain")]
        host.wait(ids[1])

        answer = host.http.delete(
            f"{BASE}/instances/?createdTimeFrom=2020-01-01T00:00:00Z&runtimeStatus=Running"
        )

        assert answer.json() == {"instancesDeleted": 2}
        gone = [host.http.get(f"{BASE}/instances/{one}").status_code for one in ids]
        assert gone == [404, 404]


def test_given_an_instance_when_restarted_then_a_new_one_gets_the_same_input(basic: HostProcess):
    instance_id = basic.start("chain", {"a": 1})
    basic.wait(instance_id)

    answer = basic.http.post(f"{BASE}/instances/{instance_id}/restart")

    again = answer.json()["id"]
    assert answer.status_code == 202
    assert again != instance_id
    assert basic.wait(again)["output"][-1] == {"a": 1}


def test_given_start_and_wait_when_the_instance_ends_in_time_then_its_output(basic: HostProcess):
    answer = basic.http.post(f"{BASE}/orchestrators/fan?timeout=10&pollingInterval=1", json="3")

    assert (answer.status_code, answer.json()) == (200, 6)


def test_given_start_and_wait_when_the_instance_fails_then_its_status(basic: HostProcess):
    answer = basic.http.post(f"{BASE}/orchestrators/failing?timeout=10&pollingInterval=1")

    assert (answer.status_code, answer.json()["runtimeStatus"]) == (200, "Failed")


def test_given_a_pause_longer_than_the_wait_when_started_then_400(basic: HostProcess):
    answer = basic.http.post(f"{BASE}/orchestrators/fan?timeout=1&pollingInterval=2", json="1")

    assert answer.status_code == 400
    assert "should be bigger than" in answer.json()["ExceptionMessage"]


@pytest.mark.parametrize("operation", ["resume", "rewind"])
def test_given_a_running_instance_when_the_operation_is_for_another_state_then_500(
    basic: HostProcess, operation: str
):
    answer = basic.http.post(f"{BASE}/instances/{basic.start('waiting')}/{operation}")

    assert answer.status_code == 500
    assert answer.json()["ExceptionType"] == "System.InvalidOperationException"


def test_given_a_suspension_under_way_when_asked_for_again_then_500_but_resuming_is_right(
    basic: HostProcess,
):
    address = f"{BASE}/instances/{basic.start('waiting')}"

    codes = [
        basic.http.post(f"{address}/{operation}").status_code
        for operation in ("suspend", "suspend", "resume", "resume")
    ]

    assert codes == [202, 500, 202, 500]


@pytest.mark.parametrize("path", ["stranger/one?op=add", "counter/a%5Cb?op=add"])
def test_given_no_such_entity_when_signalled_then_400_with_the_reason(
    basic: HostProcess, path: str
):
    answer = basic.http.post(f"{BASE}/entities/{path}", json=1)

    assert answer.status_code == 400
    assert answer.json()["Message"]


def test_given_an_entity_when_signalled_over_http_then_its_state_changes(basic: HostProcess):
    for _ in range(3):
        answer = basic.http.post(f"{BASE}/entities/Counter/over-http?op=add", json="2")

    deadline = time.monotonic() + PATIENCE
    while (found := basic.http.get(f"{BASE}/entities/counter/over-http")).text != "6":
        assert time.monotonic() < deadline, found.text
        time.sleep(0.01)
    listed = basic.http.get(f"{BASE}/entities/counter?fetchState=true").json()
    mine = [one["state"] for one in listed if one["entityId"]["entityKey"] == "over-http"]
    assert (answer.status_code, mine) == (202, [6])
