"""The stocktaking: figures for every state and queue, and one record for what needs a person."""

import logging
from datetime import timedelta

import pytest

from teams_rollout.contracts import names, signals
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import BatchState, Outcome, Step, UserState, WaveState
from teams_rollout.entrypoints.figures import FRESH_S, Board
from teams_rollout.entrypoints.ports import InstanceState
from teams_rollout.entrypoints.stock import take_stock
from teams_rollout.ledger.inspection import QueueLook
from teams_rollout.ledger.records import BatchRecord
from tests.unit.entrypoints.doubles import NOW, MemoryServices, MemoryStarter, a_rollout

LONG_AGO = NOW - timedelta(days=3)
INSTANCE = names.wave_instance("sample", "pilot", 1)


@pytest.fixture
def services():
    found = MemoryServices()
    found.ledger.rollout = a_rollout()
    return found


@pytest.fixture
def starter():
    return MemoryStarter(states={INSTANCE: InstanceState.RUNNING})


@pytest.fixture
def told(caplog):
    """What was reported, as (action, wave or instance)."""
    caplog.set_level(logging.INFO)

    def read():
        records = [r for r in caplog.records if hasattr(r, "action")]
        return [
            (r.action, getattr(r, "instance_id", getattr(r, "wave", "")))
            for r in records
            if r.action != signals.STOCK_TAKEN
        ]

    return read


def a_wave(services, state, **values):
    services.ledger.add_wave("pilot", state=state, epoch=1, **{"started_at": NOW, **values})


def by_label(points):
    return {dict(labels)[key]: p.value for labels, p in points.items() for key in dict(labels)}


async def test_given_people_and_waves_when_stock_is_taken_then_every_state_has_its_figure(
    services, starter, recording
):
    a_wave(services, WaveState.RUNNING)
    services.ledger.add_user(1)
    services.ledger.add_user(2)

    await take_stock(services, starter)

    points = recording.metrics()
    assert by_label(points[signals.USERS]) == {
        state.value: 2 if state is UserState.WAITING else 0 for state in UserState
    }
    assert by_label(points[signals.WAVES]) == {
        state.value: int(state is WaveState.RUNNING) for state in WaveState
    }


async def test_given_messages_when_stock_is_taken_then_the_oldest_one_gives_the_age(
    services, starter, recording
):
    services.ledger.queues = [
        QueueLook(names.BATCH_QUEUE, messages=3, oldest_at=NOW - timedelta(seconds=90)),
        QueueLook(names.BATCH_POISON_QUEUE, messages=0, oldest_at=None),
    ]

    await take_stock(services, starter)

    points = recording.metrics()
    assert by_label(points[signals.QUEUE_MESSAGES]) == {
        names.BATCH_QUEUE: 3,
        names.BATCH_POISON_QUEUE: 0,
    }
    assert by_label(points[signals.QUEUE_AGE])[names.BATCH_QUEUE] == 90


async def test_given_a_wave_that_moves_when_stock_is_taken_then_nobody_is_called(
    services, starter, told
):
    a_wave(services, WaveState.RUNNING, started_at=LONG_AGO)
    record = StepRecord(outcome=Outcome.APPLIED, at=NOW)
    services.ledger.add_user(1, started=True, steps={Step.RESOLVE: record})

    await take_stock(services, starter)

    assert told() == []


async def test_given_a_wave_in_which_nobody_has_moved_when_stock_is_taken_then_it_is_told(
    services, starter, told
):
    a_wave(services, WaveState.RUNNING, started_at=LONG_AGO)
    record = StepRecord(outcome=Outcome.APPLIED, at=LONG_AGO)
    services.ledger.add_user(1, started=True, steps={Step.RESOLVE: record})

    await take_stock(services, starter)

    assert told() == [(signals.WAVE_STALLED, "pilot")]


@pytest.mark.parametrize("state", [WaveState.SCHEDULED, WaveState.RUNNING, WaveState.VERIFYING])
async def test_given_an_orchestration_that_failed_when_stock_is_taken_then_it_is_told(
    state, services, starter, told
):
    a_wave(services, state)
    starter.states[INSTANCE] = InstanceState.FAILED

    await take_stock(services, starter)

    assert told() == [(signals.INSTANCE_FAILED, INSTANCE)]


async def test_given_a_wave_that_closes_between_two_looks_when_stock_is_taken_then_nothing_is_told(
    services, starter, told, monkeypatch
):
    a_wave(services, WaveState.VERIFYING)
    starter.states[INSTANCE] = InstanceState.SUCCEEDED
    closed = services.ledger.waves["pilot"].model_copy(update={"state": WaveState.COMPLETED})

    async def find(*_args):
        return closed

    monkeypatch.setattr(services.ledger, "find_wave", find)

    await take_stock(services, starter)

    assert told() == []


async def test_given_a_batch_whose_orchestration_failed_when_stock_is_taken_then_it_is_told(
    services, starter, told
):
    a_wave(services, WaveState.RUNNING)
    batch = BatchRecord(
        rollout_id="sample",
        wave="pilot",
        number=1,
        epoch=1,
        state=BatchState.RUNNING,
        generation=2,
        claimed_generation=2,
    )
    await services.ledger.save_batch(batch)
    instance = names.batch_instance("sample", "pilot", 1, 2)
    starter.states[instance] = InstanceState.FAILED

    await take_stock(services, starter)

    assert told() == [(signals.INSTANCE_FAILED, instance)]


async def test_given_no_rollout_when_stock_is_taken_then_queues_are_still_looked_at(
    services, starter, recording
):
    services.ledger.rollout = None
    services.ledger.queues = [QueueLook(names.BATCH_POISON_QUEUE, messages=1, oldest_at=None)]

    await take_stock(services, starter)

    points = recording.metrics()
    assert by_label(points[signals.QUEUE_MESSAGES]) == {names.BATCH_POISON_QUEUE: 1}
    assert signals.USERS not in points


def test_given_figures_when_they_are_old_then_this_process_sends_them_no_more():
    now = [0.0]
    board = Board(clock=lambda: now[0])
    board.show({signals.USERS: {"done": 7}})
    fresh = board.read(signals.USERS)

    now[0] += FRESH_S + 1

    assert [(o.value, o.attributes) for o in fresh] == [(7, {signals.STATE: "done"})]
    assert board.read(signals.USERS) == []
