"""Tenant simulator: what was asked of the tenant (`GET /_tenant/requests`).

The answer:
- `by_route`: `{"POST /users/{user}/assignLicense": {"200": 12, "400": 1}, ...}`, items of
  a `$batch` counted one each;
- `total`, `writes`, `reads`: requests received; `batches`: envelopes, `sign_ins`: tokens;
- `throttled`: refused by a limit, `throttled_by_route`;
- `redundant`: 2xx writes that changed nothing, by route; `redundant_total`;
- `faults`: injected ones by kind;
- `peak`: most `requests_per_second`, `writes_per_second`, `entra_writes_per_150_seconds`,
  `resource_units_per_10_seconds` seen in any such time;
- `first_at`, `last_at`, `last_write_at`: arrival times, null before the first.
"""

from __future__ import annotations

from collections import Counter, deque

from teams_rollout.tenant.wire import Json, iso_ms


class Peak:
    """The largest sum seen in any sliding window."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._entries: deque[tuple[float, float]] = deque()
        self._sum = 0.0
        self.most = 0.0

    def add(self, amount: float, now: float) -> None:
        """Count something that happened at `now` (epoch seconds)."""
        while self._entries and self._entries[0][0] <= now - self._seconds:
            self._sum -= self._entries.popleft()[1]
        self._entries.append((now, amount))
        self._sum += amount
        self.most = max(self.most, self._sum)


class Stats:
    """Counters since the start or the last reset."""

    def __init__(self) -> None:
        self._by_route: dict[str, Counter[str]] = {}
        self._redundant: Counter[str] = Counter()
        self._throttled: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.batches = 0
        self.sign_ins = 0
        self._writes = 0
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._last_write_at: float | None = None
        self._requests_peak, self._writes_peak = Peak(1), Peak(1)
        self._quota_peak, self._units_peak = Peak(150), Peak(10)

    def received(self, *, write: bool, units: int, now: float) -> None:
        """Count an operation that arrived."""
        self._first_at = now if self._first_at is None else self._first_at
        self._last_at = now
        self._requests_peak.add(1, now)
        if units:
            self._units_peak.add(units, now)
        if write:
            self._writes += 1
            self._last_write_at = now
            self._writes_peak.add(1, now)
            if units:
                self._quota_peak.add(1, now)

    def answered(self, route: str, status: int) -> None:
        """Count an answer."""
        self._by_route.setdefault(route, Counter())[str(status)] += 1

    def throttled(self, route: str) -> None:
        """Count a refusal by a limit."""
        self._throttled[route] += 1

    def redundant(self, route: str) -> None:
        """Count a successful write that changed nothing."""
        self._redundant[route] += 1

    def report(self) -> Json:
        """Return everything, as the module's docstring describes it."""
        total = sum(sum(x.values()) for x in self._by_route.values())
        return {
            "by_route": {k: dict(v) for k, v in sorted(self._by_route.items())},
            "total": total,
            "writes": self._writes,
            "reads": total - self._writes,
            "batches": self.batches,
            "sign_ins": self.sign_ins,
            "throttled": sum(self._throttled.values()),
            "throttled_by_route": dict(self._throttled),
            "redundant": dict(self._redundant),
            "redundant_total": sum(self._redundant.values()),
            "faults": dict(self.faults),
            "peak": {
                "requests_per_second": int(self._requests_peak.most),
                "writes_per_second": int(self._writes_peak.most),
                "entra_writes_per_150_seconds": int(self._quota_peak.most),
                "resource_units_per_10_seconds": int(self._units_peak.most),
            },
            "first_at": _moment(self._first_at),
            "last_at": _moment(self._last_at),
            "last_write_at": _moment(self._last_write_at),
        }


def _moment(epoch: float | None) -> str | None:
    return None if epoch is None else iso_ms(epoch)
