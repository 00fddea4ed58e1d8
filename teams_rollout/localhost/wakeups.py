"""Wakes things up at a moment: the heap of due times behind durable timers (localhost).

Times are wall-clock seconds since the epoch, as in the state file; the loop's own clock only says
how long to sleep, and never longer than a minute, so that a changed clock is noticed.
"""

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Final

LONGEST_SLEEP: Final = 60.0


class Wakeups:
    """Calls `wake(name)` when a name's moment has come, at once for one that has passed."""

    def __init__(self, wake: Callable[[str], None]) -> None:
        self._wake = wake
        self._heap: list[tuple[float, str]] = []
        self._handle: asyncio.TimerHandle | None = None
        self._armed_for = float("inf")

    def add(self, name: str, due: float) -> None:
        """Ask for a call at `due`; several for one name are kept apart."""
        heapq.heappush(self._heap, (due, name))
        if due < self._armed_for:
            self._arm()

    def close(self) -> None:
        """Call nobody any more."""
        self._heap.clear()
        if self._handle is not None:
            self._handle.cancel()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._armed_for = self._heap[0][0] if self._heap else float("inf")
        if self._heap:
            pause = min(max(self._armed_for - time.time(), 0.0), LONGEST_SLEEP)
            self._handle = asyncio.get_running_loop().call_later(pause, self._fire)

    def _fire(self) -> None:
        now = time.time()
        while self._heap and self._heap[0][0] <= now:
            self._wake(heapq.heappop(self._heap)[1])
        self._armed_for = float("inf")
        self._arm()
