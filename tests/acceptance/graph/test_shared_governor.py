"""Real processes over real storage: judged by what the tenant received."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from teams_rollout.ledger.tables import TableLedger
from tests.acceptance.graph.conftest import E3, object_id, person, tenant

pytestmark = [pytest.mark.azurite, pytest.mark.xdist_group("pacing")]

ROOT = Path(__file__).parents[3]
NAMES = [f"officer{n:03}" for n in range(60)]


@dataclass
class Writer:
    """A writing process and what it says of itself."""

    process: subprocess.Popen[str]
    done: list[tuple[float, int]] = field(default_factory=list)

    def start(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            at, number = line.split()
            self.done.append((float(at), int(number)))

    def between(self, start: float, end: float) -> int:
        return sum(number for at, number in self.done if start < at <= end)


@pytest.fixture
def start_writers(storage_connection: str) -> Iterator[Callable[..., list[Writer]]]:
    """Start writing processes together; each is ended by its own id."""
    writers: list[Writer] = []

    def start(number: int, *arguments: str) -> list[Writer]:
        command = [sys.executable, "-m", "tests.acceptance.graph.writer", *arguments]
        for _ in range(number):
            process = subprocess.Popen(
                [*command, *(object_id(name) for name in NAMES)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "ROLLOUT_STORAGE_CONNECTION": storage_connection},
            )
            writers.append(Writer(process))
        for writer in writers:
            assert writer.process.stdout is not None
            assert writer.process.stdout.readline() == "ready\n"
        for writer in writers:
            writer.start()
        return writers

    yield start
    for writer in writers:
        writer.process.kill()
        writer.process.wait()
        for pipe in (writer.process.stdin, writer.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
async def prepared(storage_connection: str) -> None:
    ledger = TableLedger.from_connection_string(storage_connection)
    await ledger.prepare()
    await ledger.close()


def staff() -> dict[str, Any]:
    held = [{"skuId": E3, "disabledPlans": []}]
    return tenant([person(n, usageLocation="GB", assignedLicenses=held) for n in NAMES])


def test_given_three_processes_when_they_write_at_once_then_the_tenant_sees_one_share(
    start_simulator, start_writers, prepared
):
    simulator = start_simulator(staff(), "--limits", "0.2")
    writers = start_writers(3, simulator.base_url, "locations", "0.2", "window")

    time.sleep(12)

    found = simulator.requests()
    assert found["throttled"] == 0
    assert 440 <= found["peak"]["entra_writes_per_150_seconds"] <= 480
    assert all(writer.between(0, time.time()) for writer in writers)


def test_given_a_killed_process_when_the_others_go_on_then_they_use_its_share_within_30_s(
    start_simulator, start_writers, prepared
):
    simulator = start_simulator(staff())
    writers = start_writers(3, simulator.base_url, "policies", "1", "window")
    time.sleep(10)

    writers[0].process.send_signal(signal.SIGKILL)
    killed_at = time.time()
    time.sleep(15)

    before = [w.between(killed_at - 6, killed_at) for w in writers]
    after = [w.between(killed_at + 6, killed_at + 15) for w in writers]
    assert simulator.requests()["throttled"] == 0
    assert min(before) > 0
    assert after[0] == 0
    assert sum(after) / 9 >= 0.85 * 24  # all that the class allows, without the dead one
