"""The only places where a state changes: every pair of states is walked."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.transitions import (
    STEP_MOVES,
    WAVE_MOVES,
    IllegalMove,
    advance,
    may_move,
    move_wave,
    verified,
)
from teams_rollout.domain.vocabulary import Outcome, WaveState
from tests.unit.domain.builders import LATER, a_record


@pytest.mark.parametrize(("state", "to"), [*product(WaveState, WaveState)])
def test_given_any_two_wave_states_when_moved_then_the_table_decides(
    state: WaveState, to: WaveState
) -> None:
    if to in WAVE_MOVES[state]:
        assert may_move(state, to)
        assert move_wave(state, to) is to
    else:
        assert not may_move(state, to)
        with pytest.raises(IllegalMove) as refusal:
            move_wave(state, to)
        assert (refusal.value.state, refusal.value.to) == (state, to)


def test_given_the_tables_when_read_then_every_state_and_outcome_has_its_row() -> None:
    assert set(WAVE_MOVES) == set(WaveState)
    assert set(STEP_MOVES) == set(Outcome)


def test_given_the_wave_table_when_followed_from_a_draft_then_every_state_is_reached() -> None:
    reached = {WaveState.DRAFT}
    while grown := {to for state in reached for to in WAVE_MOVES[state]} - reached:
        reached |= grown

    assert reached == set(WaveState)


def test_given_a_closed_wave_when_moved_then_it_never_simply_runs_again() -> None:
    for state in WaveState:
        if state.is_closed:
            assert not may_move(state, WaveState.RUNNING)


@pytest.mark.parametrize(("current", "new"), [*product(Outcome, Outcome)])
def test_given_any_two_outcomes_when_advanced_then_only_legal_moves_are_taken(
    current: Outcome, new: Outcome
) -> None:
    before, after = a_record(current), a_record(new, at=LATER)

    expected = after if new in STEP_MOVES[current] else before
    assert advance(before, after).outcome is expected.outcome


def test_given_somebody_still_waits_when_asked_again_then_since_when_is_kept() -> None:
    before = a_record(Outcome.WAITING, code="waiting_for_microsoft", attempts=1)
    again = a_record(Outcome.WAITING, code="waiting_for_microsoft", attempts=2, at=LATER)

    after = advance(before, again)

    assert (after.at, after.attempts) == (before.at, 2)


def test_given_no_record_when_advanced_then_the_new_one_holds() -> None:
    record = a_record(Outcome.THROTTLED)

    assert advance(None, record) is record


def test_given_a_verified_record_when_the_same_is_reported_late_then_it_stays_verified() -> None:
    seen = verified(a_record(Outcome.APPLIED), LATER)

    assert advance(seen, a_record(Outcome.APPLIED, at=LATER)) is seen


def test_given_a_stalled_record_when_seen_then_it_is_done_and_no_longer_stalled() -> None:
    seen = verified(a_record(Outcome.APPLIED, stalled=True, retry_at=LATER), LATER)

    assert seen.is_done
    assert (seen.verified_at, seen.stalled, seen.retry_at) == (LATER, False, None)


_RECORDS = st.builds(a_record, st.sampled_from(Outcome), code=st.sampled_from(["", "a"]))


@given(_RECORDS, st.lists(_RECORDS))
def test_given_any_reports_when_doubled_then_the_result_is_the_same(
    first: StepRecord, reports: list[StepRecord]
) -> None:
    once: StepRecord | None = first
    twice: StepRecord | None = first
    for report in reports:
        once = advance(once, report)
        twice = advance(advance(twice, report), report)

    assert once == twice
