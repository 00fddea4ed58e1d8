"""Records to properties and back: compact JSON, long texts split, long lists chunked. Pure.

A string property holds at most 32 K characters and a row 1 MiB; both limits are kept here, so
that no adapter has to think of them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

Row = dict[str, Any]
"""One entity: PartitionKey, RowKey and properties."""

TEXT_LIMIT = 30_000
"""Characters in one property; the service takes 32 K."""

PARTS_LIMIT = 15
"""Properties over which one text may be spread: 450,000 characters, 900 KB of the row's 1 MiB."""

_SYSTEM = frozenset({"PartitionKey", "RowKey", "Timestamp", "etag"})

Model = TypeVar("Model", bound=BaseModel)


class TooLarge(ValueError):
    """A value does not fit into one row."""


def compact(record: BaseModel, *, exclude: set[str] | None = None) -> str:
    """JSON without what equals the defaults, for rows that exist once per person."""
    return record.model_dump_json(exclude_defaults=True, exclude=exclude)


def complete(record: BaseModel) -> str:
    """JSON with every field but the etag: a changed default must not change a stored decision."""
    return record.model_dump_json(exclude={"etag"})


def property_names(row: Row) -> list[str]:
    """Names of what the row holds beside its keys, time and etag."""
    return [name for name in row if name not in _SYSTEM]


def split_text(text: str, *, name: str = "doc") -> Row:
    """Properties `doc0`, `doc1`, ... that together hold the text.

    Raises:
        TooLarge: it does not fit into one row.
    """
    parts = [text[at : at + TEXT_LIMIT] for at in range(0, len(text), TEXT_LIMIT)] or [""]
    if len(parts) > PARTS_LIMIT:
        raise TooLarge(f"{len(text)} characters do not fit into one row of the ledger")
    return {f"{name}{number}": part for number, part in enumerate(parts)}


def join_text(row: Mapping[str, Any], *, name: str = "doc") -> str:
    """The text that `split_text` spread."""
    parts: list[str] = []
    while (part := row.get(f"{name}{len(parts)}")) is not None:
        parts.append(part)
    return "".join(parts)


def load(model: type[Model], row: Mapping[str, Any], *, etag: str | None = None) -> Model:
    """The record of a row that holds one; with `etag` for records that carry it."""
    record = model.model_validate_json(join_text(row))
    return record if etag is None else record.model_copy(update={"etag": etag})


def chunk(items: Iterable[BaseModel]) -> Iterator[str]:
    """JSON lists of items, each below the limit of a property.

    Raises:
        TooLarge: one item alone is over the limit.
    """
    texts: list[str] = []
    size = 2
    for item in items:
        text = compact(item)
        if len(text) + 2 > TEXT_LIMIT:
            raise TooLarge(f"an item of {len(text)} characters does not fit into the ledger")
        if size + len(text) + 1 > TEXT_LIMIT:
            yield f"[{','.join(texts)}]"
            texts, size = [], 2
        texts.append(text)
        size += len(text) + 1
    if texts:
        yield f"[{','.join(texts)}]"


def unchunk(model: type[Model], texts: Sequence[str]) -> list[Model]:
    """The items of chunks, in order."""
    return [model.model_validate(item) for text in texts for item in json.loads(text)]
