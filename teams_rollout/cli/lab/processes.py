"""Starting, watching and stopping processes of our own, and never anybody else's.

A process id alone may name a stranger after the first owner has ended, so every process is known by
its id together with the moment it started.
"""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from teams_rollout.cli.lab.guard import guarded

TAIL_LINES = 15
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken for a later one with the same id.

    Attributes:
        started: the operating system's record of when it started, compared as text.
    """

    pid: int
    started: str


def identify(pid: int) -> Identity | None:
    """The identity of a process; None if there is none, or only its remains."""
    started = _start_on_linux(pid) if sys.platform == "linux" else _start_elsewhere(pid)
    return Identity(pid, started) if started else None


def is_running(identity: Identity) -> bool:
    """Whether exactly this process still runs."""
    return identify(identity.pid) == identity


def stop(identity: Identity, *, within: float) -> bool:
    """Ask a process to end, and end its whole group if it does not.

    Args:
        within: seconds that it has to end by itself.

    Returns:
        Whether it ended by itself.
    """
    if not is_running(identity):
        return True
    _signal(identity, signal.SIGTERM)
    if gone_within(identity, seconds=within):
        return True
    if is_running(identity):
        os.killpg(identity.pid, signal.SIGKILL)
    gone_within(identity, seconds=5)
    return False


def gone_within(identity: Identity, *, seconds: float) -> bool:
    """Whether the process ends within some seconds."""
    deadline = time.monotonic() + seconds
    while is_running(identity):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


class Child:
    """A process that this one started, in a group of its own, writing to a log file."""

    def __init__(self, command: list[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("ab") as sink:
            # A session of its own: Ctrl-C reaches the lab alone, which then stops parts in order.
            self._process = subprocess.Popen(  # noqa: S603 - the lab's own command, no shell
                guarded(command),
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        self.identity = identify(self._process.pid) or Identity(self._process.pid, "")

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative = the signal that ended it."""
        return self._process.poll()

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines of its log."""
        with self.log.open(encoding="utf-8", errors="replace") as text:
            return "".join(deque(text, maxlen=lines)).rstrip()

    def stop(self, *, within: float) -> bool:
        """Like the function `stop`, and collects the process."""
        if self.exit_code is not None:
            return True
        self._process.terminate()
        try:
            self._process.wait(timeout=within)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=5)
            return False
        return True


def _signal(identity: Identity, number: signal.Signals) -> None:
    try:
        os.kill(identity.pid, number)
    except ProcessLookupError:
        return


def _start_on_linux(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    # The name in brackets may hold blanks; after it: state, then 18 fields on, the start (proc(5)).
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _start_elsewhere(pid: int) -> str:
    query = ["ps", "-o", "lstart=", "-p", str(pid)]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)  # noqa: S603 - fixed command, own number
    return answer.stdout.strip()
