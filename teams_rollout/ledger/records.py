"""The rows of the ledger as values. Personal data lives here and nowhere else.

Keys and partitions are the adapters' business; these models are what the rest of the app sees.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from teams_rollout.domain.configuration import RolloutConfig, WaveSection
from teams_rollout.domain.observed import Catalogue, LicenseGroup, ObservedUser, TeamStatus
from teams_rollout.domain.progress import StepRecord, Summary, summarise
from teams_rollout.domain.roster import Assignment, TeamSpec, UserKey
from teams_rollout.domain.vocabulary import BatchState, Outcome, Step, WaveState


class _Record(BaseModel):
    # An error must not quote a person: it may end up in a log.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class RolloutRecord(_Record):
    """The one rollout of this deployment.

    Attributes:
        rollout_id: slug of the name; first part of every key and instance id.
        import_id: the import that is in force; empty before the first.
        catalogue / license_groups: as of the last plan that was acted on.
        homing_proved_by: the `known_on_premises` by whom the doctor last saw that Graph tells
            people on a server from others; empty = not proved.
        next_ref / next_shard: counters for keys, which are never given twice.
    """

    rollout_id: str
    config: RolloutConfig
    import_id: str = ""
    imported_at: datetime | None = None
    catalogue: Catalogue = Catalogue()
    license_groups: dict[str, LicenseGroup] = Field(default_factory=dict)
    tenant_id: str = ""
    homing_proved_by: str = ""
    next_ref: int = 1
    next_shard: int = 1
    etag: str = ""

    def under(self, wave: "WaveRecord") -> "RolloutRecord":
        """The rollout as a wave sees it: with the settings that the wave was opened with.

        For reading only: saved, it would take back what was imported since.
        """
        return self.model_copy(update={"config": wave.config or self.config})


class UserRecord(_Record):
    """One person.

    Attributes:
        wave: slug of the wave; empty once removed by an import.
        observed: as last read by import, plan, batch or verification.
        batch: number of the batch in the wave's current run, 0 = none yet.
        started: whether the wave that holds the person has begun.
        steps: latest outcome per step of the wave's current run.
    """

    key: UserKey
    assignment: Assignment
    wave: str
    object_id: str = ""
    observed: ObservedUser | None = None
    batch: int = 0
    started: bool = False
    steps: dict[Step, StepRecord] = Field(default_factory=dict)
    removed: bool = False

    @property
    def summary(self) -> Summary:
        """State and code derived from the steps."""
        return summarise(self.steps, started=self.started)

    @property
    def upn(self) -> str:
        """The UPN that Microsoft shows, else the one in the file."""
        return self.observed.upn if self.observed else self.assignment.upn


class TimelineEvent(_Record):
    """Something that happened to one person; newest first when listed."""

    at: datetime
    step: str
    outcome: str
    code: str = ""
    detail: str = ""
    request_id: str = ""


class UserUpdate(_Record):
    """What one transaction changes for one person; None = leave as it is.

    Attributes:
        cleared: steps whose record of an earlier run is forgotten.
    """

    ref: str
    steps: dict[Step, StepRecord] = Field(default_factory=dict)
    cleared: tuple[Step, ...] = ()
    observed: ObservedUser | None = None
    object_id: str | None = None
    batch: int | None = None
    started: bool | None = None
    events: tuple[TimelineEvent, ...] = ()


class Judged(_Record):
    """People whom a gate has decided about; the next gate looks at those who came after them."""

    attempted: int = 0
    unforeseen: int = 0


class WaveRecord(_Record):
    """One wave.

    Attributes:
        slug: the name made safe for ids and URLs.
        position: place in the order of waves, from 0.
        epoch: how often the wave was started; counts the runs of its orchestration.
        cut: the epoch in which its batches were cut. A run that goes on where another broke off
            keeps them.
        reruns: batches that were begun again, with the generation that holds.
        reason: why it is halted, awaiting approval or closed with failures.
        config: the settings that it was opened with; an import while it runs does not change them.
        judged: how far the gates of this run have come, whatever they decided.
        decision: a pilot's recorded decision, `go`, `extend` or `stop`; empty until then.
        report: at close: `{"by_state": {...}, "by_code": {...}}`.
    """

    rollout_id: str
    name: str
    slug: str
    position: int
    section: WaveSection = WaveSection()
    config: RolloutConfig | None = None
    state: WaveState = WaveState.DRAFT
    reason: str = ""
    epoch: int = 0
    cut: int = 0
    reruns: dict[int, int] = Field(default_factory=dict)
    users: int = 0
    plan_id: str = ""
    allow_shortage: bool = False
    started_at: datetime | None = None
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    judged: Judged = Judged()
    verify_rounds: int = 0
    decision: str = ""
    report: dict[str, dict[str, int]] = Field(default_factory=dict)
    etag: str = ""

    @property
    def batches_of(self) -> int:
        """The epoch under which the wave's batches are kept."""
        return self.cut or self.epoch


