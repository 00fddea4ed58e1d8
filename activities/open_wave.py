"""Opens a wave: plans again, reserves seats, writes the opening records, cuts the batches.

Idempotent: until the wave is `running` it starts over from live state without having written
anything to the tenant; once it is running, a repeat only reports.
"""

from collections import defaultdict

from activities.deps import Deps
from activities.operation import fail_operation, finish_operation
from activities.permission_check import FINAL_READ_CODES, permission_trouble, unreadable
from activities.seats import release_seats, reserve_seats
from activities.tenant_check import tenant_trouble
from activities.wave_plan import Planned, WavePlan, plan_wave
from graph.errors import GraphReadError
from graph.organization import get_tenant
from graph.permissions import read_granted_permissions
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import OpenWaveResult, WaveRequest
from teams_rollout.domain.planning import BatchCut, cut_batches, opening_records
from teams_rollout.domain.transitions import may_move
from teams_rollout.domain.vocabulary import BatchState, Environment, Step, WaveState
from teams_rollout.ledger.records import (
    BatchRecord,
    Judged,
    RolloutRecord,
    TimelineEvent,
    UserUpdate,
    WaveRecord,
)

PEOPLE_PER_TRANSACTION = 33
OPENED = (WaveState.RUNNING, WaveState.PAUSED, WaveState.HALTED, WaveState.VERIFYING)


async def open_wave(deps: Deps, request: WaveRequest) -> OpenWaveResult:
    """Open the wave, or say why it may not run; one that is open already goes on as it is."""
    rollout = await deps.ledger.find_rollout()
    wave = await deps.ledger.find_wave(request.rollout_id, request.wave)
    if rollout is None or wave is None or wave.epoch != request.epoch:
        return OpenWaveResult(reason="superseded")
    if wave.state in OPENED:
        # A crash may have come between the opening and the word of it.
        await finish_operation(deps, request.operation_id, {"started": True, "users": wave.users})
        return OpenWaveResult(started=True, reason="already open")
    if wave.state is not WaveState.SCHEDULED:
        return OpenWaveResult(reason=f"the wave is {wave.state.value}")
    return await _plan_and_open(deps, request, rollout, wave)


async def _plan_and_open(
    deps: Deps, request: WaveRequest, rollout: RolloutRecord, wave: WaveRecord
) -> OpenWaveResult:
    granted = None
    try:
        granted = await read_granted_permissions(deps.graph)
        wrong_tenant = await _tenant_trouble(deps, rollout)
        if wrong_tenant:
            return await _refuse(
                deps, request, rollout, wave, code="wrong_tenant", reason=wrong_tenant
            )
        plan = await plan_wave(deps, rollout, wave)
    except GraphReadError as error:
        if error.code not in FINAL_READ_CODES:
            raise
        reason = await _missing(deps, rollout, granted, error) or unreadable(error)
        return await _refuse(deps, request, rollout, wave, code=error.code, reason=reason)
    missing = await permission_trouble(
        deps.graph,
        granted,
        rollout.config,
        teams=[t.spec for t in plan.teams],
        people=[p.user.assignment for p in plan.people if p.is_eligible],
    )
    if missing:
        return await _refuse(
            deps, request, rollout, wave, code="permission_missing", reason=missing
        )
    question = _shortage(deps, wave, plan)
    if question:
        return await _refuse_shortage(deps, request, rollout, wave, plan, reason=question)
    return await _open(deps, request, rollout, wave, plan)


async def _missing(
    deps: Deps, rollout: RolloutRecord, granted: frozenset[str] | None, error: GraphReadError
) -> str:
    """Which permission a refused read lacks, by name: Entra's refusal does not say it."""
    if error.code != "permission_missing":
        return ""
    return await permission_trouble(deps.graph, granted, rollout.config)


async def _open(
    deps: Deps, request: WaveRequest, rollout: RolloutRecord, wave: WaveRecord, plan: WavePlan
) -> OpenWaveResult:
    eligible = [p for p in plan.people if p.is_eligible]
    section = rollout.config.rollout
    cuts = cut_batches(
        [p.candidate for p in eligible],
        canary_size=section.canary_size,
        batch_size=section.batch_size,
    )
    # Changes nothing but the version: of two copies of this activity only one goes on to write.
    wave = await deps.ledger.save_wave(wave)
    as_planned = {"catalogue": plan.view.catalogue, "license_groups": plan.view.license_groups}
    await deps.ledger.save_rollout(rollout.model_copy(update=as_planned))
    await reserve_seats(deps, rollout, wave, [p.candidate for p in eligible])
    for team in plan.teams:
        await deps.ledger.save_team(team)
    # Nobody of this run is marked for a team yet; marks of an earlier one would be sent with it.
    marked = await deps.ledger.list_ready(request.rollout_id, request.wave)
    await deps.ledger.clear_ready(request.rollout_id, request.wave, marked)
    await _write_people(deps, plan.people, cuts)
    await _write_batches(deps, request, cuts)
    await deps.ledger.save_wave(
        wave.model_copy(
            update={
                "state": WaveState.RUNNING,
                "reason": "",
                "config": rollout.config,
                "judged": Judged(),
                "users": len(plan.people),
                "started_at": deps.clock(),
            }
        )
    )
    await finish_operation(deps, request.operation_id, _result(plan, started=True))
    return OpenWaveResult(started=True, batches=len(cuts), teams=len(plan.teams))


