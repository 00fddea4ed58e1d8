"""`rollout doctor` over HTTP: what would keep the rollout from working, and what to do about it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from teams_rollout.domain import doctor
from teams_rollout.entrypoints import diagnosis
from teams_rollout.entrypoints.context import ContextDep, StarterDep
from teams_rollout.entrypoints.routes import accepting
from teams_rollout.entrypoints.routes.callers import Operator
from teams_rollout.entrypoints.views import HealthCheck, OperationView
from teams_rollout.ledger.records import OperationStatus

router = APIRouter(prefix="/api/v1", tags=["health"])

_LONGEST_WAIT = 100  # seconds; front ends on Azure cut a request off after 230


@router.post("/doctor", response_model=list[HealthCheck], responses={202: {"model": OperationView}})
async def run_doctor(
    request: Request,
    context: ContextDep,
    starter: StarterDep,
    _caller: Operator,
    wait: Annotated[int, Query(ge=0, le=_LONGEST_WAIT)] = 20,
) -> JSONResponse:
    """Look at settings, storage and tenant; changes nothing.

    200 with the checks; 202 with an operation if it takes longer than `wait` seconds: its result
    has them under `checks`.
    """
    services = context.services()
    checks = diagnosis.examine_settings(services)
    checks.append(await diagnosis.examine_front_door(services))
    storage = await diagnosis.examine_storage(services)
    checks += storage
    if not storage[0].ok:
        checks.append(doctor.not_looked_at("tenant", because="that takes the storage"))
        return JSONResponse([c.model_dump(mode="json") for c in checks])
    operation_id = accepting.new_operation_id(request)
    record = await diagnosis.start(services, starter, operation_id=operation_id, checks=checks)
    view = await diagnosis.wait_for(services, starter, operation_id, seconds=wait)
    if view.status == OperationStatus.RUNNING:
        return accepting.accepted(request, record)
    return JSONResponse(diagnosis.report_of(view))
