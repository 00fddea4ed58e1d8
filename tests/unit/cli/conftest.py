"""Runs command lines as a person would, each in an empty folder."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from teams_rollout.cli.main import run
from tests.unit.cli.stub_api import Server, StubApi


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str


class Rollout(Protocol):
    """Runs `rollout WORDS`."""

    def __call__(self, *words: str) -> Ran:
        """Run and capture."""
        ...


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty working folder, without the developer's own settings."""
    before = Path.cwd()
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("ROLLOUT_")}
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)
    os.environ.update(kept)


@pytest.fixture
def rollout(home: Path, capsys: pytest.CaptureFixture[str]) -> Rollout:
    """The command, without any API."""

    def run_line(*words: str) -> Ran:
        capsys.readouterr()
        code = run(words)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run_line


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One stub server for all tests: stopping one takes longer than a test."""
    server = Server(StubApi())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def api(server: Server) -> StubApi:
    """A running stub of the API, as new."""
    server.api.reset()
    return server.api


@pytest.fixture
def at_api(rollout: Rollout, api: StubApi) -> Rollout:
    """The command, pointed at the stub."""

    def run_line(*words: str) -> Ran:
        return rollout("--api", api.url, *words)

    return run_line


class Typed(io.StringIO):
    """Standard input with an answer in it, a terminal or not."""

    def __init__(self, text: str, *, terminal: bool) -> None:
        super().__init__(text)
        self._terminal = terminal

    def isatty(self) -> bool:
        """Whether it claims to be a terminal."""
        return self._terminal


@pytest.fixture
def stdin() -> Iterator[Callable[[str], None]]:
    """Puts text on standard input, as a pipe would."""
    before = sys.stdin

    def put(text: str) -> None:
        sys.stdin = Typed(text, terminal=False)

    yield put
    sys.stdin = before


@pytest.fixture
def terminal() -> Iterator[Callable[[str], None]]:
    """Puts text on standard input, as a person at a terminal would."""
    before = sys.stdin

    def put(text: str) -> None:
        sys.stdin = Typed(text, terminal=True)

    yield put
    sys.stdin = before