class BatchRecord(_Record):
    """At most 100 people who go through the steps together.

    Attributes:
        generation: counts re-runs; a claim is for one generation.
        queued_at: when its message was last put on the queue.
        claimed_generation: generation whose orchestration was started, 0 = none.
        counts: outcomes per step, `{"license": {"applied": 20}}`, for the live view.
        unforeseen / attempted: people, for the gate.
    """

    rollout_id: str
    wave: str
    number: int
    epoch: int
    canary: bool = False
    keys: tuple[UserKey, ...] = ()
    state: BatchState = BatchState.PREPARED
    generation: int = 1
    queued_at: datetime | None = None
    claimed_generation: int = 0
    counts: dict[str, dict[str, int]] = Field(default_factory=dict)
    unforeseen: int = 0
    attempted: int = 0
    poisoned: bool = False
    etag: str = ""


class TeamRecord(_Record):
    """One team of the rollout and how far its making has come.

    Attributes:
        owners_done: owners added after the group was made, which takes 20 at once.
        channels_done: names of the channels that exist.
        retry_at: earliest next try.
    """

    rollout_id: str
    spec: TeamSpec
    status: TeamStatus
    owner_ids: tuple[str, ...] = ()
    owners_done: tuple[str, ...] = ()
    channels_done: tuple[str, ...] = ()
    team_created: bool = False
    retry_at: datetime | None = None
    attempts: int = 0
    etag: str = ""


class ReadyMember(_Record):
    """A person whose licence is in place and who waits to be put into one team.

    Attributes:
        outcome: Microsoft's answer for this team, empty until there is one; the row stays until
            every team of the person has answered.
        attempts: sends that ended in a hiccup.
        retry_at: earliest next try after an answer that was none.
    """

    team_key: str
    key: UserKey
    user_id: str
    batch: int
    ready_at: datetime
    outcome: str = ""
    code: str = ""
    request_id: str = ""
    attempts: int = 0
    retry_at: datetime | None = None


class SeatLedger(_Record):
    """Seats of one SKU promised to running waves, `{wave: seats}`."""

    part_number: str
    reserved: dict[str, int] = Field(default_factory=dict)
    etag: str = ""


class PlanRow(_Record):
    """One person in a plan."""

    ref: str
    upn: str
    object_id: str = ""
    kind: str  # class of the person: eligible, done, blocked, waiting, skipped
    code: str = ""
    changes: tuple[dict[str, str], ...] = ()  # {"step","from","to"}


class PlanHeader(_Record):
    """A plan without its people; the shape of `plan W` in JSON is built from header and rows."""

    plan_id: str
    rollout_id: str
    wave: str
    made_at: datetime
    expires_at: datetime
    users: int
    by_class: dict[str, int]
    by_code: dict[str, int]
    seats: tuple[dict[str, Any], ...]
    graph: dict[str, float]


class DriftItem(_Record):
    """One difference between a person and the desired state, found by a reconciliation."""

    id: str
    ref: str
    upn: str
    kind: str
    detail: str = ""
    decision: str = "open"


class DriftReport(_Record):
    """The result of one reconciliation; `complete` only if every source was read whole."""

    run_id: str
    started_at: datetime
    ended_at: datetime | None = None
    complete: bool
    checked: int = 0
    reason: str = ""
    items: tuple[DriftItem, ...] = ()


class OperationStatus(StrEnum):
    """Where a long operation is."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class OperationRecord(_Record):
    """A long operation that a person asked for; the API's operation resource."""

    id: str
    kind: str
    status: OperationStatus = OperationStatus.RUNNING
    percent: int = 0
    created_at: datetime
    updated_at: datetime
    result: dict[str, Any] = Field(default_factory=dict)
    error: dict[str, Any] | None = None
    etag: str = ""


class AuditEntry(_Record):
    """A human action (or one that a rehearsal takes for a human, which it says)."""

    at: datetime
    actor: str
    action: str
    target: str
    detail: str = ""
    rehearsal: bool = False


class LookupHit(_Record):
    """One line of a search result."""

    key: UserKey
    display_name: str
    upn: str
    department: str = ""
    matched: str = ""


class StagedImport(_Record):
    """An import that waits to be applied."""

    import_id: str
    config: RolloutConfig
    teams: tuple[TeamSpec, ...]
    users: int
    remove_missing: bool = False
    confirmed: bool = False


def count_outcomes(users: list[UserRecord]) -> dict[str, dict[str, int]]:
    """Outcomes per step over people, for a batch's live counts."""
    counts: dict[str, dict[str, int]] = {}
    for user in users:
        for step, record in user.steps.items():
            name = (
                "verified"
                if record.verified_at and record.outcome is not Outcome.ALREADY
                else (record.outcome.value)
            )
            per_step = counts.setdefault(step.value, {})
            per_step[name] = per_step.get(name, 0) + 1
    return counts
