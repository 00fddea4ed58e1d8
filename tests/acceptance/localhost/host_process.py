"""Starts the local host as a process and talks to it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

APPS = Path(__file__).parent / "apps"
REPOSITORY = Path(__file__).parents[3]
READY = "listening on "
PATIENCE = 60.0
"""Seconds for what takes less than one on an idle machine; CI's may be busy."""
OURS = (sys.executable, "-m", "teams_rollout.localhost")
TERMINAL = {"Completed", "Failed", "Terminated"}


@dataclass
class HostProcess:
    """A running host.

    Attributes:
        http: a client for the host's address.
        said: what the host printed until it was ready.
    """

    process: subprocess.Popen[str]
    origin: str
    said: list[str]
    state: Path
    http: httpx.Client

    def start(self, name: str, given: Any = None, instance_id: str = "") -> str:
        """Start an orchestration and return its id."""
        answer = self.http.post(f"/api/start/{name}/{instance_id}", json=given)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def status(self, instance_id: str) -> dict[str, Any]:
        """Return the status payload of an instance."""
        answer = self.http.get(f"/durabletask/instances/{instance_id}")
        answer.raise_for_status()
        payload: dict[str, Any] = answer.json()
        return payload

    def wait(self, instance_id: str, *, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait until an instance is over and return its status payload."""
        return self.wait_for(instance_id, TERMINAL, seconds=seconds)

    def wait_for(
        self, instance_id: str, states: set[str], *, seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """Wait until an instance is in one of some states."""
        deadline = time.monotonic() + seconds
        while (payload := self.status(instance_id))["runtimeStatus"] not in states:
            assert time.monotonic() < deadline, payload
            time.sleep(0.01)
        return payload

    def wait_until_busy(self) -> None:
        """Wait until a function is running."""
        deadline = time.monotonic() + PATIENCE
        while not self.http.get("/admin/host/status").json()["running"]:
            assert time.monotonic() < deadline, "no function was run"
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill the process as a power switch would."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """Stop the process politely and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.kill()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.http.close()


def launch(
    app: Path,
    state: Path,
    *arguments: str,
    settings: dict[str, str] | None = None,
    program: Sequence[str] = OURS,
) -> subprocess.Popen[str]:
    """Start the host without waiting for it."""
    command = [*program, "--app", str(app), "--port", "0", "--state", str(state)]
    command += ["--log-level", "warning", *arguments]
    with (state.parent / "host.log").open("a") as log:
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, **(settings or {})},
            text=True,
            stdout=subprocess.PIPE,
            stderr=log,
        )


def start_host(
    app: Path,
    state: Path,
    *arguments: str,
    settings: dict[str, str] | None = None,
    program: Sequence[str] = OURS,
) -> HostProcess:
    """Start the host and wait until it serves."""
    process = launch(app, state, *arguments, settings=settings, program=program)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line.rstrip())
        if line.startswith(READY):
            origin = line.removeprefix(READY).strip()
            http = httpx.Client(base_url=origin, timeout=30)
            return HostProcess(process, origin, said, state, http)
    process.stdout.close()
    log = (state.parent / "host.log").read_text()
    raise AssertionError(f"the host ended with {process.wait()}: {log}")


@contextmanager
def running(
    app: Path,
    state: Path,
    *arguments: str,
    settings: dict[str, str] | None = None,
    program: Sequence[str] = OURS,
) -> Iterator[HostProcess]:
    """Run a host for the length of a block."""
    host = start_host(app, state, *arguments, settings=settings, program=program)
    try:
        yield host
    finally:
        host.close()
