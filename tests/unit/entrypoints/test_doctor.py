"""POST /api/v1/doctor: the app's own checks at once, the tenant's by an orchestration."""

from datetime import timedelta

import httpx
import pytest

from teams_rollout.contracts import names
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.entrypoints.app import create_api
from teams_rollout.entrypoints.durable import current_starter
from teams_rollout.entrypoints.ports import InstanceState
from teams_rollout.ledger.inspection import StorageLook
from teams_rollout.ledger.ports import LedgerError
from teams_rollout.ledger.records import OperationStatus
from tests.unit.entrypoints.doubles import NOW, MemoryStarter

TENANT = {"check": "tenant", "ok": True, "detail": "Signed in.", "do": ""}


class FinishingStarter(MemoryStarter):
    """An engine that has looked at the tenant before anybody can ask."""

    def __init__(self, ledger, **outcome):
        super().__init__()
        self._ledger = ledger
        self._outcome = outcome

    async def start(self, orchestration, *, instance_id, payload):
        await super().start(orchestration, instance_id=instance_id, payload=payload)
        record = self._ledger.operations[payload["operation_id"]]
        changes = {"status": OperationStatus.SUCCEEDED, **self._outcome}
        if changes["status"] is OperationStatus.SUCCEEDED:
            changes["result"] = {"checks": [*record.result["checks"], TENANT]}
        await self._ledger.save_operation(record.model_copy(update=changes))


async def ask(client, **how):
    answer = await client.post("/api/v1/doctor", **how)
    return answer, {c["check"]: c for c in answer.json()} if answer.status_code == 200 else {}


@pytest.fixture
def starter(ledger):
    return FinishingStarter(ledger)


async def test_given_everything_is_right_when_asked_then_one_list_of_app_and_tenant(
    client, starter
):
    answer, checks = await ask(client)

    assert answer.status_code == 200
    assert {"settings", "environment", "storage", "storage_clock", "tenant"} <= set(checks)
    assert all(c["ok"] for c in checks.values())
    assert all(set(c) == {"check", "ok", "detail", "do"} for c in checks.values())
    assert [name for name, _, _ in starter.started] == [names.DIAGNOSIS]


async def test_given_unreachable_storage_when_asked_then_it_is_said_and_nothing_is_started(
    client, ledger, starter
):
    ledger.failure = LedgerError("The storage at here could not be reached.")

    answer, checks = await ask(client)

    assert answer.status_code == 200
    assert not checks["storage"]["ok"]
    assert "could not be reached" in checks["storage"]["detail"]
    assert checks["storage"]["do"]
    assert not checks["tenant"]["ok"]
    assert starter.started == []


async def test_given_a_wrong_setting_when_asked_then_it_is_named(starter):
    def broken():
        raise ValueError("No storage is configured: set ROLLOUT_STORAGE_TABLE_URL.")

    current_starter.set(starter)
    transport = httpx.ASGITransport(app=create_api(broken))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.post("/api/v1/doctor")

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:rollout:settings-wrong"
    assert "ROLLOUT_STORAGE_TABLE_URL" in answer.json()["detail"]


async def test_given_an_emulator_on_live_and_a_skewed_clock_when_asked_then_both_are_said(
    client, services, ledger
):
    services.settings.environment = Environment.LIVE
    services.settings.dev_identity = "dev"
    services.settings.is_simulated = False
    theirs = NOW - timedelta(minutes=10)
    ledger.look = StorageLook(is_emulator=True, missing=("RolloutUsers",), time=theirs)

    _, checks = await ask(client)

    assert not checks["storage_durability"]["ok"]
    # Without its tables nothing can be orchestrated, but the rest of the account is still judged.
    assert not checks["storage"]["ok"]
    assert "RolloutUsers" in checks["storage"]["detail"]
    assert not checks["storage_clock"]["ok"]


async def test_given_a_long_look_when_asked_then_an_operation_that_can_be_followed(
    client, starter, ledger
):
    starter._outcome = {"status": OperationStatus.RUNNING}

    answer = await client.post("/api/v1/doctor", params={"wait": 0})

    assert answer.status_code == 202
    assert answer.json()["kind"] == "diagnosis"
    assert answer.headers["operation-location"].endswith(answer.json()["id"])


async def test_given_a_look_that_failed_when_asked_then_that_is_a_check_too(client, starter):
    starter._outcome = {
        "status": OperationStatus.FAILED,
        "error": {"code": "internal_error", "detail": "It broke."},
    }

    _, checks = await ask(client)

    assert (checks["diagnosis"]["ok"], checks["diagnosis"]["detail"]) == (False, "It broke.")
    assert checks["storage"]["ok"]


async def test_given_an_engine_that_lost_the_work_when_asked_later_then_it_says_so(
    client, starter, services
):
    starter._outcome = {"status": OperationStatus.RUNNING}
    key = {"Idempotency-Key": "k"}
    await client.post("/api/v1/doctor", params={"wait": 0}, headers=key)
    starter.states = dict.fromkeys(starter.states, InstanceState.FAILED)
    services.wait(seconds=60)

    _, checks = await ask(client, headers=key)

    assert not checks["diagnosis"]["ok"]
