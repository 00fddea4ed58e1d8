"""The governor: nobody sends a request before the published limits allow it.

`Governor` is the port. `LocalGovernor` paces one process; `graph.shared_governor` builds on it
where several processes draw from the same quotas.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Literal, Protocol

from graph.limits import ENTRA_WRITES, LIMITS, CallPriority, Limit, RequestCost, RequestKind, Unit
from graph.pacing import EvenPace, Limiter, SlidingWindow, TokenBucket
from graph.quota_book import INTERACTIVE_RESERVE
from graph.signals import count_permit

MAX_BATCH_ITEMS = 20
BATCHABLE_WINDOW_S = 10.0
"""Limits counted over at least this long take a full envelope."""
BURST = 0.1
"""Part of a per-second limit that one envelope may hold: it arrives at once, on top of what the
pace spreads over that second."""

INTERACTIVE_SCALE = 1.0 + INTERACTIVE_RESERVE

_NAP_S = 1.0  # longest sleep between two looks, so that a penalty or a priority is noticed
_SETTLE_S = 0.005  # the one ahead in the queue has not woken up yet
_BRAKE_FROM = 0.92  # x-ms-throttle-limit-percentage; our share and its reserve explain up to 0.9
_BRAKE_S = 30.0
_DEFAULT_PENALTY_S = 2.0
_MAX_PENALTY_S = 60.0

QuotaModel = Literal["window", "bucket"]
Ticket = tuple[CallPriority, int]


class PermitDelayedError(Exception):
    """The permit lies further ahead than a caller should be kept waiting."""

    def __init__(self, seconds: float) -> None:
        super().__init__("no permit within the governor's patience")
        self.seconds = seconds


class Governor(Protocol):
    """Hands out permits to send; learns from what Microsoft answers."""

    async def acquire(self, cost: RequestCost) -> None:
        """Return when the request may be sent, its permits taken.

        Raises:
            PermitDelayedError: it would take longer than the governor's patience.
        """

    def observe(self, cost: RequestCost, *, status: int, headers: Mapping[str, str]) -> None:
        """Learn from the headers (lower-case names) of any answer."""

    async def penalise(self, cost: RequestCost, *, seconds: float | None, scope: str) -> None:
        """Hold back what a throttled answer covers.

        Args:
            seconds: Retry-After; None = Microsoft did not say.
            scope: x-ms-throttle-scope, or empty: then this kind (and team) only.
        """

    def envelope_size(self, kind: RequestKind) -> int:
        """How many requests of this kind one `$batch` may hold, 1 to 20."""

    def next_member_permit(self, team_id: str) -> float:
        """Seconds until a members/add to this team would be permitted; takes nothing."""


@dataclass
class Gate:
    """A limiter and those who wait for it, most urgent first.

    Attributes:
        key: the limit's name, and the team's id where the limit is per team.
    """

    key: str
    limit: Limit
    limiter: Limiter
    waiting: set[Ticket] = field(default_factory=set)

    def amount(self, cost: RequestCost) -> int:
        by_units = self.limit.unit is Unit.RESOURCE_UNITS
        return cost.resource_units if by_units else cost.requests

    def delay(self, cost: RequestCost, *, ticket: Ticket, now: float) -> float:
        reserve = cost.priority is CallPriority.INTERACTIVE and self.limit.shared
        scale = INTERACTIVE_SCALE if reserve else 1.0
        delay = self.limiter.delay(self.amount(cost), now=now, scale=scale)
        if any(other < ticket for other in self.waiting):
            return max(delay, _SETTLE_S)
        return delay


class _WriteQuota:
    """Entra's write quota under either reading of it, both counted so that one can fall back."""

    def __init__(self, capacity: float, *, seconds: float, model: QuotaModel) -> None:
        self.capacity = capacity
        self.model: QuotaModel = model
        self._by_model: dict[QuotaModel, Limiter] = {
            "window": SlidingWindow(capacity, seconds=seconds),
            "bucket": TokenBucket(capacity, seconds=seconds),
        }

    def delay(self, amount: float, *, now: float, scale: float) -> float:
        return self._by_model[self.model].delay(amount, now=now, scale=scale)

    def take(self, amount: float, *, now: float) -> None:
        for limiter in self._by_model.values():
            limiter.take(amount, now=now)


