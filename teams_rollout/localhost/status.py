"""Shows instances and their history as the management API does (localhost)."""

import json
from collections.abc import Sequence
from typing import Any, Final

from teams_rollout.localhost.instances import Instance
from teams_rollout.localhost.protocol import EVENT_NAMES, Event, EventType, from_text

_HIDDEN: Final = frozenset({EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED})
_MERGED: Final = {
    EventType.TASK_COMPLETED: EventType.TASK_SCHEDULED,
    EventType.TASK_FAILED: EventType.TASK_SCHEDULED,
    EventType.CHILD_COMPLETED: EventType.CHILD_CREATED,
    EventType.CHILD_FAILED: EventType.CHILD_CREATED,
}
_PRIVATE: Final = frozenset(
    {
        "EventId",
        "IsPlayed",
        "Version",
        "OrchestrationInstance",
        "ParentInstance",
        "TaskScheduledId",
        "TimerId",
    }
)


def describe(
    instance: Instance, *, show_input: bool = True, history: Sequence[Event] | None = None
) -> dict[str, Any]:
    """Return the status payload; times in whole seconds.

    Args:
        history: events as `describe_history` gives them.
    """
    return {
        "name": instance.name,
        "instanceId": instance.id,
        "runtimeStatus": str(instance.status),
        "input": _value(instance.input) if show_input else None,
        "customStatus": _value(instance.custom_status),
        "output": _value(instance.output),
        "createdTime": _seconds(instance.created_at),
        "lastUpdatedTime": _seconds(instance.updated_at),
        "historyEvents": history,
    }


def describe_history(
    events: Sequence[Event], *, show_input: bool = True, show_output: bool
) -> list[Event]:
    """Return the history for people: names for kinds, a task's start merged into its end.

    Timers are not merged: the extension shows their creation and their firing.
    """
    starts = {
        (event["EventType"], event["EventId"]): event
        for event in events
        if event["EventType"] in _MERGED.values()
    }
    ended = {_start_of(event) for event in events if event["EventType"] in _MERGED}
    shown = [
        _show(event, starts.get(_start_of(event) or (-1, -1)), show_output=show_output)
        for event in events
        if event["EventType"] not in _HIDDEN and (event["EventType"], event["EventId"]) not in ended
    ]
    if not show_input:
        for event in shown:
            event.pop("Input", None)
    return shown


def _start_of(event: Event) -> tuple[int, int] | None:
    start = _MERGED.get(event["EventType"])
    return None if start is None else (start, event["TaskScheduledId"])


def _show(event: Event, start: Event | None, *, show_output: bool) -> Event:
    shown = {key: value for key, value in event.items() if key not in _PRIVATE}
    shown["EventType"] = EVENT_NAMES[EventType(event["EventType"])]
    if event["EventType"] == EventType.EXECUTION_STARTED:
        shown["FunctionName"] = shown.pop("Name", None)
    if start is not None:
        shown["ScheduledTime"] = start["Timestamp"]
        shown["FunctionName"] = start["Name"]
        shown["Input"] = start.get("Input")
    if "Result" in shown:
        result = shown.pop("Result")
        if show_output:
            shown["Result"] = _value(result)
    return shown


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _seconds(text: str) -> str:
    return from_text(text).strftime("%Y-%m-%dT%H:%M:%SZ")
