"""The helpdesk's search index in Azure Tables: one partition and one request per question."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from pydantic import TypeAdapter

from teams_rollout.contracts.names import LOOKUP_TABLE
from teams_rollout.domain.roster import UserKey
from teams_rollout.ledger import keys
from teams_rollout.ledger.codec import Row, compact, join_text, property_names, split_text
from teams_rollout.ledger.connection import Storage, in_partition
from teams_rollout.ledger.fan_out import for_each
from teams_rollout.ledger.leaves import Card, Entry, Leaf, LeafChange, apply, entry_key
from teams_rollout.ledger.operations import Operation, delete, insert, merge, pack, replace
from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.records import LookupHit, UserRecord
from teams_rollout.ledger.words import SHORTEST, matches, question, split_words, words_of

_AT_ONCE = 4
_ATTEMPTS = 5
_PEOPLE_AT_ONCE = 20_000
"""Bounds the memory of one pass; every pass reads each partition that it changes."""

_BREATH = 500
"""People after whom others in this process get their turn: some 20 ms of work."""

_LEAVES_READ = 40
"""Leaves that one question reads at most: several thousand entries, below 1 MB."""

_ENTRIES = TypeAdapter(tuple[Entry, ...])


class TableLookupStore:
    """Implements `ports.LookupStore`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def index(self, rollout_id: str, records: Sequence[UserRecord]) -> None:
        """Make people findable; words that no longer belong to somebody are removed.

        Indexing the same people again reads a row per shard and writes nothing. Addresses stay
        when they change: people are asked for by their former UPN for months.
        """
        for at in range(0, len(records), _PEOPLE_AT_ONCE):
            await self._index(rollout_id, records[at : at + _PEOPLE_AT_ONCE])

    async def search(self, rollout_id: str, query: str, *, limit: int = 20) -> list[LookupHit]:
        """People for whom every word of the query begins an indexed word.

        Nobody for queries without a word of two characters. One request in one partition.
        """
        asked = question(query)
        longest = max(asked, key=len, default="")
        if len(longest) < SHORTEST:
            return []
        prefix = keys.encode(longest)
        rows = await self._storage.first_page(
            LOOKUP_TABLE,
            _leaves_with(prefix, keys.word_partition(rollout_id, longest)),
            limit=_leaves_needed(asked, limit),
        )
        hits: dict[str, LookupHit] = {}
        for entry in _with_prefix(rows, prefix):
            if len(hits) == limit:
                break
            if matches(asked, _compared(entry.card, asked)):
                hits.setdefault(entry.card.ref, _hit(entry))
        return list(hits.values())

    async def _index(self, rollout_id: str, records: Sequence[UserRecord]) -> None:
        known = await self._cards(rollout_id, {r.key.shard for r in records})
        fresh: dict[str, Card] = {}
        changes: defaultdict[str, dict[str, Entry | None]] = defaultdict(dict)
        for number, record in enumerate(records):
            if number % _BREATH == 0:
                await asyncio.sleep(0)
            before = known.get(record.key.ref)
            card = _card(record, before)
            if card == before:
                continue
            fresh[record.key.ref] = card
            for word, entry in _entries(before, card):
                partition = keys.word_partition(rollout_id, word)
                changes[partition][entry_key(word, card.ref)] = entry

        async def change(partition: str) -> None:
            await self._change(partition, changes[partition])

        await for_each(list(changes), change, at_once=_AT_ONCE)
        # Last, so that a crash before this line makes the next call do the same again.
        await self._keep_cards(rollout_id, fresh.values())

    async def _change(self, partition: str, changes: dict[str, Entry | None]) -> None:
        for _ in range(_ATTEMPTS):
            rows = self._storage.query(LOOKUP_TABLE, in_partition(partition))
            leaves = [_leaf(row) async for row in rows]
            try:
                groups = [_operations(partition, c) for c in apply(leaves, changes)]
                for operations in pack(groups):
                    await self._storage.transact(LOOKUP_TABLE, operations)
            except Conflict:
                continue  # somebody indexed the same words: look again
            return
        raise Conflict("the search index kept changing: try again")

    async def _cards(self, rollout_id: str, shards: Iterable[str]) -> dict[str, Card]:
        cards: dict[str, Card] = {}

        async def read(shard: str) -> None:
            partition = keys.cards_partition(rollout_id)
            row = await self._storage.read(LOOKUP_TABLE, partition, shard)
            if row is not None:
                for name in property_names(row):
                    cards[name] = Card.model_validate_json(row[name])

        await for_each(sorted(shards), read, at_once=_AT_ONCE)
        return cards

    async def _keep_cards(self, rollout_id: str, cards: Iterable[Card]) -> None:
        rows: dict[str, Row] = {}
        for card in cards:
            row = {"PartitionKey": keys.cards_partition(rollout_id), "RowKey": card.shard}
            rows.setdefault(card.shard, row)[keys.check_ref(card.ref)] = compact(card)
        for operations in pack([merge(row)] for row in rows.values()):
            await self._storage.transact(LOOKUP_TABLE, operations)


