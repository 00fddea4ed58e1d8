"""The governor of several processes: it paces like the local one, by permits leased from a row.

One keeper task per process looks into the book (`graph.quota_book`) while there is something to
do: it reports what was sent, claims for all who wait at once, and learns what others met. Busy,
that is about one look a second; idle, none. A lease ends by itself, so a process that cannot
reach the row stops within `LEASE_S`, and a killed one keeps nothing. See ADR 0007.
"""

import asyncio
import logging
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from graph.governor import INTERACTIVE_SCALE, Gate, LocalGovernor, PermitDelayedError, Ticket
from graph.leased import Leased, LeasedPool, LeasedSlices
from graph.leases import CommonClock, LeaseStore
from graph.limits import ENTRA_WRITES, CallPriority, Limit, RequestCost, RequestKind
from graph.pacing import Limiter
from graph.quota_book import LEASE_S, Book, Member, Quota, Share

logger = logging.getLogger(__name__)

OUTAGE_S = 3.0
"""Without the row for so long, callers are told to come back instead of being kept."""

_COME_BACK_S = 5.0
_HALF_LIFE_S = LEASE_S / 2
_MIN_GAP_S = 0.1  # between two looks that found permits
_TURN_S = 0.75  # between two looks that did not, times the processes that compete
_LONGEST_TURN_S = 3.0
_LONGEST_LOOK_S = 15.0  # a waiting process is missed after this; dead ones stop competing
_STALE_S = 5.0
_RETRY_S = 0.5
_ANSWER_WITHIN_S = 2.0
_ATTEMPTS = 8
_NEVER = float("-inf")


