"""A wave of 6,000 people's requests at published limits, on both models of the quota.

Twenty minutes a run: only when asked for by name.
"""

from collections.abc import Iterator

from bench.measurement import Measurement
from bench.pacing import Load, measure_pacing


def measure(runs: int) -> Iterator[Measurement]:
    """6,000 reads and 12,000 writes.

    Raises:
        NotMeasurable: Azurite is not installed.
    """
    yield from measure_pacing(Load(reads=6_000, writes=12_000), name="pacing", runs=runs)
