"""A ledger in memory, with ETags, for tests that need thousands of steps a second.

It holds what the dispatcher, the batches and the sender use; the real one is tested over Azurite.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from itertools import count
from typing import TypeVar

from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.records import (
    BatchRecord,
    ReadyMember,
    RolloutRecord,
    TeamRecord,
    UserRecord,
    UserUpdate,
    WaveRecord,
)

_Record = TypeVar("_Record", WaveRecord, BatchRecord)


class MemoryLedger:
    """One rollout with one wave."""

    def __init__(
        self, rollout: RolloutRecord, wave: WaveRecord, teams: Sequence[TeamRecord]
    ) -> None:
        self._versions = count(1)
        self._rollout = rollout
        self._teams = list(teams)
        self._batches: dict[int, BatchRecord] = {}
        self._ready: dict[tuple[str, str], ReadyMember] = {}
        self.users: dict[str, UserRecord] = {}
        self.wave = wave.model_copy(update={"etag": str(next(self._versions))})
        self.messages: list[dict[str, object]] = []
        self.wake_ups: list[str] = []

    def _newer(self, record: _Record, current: _Record | None) -> _Record:
        if record.etag != (current.etag if current else ""):
            raise Conflict("somebody else was first")
        return record.model_copy(update={"etag": str(next(self._versions))})

    async def find_rollout(self) -> RolloutRecord:
        return self._rollout

    async def find_wave(self, rollout_id: str, slug: str) -> WaveRecord:
        return self.wave

    async def save_wave(self, record: WaveRecord) -> WaveRecord:
        self.wave = self._newer(record, self.wave)
        return self.wave

    async def list_batches(self, rollout_id: str, wave: str, epoch: int) -> list[BatchRecord]:
        return [self._batches[number] for number in sorted(self._batches)]

    async def get_batch(self, rollout_id: str, wave: str, epoch: int, number: int) -> BatchRecord:
        return self._batches[number]

    async def save_batch(self, record: BatchRecord) -> BatchRecord:
        saved = self._newer(record, self._batches.get(record.number))
        self._batches[record.number] = saved
        return saved

    async def list_teams(self, rollout_id: str) -> list[TeamRecord]:
        return self._teams

    async def list_users(
        self, rollout_id: str, *, with_removed: bool = False
    ) -> AsyncIterator[UserRecord]:
        for user in list(self.users.values()):
            yield user

    async def list_shard(self, shard: str, refs: Collection[str]) -> list[UserRecord]:
        return [self.users[ref] for ref in sorted(refs)]

    async def commit(self, shard: str, updates: Sequence[UserUpdate]) -> None:
        for update in updates:
            user = self.users[update.ref]
            steps = {**user.steps, **update.steps}
            self.users[update.ref] = user.model_copy(update={"steps": steps})

    async def mark_ready(self, rollout_id: str, wave: str, members: Sequence[ReadyMember]) -> None:
        self._ready.update({(m.team_key, m.key.ref): m for m in members})

    async def list_ready(self, rollout_id: str, wave: str) -> list[ReadyMember]:
        return list(self._ready.values())

    async def clear_ready(self, rollout_id: str, wave: str, members: Sequence[ReadyMember]) -> None:
        for member in members:
            self._ready.pop((member.team_key, member.key.ref), None)

    async def send_batch(self, message: dict[str, object]) -> None:
        self.messages.append(message)

    async def send_wake_up(self, instance_id: str) -> None:
        self.wake_ups.append(instance_id)
