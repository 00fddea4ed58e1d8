"""A wave from start to close with simulator, Azurite and local host on one machine.

Limits are fifty times the published ones, so that what is measured is the orchestrator and not
Microsoft's quotas; requests per person do not depend on limits. The machine runs the simulated
tenant and the storage emulator as well, which take their share of its two cores.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.measurement import Measurement, NotMeasurable

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).parent / "rollout"
PEOPLE = 1_200
LIMITS = 50
FILES = {"rollout": "rollout.toml", "users": "users.csv", "teams": "teams.csv"}


def measure(runs: int) -> Iterator[Measurement]:
    """Time, writes and reads per person of one wave of 1,200, from effects and request counts.

    Raises:
        NotMeasurable: Azurite is not installed.
    """
    if not (ROOT / "node_modules" / ".bin" / "azurite").exists():
        raise NotMeasurable("Azurite is missing: run `make setup`")
    results = [_run() for _ in range(runs)]
    for name, unit, bar in (
        ("wave_ms_per_person", "ms", 1000 / 60),
        ("wave_writes_per_person", "writes", 1.5),
        ("wave_reads_per_person", "reads", 0.2),
        ("wave_redundant_writes", "writes", 0.0),
    ):
        yield Measurement(name=name, unit=unit, runs=[r[name] for r in results], bar=bar)


def _run() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        council = Path(folder) / "council"
        script = str(ROOT / "scripts" / "make_samples.py")
        options = ["--out", str(council), "--people", str(PEOPLE), "--waves", "1"]
        _call(sys.executable, script, *options, cwd=folder)
        files = [w for n, f in FILES.items() for w in (f"--{n}", str(council / f))]
        tenant = ["--tenant", str(council / "tenant.json.gz"), "--limits", str(LIMITS), "--exit"]
        _call(str(COMMAND), "lab", "demo", *files, *tenant, cwd=folder)
        return _figures(Path(folder) / ".rollout")


def _call(*command: str, cwd: str) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)


def _figures(folder: Path) -> dict[str, float]:
    requests = json.loads((folder / "tenant-requests.json").read_text("utf-8"))
    lines = (folder / "tenant-effects.jsonl").read_text("utf-8").splitlines()
    effects = [json.loads(line) for line in lines]
    asked = [_moment(e) for e in effects if e["cause"] == "request"]
    seconds = (max(asked) - min(asked)).total_seconds()
    return {
        "wave_ms_per_person": 1000 * seconds / PEOPLE,
        "wave_writes_per_person": requests["writes"] / PEOPLE,
        "wave_reads_per_person": requests["reads"] / PEOPLE,
        "wave_redundant_writes": float(requests["redundant_total"]),
    }


def _moment(effect: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(effect["at"].replace("Z", "+00:00"))
