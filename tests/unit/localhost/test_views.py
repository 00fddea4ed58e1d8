"""Keys, rewound histories and the history shown to people."""

import stat
from pathlib import Path

import pytest

from teams_rollout.localhost.keys import keys_path, load_keys
from teams_rollout.localhost.protocol import Event, EventType, make_event
from teams_rollout.localhost.rewind import rewound
from teams_rollout.localhost.status import describe_history
from teams_rollout.localhost.store import StateFileError

AT = "2026-01-01T00:00:00.000000Z"


def event(kind: EventType, event_id: int = -1, **fields: object) -> Event:
    return make_event(kind, at=AT, event_id=event_id, **fields)


def test_given_no_keys_when_loaded_then_they_are_made_for_the_owner_and_stay(tmp_path: Path):
    state = tmp_path / "state.db"

    first, second = load_keys(state), load_keys(state)

    assert first == second
    assert stat.S_IMODE(keys_path(state).stat().st_mode) == 0o600
    assert len({first.master, first.function, first.durable}) == 3


def test_given_damaged_keys_when_loaded_then_one_sentence(tmp_path: Path):
    state = tmp_path / "state.db"
    keys_path(state).write_text("{}")

    with pytest.raises(StateFileError):
        load_keys(state)


def test_given_failed_tasks_when_rewound_then_they_are_to_be_scheduled_again():
    history = [
        event(EventType.TASK_SCHEDULED, 0, Name="A"),
        event(EventType.TASK_SCHEDULED, 1, Name="B"),
        event(EventType.CHILD_CREATED, 2, Name="C", InstanceId="child"),
        event(EventType.TASK_COMPLETED, TaskScheduledId=0),
        event(EventType.TASK_FAILED, TaskScheduledId=1),
        event(EventType.CHILD_FAILED, TaskScheduledId=2),
        event(EventType.EXECUTION_COMPLETED),
    ]

    kept, children = rewound(history, reason="fixed")

    kinds = [one["EventType"] for one in kept]
    generic = EventType.GENERIC
    assert kinds == [4, generic, 7, 5, generic, generic, generic]
    assert children == ["child"]


def test_given_a_history_when_shown_then_open_tasks_stay_and_finished_ones_merge():
    history = [
        event(EventType.ORCHESTRATOR_STARTED),
        event(EventType.TASK_SCHEDULED, 0, Name="A", Version="", Input="[1]"),
        event(EventType.TASK_SCHEDULED, 1, Name="B", Version="", Input="[2]"),
        event(EventType.TASK_COMPLETED, TaskScheduledId=0, Result='{"a": 1}'),
    ]

    hidden = describe_history(history, show_output=False)
    shown = describe_history(history, show_output=True)

    assert [one["EventType"] for one in hidden] == ["TaskScheduled", "TaskCompleted"]
    assert (hidden[0]["Name"], hidden[0]["Input"]) == ("B", "[2]")
    assert (hidden[1]["FunctionName"], hidden[1]["Input"]) == ("A", "[1]")
    assert "Result" not in hidden[1]
    assert shown[1]["Result"] == {"a": 1}


def test_given_timers_when_shown_then_creation_and_firing_stay_apart():
    history = [
        event(EventType.TIMER_CREATED, 0, FireAt=AT),
        event(EventType.TIMER_FIRED, TimerId=0, FireAt=AT),
    ]

    shown = describe_history(history, show_output=True)

    assert [one["EventType"] for one in shown] == ["TimerCreated", "TimerFired"]
    assert shown[1].keys() == {"EventType", "Timestamp", "FireAt"}


def test_given_inputs_are_not_wanted_when_shown_then_no_event_has_one():
    history = [
        event(EventType.EXECUTION_STARTED, Name="f", Input='"secret"'),
        event(EventType.TASK_SCHEDULED, 0, Name="A", Input='["secret"]'),
        event(EventType.TASK_COMPLETED, TaskScheduledId=0, Result=None),
        event(EventType.EVENT_RAISED, Name="go", Input='"secret"'),
    ]

    shown = describe_history(history, show_input=False, show_output=True)

    assert "secret" not in str(shown)
    assert (shown[0]["FunctionName"], shown[2]["Name"]) == ("f", "go")
