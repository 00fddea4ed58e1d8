"""One generation of a batch: at most 100 people through the steps.

1. In sequence, because each needs the one before: `resolve_batch` (who is still there, and the
   snapshot before our first write), `set_usage_location`, `assign_license`.
2. Side by side, because one blocked part never stops the others: readiness for teams, policies,
   coexistence mode, phone number.
3. `accept_batch` until every part is answered; people wait there for the sender of team members,
   which wakes this instance.

Each activity works on whoever still needs it, so running any of them twice is harmless. After a
number of tries the instance continues as new in the same phase, which keeps its history short;
after many of those, whoever is unanswered is given up as `failed`: nobody stays in between for
ever.
"""

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import ROUNDS_PER_EXECUTION, not_before_now, wait_for_wake
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import AcceptResult, BatchRun, StepResult

PHASES: tuple[tuple[str, ...], ...] = (
    (names.RESOLVE_BATCH,),
    (names.SET_USAGE_LOCATION,),
    (names.ASSIGN_LICENSE,),
    (
        names.MARK_MEMBERS_READY,
        names.ASSIGN_POLICIES,
        names.SET_COEXISTENCE_MODE,
        names.ASSIGN_PHONE_NUMBER,
    ),
)
MAX_EXECUTIONS = 40


def run_batch(ctx: OrchestrationContext) -> Steps:
    """Take a batch to acceptance. The input is a BatchRequest, or a BatchRun when continued."""
    run = BatchRun.model_validate(ctx.get_input())
    rounds = ROUNDS_PER_EXECUTION
    while run.phase < len(PHASES) and not run.give_up:
        rounds = yield from _run_phase(ctx, run, rounds)
        if rounds == 0:
            return _continue(ctx, run)
        run = run.model_copy(update={"phase": run.phase + 1})
    for _ in range(rounds):
        answer = yield ctx.call_activity(names.ACCEPT_BATCH, run.model_dump(mode="json"))
        result = AcceptResult.model_validate(answer)
        if result.accepted:
            return "accepted"
        was_early = yield from wait_for_wake(ctx, result.retry_at)
        if was_early:
            break
    _continue(ctx, run)
    return None


def _run_phase(ctx: OrchestrationContext, run: BatchRun, rounds: int) -> Steps:
    """One group of activities until all are answered; returns the rounds left, 0 = used up."""
    open_names = list(PHASES[run.phase])
    payload = run.model_dump(mode="json")
    for left in range(rounds - 1, 0, -1):
        answers = yield ctx.task_all([ctx.call_activity(n, payload) for n in open_names])
        results = [StepResult.model_validate(a) for a in answers]
        waits = {n: r.retry_at for n, r in zip(open_names, results, strict=True) if r.retry_at}
        if not waits:
            return left
        yield ctx.create_timer(not_before_now(ctx, min(waits.values())))
        open_names = list(waits)
    return 0


def _continue(ctx: OrchestrationContext, run: BatchRun) -> None:
    executions = run.executions + 1
    again = run.model_copy(
        update={"executions": executions, "give_up": executions >= MAX_EXECUTIONS}
    )
    ctx.continue_as_new(again.model_dump(mode="json"))
