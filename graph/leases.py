"""How processes share what one of them may not exceed: a row that they replace by version.

`LeaseStore` is the port to that row. `CommonClock` gives all processes one time, because what
one process writes down about its permits is read by the others.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

StoredRow = tuple[str, str, float | None]
"""Text, version (empty = there is no row yet), and the storage's clock as below."""

_SAMPLES = 32  # answers that the storage's time is taken from; old ones age out with the drift
_DATE_RESOLUTION_S = 1.0  # an HTTP Date has whole seconds


class LeaseStore(Protocol):
    """One row of text with a version; every call is one request.

    Both calls raise ConnectionError when the storage cannot be reached or refuses. The storage's
    clock is that of the answer's Date header (epoch seconds, rounded down), None = it gave none.
    """

    async def read(self) -> StoredRow:
        """The row as it is now."""

    async def replace(self, text: str, *, version: str) -> tuple[str, float | None] | None:
        """Write the row if it still has this version: new version and clock; None = it has not."""


class CommonClock:
    """Epoch seconds that processes on several machines agree about.

    Machines keep time by NTP, to some milliseconds; that is good enough and left alone. Only a
    clock which the storage's answers prove wrong is corrected, never further than it may have been
    wrong: a bad one to within half a second at once, and more narrowly with each further answer.
    """

    def __init__(
        self,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._offset = wall() - monotonic()
        self._bounds: deque[tuple[float, float]] = deque(maxlen=_SAMPLES)

    def __call__(self) -> float:
        """Now."""
        return self._monotonic() + self._offset

    def mark(self) -> float:
        """Remember when a request is sent; hand it to `observe` with the answer."""
        return self._monotonic()

    def observe(self, server: float | None, *, sent: float) -> None:
        """Learn from the Date of an answer to a request that was sent at mark `sent`."""
        if server is None:
            return
        lowest, highest = server - self._monotonic(), server + _DATE_RESOLUTION_S - sent
        self._bounds.append((lowest, highest))
        while (low := max(b[0] for b in self._bounds)) > (high := min(b[1] for b in self._bounds)):
            self._bounds.popleft()  # a clock was set: the newest answer holds
        nearest = min(max(self._offset, low), high)
        wrong_by = abs(self._offset - nearest)
        # The truth is between the bounds. A clock that is wrong by milliseconds goes to the nearer
        # bound: the middle could be half a second from the truth, and slices would overlap.
        self._offset = (low + high) / 2 if wrong_by > (high - low) / 2 else nearest
