"""Parts that every orchestration is made of: activities until answered, and one way to wait.

Pure apart from the tasks they yield: time comes from the context, limits from constants, so a
replay takes the same way again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from orchestrations.protocol import OrchestrationContext, Steps
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import Payload, RetryablePayload, StepResult

POLL = timedelta(seconds=30)
"""The longest that a lost event can delay anything: control state is re-read this often."""

MAX_TRIES = 40
"""Tries of one activity in one execution; keeps every history far below 500 events."""

ROUNDS_PER_EXECUTION = 20
"""Waits after which a loop continues as new, for the same reason."""

R = TypeVar("R", bound=RetryablePayload)


def until_answered(
    ctx: OrchestrationContext, name: str, request: Payload, result_type: type[R]
) -> Steps:
    """Run an activity until it has nothing left to try, with durable timers between tries.

    Returns:
        The last result as `result_type`. It still has a `retry_at` when the tries are used up;
        the caller decides what that means.
    """
    for _ in range(MAX_TRIES):
        answer = yield ctx.call_activity(name, request.model_dump(mode="json"))
        result = result_type.model_validate(answer)
        if result.retry_at is None:
            return result
        yield ctx.create_timer(not_before_now(ctx, result.retry_at))
    return result


def all_until_answered(
    ctx: OrchestrationContext, activity_names: Sequence[str], request: Payload
) -> Steps:
    """Run independent step activities side by side until none has anything left to try.

    Returns:
        Whether all were answered within the tries.
    """
    open_names = list(activity_names)
    payload = request.model_dump(mode="json")
    for _ in range(MAX_TRIES):
        answers = yield ctx.task_all([ctx.call_activity(n, payload) for n in open_names])
        results = [StepResult.model_validate(a) for a in answers]
        waits = {n: r.retry_at for n, r in zip(open_names, results, strict=True) if r.retry_at}
        if not waits:
            return True
        yield ctx.create_timer(not_before_now(ctx, min(waits.values())))
        open_names = list(waits)
    return False


def wait_for_wake(ctx: OrchestrationContext, until: datetime | None = None) -> Steps:
    """Sleep until somebody wakes the instance, `until`, or the poll interval has passed.

    A fresh timer and a fresh waiter each time, and the losing timer is cancelled: an open one
    would keep the instance running after its end.
    """
    latest = ctx.current_utc_datetime + POLL
    fire_at = latest if until is None else min(latest, not_before_now(ctx, until))
    timer = ctx.create_timer(fire_at)
    wake = ctx.wait_for_external_event(names.WAKE)
    winner = yield ctx.task_any([timer, wake])
    if winner is wake:
        timer.cancel()


def not_before_now(ctx: OrchestrationContext, moment: datetime) -> datetime:
    """The moment, or a little from now if it has passed: a timer must lie ahead."""
    return max(moment, ctx.current_utc_datetime + timedelta(milliseconds=50))