async def _tenant_trouble(deps: Deps, rollout: RolloutRecord) -> str:
    tenant = await get_tenant(deps.graph)
    return tenant_trouble(rollout.config, tenant.id, deps.environment)


async def _refuse(
    deps: Deps,
    request: WaveRequest,
    rollout: RolloutRecord,
    wave: WaveRecord,
    *,
    code: str,
    reason: str,
) -> OpenWaveResult:
    """A wave that cannot even be planned does not start: nobody becomes a failure by it."""
    await _step_back(deps, rollout, wave, reason)
    await fail_operation(deps, request.operation_id, code=code, detail=reason)
    return OpenWaveResult(reason=code)


def _shortage(deps: Deps, wave: WaveRecord, plan: WavePlan) -> str:
    """Why the wave must not start with so few seats, or nothing."""
    if plan.short and wave.section.all_or_wait:
        return (
            f"{plan.short} people would get no licence, and this wave moves together or not at "
            "all; start again when there are enough."
        )
    if plan.short and deps.environment is Environment.LIVE and not wave.allow_shortage:
        return f"{plan.short} people would get no licence; start again with --allow-shortage."
    return ""


async def _refuse_shortage(
    deps: Deps,
    request: WaveRequest,
    rollout: RolloutRecord,
    wave: WaveRecord,
    plan: WavePlan,
    *,
    reason: str,
) -> OpenWaveResult:
    """A shortage is shown and asked about; the wave stays approved but unstarted."""
    await _step_back(deps, rollout, wave, reason)
    result = _result(plan, started=False) | {"reason": reason}
    await finish_operation(deps, request.operation_id, result)
    return OpenWaveResult(reason=reason)


async def _step_back(deps: Deps, rollout: RolloutRecord, wave: WaveRecord, reason: str) -> None:
    """Back to `planned`, with nothing promised: an earlier try may have got as far as that."""
    await release_seats(deps, rollout, wave)
    if may_move(wave.state, WaveState.PLANNED):
        back = wave.model_copy(update={"state": WaveState.PLANNED, "reason": reason})
        await deps.ledger.save_wave(back)


def _result(plan: WavePlan, *, started: bool) -> dict[str, object]:
    return {
        "started": started,
        "users": len(plan.people),
        "eligible": sum(p.is_eligible for p in plan.people),
        "short": plan.short,
        "seats": [s.model_dump(mode="json") for s in plan.seats],
    }


async def _write_people(deps: Deps, people: list[Planned], cuts: tuple[BatchCut, ...]) -> None:
    batch_of = {key.ref: n for n, cut in enumerate(cuts, start=1) for key in cut.keys}
    by_shard: dict[str, list[UserUpdate]] = defaultdict(list)
    for planned in people:
        update = _update(deps, planned, batch_of.get(planned.user.key.ref, 0))
        by_shard[planned.user.key.shard].append(update)
    for shard, updates in by_shard.items():
        for start in range(0, len(updates), PEOPLE_PER_TRANSACTION):
            await deps.ledger.commit(shard, updates[start : start + PEOPLE_PER_TRANSACTION])


def _update(deps: Deps, planned: Planned, batch: int) -> UserUpdate:
    now = deps.clock()
    records = opening_records(
        planned.candidate.assessment, now=now, without_seat=planned.without_seat
    )
    event = TimelineEvent(
        at=now,
        step=Step.RESOLVE.value,
        outcome=planned.plan.kind,
        code=planned.plan.code,
        detail="wave opened",
    )
    return UserUpdate(
        ref=planned.user.key.ref,
        steps=records,
        # From an earlier run, or an earlier try of this one: the tenant may have changed since.
        cleared=tuple(step for step in planned.user.steps if step not in records),
        observed=planned.observed,
        object_id=planned.observed.id if planned.observed else None,
        batch=batch,
        started=True,
        events=(event,),
    )


async def _write_batches(deps: Deps, request: WaveRequest, cuts: tuple[BatchCut, ...]) -> None:
    existing = {
        b.number: b
        for b in await deps.ledger.list_batches(request.rollout_id, request.wave, request.epoch)
    }
    for number, cut in enumerate(cuts, start=1):
        before = existing.pop(number, None)
        await deps.ledger.save_batch(
            BatchRecord(
                rollout_id=request.rollout_id,
                wave=request.wave,
                number=number,
                epoch=request.epoch,
                generation=names.first_generation(request.epoch),
                canary=cut.canary,
                keys=cut.keys,
                etag=before.etag if before else "",
            )
        )
    for left_over in existing.values():
        # Cut by an earlier try that had more people: they are in other batches now.
        await deps.ledger.save_batch(
            left_over.model_copy(update={"keys": (), "state": BatchState.CANCELLED})
        )
