"""The rollout itself, its operations, its reconciliations and its audit."""

from collections import Counter

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.entrypoints import operations
from teams_rollout.entrypoints.context import RolloutDep, ServicesDep, StarterDep
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.entrypoints.routes import accepting
from teams_rollout.entrypoints.routes.callers import Operator, Reader, Reporter, Responsible
from teams_rollout.entrypoints.views import (
    AuditItem,
    AuditList,
    DriftView,
    OperationView,
    RolloutView,
)
from teams_rollout.ledger.records import DriftReport

router = APIRouter(prefix="/api/v1", tags=["rollout"])


@router.get("/rollout")
async def get_rollout(services: ServicesDep, rollout: RolloutDep, _caller: Reporter) -> RolloutView:
    """What this deployment rolls out, and whether for real."""
    waves = await services.ledger.list_waves(rollout.rollout_id)
    section = rollout.config.rollout
    return RolloutView(
        id=rollout.rollout_id,
        name=section.name,
        environment=services.settings.environment,
        timezone=section.timezone,
        tenant_id=rollout.tenant_id or section.tenant_id,
        waves=len(waves),
        users=sum(w.users for w in waves),
        imported_at=rollout.imported_at,
    )


@router.get("/operations/{operation_id}")
async def get_operation(
    operation_id: str, services: ServicesDep, starter: StarterDep, _caller: Reader
) -> OperationView:
    """Where a long operation is."""
    rollout = await services.ledger.find_rollout()
    return await operations.get_operation(
        services, starter, operation_id, rollout_id=rollout.rollout_id if rollout else ""
    )


@router.post("/reconciliations", status_code=202, response_model=OperationView)
async def reconcile(
    request: Request,
    services: ServicesDep,
    starter: StarterDep,
    rollout: RolloutDep,
    _caller: Operator,
) -> JSONResponse:
    """Compare the tenant with the desired state now, as every night; repairs nothing."""
    run_id = accepting.new_operation_id(request)
    record = await operations.run_operation(
        services,
        starter,
        kind=operations.RECONCILIATION,
        request=OperationRequest(rollout_id=rollout.rollout_id, operation_id=run_id, run_id=run_id),
        about={"run_id": run_id},
    )
    return accepting.accepted(request, record)


@router.get("/drift")
async def get_drift(
    services: ServicesDep, rollout: RolloutDep, _caller: Responsible, run_id: str | None = None
) -> DriftView:
    """What a reconciliation found: the newest one, or the one named."""
    report = await services.ledger.find_drift(rollout.rollout_id, run_id)
    if report is None:
        raise ProblemError(
            404,
            kind="no-reconciliation",
            title="There is no such reconciliation.",
            detail="None has run yet, or its report has been deleted.",
            do="Run one: rollout reconcile",
        )
    return _drift_view(report)


def _drift_view(report: DriftReport) -> DriftView:
    decisions = Counter(item.decision for item in report.items)
    return DriftView(
        run_id=report.run_id,
        complete=report.complete,
        reason=report.reason,
        started_at=report.started_at,
        ended_at=report.ended_at,
        checked=report.checked,
        found=len(report.items),
        repaired=decisions["repaired"],
        asked=decisions["asked"],
        accepted=decisions["accepted"],
        open=decisions["open"],
        by_kind=dict(Counter(item.kind for item in report.items)),
        items=tuple(item.model_dump() for item in report.items),
    )


@router.get("/audit")
async def list_audit(services: ServicesDep, rollout: RolloutDep, _caller: Responsible) -> AuditList:
    """What people did, newest first; at most the last 200 actions."""
    entries = await services.ledger.list_audit(rollout.rollout_id, limit=200)
    return AuditList(value=tuple(AuditItem(**entry.model_dump()) for entry in entries))
