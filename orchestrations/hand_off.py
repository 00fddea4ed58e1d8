"""The taking of another team's result file: what it reports is looked for until it is seen.

1. `finish_hand_offs` takes the reports, reads the tenant in bulk, and finishes whom it shows.
2. Sleep (growing intervals, decided by the activity) and look again, until nobody who was reported
   as done is unseen; past the deadline the activity gives them up as blocked.

Whoever moves without any report is noticed by the nightly reconciliation.
"""

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import not_before_now, until_answered
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import HandOffResult, HandOffRun

LOOKS_PER_EXECUTION = 3
"""Each may take as many tries as one history should hold."""


def run_hand_off(ctx: OrchestrationContext) -> Steps:
    """Take the file and look until everything that it reports is seen. Returns counts.

    The input is an OperationRequest, or a HandOffRun when continued.
    """
    run = HandOffRun.model_validate(ctx.get_input())
    for _ in range(LOOKS_PER_EXECUTION):
        result = yield from until_answered(ctx, names.FINISH_HAND_OFFS, run, HandOffResult)
        if result.retry_at is not None:
            break  # an outage longer than the tries of one history: the next one goes on
        if result.next_at is None:
            return result.counts  # not the payload: a field added to it must not break a replay
        yield ctx.create_timer(not_before_now(ctx, result.next_at))
        run = run.model_copy(update={"looks": run.looks + 1})
    ctx.continue_as_new(run.model_dump(mode="json"))
    return None
