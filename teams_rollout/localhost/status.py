"""Shows instances and their history as the management API does (localhost)."""

import json
from collections.abc import Sequence
from typing import Any, Final

from teams_rollout.localhost.instances import Instance
from teams_rollout.localhost.protocol import EVENT_NAMES, Event, EventType, from_text

_HIDDEN: Final = frozenset({EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED})
_MERGED: Final = {
    EventType.TASK_COMPLETED: (EventType.TASK_SCHEDULED, "TaskScheduledId"),
    EventType.TASK_FAILED: (EventType.TASK_SCHEDULED, "TaskScheduledId"),
    EventType.CHILD_COMPLETED: (EventType.CHILD_CREATED, "TaskScheduledId"),
    EventType.CHILD_FAILED: (EventType.CHILD_CREATED, "TaskScheduledId"),
    EventType.TIMER_FIRED: (EventType.TIMER_CREATED, "TimerId"),
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


def describe_history(events: Sequence[Event], *, show_output: bool) -> list[Event]:
    """Return the history for people: names for kinds, a task's start merged into its end."""
    starts = {
        (event["EventType"], event["EventId"]): event
        for event in events
        if event["EventType"] in {start for start, _ in _MERGED.values()}
    }
    ended = {_start_of(event) for event in events if event["EventType"] in _MERGED}
    return [
        _show(event, starts.get(_start_of(event) or (-1, -1)), show_output=show_output)
        for event in events
        if event["EventType"] not in _HIDDEN and (event["EventType"], event["EventId"]) not in ended
    ]


def _start_of(event: Event) -> tuple[int, int] | None:
    start, key = _MERGED.get(event["EventType"], (None, ""))
    return None if start is None else (start, event[key])


def _show(event: Event, start: Event | None, *, show_output: bool) -> Event:
    shown = {key: value for key, value in event.items() if key not in _PRIVATE}
    shown["EventType"] = EVENT_NAMES[EventType(event["EventType"])]
    if event["EventType"] != EventType.EVENT_RAISED and "Name" in shown:
        shown["FunctionName"] = shown.pop("Name")
    if start is not None:
        shown["ScheduledTime"] = start["Timestamp"]
        if "Name" in start:
            shown["FunctionName"] = start["Name"]
    if "Result" in shown:
        result = shown.pop("Result")
        if show_output:
            shown["Result"] = _value(result)
    return shown


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _seconds(text: str) -> str:
    return from_text(text).strftime("%Y-%m-%dT%H:%M:%SZ")
