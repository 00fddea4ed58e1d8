"""How long a person waits for the command, and a worker for the app, before anything happens."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.measurement import Measurement, NotMeasurable

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).parent / "rollout"
TIMED_IMPORT = (
    "import time; begun = time.perf_counter(); import function_app; "
    "print(time.perf_counter() - begun)"
)


def measure(runs: int) -> Iterator[Measurement]:
    """Start of `rollout --help` as a process, and the import of `function_app` inside one.

    The first start is not counted: it may have to compile.

    Raises:
        NotMeasurable: the command or the app is not there yet.
    """
    if not (ROOT / "teams_rollout/cli/main.py").exists() or not (ROOT / "function_app.py").exists():
        raise NotMeasurable("the command line or function_app.py is missing")
    _help(), _import()
    yield Measurement(name="startup_help", unit="s", runs=[_help() for _ in range(runs)], bar=0.3)
    yield Measurement(
        name="startup_function_app", unit="s", runs=[_import() for _ in range(runs)], bar=1.5
    )


def _help() -> float:
    begun = time.perf_counter()
    subprocess.run([COMMAND, "--help"], check=True, capture_output=True)
    return time.perf_counter() - begun


def _import() -> float:
    timed = subprocess.run(
        [sys.executable, "-c", TIMED_IMPORT], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return float(timed.stdout)
