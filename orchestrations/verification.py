"""Verification of a wave: done means read back from Microsoft.

1. `verify_wave` reads in bulk, marks what is seen, and says when to look again.
2. Phone numbers that had to wait for Teams are tried again for the batches it names.
3. Sleep (growing intervals, decided by the activity) and start again, until nobody is waited for.
"""

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import ROUNDS_PER_EXECUTION, not_before_now
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import BatchRequest, VerifyResult, WaveRequest


def run_verification(ctx: OrchestrationContext) -> Steps:
    """Sweep until everybody is verified or given up."""
    request = WaveRequest.model_validate(ctx.get_input())
    payload = request.model_dump(mode="json")
    for _ in range(ROUNDS_PER_EXECUTION):
        answer = yield ctx.call_activity(names.VERIFY_WAVE, payload)
        result = VerifyResult.model_validate(answer)
        next_at = result.retry_at or result.next_at
        if next_at is None:
            return "verified"
        for number in result.due_numbers:
            batch = BatchRequest(
                rollout_id=request.rollout_id,
                wave=request.wave,
                epoch=request.epoch,
                batch=number,
            )
            yield ctx.call_activity(names.ASSIGN_PHONE_NUMBER, batch.model_dump(mode="json"))
        yield ctx.create_timer(not_before_now(ctx, next_at))
    ctx.continue_as_new(payload)
    return None
