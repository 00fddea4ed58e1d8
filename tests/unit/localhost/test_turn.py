"""One turn of an orchestration."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from teams_rollout.localhost.instances import Instance
from teams_rollout.localhost.protocol import Event, EventType, RuntimeStatus, make_event, utc_now
from teams_rollout.localhost.turn import KnownFunctions, Outcome, Turn

AT = "2026-01-01T00:00:00.000000Z"
KNOWN = KnownFunctions(frozenset({"A"}), frozenset({"f"}))
STARTED = make_event(EventType.EXECUTION_STARTED, at=AT, Name="f", Version="")


def answer(*actions: dict[str, Any], **more: Any) -> str:
    return json.dumps({"isDone": False, "schemaVersion": 2, "actions": [list(actions)], **more})


def play(
    run: Callable[[str, str], str],
    *messages: Event,
    past: str = "",
    status: RuntimeStatus = RuntimeStatus.RUNNING,
) -> Outcome:
    instance = Instance("i", "x", "f", "", status, '"1"', None, None, AT, AT)
    turn = Turn(
        instance=instance,
        past=past,
        messages=messages or (STARTED,),
        now=utc_now(),
        run=run,
        known=KNOWN,
    )
    return turn.play()


def activity(name: str) -> dict[str, Any]:
    return {"actionType": 0, "functionName": name, "input": "1"}


def test_given_an_activity_when_called_then_history_records_it_before_the_turn_ends():
    outcome = play(lambda name, envelope: answer(activity("A")))

    assert outcome.status is RuntimeStatus.RUNNING
    assert [event["EventType"] for event in outcome.events] == [12, 0, 4, 13]


def test_given_the_envelope_when_run_then_it_is_what_the_sdk_expects():
    seen: list[dict[str, Any]] = []

    def run(name: str, envelope: str) -> str:
        seen.append(json.loads(envelope))
        return answer()

    play(run)

    (envelope,) = seen
    assert envelope["input"] == "1"
    assert envelope["upperSchemaVersionNew"] == 2
    assert [event["EventType"] for event in envelope["history"]] == [12, 0]


def test_given_a_failure_with_its_state_when_run_then_the_error_is_the_output():
    def run(name: str, envelope: str) -> str:
        raise RuntimeError("boom\n\n$OutOfProcData$:" + answer(error="boom"))

    outcome = play(run)

    assert outcome.status is RuntimeStatus.FAILED
    assert json.loads(outcome.output or "") == "Orchestrator function 'f' failed: boom"


def test_given_a_failure_without_its_state_when_run_then_type_and_text_are_the_output():
    def run(name: str, envelope: str) -> str:
        raise ValueError("boom")

    assert "ValueError: boom" in (play(run).output or "")


@pytest.mark.parametrize("text", ['{"isDone": true}', "not json", "[]"])
def test_given_an_answer_in_another_protocol_when_run_then_the_instance_fails(text: str):
    assert play(lambda *_: text).status is RuntimeStatus.FAILED


@pytest.mark.parametrize(
    "action",
    [
        {"actionType": 99},
        {"actionType": 0},
        {"actionType": 5, "fireAt": "tomorrow", "isCanceled": False},
        {"actionType": 11, "compoundActions": None},
    ],
)
def test_given_an_action_that_means_nothing_when_run_then_the_instance_fails(
    action: dict[str, Any],
):
    outcome = play(lambda *_: answer(action))

    assert outcome.status is RuntimeStatus.FAILED
    assert "cannot be" in (outcome.output or "")


def test_given_a_history_of_other_code_when_run_then_the_instance_fails_and_says_so():
    past = json.dumps(make_event(EventType.TASK_SCHEDULED, at=AT, event_id=0, Name="B"))
    started = json.dumps(STARTED)

    outcome = play(lambda name, envelope: answer(activity("A")), past=f"{started},{past}")

    assert outcome.status is RuntimeStatus.FAILED
    assert "Non-Deterministic" in (outcome.output or "")


def test_given_a_termination_when_it_comes_then_the_function_is_not_run():
    def run(name: str, envelope: str) -> str:
        raise AssertionError("it was run")

    outcome = play(run, make_event(EventType.EXECUTION_TERMINATED, at=AT, Input="why"))

    assert (outcome.status, outcome.output) == (RuntimeStatus.TERMINATED, '"why"')


def test_given_a_suspended_instance_when_messages_come_then_they_are_only_recorded():
    event = make_event(EventType.EVENT_RAISED, at=AT, Name="E", Input="1")

    outcome = play(lambda *_: answer(), event, status=RuntimeStatus.SUSPENDED)

    assert outcome.status is RuntimeStatus.SUSPENDED
    assert event in outcome.events


def test_given_an_open_timer_when_the_function_is_done_then_the_instance_runs_on():
    timer = {"actionType": 5, "fireAt": "2026-01-01T00:10:00.000000Z", "isCanceled": False}
    either = {"actionType": 11, "compoundActions": [timer, activity("A")]}
    done = make_event(EventType.TASK_COMPLETED, at=AT, TaskScheduledId=1, Result="1")
    said = answer(either, isDone=True, output=1)

    assert play(lambda *_: said, STARTED, done).status is RuntimeStatus.RUNNING
