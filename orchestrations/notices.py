"""Sending notices: one mailbox takes its time, so this may go on for hours.

1. The activity tells some people and says how many are left, or when to try again.
2. While it gets on, it is called again when it asked for; while it does not, later and later.
3. After some rounds the orchestration continues as new: its history stays short.
It ends with the activity's word only: an order that has outlived its sense is refused there.
"""

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import MAX_TRIES, ROUNDS_PER_EXECUTION, next_try
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import NoticesResult, NoticesRun


def run_notices(ctx: OrchestrationContext) -> Steps:
    """Tell the people of one order, until nobody waits any more."""
    run = NoticesRun.model_validate(ctx.get_input())
    tries = run.tries
    for _ in range(ROUNDS_PER_EXECUTION):
        answer = yield ctx.call_activity(names.SEND_NOTICES, run.model_dump(mode="json"))
        result = NoticesResult.model_validate(answer)
        if result.retry_at is None:
            return result.model_dump(mode="json")
        tries = 0 if result.told else tries + 1
        yield ctx.create_timer(next_try(ctx, result.retry_at, min(tries, MAX_TRIES)))
    ctx.continue_as_new(run.model_copy(update={"tries": tries}).model_dump(mode="json"))
    return None
