"""Which moves are legal: one table for waves, one for a person's step. Pure.

Nothing else decides whether a state may change. An illegal wave move is refused with
`IllegalMove` at the edge; inside orchestrations callers ask `may_move` first.
"""

from datetime import datetime

from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import Outcome, WaveState

_W = WaveState
WAVE_MOVES: dict[WaveState, frozenset[WaveState]] = {
    _W.DRAFT: frozenset({_W.PLANNED, _W.CANCELLED}),
    _W.PLANNED: frozenset({_W.PLANNED, _W.AWAITING_APPROVAL, _W.SCHEDULED, _W.CANCELLED}),
    _W.AWAITING_APPROVAL: frozenset({_W.PLANNED, _W.SCHEDULED, _W.CANCELLED}),
    _W.SCHEDULED: frozenset({_W.RUNNING, _W.PLANNED, _W.AWAITING_APPROVAL, _W.CANCELLED}),
    _W.RUNNING: frozenset({_W.PAUSED, _W.HALTED, _W.VERIFYING, _W.CANCELLED}),
    _W.PAUSED: frozenset({_W.RUNNING, _W.CANCELLED, _W.ROLLING_BACK}),
    _W.HALTED: frozenset({_W.RUNNING, _W.PAUSED, _W.CANCELLED, _W.ROLLING_BACK}),
    _W.VERIFYING: frozenset({_W.COMPLETED, _W.COMPLETED_WITH_FAILURES, _W.CANCELLED}),
    _W.COMPLETED: frozenset({_W.ROLLING_BACK}),
    _W.COMPLETED_WITH_FAILURES: frozenset({_W.ROLLING_BACK}),
    _W.CANCELLED: frozenset({_W.PLANNED, _W.ROLLING_BACK}),
    _W.ROLLING_BACK: frozenset({_W.ROLLED_BACK}),
    _W.ROLLED_BACK: frozenset({_W.PLANNED}),
}


class IllegalMove(ValueError):
    """A wave cannot go from its state to the wanted one."""

    def __init__(self, state: WaveState, to: WaveState) -> None:
        super().__init__(f"a wave that is {state.value} cannot become {to.value}")
        self.state = state
        self.to = to


def may_move(state: WaveState, to: WaveState) -> bool:
    """Whether the move is in the table."""
    return to in WAVE_MOVES[state]


def move_wave(state: WaveState, to: WaveState) -> WaveState:
    """The new state. Raises IllegalMove when the table has no such move."""
    if not may_move(state, to):
        raise IllegalMove(state, to)
    return to


_ALL = frozenset(Outcome)
STEP_MOVES: dict[Outcome, frozenset[Outcome]] = {
    # An accepted change is never un-accepted by a late duplicate of the activity; only a read
    # from Microsoft (an operation that failed, a deadline) may still turn it into trouble.
    Outcome.APPLIED: frozenset({Outcome.APPLIED, Outcome.BLOCKED, Outcome.FAILED}),
    # Found so once; a later read may find otherwise: people leave between plan and batch.
    Outcome.ALREADY: frozenset({Outcome.ALREADY, Outcome.BLOCKED, Outcome.FAILED, Outcome.SKIPPED}),
    Outcome.WAITING: _ALL,
    Outcome.THROTTLED: _ALL,
    Outcome.TRANSIENT: _ALL,
    Outcome.BLOCKED: frozenset({Outcome.BLOCKED}),
    Outcome.FAILED: frozenset({Outcome.FAILED}),
    Outcome.SKIPPED: frozenset({Outcome.SKIPPED}),
}


def advance(current: StepRecord | None, new: StepRecord) -> StepRecord:
    """The record that holds after `new` was reported; an illegal move keeps the current one."""
    if current is None:
        return new
    if new.outcome not in STEP_MOVES[current.outcome]:
        return current
    if current.outcome is new.outcome and new.code == current.code and current.verified_at:
        return current
    if current.outcome is Outcome.WAITING and (new.outcome, new.code, new.stage) == (
        current.outcome,
        current.code,
        current.stage,
    ):
        # Asked again, still waiting: since when counts, or no deadline would ever pass.
        return new.model_copy(update={"at": current.at})
    return new


def handed_back(current: StepRecord, new: StepRecord) -> StepRecord:
    """The record after another team's report, or after a read of what that team did.

    Unlike an answer to a call of ours it may lift a block: whoever blocked it has corrected it.
    """
    if current.is_done:
        return current
    return new.model_copy(update={"attempts": current.attempts})


def verified(record: StepRecord, at: datetime) -> StepRecord:
    """The record once a read has shown the wanted state."""
    return record.model_copy(update={"verified_at": at, "stalled": False, "retry_at": None})
