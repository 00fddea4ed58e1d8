"""One sweep: read in bulk, mark what Microsoft shows, say when to look again.

Idempotent: it only ever adds "verified". A bulk list may be stale, so it never disproves
anything; past the deadline one read by id decides before a person is called stalled.
"""

from collections import defaultdict

from activities.committing import commit_updates
from activities.deps import Deps
from activities.reading import TenantReading, read_tenant, translate
from activities.team_status import assess_teams, tenant_view
from graph.policies import get_user_configuration
from graph.users import get_user
from teams_rollout.contracts.payloads import VerifyResult, WaveRequest
from teams_rollout.domain.assessment import Assessment, assess
from teams_rollout.domain.observed import ObservedUser, TenantView
from teams_rollout.domain.progress import WAITING_FOR_MICROSOFT, StepRecord
from teams_rollout.domain.verification import (
    awaited_steps,
    is_overdue,
    next_interval,
    overdue,
    refused,
    refused_by_group,
    sweep,
)
from teams_rollout.domain.vocabulary import Outcome, Step
from teams_rollout.ledger.records import (
    RolloutRecord,
    TimelineEvent,
    UserRecord,
    UserUpdate,
    WaveRecord,
)


async def verify_wave(deps: Deps, request: WaveRequest) -> VerifyResult:
    """Sweep once over the wave's unverified people."""
    rollout = await deps.ledger.find_rollout()
    wave = await deps.ledger.find_wave(request.rollout_id, request.wave)
    if rollout is None or wave is None or wave.epoch != request.epoch or wave.state.is_closed:
        return VerifyResult()
    waiting = [
        u
        async for u in deps.ledger.list_users(request.rollout_id)
        if u.wave == wave.slug and _awaits(u)
    ]
    if not waiting:
        return VerifyResult()
    still = await _sweep(deps, rollout.under(wave), wave, waiting)
    saved = await deps.ledger.save_wave(
        wave.model_copy(update={"verify_rounds": wave.verify_rounds + 1})
    )
    return _next(deps, saved, still)


def _awaits(user: UserRecord) -> bool:
    return bool(awaited_steps(user.steps))


def _next(
    deps: Deps, wave: WaveRecord, still: list[tuple[UserRecord, ObservedUser]]
) -> VerifyResult:
    if not still:
        return VerifyResult()
    pause = next_interval(wave.verify_rounds, scale=deps.scale)
    return VerifyResult(
        waiting=len(still),
        due_numbers=tuple(sorted({u.batch for u, o in still if _number_is_due(u, o)})),
        next_at=deps.clock() + pause,
        cut=wave.batches_of,
    )


def _number_is_due(user: UserRecord, observed: ObservedUser) -> bool:
    """A number that had to wait for Teams can be tried once Teams knows the person.

    So can one whose order was put off by Microsoft: the batch is over, nobody else would ask.
    """
    record = user.steps.get(Step.PHONE_NUMBER)
    if record is None or user.batch == 0:
        return False
    return record.outcome.is_retryable or (_postponed(record) and observed.teams_enabled)


def _postponed(record: StepRecord) -> bool:
    return record.outcome is Outcome.WAITING and record.code == WAITING_FOR_MICROSOFT


async def _sweep(
    deps: Deps, rollout: RolloutRecord, wave: WaveRecord, waiting: list[UserRecord]
) -> list[tuple[UserRecord, ObservedUser]]:
    """Mark what is seen; returns the people who still wait, as now observed."""
    needed = {k for u in waiting if _membership_open(u) for k in u.assignment.teams}
    teams = await deps.ledger.list_teams(rollout.rollout_id)
    reading = await read_tenant(
        deps.graph,
        [t for t in teams if t.spec.key in needed],
        people=[u.assignment for u in waiting],
    )
    assessed = assess_teams(teams, rollout.config.teams, reading)
    view = tenant_view(reading, assessed, rollout.config)
    still: list[tuple[UserRecord, ObservedUser]] = []
    updates: dict[str, list[UserUpdate]] = defaultdict(list)
    for user in waiting:
        observed = _observe(user, reading)
        if observed is None:
            observed = user.observed
        if observed is None:
            continue
        assessment = _assess(rollout, user, observed, view)
        changed = sweep(user.steps, assessment, now=deps.clock())
        if refused_by_group(user.steps, assessment):
            changed |= await _refusal_by_id(deps, rollout, user, view)
        open_ = [s for s in awaited_steps(user.steps) if s not in changed]
        late = [s for s in open_ if _is_late(deps, wave, user.steps[s])]
        if late:
            changed |= await _decide_by_id(deps, rollout, user, view, late)
        if changed:
            updates[user.key.shard].append(_update(deps, user, observed, changed))
        after = user.model_copy(update={"steps": {**user.steps, **changed}})
        if _awaits(after):
            still.append((after, observed))
    await commit_updates(deps, updates)
    return still


