"""The entry points over real tables and queues: what they ask of the ledger is what it gives."""

import base64
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from teams_rollout.domain.vocabulary import BatchState, WaveState
from teams_rollout.entrypoints.app import create_api
from teams_rollout.entrypoints.durable import current_starter
from teams_rollout.entrypoints.queues import start_batch
from teams_rollout.ledger.records import BatchRecord, WaveRecord
from teams_rollout.ledger.tables import TableLedger
from tests.unit.entrypoints.doubles import (
    NOW,
    MemoryStarter,
    TestSettings,
    a_rollout,
    a_user,
)

pytestmark = pytest.mark.azurite


@pytest.fixture
async def ledger(storage_connection: str) -> AsyncIterator[TableLedger]:
    """A ledger in an empty account, with a rollout of 250 people."""
    ledger = TableLedger.from_connection_string(storage_connection)
    await ledger.prepare()
    await ledger.save_rollout(a_rollout(next_shard=4))
    await ledger.save_wave(
        WaveRecord(rollout_id="sample", name="pilot", slug="pilot", position=0, users=250)
    )
    users = [a_user(n, shard=n // 100 + 1, name=f"Bronwen Test{n}") for n in range(250)]
    await ledger.put_users(users)
    await ledger.index("sample", users)
    yield ledger
    await ledger.close()


@pytest.fixture
def services(ledger: TableLedger) -> Any:
    """Services over the real ledger."""
    return SimpleNamespace(ledger=ledger, settings=TestSettings(), clock=lambda: NOW)


@pytest.fixture
def starter() -> MemoryStarter:
    """Remembers what was started."""
    return MemoryStarter()


@pytest.fixture
async def client(services: Any, starter: MemoryStarter) -> AsyncIterator[httpx.AsyncClient]:
    """A client on loopback."""
    api = create_api(lambda: services)

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        current_starter.set(starter)
        await api(scope, receive, send)

    transport = httpx.ASGITransport(app=served)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def test_doctor_when_the_clock_is_skewed_then_the_storage_tells(
    client: httpx.AsyncClient, services: Any
):
    services.clock = lambda: datetime.now(UTC) + timedelta(minutes=10)

    operation = (await client.post("/api/v1/doctor?wait=0")).json()["id"]
    record = await services.ledger.find_operation(operation)
    checks = {c["check"]: c for c in record.result["checks"]}

    assert "ahead of the storage's" in checks["storage_clock"]["detail"]
    assert "NTP" in checks["storage_clock"]["do"]


async def test_doctor_when_the_storage_cannot_be_reached_then_one_sentence_and_the_cure(
    client: httpx.AsyncClient, services: Any, starter: MemoryStarter
):
    nobody = "http://127.0.0.1:9/devstoreaccount1"
    key = base64.b64encode(b"no key").decode()
    services.ledger = TableLedger.from_connection_string(
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};"
        f"TableEndpoint={nobody};QueueEndpoint={nobody};"
    )

    checks = {c["check"]: c for c in (await client.post("/api/v1/doctor")).json()}
    await services.ledger.close()

    assert not checks["storage"]["ok"]
    assert not re.search(r"[.!?] [A-Z]", checks["storage"]["detail"])
    assert "rollout lab up" in checks["storage"]["do"]
    assert not checks["tenant"]["ok"]
    assert starter.started == []


async def test_people_when_listed_and_looked_up_then_found(client: httpx.AsyncClient):
    page = (await client.get("/api/v1/users")).json()
    hits = (await client.post("/api/v1/users/lookup", json={"query": "test17 bron"})).json()
    shown = await client.post("/api/v1/users/show", json={"upn": "PERSON170@council.example"})
    helped = await client.get(f"/helpdesk/people/{shown.json()['ref']}")

    assert len(page["value"]) == 250
    assert page["nextLink"] is None
    assert {hit["display_name"] for hit in hits["value"]} >= {"Bronwen Test17", "Bronwen Test170"}
    assert shown.json()["ref"] == "0002-u000170"
    assert "Bronwen Test170" in helped.text


async def test_wave_when_two_start_it_then_one_run_and_one_audit(
    client: httpx.AsyncClient, ledger: TableLedger, starter: MemoryStarter
):
    first = await client.post("/api/v1/waves/pilot/start")
    second = await client.post("/api/v1/waves/pilot/start")

    wave = await ledger.find_wave("sample", "pilot")
    audit = (await client.get("/api/v1/audit")).json()["value"]
    assert (first.status_code, second.json()["result"]) == (202, "already_running")
    assert wave is not None
    assert (wave.state, wave.epoch) == (WaveState.SCHEDULED, 1)
    assert len(starter.started) == 1
    assert sorted(entry["action"] for entry in audit) == ["approve", "start"]
    assert (await client.get("/api/v1/operations/start-pilot-1")).json()["status"] == "running"


async def test_batch_when_delivered_twice_then_claimed_once(
    services: Any, ledger: TableLedger, starter: MemoryStarter
):
    batch = BatchRecord(
        rollout_id="sample", wave="pilot", number=1, epoch=1, state=BatchState.QUEUED
    )
    await ledger.save_batch(batch)
    message = '{"rollout_id":"sample","wave":"pilot","epoch":1,"batch":1,"generation":1}'

    for _ in range(2):
        await start_batch(services, starter, message)

    saved = await ledger.get_batch("sample", "pilot", 1, 1)
    assert (saved.claimed_generation, saved.state) == (1, BatchState.RUNNING)
    assert len(starter.started) == 1


async def test_same_key_when_planned_twice_then_one_operation(
    client: httpx.AsyncClient, starter: MemoryStarter
):
    answers = [
        await client.post("/api/v1/waves/pilot/plan", headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]

    assert {answer.status_code for answer in answers} == {202}
    assert len(starter.started) == 1
