"""Runs one step for a batch: who still needs it, in chunks, committed answer by answer.

A crash repeats at most one chunk: every chunk's outcomes and timeline events are one transaction
per shard, written right after Microsoft's answer. Running a step twice is safe because only
people without a final record are taken.
"""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from activities.deps import Deps
from teams_rollout.contracts.payloads import BatchRequest, StepResult
from teams_rollout.domain.assessment import Finding, StepView, assess
from teams_rollout.domain.observed import TenantView
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.progress import WAITING_FOR_MICROSOFT, StepRecord
from teams_rollout.domain.retry import settle
from teams_rollout.domain.transitions import advance
from teams_rollout.domain.vocabulary import PREREQUISITES, Outcome, Step
from teams_rollout.ledger.records import (
    BatchRecord,
    RolloutRecord,
    TeamRecord,
    TimelineEvent,
    UserRecord,
    UserUpdate,
    WaveRecord,
)

CHUNK = 20
"""People per transaction and per `$batch`: what a crash may repeat."""

_AMBIGUOUS = "microsoft_unavailable"

Answer = tuple[UserRecord, CallResult]
Act = Callable[[Sequence[tuple[UserRecord, StepView]]], Awaitable[Sequence[CallResult]]]


@dataclass(frozen=True)
class BatchContext:
    """A batch with everything that its steps compare with."""

    rollout: RolloutRecord
    wave: WaveRecord
    batch: BatchRecord
    users: list[UserRecord]
    teams: list[TeamRecord]

    @property
    def view(self) -> TenantView:
        """SKUs and licensing groups as last planned, and where each team stands."""
        return TenantView(
            catalogue=self.rollout.catalogue,
            teams={t.spec.key: t.status for t in self.teams},
            license_groups=self.rollout.license_groups,
        )

    async def wake(self, deps: Deps, *instances: Callable[[str, str, int], str]) -> None:
        """Wake what works for the wave now; its run may be a later one than the batch's."""
        for instance in instances:
            run = instance(self.wave.rollout_id, self.wave.slug, self.wave.epoch)
            await deps.ledger.send_wake_up(run)

    def step_view(self, user: UserRecord, step: Step) -> StepView | None:
        """What the step would have to do for the person."""
        observed = user.observed
        assessment = assess(user.assignment, observed, config=self.rollout.config, view=self.view)
        return assessment.get(step)


async def load_batch(
    deps: Deps, request: BatchRequest, *, with_teams: bool = False
) -> BatchContext:
    """The batch, its people (one request per shard) and, where wanted, the teams."""
    rollout = await deps.ledger.find_rollout()
    wave = await deps.ledger.find_wave(request.rollout_id, request.wave)
    if rollout is None or wave is None:
        raise LookupError("no rollout has been imported, or the wave is gone")
    batch = await deps.ledger.get_batch(
        request.rollout_id, request.wave, request.epoch, request.batch
    )
    users: list[UserRecord] = []
    for shard, refs in by_shard(batch).items():
        users.extend(await deps.ledger.list_shard(shard, refs))
    teams = await deps.ledger.list_teams(request.rollout_id) if with_teams else []
    return BatchContext(
        rollout=rollout.under(wave), wave=wave, batch=batch, users=users, teams=teams
    )


def by_shard(batch: BatchRecord) -> dict[str, set[str]]:
    """The batch's people by the partition they live in."""
    shards: dict[str, set[str]] = defaultdict(set)
    for key in batch.keys:
        shards[key.shard].add(key.ref)
    return dict(shards)


async def run_step(
    deps: Deps, request: BatchRequest, step: Step, act: Act, *, context: BatchContext | None = None
) -> StepResult:
    """Take everybody of the batch who needs the step and is due through it.

    Args:
        act: makes the change for a chunk and answers in the same order, one result each.
    """
    context = context or await load_batch(deps, request)
    due = [u for u in context.users if is_due(u, step, deps.clock())]
    records: list[StepRecord] = []
    for chunk in chunks(due):
        records.extend(await _run_chunk(deps, context, step, act, chunk))
    later = [u.steps[step] for u in context.users if u not in due and step in u.steps]
    return summarise_records([*records, *later])


async def _run_chunk(
    deps: Deps, context: BatchContext, step: Step, act: Act, chunk: Sequence[UserRecord]
) -> list[StepRecord]:
    settled: list[Answer] = []
    open_: list[tuple[UserRecord, StepView]] = []
    for user in chunk:
        view = context.step_view(user, step)
        if view is None or view.finding is not Finding.CHANGE:
            settled.append((user, settled_by_view(user, view)))
        else:
            open_.append((user, view))
    foreseen: set[str] = set()
    if open_:
        answers = await act(open_)
        settled.extend((user, a) for (user, _), a in zip(open_, answers, strict=True))
        known = zip(open_, answers, strict=True)
        foreseen = {user.key.ref for (user, v), a in known if a.code and a.code == v.code}
    return await commit_answers(deps, step, settled, foreseen=foreseen)


