"""How far a person has come: step records and the one summary derived from them. Pure.

The summary is computed on read from the step records, so it can never disagree with them.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.vocabulary import (
    PREREQUISITES,
    STEP_ORDER,
    Outcome,
    Step,
    UserState,
)

WAITING_FOR_MICROSOFT = "waiting_for_microsoft"
NOT_STARTED = "not_started"


class Stage(StrEnum):
    """How far a step of several requests has come; most steps have one and no stage."""

    NONE = ""
    JOINED = "joined"  # put into the licensing group
    REPROCESSED = "reprocessed"  # the licensing group was asked to try again


class StepRecord(BaseModel):
    """The latest outcome of one step for one person.

    Attributes:
        verified_at: when a read from Microsoft showed the wanted state; `already` is born verified.
        attempts: how often the step was tried.
        hiccups: transient answers in a row.
        retry_at: earliest next try of a throttled or transient step; of a waiting one the batch's
            next look at what Microsoft does in the background, else verification looks.
        stage: how far a step of several requests has come.
        reference: Microsoft's request or operation id, for support and polling.
        stalled: not seen at Microsoft within the deadline.
        foreseen: the plan knew this trouble beforehand, so no gate counts it.
    """

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    code: str = ""
    at: datetime
    verified_at: datetime | None = None
    attempts: int = 0
    hiccups: int = 0
    retry_at: datetime | None = None
    reference: str = ""
    stalled: bool = False
    foreseen: bool = False
    stage: Stage = Stage.NONE

    @property
    def is_done(self) -> bool:
        """Verified, found so, or not for this person."""
        if self.outcome in (Outcome.ALREADY, Outcome.SKIPPED):
            return True
        return self.verified_at is not None

    @property
    def is_answered(self) -> bool:
        """Whether the batch has nothing left to try: accepted, refused, or waiting for others."""
        return not self.outcome.is_retryable and not self.is_watched

    @property
    def is_watched(self) -> bool:
        """Accepted, and the batch itself looks whether Microsoft has carried it out."""
        return self.outcome is Outcome.WAITING and self.retry_at is not None

    @property
    def awaits_verification(self) -> bool:
        """Accepted by Microsoft (or due by itself) but not yet seen there."""
        waits = self.outcome is Outcome.WAITING and self.code == WAITING_FOR_MICROSOFT
        return not self.is_done and (waits or self.outcome is Outcome.APPLIED)


Steps = Mapping[Step, StepRecord]


class Summary(BaseModel):
    """A person's place in one line.

    Attributes:
        step: the first step that is not done, or None when all are.
        since: when that became so.
    """

    model_config = ConfigDict(frozen=True)

    state: UserState
    code: str = ""
    step: Step | None = None
    since: datetime | None = None
    attempts: int = 0
    stalled: bool = False


_STATE_OF_OUTCOME: dict[Outcome, UserState] = {
    Outcome.APPLIED: UserState.WAITING,
    Outcome.WAITING: UserState.WAITING,
    Outcome.THROTTLED: UserState.IN_PROGRESS,
    Outcome.TRANSIENT: UserState.IN_PROGRESS,
    Outcome.BLOCKED: UserState.BLOCKED,
    Outcome.FAILED: UserState.FAILED,
    Outcome.SKIPPED: UserState.SKIPPED,
}


def summarise(steps: Steps, *, started: bool) -> Summary:
    """The person's state and code: the first not-done step in order gives both.

    Args:
        started: whether the person's wave has begun; before that nobody is in progress.
    """
    if not started or not steps:
        code = NOT_STARTED if not started else ""
        state = UserState.WAITING if not started else UserState.IN_PROGRESS
        return Summary(state=state, code=code)
    resolve = steps.get(Step.RESOLVE)
    if resolve is not None and resolve.outcome is Outcome.SKIPPED:
        return Summary(
            state=UserState.SKIPPED, code=resolve.code, step=Step.RESOLVE, since=resolve.at
        )
    to_run = _next_to_run(steps)
    for step in STEP_ORDER:
        record = steps.get(step)
        if record is None:
            return Summary(state=UserState.IN_PROGRESS, step=step, since=_latest(steps))
        if record.awaits_verification and not record.is_watched and to_run is not None:
            return Summary(state=UserState.IN_PROGRESS, step=to_run, since=_latest(steps))
        if not record.is_done:
            return _unfinished(step, record)
    return Summary(state=UserState.DONE, since=_latest(steps))


def _next_to_run(steps: Steps) -> Step | None:
    """The first step that still has to run; none once a prerequisite was refused."""
    prerequisites = (steps.get(p) for p in PREREQUISITES)
    if any(r is not None and r.outcome in _REFUSALS for r in prerequisites):
        return None
    return next((s for s in STEP_ORDER if s not in steps), None)


_REFUSALS = (Outcome.BLOCKED, Outcome.FAILED, Outcome.SKIPPED)


def _unfinished(step: Step, record: StepRecord) -> Summary:
    code = record.code
    if record.outcome is Outcome.APPLIED:
        code = WAITING_FOR_MICROSOFT
    return Summary(
        state=_STATE_OF_OUTCOME[record.outcome],
        code=code,
        step=step,
        since=record.at,
        attempts=record.attempts,
        stalled=record.stalled,
    )


def _latest(steps: Steps) -> datetime | None:
    return max((r.verified_at or r.at for r in steps.values()), default=None)
