"""Drives an orchestration in memory: answers its tasks, moves its clock, counts its events.

It implements `orchestrations.protocol.OrchestrationContext`, so the bodies run unchanged. The real
engine is exercised by the local host's tests; this one is for decisions, in microseconds.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Task:
    """Something an orchestration waits for."""

    def __init__(self, kind: str, *, name: str = "", input_: Any = None, at: Any = None) -> None:
        self.kind, self.name, self.input_, self.at = kind, name, input_, at
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Continued(Exception):
    """The orchestration continued as new with `input_`."""

    def __init__(self, input_: Any) -> None:
        super().__init__()
        self.input_ = input_


class Driver:
    """Runs one orchestration.

    Args:
        answers: activity or child name -> function of its input giving the result.
        wakes: moments (seconds from the start) at which a `wake` event arrives.
    """

    instance_id = "r:w:test:1"

    def __init__(
        self,
        input_: Any,
        answers: dict[str, Callable[[Any], Any]],
        *,
        wakes: tuple[float, ...] = (),
    ) -> None:
        self.input_ = input_
        self.answers = answers
        self.wakes = list(wakes)
        self.current_utc_datetime = START
        self.calls: list[tuple[str, Any]] = []
        self.children: list[str | None] = []
        self.events = 2
        self.timers: list[Task] = []
        self.continued: Any = None

    def get_input(self) -> Any:
        return self.input_

    def call_activity(self, name: str, input_: Any = None) -> Task:
        return Task("activity", name=name, input_=input_)

    def call_sub_orchestrator(
        self, name: str, input_: Any = None, instance_id: str | None = None
    ) -> Task:
        self.children.append(instance_id)
        return Task("activity", name=name, input_=input_)

    def create_timer(self, fire_at: datetime) -> Task:
        if fire_at <= self.current_utc_datetime:
            raise AssertionError("a timer must lie ahead")
        timer = Task("timer", at=fire_at)
        self.timers.append(timer)
        return timer

    def wait_for_external_event(self, name: str) -> Task:
        return Task("event", name=name)

    def task_any(self, activities: list[Task]) -> Task:
        return Task("any", input_=activities)

    def task_all(self, activities: list[Task]) -> Task:
        return Task("all", input_=activities)

    def continue_as_new(self, input_: Any) -> None:
        self.continued = input_

    def run(self, body: Callable[[Any], Any], *, max_tasks: int = 2_000) -> Any:
        """The result of the orchestration. Raises Continued when it continues as new."""
        generator = body(self)
        answer: Any = None
        for _ in range(max_tasks):
            try:
                task = generator.send(answer)
            except StopIteration as end:
                if self.continued is not None:
                    raise Continued(self.continued) from None
                return end.value
            answer = self._resolve(task)
        raise AssertionError("the orchestration does not end")

    def open_timers(self) -> list[Task]:
        """Timers that would keep the instance running after its end."""
        return [t for t in self.timers if not t.cancelled and t.at > self.current_utc_datetime]

    def _resolve(self, task: Task) -> Any:
        self.events += 3
        if task.kind == "activity":
            self.calls.append((task.name, task.input_))
            return self.answers[task.name](task.input_)
        if task.kind == "timer":
            self.current_utc_datetime = task.at
            return None
        if task.kind == "all":
            return [self._resolve(t) for t in task.input_]
        return self._first(task.input_)

    def _first(self, tasks: list[Task]) -> Task:
        """The timer or the event, whichever comes first."""
        timer = next(t for t in tasks if t.kind == "timer")
        waiter = next(t for t in tasks if t.kind == "event")
        fires_in = (timer.at - START).total_seconds()
        if self.wakes and self.wakes[0] <= fires_in:
            came_at = START + timedelta(seconds=self.wakes.pop(0))
            self.current_utc_datetime = max(came_at, self.current_utc_datetime)
            return waiter
        self.current_utc_datetime = timer.at
        return timer
