"""Processes are ours or none of our business, and never outlive us."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from teams_rollout.cli.lab.processes import Child, Identity, gone_within, identify, is_running, stop

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(60)",
]


def start(command: list[str], folder: Path) -> Child:
    """A child that has said `up`."""
    child = Child(command, env=os.environ, cwd=folder, log=folder / "logs" / "child.log")
    deadline = time.monotonic() + 20
    while "up" not in child.tail():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return child


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Child]:
    """A process that would sleep for a minute."""
    child = start(SLEEP, tmp_path)
    yield child
    child.stop(within=5)


def test_given_a_running_process_when_identified_then_it_runs(sleeper: Child):
    assert is_running(sleeper.identity)


def test_given_another_process_with_the_same_id_when_stopped_then_it_is_left_alone(sleeper: Child):
    earlier = Identity(sleeper.identity.pid, started="1")

    assert not is_running(earlier)
    assert stop(earlier, within=0.1)
    assert sleeper.exit_code is None


def test_given_a_polite_process_when_stopped_then_it_ends_by_itself(sleeper: Child):
    assert sleeper.stop(within=5)
    assert sleeper.exit_code == -signal.SIGTERM
    assert identify(sleeper.identity.pid) is None


def test_given_a_stubborn_process_when_stopped_then_it_is_killed(tmp_path: Path):
    child = start(STUBBORN, tmp_path)

    assert not child.stop(within=0.2)
    assert child.exit_code == -signal.SIGKILL


def test_given_a_stubborn_process_of_another_lab_when_stopped_then_it_is_killed(tmp_path: Path):
    process = subprocess.Popen(STUBBORN, stdout=subprocess.PIPE, start_new_session=True)
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        identity = identify(process.pid)
        assert identity is not None

        assert not stop(identity, within=0.2)

        assert process.wait(timeout=5) == -signal.SIGKILL


def test_given_a_process_that_died_when_asked_then_its_last_lines(tmp_path: Path):
    command = [sys.executable, "-c", "print('up'); print('no port'); raise SystemExit(3)"]
    child = start(command, tmp_path)

    assert gone_within(child.identity, seconds=5)
    assert child.tail(1) == "no port"
    assert child.exit_code == 3


@pytest.mark.skipif(sys.platform != "linux", reason="the tie to the parent is a Linux call")
def test_given_a_lab_that_is_killed_when_it_ends_then_its_parts_end_too(tmp_path: Path):
    code = (
        "import os, pathlib, sys, time\n"
        "from teams_rollout.cli.lab.processes import Child\n"
        f"child = Child({SLEEP!r}, env=os.environ, cwd=pathlib.Path('.'),"
        f" log=pathlib.Path({str(tmp_path / 'child.log')!r}))\n"
        "while 'up' not in child.tail(): time.sleep(0.01)\n"
        "print(child.identity.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    lab = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with lab:
        assert lab.stdout is not None
        part = identify(int(lab.stdout.readline()))
        assert part is not None

        lab.kill()

        assert gone_within(part, seconds=10)
