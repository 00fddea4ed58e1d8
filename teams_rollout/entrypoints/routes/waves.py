"""Waves and their plans: look, plan, start, watch, decide."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.entrypoints import operations, waves
from teams_rollout.entrypoints.context import (
    ContextDep,
    RolloutDep,
    ServicesDep,
    StarterDep,
    WaveDep,
)
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.entrypoints.routes import accepting
from teams_rollout.entrypoints.routes.callers import Approver, Operator, Reporter, Responsible
from teams_rollout.entrypoints.starting import start_wave
from teams_rollout.entrypoints.views import (
    OperationView,
    PlanView,
    ProgressView,
    StartAnswer,
    WaveList,
    WaveView,
)
from teams_rollout.ledger.records import AuditEntry, WaveRecord

router = APIRouter(prefix="/api/v1", tags=["waves"])


class StartBody(BaseModel):
    """How to start a wave."""

    model_config = ConfigDict(extra="forbid")

    allow_shortage: bool = False


class DecisionBody(BaseModel):
    """The decision at the end of a pilot."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["go", "extend", "stop"]
    reason: str = Field(default="", max_length=1_000)


@router.get("/waves")
async def list_waves(
    services: ServicesDep, context: ContextDep, rollout: RolloutDep, _caller: Reporter
) -> WaveList:
    """All waves, in their order."""
    views = await waves.list_views(services, context, rollout.rollout_id)
    return WaveList(value=tuple(views))


@router.get("/waves/{wave}")
async def get_wave(
    record: WaveDep, services: ServicesDep, context: ContextDep, _caller: Reporter
) -> WaveView:
    """One wave, by name or slug."""
    return await waves.view_wave(services, context, record)


@router.get("/waves/{wave}/progress")
async def get_progress(
    record: WaveDep, services: ServicesDep, context: ContextDep, _caller: Reporter
) -> ProgressView:
    """How far the wave is; cheap enough to be asked every second."""
    return await waves.view_progress(services, context, record)


@router.post("/waves/{wave}/plan", status_code=202, response_model=OperationView)
async def plan_wave(
    request: Request,
    record: WaveDep,
    services: ServicesDep,
    starter: StarterDep,
    _caller: Operator,
) -> JSONResponse:
    """Compare the wave with the tenant; changes nothing there."""
    operation = await operations.run_operation(
        services,
        starter,
        kind=operations.PLAN,
        request=OperationRequest(
            rollout_id=record.rollout_id,
            operation_id=accepting.new_operation_id(request),
            wave=record.slug,
        ),
        about={"wave": record.name},
    )
    return accepting.accepted(request, operation)


@router.get("/plans/{plan_id}")
async def get_plan(
    plan_id: str,
    request: Request,
    services: ServicesDep,
    context: ContextDep,
    _caller: Responsible,
    cursor: Annotated[int, Query(ge=0)] = 0,
) -> PlanView:
    """A plan; its changes come 2,000 at a time, the rest follows under `nextLink`."""
    following = str(request.url.replace(query="cursor="))
    return await context.plans.page(services, plan_id, start=cursor, next_link=following)


@router.post("/waves/{wave}/start", response_model=StartAnswer | OperationView)
async def start(
    *,
    request: Request,
    record: WaveDep,
    services: ServicesDep,
    context: ContextDep,
    starter: StarterDep,
    caller: Operator,
    body: Annotated[StartBody, Body()] = StartBody(),  # noqa: B008 - frozen default of FastAPI
) -> JSONResponse:
    """Start the wave (202); a finished or running one answers 200 and is left alone."""
    started = await start_wave(
        services, starter, record, caller=caller, allow_shortage=body.allow_shortage
    )
    if started.operation is not None:
        return accepting.accepted(request, started.operation)
    view = await waves.view_wave(services, context, started.wave)
    answer = StartAnswer(result=started.result, wave=view)
    return JSONResponse(answer.model_dump(mode="json"))


@router.post("/waves/{wave}/decision")
async def decide(
    body: DecisionBody,
    record: WaveDep,
    services: ServicesDep,
    context: ContextDep,
    caller: Approver,
) -> WaveView:
    """Record what follows from a pilot; the next wave needs `go`."""
    _check_may_decide(record)
    saved = await services.ledger.save_wave(record.model_copy(update={"decision": body.decision}))
    entry = AuditEntry(
        at=services.clock(),
        actor=caller.name,
        action="decide",
        target=record.name,
        detail=f"{body.decision}: {body.reason}" if body.reason else body.decision,
        rehearsal=services.settings.environment is Environment.REHEARSAL,
    )
    await services.ledger.append_audit(record.rollout_id, entry)
    return await waves.view_wave(services, context, saved)


def _check_may_decide(record: WaveRecord) -> None:
    if not record.section.pilot:
        raise ProblemError(
            409,
            kind="not-a-pilot",
            title=f"The wave {record.name} is not a pilot.",
            detail="Only a pilot ends in a decision.",
            do="Mark it as one in rollout.toml (pilot = true) and import, or leave it.",
        )
    if not record.state.is_closed:
        raise ProblemError(
            409,
            kind="pilot-still-open",
            title=f"The pilot {record.name} has not closed.",
            detail=f"It is {record.state.value}; a decision needs its result.",
            do=f"Wait for it: rollout watch {record.name}",
        )
