"""The dispatcher of one wave: puts batches on the queue as gates and the ledger allow.

1. `advance_wave` reads the wave and its batches, evaluates the gate and dispatches.
2. Wait for a batch's wake-up, at most the poll interval, and start again.
3. End when every batch is accepted or the wave was stopped.

Pause, halt and cancel are read from the ledger each round, so a lost event costs one poll.
"""

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import ROUNDS_PER_EXECUTION, wait_for_wake
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import AdvanceResult, WaveRequest


def run_dispatch(ctx: OrchestrationContext) -> Steps:
    """Dispatch until all batches are accepted or the wave is stopped. Returns the last phase."""
    request = WaveRequest.model_validate(ctx.get_input())
    payload = request.model_dump(mode="json")
    for _ in range(ROUNDS_PER_EXECUTION):
        answer = yield ctx.call_activity(names.ADVANCE_WAVE, payload)
        result = AdvanceResult.model_validate(answer)
        if result.phase != "running":
            return result.phase
        was_early = yield from wait_for_wake(ctx, result.retry_at)
        if was_early:
            break
    ctx.continue_as_new(payload)
    return None
