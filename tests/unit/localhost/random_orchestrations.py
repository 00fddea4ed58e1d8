"""Random orchestrations for the differential fuzz of the shim against the SDK.

A plan is a nested list made from a seed; `orchestrator_of` turns it into a generator function for
the SDK's own executor. Shapes whose task ids differ between SDK and host in production too are
left out, since there is no right answer for them: work after a failed task_all while a sibling
retries, a task_any that mixes a scheduled task with new ones, a failing task_all inside another
compound, and retries that run in the background while a timer is cancelled (the host then sees
the cancelled timer's task_any settled from the start, and numbers what follows before the
retries). Every event waiter has a name of its own: SDK 1.7 hands an event that came early to each
later waiter of its name, the host to the first one only.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from azure.durable_functions import DurableOrchestrationContext, EntityId, RetryOptions

Orchestrator = Callable[[DurableOrchestrationContext], Generator[Any, Any, Any]]


@dataclass(frozen=True)
class Step:
    """One step of a plan: what to yield, and what to do with losers of a task_any."""

    kind: str
    children: tuple["Step", ...] = ()
    name: str = ""
    attempts: int = 1
    seconds: int = 0


def event_names(plan: tuple[Step, ...]) -> Iterator[str]:
    """Name every event that the plan may wait for."""
    for step in plan:
        if step.kind == "event":
            yield step.name
        yield from event_names(step.children)


def make_plan(rng: Random) -> tuple[Step, ...]:
    """Draw a plan from either family: retries in the background, or cancelled timers."""
    cancels = rng.random() < 0.5
    steps = [_step(rng, cancels=cancels) for _ in range(rng.randint(1, 8))]
    if rng.random() < 0.2:
        steps.append(_failing_all(rng))
    return tuple(steps)


def _step(rng: Random, *, cancels: bool) -> Step:
    draw = rng.random()
    if draw < 0.45:
        return _leaf(rng, retries=True)
    if draw < 0.65:
        return Step("all", tuple(_sure(rng) for _ in range(rng.randint(0, 5))))
    if draw < 0.8:
        return Step("any", tuple(_leaf(rng, retries=not cancels) for _ in range(rng.randint(1, 4))))
    if draw < 0.9:
        return _race(rng) if cancels else Step("signal")
    inner = Step("any", (_sure(rng), _sure(rng)))
    return Step("all", (inner, Step("all", (_sure(rng), _sure(rng)))))


def _race(rng: Random) -> Step:
    """A wait with a timeout whose loser is cancelled, as every waiting loop is written."""
    return Step("race", (_sure(rng), Step("timer", seconds=rng.randint(1, 90))))


def _leaf(rng: Random, *, retries: bool) -> Step:
    kinds = ["activity", "child", "child_named", "timer", "event", "entity", "http"]
    if retries:
        kinds += ["activity_retry", "child_retry", "activity_retry"]
    return Step(
        rng.choice(kinds),
        name=_name(rng),
        attempts=rng.randint(1, 4),
        seconds=rng.randint(0, 90),
    )


def _sure(rng: Random) -> Step:
    """A leaf that never fails, for places where a failure has no agreed numbering."""
    return Step(rng.choice(["timer", "event", "sure"]), name=_name(rng), seconds=rng.randint(0, 60))


def _name(rng: Random) -> str:
    return f"N{rng.getrandbits(40):x}"


def _failing_all(rng: Random) -> Step:
    """A task_all that may fail at any child; it is always the last step, and is not caught."""
    return Step("last_all", tuple(_leaf(rng, retries=True) for _ in range(rng.randint(2, 5))))


def orchestrator_of(plan: tuple[Step, ...]) -> Orchestrator:
    """Build the orchestrator function that a plan describes."""

    def run(context: DurableOrchestrationContext) -> Generator[Any, Any, Any]:
        seen = 0
        for step in plan:
            try:
                seen += yield from _run_step(context, step)
            except Exception:
                if step.kind == "last_all":
                    raise
        return seen

    return run


def _run_step(context: DurableOrchestrationContext, step: Step) -> Generator[Any, Any, int]:
    if step.kind == "signal":
        context.signal_entity(EntityId("counter", "k"), "add", 1)
        return 0
    task = _task(context, step)
    if step.kind != "race":
        yield task
        return 1
    timer = task.children[1]
    winner = yield task
    if winner is not timer:
        timer.cancel()
    return 1


def _task(context: DurableOrchestrationContext, step: Step) -> Any:
    if step.kind in {"all", "last_all"}:
        return context.task_all([_task(context, child) for child in step.children])
    if step.kind in {"any", "race"}:
        return context.task_any([_task(context, child) for child in step.children])
    return _leaf_task(context, step)


def _leaf_task(context: DurableOrchestrationContext, step: Step) -> Any:
    retry = RetryOptions(1000, step.attempts)
    fire_at = context.current_utc_datetime + timedelta(seconds=step.seconds)
    counter = EntityId("counter", "k")
    make: dict[str, Callable[[], Any]] = {
        "activity": lambda: context.call_activity(step.name, 1),
        "sure": lambda: context.call_activity("sure", 1),
        "activity_retry": lambda: context.call_activity_with_retry(step.name, retry, 1),
        "child": lambda: context.call_sub_orchestrator(step.name, 1),
        "child_named": lambda: context.call_sub_orchestrator(step.name, 1, f"id-{step.name}"),
        "http": lambda: context.call_http("GET", "http://a.example/"),
        "child_retry": lambda: context.call_sub_orchestrator_with_retry(step.name, retry, 1),
        "timer": lambda: context.create_timer(fire_at),
        "entity": lambda: context.call_entity(counter, "get"),
        "event": lambda: context.wait_for_external_event(step.name),
    }
    return make[step.kind]()
