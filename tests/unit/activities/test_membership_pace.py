"""The sender's pace: a canary does not wait for company, the rest does not waste the quota."""

import pytest

from teams_rollout.domain.vocabulary import BatchState, WaveState
from tests.unit.activities.machine import Machine, a_ledger, cut

SIZES = {"people": 1_190, "canary": 20, "size": 100}


@pytest.fixture
async def machine():
    ledger = a_ledger(**SIZES, at_once=4, limit=2)
    for batch in cut(**SIZES):
        await ledger.save_batch(batch)
    made = Machine(ledger)
    yield made
    await made.session.close()


async def turn(machine):
    await machine.dispatch()
    while machine.ledger.messages:
        await machine.deliver()
    for batch in await machine.ledger.list_batches("r", "w", 1):
        await machine.work(batch.number)
        await machine.accept(batch.number)
    await machine.send()
    machine.world.seconds += 1


async def test_given_a_canary_of_20_in_1190_when_it_is_ready_then_its_gate_opens_in_a_minute(
    machine,
):
    while (await machine.ledger.list_batches("r", "w", 1))[0].state is not BatchState.ACCEPTED:
        await turn(machine)
        assert machine.world.seconds < 60


async def test_given_1190_people_when_all_are_sent_then_requests_are_as_few_as_can_be(machine):
    while machine.ledger.wave.state is WaveState.RUNNING:
        await turn(machine)
        assert machine.world.seconds < 600

    by_team = [team for _, team in machine.world.requests]
    # 1,190 people and a canary of their own need 7 requests; company costs a few more.
    assert 7 <= by_team.count("id-news") <= 12
    assert set(machine.world.joined.values()) == {1}
