"""Large values as one header row and chunk rows in a partition of their own.

The header is written last and counts the chunks, so that a reader sees the whole document or
none of it, and left-over chunks of an earlier, longer attempt are never read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel

from teams_rollout.ledger.codec import Row, chunk, join_text, split_text, unchunk
from teams_rollout.ledger.connection import Storage, in_partition
from teams_rollout.ledger.keys import HEADER, chunk_row, end_of
from teams_rollout.ledger.operations import pack, put

Model = TypeVar("Model", bound=BaseModel)


async def write_document(
    storage: Storage,
    table: str,
    partition: str,
    *,
    header: str,
    lists: Mapping[str, Iterable[BaseModel]],
) -> None:
    """Store the header's JSON and the named lists, replacing a document of that name."""
    chunks: list[Row] = []
    counts: Row = {}
    for kind, items in lists.items():
        texts = list(chunk(items))
        counts[f"chunks_{kind}"] = len(texts)
        chunks += [
            {"PartitionKey": partition, "RowKey": chunk_row(kind, number), "items": text}
            for number, text in enumerate(texts)
        ]
    for operations in pack([put(row)] for row in chunks):
        await storage.transact(table, operations)
    row = {"PartitionKey": partition, "RowKey": HEADER, **counts, **split_text(header)}
    await storage.transact(table, [put(row)])


async def read_header(storage: Storage, table: str, partition: str) -> str | None:
    """The header's JSON, or None when there is no (whole) document."""
    row = await storage.read(table, partition, HEADER)
    return None if row is None else join_text(row)


async def read_list(
    storage: Storage, table: str, partition: str, *, kind: str, model: type[Model]
) -> list[Model]:
    """One list of a document, in its order; empty when there is no document."""
    header = await storage.read(table, partition, HEADER)
    count = 0 if header is None else int(header.get(f"chunks_{kind}", 0))
    if count == 0:
        return []
    query = in_partition(partition, start=f"{kind}|", end=end_of(f"{kind}|"))
    rows = [row async for row in storage.query(table, query)]
    return unchunk(model, _texts(rows[:count]))


def _texts(rows: Sequence[Row]) -> list[str]:
    return [row["items"] for row in rows]
