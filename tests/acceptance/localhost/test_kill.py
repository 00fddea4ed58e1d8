"""Killing the local host at random moments loses nothing and repeats nothing in history.

`HOST_KILLS` sets the number of kills (4 when unset) and `HOST_KILL_SEED` the seed.
"""

import json
import os
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.acceptance.localhost.host_process import APPS, running

pytestmark = pytest.mark.func_host
KILLS = int(os.environ.get("HOST_KILLS", "4"))
SEED = int(os.environ.get("HOST_KILL_SEED", "1"))
EACH_ROUND = 8
SCHEDULED = {4: 5, 7: 8, 10: 11}
KEYS = {5: "TaskScheduledId", 6: "TaskScheduledId", 8: "TaskScheduledId", 11: "TimerId"}


def expected(number: int) -> list[int]:
    return [sum(2 * (number + i) for i in range(4)), 6, number]


def test_given_orchestrations_when_the_host_is_killed_then_every_output_is_right(tmp_path: Path):
    rng, state = Random(SEED), tmp_path / "state.db"
    accepted: dict[str, int] = {}

    for _ in range(KILLS):
        with running(APPS / "basic", state) as host:
            for _ in range(EACH_ROUND):
                number = len(accepted)
                accepted[host.start("mixed", number, f"job-{number}")] = number
            time.sleep(rng.uniform(0, 0.4))
            host.kill()

    with running(APPS / "basic", state) as host:
        outputs = {one: host.wait(one, seconds=60)["output"] for one in accepted}
        host.stop()
    assert outputs == {one: expected(number) for one, number in accepted.items()}
    assert_each_completion_once(state)


def assert_each_completion_once(state: Path) -> None:
    """Every task of every history is scheduled once and completed at most once."""
    with closing(sqlite3.connect(state)) as db:
        rows = db.execute("select instance_id, events from history order by instance_id, part")
        parts = [(one, json.loads(f"[{events}]")) for one, events in rows]
        left = db.execute("select count(*) from outbox").fetchone()
    events = [(one, event) for one, part in parts for event in part]
    starts = Counter((one, e["EventId"]) for one, e in events if e["EventType"] in SCHEDULED)
    ends = Counter((one, e[KEYS[e["EventType"]]]) for one, e in events if e["EventType"] in KEYS)

    assert set(starts.values()) == {1}
    assert set(ends.values()) == {1}
    assert ends.keys() == starts.keys()
    assert left == (0,)
