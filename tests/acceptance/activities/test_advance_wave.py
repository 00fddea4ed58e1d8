"""advance_wave: canary first, a few at a time, halted by the gate, no message lost for long."""

import pytest

from activities.advance_wave import advance_wave
from teams_rollout.contracts import signals
from teams_rollout.contracts.names import BATCH_QUEUE
from teams_rollout.domain.vocabulary import BatchState, WaveState
from tests.acceptance.activities.lab import ROLLOUT, Crash

pytestmark = pytest.mark.azurite


@pytest.fixture
def people(build):
    return [build.a_person(f"p{n}") for n in range(8)]


@pytest.fixture
async def run(lab, build, people):
    """A canary of two, and three batches of two, two at a time."""
    council = build.a_council(*people).in_batches(canary=2, size=2, at_once=2)
    run = await lab.start(council.with_gate(people=1, percent=0.0))
    lab.woken()
    return run


async def advance(run):
    return await advance_wave(run.lab.deps, run.request)


def sent(run):
    """Numbers of the batches whose message waits; taken off the queue."""
    return [m["batch"] for m in run.lab.messages(BATCH_QUEUE)]


async def change(run, number, **changes):
    batch = next(b for b in await run.batches() if b.number == number)
    await run.lab.ledger.save_batch(batch.model_copy(update=changes))


async def accept(run, *numbers, unforeseen=0):
    for number in numbers:
        figures = {"attempted": 2, "unforeseen": unforeseen}
        await change(run, number, state=BatchState.ACCEPTED, claimed_generation=1, **figures)


async def test_given_an_open_wave_when_advanced_then_only_the_canary_is_sent(run):
    result = await advance(run)

    assert (result.phase, result.dispatched, result.open_batches) == ("running", 1, 4)
    message = {"rollout_id": ROLLOUT, "wave": "pilot", "epoch": 1, "batch": 1, "generation": 1}
    (found,) = run.lab.messages(BATCH_QUEUE)
    assert found.items() >= message.items()


async def test_given_the_canary_at_work_when_advanced_again_then_nothing_is_sent(run):
    await advance(run)
    sent(run)

    assert (await advance(run)).dispatched == 0
    assert sent(run) == []


async def test_given_the_canary_is_through_when_advanced_then_as_many_go_as_may_at_once(run):
    await accept(run, 1)

    assert (await advance(run)).dispatched == 2
    assert sent(run) == [2, 3]
    assert (await advance(run)).dispatched == 0
    await accept(run, 2)
    assert (await advance(run)).dispatched == 1
    assert sent(run) == [4]


async def test_given_batches_that_only_wait_for_teams_when_advanced_then_they_free_their_place(run):
    await accept(run, 1)
    await advance(run)
    sent(run)
    await change(run, 2, state=BatchState.AWAITING_MEMBERS, claimed_generation=1)

    assert (await advance(run)).dispatched == 1


async def test_given_no_canary_when_advanced_then_batches_go_at_once(lab, build, people):
    council = build.a_council(*people).in_batches(canary=0, size=2, at_once=3)
    run = await lab.start(council)

    assert (await advance(run)).dispatched == 3


async def test_given_exactly_the_limit_when_advanced_then_the_wave_goes_on(run):
    await accept(run, 1, unforeseen=1)

    assert (await advance(run)).dispatched == 2
    assert (await run.lab.wave()).state is WaveState.RUNNING


async def test_given_more_trouble_than_the_limit_when_advanced_then_it_halts_and_says_why(
    run, caplog
):
    await accept(run, 1, unforeseen=2)

    result = await advance(run)

    assert (result.phase, result.dispatched) == ("running", 0)
    wave = await run.lab.wave()
    assert wave.state is WaveState.HALTED
    assert wave.reason == (
        "2 of the 2 people since the last gate had unforeseen trouble; the limit is 1."
    )
    assert [r.action for r in caplog.records if hasattr(r, "action")] == [signals.WAVE_HALTED]
    assert sent(run) == []


