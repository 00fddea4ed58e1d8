"""Runs the benchmarks and keeps their results: `python -m bench.run [NAME ...] [--runs N]`.

A benchmark is a module `bench/bench_<name>.py` with `measure(runs) -> Iterator[Measurement]`.
One called
`long_<name>` takes an hour and runs only when it is named: `make bench BENCH=long_pacing`. Results
go to `bench/results/<measurement>.json`, one line each goes to the terminal.
"""

import argparse
import importlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.measurement import Measurement, NotMeasurable

HERE = Path(__file__).parent
DEFAULT_RUNS = 3
LONG = "long_"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what was asked for; 0, or 1 when a median is above its bar."""
    options = _options(arguments)
    holds = True
    for name in options.names or usual():
        try:
            measurements: Iterable[Measurement] = list(
                importlib.import_module(f"bench.bench_{name}").measure(options.runs)
            )
        except NotMeasurable as missing:
            print(f"{name}: not measured, {missing}")
            continue
        for measurement in measurements:
            measurement.write(options.results)
            print(describe(measurement))
            holds = holds and measurement.holds
    return 0 if holds else 1


def available() -> list[str]:
    """The names of all benchmarks."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def usual() -> list[str]:
    """Those that run without being named: all but the long ones."""
    return [name for name in available() if not name.startswith(LONG)]


def describe(measurement: Measurement) -> str:
    """One line for people: median, spread, and whether the bar holds."""
    spread = f"{min(measurement.runs):.3g}-{max(measurement.runs):.3g}"
    bar = "" if measurement.bar is None else f", bar {measurement.bar:g}"
    verdict = "" if measurement.holds else "  ABOVE THE BAR"
    return (
        f"{measurement.name}: {measurement.median:.3g} {measurement.unit} ({spread}{bar}){verdict}"
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Run benchmarks; without names all but the long ones."
    )
    parser.add_argument("names", nargs="*", choices=[*available(), []], metavar="NAME")
    parser.add_argument("--runs", type=int, default=DEFAULT_RUNS)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
