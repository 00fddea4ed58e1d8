"""What the API answers with. Keys are a contract with outsiders: added to, never renamed."""

import datetime as dt
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from teams_rollout.domain.configuration import NoticeKind
from teams_rollout.domain.hand_off.model import Addressee, HandOffLine
from teams_rollout.domain.vocabulary import Environment, UserState, WaveState


class View(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)


class HealthCheck(View):
    """One thing that was looked at."""

    check: str
    ok: bool
    detail: str
    do: str = ""


class Health(View):
    """Whether the app can work."""

    ok: bool
    environment: Environment | None
    checks: tuple[HealthCheck, ...]


class RolloutView(View):
    """The rollout of this deployment."""

    id: str
    name: str
    environment: Environment
    timezone: str
    tenant_id: str | None
    waves: int
    users: int
    imported_at: datetime | None


class WaveView(View):
    """One wave; `wave show` in JSON."""

    wave: str
    state: WaveState
    reason: str
    users: int
    by_state: dict[str, int]
    by_code: dict[str, int]
    started_at: datetime | None
    ended_at: datetime | None
    slug: str
    title: str
    pilot: bool
    decision: str
    position: int
    plan_id: str | None


class WaveList(View):
    """All waves, in their order."""

    value: tuple[WaveView, ...]
    nextLink: str | None = None


class PlanChange(View):
    """One change that a plan foresees."""

    id: str | None
    upn: str
    step: str
    from_: str = Field(alias="from")
    to: str


class PlanView(View):
    """A plan; further changes follow under `nextLink`."""

    plan_id: str
    wave: str
    made_at: datetime
    expires_at: datetime
    users: int
    by_class: dict[str, int]
    by_code: dict[str, int]
    changes: tuple[PlanChange, ...]
    seats: tuple[dict[str, Any], ...]
    graph: dict[str, float]
    nextLink: str | None = None


class OperationView(View):
    """A long operation; poll it until `status` is no longer `running`."""

    id: str
    kind: str
    status: str
    percent: int
    result: dict[str, Any]
    error: dict[str, Any] | None
    createdAt: datetime
    updatedAt: datetime


class StartAnswer(View):
    """The answer to a start that has nothing to start."""

    result: str
    wave: WaveView


class BatchCounts(View):
    """Batches of a run."""

    total: int
    accepted: int
    in_flight: int


class StepProgress(View):
    """People per outcome of one step; `done` are found so or seen at Microsoft."""

    step: str
    done: int
    applied: int
    verified: int
    waiting: int
    retrying: int
    blocked: int
    failed: int
    skipped: int


class Cause(View):
    """How many people have a code."""

    code: str
    count: int


class ProgressView(View):
    """A wave's progress for a live view; `eta` is None when nothing can be foretold."""

    wave: str
    state: WaveState
    reason: str
    users: int
    batches: BatchCounts
    steps: tuple[StepProgress, ...]
    by_state: dict[str, int]
    causes: tuple[Cause, ...]
    started_at: datetime | None
    ended_at: datetime | None
    rate_per_min: float | None
    eta: datetime | None


class UserItem(View):
    """One person in a list; `user list` in JSON. `ref` is the person's opaque public id."""

    upn: str
    id: str | None
    wave: str
    state: UserState
    code: str
    step: str | None
    since: datetime | None
    ref: str


class UserPage(View):
    """Some people; the rest follows under `nextLink`."""

    value: tuple[UserItem, ...]
    nextLink: str | None


class LookupItem(View):
    """One line of a search result."""

    ref: str
    upn: str
    display_name: str
    department: str


class LookupAnswer(View):
    """A search result; at most 20 people, `more` tells that there may be others."""

    value: tuple[LookupItem, ...]
    more: bool


class StepItem(View):
    """The latest outcome of one step."""

    step: str
    outcome: str
    code: str
    at: datetime
    verified_at: datetime | None
    attempts: int


class TimelineItem(View):
    """Something that happened to the person; `detail` is what another team said of it."""

    at: datetime
    step: str
    outcome: str
    code: str
    request_id: str
    detail: str = ""


class UserView(UserItem):
    """One person with steps, timeline (newest first) and the helpdesk's words."""

    display_name: str
    steps: tuple[StepItem, ...]
    timeline: tuple[TimelineItem, ...]
    answer: str
    sentence: str
    say: str
    do: str
    owner: str


class DriftView(View):
    """The result of a reconciliation."""

    run_id: str
    complete: bool
    reason: str
    started_at: datetime
    ended_at: datetime | None
    checked: int
    found: int
    repaired: int
    asked: int
    accepted: int
    open: int
    by_kind: dict[str, int]
    items: tuple[dict[str, str], ...]


class NoticePerson(View):
    """One person and a notice: how it would reach them, or why it does not, and what was sent."""

    ref: str
    upn: str
    display_name: str
    way: str
    reason: str
    mark: str | None
    at: datetime | None


class NoticeSample(View):
    """A notice as the first person would get it."""

    subject: str
    text: str
    html: str


class NoticePreview(View):
    """What sending one kind of notice would do now.

    Attributes:
        problem: why it cannot be sent at all, with the cure; empty if it can.
        mail, list: people who would get a mail, or a line on their manager's list.
        told: people who have had this notice; `uncertain` of them perhaps not.
        left_out: people by the reason why they get none.
    """

    kind: NoticeKind
    date: dt.date | None
    problem: str
    mail: int
    list: int
    told: int
    uncertain: int
    left_out: dict[str, int]
    sample: NoticeSample
    people: tuple[NoticePerson, ...]


class NoticesPreview(View):
    """What could be sent to a wave; `notify WAVE --preview` in JSON."""

    wave: str
    environment: Environment
    sender: str
    kinds: tuple[NoticePreview, ...]


class AuditItem(View):
    """One human action."""

    at: datetime
    actor: str
    action: str
    target: str
    detail: str
    rehearsal: bool


class AuditList(View):
    """Human actions, newest first."""

    value: tuple[AuditItem, ...]
    nextLink: str | None = None


class HandOffSummary(View):
    """People of one wave who wait for one other team; each is counted once.

    `people` can be handed off now; `not_ready` still lack something that must come before, such as
    the licence; `refused` are those for whom the team has reported a failure.
    """

    wave: str
    addressee: Addressee
    people: int
    not_ready: int
    on_hold: int
    refused: int
    since: datetime | None


class HandOffList(View):
    """Who waits for whom."""

    value: tuple[HandOffSummary, ...]
    nextLink: str | None = None


class HandOffView(View):
    """One hand-off file: what the team has to know, and a line per person and task."""

    hand_off: str
    environment: Environment
    wave: str
    addressee: Addressee
    made_at: datetime
    notes: tuple[str, ...]
    lines: tuple[HandOffLine, ...]
