"""Command lines as processes of their own, each lab in a folder of its own, all of it stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from teams_rollout.cli.addresses import Addresses, read_addresses
from teams_rollout.cli.lab.processes import Identity
from teams_rollout.cli.lab.records import read_record

SAMPLES = Path(__file__).parents[3] / "samples"
SEED = SAMPLES / "tenant.json.gz"
READY_WITHIN = 120.0  # seconds; a busy machine starts three programs one after the other


class CommandLine:
    """Runs `rollout` in one folder and remembers what must be stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def run(self, *words: str, within: float = READY_WITHIN) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        return subprocess.run(
            _line(*words),
            cwd=self.folder,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start and come back at once; its output goes to `out.txt`."""
        with (self.folder / "out.txt").open("w", encoding="utf-8") as out:
            process = subprocess.Popen(
                _line(*words),
                cwd=self.folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                text=True,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    @property
    def output(self) -> str:
        """What the started process has said so far."""
        return (self.folder / "out.txt").read_text(encoding="utf-8")

    @property
    def state(self) -> Path:
        """The lab's folder."""
        return self.folder / ".rollout"

    def addresses(self) -> Addresses:
        """Where the lab is, once it is up."""
        eventually(lambda: read_addresses(self.state) is not None, saying=lambda: self.output)
        found = read_addresses(self.state)
        assert found is not None
        return found

    def parts(self) -> dict[str, Identity]:
        """The lab's processes by name."""
        record = read_record(self.state)
        assert record is not None
        return dict(record.parts)

    def stop(self) -> None:
        """Stop everything that a test left running."""
        self.run("lab", "down")
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


@pytest.fixture
def rollout(tmp_path: Path) -> Iterator[CommandLine]:
    """The command in an empty folder."""
    line = CommandLine(tmp_path)
    yield line
    line.stop()


def eventually(holds: Callable[[], bool], *, saying: Callable[[], str] = lambda: "") -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + READY_WITHIN
    while not holds():
        assert time.monotonic() < deadline, saying()
        time.sleep(0.1)


def _line(*words: str) -> list[str]:
    return [sys.executable, "-m", "teams_rollout.cli", *words]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ROLLOUT_")}
