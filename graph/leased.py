"""What this process holds of the shared quotas: limiters that permit what was leased, no more.

A limiter here never finds permits by itself. It knows how much is left of its lease, keeps count
of what was used, and says what to ask for; `graph.shared_governor` asks.
"""

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from graph.governor import Ticket
from graph.limits import CallPriority
from graph.pacing import CATCH_UP_S
from graph.quota_book import Ask, Quota, Share, slot_of

AHEAD_S = 1.5
"""Permits are leased for what waits and for about so long at the present pace."""

_SMALL = 50  # quotas below this are not leased ahead: what one process hoards another lacks
_UNKNOWN_S = 0.02  # until the next look into the book has said more
_EPSILON = 1e-6


class Leased(Protocol):
    """A limiter over a lease."""

    quota: Quota
    capacity: float
    due: float
    rivals: int
    recent: float

    def delay(self, amount: float, *, now: float, scale: float) -> float: ...
    def take(self, amount: float, *, now: float) -> None: ...
    def is_short(self, amount: float, *, now: float, scale: float) -> bool: ...
    def runs_low(self, now: float) -> bool: ...
    def ask(self, waiting: Iterable[tuple[Ticket, float]], *, elapsed: float) -> Ask: ...
    def lower(self, share: Share, *, now: float) -> None: ...
    def grant(self, share: Share, *, expires: float) -> None: ...


