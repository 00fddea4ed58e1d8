"""Verification of a wave: done means read back from Microsoft.

1. `verify_wave` reads in bulk, marks what is seen, and says when to look again.
2. Phone numbers that had to wait for Teams are tried again for the batches it names.
3. Sleep (growing intervals, decided by the activity) and start again, until nobody is waited for.
"""

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import not_before_now
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import (
    BatchRequest,
    VerificationRun,
    VerifyResult,
    WaveRequest,
)

CALLS_PER_EXECUTION = 50
"""Activities after which it continues as new: with a timer each, 8 events, below 500 in all."""


def run_verification(ctx: OrchestrationContext) -> Steps:
    """Sweep until everybody is verified or given up.

    The input is a WaveRequest, or a VerificationRun when continued: as many batches may have
    numbers to be tried as the wave has, which is more than one history should hold.
    """
    run = VerificationRun.model_validate(ctx.get_input())
    request = WaveRequest.model_validate(run.model_dump()).model_dump(mode="json")
    for _ in range(CALLS_PER_EXECUTION):
        if run.due_numbers:
            yield ctx.call_activity(names.ASSIGN_PHONE_NUMBER, _batch(run, run.due_numbers[0]))
            run = run.model_copy(update={"due_numbers": run.due_numbers[1:]})
            continue
        if run.next_at is not None:
            yield ctx.create_timer(not_before_now(ctx, run.next_at))
        answer = yield ctx.call_activity(names.VERIFY_WAVE, request)
        result = VerifyResult.model_validate(answer)
        next_at = result.retry_at or result.next_at
        if next_at is None:
            return "verified"
        run = run.model_copy(
            update={"due_numbers": result.due_numbers, "next_at": next_at, "cut": result.cut}
        )
    ctx.continue_as_new(run.model_dump(mode="json"))
    return None


def _batch(run: VerificationRun, number: int) -> dict[str, object]:
    """The batch, in whatever generation; it is over, so nobody else works on it."""
    batch = BatchRequest(
        rollout_id=run.rollout_id,
        wave=run.wave,
        epoch=run.cut or run.epoch,
        batch=number,
        generation=0,
    )
    return batch.model_dump(mode="json")
