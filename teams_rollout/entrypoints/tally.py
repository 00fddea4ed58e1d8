"""How many people of each wave are where, counted from their rows at most every few seconds.

Counting reads everybody, so the counts are kept for two seconds, and longer where reading takes
long: however many watch, storage is read for at most a fifth of the time.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from teams_rollout.domain.vocabulary import PREREQUISITES, STEP_ORDER, Outcome
from teams_rollout.entrypoints.ports import Services
from teams_rollout.ledger.records import UserRecord, count_outcomes

_KEEP_AT_LEAST = timedelta(seconds=2)
_KEEP_FACTOR = 5
_PEOPLE_AT_A_TIME = 100
_STOPS = frozenset({Outcome.BLOCKED, Outcome.FAILED, Outcome.SKIPPED, Outcome.WAITING})


@dataclass
class WaveTally:
    """Counts of one wave: people per state and per code, outcomes per step.

    Attributes:
        moving: people who are in a batch.
        answered: of all their steps, those with nothing left to try; a person who stands still
            counts with every step.
    """

    users: int = 0
    moving: int = 0
    answered: int = 0
    by_state: Counter[str] = field(default_factory=Counter)
    by_code: Counter[str] = field(default_factory=Counter)
    steps: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, user: UserRecord) -> None:
        """Count one more person."""
        summary = user.summary
        self.users += 1
        self.by_state[summary.state.value] += 1
        if summary.code:
            self.by_code[summary.code] += 1
        for step, outcomes in count_outcomes([user]).items():
            self.steps.setdefault(step, Counter()).update(outcomes)
        if user.batch:
            self.moving += 1
            answered = sum(record.is_answered for record in user.steps.values())
            self.answered += len(STEP_ORDER) if _stands_still(user) else answered

    @property
    def share_answered(self) -> float:
        """The part of the batches' work that is behind us, 0 to 1."""
        return self.answered / (self.moving * len(STEP_ORDER)) if self.moving else 0.0


def _stands_still(user: UserRecord) -> bool:
    """Whether a prerequisite keeps the later steps from ever being tried."""
    return any(user.steps[s].outcome in _STOPS for s in PREREQUISITES if s in user.steps)


Tallies = dict[str, WaveTally]
"""By slug of the wave."""


async def count_waves(services: Services, rollout_id: str) -> Tallies:
    """Read everybody and count."""
    tallies: Tallies = {}
    counted = 0
    async for user in services.ledger.list_users(rollout_id):
        tallies.setdefault(user.wave, WaveTally()).add(user)
        counted += 1
        if counted % _PEOPLE_AT_A_TIME == 0:
            await asyncio.sleep(0)  # rows arrive in large pages; let other requests in between
    return tallies


class TallyCache:
    """The latest counts; concurrent askers share one reading."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._tallies: Tallies = {}
        self._rollout_id = ""
        self._good_until: datetime | None = None
        self._read_at: datetime | None = None

    async def get(
        self, services: Services, rollout_id: str, *, since: datetime | None = None
    ) -> Tallies:
        """Counts not older than the keeping time, nor than `since` (a wave's end)."""
        async with self._lock:
            is_stale = since is not None and (self._read_at is None or self._read_at < since)
            if is_stale or not self._is_good(rollout_id, services.clock()):
                started = services.clock()
                self._tallies = await count_waves(services, rollout_id)
                ended = services.clock()
                keep = max(_KEEP_AT_LEAST, _KEEP_FACTOR * (ended - started))
                self._read_at = started
                self._rollout_id, self._good_until = rollout_id, ended + keep
            return self._tallies

    def _is_good(self, rollout_id: str, now: datetime) -> bool:
        kept = self._good_until is not None and now < self._good_until
        return kept and self._rollout_id == rollout_id
