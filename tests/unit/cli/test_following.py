"""Following a wave: the live picture on a terminal, and giving up on one that stands still."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from teams_rollout.cli.answers import Progress
from teams_rollout.cli.following import StuckError, Watchman
from tests.unit.cli.stub_api import StubApi

RUNNING = {
    "wave": "pilot",
    "state": "running",
    "users": 2,
    "steps": [{"step": "license", "done": 1, "applied": 1}],
}


def on_a_terminal(*words: str, folder: Path) -> tuple[int, str]:
    """Exit code of a command on a terminal of its own, and what the terminal received."""
    master, slave = pty.openpty()
    env = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    command = [sys.executable, "-m", "teams_rollout.cli", *words]
    with subprocess.Popen(
        command, cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        seen = b""
        try:
            while piece := os.read(master, 65536):
                seen += piece
        except OSError:  # Linux says so when the other side has closed
            pass
        finally:
            os.close(master)
    return process.returncode, seen.decode(errors="replace")


def test_given_a_terminal_when_watching_then_a_picture_that_is_drawn_over(
    api: StubApi, tmp_path: Path
):
    api.progress = [RUNNING, RUNNING | {"state": "completed"}]

    code, seen = on_a_terminal("--api", api.url, "watch", "pilot", folder=tmp_path)

    assert code == 0, seen
    assert "REHEARSAL · wave pilot" in seen
    assert "\x1b[1A" in seen  # the cursor went up: the second picture replaced the first
    assert "Wave pilot: completed." in seen


def test_given_a_wave_that_stands_still_when_checked_then_given_up():
    watchman = Watchman(stuck_after=0.01, until=time.monotonic() + 60)
    progress = Progress.model_validate(RUNNING)
    watchman.check(progress)
    time.sleep(0.02)

    with pytest.raises(StuckError, match="has not moved"):
        watchman.check(progress)


def test_given_a_wave_that_moves_when_checked_then_it_goes_on():
    watchman = Watchman(stuck_after=0.01, until=time.monotonic() + 60)
    for users in range(3):
        watchman.check(Progress.model_validate(RUNNING | {"users": users}))
        time.sleep(0.02)


def test_given_all_the_time_used_when_checked_then_given_up():
    watchman = Watchman(stuck_after=60, until=time.monotonic() - 1)

    with pytest.raises(StuckError, match="time allowed"):
        watchman.check(Progress.model_validate(RUNNING))
