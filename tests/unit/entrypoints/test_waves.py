"""Looking at waves: list, one, progress, decision, plan."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from teams_rollout.domain.configuration import WaveSection
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.roster import UserKey
from teams_rollout.domain.vocabulary import BatchState, Outcome, Step, WaveState
from teams_rollout.ledger.records import BatchRecord, PlanHeader, PlanRow
from tests.unit.entrypoints.doubles import (
    CLOSED,
    NOW,
    PILOT,
    MemoryLedger,
    MemoryServices,
    MemoryStarter,
)


def a_batch(number: int, **values: Any) -> BatchRecord:
    """A batch of ten people in the pilot's first run."""
    fields: dict[str, Any] = {
        "rollout_id": "sample",
        "wave": "pilot",
        "number": number,
        "epoch": 1,
        "keys": tuple(UserKey(shard="sample:0001", ref=f"u{i:06d}") for i in range(10)),
        **values,
    }
    return BatchRecord(**fields)


def put_batch(ledger: MemoryLedger, batch: BatchRecord) -> None:
    ledger.batches[batch.wave, batch.epoch, batch.number] = batch.model_copy(update={"etag": "b"})


async def test_nothing_imported_when_waves_are_asked_for_then_it_says_how_to_import(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.rollout = None

    answer = await client.get("/api/v1/waves")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:rollout:nothing-imported"
    assert "rollout import" in answer.json()["do"]


async def test_waves_when_listed_then_in_order_with_people_counted(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_wave("Wave 1", position=1, users=1)
    ledger.add_wave("pilot", position=0, users=2, section=WaveSection(title="Pilot", pilot=True))
    ledger.add_user(1, wave="pilot")
    ledger.add_user(2, wave="pilot")
    ledger.add_user(3, wave="Wave 1")

    body = (await client.get("/api/v1/waves")).json()

    assert [wave["wave"] for wave in body["value"]] == ["pilot", "Wave 1"]
    pilot = body["value"][0]
    assert pilot["by_state"] == {"waiting": 2}
    assert pilot["by_code"] == {"not_started": 2}
    assert (pilot["pilot"], pilot["title"], pilot["slug"]) == (True, "Pilot", "pilot")
    assert body["nextLink"] is None


async def test_closed_wave_when_shown_then_as_its_report_says_without_reading_people(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    report = {"by_state": {"done": 7}, "by_code": {}}
    ledger.add_wave("pilot", state=CLOSED, report=report, users=7)

    wave = (await client.get("/api/v1/waves/pilot")).json()

    assert wave["by_state"] == {"done": 7}
    assert ledger.full_reads == 0


@pytest.mark.parametrize("name", ["Wave 1", "wave-1"])
async def test_wave_when_asked_by_name_or_slug_then_found(
    client: httpx.AsyncClient, ledger: MemoryLedger, name: str
):
    ledger.add_wave("Wave 1")

    assert (await client.get(f"/api/v1/waves/{name}")).json()["wave"] == "Wave 1"


async def test_unknown_wave_when_asked_then_the_problem_names_the_waves(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_wave("pilot")

    answer = await client.get("/api/v1/waves/pilto")

    assert answer.status_code == 404
    assert "pilot" in answer.json()["detail"]


async def test_many_watchers_when_they_ask_within_two_seconds_then_people_are_read_once(
    client: httpx.AsyncClient, ledger: MemoryLedger, services: MemoryServices
):
    ledger.add_wave("pilot", state=WaveState.RUNNING, epoch=1, started_at=NOW)

    for _ in range(5):
        await client.get("/api/v1/waves/pilot/progress")
    reads_at_first = ledger.full_reads
    services.wait(seconds=3)
    await client.get("/api/v1/waves/pilot/progress")

    assert reads_at_first == 1
    assert ledger.full_reads == 2


async def test_wave_when_it_has_just_closed_then_its_last_progress_is_not_an_older_count(
    client: httpx.AsyncClient, ledger: MemoryLedger, services: MemoryServices
):
    ledger.add_wave("pilot", state=WaveState.VERIFYING, epoch=1, started_at=NOW)
    sent = StepRecord(outcome=Outcome.APPLIED, at=NOW)
    ledger.add_user(1, started=True, steps=dict.fromkeys(Step, sent))
    await client.get("/api/v1/waves/pilot/progress")
    services.wait(seconds=1)
    seen = sent.model_copy(update={"verified_at": NOW})
    ledger.add_user(1, started=True, steps=dict.fromkeys(Step, seen))
    ledger.add_wave(
        "pilot", state=CLOSED, epoch=1, started_at=NOW, ended_at=NOW + timedelta(seconds=1)
    )

    body = (await client.get("/api/v1/waves/pilot/progress")).json()

    assert {step["verified"] for step in body["steps"]} == {1}


async def test_running_wave_when_half_is_answered_then_rate_and_eta_follow(
    client: httpx.AsyncClient, ledger: MemoryLedger, services: MemoryServices
):
    ledger.add_wave("pilot", state=WaveState.RUNNING, epoch=1, users=20, started_at=NOW)
    put_batch(ledger, a_batch(1, state=BatchState.ACCEPTED))
    put_batch(ledger, a_batch(2, state=BatchState.RUNNING))
    put_batch(ledger, a_batch(3, state=BatchState.PREPARED))
    sent = StepRecord(outcome=Outcome.APPLIED, at=NOW)
    stopped = StepRecord(outcome=Outcome.BLOCKED, code="no_seats_left", at=NOW)
    for number in range(8):
        ledger.add_user(number, batch=1, started=True, steps=dict.fromkeys(Step, sent))
    for number in range(8, 10):
        steps = {Step.RESOLVE: sent, Step.LICENSE: stopped}
        ledger.add_user(number, batch=1, started=True, steps=steps)
    for number in range(10, 20):
        ledger.add_user(number, batch=2, started=True)
    services.wait(seconds=60)

    body = (await client.get("/api/v1/waves/pilot/progress")).json()

    assert body["batches"] == {"total": 3, "accepted": 1, "in_flight": 1}
    licence = next(s for s in body["steps"] if s["step"] == "license")
    assert (licence["done"], licence["applied"], licence["blocked"]) == (0, 8, 2)
    assert body["rate_per_min"] == 10.0
    assert body["eta"] == (NOW + timedelta(seconds=120)).isoformat().replace("+00:00", "Z")


async def test_verifying_wave_when_watched_then_steps_come_from_people_and_no_eta(
    client: httpx.AsyncClient, ledger: MemoryLedger, services: MemoryServices
):
    ledger.add_wave("pilot", state=WaveState.VERIFYING, epoch=1, started_at=NOW, accepted_at=NOW)
    put_batch(ledger, a_batch(1, state=BatchState.ACCEPTED, counts={"license": {"applied": 10}}))
    seen = StepRecord(outcome=Outcome.APPLIED, at=NOW, verified_at=NOW)
    late = StepRecord(outcome=Outcome.BLOCKED, code="no_seats_left", at=NOW)
    found = {Step.RESOLVE: seen, Step.USAGE_LOCATION: seen}
    ledger.add_user(1, started=True, steps={**found, Step.LICENSE: seen})
    ledger.add_user(2, started=True, steps={**found, Step.LICENSE: late})
    services.wait(seconds=60)

    body = (await client.get("/api/v1/waves/pilot/progress")).json()

    licence = next(s for s in body["steps"] if s["step"] == "license")
    assert (licence["verified"], licence["blocked"], licence["applied"]) == (1, 1, 0)
    assert body["causes"] == [{"code": "no_seats_left", "count": 1}]
    assert body["eta"] is None


async def test_closed_pilot_when_decided_then_saved_and_audited_as_rehearsal(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_wave("pilot", state=CLOSED, section=PILOT)

    answer = await client.post(
        "/api/v1/waves/pilot/decision",
        json={"decision": "go", "reason": "it works"},
        headers={"x-rollout-user": "ana"},
    )

    assert answer.json()["decision"] == "go"
    assert ledger.waves["pilot"].decision == "go"
    entry = ledger.audit[-1]
    assert (entry.actor, entry.action, entry.rehearsal) == ("ana", "decide", True)


@pytest.mark.parametrize(
    ("state", "section", "kind"),
    [
        (WaveState.RUNNING, PILOT, "urn:rollout:pilot-still-open"),
        (CLOSED, WaveSection(), "urn:rollout:not-a-pilot"),
    ],
)
async def test_wave_without_a_decision_to_take_when_decided_then_refused(
    client: httpx.AsyncClient,
    ledger: MemoryLedger,
    state: WaveState,
    section: WaveSection,
    kind: str,
):
    ledger.add_wave("pilot", state=state, section=section)

    answer = await client.post("/api/v1/waves/pilot/decision", json={"decision": "go"})

    assert answer.status_code == 409
    assert answer.json()["type"] == kind
    assert ledger.waves["pilot"].decision == ""


async def test_plan_when_asked_for_then_an_operation_is_recorded_and_started(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.add_wave("Wave 1")

    answer = await client.post("/api/v1/waves/Wave 1/plan")

    operation = answer.json()
    assert answer.status_code == 202
    assert answer.headers["operation-location"].endswith(f"/api/v1/operations/{operation['id']}")
    name, instance, payload = starter.started[0]
    assert (name, instance) == ("planning_orchestration", f"op:{operation['id']}")
    assert (payload["wave"], payload["operation_id"]) == ("wave-1", operation["id"])


async def test_plan_when_the_request_is_repeated_under_its_key_then_one_operation(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.add_wave("pilot")
    headers = {"Idempotency-Key": "k-1"}

    first = await client.post("/api/v1/waves/pilot/plan", headers=headers)
    second = await client.post("/api/v1/waves/pilot/plan", headers=headers)

    assert first.json()["id"] == second.json()["id"]
    assert len(starter.started) == 1


async def test_large_plan_when_read_by_its_links_then_every_change_comes_once(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    header = PlanHeader(
        plan_id="p1",
        rollout_id="sample",
        wave="pilot",
        made_at=NOW,
        expires_at=NOW + timedelta(hours=24),
        users=1_500,
        by_class={"eligible": 1_500},
        by_code={},
        seats=({"sku": "SPE_E3", "needed": 1, "free": 1, "reserved": 0, "short": 0},),
        graph={"reads": 3, "writes": 9, "seconds": 1.5},
    )
    change = {"step": "license", "from": "none", "to": "SPE_E3"}
    rows = [
        PlanRow(ref=f"u{i}", upn=f"p{i}@c.example", kind="eligible", changes=(change, change))
        for i in range(1_500)
    ]
    await ledger.save_plan(header, rows)

    changes = []
    link: str | None = "/api/v1/plans/p1"
    while link:
        page = (await client.get(link)).json()
        changes += page["changes"]
        link = page["nextLink"]

    assert len(changes) == 3_000
    expected = {"id": None, "upn": "p0@c.example"} | change
    assert changes[0] == expected
    assert [c["upn"] for c in changes[::2]] == [row.upn for row in rows]
    assert page["graph"] == {"reads": 3, "writes": 9, "seconds": 1.5}


async def test_unknown_plan_when_read_then_404(client: httpx.AsyncClient):
    answer = await client.get("/api/v1/plans/nope")

    assert answer.status_code == 404
    assert "rollout plan" in answer.json()["do"]
