"""When a wave that does not move is a matter for a person."""

from datetime import UTC, datetime, timedelta

import pytest

from teams_rollout.domain.stock import LONGEST_OF, stands_still
from teams_rollout.domain.vocabulary import WaveState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("state", LONGEST_OF)
def test_given_a_wave_at_work_when_it_moved_lately_then_it_is_left_alone(state):
    moved_at = NOW - LONGEST_OF[state] + A_MINUTE

    assert not stands_still(state, moved_at=moved_at, now=NOW, scale=1)


@pytest.mark.parametrize("state", LONGEST_OF)
def test_given_a_wave_at_work_when_it_has_not_moved_for_longer_than_explained_then_it_stands_still(
    state,
):
    moved_at = NOW - LONGEST_OF[state] - A_MINUTE

    assert stands_still(state, moved_at=moved_at, now=NOW, scale=1)


@pytest.mark.parametrize("state", set(WaveState) - set(LONGEST_OF))
def test_given_a_wave_that_waits_for_a_person_when_it_does_not_move_then_that_is_as_it_should_be(
    state,
):
    assert not stands_still(state, moved_at=NOW - timedelta(days=90), now=NOW, scale=1)


def test_given_a_rehearsal_when_verifying_then_the_patience_is_divided_as_the_waits_are():
    moved_at = NOW - timedelta(hours=2)

    assert stands_still(WaveState.VERIFYING, moved_at=moved_at, now=NOW, scale=3_600)
    assert not stands_still(WaveState.RUNNING, moved_at=NOW - A_MINUTE, now=NOW, scale=3_600)


def test_given_a_wave_in_which_nothing_has_happened_yet_when_asked_then_it_does_not_stand_still():
    assert not stands_still(WaveState.RUNNING, moved_at=None, now=NOW, scale=1)
