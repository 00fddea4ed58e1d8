"""The one sender of a wave's team members.

1. `send_members` looks who is ready, sends per team what is due, commits the answers and wakes
   the batches concerned.
2. Wait until the next send is due or somebody becomes ready (a wake-up), and start again.
3. End when every batch of the wave is accepted.

One sender per wave, so that Microsoft's 4 member requests a minute per team are spent on as many
people as possible instead of once per batch.
"""

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import ROUNDS_PER_EXECUTION, wait_for_wake
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import SendMembersResult, WaveRequest


def run_membership(ctx: OrchestrationContext) -> Steps:
    """Send until the wave needs no more sending."""
    request = WaveRequest.model_validate(ctx.get_input())
    payload = request.model_dump(mode="json")
    for _ in range(ROUNDS_PER_EXECUTION):
        answer = yield ctx.call_activity(names.SEND_MEMBERS, payload)
        result = SendMembersResult.model_validate(answer)
        if result.finished or result.over:
            return "finished"
        was_early = yield from wait_for_wake(ctx, result.retry_at or result.next_at)
        if was_early:
            break
    ctx.continue_as_new(payload)
    return None
