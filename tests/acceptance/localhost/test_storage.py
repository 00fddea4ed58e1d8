"""Queue triggers, queue outputs and timers on the local host, with a real Azurite."""

import base64
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from tests.acceptance.localhost.host_process import APPS, PATIENCE, HostProcess, running

pytestmark = [pytest.mark.func_host, pytest.mark.azurite]


@pytest.fixture
def host(tmp_path: Path, storage_connection: str) -> Iterator[HostProcess]:
    folder = tmp_path / "app"
    shutil.copytree(APPS / "storage", folder)
    values = {
        "AzureWebJobsStorage": storage_connection,
        "WORK_QUEUE": "work",
        "TICK": "* * * * * *",
    }
    (folder / "local.settings.json").write_text(json.dumps({"Values": values}))
    with running(folder, tmp_path / "state.db") as process:
        yield process


def queue(connection: str, name: str) -> QueueClient:
    return QueueClient.from_connection_string(connection, name)


def send(connection: str, name: str, *messages: object) -> None:
    with queue(connection, name) as client:
        until(lambda: exists(client))
        for message in messages:
            client.send_message(base64.b64encode(json.dumps(message).encode()).decode())


def seen(host: HostProcess) -> dict[str, Any]:
    report: dict[str, Any] = host.http.get("/seen").json()
    return report


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_given_messages_when_they_arrive_then_each_is_handled_once_and_deleted(
    host: HostProcess, storage_connection: str
):
    send(storage_connection, "work", *range(12))

    until(lambda: len(seen(host)["messages"]) == 12)

    report = seen(host)
    assert sorted(one["body"] for one in report["messages"]) == list(range(12))
    assert report["most"] <= 4 + 2
    with queue(storage_connection, "work") as client:
        until(lambda: client.get_queue_properties().approximate_message_count == 0)


def test_given_a_message_that_fails_when_retried_enough_then_it_goes_to_poison(
    host: HostProcess, storage_connection: str
):
    send(storage_connection, "work", "bad")

    with queue(storage_connection, "work-poison") as poison:
        until(lambda: len(attempts(host)) == 3 and exists(poison))
        until(lambda: poison.get_queue_properties().approximate_message_count == 1)
        (message,) = poison.receive_messages()

    assert attempts(host) == [1, 2, 3]
    assert json.loads(base64.b64decode(message.content)) == "bad"


def attempts(host: HostProcess) -> list[int]:
    return [one["attempt"] for one in seen(host)["messages"] if one["body"] == "bad"]


def exists(client: QueueClient) -> bool:
    try:
        client.get_queue_properties()
    except Exception:
        return False
    return True


def test_given_a_message_that_is_not_base64_when_read_then_it_goes_to_poison(
    host: HostProcess, storage_connection: str
):
    with queue(storage_connection, "work") as client:
        client.send_message("not base64!")

    with queue(storage_connection, "work-poison") as poison:
        until(lambda: exists(poison))
        until(lambda: poison.get_queue_properties().approximate_message_count == 1)

    assert seen(host)["messages"] == []


def test_given_a_queue_function_with_a_client_when_fed_then_it_starts_orchestrations(
    host: HostProcess, storage_connection: str
):
    send(storage_connection, "orders", 7)

    until(lambda: host.http.get("/durabletask/instances/order-7").status_code != 404)

    assert host.wait("order-7")["output"] == "shipped order-7"


def test_given_an_output_binding_when_set_then_its_messages_are_sent(host: HostProcess):
    host.http.get("/emit?parts=a,b,c")

    until(lambda: len(seen(host)["messages"]) == 3)

    assert sorted(one["body"] for one in seen(host)["messages"]) == ["a", "b", "c"]


def test_given_a_schedule_when_time_passes_then_the_timer_fires_on_each_occurrence(
    host: HostProcess,
):
    before, started = len(seen(host)["ticks"]), time.monotonic()

    until(lambda: len(seen(host)["ticks"]) >= before + 3)

    assert time.monotonic() - started >= 2
    assert not any(seen(host)["ticks"])


def test_given_a_timer_when_run_by_hand_then_it_fires_off_its_schedule(
    tmp_path: Path, storage_connection: str
):
    settings = settings_for(storage_connection)
    with running(APPS / "storage", tmp_path / "state.db", settings=settings) as host:
        keys = json.loads((tmp_path / "state.db.keys.json").read_text())
        address = "/admin/functions/tick"
        denied = host.http.post(address, params={"code": keys["function"]})
        started = host.http.post(address, params={"code": keys["master"]}, json={"input": ""})
        unknown = host.http.post("/admin/functions/tock", params={"code": keys["master"]})
        until(lambda: seen(host)["ticks"] == [False])

    assert (denied.status_code, started.status_code, unknown.status_code) == (401, 202, 404)


def test_given_a_missed_occurrence_when_started_again_then_the_timer_is_past_due(
    tmp_path: Path, storage_connection: str
):
    settings = {**settings_for(storage_connection), "TICK": "* * * * * *"}
    with running(APPS / "storage", tmp_path / "state.db", settings=settings) as first:
        until(lambda: bool(seen(first)["ticks"]))
    time.sleep(1.5)

    with running(APPS / "storage", tmp_path / "state.db", settings=settings) as second:
        until(lambda: bool(seen(second)["ticks"]))
        assert seen(second)["ticks"][0] is True


@pytest.mark.parametrize("how", ["sync", "async"])
def test_given_a_function_timeout_when_exceeded_then_the_call_fails(
    tmp_path: Path, storage_connection: str, how: str
):
    app = tmp_path / "app"
    shutil.copytree(APPS / "storage", app)
    settings = json.loads((app / "host.json").read_text())
    (app / "host.json").write_text(json.dumps({**settings, "functionTimeout": "00:00:01"}))

    with running(app, tmp_path / "state.db", settings=settings_for(storage_connection)) as host:
        started = time.monotonic()
        answer = host.http.get(f"/slow/{how}")

        assert answer.status_code == 500
        assert time.monotonic() - started >= 1


def settings_for(connection: str) -> dict[str, str]:
    return {"AzureWebJobsStorage": connection, "WORK_QUEUE": "work", "TICK": "0 0 0 1 1 *"}


def test_given_a_function_longer_than_its_lease_when_it_runs_then_the_message_stays_hidden(
    tmp_path: Path, storage_connection: str
):
    app, state, lease = APPS / "storage", tmp_path / "state.db", ("--message-lease", "3")
    with running(app, state, *lease, settings=settings_for(storage_connection)) as host:
        send(storage_connection, "work", "slow")
        until(lambda: bool(seen(host)["messages"]))

        assert [one["attempt"] for one in seen(host)["messages"]] == [1]
        assert seen(host)["most"] == 1


def test_given_a_host_killed_in_a_function_when_started_again_then_the_message_comes_again(
    tmp_path: Path, storage_connection: str
):
    app, state, lease = APPS / "storage", tmp_path / "state.db", ("--message-lease", "2")
    settings = settings_for(storage_connection)
    with running(app, state, *lease, settings=settings) as host:
        send(storage_connection, "work", "slow")
        until(lambda: seen(host)["most"] == 1)
        host.kill()

    with running(app, state, *lease, settings=settings) as host:
        until(lambda: bool(seen(host)["messages"]))

        assert [one["attempt"] for one in seen(host)["messages"]] == [2]
