"""Timers longer than six days, which host and SDK alike split off three days at a time."""

from collections.abc import Generator
from datetime import timedelta
from random import Random
from typing import Any

from azure.durable_functions import DurableOrchestrationContext

from teams_rollout.localhost.protocol import EventType, make_event, to_text
from teams_rollout.localhost.tasks import ActivityCall, TimerCall
from tests.unit.localhost.sdk_machine import Machine


def sleeps(context: DurableOrchestrationContext) -> Generator[Any, Any, str]:
    yield context.create_timer(context.current_utc_datetime + timedelta(days=8))
    yield context.call_activity("sure", 1)
    return "awake"


def test_given_a_timer_of_eight_days_when_it_fires_then_it_took_two_pieces():
    machine = Machine(sleeps, Random(1))
    began = machine.now
    replay = machine.turn(
        [make_event(EventType.EXECUTION_STARTED, at=to_text(began), Name="f", Version="")]
    )
    pieces: list[timedelta] = []

    while isinstance(machine.outstanding.get(replay.next_id - 1), TimerCall):
        number = replay.next_id - 1
        timer = machine.outstanding.pop(number)
        assert isinstance(timer, TimerCall)
        pieces.append(timer.fire_at - began)
        machine.now, at = timer.fire_at, to_text(timer.fire_at)
        fired = make_event(EventType.TIMER_FIRED, at=at, TimerId=number, FireAt=at)
        replay = machine.turn([fired])

    assert [piece.days for piece in pieces] == [3, 8]
    assert isinstance(machine.outstanding[2], ActivityCall)
