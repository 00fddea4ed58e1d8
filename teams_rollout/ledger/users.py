"""People, their snapshots and timelines in Azure Tables: one partition per shard."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from itertools import islice
from uuid import uuid4

from teams_rollout.contracts.names import USERS_TABLE
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.roster import UserKey
from teams_rollout.ledger import keys, people
from teams_rollout.ledger.codec import Row
from teams_rollout.ledger.connection import Storage, in_partition, in_partitions
from teams_rollout.ledger.fan_out import for_each
from teams_rollout.ledger.operations import Operation, insert, merge, merge_version, put
from teams_rollout.ledger.ports import Conflict, NotFound
from teams_rollout.ledger.records import TimelineEvent, UserRecord, UserUpdate

PEOPLE_LIMIT = 100
"""People in one shard and in one commit; a row holds at most 252 properties."""

_FEW = 40
"""People up to whom a request names them; it would grow too long to name everybody."""

_SHARDS_AT_ONCE = 4
_ATTEMPTS = 5


class TableUserStore:
    """Implements `ports.UserStore`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def list_shard(self, shard: str, refs: Collection[str] | None = None) -> list[UserRecord]:
        """The people of a shard in the order of their refs, by one request."""
        few = refs is not None and len(refs) <= _FEW
        select = ["PartitionKey", "RowKey", *map(keys.check_ref, refs or ())] if few else None
        query = self._storage.query(USERS_TABLE, _state_of(shard), select=select)
        return people.assemble(shard, [row async for row in query], refs=refs)

    async def list_users(
        self, rollout_id: str, *, with_removed: bool = False
    ) -> AsyncIterator[UserRecord]:
        """Everybody, shard after shard; those whom an import removed only if asked for."""
        query = in_partitions(
            keys.shards_of(rollout_id), start=people.STATE, end=keys.end_of(people.STATE)
        )
        async for shard, rows in _by_partition(self._storage.query(USERS_TABLE, query)):
            for record in people.assemble(shard, rows):
                if with_removed or not record.removed:
                    yield record

    async def put_users(self, records: Sequence[UserRecord]) -> None:
        """Insert or replace whole people; steps that a record lacks are cleared."""
        shards: defaultdict[str, list[UserRecord]] = defaultdict(list)
        for record in records:
            shards[record.key.shard].append(record)

        async def put_shard(shard: str) -> None:
            for part in _parts(shards[shard]):
                await self._write(shard, people.whole_columns(part))

        await for_each(list(shards), put_shard, at_once=_SHARDS_AT_ONCE)

    async def commit(self, shard: str, updates: Sequence[UserUpdate]) -> None:
        """Merge the changed columns and add the events, in one transaction.

        Raises:
            ValueError: more than 100 people.
        """
        if len(updates) > PEOPLE_LIMIT:
            raise ValueError(f"{len(updates)} people; one commit holds at most {PEOPLE_LIMIT}")
        events = people.event_properties(updates)
        extra = [put(event_row(shard, updates, events))] if events else []
        await self._write(shard, people.changed_columns(updates), extra=extra)

    async def insert_snapshots(
        self, shard: str, snapshots: Sequence[tuple[str, ObservedUser]], *, at: datetime
    ) -> int:
        """Keep each person's state before our first write once; returns how many are new."""
        for _ in range(_ATTEMPTS):
            rows = await self._snapshot_rows(shard)
            missing = people.missing_snapshots(rows, snapshots, at=at)
            etags = {row["RowKey"]: row["etag"] for row in rows}
            try:
                await self._storage.transact(
                    USERS_TABLE, [_guarded(shard, key, missing[key], etags) for key in missing]
                )
            except Conflict:
                continue  # somebody kept some of them first: look again
            return sum(len(column) for column in missing.values())
        raise Conflict(f"snapshots of {shard} kept changing: try again")

    async def list_snapshots(self, shard: str) -> dict[str, ObservedUser]:
        """People as they were before our first write, by ref; what a rollback returns to."""
        return people.snapshots_in(await self._snapshot_rows(shard))

    async def get_person(self, key: UserKey) -> tuple[UserRecord, list[TimelineEvent]]:
        """One person with the timeline, newest first, by one request in one partition.

        Raises:
            NotFound: nobody has that key.
        """
        query = (
            f"({_state_of(key.shard)}) or "
            f"({in_partition(key.shard, start=people.EVENTS, end=keys.end_of(people.EVENTS))})"
        )
        select = ["PartitionKey", "RowKey", keys.check_ref(key.ref)]
        rows = [row async for row in self._storage.query(USERS_TABLE, query, select=select)]
        found = people.assemble(key.shard, rows, refs={key.ref})
        if not found:
            raise NotFound(f"nobody in {key.shard} has the reference {key.ref}")
        return found[0], people.timeline(key.ref, rows)

    async def _write(
        self, shard: str, columns: people.Columns, *, extra: Sequence[Operation] = ()
    ) -> None:
        merges = [merge(_row(shard, key, columns[key])) for key in columns]
        await self._storage.transact(USERS_TABLE, [*merges, *extra])

    async def _snapshot_rows(self, shard: str) -> list[Row]:
        query = in_partition(shard, start=people.SNAPSHOTS, end=keys.end_of(people.SNAPSHOTS))
        return [row async for row in self._storage.query(USERS_TABLE, query)]


def _state_of(shard: str) -> str:
    return in_partition(shard, start=people.STATE, end=keys.end_of(people.STATE))


def _row(shard: str, key: str, properties: Row) -> Row:
    return {"PartitionKey": shard, "RowKey": key, **properties}


def event_row(shard: str, updates: Sequence[UserUpdate], events: Row) -> Row:
    """What a commit adds to timelines, as a row of its own."""
    # The random end makes the row this commit's own, so that the SDK may send it twice.
    at = people.latest_event(updates) or datetime.now(UTC)
    key = f"{people.EVENTS}{keys.newest_first(at)}{uuid4().hex[:8]}"
    return _row(shard, key, events)


def _guarded(shard: str, key: str, column: Row, etags: dict[str, str]) -> Operation:
    row = _row(shard, key, column)
    return merge_version(row, etag=etags[key]) if key in etags else insert(row)


def _parts(records: Sequence[UserRecord]) -> list[list[UserRecord]]:
    rest = iter(records)
    return list(iter(lambda: list(islice(rest, PEOPLE_LIMIT)), []))


async def _by_partition(rows: AsyncIterator[Row]) -> AsyncIterator[tuple[str, list[Row]]]:
    held: list[Row] = []
    async for row in rows:
        if held and held[0]["PartitionKey"] != row["PartitionKey"]:
            yield held[0]["PartitionKey"], held
            held = []
        held.append(row)
    if held:
        yield held[0]["PartitionKey"], held