def _card(record: UserRecord, before: Card | None) -> Card:
    """What the person is found by; nobody finds those whom an import removed."""
    words = set() if record.removed else {*words_of(record)}
    if before is not None and not record.removed:
        words |= {w for w in before.words if "@" in w}
    observed = record.observed
    return Card(
        shard=record.key.shard,
        ref=record.key.ref,
        name=observed.display_name if observed else "",
        upn=record.upn,
        department=observed.department if observed else "",
        words=tuple(sorted(words)),
    )


def _entries(before: Card | None, card: Card) -> Iterator[tuple[str, Entry | None]]:
    gone = set(before.words) - set(card.words) if before else set()
    for word in sorted(gone):
        yield word, None
    for word in card.words:
        yield word, Entry(word=word, card=card)


def _compared(card: Card, asked: Sequence[str]) -> Sequence[str]:
    """Initials are not indexed, but they narrow: the name of the card still has them."""
    has_initial = any(len(word) < SHORTEST for word in asked)
    return (*card.words, *split_words(card.name)) if has_initial else card.words


def _hit(entry: Entry) -> LookupHit:
    card = entry.card
    return LookupHit(
        key=UserKey(shard=card.shard, ref=card.ref),
        display_name=card.name,
        upn=card.upn,
        department=card.department,
        matched=entry.word,
    )


def _leaves_needed(asked: Sequence[str], limit: int) -> int:
    """All of them to sift by a second word; otherwise leaves are mostly well filled."""
    return _LEAVES_READ if len(asked) > 1 else min(_LEAVES_READ, 2 + limit // 20)


def _leaves_with(prefix: str, partition: str) -> str:
    """Filter: leaves that may hold entries with the prefix; each is stored under its last key."""
    return f"{in_partition(partition, start=prefix)} and first lt '{keys.end_of(prefix)}'"


def _with_prefix(rows: Iterable[Row], prefix: str) -> Iterator[Entry]:
    for row in rows:
        for entry in _leaf(row).entries:
            if entry.key.startswith(prefix):
                yield entry


def _leaf(row: Row) -> Leaf:
    entries = _ENTRIES.validate_json(join_text(row, name="entries"))
    return Leaf(key=row["RowKey"], entries=entries, etag=row["etag"])


def _operations(partition: str, change: LeafChange) -> list[Operation]:
    """Inserts first and the delete last: should they not fit into one transaction, entries are
    there twice for a moment, which a search does not show."""
    old = change.old
    operations: list[Operation] = []
    for leaf in change.new:
        text = _ENTRIES.dump_json(leaf.entries, exclude_defaults=True).decode()
        keyed = {"PartitionKey": partition, "RowKey": leaf.key, "first": leaf.entries[0].key}
        row = keyed | split_text(text, name="entries")
        if old is not None and leaf.key == old.key:
            operations.append(replace(row, etag=old.etag))
        else:
            operations.append(insert(row))
    if old is not None and all(leaf.key != old.key for leaf in change.new):
        operations.append(delete(partition, old.key, etag=old.etag))
    return operations
