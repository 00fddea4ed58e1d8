"""Tenant simulator: enforces the limits and says 429 the way Graph does.

Two models of a quota, because Microsoft does not publish which it uses: a sliding `window`
(never more than the limit in any such time) and a token `bucket` (starts full, refills
evenly). Refused calls count as well, so hammering makes it longer. Windows are real seconds.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from teams_rollout.tenant.limits import (
    ENTRA_TENANT_WRITES,
    ENTRA_WRITES,
    MAILBOX,
    READ_WRITE,
    TEAM,
    WRITE,
    Cost,
    Quota,
    entra_units,
)
from teams_rollout.tenant.wire import Answer, Call

_SHOW_ABOVE = 0.8
_SHOW_AT_MOST = 1.8


class Meter(Protocol):
    """Counts one quota for one application (and team or mailbox)."""

    def take(self, cost: float, now: float) -> float:
        """Count `cost`; return 0 when there was room, else the seconds to wait."""

    def share(self, now: float) -> float:
        """Return how much of the limit is used; 1.0 is all of it."""


class Window:
    """At most `limit` in any `seconds`."""

    def __init__(self, limit: float, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._entries: deque[tuple[float, float]] = deque()
        self._used = 0.0

    def _prune(self, now: float) -> None:
        while self._entries and self._entries[0][0] <= now - self._seconds:
            self._used -= self._entries.popleft()[1]

    def take(self, cost: float, now: float) -> float:
        """Count `cost`; return 0 when there was room, else the seconds to wait."""
        self._prune(now)
        self._entries.append((now, cost))
        self._used += cost
        if self._used <= self._limit:
            return 0.0
        excess = self._used + cost - self._limit
        for when, used in self._entries:
            excess -= used
            if excess <= 0:
                return max(when + self._seconds - now, 0.001)
        return self._seconds

    def share(self, now: float) -> float:
        """Return how much of the limit is used; 1.0 is all of it."""
        self._prune(now)
        return self._used / self._limit


class Bucket:
    """`limit` tokens, refilled evenly over `seconds`."""

    def __init__(self, limit: float, seconds: float) -> None:
        self._limit, self._rate = limit, limit / seconds
        self._tokens, self._at = limit, 0.0

    def _refill(self, now: float) -> None:
        if self._at:
            self._tokens = min(self._limit, self._tokens + (now - self._at) * self._rate)
        self._at = now

    def take(self, cost: float, now: float) -> float:
        """Count `cost`; return 0 when there was room, else the seconds to wait."""
        self._refill(now)
        self._tokens -= cost
        if self._tokens >= 0:
            return 0.0
        return (cost - self._tokens) / self._rate

    def share(self, now: float) -> float:
        """Return how much of the limit is used; 1.0 is all of it."""
        self._refill(now)
        return 1 - self._tokens / self._limit


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may pass, and the headers that go with the answer either way."""

    retry_after: float
    headers: dict[str, str]

    @property
    def refused(self) -> bool:
        """True for a 429."""
        return self.retry_after > 0


def unit_cost(cost: Cost, call: Call) -> int:
    """Return the resource units of a call: `$select` and a small `$top` save, `$expand` costs."""
    units = cost.units
    if "$select" in call.query:
        units -= 3 if cost.units == 5 else 1
    top = call.query.get("$top", "")
    if top.isdigit() and int(top) < 20:
        units -= 1
    return max(units + ("$expand" in call.query), 1)


class Throttle:
    """All meters of the tenant."""

    def __init__(self, *, factor: float, model: str, users: Callable[[], int], tenant: str) -> None:
        """Multiply every limit by `factor`; `model` is `window` or `bucket`."""
        self._factor = factor
        self._make: Callable[[float, float], Meter] = Bucket if model == "bucket" else Window
        self._users, self._tenant = users, tenant
        self._meters: dict[tuple[str, str, str], Meter] = {}

    def check(self, cost: Cost, call: Call, *, now: float) -> Verdict:
        """Count a call against every quota it touches."""
        entra = self._entra(cost, call, now) if cost.units else Verdict(0, {})
        waits = [0.0]
        for quota in cost.quotas:
            resource = call.params.get(quota.per, "") if quota.per else ""
            wait = self._meter(quota, call.app_id, resource.lower()).take(1, now)
            waits.append(wait)
        wait = max(waits)
        if wait and not entra.refused:
            return Verdict(wait, {"Retry-After": str(math.ceil(wait))})
        return entra

    def _meter(self, quota: Quota, app: str, resource: str) -> Meter:
        key = (app, quota.name, resource)
        meter = self._meters.get(key)
        if meter is None:
            # A minute window stays a window in both models: a bucket would allow 8 at once.
            make = Window if quota.seconds == 60 else self._make
            meter = self._meters[key] = make(quota.limit * self._factor, quota.seconds)
        return meter

    def _entra_quotas(self, cost: Cost, call: Call) -> Iterator[tuple[Meter, float, str, str]]:
        app = call.app_id
        units = self._meter(entra_units(self._users()), app, "")
        scope = f"{app}/{self._tenant}"
        yield (
            units,
            unit_cost(cost, call),
            f"Tenant_Application/{READ_WRITE}/{scope}",
            "ResourceUnitLimitExceeded",
        )
        if cost.write:
            yield (
                self._meter(ENTRA_WRITES, app, ""),
                1,
                f"Tenant_Application/{WRITE}/{scope}",
                "WriteLimitExceeded",
            )
            yield (
                self._meter(ENTRA_TENANT_WRITES, "", ""),
                1,
                f"Tenant/{WRITE}/{scope}",
                "WriteLimitExceeded",
            )

    def _entra(self, cost: Cost, call: Call, now: float) -> Verdict:
        headers = {"x-ms-resource-unit": str(unit_cost(cost, call))}
        wait, share = 0.0, 0.0
        for meter, amount, scope, information in self._entra_quotas(cost, call):
            needed = meter.take(amount, now)
            share = max(share, meter.share(now))
            if needed > wait:
                wait = needed
                headers["x-ms-throttle-scope"] = scope
                headers["x-ms-throttle-information"] = information
        if share > _SHOW_ABOVE:
            headers["x-ms-throttle-limit-percentage"] = f"{min(share, _SHOW_AT_MOST):.2f}"
        if wait:
            headers["Retry-After"] = str(math.ceil(wait))
        return Verdict(wait, headers)


def throttled(
    *, request_id: str, date: str, headers: dict[str, str], write_limit: bool = False
) -> Answer:
    """Build Graph's 429."""
    code = "Request_ThrottledTemporarily" if write_limit else "TooManyRequests"
    inner = {
        "code": "429",
        "date": date,
        "message": "Please retry after",
        "request-id": request_id,
        "status": "429",
    }
    error = {"code": code, "innerError": inner, "message": "Please retry again later."}
    return Answer(429, {"error": error}, headers)


__all__ = ["MAILBOX", "TEAM", "Bucket", "Throttle", "Verdict", "Window", "throttled", "unit_cost"]
