"""Views of waves: the resource, and the progress that a live view shows."""

from collections import Counter
from datetime import datetime, timedelta

from teams_rollout.domain.vocabulary import STEP_ORDER, BatchState, Outcome, WaveState
from teams_rollout.entrypoints.context import Context
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.tally import WaveTally
from teams_rollout.entrypoints.views import (
    BatchCounts,
    Cause,
    ProgressView,
    StepProgress,
    WaveView,
)
from teams_rollout.ledger.records import WaveRecord

_LEAST_SHARE = 0.02  # below this share of the work an ETA would be a guess
_RETRYING = (Outcome.THROTTLED.value, Outcome.TRANSIENT.value)


def to_view(record: WaveRecord, tally: WaveTally) -> WaveView:
    """The wave; a closed one is shown by its report, which those who go on later amend."""
    report = record.report if record.state.is_closed else {}
    return WaveView(
        wave=record.name,
        state=record.state,
        reason=record.reason,
        users=record.users,
        by_state=report.get("by_state", dict(tally.by_state)),
        by_code=report.get("by_code", dict(tally.by_code)),
        started_at=record.started_at,
        ended_at=record.ended_at,
        slug=record.slug,
        title=record.section.title,
        pilot=record.section.pilot,
        decision=record.decision,
        position=record.position,
        plan_id=record.plan_id or None,
    )


def has_report(record: WaveRecord) -> bool:
    """Whether the wave can be shown without counting people."""
    return record.state.is_closed and "by_state" in record.report


async def view_wave(services: Services, context: Context, record: WaveRecord) -> WaveView:
    """One wave, counting people only if it has no closing report."""
    if has_report(record):
        return to_view(record, WaveTally())
    tallies = await context.tallies.get(services, record.rollout_id)
    return to_view(record, tallies.get(record.slug, WaveTally()))


async def list_views(services: Services, context: Context, rollout_id: str) -> list[WaveView]:
    """All waves in their order."""
    records = await services.ledger.list_waves(rollout_id)
    records.sort(key=lambda w: w.position)
    return [await view_wave(services, context, record) for record in records]


def _step_progress(step: str, counts: Counter[str]) -> StepProgress:
    verified = counts["verified"]
    return StepProgress(
        step=step,
        done=verified + counts[Outcome.ALREADY.value],
        applied=counts[Outcome.APPLIED.value],
        verified=verified,
        waiting=counts[Outcome.WAITING.value],
        retrying=sum(counts[name] for name in _RETRYING),
        blocked=counts[Outcome.BLOCKED.value],
        failed=counts[Outcome.FAILED.value],
        skipped=counts[Outcome.SKIPPED.value],
    )


def foretell(
    record: WaveRecord, tally: WaveTally, *, now: datetime
) -> tuple[float | None, datetime | None]:
    """People per minute so far, and when the last write is to be expected."""
    if record.started_at is None:
        return None, None
    share = tally.share_answered
    elapsed = (record.accepted_at or now) - record.started_at
    if share < _LEAST_SHARE or elapsed <= timedelta(0):
        return None, None
    rate = share * tally.moving / (elapsed / timedelta(minutes=1))
    is_writing = record.state is WaveState.RUNNING and share < 1
    return round(rate, 1), record.started_at + elapsed / share if is_writing else None


async def view_progress(services: Services, context: Context, record: WaveRecord) -> ProgressView:
    """The wave's progress, counted from its people and its batches."""
    batches = await services.ledger.list_batches(record.rollout_id, record.slug, record.batches_of)
    tallies = await context.tallies.get(services, record.rollout_id, since=record.ended_at)
    tally = tallies.get(record.slug, WaveTally())
    rate, eta = foretell(record, tally, now=services.clock())
    wave = to_view(record, tally)
    accepted = sum(b.state is BatchState.ACCEPTED for b in batches)
    waiting = sum(b.state in (BatchState.PREPARED, BatchState.CANCELLED) for b in batches)
    return ProgressView(
        wave=record.name,
        state=record.state,
        reason=record.reason,
        users=record.users,
        batches=BatchCounts(
            total=len(batches), accepted=accepted, in_flight=len(batches) - accepted - waiting
        ),
        steps=tuple(
            _step_progress(s.value, tally.steps.get(s.value, Counter())) for s in STEP_ORDER
        ),
        by_state=wave.by_state,
        causes=tuple(Cause(code=code, count=n) for code, n in Counter(wave.by_code).most_common()),
        started_at=record.started_at,
        ended_at=record.ended_at,
        rate_per_min=rate,
        eta=eta,
    )
