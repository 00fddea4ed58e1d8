"""The starter over the durable client, against a host that answers as the real one does."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from azure.durable_functions import DurableOrchestrationClient

from teams_rollout.entrypoints.durable import DurableStarter
from teams_rollout.entrypoints.ports import InstanceState

BASE = "http://127.0.0.1:17071/durabletask/"


@dataclass
class HostAnswers:
    """The host's RPC endpoint behind the SDK's own HTTP seam.

    Attributes:
        statuses: runtime status by instance id.
        on_start: runs before a start is answered, to play somebody quicker.
    """

    statuses: dict[str, str] = field(default_factory=dict)
    starts: list[tuple[str, Any]] = field(default_factory=list)
    start_status: int = 202
    events: list[str] = field(default_factory=list)
    event_status: int = 202
    quicker: bool = False

    async def get(self, url: str, *_args: object) -> list[Any]:
        instance = httpx.URL(url).path.rpartition("/")[2]
        if instance not in self.statuses:
            return [404, ""]
        body = {
            "name": "wave_orchestration",
            "instanceId": instance,
            "runtimeStatus": self.statuses[instance],
            "createdTime": "2026-11-21T12:00:00Z",
            "lastUpdatedTime": "2026-11-21T12:00:00Z",
        }
        return [200, body]

    async def post(self, url: str, data: Any = None, *_args: object, **_more: object) -> list[Any]:
        path = httpx.URL(url).path
        if "raiseEvent" in path:
            self.events.append(path)
            return [self.event_status, None]
        instance = path.rpartition("/")[2]
        if self.quicker:
            self.statuses[instance] = "Running"
        if self.start_status > 202:
            return [self.start_status, "id in use"]
        self.starts.append((path, data))
        self.statuses[instance] = "Pending"
        return [202, {"id": instance}]


@pytest.fixture
def host() -> HostAnswers:
    return HostAnswers()


@pytest.fixture
def starter(host: HostAnswers) -> DurableStarter:
    urls = {"id": "INSTANCEID", "statusQueryGetUri": f"{BASE}instances/INSTANCEID"}
    context = {
        "taskHubName": "hub",
        "creationUrls": {},
        "managementUrls": urls,
        "rpcBaseUrl": BASE,
    }
    client = DurableOrchestrationClient(json.dumps(context))
    client._get_async_request = host.get
    client._post_async_request = host.post
    return DurableStarter(client)


async def test_new_instance_when_started_then_the_payload_goes_along(
    starter: DurableStarter, host: HostAnswers
):
    await starter.start("wave_orchestration", instance_id="s:w:wave:1", payload={"epoch": 1})

    ((path, data),) = host.starts
    assert path.endswith("orchestrators/wave_orchestration/s:w:wave:1")
    assert "epoch" in data


@pytest.mark.parametrize("status", ["Pending", "Running", "Completed", "Failed", "Terminated"])
async def test_instance_that_exists_when_started_then_left_alone(
    starter: DurableStarter, host: HostAnswers, status: str
):
    host.statuses["i1"] = status

    await starter.start("wave_orchestration", instance_id="i1", payload={})

    assert host.starts == []


async def test_start_when_somebody_was_quicker_then_no_error(
    starter: DurableStarter, host: HostAnswers
):
    host.start_status, host.quicker = 500, True

    await starter.start("wave_orchestration", instance_id="i1", payload={})

    assert await starter.status("i1") is InstanceState.RUNNING


async def test_start_when_the_host_refuses_then_the_error_is_not_swallowed(
    starter: DurableStarter, host: HostAnswers
):
    host.start_status = 500

    with pytest.raises(Exception, match="id in use"):
        await starter.start("wave_orchestration", instance_id="i1", payload={})


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Pending", InstanceState.RUNNING),
        ("Suspended", InstanceState.RUNNING),
        ("ContinuedAsNew", InstanceState.RUNNING),
        ("Completed", InstanceState.SUCCEEDED),
        ("Failed", InstanceState.FAILED),
        ("Terminated", InstanceState.FAILED),
    ],
)
async def test_runtime_status_when_asked_then_in_our_words(
    starter: DurableStarter, host: HostAnswers, status: str, state: InstanceState
):
    host.statuses["i1"] = status

    assert await starter.status("i1") is state
    assert await starter.status("i2") is InstanceState.ABSENT


@pytest.mark.parametrize(("event_status", "status"), [(404, ""), (410, "Completed")])
async def test_wake_up_when_nobody_is_there_any_more_then_no_error(
    starter: DurableStarter, host: HostAnswers, event_status: int, status: str
):
    host.event_status = event_status
    if status:
        host.statuses["i1"] = status

    await starter.raise_wake("i1")

    assert host.events[0].endswith("instances/i1/raiseEvent/wake")


async def test_wake_up_when_the_host_fails_a_running_instance_then_delivered_again(
    starter: DurableStarter, host: HostAnswers
):
    host.event_status, host.statuses["i1"] = 500, "Running"

    with pytest.raises(Exception, match="500"):
        await starter.raise_wake("i1")
