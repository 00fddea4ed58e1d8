"""Registers the orchestrations with Durable Functions; the only module here that knows the SDK."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from orchestrations import (
    batch,
    dispatch,
    hand_off,
    membership,
    notices,
    operations,
    verification,
    wave,
)
from teams_rollout.contracts import names

bp = df.Blueprint()


@bp.function_name(names.WAVE)
@bp.orchestration_trigger(context_name="context")
def wave_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return wave.run_wave(context)


@bp.function_name(names.DISPATCH)
@bp.orchestration_trigger(context_name="context")
def dispatch_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return dispatch.run_dispatch(context)


@bp.function_name(names.BATCH)
@bp.orchestration_trigger(context_name="context")
def batch_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return batch.run_batch(context)


@bp.function_name(names.MEMBERSHIP)
@bp.orchestration_trigger(context_name="context")
def membership_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return membership.run_membership(context)


@bp.function_name(names.VERIFICATION)
@bp.orchestration_trigger(context_name="context")
def verification_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return verification.run_verification(context)


@bp.function_name(names.IMPORT)
@bp.orchestration_trigger(context_name="context")
def import_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return operations.run_import(context)


@bp.function_name(names.PLANNING)
@bp.orchestration_trigger(context_name="context")
def planning_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return operations.run_planning(context)


@bp.function_name(names.RECONCILIATION)
@bp.orchestration_trigger(context_name="context")
def reconciliation_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return operations.run_reconciliation(context)


@bp.function_name(names.DIAGNOSIS)
@bp.orchestration_trigger(context_name="context")
def diagnosis_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return operations.run_diagnosis(context)


@bp.function_name(names.HAND_OFF)
@bp.orchestration_trigger(context_name="context")
def hand_off_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return hand_off.run_hand_off(context)


@bp.function_name(names.NOTICES)
@bp.orchestration_trigger(context_name="context")
def notices_shim(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    return notices.run_notices(context)
