"""Recordings replay against the code that made them, and not against other code."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions import DurableOrchestrationContext, Orchestrator

from teams_rollout.localhost import instances
from teams_rollout.localhost.commit import Start, commit_turn, start_instance
from teams_rollout.localhost.protocol import EventType, RuntimeStatus, make_event, to_text, utc_now
from teams_rollout.localhost.recorded import Recording, check, record
from teams_rollout.localhost.shim import NonDeterminismError
from teams_rollout.localhost.store import Store
from teams_rollout.localhost.turn import KnownFunctions, Turn

Steps = Generator[Any, Any, Any]
KNOWN = KnownFunctions(frozenset({"A", "B"}), frozenset({"f"}))


def two_steps(context: DurableOrchestrationContext) -> Steps:
    first = yield context.call_activity("A", 1)
    second = yield context.call_activity("B", first)
    return [first, second]


def swapped(context: DurableOrchestrationContext) -> Steps:
    first = yield context.call_activity("B", 1)
    second = yield context.call_activity("A", first)
    return [first, second]


def longer(context: DurableOrchestrationContext) -> Steps:
    yield from two_steps(context)
    yield context.call_activity("A", 3)


def other_end(context: DurableOrchestrationContext) -> Steps:
    yield from two_steps(context)
    return "something else"


def runner(orchestrator: Callable[[Any], Steps]) -> Callable[[str, str], str]:
    handle = Orchestrator.create(orchestrator)
    return lambda name, envelope: str(handle(envelope))


def completed(store: Store, turns: int) -> None:
    """Play an instance of `two_steps`, answering each activity with its number."""
    with store.transaction() as db:
        start_instance(db, Start("one", "f", "", None), now=utc_now())
    message = make_event(EventType.EXECUTION_STARTED, at=to_text(utc_now()), Name="f", Version=None)
    for number in range(turns):
        instance = instances.read(store.db, "one")
        assert instance is not None
        assert not instance.is_over
        past, now = instances.history(store.db, "one"), utc_now()
        turn = Turn(
            instance=instance,
            past=past,
            messages=[message],
            now=now,
            run=runner(two_steps),
            known=KNOWN,
        )
        outcome = turn.play()
        with store.transaction() as db:
            commit_turn(db, instance, outcome, taken=[], now=now, default_version="")
        message = make_event(
            EventType.TASK_COMPLETED,
            at=to_text(utc_now()),
            TaskScheduledId=number,
            Result=str(number),
        )


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    store = Store(tmp_path / "state.db")
    completed(store, 3)
    taken = record(store.path, "one")
    store.close()
    return taken


def test_given_a_recording_when_written_and_read_then_it_is_the_same(recording: Recording):
    again = Recording.from_json(json.loads(json.dumps(recording.as_json())))

    assert again.instance.status is RuntimeStatus.COMPLETED
    assert again == Recording(recording.instance, list(recording.history))


def test_given_the_same_code_when_replayed_then_it_agrees(recording: Recording):
    check(recording, runner(two_steps))


@pytest.mark.parametrize("orchestrator", [swapped, longer, other_end])
def test_given_other_code_when_replayed_then_it_is_refused(
    recording: Recording, orchestrator: Callable[[Any], Steps]
):
    with pytest.raises(NonDeterminismError):
        check(recording, runner(orchestrator))


def test_given_code_that_breaks_when_replayed_then_its_error_is_told(recording: Recording):
    def breaks(name: str, envelope: str) -> str:
        raise ValueError("out of order")

    with pytest.raises(NonDeterminismError, match="out of order"):
        check(recording, breaks)


def test_given_an_instance_under_way_when_replayed_then_the_same_code_agrees(tmp_path: Path):
    store = Store(tmp_path / "state.db")
    completed(store, 2)
    taken = record(store.path, "one")
    store.close()

    check(taken, runner(two_steps))

    with pytest.raises(NonDeterminismError):
        check(taken, runner(swapped))


def test_given_no_such_instance_when_recorded_then_it_is_missing(tmp_path: Path):
    store = Store(tmp_path / "state.db")

    with pytest.raises(KeyError):
        record(store.path, "nobody")
    store.close()
