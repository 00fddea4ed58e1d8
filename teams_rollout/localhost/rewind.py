"""Takes a failed history back to before its failures (localhost).

Failed activities lose their result and their scheduling, so that the replay schedules them again
under the same id. Failed sub-orchestrations keep their scheduling: they are rewound themselves and
report again. What was removed stays visible as generic events, as in production.
"""

from collections.abc import Sequence

from teams_rollout.localhost.protocol import Event, EventType, make_event


def rewound(history: Sequence[Event], *, reason: str | None) -> tuple[list[Event], list[str]]:
    """Return the history without its failures, and the ids of sub-orchestrations to rewind."""
    failed_tasks = _ids_of(history, EventType.TASK_FAILED)
    failed_children = _ids_of(history, EventType.CHILD_FAILED)
    kept: list[Event] = []
    children: list[str] = []
    for event in history:
        kind, event_id = event["EventType"], event["EventId"]
        undone = kind in {
            EventType.TASK_FAILED,
            EventType.CHILD_FAILED,
            EventType.EXECUTION_COMPLETED,
        } or (kind == EventType.TASK_SCHEDULED and event_id in failed_tasks)
        if kind == EventType.CHILD_CREATED and event_id in failed_children:
            children.append(event["InstanceId"])
        kept.append(_note(event, reason) if undone else event)
    return kept, children


def _ids_of(history: Sequence[Event], kind: EventType) -> set[int]:
    return {event["TaskScheduledId"] for event in history if event["EventType"] == kind}


def _note(event: Event, reason: str | None) -> Event:
    kind = EventType(event["EventType"]).name
    return make_event(EventType.GENERIC, at=event["Timestamp"], Data=f"Rewound {kind}: {reason}")
