"""Waves whose instances were lost: what begins again, what is left alone, races and crashes."""

from typing import Any

import httpx
import pytest

from teams_rollout.domain.vocabulary import BatchState, WaveState
from teams_rollout.entrypoints.ports import InstanceState
from teams_rollout.entrypoints.reviving import revive_waves
from teams_rollout.ledger.records import BatchRecord
from tests.unit.entrypoints.doubles import MemoryLedger, MemoryServices, MemoryStarter, a_rollout

RUN, BATCH = "sample:pilot:wave:1", "sample:pilot:3:1"
LOST = (InstanceState.ABSENT, InstanceState.FAILED)


@pytest.fixture(autouse=True)
def wave(ledger: MemoryLedger, starter: MemoryStarter) -> None:
    """A wave at work on one batch, all of it alive."""
    ledger.rollout = a_rollout()
    ledger.add_wave("pilot", state=WaveState.RUNNING, epoch=1, cut=1)
    put_batch(ledger)
    starter.states = {RUN: InstanceState.RUNNING, BATCH: InstanceState.RUNNING}


def put_batch(ledger: MemoryLedger, **values: Any) -> None:
    fields = {"rollout_id": "sample", "wave": "pilot", "number": 3, "epoch": 1, "etag": "b"}
    claimed = {"state": BatchState.RUNNING, "claimed_generation": 1}
    ledger.batches["pilot", 1, 3] = BatchRecord.model_validate({**fields, **claimed, **values})


async def start(client: httpx.AsyncClient) -> str:
    answer = await client.post("/api/v1/waves/pilot/start")
    assert answer.status_code == 200
    return str(answer.json()["result"])


async def test_everything_alive_when_started_then_already_running_and_nothing_written(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    before = ledger.waves["pilot"]

    assert await start(client) == "already_running"

    assert (ledger.waves["pilot"], starter.started, ledger.audit) == (before, [], [])


@pytest.mark.parametrize("state", LOST)
@pytest.mark.parametrize("wave_state", [WaveState.RUNNING, WaveState.VERIFYING])
async def test_lost_run_when_started_then_the_next_epoch_goes_on_with_the_same_batches(
    client: httpx.AsyncClient,
    ledger: MemoryLedger,
    starter: MemoryStarter,
    state: InstanceState,
    wave_state: WaveState,
):
    ledger.waves["pilot"] = ledger.waves["pilot"].model_copy(update={"state": wave_state})
    starter.states[RUN] = state

    assert await start(client) == "resumed"

    wave = ledger.waves["pilot"]
    assert (wave.state, wave.epoch, wave.batches_of) == (wave_state, 2, 1)
    ((name, instance, payload),) = starter.started
    assert (name, instance) == ("wave_orchestration", "sample:pilot:wave:2")
    assert payload["epoch"] == 2
    assert ledger.batches["pilot", 1, 3].generation == 1
    assert [(e.action, e.detail) for e in ledger.audit] == [("revive", "lost: its run")]


async def test_lost_run_when_started_twice_then_the_second_start_finds_it_running(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    starter.states[RUN] = InstanceState.FAILED

    assert [await start(client), await start(client)] == ["resumed", "already_running"]

    assert ledger.waves["pilot"].epoch == 2
    assert len(starter.started) == 1


async def test_lost_run_when_somebody_else_is_first_then_already_running(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    starter.states[RUN] = InstanceState.FAILED

    def somebody_else() -> None:
        first = ledger.waves["pilot"].model_copy(update={"epoch": 2, "etag": "other"})
        ledger.waves["pilot"] = first

    ledger.before_save_wave = somebody_else

    assert await start(client) == "already_running"
    assert starter.started == []


async def test_run_that_closed_its_wave_meanwhile_when_started_then_nothing_to_do(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    starter.states[RUN] = InstanceState.SUCCEEDED

    def it_closes() -> None:
        closed = {"state": WaveState.COMPLETED, "etag": "closed"}
        ledger.waves["pilot"] = ledger.waves["pilot"].model_copy(update=closed)

    ledger.before_save_wave = it_closes

    assert await start(client) == "nothing_to_do"


async def test_failed_batch_when_started_then_its_next_generation_waits_for_the_dispatcher(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    starter.states[BATCH] = InstanceState.FAILED

    assert await start(client) == "resumed"

    batch, wave = ledger.batches["pilot", 1, 3], ledger.waves["pilot"]
    assert (batch.generation, batch.state) == (2, BatchState.PREPARED)
    assert (wave.epoch, wave.reruns) == (1, {3: 2})
    assert starter.started == []
    assert starter.woken == ["sample:pilot:dispatch:1"]


async def test_purged_batch_when_started_then_the_same_generation_runs(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter
):
    del starter.states[BATCH]

    assert await start(client) == "resumed"

    ((name, instance, payload),) = starter.started
    assert (name, instance) == ("batch_orchestration", BATCH)
    assert (payload["epoch"], payload["batch"], payload["generation"]) == (1, 3, 1)
    assert ledger.batches["pilot", 1, 3].generation == 1


@pytest.mark.parametrize(
    "batch",
    [
        {"state": BatchState.ACCEPTED},
        {"state": BatchState.CANCELLED},
        {"state": BatchState.QUEUED, "claimed_generation": 0},
    ],
)
async def test_batch_that_nobody_works_on_rightly_when_started_then_left_alone(
    client: httpx.AsyncClient, ledger: MemoryLedger, starter: MemoryStarter, batch: dict[str, Any]
):
    put_batch(ledger, **batch)
    del starter.states[BATCH]

    assert await start(client) == "already_running"


async def test_crash_before_the_batch_is_prepared_when_seen_to_again_then_the_same_generation(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    starter.states[BATCH] = InstanceState.FAILED
    ledger.waves["pilot"] = ledger.waves["pilot"].model_copy(update={"reruns": {3: 2}})

    await revive_waves(services, starter)

    assert ledger.batches["pilot", 1, 3].generation == 2
    assert ledger.waves["pilot"].reruns == {3: 2}


@pytest.mark.parametrize(
    ("state", "epoch"), [(WaveState.HALTED, 2), (WaveState.PAUSED, 2), (WaveState.COMPLETED, 1)]
)
async def test_lost_run_when_the_timer_comes_then_waves_under_way_get_another(
    services: MemoryServices,
    ledger: MemoryLedger,
    starter: MemoryStarter,
    state: WaveState,
    epoch: int,
):
    ledger.waves["pilot"] = ledger.waves["pilot"].model_copy(update={"state": state})
    starter.states[RUN] = InstanceState.FAILED

    await revive_waves(services, starter)

    assert (ledger.waves["pilot"].state, ledger.waves["pilot"].epoch) == (state, epoch)


async def test_nothing_imported_when_the_timer_comes_then_nothing_happens(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.rollout = None

    await revive_waves(services, starter)

    assert starter.started == []
