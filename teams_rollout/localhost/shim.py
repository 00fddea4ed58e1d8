"""Replays a history against an orchestrator's actions and numbers its tasks (localhost).

In the v1 protocol the orchestrator never sees its task ids: host and SDK count alike, each for
itself, and a completion finds its task by that number alone. This module counts as production
does (Durable Functions extension over the Durable Task Framework):

1. Top-level actions start one after the other, each only when the one before has settled, however
   it settled. A compound action starts its children at once.
2. One counter from 0 numbers activities, HTTP calls, sub-orchestrations, timers and entity
   messages. Event waiters, compounds and continue-as-new take no number.
3. Retries belong to the host: a failed attempt takes a number for a timer, the next attempt takes
   one more, and the last failure takes one for a timer that fires at once.
4. A cancelled timer has its number and its history event, but nobody waits for it.
5. Since numbers depend on the order in which events wake the tasks, every turn replays the history
   from its beginning.
"""

import json
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from teams_rollout.localhost.polling import next_poll
from teams_rollout.localhost.protocol import (
    HTTP_ACTIVITY,
    Action,
    ActionType,
    Event,
    EventType,
    from_text,
)
from teams_rollout.localhost.tasks import (
    ActivityCall,
    ChildCall,
    EntityMessage,
    Scheduled,
    TimerCall,
)


class NonDeterminismError(Exception):
    """The history holds a task that the orchestrator's code no longer schedules."""


_CONFIRMED_BY: Final[dict[EventType, type[Scheduled]]] = {
    EventType.TASK_SCHEDULED: ActivityCall,
    EventType.CHILD_CREATED: ChildCall,
    EventType.TIMER_CREATED: TimerCall,
    EventType.EVENT_SENT: EntityMessage,
}
_COMPLETED_BY: Final = {
    EventType.TASK_COMPLETED: "TaskScheduledId",
    EventType.CHILD_COMPLETED: "TaskScheduledId",
    EventType.TIMER_FIRED: "TimerId",
}
_FAILED_BY: Final = frozenset({EventType.TASK_FAILED, EventType.CHILD_FAILED})


class _Wait:
    """Something that settles once, well or badly, and then tells whoever waits for it."""

    __slots__ = ("failed", "listener", "settled", "value")

    def __init__(self) -> None:
        self.settled = False
        self.failed = False
        self.value: str | None = None
        self.listener: Callable[[_Wait], None] | None = None

    def settle(self, *, failed: bool = False, value: str | None = None) -> None:
        if self.settled:
            return
        self.settled, self.failed, self.value = True, failed, value
        if self.listener is not None:
            self.listener(self)

    def then(self, listener: Callable[["_Wait"], None]) -> None:
        if self.settled:
            listener(self)
        else:
            self.listener = listener


