"""One generation of a batch: at most 100 people through the steps.

1. In sequence, because each needs the one before: `resolve_batch` (who is still there, and the
   snapshot before our first write), `set_usage_location`, `assign_license`.
2. Side by side, because one blocked part never stops the others: readiness for teams, policies,
   coexistence mode, phone number.
3. `accept_batch` until every part is answered; people wait there for the sender of team members,
   which wakes this instance.

Each activity works on whoever still needs it, so running any of them twice is harmless. Unanswered
people whose tries are used up are given up as `failed`: nobody stays in between for ever.
"""

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import (
    ROUNDS_PER_EXECUTION,
    all_until_answered,
    until_answered,
    wait_for_wake,
)
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import AcceptResult, BatchRequest, StepResult

SEQUENCE = (names.RESOLVE_BATCH, names.SET_USAGE_LOCATION, names.ASSIGN_LICENSE)
SIDE_BY_SIDE = (
    names.MARK_MEMBERS_READY,
    names.ASSIGN_POLICIES,
    names.SET_COEXISTENCE_MODE,
    names.ASSIGN_PHONE_NUMBER,
)
PHASE_STEPS = "steps"
PHASE_ACCEPT = "accept"


def run_batch(ctx: OrchestrationContext) -> Steps:
    """Take a batch to acceptance. The input is a BatchRequest, with a phase when continued."""
    given = ctx.get_input()
    request = BatchRequest.model_validate(given)
    if given.get("phase", PHASE_STEPS) == PHASE_STEPS:
        answered = yield from _run_steps(ctx, request)
        request = request.model_copy(update={"give_up": not answered})
    payload = request.model_dump(mode="json")
    for _ in range(ROUNDS_PER_EXECUTION):
        answer = yield ctx.call_activity(names.ACCEPT_BATCH, payload)
        result = AcceptResult.model_validate(answer)
        if result.accepted:
            return "accepted"
        yield from wait_for_wake(ctx, result.retry_at)
    ctx.continue_as_new({**payload, "phase": PHASE_ACCEPT})
    return None


def _run_steps(ctx: OrchestrationContext, request: BatchRequest) -> Steps:
    """All steps; returns whether every activity was answered within its tries."""
    for name in SEQUENCE:
        result = yield from until_answered(ctx, name, request, StepResult)
        if result.retry_at is not None:
            return False
    answered = yield from all_until_answered(ctx, SIDE_BY_SIDE, request)
    return answered
