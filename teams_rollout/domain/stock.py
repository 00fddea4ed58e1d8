"""Waves that stand still although they should move, as somebody outside of them sees it. Pure."""

from datetime import datetime, timedelta

from teams_rollout.domain.verification import DEADLINE, SLOWEST_SWEEP
from teams_rollout.domain.vocabulary import WaveState

STILL_AFTER = timedelta(hours=1)
"""Outages that activities wait out by themselves are shorter."""

LONGEST_OF: dict[WaveState, timedelta] = {
    WaveState.RUNNING: STILL_AFTER,
    # Microsoft may keep everybody waiting until the deadline; one more sweep then ends it.
    WaveState.VERIFYING: DEADLINE + SLOWEST_SWEEP,
}
"""How long nobody may move, by state; in the others nobody is expected to."""


def stands_still(
    state: WaveState, *, moved_at: datetime | None, now: datetime, scale: float
) -> bool:
    """Whether a wave has not moved for longer than its state explains.

    Args:
        moved_at: when anything last happened to anybody in it; None = nothing yet.
        scale: divides what Microsoft's delays explain, as in a rehearsal.
    """
    longest = LONGEST_OF.get(state)
    if longest is None or moved_at is None:
        return False
    patience = longest / scale if state is WaveState.VERIFYING else longest
    return now - moved_at > patience
