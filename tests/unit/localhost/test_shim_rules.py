"""The rules by which the shim numbers tasks and ends orchestrations."""

import json
from typing import Any

import pytest

from teams_rollout.localhost.protocol import ActionType, Event, EventType, make_event
from teams_rollout.localhost.shim import NonDeterminismError, Replay
from teams_rollout.localhost.tasks import ActivityCall, ChildCall, TimerCall

AT = "2026-01-01T00:00:00.000000Z"
LATER = "2026-01-01T00:10:00.000000Z"
STARTED = [
    make_event(EventType.ORCHESTRATOR_STARTED, at=AT),
    make_event(EventType.EXECUTION_STARTED, at=AT, Name="f"),
]


def activity(name: str = "A") -> dict[str, Any]:
    return {"actionType": ActionType.CALL_ACTIVITY, "functionName": name, "input": "1"}


def retried(attempts: int) -> dict[str, Any]:
    options = {"firstRetryIntervalInMilliseconds": 5000, "maxNumberOfAttempts": attempts}
    kind = ActionType.CALL_ACTIVITY_WITH_RETRY
    return {**activity(), "actionType": kind, "retryOptions": options}


def timer(*, cancelled: bool = False) -> dict[str, Any]:
    return {"actionType": ActionType.CREATE_TIMER, "fireAt": LATER, "isCanceled": cancelled}


def waiter(name: str) -> dict[str, Any]:
    return {"actionType": ActionType.WAIT_FOR_EVENT, "externalEventName": name}


def every(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"actionType": ActionType.WHEN_ALL, "compoundActions": list(actions)}


def first_of(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"actionType": ActionType.WHEN_ANY, "compoundActions": list(actions)}


def done(task_id: int) -> Event:
    return make_event(EventType.TASK_COMPLETED, at=AT, TaskScheduledId=task_id, Result="1")


def failed(task_id: int) -> Event:
    return make_event(EventType.TASK_FAILED, at=AT, TaskScheduledId=task_id)


def fired(task_id: int) -> Event:
    return make_event(EventType.TIMER_FIRED, at=AT, TimerId=task_id)


def raised(name: str) -> Event:
    return make_event(EventType.EVENT_RAISED, at=AT, Name=name, Input="1")


def replay(*actions: dict[str, Any], events: list[Event] | None = None) -> Replay:
    replayed = Replay(actions, instance_id="i", execution_id="x")
    for event in (*STARTED, *(events or [])):
        replayed.feed(event)
    return replayed


def test_given_two_actions_when_started_then_the_second_waits_for_the_first():
    replayed = replay(activity("A"), activity("B"))

    assert list(replayed.pending) == [0]
    assert not replayed.list_done


def test_given_the_first_action_failed_when_replayed_then_the_second_starts():
    replayed = replay(activity("A"), activity("B"), events=[failed(0)])

    assert isinstance(replayed.pending[1], ActivityCall)


def test_given_a_failed_child_of_all_when_a_sibling_runs_then_the_next_action_waits():
    actions = (every(activity(), activity()), activity("next"))

    early = replay(*actions, events=[failed(0)])
    late = replay(*actions, events=[failed(0), done(1)])

    assert 2 not in early.pending
    assert 2 in late.pending


def test_given_any_when_one_child_is_done_then_the_other_stays_open():
    replayed = replay(first_of(activity(), timer()), events=[done(0)])

    assert replayed.list_done
    assert not replayed.idle
    assert list(replayed.open_tasks) == [1]


def test_given_a_cancelled_timer_when_replayed_then_it_has_a_number_and_nobody_waits():
    replayed = replay(timer(cancelled=True))

    assert isinstance(replayed.pending[0], TimerCall)
    assert replayed.idle


