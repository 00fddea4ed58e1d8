"""The frame of the API: operations, problems, OpenAPI, HEAD, headers."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from teams_rollout.entrypoints.ports import InstanceState
from teams_rollout.ledger.ports import LedgerError
from teams_rollout.ledger.records import OperationRecord, OperationStatus
from tests.unit.entrypoints.doubles import NOW, MemoryLedger, MemoryServices, MemoryStarter


def put_operation(ledger: MemoryLedger, **values: object) -> None:
    fields = {"id": "o1", "kind": "plan", "created_at": NOW, "updated_at": NOW, **values}
    ledger.operations[str(fields["id"])] = OperationRecord.model_validate(fields)


async def test_reconciliation_when_asked_for_then_started_with_its_own_run_id(
    client: httpx.AsyncClient, starter: MemoryStarter
):
    answer = await client.post("/api/v1/reconciliations")

    name, instance, payload = starter.started[0]
    assert answer.status_code == 202
    assert name == "reconciliation_orchestration"
    assert payload["run_id"] == payload["operation_id"] == answer.json()["id"]
    assert instance == f"op:{answer.json()['id']}"


async def test_finished_operation_when_polled_then_its_result(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    put_operation(ledger, status=OperationStatus.SUCCEEDED, percent=100, result={"plan_id": "p1"})

    body = (await client.get("/api/v1/operations/o1")).json()

    assert (body["status"], body["percent"], body["result"]) == (
        "succeeded",
        100,
        {"plan_id": "p1"},
    )
    assert body["createdAt"].startswith("2026-11-21T12:00:00")


async def test_failed_operation_when_polled_then_the_error_has_a_message(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    error = {"code": "wrong_tenant", "detail": "It is another tenant."}
    put_operation(ledger, status=OperationStatus.FAILED, error=error)

    body = (await client.get("/api/v1/operations/o1")).json()

    assert body["error"]["message"] == "It is another tenant."
    assert body["error"]["code"] == "wrong_tenant"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (InstanceState.RUNNING, "running"),
        (InstanceState.FAILED, "failed"),
        (InstanceState.ABSENT, "failed"),
    ],
)
async def test_silent_operation_when_polled_then_the_engine_is_asked(
    *,
    client: httpx.AsyncClient,
    ledger: MemoryLedger,
    starter: MemoryStarter,
    services: MemoryServices,
    state: InstanceState,
    status: str,
):
    put_operation(ledger)
    put_operation(ledger, id="start-wave-1-2", kind="start")
    starter.states = {"op:o1": state, "sample:wave-1:wave:2": state}
    services.wait(seconds=30)

    for operation in ("o1", "start-wave-1-2"):
        body = (await client.get(f"/api/v1/operations/{operation}")).json()
        assert body["status"] == status


async def test_lively_operation_when_polled_then_the_engine_is_left_alone(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    put_operation(ledger, updated_at=NOW - timedelta(seconds=1))

    assert (await client.get("/api/v1/operations/o1")).json()["status"] == "running"


async def test_unknown_operation_when_polled_then_404(client: httpx.AsyncClient):
    assert (await client.get("/api/v1/operations/none")).status_code == 404


async def test_storage_down_when_asked_then_503_with_the_ledgers_own_words(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.failure = LedgerError("Table storage at 127.0.0.1:10002 does not answer.")

    waves = await client.get("/api/v1/waves")
    health = await client.get("/api/v1/health")

    assert waves.status_code == 503
    assert "127.0.0.1:10002" in waves.json()["detail"]
    assert waves.headers["retry-after"] == "5"
    assert health.status_code == 503
    assert health.json()["checks"][1]["do"]


async def test_all_well_when_asked_for_health_then_ok(client: httpx.AsyncClient):
    body = (await client.get("/api/v1/health")).json()

    assert (body["ok"], body["environment"]) == (True, "REHEARSAL")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_unknown_address_when_asked_then_a_404_problem(
    client: httpx.AsyncClient, method: str
):
    answer = await client.request(method, "/api/v1/nonsense")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail", "do"}


async def test_wrong_method_when_used_then_a_405_problem(client: httpx.AsyncClient):
    answer = await client.delete("/api/v1/waves")

    assert answer.status_code == 405
    assert answer.json()["type"] == "urn:rollout:method-not-allowed"


async def test_invalid_body_when_sent_then_the_values_are_not_repeated(client: httpx.AsyncClient):
    answer = await client.post("/api/v1/users/show", json={"upn": ["jo.secret@council.example"]})

    assert answer.status_code == 422
    assert "secret" not in answer.text


async def test_bug_when_a_request_meets_it_then_500_as_a_problem_without_its_words(
    api: FastAPI, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
):
    async def broken() -> None:
        raise ZeroDivisionError("jo.secret@council.example")

    api.add_api_route("/broken", broken)

    answer = await client.get("/broken")

    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:rollout:unexpected"
    assert "secret" not in answer.text
    assert [r.levelname for r in caplog.records] == ["ERROR"]


async def test_head_when_asked_then_headers_without_a_body(client: httpx.AsyncClient):
    answer = await client.head("/api/v1/health")

    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 0


async def test_every_answer_when_sent_then_guarded_and_not_kept(client: httpx.AsyncClient):
    for path in ("/api/v1/health", "/helpdesk", "/api/v1/nonsense"):
        headers = (await client.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


async def test_root_when_opened_then_leads_to_the_helpdesk(client: httpx.AsyncClient):
    answer = await client.get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/helpdesk")


async def test_openapi_when_read_then_every_operation_declares_its_problems(
    client: httpx.AsyncClient,
):
    document = (await client.get("/api/v1/openapi.json")).json()

    assert document["openapi"].startswith("3.1")
    assert set(document["components"]["schemas"]["Problem"]["required"]) >= {"type", "do"}
    operations = [o for path in document["paths"].values() for o in path.values()]
    assert len(operations) >= 18
    for operation in operations:
        responses = operation["responses"]
        assert {"401", "403", "404", "422", "503"} <= set(responses)
        assert "application/problem+json" in responses["404"]["content"]
    assert not any("helpdesk" in path for path in document["paths"])
