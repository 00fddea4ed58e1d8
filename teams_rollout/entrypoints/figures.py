"""The latest figures of the stocktaking, as metrics.

A timer runs on one instance at a time, now on this one, then on that: each sends its figures only
as long as they are fresh, so that nobody sees yesterday's beside today's.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from teams_rollout.contracts import signals

FRESH_S = 360.0
"""A little more than the five minutes between two stocktakings."""

Figures = Mapping[str, Mapping[str, float]]
"""Values by metric, then by the value of its one label."""

_GAUGES = {
    signals.USERS: (signals.STATE, "{person}", "people by state"),
    signals.WAVES: (signals.STATE, "{wave}", "waves by state"),
    signals.QUEUE_MESSAGES: (signals.QUEUE, "{message}", "messages in a queue, about"),
    signals.QUEUE_AGE: (signals.QUEUE, "s", "how long the oldest next message has waited"),
}


@dataclass
class Board:
    """Where the figures hang until the next ones come.

    Args:
        clock: monotonic seconds.
    """

    clock: Callable[[], float] = time.monotonic
    _figures: Figures = field(default_factory=dict)
    _good_until: float = 0.0

    def show(self, figures: Figures) -> None:
        """Replace everything."""
        self._figures, self._good_until = figures, self.clock() + FRESH_S

    def read(self, metric: str) -> list[Observation]:
        """What the metric stands at; nothing once it is stale."""
        if self.clock() > self._good_until:
            return []
        label = _GAUGES[metric][0]
        found = self._figures.get(metric, {})
        return [Observation(value, {label: name}) for name, value in found.items()]


board = Board()
"""The one of this process."""


def _reader(metric: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def read(_options: CallbackOptions) -> Iterable[Observation]:
        return board.read(metric)

    return read


_meter = metrics.get_meter("teams_rollout")
for _name, (_label, _unit, _description) in _GAUGES.items():
    _meter.create_observable_gauge(
        _name, callbacks=[_reader(_name)], unit=_unit, description=_description
    )
