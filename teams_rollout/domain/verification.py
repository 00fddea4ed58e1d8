"""What a sweep's reading proves, and when the next one is due. Pure."""

from datetime import datetime, timedelta

from teams_rollout.domain.assessment import Assessment, Finding, StepView
from teams_rollout.domain.progress import StepRecord, Steps
from teams_rollout.domain.transitions import verified
from teams_rollout.domain.vocabulary import PREREQUISITES, STEP_ORDER, Outcome, Step

FIRST_SWEEP = timedelta(minutes=10)
SLOWEST_SWEEP = timedelta(hours=4)
DEADLINE = timedelta(hours=48)
"""Microsoft speaks of up to 24 h; twice that is past every published delay."""
FEWEST_SWEEPS = 12
"""As many looks as fit into the deadline when nothing goes wrong."""
FLOOR = timedelta(seconds=0.5)
_REFUSED = (Outcome.BLOCKED, Outcome.FAILED, Outcome.SKIPPED)


def next_interval(sweeps_done: int, *, scale: float) -> timedelta:
    """Growing intervals between bulk reads: 10 min, 20 min, ... 4 h, divided by the time scale."""
    wanted = min(FIRST_SWEEP * (2.0 ** min(sweeps_done, 8)), SLOWEST_SWEEP)
    return max(wanted / scale, FLOOR)


def is_overdue(
    record: StepRecord, *, now: datetime, scale: float, since: datetime | None, sweeps: int
) -> bool:
    """Whether Microsoft should have shown the change long ago.

    Args:
        since: when the wave began to be verified; nobody is late before anybody has looked.
        sweeps: looks taken so far; time during which we were down ourselves does not count
            against Microsoft, hence a number of them must have passed as well.
    """
    waited_from = max(record.at, since) if since else record.at
    return sweeps >= FEWEST_SWEEPS and now - waited_from >= DEADLINE / scale


def awaited_steps(records: Steps) -> tuple[Step, ...]:
    """Steps accepted but not yet seen, or still being tried; none after a refused prerequisite.

    What follows from a licence that nobody gave would be waited for in vain until the deadline.
    """
    awaited: list[Step] = []
    for step in STEP_ORDER:
        record = records.get(step)
        if record is None:
            continue
        if record.awaits_verification or record.outcome.is_retryable:
            awaited.append(step)
        elif step in PREREQUISITES and record.outcome in _REFUSED and not record.stalled:
            break
    return tuple(awaited)


HAND_OFF_NOT_SEEN = "hand_off_not_seen"


def overdue(
    step: Step, record: StepRecord, *, now: datetime, view: StepView | None = None
) -> StepRecord:
    """What becomes of a step that even a read by id does not show after the deadline.

    Args:
        view: the step as assessed from that read; None where there was nothing to assess.
    """
    is_theirs = view is not None and view.finding is Finding.WAITING
    if is_theirs and record.outcome is Outcome.WAITING:
        # Another team reported it as done; Microsoft was never asked by us.
        return record.model_copy(
            update={"outcome": Outcome.BLOCKED, "code": HAND_OFF_NOT_SEEN, "at": now}
        )
    if step is Step.PHONE_NUMBER and record.outcome is Outcome.WAITING:
        # Never ordered, because Microsoft never took the person for somebody with telephony.
        return record.model_copy(
            update={"outcome": Outcome.BLOCKED, "code": "phone_system_missing", "at": now}
        )
    return record.model_copy(
        update={
            "outcome": Outcome.FAILED,
            "code": "not_verified_in_time",
            "at": now,
            "stalled": True,
        }
    )


def refused_by_group(records: Steps, assessment: Assessment) -> str:
    """Why the licensing group has failed for a person who waits for it; empty if it has not."""
    record, view = records.get(Step.LICENSE), assessment.get(Step.LICENSE)
    if record is None or view is None or not record.awaits_verification or not view.reprocess:
        return ""
    return view.code


def refused(record: StepRecord, code: str, *, now: datetime) -> StepRecord:
    """The record of a licence that Microsoft accepted and then could not give."""
    return record.model_copy(
        update={"outcome": Outcome.BLOCKED, "code": code, "at": now, "retry_at": None}
    )


def sweep(
    records: dict[Step, StepRecord], assessment: Assessment, *, now: datetime
) -> dict[Step, StepRecord]:
    """The records that a fresh reading proves; nothing is ever disproved by a bulk list."""
    changed: dict[Step, StepRecord] = {}
    for step, record in records.items():
        view = assessment.get(step)
        if view is None or not record.awaits_verification:
            continue
        if view.finding is Finding.SATISFIED:
            changed[step] = verified(record, now)
        elif view.finding is Finding.WAITING and record.outcome is Outcome.APPLIED:
            # An interim mode is in place; the rest is another team's (handed off).
            changed[step] = record.model_copy(
                update={"outcome": Outcome.WAITING, "code": view.code, "at": now}
            )
    return changed
