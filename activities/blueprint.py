"""Registers the activities; thin shims, one per function, that hand the payload to a body."""

from collections.abc import Awaitable, Callable
from typing import Any

import azure.durable_functions as df

from activities.accept_batch import accept_batch
from activities.advance_wave import advance_wave
from activities.apply_import import apply_import
from activities.assign_license import assign_license
from activities.assign_phone_number import assign_phone_number
from activities.assign_policies import assign_policies, set_coexistence_mode
from activities.close_wave import close_wave
from activities.deps import Deps
from activities.ensure_teams import ensure_teams
from activities.examine_tenant import examine_tenant
from activities.find_drift import find_drift
from activities.finish_hand_offs import finish_hand_offs
from activities.guard import A, Heed, Q, run_prepared
from activities.make_plan import make_plan
from activities.mark_members_ready import mark_members_ready
from activities.open_wave import open_wave
from activities.resolve_batch import resolve_batch
from activities.send_members import send_members
from activities.send_notices import send_notices
from activities.set_usage_location import set_usage_location
from activities.verify_wave import verify_wave
from teams_rollout.composition import prepared_ledger, services, start_telemetry
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import (
    AcceptResult,
    AdvanceResult,
    BatchRequest,
    HandOffResult,
    HandOffRun,
    NoticesResult,
    OpenWaveResult,
    OperationRequest,
    OperationResult,
    SendMembersResult,
    StepResult,
    VerifyResult,
    WaveRequest,
)

bp = df.Blueprint()


async def _deps() -> Deps:
    process = services()
    return Deps(
        ledger=await prepared_ledger(),
        graph=process.graph,
        clock=process.clock,
        scale=process.settings.time_scale,
        environment=process.settings.environment,
        stop_sign=process.stop_sign,
        channel=process.channel,
    )


async def _run(
    body: Callable[[Deps, Q], Awaitable[A]],
    request_type: type[Q],
    result_type: type[A],
    payload: dict[str, Any],
    *,
    heed: Heed = Heed.NOTHING,
) -> dict[str, Any]:
    start_telemetry()
    return await run_prepared(_deps, body, request_type, result_type, payload, heed=heed)


@bp.function_name(names.APPLY_IMPORT)
@bp.activity_trigger(input_name="payload")
async def apply_import_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(apply_import, OperationRequest, OperationResult, payload)


@bp.function_name(names.MAKE_PLAN)
@bp.activity_trigger(input_name="payload")
async def make_plan_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(make_plan, OperationRequest, OperationResult, payload)


@bp.function_name(names.OPEN_WAVE)
@bp.activity_trigger(input_name="payload")
async def open_wave_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(open_wave, WaveRequest, OpenWaveResult, payload)


@bp.function_name(names.ENSURE_TEAMS)
@bp.activity_trigger(input_name="payload")
async def ensure_teams_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(ensure_teams, WaveRequest, StepResult, payload, heed=Heed.STOP)


@bp.function_name(names.ADVANCE_WAVE)
@bp.activity_trigger(input_name="payload")
async def advance_wave_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(advance_wave, WaveRequest, AdvanceResult, payload)


@bp.function_name(names.CLOSE_WAVE)
@bp.activity_trigger(input_name="payload")
async def close_wave_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(close_wave, WaveRequest, StepResult, payload)


@bp.function_name(names.RESOLVE_BATCH)
@bp.activity_trigger(input_name="payload")
async def resolve_batch_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(resolve_batch, BatchRequest, StepResult, payload, heed=Heed.STOP)


@bp.function_name(names.SET_USAGE_LOCATION)
@bp.activity_trigger(input_name="payload")
async def set_usage_location_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(set_usage_location, BatchRequest, StepResult, payload, heed=Heed.STOP)


@bp.function_name(names.ASSIGN_LICENSE)
@bp.activity_trigger(input_name="payload")
async def assign_license_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(assign_license, BatchRequest, StepResult, payload, heed=Heed.STOP)


@bp.function_name(names.MARK_MEMBERS_READY)
@bp.activity_trigger(input_name="payload")
async def mark_members_ready_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(mark_members_ready, BatchRequest, StepResult, payload, heed=Heed.STOP)


@bp.function_name(names.SEND_MEMBERS)
@bp.activity_trigger(input_name="payload")
async def send_members_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(send_members, WaveRequest, SendMembersResult, payload, heed=Heed.STOP)


@bp.function_name(names.ASSIGN_POLICIES)
@bp.activity_trigger(input_name="payload")
async def assign_policies_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(assign_policies, BatchRequest, StepResult, payload, heed=Heed.STOP)


@bp.function_name(names.SET_COEXISTENCE_MODE)
@bp.activity_trigger(input_name="payload")
async def set_coexistence_mode_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(set_coexistence_mode, BatchRequest, StepResult, payload, heed=Heed.STOP)


@bp.function_name(names.ASSIGN_PHONE_NUMBER)
@bp.activity_trigger(input_name="payload")
async def assign_phone_number_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(assign_phone_number, BatchRequest, StepResult, payload, heed=Heed.STOP)


@bp.function_name(names.ACCEPT_BATCH)
@bp.activity_trigger(input_name="payload")
async def accept_batch_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(accept_batch, BatchRequest, AcceptResult, payload, heed=Heed.END)


@bp.function_name(names.VERIFY_WAVE)
@bp.activity_trigger(input_name="payload")
async def verify_wave_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(verify_wave, WaveRequest, VerifyResult, payload)


@bp.function_name(names.FIND_DRIFT)
@bp.activity_trigger(input_name="payload")
async def find_drift_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(find_drift, OperationRequest, OperationResult, payload)


@bp.function_name(names.EXAMINE_TENANT)
@bp.activity_trigger(input_name="payload")
async def examine_tenant_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(examine_tenant, OperationRequest, OperationResult, payload)


@bp.function_name(names.FINISH_HAND_OFFS)
@bp.activity_trigger(input_name="payload")
async def finish_hand_offs_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(finish_hand_offs, HandOffRun, HandOffResult, payload)


@bp.function_name(names.SEND_NOTICES)
@bp.activity_trigger(input_name="payload")
async def send_notices_shim(payload: dict) -> dict:  # type: ignore[type-arg]  # workers take plain classes only
    return await _run(send_notices, OperationRequest, NoticesResult, payload)
