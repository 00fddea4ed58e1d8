"""Plays one random orchestration through the SDK's executor and the shim side by side."""

import json
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from azure.durable_functions import DurableOrchestrationContext
from azure.durable_functions.models.TaskOrchestrationExecutor import TaskOrchestrationExecutor

from teams_rollout.localhost.protocol import HTTP_ACTIVITY, Event, EventType, make_event, to_text
from teams_rollout.localhost.shim import Replay
from teams_rollout.localhost.tasks import (
    ActivityCall,
    ChildCall,
    EntityMessage,
    Scheduled,
    TimerCall,
)
from tests.unit.localhost.random_orchestrations import Orchestrator

LABEL = "$OutOfProcData$:"
KIND_OF_ACTION = {
    "CallActivityAction": "activity",
    "CallActivityWithRetryAction": "activity",
    "CallSubOrchestratorAction": "child",
    "CallSubOrchestratorWithRetryAction": "child",
    "CreateTimerAction": "timer",
    "CallEntityAction": "entity",
    "CallHttpAction": "activity",
}
HTTP_ANSWER = json.dumps({"statusCode": 200, "headers": {}, "content": "1"})


@dataclass
class Machine:
    """The history of one execution, and what is still under way in the world outside."""

    orchestrator: Orchestrator
    rng: Random
    events: list[str] = field(default_factory=list)
    history: list[Event] = field(default_factory=list)
    outstanding: dict[int, Scheduled] = field(default_factory=dict)
    scheduled: dict[int, Scheduled] = field(default_factory=dict)
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    sdk_done: bool = False
    turns: int = 0

    def turn(self, messages: list[Event]) -> Replay:
        """Run one turn: extend the history, ask the SDK, replay its answer in the shim."""
        self.turns += 1
        self.history.append(make_event(EventType.ORCHESTRATOR_STARTED, at=to_text(self.now)))
        self.history.extend(messages)
        context = DurableOrchestrationContext.from_json(_envelope(self.history))
        answer = self._execute(context)
        replay = Replay(answer["actions"][0], instance_id="i", execution_id="x")
        for event in self.history:
            replay.feed(event)
        self.scheduled |= replay.pending
        self.sdk_done = self.sdk_done or bool(answer["isDone"] or answer.get("error"))
        if not self.sdk_done:
            self._compare(context, replay)
        self._record(replay)
        return replay

    def _execute(self, context: DurableOrchestrationContext) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubled completion is only a warning to the SDK
            try:
                text = TaskOrchestrationExecutor().execute(
                    context, context.histories, self.orchestrator
                )
            except Exception as error:
                text = str(error).partition(LABEL)[2]
        answer: dict[str, Any] = json.loads(text)
        return answer

    def _compare(self, context: DurableOrchestrationContext, replay: Replay) -> None:
        """Assert that SDK and shim hold the same open tasks under the same ids.

        Raises:
            AssertionError: an id is missing on one side or stands for another kind of task.
        """
        theirs = {
            task_id: _sdk_kind(task)
            for task_id, task in context.open_tasks.items()
            if isinstance(task_id, int) and not isinstance(task, list)
            if not getattr(task, "is_cancelled", False)
        }
        ours = {task_id: _shim_kind(self.scheduled[task_id]) for task_id in replay.open_tasks}
        ours |= {i: "entity" for i, made in replay.pending.items() if _awaited(made)}
        again = {task_id: ours.get(task_id) for task_id, kind in theirs.items() if kind == "again"}
        assert theirs | again == ours
        assert None not in again.values()
        assert context._sequence_number == replay.next_id

    def _record(self, replay: Replay) -> None:
        at = to_text(self.now)
        for task_id, made in replay.pending.items():
            self.history.append(_scheduling_event(made, at))
            if not (isinstance(made, EntityMessage) and made.is_signal):
                self.outstanding[task_id] = made
        self.history.append(make_event(EventType.ORCHESTRATOR_COMPLETED, at=at))

    def next_messages(self) -> list[Event]:
        """Let some of what is outstanding finish, in random order, some of it badly."""
        self.now += timedelta(seconds=self.rng.randint(1, 40))
        messages = [self._finish(task_id) for task_id in self._pick()]
        if self.events and (self.rng.random() < 0.3 or not messages):
            messages.append(_raised(self.events.pop(), "7", to_text(self.now)))
        return messages

    def _pick(self) -> list[int]:
        waiting = list(self.outstanding)
        self.rng.shuffle(waiting)
        return waiting[: self.rng.randint(1, 4)]

    def _finish(self, task_id: int) -> Event:
        made, at = self.outstanding.pop(task_id), to_text(self.now)
        fails = self.rng.random() < 0.4
        if isinstance(made, TimerCall):
            return make_event(EventType.TIMER_FIRED, at=at, TimerId=task_id, FireAt=at)
        if isinstance(made, EntityMessage):
            return _raised(made.request_id, json.dumps({"result": "5"}), at)
        if isinstance(made, ActivityCall) and (made.name == "sure" or not fails):
            result = HTTP_ANSWER if made.name == HTTP_ACTIVITY else "1"
            return make_event(
                EventType.TASK_COMPLETED, at=at, TaskScheduledId=task_id, Result=result
            )
        failed: dict[str, Any] = {"TaskScheduledId": task_id, "Reason": "no", "Details": "because"}
        if isinstance(made, ActivityCall):
            return make_event(EventType.TASK_FAILED, at=at, **failed)
        if fails:
            return make_event(EventType.CHILD_FAILED, at=at, **failed)
        return make_event(EventType.CHILD_COMPLETED, at=at, TaskScheduledId=task_id, Result="1")


def _awaited(made: Scheduled) -> bool:
    return isinstance(made, EntityMessage) and not made.is_signal


def _sdk_kind(task: Any) -> str:
    action = task.action_repr
    name = type(action).__name__
    if name == "NoOpAction":
        return "timer" if "timer" in action.metadata else "again"
    return KIND_OF_ACTION[name]


def _shim_kind(made: Scheduled) -> str:
    if isinstance(made, ActivityCall):
        return "activity"
    return "child" if isinstance(made, ChildCall) else "timer"


def _scheduling_event(made: Scheduled, at: str) -> Event:
    if isinstance(made, ActivityCall):
        return make_event(EventType.TASK_SCHEDULED, at=at, event_id=made.task_id, Name=made.name)
    if isinstance(made, ChildCall):
        return make_event(EventType.CHILD_CREATED, at=at, event_id=made.task_id, Name=made.name)
    if isinstance(made, TimerCall):
        return make_event(EventType.TIMER_CREATED, at=at, event_id=made.task_id)
    request = json.dumps({"id": made.request_id})
    return make_event(EventType.EVENT_SENT, at=at, event_id=made.task_id, Input=request, Name="op")


def _raised(name: str, text: str, at: str) -> Event:
    return make_event(EventType.EVENT_RAISED, at=at, Name=name, Input=text)


def _envelope(history: list[Event]) -> str:
    return json.dumps(
        {
            "history": history,
            "instanceId": "i",
            "isReplaying": False,
            "parentInstanceId": None,
            "input": None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            "longRunningTimerIntervalDuration": "3.00:00:00",
            "maximumShortTimerDuration": "6.00:00:00",
        }
    )