class Replay:
    """One replay of one execution: feed it the history, then read what is left to do.

    Attributes:
        pending: what was scheduled and is not yet in the history, by task id.
        open_tasks: ids of activities, sub-orchestrations and live timers that have not finished.
        list_done: every top-level action has settled.
        continue_as_new: input of the next execution, in a one-element tuple once it is asked for.
        carried_over: external events that came after the wish to continue as new.
    """

    def __init__(
        self,
        actions: Sequence[Action],
        *,
        instance_id: str,
        execution_id: str,
        http_poll_interval: timedelta = timedelta(seconds=30),
    ) -> None:
        self.pending: dict[int, Scheduled] = {}
        self.open_tasks: dict[int, _Wait] = {}
        self.list_done = False
        self.continue_as_new: tuple[str | None] | None = None
        self.carried_over: list[Event] = []
        self.next_id = 0
        self.suspended = False
        self._actions = actions
        self._instance_id = instance_id
        self._execution_id = execution_id
        self._http_poll_interval = http_poll_interval
        self._now = from_text("1970-01-01T00:00:00Z")
        self._cursor = 0
        self._stepping = False
        self._held: deque[Event] = deque()
        self._waiters: defaultdict[str, list[_Wait]] = defaultdict(list)
        self._buffered: defaultdict[str, deque[None]] = defaultdict(deque)

    @property
    def idle(self) -> bool:
        """Whether the list is done and no task, child or live timer is open."""
        return self.list_done and not self.open_tasks

    def feed(self, event: Event) -> None:
        """Take the next event of the history.

        Raises:
            NonDeterminismError: the event records a task that the actions do not schedule.
        """
        kind = event["EventType"]
        if kind == EventType.ORCHESTRATOR_STARTED:
            self._now = from_text(event["Timestamp"])
        elif kind == EventType.EXECUTION_RESUMED:
            self._resume()
        elif self.suspended:
            self._held.append(event)
        elif kind == EventType.EXECUTION_SUSPENDED:
            self.suspended = True
        else:
            self._process(kind, event)

    def _resume(self) -> None:
        self.suspended = False
        while self._held and not self.suspended:
            self.feed(self._held.popleft())

    def _process(self, kind: int, event: Event) -> None:
        if kind == EventType.EXECUTION_STARTED:
            self._advance()
        elif kind in _CONFIRMED_BY:
            self._confirm(event, _CONFIRMED_BY[EventType(kind)])
        elif kind in _COMPLETED_BY:
            self._complete(event[_COMPLETED_BY[EventType(kind)]], value=event.get("Result"))
        elif kind in _FAILED_BY:
            self._complete(event["TaskScheduledId"], failed=True)
        elif kind == EventType.EVENT_RAISED:
            self._raise_event(event)

    def _confirm(self, event: Event, expected: type[Scheduled]) -> None:
        task_id = event["EventId"]
        made = self.pending.get(task_id)
        same_name = (
            not isinstance(made, ActivityCall | ChildCall)
            or made.name.casefold() == str(event.get("Name")).casefold()
        )
        if not isinstance(made, expected) or not same_name:
            raise NonDeterminismError(
                f"Non-Deterministic workflow detected: an earlier execution scheduled "
                f"{expected.__name__} number {task_id} named '{event.get('Name')}', but the replay "
                f"scheduled {made or 'nothing'} there. Was the orchestrator's code changed while "
                "this instance was running?"
            )
        del self.pending[task_id]

    def _complete(self, task_id: int, *, failed: bool = False, value: str | None = None) -> None:
        wait = self.open_tasks.pop(task_id, None)
        if wait is not None:
            wait.settle(failed=failed, value=value)

    def _raise_event(self, event: Event) -> None:
        if self.continue_as_new is not None:
            self.carried_over.append(event)
            return
        name = event["Name"].casefold()
        if self._waiters[name]:
            self._waiters[name].pop().settle()
        else:
            self._buffered[name].append(None)

    def _advance(self) -> None:
        if self._stepping:
            return
        self._stepping = True
        while self._cursor < len(self._actions):
            wait = self._start(self._actions[self._cursor])
            self._cursor += 1
            if not wait.settled:
                wait.then(lambda _: self._advance())
                break
        else:
            self.list_done = True
        self._stepping = False

    def _start(self, action: Action) -> _Wait:
        return _STARTERS[ActionType(action["actionType"])](self, action)

    def _take_id(self) -> int:
        taken = self.next_id
        self.next_id += 1
        return taken

    def _open(self, call: Scheduled) -> _Wait:
        wait = _Wait()
        self.pending[call.task_id] = call
        self.open_tasks[call.task_id] = wait
        return wait

    def _start_activity(self, action: Action) -> _Wait:
        return self._open(
            ActivityCall(self._take_id(), action["functionName"], _text(action.get("input")))
        )

    def _start_child(self, action: Action) -> _Wait:
        task_id = self._take_id()
        instance_id = action.get("instanceId") or f"{self._execution_id}:{task_id}"
        child = ChildCall(
            task_id=task_id,
            name=action["functionName"],
            instance_id=instance_id,
            input=_text(action.get("input")),
            version=action.get("version"),
        )
        return self._open(child)

    def _start_timer(self, action: Action) -> _Wait:
        timer = TimerCall(self._take_id(), from_text(action["fireAt"]))
        wait = self._open(timer)
        if action.get("isCanceled"):
            del self.open_tasks[timer.task_id]
            wait.settle()
        return wait

    def _start_with_retry(self, action: Action, attempt: Callable[[Action], _Wait]) -> _Wait:
        options = action["retryOptions"]
        delay = timedelta(milliseconds=options["firstRetryIntervalInMilliseconds"])
        most = options["maxNumberOfAttempts"]
        outcome = _Wait()

        def try_number(number: int) -> None:
            attempt(action).then(lambda made: judge(made, number))

        def judge(made: _Wait, number: int) -> None:
            if not made.failed:
                outcome.settle(value=made.value)
            elif number >= most:
                # A historical extra timer that every later id depends on (RetryInterceptor of DTFx)
                pause = self._open(TimerCall(self._take_id(), self._now))
                pause.then(lambda _: outcome.settle(failed=True))
            else:
                pause = self._open(TimerCall(self._take_id(), self._now + delay))
                pause.then(lambda _: try_number(number + 1))

        try_number(1)
        return outcome

    def _start_activity_with_retry(self, action: Action) -> _Wait:
        return self._start_with_retry(action, self._start_activity)

    def _start_child_with_retry(self, action: Action) -> _Wait:
        return self._start_with_retry(action, self._start_child)

    def _start_http(self, action: Action) -> _Wait:
        outcome = _Wait()
        request = action["httpRequest"]

        def send(what: dict[str, Any]) -> None:
            call = ActivityCall(self._take_id(), HTTP_ACTIVITY, json.dumps(what))
            self._open(call).then(judge)

        def judge(made: _Wait) -> None:
            again = None if made.failed else next_poll(request, made.value)
            if again is None:
                outcome.settle(failed=made.failed, value=made.value)
                return
            pause = again.after or self._http_poll_interval
            timer = self._open(TimerCall(self._take_id(), self._now + pause))
            timer.then(lambda _: send(again.request))

        send(request)
        return outcome

    def _wait_for_event(self, action: Action) -> _Wait:
        return self._wait_for_name(action["externalEventName"])

    def _wait_for_name(self, name: str) -> _Wait:
        wait, key = _Wait(), name.casefold()
        if self._buffered[key]:
            self._buffered[key].popleft()
            wait.settle()
        else:
            self._waiters[key].append(wait)
        return wait

    def _send_to_entity(self, action: Action, *, is_signal: bool) -> EntityMessage:
        task_id = self._take_id()
        unique = f"{self._instance_id}_{self._execution_id}_{task_id}"
        message = EntityMessage(
            task_id=task_id,
            entity_id=action["instanceId"],
            operation=action["operation"],
            input=_text(action.get("input")),
            request_id=str(uuid5(NAMESPACE_URL, unique)),
            is_signal=is_signal,
        )
        self.pending[task_id] = message
        return message

    def _call_entity(self, action: Action) -> _Wait:
        return self._wait_for_name(self._send_to_entity(action, is_signal=False).request_id)

    def _signal_entity(self, action: Action) -> _Wait:
        self._send_to_entity(action, is_signal=True)
        return _settled()

    def _ask_to_continue(self, action: Action) -> _Wait:
        self.continue_as_new = (_text(action.get("input")),)
        return _settled()

    def _start_all(self, action: Action) -> _Wait:
        outcome = _Wait()
        children = [self._start(child) for child in action["compoundActions"]]
        left = len(children)

        def one_done(_: _Wait) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                outcome.settle()

        for child in children:
            child.then(one_done)
        return outcome if children else _settled()

    def _start_any(self, action: Action) -> _Wait:
        outcome = _Wait()
        children = [self._start(child) for child in action["compoundActions"]]
        for child in children:
            child.then(lambda _: outcome.settle())
        return outcome if children else _settled()


_STARTERS: Final[dict[ActionType, Callable[[Replay, Action], _Wait]]] = {
    ActionType.CALL_ACTIVITY: Replay._start_activity,
    ActionType.CALL_ACTIVITY_WITH_RETRY: Replay._start_activity_with_retry,
    ActionType.CALL_CHILD: Replay._start_child,
    ActionType.CALL_CHILD_WITH_RETRY: Replay._start_child_with_retry,
    ActionType.CONTINUE_AS_NEW: Replay._ask_to_continue,
    ActionType.CREATE_TIMER: Replay._start_timer,
    ActionType.WAIT_FOR_EVENT: Replay._wait_for_event,
    ActionType.CALL_ENTITY: Replay._call_entity,
    ActionType.CALL_HTTP: Replay._start_http,
    ActionType.SIGNAL_ENTITY: Replay._signal_entity,
    ActionType.WHEN_ANY: Replay._start_any,
    ActionType.WHEN_ALL: Replay._start_all,
}


def _settled() -> _Wait:
    wait = _Wait()
    wait.settle()
    return wait


def _text(value: object) -> str | None:
    """Give an action's input as JSON text; the SDK sends text, other senders may send values."""
    return value if value is None or isinstance(value, str) else json.dumps(value)
