"""Notices in Azure Tables: what was asked for, and a marker per person and notice.

A marker is a row of its own beside the person, so that inserting it decides who may send: of two
who try, one meets the other's row. Settling it and the timeline's line are one transaction.
"""

from collections.abc import Sequence

from teams_rollout.contracts.names import OPERATIONS_TABLE, USERS_TABLE, WAVES_TABLE
from teams_rollout.ledger import keys
from teams_rollout.ledger.codec import Row, complete, load, split_text
from teams_rollout.ledger.connection import Storage, in_partitions
from teams_rollout.ledger.notice_records import NoticeMarker, NoticeOrder
from teams_rollout.ledger.operations import delete, put
from teams_rollout.ledger.people import event_properties
from teams_rollout.ledger.ports import Conflict, NotFound
from teams_rollout.ledger.records import TimelineEvent, UserUpdate
from teams_rollout.ledger.users import event_row


class TableNoticeStore:
    """Implements `ports.NoticeStore`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def save_notice_order(self, order: NoticeOrder) -> None:
        """Keep what was asked for; the first one of an id counts."""
        row = {
            "PartitionKey": keys.NOTICE_PARTITION,
            "RowKey": keys.encode(order.id),
            **split_text(complete(order)),
        }
        try:
            await self._storage.save(OPERATIONS_TABLE, row, etag="")
        except Conflict:
            return  # the request was repeated, with the same content

    async def find_notice_order(self, order_id: str) -> NoticeOrder | None:
        """What was asked for under this id."""
        row = await self._storage.read(
            OPERATIONS_TABLE, keys.NOTICE_PARTITION, keys.encode(order_id)
        )
        return None if row is None else load(NoticeOrder, row)

    async def list_notices(
        self, rollout_id: str, *, wave: str, kind: str, occasion: str
    ) -> dict[str, NoticeMarker]:
        """Everybody's marker of one notice, by ref."""
        start = keys.notice_rows(wave, kind, occasion)
        query = in_partitions(keys.shards_of(rollout_id), start=start, end=keys.end_of(start))
        markers = [
            load(NoticeMarker, row, etag=row["etag"])
            async for row in self._storage.query(USERS_TABLE, query)
        ]
        return {marker.key.ref: marker for marker in markers if marker.key}

    async def claim_notice(self, marker: NoticeMarker) -> NoticeMarker:
        """Write the marker before sending: insert, or replace the version that it carries.

        Raises:
            Conflict: somebody else sends, or has sent, this notice.
        """
        table, row = _row_of(marker)
        try:
            etag = await self._storage.save(table, row, etag=marker.etag)
        except Conflict:
            found = await self._storage.read(table, row["PartitionKey"], row["RowKey"])
            if found is None or load(NoticeMarker, found).attempt != marker.attempt:
                raise
            etag = found["etag"]  # the SDK sent it twice after a lost answer: it is ours
        return marker.model_copy(update={"etag": etag})

    async def settle_notice(
        self, marker: NoticeMarker, events: Sequence[TimelineEvent] = ()
    ) -> None:
        """Write what became of a notice, and the person's timeline with it."""
        table, row = _row_of(marker)
        operations = [put(row)]
        if marker.key is not None and events:
            update = UserUpdate(ref=marker.key.ref, events=tuple(events))
            properties = event_properties([update])
            operations.append(put(event_row(marker.key.shard, [update], properties)))
        await self._storage.transact(table, operations)

    async def release_notice(self, marker: NoticeMarker) -> None:
        """Forget a claim of a notice that was certainly not sent."""
        table, row = _row_of(marker)
        try:
            await self._storage.transact(table, [delete(row["PartitionKey"], row["RowKey"])])
        except NotFound:
            return  # the SDK sent it twice

    async def find_card(
        self, rollout_id: str, *, wave: str, kind: str, occasion: str
    ) -> NoticeMarker | None:
        """The marker of the channel's card about one notice."""
        key = keys.card_row(wave, kind, occasion)
        row = await self._storage.read(WAVES_TABLE, rollout_id, key)
        return None if row is None else load(NoticeMarker, row, etag=row["etag"])


def _row_of(marker: NoticeMarker) -> tuple[str, Row]:
    """Table and row of a marker."""
    names = marker.wave, marker.kind.value, marker.occasion
    content = split_text(complete(marker))
    if marker.key is None:
        keyed = {"PartitionKey": marker.rollout_id, "RowKey": keys.card_row(*names)}
        return WAVES_TABLE, {**keyed, **content}
    row_key = f"{keys.notice_rows(*names)}{keys.check_ref(marker.key.ref)}"
    return USERS_TABLE, {"PartitionKey": marker.key.shard, "RowKey": row_key, **content}
