"""From Microsoft's answer to a step record: whether and when to try again. Pure."""

from datetime import datetime, timedelta

from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.progress import Stage, StepRecord
from teams_rollout.domain.vocabulary import Outcome

MAX_HICCUPS = 15
"""Transient answers in a row after which we stop believing in a hiccup: about ten minutes, so
that a short outage at Microsoft makes nobody a failure."""

MAX_REPLICATION_TRIES = 40
"""Microsoft's own delays (replication) are waited out much longer."""

MICROSOFT_DELAY_CODES = frozenset(
    {"replication_pending", "usage_location_missing", "waiting_for_microsoft"}
)

_THROTTLE_DEFAULT = timedelta(seconds=10)
_HICCUP_BASE = timedelta(seconds=2)
_HICCUP_CAP = timedelta(seconds=60)
_DELAY_STEP = timedelta(seconds=10)
_DELAY_CAP = timedelta(minutes=5)
_DELAY_FLOOR = timedelta(milliseconds=250)


def settle(
    result: CallResult, previous: StepRecord | None, *, now: datetime, scale: float
) -> StepRecord:
    """The step record for an answer; retryable ones carry the time of the next try.

    Args:
        scale: the time scale; divides only waits caused by Microsoft's delays, never
            Retry-After or our own backoff.

    Returns:
        `failed` with the same code once the tries are used up, so that nobody waits for ever.
    """
    outcome, retry_at, hiccups = result.outcome, None, 0
    if outcome is Outcome.WAITING and result.retry_after is not None:
        retry_at = now + result.retry_after
    if outcome is Outcome.THROTTLED:
        retry_at = now + (result.retry_after or _THROTTLE_DEFAULT)
    elif outcome is Outcome.TRANSIENT:
        hiccups = (previous.hiccups if previous else 0) + 1
        limit = MAX_REPLICATION_TRIES if _is_delay(result) else MAX_HICCUPS
        if hiccups >= limit:
            outcome = Outcome.FAILED
        else:
            retry_at = now + _pause(result, hiccups, scale)
    return StepRecord(
        outcome=outcome,
        code=result.code,
        at=now,
        attempts=(previous.attempts if previous else 0) + 1,
        hiccups=hiccups,
        retry_at=retry_at,
        reference=result.request_id,
        stage=result.stage or (previous.stage if previous and outcome.is_retryable else Stage.NONE),
    )


BACKGROUND_PATIENCE = timedelta(minutes=15)
"""How long a batch waits for what Microsoft does in the background; then verification does."""

REPROCESSING_PATIENCE = timedelta(minutes=10)
"""How long an old error may still be shown after Microsoft was asked to try again."""

_SHORTEST_PATIENCE = timedelta(seconds=2)
_FIRST_LOOK = timedelta(seconds=30)
_LONGEST_LOOK = timedelta(minutes=4)


def next_look(since: datetime, *, now: datetime, scale: float) -> timedelta | None:
    """When to look again at what Microsoft does in the background; None = leave it.

    Each pause is as long as the wait has been, from 30 s to 4 min of Microsoft's time.

    Args:
        since: when Microsoft accepted the change.
    """
    if has_waited(since, BACKGROUND_PATIENCE, now=now, scale=scale):
        return None
    pause = max(_FIRST_LOOK, min((now - since) * scale, _LONGEST_LOOK))
    return max(pause / scale, _DELAY_FLOOR)


def has_waited(since: datetime, patience: timedelta, *, now: datetime, scale: float) -> bool:
    """Whether as much of Microsoft's time has passed; never less than a few real seconds."""
    return now - since >= max(patience / scale, _SHORTEST_PATIENCE)


def _is_delay(result: CallResult) -> bool:
    return result.code in MICROSOFT_DELAY_CODES


def _pause(result: CallResult, hiccups: int, scale: float) -> timedelta:
    if _is_delay(result):
        return max(min(_DELAY_STEP * hiccups, _DELAY_CAP) / scale, _DELAY_FLOOR)
    backoff = min(_HICCUP_BASE * (2.0 ** (hiccups - 1)), _HICCUP_CAP)
    return max(backoff, result.retry_after or timedelta(0))