_OUTCOME_OF: dict[Finding, Outcome] = {
    Finding.SATISFIED: Outcome.ALREADY,
    Finding.PENDING: Outcome.WAITING,
    Finding.WAITING: Outcome.WAITING,
    Finding.BLOCKED: Outcome.BLOCKED,
    Finding.SKIPPED: Outcome.SKIPPED,
}


def settled_by_view(user: UserRecord, view: StepView | None) -> CallResult:
    """The answer that needs no call: the assessment itself."""
    if view is None:
        return CallResult(key=user.object_id, outcome=Outcome.SKIPPED)
    code = WAITING_FOR_MICROSOFT if view.finding is Finding.PENDING else view.code
    return CallResult(key=user.object_id, outcome=_OUTCOME_OF[view.finding], code=code)


async def commit_answers(
    deps: Deps, step: Step, answers: Sequence[Answer], *, foreseen: Collection[str] = ()
) -> list[StepRecord]:
    """Write the records and timeline events of a chunk: one transaction per shard.

    Args:
        foreseen: refs of people whose trouble the plan had shown.
    """
    now = deps.clock()
    updates: dict[str, list[UserUpdate]] = defaultdict(list)
    records: list[StepRecord] = []
    for user, result in answers:
        record = advance(
            user.steps.get(step),
            settle(result, user.steps.get(step), now=now, scale=deps.scale),
        )
        if user.key.ref in foreseen:
            record = record.model_copy(update={"foreseen": True})
        records.append(record)
        if _only_looked(user.steps.get(step), record):
            continue
        updates[user.key.shard].append(
            UserUpdate(
                ref=user.key.ref, steps={step: record}, events=(event_of(step, record, result),)
            )
        )
    for shard, changed in updates.items():
        await deps.ledger.commit(shard, changed)
    return records


def _only_looked(before: StepRecord | None, after: StepRecord) -> bool:
    """Whether a look at Microsoft's work in the background has shown nothing new."""
    if before is None or not (before.is_watched and after.is_watched):
        return False
    return (before.code, before.stage) == (after.code, after.stage)


def event_of(step: Step, record: StepRecord, result: CallResult) -> TimelineEvent:
    """The line that the helpdesk reads about this answer."""
    return TimelineEvent(
        at=record.at,
        step=step.value,
        outcome=record.outcome.value,
        code=record.code,
        detail=result.detail,
        request_id=result.request_id,
    )


def is_due(user: UserRecord, step: Step, now: datetime) -> bool:
    """Whether the person needs the step now: no final record, prerequisites accepted, time come."""
    if not all(
        _is_accepted(user.steps.get(p))
        for p in PREREQUISITES
        if p is not step and PREREQUISITES.index(p) < _position(step)
    ):
        return False
    record = user.steps.get(step)
    if record is None:
        return True
    if record.is_watched:
        return _has_come(record.retry_at, now)
    if step is Step.PHONE_NUMBER and record.awaits_verification:
        return record.outcome is Outcome.WAITING  # had to wait for Teams; verification asks again
    return record.outcome.is_retryable and _has_come(record.retry_at, now)


def _has_come(retry_at: datetime | None, now: datetime) -> bool:
    return retry_at is None or retry_at <= now + timedelta(milliseconds=100)


def is_in_doubt(user: UserRecord, step: Step) -> bool:
    """Whether the last try may have taken effect although its answer was lost."""
    record = user.steps.get(step)
    return record is not None and record.code == _AMBIGUOUS


def _position(step: Step) -> int:
    return PREREQUISITES.index(step) if step in PREREQUISITES else len(PREREQUISITES)


def _is_accepted(record: StepRecord | None) -> bool:
    if record is None:
        return False
    waits = record.outcome is Outcome.WAITING and record.code == WAITING_FOR_MICROSOFT
    return (waits and not record.is_watched) or record.outcome in (Outcome.APPLIED, Outcome.ALREADY)


def summarise_records(records: Iterable[StepRecord]) -> StepResult:
    """Counts per outcome and the earliest time at which a retry makes sense."""
    seen = list(records)
    counts = Counter(r.outcome.value for r in seen)
    retries = [r.retry_at for r in seen if not r.is_answered and r.retry_at]
    return StepResult(counts=dict(counts), retry_at=min(retries, default=None))


def chunks(users: Sequence[UserRecord], size: int = CHUNK) -> Iterator[Sequence[UserRecord]]:
    """People in groups that fit one transaction and one `$batch`."""
    for start in range(0, len(users), size):
        yield users[start : start + size]
