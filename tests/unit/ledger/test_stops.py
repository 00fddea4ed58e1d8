"""What a wave's row rules out, for good or for now."""

import pytest

from teams_rollout.contracts import names
from teams_rollout.domain.vocabulary import WaveState
from teams_rollout.ledger.records import WaveRecord
from teams_rollout.ledger.stops import stopped_by

W = "w"


def a_wave(**changes: object) -> WaveRecord:
    wave = WaveRecord(rollout_id="r", name=W, slug=W, position=0, state=WaveState.RUNNING, epoch=1)
    return wave.model_copy(update=changes)


@pytest.mark.parametrize("state", [WaveState.RUNNING, WaveState.VERIFYING])
def test_given_a_wave_at_work_when_asked_then_nothing_is_stopped(state: WaveState) -> None:
    assert stopped_by(a_wave(state=state)) == {}


@pytest.mark.parametrize("state", [WaveState.HALTED, WaveState.PAUSED, WaveState.SCHEDULED])
def test_given_a_wave_that_stands_still_when_asked_then_run_and_batches_are_stopped_for_now(
    state: WaveState,
) -> None:
    expected = {names.writes_of_run(W, 1): False, names.writes_of_cut(W, 1): False}

    assert stopped_by(a_wave(state=state)) == expected


@pytest.mark.parametrize("state", [WaveState.CANCELLED, WaveState.COMPLETED])
def test_given_a_closed_wave_when_asked_then_run_and_batches_are_stopped_for_good(
    state: WaveState,
) -> None:
    assert all(stopped_by(a_wave(state=state)).values())


def test_given_a_run_that_took_over_when_asked_then_the_old_run_is_over_and_its_batches_go_on() -> (
    None
):
    wave = a_wave(epoch=3, cut=2)

    assert stopped_by(wave) == {
        names.writes_of_run(W, 1): True,
        names.writes_of_run(W, 2): True,
        names.writes_of_cut(W, 1): True,
    }


def test_given_a_batch_begun_again_when_asked_then_only_its_old_generations_are_over() -> None:
    wave = a_wave(epoch=2, cut=2, reruns={4: 1003})
    stopped = stopped_by(wave)

    assert stopped[names.writes_of_batch(W, 4, 1001)]
    assert stopped[names.writes_of_batch(W, 4, 1002)]
    assert names.writes_of_batch(W, 4, 1003) not in stopped