def test_given_a_failure_when_retried_then_timer_and_attempt_take_numbers():
    replayed = replay(retried(3), events=[failed(0), fired(1)])

    first_timer, attempt = replayed.pending[1], replayed.pending[2]
    assert isinstance(first_timer, TimerCall)
    assert first_timer.fire_at.second == 5
    assert isinstance(attempt, ActivityCall)


def test_given_the_last_failure_when_replayed_then_a_timer_fires_at_once_before_the_end():
    before = replay(retried(1), events=[failed(0)])
    after = replay(retried(1), events=[failed(0), fired(1)])

    last = before.pending[1]
    assert isinstance(last, TimerCall)
    assert (last.fire_at.second, last.fire_at.minute) == (0, 0)
    assert not before.list_done
    assert after.idle


def test_given_waiters_of_one_name_when_an_event_comes_then_the_newest_gets_it():
    actions = (first_of(waiter("E"), activity()), every(waiter("E"), activity()))

    replayed = replay(*actions, events=[done(0), raised("e"), done(1)])

    assert replayed.list_done


def test_given_early_events_when_waited_for_then_each_serves_one_waiter():
    one = replay(activity(), waiter("E"), waiter("E"), events=[raised("E"), done(0)])
    two = replay(activity(), waiter("E"), waiter("E"), events=[raised("E"), raised("E"), done(0)])

    assert (one.list_done, two.list_done) == (False, True)


def test_given_no_id_when_a_child_is_called_then_its_id_comes_from_execution_and_number():
    action = {"actionType": ActionType.CALL_CHILD, "functionName": "S", "input": "1"}

    child = replay(action).pending[0]

    assert isinstance(child, ChildCall)
    assert child.instance_id == "x:0"


def test_given_continue_as_new_when_events_follow_then_they_are_carried_over():
    action = {"actionType": ActionType.CONTINUE_AS_NEW, "input": "[1]"}

    replayed = replay(waiter("E"), action, events=[raised("unread"), raised("E"), raised("after")])

    assert replayed.continue_as_new == ("[1]",)
    assert [event["Name"] for event in replayed.carried_over] == ["after"]


def test_given_a_suspension_when_events_come_then_they_wait_for_the_resumption():
    suspended = make_event(EventType.EXECUTION_SUSPENDED, at=AT)
    resumed = make_event(EventType.EXECUTION_RESUMED, at=AT)

    held = replay(activity(), activity("B"), events=[suspended, done(0)])
    let_go = replay(activity(), activity("B"), events=[suspended, done(0), resumed])

    assert 1 not in held.pending
    assert 1 in let_go.pending


def scheduled(task_id: int, name: str) -> Event:
    return make_event(EventType.TASK_SCHEDULED, at=AT, event_id=task_id, Name=name)


@pytest.mark.parametrize("event", [scheduled(1, "A"), scheduled(0, "other")])
def test_given_a_history_of_other_code_when_replayed_then_it_is_refused(event: Event):
    with pytest.raises(NonDeterminismError, match="Non-Deterministic"):
        replay(activity("A"), events=[event])


def test_given_a_timer_where_history_has_an_activity_when_replayed_then_it_is_refused():
    with pytest.raises(NonDeterminismError):
        replay(timer(), events=[scheduled(0, "A")])


def test_given_an_accepted_http_call_when_answered_then_it_polls_the_location():
    action = {
        "actionType": ActionType.CALL_HTTP,
        "httpRequest": {"method": "POST", "uri": "http://a/", "content": "1", "headers": None},
    }
    answer = {"statusCode": 202, "headers": {"location": "http://a/job", "Retry-After": "7"}}
    accepted = {**done(0), "Result": json.dumps(answer)}

    replayed = replay(action, events=[accepted, fired(1)])

    pause, poll = replayed.pending[1], replayed.pending[2]
    assert isinstance(pause, TimerCall)
    assert pause.fire_at.second == 7
    assert isinstance(poll, ActivityCall)
    assert json.loads(poll.input or "")["uri"] == "http://a/job"
    assert "content" not in json.loads(poll.input or "")