def _membership_open(user: UserRecord) -> bool:
    record = user.steps.get(Step.TEAM_MEMBERSHIP)
    return record is not None and record.awaits_verification


def _observe(user: UserRecord, reading: TenantReading) -> ObservedUser | None:
    known = user.observed.homing if user.observed else None
    seen = reading.observe(user.assignment, object_id=user.object_id, known=known)
    if seen is None or user.observed is None:
        return seen
    # Licensing groups, and teams of people who wait for something else, are not read: what was
    # seen last holds.
    kept: dict[str, object] = {"in_groups": user.observed.in_groups}
    if not _membership_open(user):
        kept["in_teams"] = user.observed.in_teams
    return seen.model_copy(update=kept)


def _is_late(deps: Deps, wave: WaveRecord, record: StepRecord) -> bool:
    return is_overdue(
        record,
        now=deps.clock(),
        scale=deps.scale,
        since=wave.accepted_at,
        sweeps=wave.verify_rounds,
    )


def _assess(
    rollout: RolloutRecord, user: UserRecord, observed: ObservedUser, view: TenantView
) -> Assessment:
    return assess(user.assignment, observed, config=rollout.config, view=view)


async def _decide_by_id(
    deps: Deps,
    rollout: RolloutRecord,
    user: UserRecord,
    view: TenantView,
    late: list[Step],
) -> dict[Step, StepRecord]:
    """Past the deadline: one read by id, then verified or stalled."""
    changed: dict[Step, StepRecord] = {}
    assessment: Assessment = {}
    observed = await _read_by_id(deps, user, view)
    if observed is not None:
        assessment = _assess(rollout, user, observed, view)
        changed = sweep(user.steps, assessment, now=deps.clock())
    for step in late:
        if step not in changed:
            changed[step] = overdue(
                step, user.steps[step], now=deps.clock(), view=assessment.get(step)
            )
    return changed


async def _refusal_by_id(
    deps: Deps, rollout: RolloutRecord, user: UserRecord, view: TenantView
) -> dict[Step, StepRecord]:
    """The licence that a group could not give, unless the list showed what has been cured."""
    observed = await _read_by_id(deps, user, view)
    if observed is None:
        return {}
    code = refused_by_group(user.steps, _assess(rollout, user, observed, view))
    if not code:
        return {}
    return {Step.LICENSE: refused(user.steps[Step.LICENSE], code, now=deps.clock())}


async def _read_by_id(deps: Deps, user: UserRecord, view: TenantView) -> ObservedUser | None:
    """The person as they are now, which no list proves; memberships as seen last."""
    live = await get_user(deps.graph, user.object_id)
    if live is None or user.observed is None:
        return None
    return translate(
        live,
        await get_user_configuration(deps.graph, user.object_id),
        catalogue=view.catalogue,
        in_teams=user.observed.in_teams,
        in_groups=user.observed.in_groups,
        known=user.observed.homing,
    )


def _update(
    deps: Deps, user: UserRecord, observed: ObservedUser, changed: dict[Step, StepRecord]
) -> UserUpdate:
    events = tuple(
        TimelineEvent(
            at=deps.clock(),
            step=step.value,
            outcome="verified" if record.verified_at else record.outcome.value,
            code=record.code if not record.verified_at else "",
        )
        for step, record in changed.items()
    )
    return UserUpdate(ref=user.key.ref, steps=changed, observed=observed, events=events)
