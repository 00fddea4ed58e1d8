"""What a transaction is made of, and how many of them a lot of changes needs. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from azure.core import MatchConditions
from azure.data.tables import UpdateMode

from teams_rollout.ledger.codec import Row

TRANSACTION_LIMIT = 100

CHARACTERS_LIMIT = 2_000_000
"""Half of a transaction's 4 MiB: JSON inside JSON grows by its escaped quotes."""

Operation = tuple[str, Row, dict[str, Any]]
"""Kind, row and options, as the SDK takes it."""


def insert(row: Row) -> Operation:
    """Fails the transaction when the row exists."""
    return ("create", row, {})


def put(row: Row) -> Operation:
    """Insert or replace, whatever is there."""
    return ("upsert", row, {"mode": UpdateMode.REPLACE})


def merge(row: Row) -> Operation:
    """Insert, or change only the properties given."""
    return ("upsert", row, {"mode": UpdateMode.MERGE})


def replace(row: Row, *, etag: str) -> Operation:
    """Replace exactly that version of the row."""
    options = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    return ("update", row, {"mode": UpdateMode.REPLACE, **options})


def merge_version(row: Row, *, etag: str) -> Operation:
    """Change only the properties given, of exactly that version of the row."""
    options = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    return ("update", row, {"mode": UpdateMode.MERGE, **options})


def delete(partition: str, row: str, *, etag: str | None = None) -> Operation:
    """Remove the row, or exactly that version of it."""
    keys = {"PartitionKey": partition, "RowKey": row}
    if etag is None:
        return ("delete", keys, {})
    return ("delete", keys, {"etag": etag, "match_condition": MatchConditions.IfNotModified})


def pack(groups: Iterable[Sequence[Operation]]) -> Iterator[list[Operation]]:
    """Fill transactions, in order; a group stays whole wherever it fits into one."""
    held: list[Operation] = []
    size = 0
    for group in groups:
        weights = [_weight(operation) for operation in group]
        if held and not _has_room(held, size, more=len(group), weight=sum(weights)):
            yield held
            held, size = [], 0
        for operation, weight in zip(group, weights, strict=True):
            if held and not _has_room(held, size, more=1, weight=weight):
                yield held
                held, size = [], 0
            held.append(operation)
            size += weight
    if held:
        yield held


def _has_room(held: Sequence[Operation], size: int, *, more: int, weight: int) -> bool:
    return len(held) + more <= TRANSACTION_LIMIT and size + weight <= CHARACTERS_LIMIT


def _weight(operation: Operation) -> int:
    return sum(len(value) for value in operation[1].values() if isinstance(value, str))
