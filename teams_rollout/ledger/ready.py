"""People ready to be put into teams, in Azure Tables: one partition per wave.

Like the columns of a shard (`people`), waits share rows: a property per person and team, in a
row per shard and slot. Clearing empties the property, so that marking and clearing are merges
that never meet, and the partition stays small however many people a wave has.
"""

from collections.abc import Iterable, Sequence

from teams_rollout.contracts.names import READY_TABLE
from teams_rollout.ledger import keys
from teams_rollout.ledger.codec import Row, compact, property_names
from teams_rollout.ledger.connection import Storage, in_partition
from teams_rollout.ledger.operations import merge, pack
from teams_rollout.ledger.records import ReadyMember


class TableReadyStore:
    """Implements `ports.ReadyStore`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def mark_ready(self, rollout_id: str, wave: str, members: Sequence[ReadyMember]) -> None:
        """Remember that these people wait for these teams; marking again changes nothing."""
        await self._merge(rollout_id, wave, ((m, compact(m)) for m in members))

    async def list_ready(self, rollout_id: str, wave: str) -> list[ReadyMember]:
        """Everybody in the wave who still waits for a team, the longest wait first."""
        query = in_partition(keys.ready_partition(rollout_id, wave))
        members = [
            ReadyMember.model_validate_json(row[name])
            async for row in self._storage.query(READY_TABLE, query)
            for name in property_names(row)
            if row[name]
        ]
        return sorted(members, key=lambda m: (m.ready_at, m.key.ref, m.team_key))

    async def clear_ready(self, rollout_id: str, wave: str, members: Sequence[ReadyMember]) -> None:
        """Forget these waits; those already forgotten are no error."""
        await self._merge(rollout_id, wave, ((m, "") for m in members))

    async def _merge(
        self, rollout_id: str, wave: str, values: Iterable[tuple[ReadyMember, str]]
    ) -> None:
        partition = keys.ready_partition(rollout_id, wave)
        rows: dict[str, Row] = {}
        for member, value in values:
            key = keys.ready_row(member.key.shard, member.team_key)
            row = rows.setdefault(key, {"PartitionKey": partition, "RowKey": key})
            row[keys.ready_property(member.key.ref, member.team_key)] = value
        for operations in pack([merge(row)] for row in rows.values()):
            await self._storage.transact(READY_TABLE, operations)
