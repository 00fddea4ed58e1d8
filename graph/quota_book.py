"""The book of all quotas, as the processes of the app share it: a text with a version.

Pure. A process takes the book, settles what it used of its last lease, claims anew and puts the
book back; whoever lost the race reads again. All times are epoch seconds of the common clock.

- A window quota has slots (used so much by then) and leases (may be used until they expire).
  A lease whose holder fell silent counts as used when it expired: never too little is counted.
- A bucket quota has tokens, taken off when leased and given back when returned unused.
- An even quota has the next free moment; a lease is a slice of time that holds permits.
- Holds (Retry-After), brakes and the fall-back of the quota model are everybody's at once.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graph.limits import LIMITS, CallPriority, Limit
from graph.pacing import CATCH_UP_S, EVEN_HEADROOM, guarded

LEASE_S = 2.5
"""How long a lease may be used; without the storage a process stops within this time."""
HORIZON_S = 2.0
"""How far ahead a slice of an even quota may be claimed."""
PROMPT_HORIZON_S = 0.25
"""The same while somebody more urgent waits elsewhere."""
INTERACTIVE_RESERVE = 0.125
"""On top of a shared quota, for people who wait: 0.8 for waves leaves 0.1 of the whole."""

_SETTLE_BY_S = 4.0  # after its end a lease may still be settled exactly, then it counts as used
_FALLEN_BACK_S = 86_400.0  # a refusal of the bucket model holds for a day: the next wave's too
_SLOTS = 600  # per window; at least a tenth of a second each
_UNKNOWN_WINDOW_S = 600.0

_LIMITS: dict[str, Limit] = {limit.name: limit for limits in LIMITS.values() for limit in limits}


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit as this process reads it; `key` is its name, and the team's where per team."""

    key: str
    capacity: float
    limit: Limit
    bucket: bool = False

    @property
    def interval(self) -> float:
        """Seconds between two permits of an even quota."""
        return self.limit.seconds / (self.capacity * EVEN_HEADROOM)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a process wants of one quota.

    Attributes:
        amounts: what its waiting requests need, by priority.
        first: what the most urgent of them needs.
        largest: what the largest of them needs.
        ahead: what it will probably need within a second.
    """

    amounts: Mapping[CallPriority, float] = field(default_factory=dict)
    first: float = 0.0
    largest: float = 0.0
    ahead: float = 0.0

    @property
    def total(self) -> float:
        """All that waits."""
        return sum(self.amounts.values())

    @property
    def priority(self) -> CallPriority:
        """Of the most urgent that waits."""
        return min(self.amounts, default=CallPriority.NIGHTLY)


@dataclass(frozen=True, slots=True)
class Share:
    """What was granted.

    Attributes:
        permits: for anybody; of an even quota the permits in the slice.
        reserve: for interactive requests only.
        start: of an even quota, when the slice begins.
        due: when to ask again for what was not granted; 0 = nothing is left to ask for.
        rivals: how many other processes draw from the same quota.
    """

    permits: float = 0.0
    reserve: float = 0.0
    start: float = 0.0
    due: float = 0.0
    rivals: int = 0


class Want(NamedTuple):
    """What a process waits for: how urgent, since when, and how much it needs first."""

    priority: int
    since: float
    first: float


@dataclass(slots=True)
class Member:
    """A process: what it holds, wants and until when it counts as alive."""

    serial: int = 0
    expires: float = 0.0
    until: float = 0.0
    leases: dict[str, float] = field(default_factory=dict)
    wants: dict[str, Want] = field(default_factory=dict)


@dataclass(slots=True)
class Book:
    """See the module. Changed in place between `parse` and `dump`."""

    windows: dict[str, dict[int, float]] = field(default_factory=dict)
    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)
    paces: dict[str, float] = field(default_factory=dict)
    held: dict[str, float] = field(default_factory=dict)
    brakes: dict[str, tuple[float, float]] = field(default_factory=dict)
    fallen_back_until: float = 0.0
    members: dict[str, Member] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Book":
        """The book in a row's text; empty for an empty one."""
        if not text:
            return cls()
        raw: dict[str, Any] = json.loads(text)
        return cls(
            windows={
                key: {int(slot): amount for slot, amount in slots}
                for key, slots in raw["windows"].items()
            },
            buckets={key: (level, at) for key, (level, at) in raw["buckets"].items()},
            paces=raw["paces"],
            held=raw["held"],
            brakes={key: (part, until) for key, (part, until) in raw["brakes"].items()},
            fallen_back_until=raw["fallen_back_until"],
            members={name: _member(member) for name, member in raw["members"].items()},
        )

    def dump(self) -> str:
        """The text for the row."""
        raw = {
            "windows": {key: list(slots.items()) for key, slots in self.windows.items()},
            "buckets": self.buckets,
            "paces": self.paces,
            "held": self.held,
            "brakes": self.brakes,
            "fallen_back_until": self.fallen_back_until,
            "members": {
                name: {
                    "serial": m.serial,
                    "expires": m.expires,
                    "until": m.until,
                    "leases": m.leases,
                    "wants": m.wants,
                }
                for name, m in self.members.items()
            },
        }
        return json.dumps(raw, separators=(",", ":"))

    def sweep(self, now: float) -> None:
        """Drop what is over: leases of the silent become use, old slots leave their window."""
        for name, member in list(self.members.items()):
            if member.leases and member.expires + _SETTLE_BY_S < now:
                for key, amount in member.leases.items():
                    self._spend(key, slot_of(key, member.expires), amount)
                member.leases = {}
            if not member.leases and member.until < now:
                del self.members[name]
        for key in list(self.windows):
            oldest = now - _window_s(key)
            kept = {s: a for s, a in self.windows[key].items() if time_of(key, s) > oldest}
            self.windows[key] = kept
        self.windows = {key: slots for key, slots in self.windows.items() if slots}
        self.paces = {key: at for key, at in self.paces.items() if at > now - HORIZON_S}
        self.held = {key: until for key, until in self.held.items() if until > now}
        self.brakes = {key: b for key, b in self.brakes.items() if b[1] > now}

    def settle(
        self, name: str, spent: Iterable[tuple[str, int, float]], *, quotas: Mapping[str, Quota]
    ) -> None:
        """Replace a process's lease by what it really used: (key, slot, amount)."""
        member = self.members.get(name)
        if member is None or not member.leases:
            return  # swept: all of it is counted already
        left = dict(member.leases)
        for key, slot, amount in spent:
            if key in left:
                left[key] -= amount
                self._spend(key, slot, amount)
        for key, unused in left.items():
            if key in self.buckets and key in quotas and unused > 0:
                level, at = self.buckets[key]
                self.buckets[key] = (min(quotas[key].capacity, level + unused), at)
        member.leases = {}

    def claim(self, quota: Quota, ask: Ask, *, name: str, now: float) -> Share:
        """Grant what may be granted and write it down; the process must have settled before."""
        member = self.members.setdefault(name, Member())
        before = member.wants.pop(quota.key, None)
        since = before.since if before is not None else now
        if quota.limit.even:
            share = self._slice(quota, ask, name, now)
        else:
            share = self._permits(quota, ask, name, now, since=since)
        if share.due or (quota.limit.even and ask.total):
            served = share.permits or share.reserve
            member.wants[quota.key] = Want(int(ask.priority), now if served else since, ask.first)
        return share

    def wait_for(self, quota: Quota, amount: float, *, now: float) -> float:
        """Seconds until so much could be granted to a wave; changes nothing."""
        if quota.limit.even:
            return max(0.0, self.paces.get(quota.key, now) - now)
        missing = amount - self._room(quota, now, floor=amount)
        return 0.0 if missing <= 0 else self._due(quota, missing, now) - now

    def _slice(self, quota: Quota, ask: Ask, name: str, now: float) -> Share:
        step = quota.interval
        largest = max(1.0, ask.largest)
        rivals, urgent = self._rivals(quota.key, name)
        yields = urgent is not None and ask.priority > urgent
        horizon = PROMPT_HORIZON_S if yields else HORIZON_S
        start = max(self.paces.get(quota.key, 0.0), now - CATCH_UP_S - (largest - 1) * step)
        if not ask.total + ask.ahead:
            return Share(rivals=rivals)
        if start + (largest - 1) * step > now + horizon:
            return Share(due=start + (largest - 1) * step - horizon / 2, rivals=rivals)
        room = (now + horizon / (rivals + 1) - start) / step
        # Whole requests: what is left of a slice when the next one does not fit is lost.
        fair = max(min(ask.total, 2 * largest), math.floor(room))
        fits = max(largest, math.floor((now + LEASE_S - start) / step))
        permits = float(min(math.ceil(ask.total + ask.ahead), fair, fits))
        self.paces[quota.key] = round(start + permits * step, 6)
        due = self.paces[quota.key] - horizon / 2 if permits < ask.total else 0.0
        return Share(permits=permits, start=start, due=due, rivals=rivals)

    def _permits(self, quota: Quota, ask: Ask, name: str, now: float, *, since: float) -> Share:
        rivals, urgent = self._rivals(quota.key, name)
        reserve = self._reserve(quota, ask, now)
        ahead_of_us = self._promised(quota.key, name, (int(ask.priority), since))
        room = self._room(quota, now, floor=ask.first) - reserve - ahead_of_us
        waiting = sum(
            amount
            for priority, amount in ask.amounts.items()
            if priority is not CallPriority.INTERACTIVE or not quota.limit.shared
            if urgent is None or priority <= urgent
        )
        ahead = 0.0 if urgent is not None else ask.ahead
        fair = max(room / (rivals + 1), ask.first)
        permits = max(0.0, min(waiting + ahead, room, fair))
        if waiting and permits < min(waiting, ask.first):
            permits = 0.0  # what nobody can use would only keep others from it
        self._lease(quota, name, permits + reserve, now)
        unmet = ask.total - permits - reserve
        if unmet <= 0:
            return Share(permits=permits, reserve=reserve, rivals=rivals)
        missing = min(ask.first, unmet) - max(0.0, room - permits)
        due = now if missing <= 0 else self._due(quota, missing, now)
        return Share(permits=permits, reserve=reserve, due=due, rivals=rivals)

    def _reserve(self, quota: Quota, ask: Ask, now: float) -> float:
        wanted = ask.amounts.get(CallPriority.INTERACTIVE, 0.0) if quota.limit.shared else 0.0
        if not wanted:
            return 0.0
        room = self._room(quota, now, floor=wanted) + quota.capacity * INTERACTIVE_RESERVE
        return wanted if wanted <= room else 0.0

    def _lease(self, quota: Quota, name: str, amount: float, now: float) -> None:
        if amount <= 0:
            return
        self.members.setdefault(name, Member()).leases[quota.key] = amount
        if quota.bucket:
            self.buckets[quota.key] = (self._level(quota, now) - amount, now)

    def _room(self, quota: Quota, now: float, *, floor: float) -> float:
        """What is free; a request larger than the quota may go when nothing else is out."""
        if quota.bucket and self.fallen_back_until <= now:
            level = self._level(quota, now)
            return max(level, floor) if level >= quota.capacity else level
        used = sum(self.windows.get(quota.key, {}).values()) + self._leased(quota.key)
        return max(quota.capacity, floor) - used

    def _due(self, quota: Quota, missing: float, now: float) -> float:
        if quota.bucket and self.fallen_back_until <= now:
            return now + missing * quota.limit.seconds / quota.capacity
        window = _window_s(quota.key)
        for slot, amount in sorted(self.windows.get(quota.key, {}).items()):
            missing -= amount
            if missing <= 0:
                return time_of(quota.key, slot) + window
        return now + window

    def _level(self, quota: Quota, now: float) -> float:
        level, at = self.buckets.get(quota.key, (quota.capacity, now))
        grown = level + max(0.0, now - at) * quota.capacity / quota.limit.seconds
        return min(quota.capacity, grown)

    def _leased(self, key: str) -> float:
        return sum(member.leases.get(key, 0.0) for member in self.members.values())

    def _promised(self, key: str, name: str, turn: tuple[int, float]) -> float:
        """What others need first who have waited longer: nobody is overtaken for ever."""
        others = (m.wants[key] for n, m in self.members.items() if n != name and key in m.wants)
        return sum(want.first for want in others if (want.priority, want.since) < turn)

    def _rivals(self, key: str, name: str) -> tuple[int, int | None]:
        """How many others draw from the quota, and the most urgent priority that waits there."""
        others = [member for other, member in self.members.items() if other != name]
        wants = [member.wants[key].priority for member in others if key in member.wants]
        return sum(key in m.leases or key in m.wants for m in others), min(wants, default=None)

    def _spend(self, key: str, slot: int, amount: float) -> None:
        slots = self.windows.setdefault(key, {})
        slots[slot] = slots.get(slot, 0.0) + amount

    def hold(self, name: str, until: float) -> None:
        """Nobody sends such a request before then."""
        self.held[name] = max(until, self.held.get(name, 0.0))

    def fall_back(self, now: float) -> None:
        """Microsoft refused what the bucket allowed: everybody counts a window for a day."""
        self.fallen_back_until = max(self.fallen_back_until, now + _FALLEN_BACK_S)


def _member(raw: dict[str, Any]) -> Member:
    return Member(**{**raw, "wants": {key: Want(*want) for key, want in raw["wants"].items()}})


def slot_of(key: str, moment: float) -> int:
    """The slot that ends at or after a moment: use is never dated too early."""
    return math.ceil(moment / _slot_s(key))


def time_of(key: str, slot: int) -> float:
    """When a slot ends."""
    return slot * _slot_s(key)


def _of_limit(read: Callable[[Limit], float], key: str, default: float) -> float:
    limit = _LIMITS.get(key.partition("|")[0])
    return default if limit is None else read(limit)


def _slot_s(key: str) -> float:
    return max(0.1, _of_limit(lambda limit: limit.seconds, key, _UNKNOWN_WINDOW_S) / _SLOTS)


def _window_s(key: str) -> float:
    return _of_limit(lambda limit: guarded(limit.seconds), key, _UNKNOWN_WINDOW_S)
