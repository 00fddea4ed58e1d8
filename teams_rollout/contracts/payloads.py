"""What orchestrations, activities and queue messages say to each other. Pure.

Payloads are small and versioned: ids and counts, never people. Fields are only ever added, with
defaults, so that a redeploy can read what an older version wrote into history.
"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Payload(BaseModel):
    """Base of everything that enters durable history."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    schema_version: int = 1


class RetryablePayload(Payload):
    """Base of what activities report.

    Attributes:
        retry_at: when the next try makes sense; None = nothing left to try.
        trouble: code of what kept the activity itself from working (storage, a read), else empty.
        stopped: somebody has stopped writing (halt, pause, freeze); nothing was tried.
        over: what it was to write for has ended or been superseded; nobody need ask again.
    """

    retry_at: datetime | None = None
    trouble: str = ""
    stopped: bool = False
    over: bool = False


class WaveRequest(Payload):
    """Names a run of a wave."""

    rollout_id: str
    wave: str
    epoch: int
    operation_id: str = ""


class WaveRun(WaveRequest):
    """A wave's orchestration between two executions of it.

    Attributes:
        is_closing: everything but the close is behind it.
    """

    is_closing: bool = False


class VerificationRun(WaveRequest):
    """A wave's verification between two executions of it.

    Attributes:
        due_numbers: batches in which a phone number is to be tried before the next sweep.
        next_at: when the next sweep is due; None = at once.
        cut: the epoch in which the batches were cut; 0 = this run's.
    """

    due_numbers: tuple[int, ...] = ()
    next_at: datetime | None = None
    cut: int = 0


class BatchRequest(Payload):
    """Names a generation of a batch; also the message on `rollout-batches`.

    Attributes:
        give_up: tries are used up: whatever is unanswered becomes `failed`.
    """

    rollout_id: str
    wave: str
    epoch: int
    batch: int
    generation: int = 1
    give_up: bool = False


class BatchRun(BatchRequest):
    """A batch's orchestration between two executions of it.

    Attributes:
        phase: index of the group of step activities that comes next.
        executions: how often it has continued as new in the steps.
    """

    phase: int = 0
    executions: int = 0


class StepResult(RetryablePayload):
    """What a step activity reports: counts and the earliest retry time only.

    Attributes:
        counts: people per outcome.
    """

    counts: dict[str, int] = Field(default_factory=dict)


class OpenWaveResult(RetryablePayload):
    """Whether the wave may run, and how much there is."""

    started: bool = False
    reason: str = ""
    batches: int = 0
    teams: int = 0


class AdvanceResult(RetryablePayload):
    """What the wave's loop does next.

    Attributes:
        phase: `running` (come back), `accepted` (all batches answered) or `stopped`.
        dispatched: batches put on the queue by this call.
    """

    phase: str = "running"
    dispatched: int = 0
    open_batches: int = 0


class SendMembersResult(RetryablePayload):
    """What the sender of team members does next.

    Attributes:
        waiting: people still to be sent.
        next_at: when the next send is due; None = nothing waits.
    """

    sent: int = 0
    waiting: int = 0
    next_at: datetime | None = None
    finished: bool = False


class AcceptResult(RetryablePayload):
    """Whether every part of a batch has been answered."""

    accepted: bool = False
    waiting_for_members: int = 0


class VerifyResult(RetryablePayload):
    """One sweep over a wave's unverified people.

    Attributes:
        waiting: people still not seen at Microsoft.
        due_numbers: batches in which a phone number can be tried again.
        next_at: when to look again; None = nothing left to wait for.
        cut: the epoch in which the batches were cut.
    """

    waiting: int = 0
    due_numbers: tuple[int, ...] = ()
    next_at: datetime | None = None
    cut: int = 0


class OperationRequest(Payload):
    """A long operation that a person asked for (import, plan, reconciliation).

    Attributes:
        give_up: tries are used up: say what there is to say instead of asking for another.
    """

    rollout_id: str = ""
    operation_id: str
    wave: str = ""
    import_id: str = ""
    run_id: str = ""
    give_up: bool = False


class OperationResult(RetryablePayload):
    """Counts for the operation's record; the record itself has the details."""

    succeeded: bool = False
    counts: dict[str, int] = Field(default_factory=dict)


class HandOffRun(OperationRequest):
    """The taking of a result file, between two looks for what it reports.

    Attributes:
        looks: how often Microsoft has been asked so far; the first look takes the reports.
    """

    looks: int = 0


class HandOffResult(RetryablePayload):
    """One look at people who are handed off.

    Attributes:
        counts: where those of the result file are, for its operation.
        waiting: people reported as done whom Microsoft does not show yet.
        next_at: when to look again; None = nobody is looked for.
    """

    counts: dict[str, int] = Field(default_factory=dict)
    waiting: int = 0
    next_at: datetime | None = None


class NoticesRun(OperationRequest):
    """The notices' orchestration between two executions of it.

    Attributes:
        tries: calls in a row that told nobody.
    """

    tries: int = 0


class NoticesResult(OperationResult):
    """What one call of the sender did.

    Attributes:
        told: people dealt with by this call.
        waiting: people who still wait to be told.
    """

    told: int = 0
    waiting: int = 0
