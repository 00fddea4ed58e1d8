"""Differential fuzz: the shim gives every task the id that the SDK expects.

`SHIM_FUZZ_COUNT` sets the number of random orchestrations (300 when unset; CI runs 2,000) and
`SHIM_FUZZ_SEED` the first seed. The seed of a failing orchestration is printed.
"""

import os
import sys
from collections.abc import Callable
from random import Random

import pytest

from teams_rollout.localhost.protocol import EventType, make_event, to_text
from tests.unit.localhost.random_orchestrations import event_names, make_plan, orchestrator_of
from tests.unit.localhost.sdk_machine import Machine

COUNT = int(os.environ.get("SHIM_FUZZ_COUNT", "300"))
FIRST_SEED = int(os.environ.get("SHIM_FUZZ_SEED", "20260101"))
MOST_TURNS = 60


def play(seed: int) -> int:
    rng = Random(seed)
    plan = make_plan(rng)
    events = sorted(event_names(plan))
    rng.shuffle(events)
    machine = Machine(orchestrator_of(plan), rng, events=events)
    started = make_event(
        EventType.EXECUTION_STARTED, at=to_text(machine.now), Name="f", Version="", Input=None
    )
    replay = machine.turn([started])
    while not (machine.sdk_done and replay.idle) and machine.turns < MOST_TURNS:
        replay = machine.turn(machine.next_messages())
    return machine.turns


@pytest.mark.timeout(1800)  # the long run, on a machine that is busy with other things
def test_given_random_orchestrations_when_replayed_then_every_task_id_equals_the_sdks(
    record_property: Callable[[str, object], None],
):
    turns = 0

    for seed in range(FIRST_SEED, FIRST_SEED + COUNT):
        try:
            turns += play(seed)
        except BaseException:
            sys.stdout.write(f"shim fuzz fails: SHIM_FUZZ_SEED={seed} SHIM_FUZZ_COUNT=1\n")
            raise

    record_property("seeds", f"shim fuzz: {COUNT} from seed {FIRST_SEED}, {turns} turns")
    assert turns > COUNT