async def test_given_trouble_in_several_batches_since_the_last_gate_then_it_adds_up(run):
    await accept(run, 1, 2, unforeseen=1)

    await advance(run)

    assert (await run.lab.wave()).state is WaveState.HALTED


async def test_given_trouble_that_passed_a_gate_when_the_next_comes_then_it_counts_no_more(run):
    await accept(run, 1, unforeseen=1)
    await advance(run)
    await accept(run, 2, unforeseen=1)

    await advance(run)

    assert (await run.lab.wave()).state is WaveState.RUNNING


async def test_given_a_halted_wave_when_a_person_resumes_it_then_it_goes_on_until_new_trouble(run):
    await accept(run, 1, unforeseen=2)
    await advance(run)
    await run.move_to(WaveState.RUNNING)

    assert (await advance(run)).dispatched == 2
    assert (await run.lab.wave()).state is WaveState.RUNNING

    await accept(run, 2, unforeseen=2)
    await advance(run)
    assert (await run.lab.wave()).state is WaveState.HALTED


async def test_given_a_crash_as_the_gate_decides_when_advanced_again_then_it_decides_the_same(run):
    await accept(run, 1, unforeseen=2)
    run.lab.ledger.die_before("save_wave")
    with pytest.raises(Crash):
        await advance(run)

    await advance(run)

    assert (await run.lab.wave()).state is WaveState.HALTED


async def test_given_an_unclaimed_message_for_a_minute_when_advanced_then_it_is_sent_again(run):
    await advance(run)
    sent(run)
    run.lab.clock.skip(59)
    await advance(run)
    assert sent(run) == []

    run.lab.clock.skip(2)
    await advance(run)

    assert sent(run) == [1]


async def test_given_a_claimed_batch_when_long_at_work_then_no_message_is_sent_again(run):
    await advance(run)
    sent(run)
    await change(run, 1, claimed_generation=1, state=BatchState.RUNNING)
    run.lab.clock.skip(3600)

    await advance(run)

    assert sent(run) == []


async def test_given_a_crash_before_the_message_when_advanced_then_it_is_sent_after_a_minute(run):
    run.lab.ledger.die_before("send_batch")
    with pytest.raises(Crash):
        await advance(run)
    assert sent(run) == []

    run.lab.clock.skip(61)
    await advance(run)

    assert sent(run) == [1]


async def test_given_all_batches_are_through_when_advanced_then_verification_may_begin(run):
    await accept(run, 1, 2, 3, 4)

    assert (await advance(run)).phase == "accepted"
    wave = await run.lab.wave()
    assert wave.state is WaveState.VERIFYING
    assert wave.accepted_at is not None
    assert run.lab.woken() == {f"{ROLLOUT}:pilot:members:1"}
    assert (await advance(run)).phase == "accepted"


@pytest.mark.parametrize("state", [WaveState.PAUSED, WaveState.HALTED])
async def test_given_a_wave_that_stands_still_when_advanced_then_nothing_is_sent(run, state):
    await run.move_to(state)

    result = await advance(run)

    assert (result.phase, result.dispatched) == ("running", 0)
    assert sent(run) == []


@pytest.mark.parametrize("state", [WaveState.CANCELLED, WaveState.COMPLETED])
async def test_given_a_closed_wave_when_advanced_then_the_dispatcher_ends(run, state):
    await run.move_to(state)

    assert (await advance(run)).phase == "stopped"


async def test_given_a_newer_start_when_advanced_then_the_old_dispatcher_ends(run):
    await run.lab.schedule()

    assert (await advance(run)).phase == "stopped"


async def test_given_a_wave_with_nothing_to_do_when_advanced_then_it_goes_to_verification(
    lab, build
):
    run = await lab.start(build.a_council(build.an_employee_who_is_through("zoe")))

    assert (await advance(run)).phase == "accepted"


async def test_given_a_cancelled_batch_when_the_others_are_through_then_the_wave_goes_on(run):
    await change(run, 1, state=BatchState.CANCELLED)
    numbers = [b.number for b in await run.batches()][1:]
    await accept(run, *numbers)

    assert (await advance(run)).phase == "accepted"
