"""Queue messages: claims under repetition, races and crashes; poison; wake-ups."""

import json
from typing import Any

import pytest

from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.roster import UserKey
from teams_rollout.domain.vocabulary import BatchState, Outcome, Step, UserState, WaveState
from teams_rollout.entrypoints.ports import InstanceState
from teams_rollout.entrypoints.queues import (
    BeingBlockedError,
    UnreadableMessageError,
    see_to_poison,
    start_batch,
    wake_up,
)
from teams_rollout.ledger.records import BatchRecord
from tests.unit.entrypoints.doubles import NOW, MemoryLedger, MemoryServices, MemoryStarter

INSTANCE = "sample:pilot:3:1"
APPLIED = StepRecord(outcome=Outcome.APPLIED, at=NOW)
FOUND = StepRecord(outcome=Outcome.ALREADY, at=NOW)


def a_message(**values: Any) -> str:
    message = {"rollout_id": "sample", "wave": "pilot", "epoch": 1, "batch": 3, "generation": 1}
    return json.dumps({"schema_version": 1, **message, **values})


def put_batch(ledger: MemoryLedger, **values: Any) -> None:
    fields = {"rollout_id": "sample", "wave": "pilot", "number": 3, "epoch": 1, "etag": "b"}
    batch = BatchRecord.model_validate({**fields, "state": BatchState.QUEUED, **values})
    ledger.batches["pilot", 1, 3] = batch


@pytest.fixture(autouse=True)
def wave(ledger: MemoryLedger) -> None:
    ledger.add_wave("pilot", epoch=1, state=WaveState.RUNNING)


def batch_of(ledger: MemoryLedger) -> BatchRecord:
    return ledger.batches["pilot", 1, 3]


async def test_new_batch_when_delivered_then_claimed_and_started(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    put_batch(ledger)

    await start_batch(services, starter, a_message())

    assert (batch_of(ledger).claimed_generation, batch_of(ledger).state) == (1, BatchState.RUNNING)
    name, instance, payload = starter.started[0]
    assert (name, instance, payload["batch"]) == ("batch_orchestration", INSTANCE, 3)


async def test_batch_when_delivered_twice_then_started_once(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    put_batch(ledger)

    for _ in range(2):
        await start_batch(services, starter, a_message().encode())

    assert len(starter.started) == 1


@pytest.mark.parametrize("state", [BatchState.ACCEPTED, BatchState.CANCELLED])
async def test_batch_that_is_over_when_delivered_then_left_alone(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter, state: BatchState
):
    put_batch(ledger, state=state, claimed_generation=1)

    await start_batch(services, starter, a_message())

    assert starter.started == []


async def test_claimed_batch_when_its_run_has_ended_then_not_started_again(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    put_batch(ledger, state=BatchState.RUNNING, claimed_generation=1)
    starter.states[INSTANCE] = InstanceState.FAILED

    await start_batch(services, starter, a_message())

    assert starter.started == []


async def test_crash_between_claim_and_start_when_delivered_again_then_started(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    put_batch(ledger, state=BatchState.RUNNING, claimed_generation=1)

    await start_batch(services, starter, a_message())

    assert [instance for _, instance, _ in starter.started] == [INSTANCE]


async def test_message_of_an_old_generation_when_delivered_then_left_alone(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    put_batch(ledger, generation=2, claimed_generation=0)

    await start_batch(services, starter, a_message(generation=1))

    assert (starter.started, batch_of(ledger).claimed_generation) == ([], 0)


async def test_unreadable_message_when_delivered_then_fails_so_that_it_becomes_poison(
    services: MemoryServices, starter: MemoryStarter
):
    with pytest.raises(UnreadableMessageError) as unreadable:
        await start_batch(services, starter, '{"wave": 1, "upn": "jo.secret@council.example"}')

    assert "rollout_id" in str(unreadable.value)
    assert "secret" not in repr(unreadable.value)
    assert unreadable.value.__context__ is None


async def test_poisoned_message_of_an_unclaimed_batch_then_people_blocked_and_wave_woken(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    people = [ledger.add_user(n, shard=1 + n // 40, started=True) for n in range(60)]
    done = ledger.add_user(70, started=True, steps=dict.fromkeys(Step, FOUND))
    put_batch(ledger, keys=tuple(p.key for p in [*people, done]))

    await see_to_poison(services, starter, a_message())

    batch = batch_of(ledger)
    assert (batch.state, batch.poisoned, batch.unforeseen) == (BatchState.ACCEPTED, True, 61)
    for person in people:
        now = ledger.users[person.key.shard, person.key.ref].summary
        assert (now.state, now.code) == (UserState.BLOCKED, "poisoned_batch")
    assert ledger.users[done.key.shard, done.key.ref].summary.state is UserState.DONE
    assert all(size <= 33 for _, size in ledger.commits)
    assert ledger.woken == ["sample:pilot:dispatch:1"]
    assert [entry.action for entry in ledger.audit] == ["poisoned_batch"]
    assert starter.started == []


async def test_poisoned_batch_when_its_message_turns_up_again_then_never_claimed(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    put_batch(ledger, poisoned=True)

    # Not acknowledged: should the blocking have broken off, poison is what makes it go on.
    with pytest.raises(BeingBlockedError):
        await start_batch(services, starter, a_message())

    assert (starter.started, batch_of(ledger).claimed_generation) == ([], 0)


async def test_poison_when_the_first_handling_broke_off_then_the_second_finishes_it(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    person = ledger.add_user(1, started=True)
    put_batch(ledger, keys=(person.key,), poisoned=True)

    await see_to_poison(services, starter, a_message())
    await see_to_poison(services, starter, a_message())

    assert batch_of(ledger).state is BatchState.ACCEPTED
    assert ledger.users[person.key.shard, person.key.ref].summary.code == "poisoned_batch"
    assert ledger.woken == ["sample:pilot:dispatch:1"]


async def test_poisoned_message_of_a_running_batch_then_marked_and_nobody_blocked(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    person = ledger.add_user(1, started=True, steps={Step.RESOLVE: APPLIED})
    put_batch(ledger, keys=(person.key,), state=BatchState.RUNNING, claimed_generation=1)
    starter.states[INSTANCE] = InstanceState.RUNNING

    await see_to_poison(services, starter, a_message())

    assert (batch_of(ledger).poisoned, batch_of(ledger).state) == (True, BatchState.RUNNING)
    assert ledger.commits == []
    assert starter.started == []


async def test_poisoned_message_of_a_claimed_batch_that_never_ran_then_it_is_started(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    put_batch(ledger, keys=(UserKey(shard="sample:0001", ref="u1"),), claimed_generation=1)

    await see_to_poison(services, starter, a_message())

    assert [instance for _, instance, _ in starter.started] == [INSTANCE]
    assert ledger.commits == []


async def test_unreadable_poison_when_handled_then_logged_without_its_content(
    services: MemoryServices, starter: MemoryStarter, caplog: pytest.LogCaptureFixture
):
    await see_to_poison(services, starter, '{"upn": "jo.secret@council.example"}')

    assert [r.levelname for r in caplog.records] == ["ERROR"]
    assert "secret" not in caplog.text


async def test_wake_up_when_delivered_then_the_instance_is_woken(starter: MemoryStarter):
    await wake_up(starter, b'{"schema_version": 1, "instance_id": "sample:pilot:wave:1"}')

    assert starter.woken == ["sample:pilot:wave:1"]