class LocalGovernor:
    """Paces the requests of one process by the published limits.

    Args:
        limits: multiplies every published limit (a simulator may be told the same).
        share: part of the quotas shared with other programs that we allow ourselves.
        quota_model: how Entra counts writes; `window` is safe under both readings.
        patience: seconds that `acquire` waits at most before it says how long it would take.
        clock, sleep: monotonic seconds and its sleep; tests hand in their own.
    """

    def __init__(
        self,
        *,
        limits: float = 1.0,
        share: float = 0.8,
        quota_model: QuotaModel = "window",
        patience: float = 200.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._factor, self._share, self._patience = limits, share, patience
        self._clock, self._sleep = clock, sleep
        self._quota_model: QuotaModel = quota_model
        self._gates: dict[str, Gate] = {}
        self._held: dict[tuple[RequestKind, str], float] = {}
        self._strikes: dict[tuple[RequestKind, str], int] = {}
        self._brakes: dict[RequestKind, tuple[EvenPace, float]] = {}
        self._brake_parts: dict[RequestKind, float] = {}
        self._tickets = count()
        self._queue: dict[Ticket, RequestCost] = {}

    async def acquire(self, cost: RequestCost) -> None:
        """See `Governor.acquire`. First come, first served within one priority and limit."""
        ticket = (cost.priority, next(self._tickets))
        gates = self._gates_of(cost)
        give_up_at = self._clock() + self._patience
        self._queue[ticket] = cost
        try:
            while (delay := self._delay(cost, gates=gates, ticket=ticket)) > 0:
                if self._clock() + delay > give_up_at:
                    raise PermitDelayedError(delay)
                await self._pause(min(delay, _NAP_S))
            self._take(cost, gates=gates)
        finally:
            del self._queue[ticket]
            for gate in gates:
                gate.waiting.discard(ticket)

    def observe(self, cost: RequestCost, *, status: int, headers: Mapping[str, str]) -> None:
        """See `Governor.observe`. Slows down before Microsoft refuses."""
        if status and status not in (429, 503):
            self._strikes.pop((cost.kind, cost.team_id), None)
        if headers.get("x-ms-throttle-information") == "WriteLimitExceeded":
            self._fall_back_to_window(cost)
        percentage = _number(headers.get("x-ms-throttle-limit-percentage"))
        if percentage is not None and percentage >= _BRAKE_FROM:
            # Half the limit at 0.9 of it, a tenth from 1.3 on, until it has been calm for a while.
            part = max(0.1, 1.4 - percentage)
            self._brake(cost.kind, part=part, until=self._clock() + _BRAKE_S)

    async def penalise(self, cost: RequestCost, *, seconds: float | None, scope: str) -> None:
        """See `Governor.penalise`. Without Retry-After the pause doubles at each refusal."""
        strikes = self._strikes.get((cost.kind, cost.team_id), 0)
        self._strikes[cost.kind, cost.team_id] = strikes + 1
        doubled = min(_DEFAULT_PENALTY_S * 2 ** min(strikes, 10), _MAX_PENALTY_S)
        until = self._clock() + (doubled if seconds is None else seconds)
        for key in _held_keys(cost, scope=scope):
            self._held[key] = max(until, self._held.get(key, 0.0))

    def envelope_size(self, kind: RequestKind) -> int:
        """See `Governor.envelope_size`."""
        sizes = [
            MAX_BATCH_ITEMS
            if limit.seconds >= BATCHABLE_WINDOW_S
            else self._capacity(limit) * BURST
            for limit in LIMITS[kind]
        ]
        return max(1, min(MAX_BATCH_ITEMS, int(min(sizes))))

    def next_member_permit(self, team_id: str) -> float:
        """See `Governor.next_member_permit`."""
        cost = RequestCost(RequestKind.MEMBERS_ADD, team_id=team_id)
        now = self._clock()
        last = (CallPriority.NIGHTLY, next(self._tickets))
        delays = [gate.delay(cost, ticket=last, now=now) for gate in self._gates_of(cost)]
        return max(self._held_for(cost, now=now), *delays)

    async def _pause(self, seconds: float) -> None:
        """Wait for a permit."""
        await self._sleep(seconds)

    def _delay(self, cost: RequestCost, *, gates: list[Gate], ticket: Ticket) -> float:
        """The longest wait that any limit asks for; queues up at that limit only.

        Whoever waits for one limit must not keep others from the limits that he shares with them.
        """
        now = self._clock()
        held = max(self._held_for(cost, now=now), self._brake_delay(cost, now=now))
        delays = [gate.delay(cost, ticket=ticket, now=now) for gate in gates]
        longest = max(held, *delays)
        for gate, delay in zip(gates, delays, strict=True):
            if delay == longest > held:
                gate.waiting.add(ticket)
            else:
                gate.waiting.discard(ticket)
        return longest

    def _take(self, cost: RequestCost, *, gates: list[Gate]) -> None:
        now = self._clock()
        for gate in gates:
            amount = gate.amount(cost)
            gate.limiter.take(amount, now=now)
            count_permit(gate.limit, amount=amount, capacity=self._capacity(gate.limit))
        if cost.kind in self._brakes:
            self._brakes[cost.kind][0].take(cost.requests, now=now)

    def _gates_of(self, cost: RequestCost) -> list[Gate]:
        gates = []
        for limit in LIMITS[cost.kind]:
            key = f"{limit.name}|{cost.team_id}" if limit.per_team else limit.name
            if key not in self._gates:
                self._gates[key] = Gate(key, limit, self._limiter(limit, key))
            gates.append(self._gates[key])
        return gates

    def _limiter(self, limit: Limit, key: str) -> Limiter:  # noqa: ARG002 - shared limits have it
        capacity = self._capacity(limit)
        if limit.even:
            return EvenPace(capacity / limit.seconds)
        if limit == ENTRA_WRITES:
            return _WriteQuota(capacity, seconds=limit.seconds, model=self._quota_model)
        return SlidingWindow(capacity, seconds=limit.seconds)

    def _capacity(self, limit: Limit) -> float:
        return limit.amount * self._factor * (self._share if limit.shared else 1.0)

    def _held_for(self, cost: RequestCost, *, now: float) -> float:
        keys = {(cost.kind, ""), (cost.kind, cost.team_id)}
        return max(0.0, *(self._held.get(key, 0.0) - now for key in keys))

    def _fall_back_to_window(self, cost: RequestCost) -> None:
        """Microsoft refused a write that the bucket allowed: it counts a window after all."""
        self._quota_model = "window"
        for gate in self._gates_of(cost):
            if isinstance(gate.limiter, _WriteQuota):
                gate.limiter.model = "window"

    def _brake(self, kind: RequestKind, *, part: float, until: float) -> None:
        """Keep a kind to a part of its limit for a while."""
        limit = LIMITS[kind][-1]
        rate = limit.amount * self._factor / limit.seconds * part
        pace = self._brakes[kind][0] if kind in self._brakes else EvenPace(rate)
        pace.set_rate(rate)
        self._brakes[kind] = (pace, until)
        self._brake_parts[kind] = part

    def _brake_delay(self, cost: RequestCost, *, now: float) -> float:
        pace, until = self._brakes.get(cost.kind, (None, 0.0))
        if pace is None:
            return 0.0
        if now >= until:
            del self._brakes[cost.kind]
            return 0.0
        return pace.delay(cost.requests, now=now)


def _held_keys(cost: RequestCost, *, scope: str) -> list[tuple[RequestKind, str]]:
    """What a throttled answer covers: `<who>/<Read|Write|ReadWrite>/<app>/<tenant>`."""
    parts = scope.split("/")
    if len(parts) < 2:
        return [(cost.kind, cost.team_id)]
    kinds = {
        "Read": [RequestKind.DIRECTORY_READ],
        "Write": [RequestKind.DIRECTORY_WRITE],
        "ReadWrite": [RequestKind.DIRECTORY_READ, RequestKind.DIRECTORY_WRITE],
    }
    return [(kind, "") for kind in kinds.get(parts[1], [cost.kind])]


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
