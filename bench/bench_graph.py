"""How fast requests leave when nothing limits them, and how close the pacer stays to a quota."""

from collections.abc import Iterator

from bench.measurement import Measurement
from bench.pacing import Load, measure_pacing, measure_speed

WRITES = 3_000
MS_PER_WRITE = 1_000 / 300
SHORT = Load(reads=600, writes=2_700)


def measure(runs: int) -> Iterator[Measurement]:
    """Writes through `$batch` without and with the shared quotas, then a short paced load.

    The paced load takes three minutes and is run once; `long_pacing` has the one of a wave.

    Raises:
        NotMeasurable: Azurite is not installed.
    """
    for name, shared in (("graph_ms_per_write", False), ("graph_ms_per_write_shared", True)):
        figures = [measure_speed(WRITES, shared=shared) for _ in range(runs)]
        yield Measurement(name=name, unit="ms", runs=figures, bar=MS_PER_WRITE)
    yield from measure_pacing(SHORT, name="pacing_short", runs=1)
