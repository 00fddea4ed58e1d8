"""Counters that say how long to wait for a permit: sliding window, token bucket, even pace.

They read no clock: every call is handed `now` in seconds of any monotonic clock.
"""

from collections import deque
from typing import Protocol

# Requests reach Microsoft a moment after their permit, and not all equally late: a window is kept
# a little longer, and a second a little emptier, than published.
WINDOW_GUARD = 0.025
WINDOW_GUARD_S = (0.5, 1.5)  # at least, at most
EVEN_HEADROOM = 0.8
# What a late wake-up may catch up, so that timer granularity does not eat the rate.
CATCH_UP_S = 0.02


def guarded(seconds: float) -> float:
    """How long what was sent counts in a window of so many seconds."""
    least, most = WINDOW_GUARD_S
    return seconds + min(most, max(least, seconds * WINDOW_GUARD))


class Limiter(Protocol):
    """Something that permits so much per time."""

    @property
    def capacity(self) -> float:
        """The most that can be taken at once."""

    def delay(self, amount: float, *, now: float, scale: float) -> float:
        """Seconds until `amount` may be taken; 0 = now. `scale` >= 1 opens a reserve on top."""

    def take(self, amount: float, *, now: float) -> None:
        """Count what is being sent."""


class SlidingWindow:
    """At most `capacity` in any stretch of `seconds`."""

    def __init__(self, capacity: float, *, seconds: float) -> None:
        self.capacity = capacity
        self._seconds = guarded(seconds)
        self._taken: deque[tuple[float, float]] = deque()
        self._total = 0.0

    def delay(self, amount: float, *, now: float, scale: float = 1.0) -> float:
        """Seconds until enough of what was sent has left the window."""
        self._forget_before(now - self._seconds)
        excess = self._total + amount - max(self.capacity * scale, amount)
        if excess <= 0:
            return 0.0
        for at, taken in self._taken:
            excess -= taken
            if excess <= 0:
                return max(0.0, at + self._seconds - now)
        return self._seconds

    def take(self, amount: float, *, now: float) -> None:
        """Count what is being sent."""
        self._taken.append((now, amount))
        self._total += amount

    def _forget_before(self, moment: float) -> None:
        while self._taken and self._taken[0][0] <= moment:
            self._total -= self._taken.popleft()[1]


class TokenBucket:
    """Starts full with `capacity` and refills at `capacity / seconds`."""

    def __init__(self, capacity: float, *, seconds: float) -> None:
        self.capacity = capacity
        self._rate = capacity / seconds
        self._tokens = capacity
        self._at: float | None = None

    def delay(self, amount: float, *, now: float, scale: float = 1.0) -> float:
        """Seconds until the bucket holds enough; an over-large amount needs a full one."""
        self._refill(now)
        short = min(amount, self.capacity) - self._tokens - self.capacity * (scale - 1.0)
        return max(0.0, short) / self._rate

    def take(self, amount: float, *, now: float) -> None:
        """Count what is being sent."""
        self._refill(now)
        self._tokens -= amount

    def _refill(self, now: float) -> None:
        if self._at is not None:
            grown = self._tokens + (now - self._at) * self._rate
            self._tokens = min(self.capacity, grown)
        self._at = now


class EvenPace:
    """One permit every 1/rate seconds, so that no second ever holds more than the rate."""

    def __init__(self, rate: float) -> None:
        self._next = float("-inf")
        self.set_rate(rate)

    def set_rate(self, rate: float) -> None:
        """Go on at another rate (per second) from the next permit."""
        self.capacity = max(1.0, rate)
        self._interval = 1.0 / (rate * EVEN_HEADROOM)

    def delay(
        self,
        amount: float,
        *,
        now: float,
        scale: float = 1.0,  # noqa: ARG002 - a per-second limit has no reserve to open
    ) -> float:
        """Seconds until the last permit of `amount` is due; nobody may go faster than even."""
        return max(0.0, self._next + (amount - 1) * self._interval - now)

    def take(self, amount: float, *, now: float) -> None:
        """Count what is being sent: permits of an envelope were due up to now, one by one."""
        earliest = now - CATCH_UP_S - (amount - 1) * self._interval
        self._next = max(earliest, self._next) + self._interval * amount
