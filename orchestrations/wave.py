"""One run of a wave.

1. `open_wave` plans again, reserves seats, writes the opening records and cuts the batches.
2. `ensure_teams` makes the teams that the wave's people need.
3. Side by side: the dispatcher puts batches on the queue under the gates, and the sender puts
   licensed people into their teams.
4. Verification reads back until everybody's changes are seen at Microsoft.
5. `close_wave` counts, reports and closes.

Control and progress live in the ledger; this history holds ids and counts only.
"""

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import until_answered
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import OpenWaveResult, StepResult, WaveRequest, WaveRun


def run_wave(ctx: OrchestrationContext) -> Steps:
    """Run the wave that the input names to its close. Returns counts.

    The input is a WaveRequest, or a WaveRun when continued: a wave that is stopped, or whose
    close met an outage, for longer than the tries of one history goes on in the next.
    """
    run = WaveRun.model_validate(ctx.get_input())
    request = WaveRequest.model_validate(run.model_dump())
    if not run.is_closing:
        opened = yield from until_answered(ctx, names.OPEN_WAVE, request, OpenWaveResult)
        if not opened.started:
            return opened.model_dump(mode="json")
        teams = yield from until_answered(ctx, names.ENSURE_TEAMS, request, StepResult)
        if teams.stopped:
            # However long somebody stops the wave, nobody's team may come to be missing by it.
            ctx.continue_as_new(run.model_dump(mode="json"))
            return None
        yield from _work(ctx, request)
    closed = yield from until_answered(ctx, names.CLOSE_WAVE, request, StepResult)
    if closed.retry_at is not None:
        again = run.model_copy(update={"is_closing": True})
        ctx.continue_as_new(again.model_dump(mode="json"))
        return None
    return closed.model_dump(mode="json")


def _work(ctx: OrchestrationContext, request: WaveRequest) -> Steps:
    """Everything between the teams and the close."""
    yield ctx.task_all(
        [_child(ctx, request, names.DISPATCH), _child(ctx, request, names.MEMBERSHIP)]
    )
    yield _child(ctx, request, names.VERIFICATION)


_INSTANCE_OF = {
    names.DISPATCH: names.dispatch_instance,
    names.MEMBERSHIP: names.membership_instance,
    names.VERIFICATION: names.verification_instance,
}


def _child(ctx: OrchestrationContext, request: WaveRequest, name: str) -> object:
    instance_id = _INSTANCE_OF[name](request.rollout_id, request.wave, request.epoch)
    return ctx.call_sub_orchestrator(name, request.model_dump(mode="json"), instance_id)
