"""Reconciliation, first form: finds what has moved away since the waves closed; repairs nothing.

Before it compares, it finishes people who were handed off and whom the tenant now shows as moved.

Idempotent: the report has the run's id; a repeat writes it again. If any source could not be read
whole, the report says so and lists nothing: half a list would invent missing people.
"""

from datetime import datetime

from activities.deps import Deps
from activities.finish_hand_offs import is_ours_to_watch
from activities.hand_off import HandOffs, go_on
from activities.operation import finish_operation, report_progress
from activities.permission_check import FINAL_READ_CODES
from activities.reading import TenantReading, look_for_missing, read_tenant
from activities.team_status import assess_teams, tenant_view
from activities.unread import trouble_of
from activities.wave_plan import is_on_hold
from activities.wave_report import amend_reports
from graph.errors import GraphReadError
from teams_rollout.contracts.payloads import OperationRequest, OperationResult
from teams_rollout.domain.assessment import assess
from teams_rollout.domain.drift import find_drift as compare
from teams_rollout.domain.observed import TenantView
from teams_rollout.ledger.records import (
    DriftItem,
    DriftReport,
    RolloutRecord,
    UserRecord,
)


async def find_drift(deps: Deps, request: OperationRequest) -> OperationResult:
    """Compare everybody of the closed waves with the tenant and save the report."""
    started = deps.clock()
    rollout = await deps.ledger.find_rollout()
    if rollout is None:
        return OperationResult()
    run_id = request.run_id or request.operation_id
    try:
        report = await _compare_all(deps, rollout, run_id, started)
    except GraphReadError as error:
        if error.code not in FINAL_READ_CODES and not request.give_up:
            raise
        report = DriftReport(
            run_id=run_id,
            started_at=started,
            ended_at=deps.clock(),
            complete=False,
            reason=str(trouble_of(deps, error)),
        )
    await deps.ledger.save_drift(rollout.rollout_id, report)
    await finish_operation(
        deps,
        request.operation_id,
        {"run_id": run_id, "complete": report.complete, "found": len(report.items)},
    )
    return OperationResult(succeeded=report.complete, counts={"found": len(report.items)})


async def _compare_all(
    deps: Deps, rollout: RolloutRecord, run_id: str, started: datetime
) -> DriftReport:
    waves = await deps.ledger.list_waves(rollout.rollout_id)
    closed = frozenset(w.slug for w in waves if w.state.is_closed)
    rules = {w.slug: rollout.under(w) for w in waves}
    users = [
        u
        async for u in deps.ledger.list_users(rollout.rollout_id)
        if u.wave in closed or is_ours_to_watch(u, closed)
    ]
    teams = await deps.ledger.list_teams(rollout.rollout_id)
    reading = await read_tenant(
        deps.graph, teams, people=[u.assignment for u in users], config=rollout.config
    )
    known = [(u.assignment, u.object_id) for u in users if u.object_id]
    reading = await look_for_missing(deps.graph, reading, known)
    await report_progress(deps, run_id, 60)
    assessed = assess_teams(teams, rollout.config.teams, reading)
    view = tenant_view(reading, assessed, rollout.config)
    users = await _finish_hand_offs(deps, rollout, users, reading, closed)
    users = [u for u in users if u.wave in closed]
    await amend_reports(deps, [w for w in waves if w.slug in closed], users)
    items = [i for u in users for i in _items(deps, rules[u.wave], u, reading, view)]
    return DriftReport(
        run_id=run_id,
        started_at=started,
        ended_at=deps.clock(),
        complete=True,
        checked=len(users),
        items=tuple(items),
    )


async def _finish_hand_offs(
    deps: Deps,
    rollout: RolloutRecord,
    users: list[UserRecord],
    reading: TenantReading,
    closed: frozenset[str],
) -> list[UserRecord]:
    """Whoever another team has moved since is finished first: that is no drift."""
    watched = [u for u in users if is_ours_to_watch(u, closed)]
    gone_on = await go_on(deps, HandOffs(rollout, watched, reading))
    now = {u.key.ref: u for u in gone_on}
    return [now.get(u.key.ref, u) for u in users]


def _items(
    deps: Deps,
    rollout: RolloutRecord,
    user: UserRecord,
    reading: TenantReading,
    view: TenantView,
) -> list[DriftItem]:
    known = user.observed.homing if user.observed else None
    observed = reading.observe(user.assignment, object_id=user.object_id, known=known)
    assessment = assess(
        user.assignment,
        observed,
        config=rollout.config,
        view=view,
        on_hold=is_on_hold(deps, rollout, user.assignment),
    )
    differences = compare(
        user.steps,
        assessment,
        upn_then=user.observed.upn if user.observed else "",
        upn_now=observed.upn if observed else "",
    )
    return [
        DriftItem(
            id=f"{user.key.ref}.{d.kind}",
            ref=user.key.ref,
            upn=user.upn or user.assignment.identity,
            kind=d.kind,
            detail=d.detail,
        )
        for d in differences
    ]