class SharedGovernor(LocalGovernor):
    """See the module and `LocalGovernor`, whose arguments it takes.

    Args:
        store: the row; all processes that share quotas name the same one.
        clock: the processes' common time.
        sleep: tests hand in their own, with the clock's.
    """

    def __init__(
        self,
        store: LeaseStore,
        *,
        clock: CommonClock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **options: Any,
    ) -> None:
        self._common = clock or CommonClock()
        super().__init__(clock=self._common, sleep=sleep, **options)
        self._store = store
        self._name = uuid.uuid4().hex[:12]
        self._serial = 0
        self._attempts: dict[int, dict[str, int]] = {}
        self._leased: dict[str, Leased] = {}
        self._row: tuple[str, str] | None = None
        self._book = Book()
        self._last = self._failed_at = _NEVER
        self._down_since: float | None = None
        self._news = False
        self._fell_back_at = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._naps: set[asyncio.Future[None]] = set()
        self._rest: asyncio.Future[None] | None = None

    def observe(self, cost: RequestCost, *, status: int, headers: Mapping[str, str]) -> None:
        """See `Governor.observe`; what it learns, the other processes learn."""
        known = dict(self._brakes), self._fell_back_at
        super().observe(cost, status=status, headers=headers)
        if known != (self._brakes, self._fell_back_at):
            self._tell()

    async def penalise(self, cost: RequestCost, *, seconds: float | None, scope: str) -> None:
        """See `Governor.penalise`; every process pauses."""
        await super().penalise(cost, seconds=seconds, scope=scope)
        self._tell()

    def next_member_permit(self, team_id: str) -> float:
        """See `Governor.next_member_permit`; as far as this process has looked, and will soon."""
        cost = RequestCost(RequestKind.MEMBERS_ADD, team_id=team_id)
        now = self._clock()
        if now - self._last > _STALE_S:
            self._tell()
        held = self._held_for(cost, now=now)
        self._book.sweep(now)
        waits = [self._wait_for(gate, cost, now=now) for gate in self._gates_of(cost)]
        return max(held, *waits)

    async def close(self) -> None:
        """Give back what is leased and stop looking."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if any(isinstance(x, LeasedPool) and x.permits for x in self._leased.values()):
            for leased in self._leased.values():
                leased.recent = 0.0
            await self._renew()

    def _limiter(self, limit: Limit, key: str) -> Limiter:
        quota = Quota(
            key=key,
            capacity=self._capacity(limit),
            limit=limit,
            bucket=limit == ENTRA_WRITES and self._quota_model == "bucket",
        )
        leased: Leased = LeasedSlices(quota) if limit.even else LeasedPool(quota)
        self._leased[key] = leased
        return leased

    def _wait_for(self, gate: Gate, cost: RequestCost, *, now: float) -> float:
        leased = self._leased[gate.key]
        if not leased.is_short(gate.amount(cost), now=now, scale=1.0):
            return leased.delay(gate.amount(cost), now=now, scale=1.0)
        return self._book.wait_for(leased.quota, gate.amount(cost), now=now)

    def _fall_back_to_window(self, cost: RequestCost) -> None:  # noqa: ARG002 - only writes have it
        self._fell_back_at = self._clock()

    def _take(self, cost: RequestCost, *, gates: list[Gate]) -> None:
        super()._take(cost, gates=gates)
        now = self._clock()
        if any(self._leased[gate.key].runs_low(now) for gate in gates):
            self._look_soon()

    async def _pause(self, seconds: float) -> None:
        now, down = self._clock(), self._down_since
        if down is not None and now - down > OUTAGE_S and now < self._failed_at + _RETRY_S:
            raise PermitDelayedError(_COME_BACK_S)
        self._look_soon()
        nap = asyncio.ensure_future(self._sleep(seconds))
        self._naps.add(nap)
        await self._sleep_through(nap)
        self._naps.discard(nap)

    def _tell(self) -> None:
        self._news = True
        self._look_soon()

    def _look_soon(self) -> None:
        """Start the keeper, or let it think again."""
        if self._rest is not None:
            self._rest.cancel()
        if self._keeper is not None and self._keeper.done():
            self._keeper.result()  # a bug in there must not become an endless wait
            self._keeper = None
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    async def _keep(self) -> None:
        while (at := self._next_look(self._clock())) is not None:
            wait = at - self._clock()
            if wait > 0:
                self._rest = asyncio.ensure_future(self._sleep(min(wait, _LONGEST_LOOK_S)))
                await self._sleep_through(self._rest)
                self._rest = None
            else:
                await self._renew()
                for nap in self._naps:
                    nap.cancel()

    @staticmethod
    async def _sleep_through(nap: asyncio.Future[None]) -> None:
        """Until the nap is over or somebody ends it."""
        try:
            await asyncio.wait([nap])
        finally:
            nap.cancel()

    def _next_look(self, now: float) -> float | None:
        """When the book is to be looked into; None = not before somebody asks."""
        soonest = max(self._last + _MIN_GAP_S, self._failed_at + _RETRY_S)
        looks = [soonest] if self._news else []
        for key, waiting in self._waiting(now).items():
            leased = self._leased[key]
            if any(leased.is_short(a, now=now, scale=_scale(t)) for t, a in waiting):
                looks.append(max(soonest, self._turn(leased)))
        for leased in self._leased.values():
            if leased.runs_low(now) and leased.due <= now:
                looks.append(soonest)
        if self._has_to_settle():
            looks.append(max(soonest, self._last + _HALF_LIFE_S))
        return min(looks, default=None)

    def _turn(self, leased: Leased) -> float:
        """When to ask again for what was not granted; the more compete, the less often."""
        if leased.due == 0.0:
            return self._last
        turn = min(_TURN_S * (leased.rivals + 1), _LONGEST_TURN_S) if leased.rivals else 0.0
        return min(max(leased.due, self._last + turn), self._last + _LONGEST_LOOK_S)

    def _has_to_settle(self) -> bool:
        """Whether we hold a lease, or stand in a queue where nobody of ours waits any more."""
        member = self._book.members.get(self._name)
        if member is None:
            return False
        wanted = {gate.key for cost in self._queue.values() for gate in self._gates_of(cost)}
        return bool(member.leases or member.wants.keys() - wanted)

    def _waiting(self, now: float) -> dict[str, list[tuple[Ticket, float]]]:
        """Who waits for which quota; nobody leases for what may not be sent anyhow."""
        found: dict[str, list[tuple[Ticket, float]]] = {}
        for ticket, cost in self._queue.items():
            if max(self._held_for(cost, now=now), self._brake_delay(cost, now=now)) > _HALF_LIFE_S:
                continue
            gates = self._gates_of(cost)
            scarce = [g for g in gates if self._leased[g.key].due > now + _HALF_LIFE_S]
            for gate in scarce or gates:
                found.setdefault(gate.key, []).append((ticket, float(gate.amount(cost))))
        return found

    async def _renew(self) -> None:
        """One look into the book: settle, claim, put it back."""
        self._news = False
        for attempt in range(_ATTEMPTS):
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    if await self._try_renew():
                        return
            except (ConnectionError, TimeoutError) as error:
                self._row = None
                self._note_failure(error)
                return
            await self._sleep(random.uniform(0, 0.02 * (attempt + 1)))  # noqa: S311 - no secret
        self._failed_at = self._clock()

    async def _try_renew(self) -> bool:
        text, version = self._row or await self._read()
        now = self._clock()
        book = Book.parse(text)
        shares = self._settle_and_claim(book, now)
        for key, share in shares.items():
            self._leased[key].lower(share, now=now)
        text = book.dump()
        sent = self._common.mark()
        answer = await self._store.replace(text, version=version)
        if answer is None:
            self._row = None
            return False
        self._common.observe(answer[1], sent=sent)
        self._book = book
        self._row = None if len(book.members) > 1 else (text, answer[0])
        self._take_up(shares, now=now)
        return True

    async def _read(self) -> tuple[str, str]:
        sent = self._common.mark()
        text, version, server = await self._store.read()
        self._common.observe(server, sent=sent)
        return text, version

    def _settle_and_claim(self, book: Book, now: float) -> dict[str, Share]:
        book.sweep(now)
        self._reconcile(book)
        quotas = {key: leased.quota for key, leased in self._leased.items()}
        spent = [(k, s, a) for k, pool in self._pools() for s, a in pool.spent]
        book.settle(self._name, spent, quotas=quotas)
        self._exchange_news(book, now)
        me = book.members.setdefault(self._name, Member())
        waiting = self._waiting(now)
        me.wants = {key: want for key, want in me.wants.items() if key in waiting}
        elapsed = now - self._last
        shares = {
            key: book.claim(
                leased.quota,
                leased.ask(waiting.get(key, ()), elapsed=elapsed),
                name=self._name,
                now=now,
            )
            for key, leased in self._leased.items()
        }
        self._sign(book, me, shares, now=now)
        return shares

    def _sign(self, book: Book, me: Member, shares: Mapping[str, Share], *, now: float) -> None:
        """Say who holds this, until when, and how far its use has been reported."""
        attempt = max([self._serial, *self._attempts]) + 1
        self._attempts[attempt] = {key: len(pool.spent) for key, pool in self._pools()}
        back = max(share.due for share in shares.values()) + _LONGEST_TURN_S if shares else 0.0
        me.serial, me.expires = attempt, now + LEASE_S
        me.until = max(me.expires, min(back, now + _LONGEST_LOOK_S)) + 1.0
        if not me.leases and not me.wants:
            del book.members[self._name]

    def _reconcile(self, book: Book) -> None:
        """Find out which of our writes arrived; what they reported is reported."""
        me = book.members.get(self._name)
        serial = me.serial if me is not None else max(self._attempts, default=self._serial)
        reported = self._attempts.get(serial)
        if reported is None:
            return
        for key, pool in self._pools():
            del pool.spent[: reported.get(key, 0)]
        self._serial, self._attempts = serial, {}

    def _exchange_news(self, book: Book, now: float) -> None:
        """Holds, brakes and the fall-back: what we know into the book, what others know out."""
        for (kind, team), until in self._held.items():
            if until > now:
                book.hold(f"{kind}|{team}", until)
        for name, until in book.held.items():
            kind_name, _, team_id = name.partition("|")
            self._held[RequestKind(kind_name), team_id] = until
        for braked, (_, until) in self._brakes.items():
            if until > max(now, book.brakes.get(braked, (0.0, 0.0))[1]):
                book.brakes[braked] = (self._brake_parts[braked], until)
        for name, (part, until) in book.brakes.items():
            self._brake(RequestKind(name), part=part / max(1, len(book.members)), until=until)
            self._brake_parts[RequestKind(name)] = part  # whole again: it is what we tell others
        if self._fell_back_at:
            book.fall_back(self._fell_back_at)

    def _take_up(self, shares: Mapping[str, Share], *, now: float) -> None:
        for key, share in shares.items():
            self._leased[key].grant(share, expires=now + LEASE_S)
        self._reconcile(self._book)
        self._last = now
        self._down_since = None

    def _note_failure(self, error: Exception) -> None:
        self._failed_at = self._clock()
        if self._down_since is None:
            self._down_since = self._failed_at
            logger.warning(
                "The shared quotas cannot be reached; sending stops until they can",
                extra={"action": "quotas_unreachable", "error": type(error).__name__},
            )

    def _pools(self) -> list[tuple[str, LeasedPool]]:
        return [(k, x) for k, x in self._leased.items() if isinstance(x, LeasedPool)]


def _scale(ticket: Ticket) -> float:
    return INTERACTIVE_SCALE if ticket[0] is CallPriority.INTERACTIVE else 1.0
