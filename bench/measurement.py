"""The one shape of a result, whatever was measured."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

REPORTED_PACKAGES = ("teams-rollout", "azure-functions", "azure-functions-durable", "msgraph-sdk")
_BYTES_PER_MIB = 1024 * 1024


class NotMeasurable(Exception):
    """What this benchmark measures is not there; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Repeated runs of one thing.

    `bar` is the highest median that the project promises, in the same unit; None where it
    promises nothing.
    """

    name: str
    unit: str
    runs: Sequence[float]
    bar: float | None = None

    @property
    def median(self) -> float:
        """The middle run: one slow moment of the machine does not move it."""
        return statistics.median(self.runs)

    @property
    def holds(self) -> bool:
        """Whether the median keeps the bar; without a bar there is nothing to break."""
        return self.bar is None or self.median <= self.bar

    def as_json(self) -> dict[str, Any]:
        """The result with the machine and the versions that it holds for."""
        return {
            "name": self.name,
            "unit": self.unit,
            "runs": [round(run, 4) for run in self.runs],
            "median": round(self.median, 4),
            "min": round(min(self.runs), 4),
            "max": round(max(self.runs), 4),
            "bar": self.bar,
            "machine": machine(),
            "versions": versions(),
        }

    def write(self, folder: Path) -> Path:
        """Writes `<name>.json` into the folder and returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n", encoding="utf-8")
        return path


def machine() -> dict[str, Any]:
    """What the figures depend on; no name of the machine or its user."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _BYTES_PER_MIB,
        # Above the number of cores the figures say more about the neighbours than about us.
        "load_1_min": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """Python and the packages that most decide speed."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in REPORTED_PACKAGES},
    }
