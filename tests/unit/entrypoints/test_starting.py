"""Starting a wave: order, decisions, races and crashes."""

import httpx
import pytest

from teams_rollout.domain.configuration import WaveSection
from teams_rollout.domain.vocabulary import Environment, WaveState
from teams_rollout.entrypoints.ports import InstanceState
from tests.unit.entrypoints.doubles import (
    CLOSED,
    PILOT,
    MemoryLedger,
    MemoryServices,
    MemoryStarter,
)

START = "/api/v1/waves/{}/start"


async def test_draft_wave_when_started_then_scheduled_audited_and_its_run_begun(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.add_wave("pilot", section=PILOT)

    answer = await client.post(START.format("pilot"), json={"allow_shortage": True})

    operation = answer.json()
    assert answer.status_code == 202
    assert operation["kind"] == "start"
    saved = ledger.waves["pilot"]
    assert (saved.state, saved.epoch, saved.allow_shortage) == (WaveState.SCHEDULED, 1, True)
    assert [(e.action, e.rehearsal) for e in ledger.audit] == [("approve", True), ("start", True)]
    name, instance, payload = starter.started[0]
    assert (name, instance) == ("wave_orchestration", "sample:pilot:wave:1")
    assert (payload["epoch"], payload["operation_id"]) == (1, operation["id"])
    assert (await client.get(f"/api/v1/operations/{operation['id']}")).status_code == 200


async def test_start_when_no_body_is_sent_then_taken_without_shortage(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_wave("pilot")

    answer = await client.post(START.format("pilot"))

    assert answer.status_code == 202
    assert ledger.waves["pilot"].allow_shortage is False


@pytest.mark.parametrize("state", [WaveState.COMPLETED, WaveState.COMPLETED_WITH_FAILURES])
async def test_completed_wave_when_started_then_nothing_to_do_and_nothing_written(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter, state: WaveState
):
    before = ledger.add_wave("pilot", state=state, epoch=1)

    answer = await client.post(START.format("pilot"))

    assert answer.status_code == 200
    assert answer.json()["result"] == "nothing_to_do"
    assert ledger.waves["pilot"] == before
    assert (starter.started, ledger.operations, ledger.audit) == ([], {}, [])


@pytest.mark.parametrize("state", [WaveState.RUNNING, WaveState.VERIFYING])
async def test_wave_under_way_when_started_then_already_running(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter, state: WaveState
):
    ledger.add_wave("pilot", state=state, epoch=1)
    starter.states["sample:pilot:wave:1"] = InstanceState.RUNNING

    answer = await client.post(START.format("pilot"))

    assert answer.json()["result"] == "already_running"
    assert starter.started == []


@pytest.mark.parametrize("state", [WaveState.PAUSED, WaveState.HALTED, WaveState.ROLLING_BACK])
async def test_wave_that_cannot_go_there_when_started_then_refused(
    client: httpx.AsyncClient, ledger: MemoryLedger, state: WaveState
):
    before = ledger.add_wave("pilot", state=state, epoch=1)

    answer = await client.post(START.format("pilot"))

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:rollout:illegal-move"
    assert state.value in answer.json()["detail"]
    assert ledger.waves["pilot"] == before


async def test_crash_between_schedule_and_start_when_started_again_then_the_same_run_begins(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.add_wave("pilot", state=WaveState.SCHEDULED, epoch=3)

    answer = await client.post(START.format("pilot"))

    assert answer.status_code == 202
    assert starter.started[0][1] == "sample:pilot:wave:3"
    assert ledger.waves["pilot"].epoch == 3


async def test_scheduled_wave_when_its_run_exists_then_already_running(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.add_wave("pilot", state=WaveState.SCHEDULED, epoch=1)
    starter.states["sample:pilot:wave:1"] = InstanceState.RUNNING

    answer = await client.post(START.format("pilot"))

    assert answer.json()["result"] == "already_running"


async def test_scheduled_wave_when_its_run_broke_off_then_a_new_run_begins(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.add_wave("pilot", state=WaveState.SCHEDULED, epoch=1)
    starter.states["sample:pilot:wave:1"] = InstanceState.FAILED

    answer = await client.post(START.format("pilot"))

    assert answer.status_code == 202
    assert starter.started[0][1] == "sample:pilot:wave:2"


async def test_two_starts_when_they_race_then_the_loser_says_already_running(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    wave = ledger.add_wave("pilot")

    def somebody_else_starts() -> None:
        changed = {"state": WaveState.SCHEDULED, "epoch": 1, "etag": "other"}
        ledger.waves["pilot"] = wave.model_copy(update=changed)

    ledger.before_save_wave = somebody_else_starts

    answer = await client.post(START.format("pilot"))

    assert answer.status_code == 200
    assert answer.json()["result"] == "already_running"
    assert (starter.started, ledger.audit) == ([], [])


async def test_start_when_something_else_changed_the_wave_then_a_conflict_not_a_lie(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    wave = ledger.add_wave("pilot")

    def an_import_touches_it() -> None:
        ledger.waves["pilot"] = wave.model_copy(update={"users": 9, "etag": "other"})

    ledger.before_save_wave = an_import_touches_it

    answer = await client.post(START.format("pilot"))

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:rollout:changed-meanwhile"
    assert starter.started == []


async def test_wave_when_the_one_before_is_open_then_refused_by_name(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.add_wave("Wave 1", state=WaveState.PLANNED)
    ledger.add_wave("Wave 2")

    answer = await client.post(START.format("Wave 2"))

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:rollout:wave-not-ready"
    assert "Wave 1" in answer.json()["detail"]
    assert answer.json()["do"] == "Start that one first: rollout start Wave 1"
    assert starter.started == []


async def test_wave_when_it_names_its_predecessor_then_only_that_one_has_to_be_closed(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_wave("North", state=CLOSED)
    ledger.add_wave("South", state=WaveState.RUNNING)
    ledger.add_wave("North 2", section=WaveSection(after="North"))

    assert (await client.post(START.format("North 2"))).status_code == 202


@pytest.mark.parametrize(("decision", "status"), [("", 409), ("extend", 409), ("go", 202)])
async def test_wave_when_an_earlier_pilot_is_closed_then_its_decision_counts(
    client: httpx.AsyncClient, ledger: MemoryLedger, decision: str, status: int
):
    ledger.add_wave("pilot", state=CLOSED, section=PILOT, decision=decision)
    ledger.add_wave("Wave 1", state=CLOSED)
    ledger.add_wave("Wave 2")

    answer = await client.post(START.format("Wave 2"))

    assert answer.status_code == status
    if status == 409:
        assert answer.json()["do"] == "Record the decision: rollout decide pilot go"


async def test_live_tenant_when_no_approval_exists_then_refused(
    client: httpx.AsyncClient, ledger: MemoryLedger, services: MemoryServices
):
    services.settings.environment = Environment.LIVE
    services.settings.dev_identity = "ana"
    ledger.add_wave("pilot")

    answer = await client.post(START.format("pilot"))

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:rollout:approval-needed"