class LeasedPool:
    """So many permits of a window or bucket quota, until the lease ends."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.capacity = quota.capacity
        self.due = 0.0
        self.rivals = 0
        self.recent = self._asked_after = 0.0
        self.spent: list[tuple[int, float]] = []
        self.permits = self._reserve = self._expires = self._before = 0.0
        self._kept = (0.0, 0.0)

    def delay(self, amount: float, *, now: float, scale: float = 1.0) -> float:
        """0 while the lease holds so much, else when to look again."""
        if not self.is_short(amount, now=now, scale=scale):
            return 0.0
        return max(_UNKNOWN_S, self.due - now)

    def is_short(self, amount: float, *, now: float, scale: float = 1.0) -> bool:
        """Whether more has to be leased for this amount."""
        held = self.permits + (self._reserve if scale > 1 else 0.0)
        return held + _EPSILON < amount or now >= self._expires

    def take(self, amount: float, *, now: float) -> None:
        """Count what is being sent."""
        from_reserve = max(0.0, amount - self.permits)
        self.permits -= amount - from_reserve
        self._reserve -= from_reserve
        self.recent += amount
        self.spent.append((slot_of(self.quota.key, now), amount))

    def runs_low(self, now: float) -> bool:  # noqa: ARG002 - slices need it
        """Whether a busy pool should be filled before it is empty; rivals take turns instead."""
        low = self.permits < self._before / 4 and self.capacity >= _SMALL
        return low and bool(self.recent) and not self.rivals

    def ask(self, waiting: Iterable[tuple[Ticket, float]], *, elapsed: float) -> Ask:
        """What to lease; `elapsed` seconds passed since the last time."""
        amounts, first, largest = _summed(waiting)
        self._asked_after = self.recent
        busy = self.recent or amounts
        even = self.capacity / self.quota.limit.seconds
        pace = max(even, self.recent / max(elapsed, 0.1))
        ahead = pace * AHEAD_S if busy and self.capacity >= _SMALL else 0.0
        return Ask(amounts=amounts, first=first, largest=largest, ahead=ahead)

    def lower(self, share: Share, *, now: float) -> None:
        """Give up what the coming lease does not hold, before it is written."""
        alive = now < self._expires
        self.permits = min(self.permits, share.permits) if alive else 0.0
        self._reserve = min(self._reserve, share.reserve) if alive else 0.0
        self._kept = (self.permits, self._reserve)

    def grant(self, share: Share, *, expires: float) -> None:
        """Take the lease up, less what was sent while it was being written."""
        permits, reserve = self._kept
        self.permits = share.permits - (permits - self.permits)
        self._reserve = share.reserve - (reserve - self._reserve)
        self._before, self._expires = share.permits, expires
        self.due, self.rivals = share.due, share.rivals
        self.recent -= self._asked_after


class LeasedSlices:
    """Slices of time of an even quota, one permit every interval."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self.capacity = max(1.0, quota.capacity)
        self.due = 0.0
        self.rivals = 0
        self.recent = self._asked_after = 0.0
        self._slices: deque[tuple[float, float]] = deque()

    def delay(
        self,
        amount: float,
        *,
        now: float,
        scale: float = 1.0,  # noqa: ARG002 - an even quota has no reserve
    ) -> float:
        """Seconds until the last of so many permits is due."""
        found = self._find(amount, now)
        if found is None:
            return max(_UNKNOWN_S, self.due - now)
        return max(0.0, found[1] + (amount - 1) * self.quota.interval - now)

    def is_short(
        self,
        amount: float,
        *,
        now: float,
        scale: float = 1.0,  # noqa: ARG002 - an even quota has no reserve
    ) -> bool:
        """Whether no slice has room for this amount."""
        return self._find(amount, now) is None

    def take(self, amount: float, *, now: float) -> None:
        """Count what is being sent."""
        found = self._find(amount, now)
        if found is None:
            return
        index, start = found
        self._slices[index] = (start + amount * self.quota.interval, self._slices[index][1])
        self.recent += amount

    def runs_low(self, now: float) -> bool:
        """Whether a busy quota should be claimed on before its last slice ends."""
        end = self._slices[-1][1] if self._slices else 0.0
        return bool(self.recent) and end < now + max(AHEAD_S / 3, self.quota.interval)

    def ask(self, waiting: Iterable[tuple[Ticket, float]], *, elapsed: float) -> Ask:
        """What to claim beyond the slices at hand."""
        amounts, first, largest = _summed(waiting)
        self._asked_after = self.recent
        pace = self.recent / max(elapsed, 0.1)
        alone = 0.0 if self.rivals else AHEAD_S / 2 / self.quota.interval
        ahead = max(pace * AHEAD_S, alone) if self.recent or amounts else 0.0
        return Ask(amounts=amounts, first=first, largest=largest, ahead=ahead)

    def lower(self, share: Share, *, now: float) -> None:  # noqa: ARG002 - slices end by themselves
        """Drop slices that are over."""
        while self._slices and self._slices[0][1] < now:
            self._slices.popleft()

    def grant(self, share: Share, *, expires: float) -> None:  # noqa: ARG002 - likewise
        """Add a slice; one that follows the last one directly continues it."""
        if share.permits:
            end = share.start + share.permits * self.quota.interval
            if self._slices and abs(self._slices[-1][1] - share.start) < 1e-4:
                self._slices[-1] = (self._slices[-1][0], end)
            else:
                self._slices.append((share.start, end))
        self.due, self.rivals = share.due, share.rivals
        self.recent -= self._asked_after

    def _find(self, amount: float, now: float) -> tuple[int, float] | None:
        """The first slice with room, and where in it the permits begin."""
        step = self.quota.interval
        earliest = now - CATCH_UP_S - (amount - 1) * step
        for index, (start, end) in enumerate(self._slices):
            begin = max(start, earliest)
            if begin + amount * step <= end + 1e-4:
                return index, begin
        return None


def _summed(
    waiting: Iterable[tuple[Ticket, float]],
) -> tuple[dict[CallPriority, float], float, float]:
    amounts: dict[CallPriority, float] = {}
    ordered = sorted(waiting)
    for (priority, _), amount in ordered:
        amounts[priority] = amounts.get(priority, 0.0) + amount
    first = ordered[0][1] if ordered else 0.0
    return amounts, first, max((amount for _, amount in ordered), default=0.0)
