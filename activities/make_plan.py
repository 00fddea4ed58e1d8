"""Makes a plan of a wave and stores it for people to read. Changes nothing in the tenant.

Idempotent: the plan's id is the operation's id; a repeat writes the same plan again.
"""

from collections import Counter
from datetime import timedelta

from activities.deps import Deps
from activities.operation import fail_operation, finish_operation
from activities.wave_plan import Planned, WavePlan, plan_wave
from teams_rollout.contracts.payloads import OperationRequest, OperationResult
from teams_rollout.domain.transitions import may_move
from teams_rollout.domain.vocabulary import WaveState
from teams_rollout.ledger.records import PlanHeader, PlanRow, WaveRecord

LIFETIME = timedelta(hours=24)
"""A plan's figures describe a moving tenant: they are good for a day."""


async def make_plan(deps: Deps, request: OperationRequest) -> OperationResult:
    """Plan the wave from live state and save header and rows."""
    rollout = await deps.ledger.find_rollout()
    wave = await deps.ledger.find_wave(request.rollout_id, request.wave)
    if rollout is None or wave is None:
        await fail_operation(
            deps, request.operation_id, code="wave_not_found", detail="There is no such wave."
        )
        return OperationResult()
    plan = await plan_wave(deps, rollout, wave)
    header = _header(deps, request, wave, plan)
    await deps.ledger.save_plan(header, [_row(p) for p in plan.people])
    # A wave that is about to open is left alone: its opening plans for itself.
    if wave.state is not WaveState.SCHEDULED and may_move(wave.state, WaveState.PLANNED):
        planned = wave.model_copy(
            update={"state": WaveState.PLANNED, "plan_id": header.plan_id, "users": header.users}
        )
        await deps.ledger.save_wave(planned)
    await finish_operation(deps, request.operation_id, {"plan_id": header.plan_id})
    return OperationResult(succeeded=True, counts=header.by_class)


def _header(deps: Deps, request: OperationRequest, wave: WaveRecord, plan: WavePlan) -> PlanHeader:
    now = deps.clock()
    return PlanHeader(
        plan_id=request.operation_id,
        rollout_id=request.rollout_id,
        wave=wave.name,
        made_at=now,
        expires_at=now + LIFETIME,
        users=len(plan.people),
        by_class=dict(Counter(p.plan.kind for p in plan.people)),
        by_code=dict(Counter(p.plan.code for p in plan.people if p.plan.code)),
        seats=tuple(s.model_dump(mode="json") for s in plan.seats),
        graph=plan.prediction.model_dump(mode="json"),
    )


def _row(planned: Planned) -> PlanRow:
    return PlanRow(
        ref=planned.user.key.ref,
        upn=planned.observed.upn if planned.observed else planned.user.assignment.identity,
        object_id=planned.observed.id if planned.observed else "",
        kind=planned.plan.kind,
        code=planned.plan.code,
        changes=planned.plan.changes,
    )
