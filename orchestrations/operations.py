"""Long operations that a person or a timer asks for: import, plan, drift, doctor.

Each is one activity that reads in bulk and writes its result to the ledger; being an orchestration
gives it an instance id (asked twice, run once), retries and survival of a restart.
"""

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import until_answered
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import OperationRequest, OperationResult


def run_import(ctx: OrchestrationContext) -> Steps:
    """Flip to a staged import and give everybody in it a row."""
    return (yield from _run(ctx, names.APPLY_IMPORT))


def run_planning(ctx: OrchestrationContext) -> Steps:
    """Make a plan of one wave; it changes nothing in the tenant."""
    return (yield from _run(ctx, names.MAKE_PLAN))


READING_TRIES = 4
"""A reconciliation that cannot read everything says so soon; the night's comes again."""


def run_reconciliation(ctx: OrchestrationContext) -> Steps:
    """Compare the tenant with what closed waves left behind and report the drift.

    A source that cannot be read is tried a few times; then the report says that it is incomplete.
    """
    request = OperationRequest.model_validate(ctx.get_input())
    result = yield from until_answered(
        ctx, names.FIND_DRIFT, request, OperationResult, max_tries=READING_TRIES
    )
    if result.retry_at is not None:
        last = request.model_copy(update={"give_up": True})
        result = yield from until_answered(ctx, names.FIND_DRIFT, last, OperationResult)
    return result.model_dump(mode="json")


def run_diagnosis(ctx: OrchestrationContext) -> Steps:
    """Look at the tenant for whatever would keep waves from running; changes nothing."""
    return (yield from _run(ctx, names.EXAMINE_TENANT))


def _run(ctx: OrchestrationContext, activity: str) -> Steps:
    request = OperationRequest.model_validate(ctx.get_input())
    result = yield from until_answered(ctx, activity, request, OperationResult)
    return result.model_dump(mode="json")
