"""The rollout, its waves, batches, teams and seats in Azure Tables: few rows, under ETags."""

from typing import TypeVar

from pydantic import BaseModel

from teams_rollout.contracts.names import WAVES_TABLE
from teams_rollout.ledger import keys
from teams_rollout.ledger.codec import complete, load, split_text
from teams_rollout.ledger.connection import Storage, in_partition
from teams_rollout.ledger.ports import NotFound
from teams_rollout.ledger.records import (
    BatchRecord,
    RolloutRecord,
    SeatLedger,
    TeamRecord,
    WaveRecord,
)

_Record = TypeVar("_Record", RolloutRecord, WaveRecord, BatchRecord, TeamRecord, SeatLedger)
_AnyRecord = TypeVar("_AnyRecord", bound=BaseModel)


class TableRolloutStore:
    """Implements `ports.RolloutStore`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def find_rollout(self) -> RolloutRecord | None:
        """The rollout of this deployment, once there is one."""
        return await _find(self._storage, RolloutRecord, keys.ROLLOUT_PARTITION, keys.ROLLOUT_ROW)

    async def save_rollout(self, record: RolloutRecord) -> RolloutRecord:
        """Insert or replace; raises Conflict."""
        return await _save(self._storage, record, keys.ROLLOUT_PARTITION, keys.ROLLOUT_ROW)

    async def list_waves(self, rollout_id: str) -> list[WaveRecord]:
        """All waves, in the order in which they may start."""
        waves = await _list(self._storage, WaveRecord, rollout_id, "wave|")
        return sorted(waves, key=lambda w: (w.position, w.slug))

    async def find_wave(self, rollout_id: str, slug: str) -> WaveRecord | None:
        """One wave by its slug."""
        return await _find(self._storage, WaveRecord, rollout_id, keys.wave_row(slug))

    async def save_wave(self, record: WaveRecord) -> WaveRecord:
        """Insert or replace; raises Conflict."""
        return await _save(self._storage, record, record.rollout_id, keys.wave_row(record.slug))

    async def list_batches(self, rollout_id: str, wave: str, epoch: int) -> list[BatchRecord]:
        """The batches of one run of a wave, by number."""
        prefix = keys.batch_rows(wave, epoch)
        return await _list(self._storage, BatchRecord, rollout_id, prefix)

    async def get_batch(self, rollout_id: str, wave: str, epoch: int, number: int) -> BatchRecord:
        """One batch; raises NotFound."""
        row = keys.batch_row(wave, epoch, number)
        found = await _find(self._storage, BatchRecord, rollout_id, row)
        if found is None:
            raise NotFound(f"wave {wave} has no batch {number} in run {epoch}")
        return found

    async def save_batch(self, record: BatchRecord) -> BatchRecord:
        """Insert or replace; raises Conflict."""
        row = keys.batch_row(record.wave, record.epoch, record.number)
        return await _save(self._storage, record, record.rollout_id, row)

    async def list_teams(self, rollout_id: str) -> list[TeamRecord]:
        """All teams, by their keys."""
        teams = await _list(self._storage, TeamRecord, rollout_id, "team|")
        return sorted(teams, key=lambda t: t.spec.key)

    async def save_team(self, record: TeamRecord) -> TeamRecord:
        """Insert or replace; raises Conflict."""
        row = keys.team_row(record.spec.key)
        return await _save(self._storage, record, record.rollout_id, row)

    async def get_seats(self, rollout_id: str, part_number: str) -> SeatLedger:
        """The SKU's promises; an empty ledger with an empty etag where there is none."""
        row = keys.seats_row(part_number)
        found = await _find(self._storage, SeatLedger, rollout_id, row)
        return found or SeatLedger(part_number=part_number)

    async def save_seats(self, rollout_id: str, record: SeatLedger) -> SeatLedger:
        """Insert or replace; raises Conflict."""
        return await _save(self._storage, record, rollout_id, keys.seats_row(record.part_number))


async def _find(
    storage: Storage, model: type[_AnyRecord], partition: str, row: str
) -> _AnyRecord | None:
    found = await storage.read(WAVES_TABLE, partition, row)
    return None if found is None else load(model, found, etag=found["etag"])


async def _list(
    storage: Storage, model: type[_AnyRecord], partition: str, prefix: str
) -> list[_AnyRecord]:
    query = in_partition(partition, start=prefix, end=keys.end_of(prefix))
    return [load(model, row, etag=row["etag"]) async for row in storage.query(WAVES_TABLE, query)]


async def _save(storage: Storage, record: _Record, partition: str, row: str) -> _Record:
    entity = {"PartitionKey": partition, "RowKey": row, **split_text(complete(record))}
    etag = await storage.save(WAVES_TABLE, entity, etag=record.etag)
    return record.model_copy(update={"etag": etag})
