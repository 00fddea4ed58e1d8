"""The two hosts to compare: with our own invoker, and with Microsoft's library in its place."""

from pathlib import Path

import pytest

from tests.acceptance.localhost.host_process import OURS, REPOSITORY

WORKER_PYTHON = REPOSITORY / ".venv-worker" / "bin" / "python"
LIBRARY = (str(WORKER_PYTHON), "-m", "tests.acceptance.worker.library")
PROGRAMS = {"ours": OURS, "library": (*LIBRARY, "run")}


@pytest.fixture(scope="session", autouse=True)
def worker_environment() -> Path:
    """Python with Microsoft's worker library."""
    if not WORKER_PYTHON.exists():
        pytest.fail(
            "the worker library is missing: run `make .venv-worker/.stamp`, as `make test` does"
        )
    return WORKER_PYTHON
