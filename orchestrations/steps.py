"""Parts that every orchestration is made of: activities until answered, and one way to wait.

Pure apart from the tasks they yield: time comes from the context, limits from constants, so a
replay takes the same way again.
"""

from datetime import datetime, timedelta
from typing import TypeVar

from orchestrations.protocol import OrchestrationContext, Steps
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import Payload, RetryablePayload

POLL = timedelta(seconds=30)
"""The longest that a lost event can delay anything: control state is re-read this often."""

MAX_TRIES = 18
"""Tries of one activity in one execution: 8 events each, so histories stay below 500 events."""

ROUNDS_PER_EXECUTION = 20
"""Waits after which a loop continues as new, for the same reason."""

PATIENCE = ((5, timedelta(0)), (10, timedelta(seconds=30)), (MAX_TRIES, timedelta(minutes=5)))
"""Shortest pause by number of tries: 18 tries outlast an outage of three quarters of an hour."""

R = TypeVar("R", bound=RetryablePayload)


def until_answered(
    ctx: OrchestrationContext,
    name: str,
    request: Payload,
    result_type: type[R],
    *,
    max_tries: int = MAX_TRIES,
) -> Steps:
    """Run an activity until it has nothing left to try, with durable timers between tries.

    Returns:
        The last result as `result_type`. It still has a `retry_at` when the tries are used up;
        the caller decides what that means.
    """
    for tries in range(1, max_tries + 1):
        answer = yield ctx.call_activity(name, request.model_dump(mode="json"))
        result = result_type.model_validate(answer)
        if result.retry_at is None:
            return result
        yield ctx.create_timer(next_try(ctx, result.retry_at, tries))
    return result


def next_try(ctx: OrchestrationContext, retry_at: datetime, tries: int) -> datetime:
    """When to try again: what the activity asked for, later the more often it has asked."""
    pause = next(p for limit, p in PATIENCE if tries <= limit)
    return max(not_before_now(ctx, retry_at), ctx.current_utc_datetime + pause)


def wait_for_wake(ctx: OrchestrationContext, until: datetime | None = None) -> Steps:
    """Sleep until somebody wakes the instance, `until`, or the poll interval has passed.

    A fresh timer and a fresh waiter each time, and the losing timer is cancelled: an open one
    would keep the instance running after its end.

    Returns:
        Whether the caller must continue as new before it waits again: the wake-up had been there
        already. SDK 1.7 hands an event that arrived before its waiter to every later waiter of
        that name too (its `deferred_tasks` are never cleared), so that each further wait in this
        execution would end at once. Delete this once the SDK clears them; the local host's tests
        say when.
    """
    began = ctx.current_utc_datetime
    latest = began + POLL
    fire_at = latest if until is None else min(latest, not_before_now(ctx, until))
    timer = ctx.create_timer(fire_at)
    wake = ctx.wait_for_external_event(names.WAKE)
    winner = yield ctx.task_any([timer, wake])
    if winner is not wake:
        return False
    timer.cancel()
    return ctx.current_utc_datetime == began


def not_before_now(ctx: OrchestrationContext, moment: datetime) -> datetime:
    """The moment, or a little from now if it has passed: a timer must lie ahead."""
    return max(moment, ctx.current_utc_datetime + timedelta(milliseconds=50))
