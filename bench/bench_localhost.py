"""How fast the local host drives orchestrations of activities that do nothing.

Every case runs with the SDK's own date parser and with the faster one, which the lab uses; the bars
hold for both. Each run has a fresh state file.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.measurement import Measurement

ROOT = Path(__file__).parents[1]
APP = Path(__file__).parent / "host_app"
READY = "listening on "
LOOK_EVERY_S = 0.02
BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """A number of orchestrations of one size, and the most seconds they may take."""

    name: str
    orchestrator: str
    count: int
    size: int
    bar: float | None


CASES = (
    Case(name="fan_1000", orchestrator="fan", count=1, size=1000, bar=3),
    Case(name="sequence_200", orchestrator="sequence", count=1, size=200, bar=None),
    Case(name="200_x_5", orchestrator="sequence", count=200, size=5, bar=2.5),
    Case(name="2000_x_5", orchestrator="sequence", count=2000, size=5, bar=20),
)
MEMORY_BAR_MB = 120


def measure(runs: int) -> Iterator[Measurement]:
    """Seconds from first start to last end, and the host's memory after the largest case."""
    for case in CASES:
        for fast in (False, True):
            timed = [_run(case, fast=fast) for _ in range(runs)]
            name = f"host_{case.name}{'_fast_dates' if fast else ''}"
            yield Measurement(name=name, unit="s", runs=[s for s, _ in timed], bar=case.bar)
    yield Measurement(
        name="host_memory_2000_x_5", unit="MB", runs=[m for _, m in timed], bar=MEMORY_BAR_MB
    )


def _run(case: Case, *, fast: bool) -> tuple[float, float]:
    """Seconds and megabytes of one run."""
    with _host(fast=fast) as (process, address), httpx.Client(base_url=address, timeout=300) as web:
        begun = time.perf_counter()
        web.post(f"/api/many/{case.orchestrator}/{case.count}/{case.size}").raise_for_status()
        while web.get("/durabletask/instances/?runtimeStatus=Running,Pending&top=1").json():
            time.sleep(LOOK_EVERY_S)
        seconds = time.perf_counter() - begun
        memory = psutil.Process(process.pid).memory_info().rss / BYTES_PER_MB
        done = web.get(f"/durabletask/instances/?runtimeStatus=Completed&top={case.count + 1}")
        if len(done.json()) != case.count:
            raise RuntimeError(f"{case.name}: {len(done.json())} of {case.count} completed")
    return seconds, memory


@contextmanager
def _host(*, fast: bool) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "teams_rollout.localhost", "--app", str(APP)]
        command += ["--port", "0", "--state", f"{folder}/state.db", "--log-level", "warning"]
        command += ["--fast-dates"] if fast else []
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            with process:
                lines = iter(process.stdout or ())
                yield process, next(x for x in lines if x.startswith(READY))[len(READY) :].strip()
                process.terminate()
        finally:
            process.kill()
