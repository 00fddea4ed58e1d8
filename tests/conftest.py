"""Fixtures that tests of several rooms share: a real Azurite, one fresh account per test."""

import base64
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recording import Recording

AZURITE = Path(__file__).parents[1] / "node_modules" / ".bin" / "azurite"
OPTIONS = ("--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence")
ACCOUNTS = 900
SERVICES = ("blob", "queue", "table")


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _wait_for(ports: list[int], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    for port in ports:
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("Azurite did not start: run `make setup`")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)


@pytest.fixture(scope="session")
def azurite_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[str]]:
    """Connection strings of empty accounts in an Azurite that lives as long as the session."""
    if not AZURITE.exists():
        pytest.fail("Azurite is missing: run `make setup`")
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    names = [f"account{number:03}" for number in range(ACCOUNTS)]
    ports = _free_ports(len(SERVICES))
    listen = [f"--{s}Port={p}" for s, p in zip(SERVICES, ports, strict=True)]
    process = subprocess.Popen(
        [AZURITE, *OPTIONS, *listen],
        cwd=tmp_path_factory.mktemp("azurite"),
        env={**os.environ, "AZURITE_ACCOUNTS": ";".join(f"{name}:{key}" for name in names)},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(ports, process)
        yield iter([_connection(name, key, ports) for name in names])
    finally:
        process.terminate()  # politely: Azurite loses seconds of writes when it is killed
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _connection(name: str, key: str, ports: list[int]) -> str:
    endpoints = [
        f"{service.capitalize()}Endpoint=http://127.0.0.1:{port}/{name}"
        for service, port in zip(SERVICES, ports, strict=True)
    ]
    parts = ["DefaultEndpointsProtocol=http", f"AccountName={name}", f"AccountKey={key}"]
    return ";".join([*parts, *endpoints])


@pytest.fixture
def storage_connection(azurite_accounts: Iterator[str]) -> str:
    """The connection string of a storage account that no other test has seen."""
    return next(azurite_accounts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the seeds of random tests, whatever process they ran in."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in getattr(report, "user_properties", ()):
            if name == "seeds":
                terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def _process_recording() -> Recording:
    return Recording()


@pytest.fixture
def recording(_process_recording: Recording) -> Recording:
    """Spans and metrics of this test."""
    _process_recording.begin()
    return _process_recording
