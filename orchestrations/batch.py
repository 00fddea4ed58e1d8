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
ever. While the wave stands still nothing is tried, and nothing counts as tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrations.protocol import OrchestrationContext, Steps
from orchestrations.steps import ROUNDS_PER_EXECUTION, not_before_now, wait_for_wake
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import AcceptResult, BatchRun, RetryablePayload, StepResult

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
SUPERSEDED = "superseded"


@dataclass
class Rounds:
    """What is left of this execution, and what it came to.

    Attributes:
        left: rounds until the instance continues as new.
        tried: whether anything was tried, or the wave stood still all the time.
        over: nobody needs this generation of the batch any more.
    """

    left: int = ROUNDS_PER_EXECUTION
    tried: bool = False
    over: bool = False

    def note(self, results: Sequence[RetryablePayload]) -> None:
        """One round is over."""
        self.left -= 1
        self.tried |= any(not r.stopped for r in results)
        self.over |= any(r.over for r in results)


def run_batch(ctx: OrchestrationContext) -> Steps:
    """Take a batch to acceptance. The input is a BatchRequest, or a BatchRun when continued."""
    run = BatchRun.model_validate(ctx.get_input())
    rounds = Rounds()
    while run.phase < len(PHASES) and not run.give_up:
        yield from _run_phase(ctx, run, rounds)
        if rounds.over:
            return SUPERSEDED
        if rounds.left == 0:
            return _continue(ctx, run, rounds)
        run = run.model_copy(update={"phase": run.phase + 1})
    while rounds.left > 0:
        answer = yield ctx.call_activity(names.ACCEPT_BATCH, run.model_dump(mode="json"))
        result = AcceptResult.model_validate(answer)
        rounds.note([result])
        if result.accepted or result.over:
            return "accepted" if result.accepted else SUPERSEDED
        was_early = yield from wait_for_wake(ctx, result.retry_at)
        if was_early:
            break
    return _continue(ctx, run, rounds)


def _run_phase(ctx: OrchestrationContext, run: BatchRun, rounds: Rounds) -> Steps:
    """One group of activities until all are answered, or no rounds are left."""
    open_names = list(PHASES[run.phase])
    payload = run.model_dump(mode="json")
    while rounds.left > 1:
        answers = yield ctx.task_all([ctx.call_activity(n, payload) for n in open_names])
        results = [StepResult.model_validate(a) for a in answers]
        rounds.note(results)
        waits = {n: r.retry_at for n, r in zip(open_names, results, strict=True) if r.retry_at}
        if not waits or rounds.over:
            return
        yield ctx.create_timer(not_before_now(ctx, min(waits.values())))
        open_names = list(waits)
    rounds.left = 0


def _continue(ctx: OrchestrationContext, run: BatchRun, rounds: Rounds) -> None:
    executions = run.executions + rounds.tried
    again = run.model_copy(
        update={"executions": executions, "give_up": executions >= MAX_EXECUTIONS}
    )
    ctx.continue_as_new(again.model_dump(mode="json"))
