"""The search index as sorted blocks of entries, like the leaves of a B-tree. Pure.

A leaf holds up to 100 entries in key order and is stored under the key of its last entry, so
that one range query from a prefix upwards meets every entry with that prefix, and indexing
6,000 people writes some hundred rows instead of thirty thousand (ADR 0004).
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pydantic import BaseModel, ConfigDict

from teams_rollout.ledger.keys import encode

FULL = 100
CUT = 80
"""Entries in a fresh leaf: room for a few joiners before it has to be cut again."""

CHARACTERS = 24_000


class Card(BaseModel):
    """What a search shows of a person, and the words that found him or her."""

    model_config = ConfigDict(frozen=True)

    shard: str
    ref: str
    name: str
    upn: str
    department: str = ""
    words: tuple[str, ...] = ()


class Entry(BaseModel):
    """One word of one person."""

    model_config = ConfigDict(frozen=True)

    word: str
    card: Card

    @property
    def key(self) -> str:
        """Where the entry belongs: by word, then person."""
        return entry_key(self.word, self.card.ref)


def entry_key(word: str, ref: str) -> str:
    """Sort key of a person's word; words that begin alike are neighbours."""
    return f"{encode(word)}|{ref}"


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A stored block.

    Attributes:
        key: key of the last entry when the leaf was cut; its row key.
    """

    key: str
    entries: tuple[Entry, ...]
    etag: str = ""


@dataclass(frozen=True, kw_only=True)
class LeafChange:
    """One old leaf (None: there was none) and what takes its place; applied atomically."""

    old: Leaf | None
    new: tuple[Leaf, ...] = field(default=())


Changes = Mapping[str, Entry | None]
"""Entries to set (or, None, to remove) by key."""


def apply(leaves: Sequence[Leaf], changes: Changes) -> list[LeafChange]:
    """Work out which leaves change; those that stay as they are, are not mentioned."""
    bounds = [leaf.key for leaf in leaves]
    touched: dict[int, dict[str, Entry | None]] = {}
    for key, entry in changes.items():
        place = min(bisect_left(bounds, key), max(len(leaves) - 1, 0))
        touched.setdefault(place, {})[key] = entry
    planned = [_change(leaves[place] if leaves else None, some) for place, some in touched.items()]
    return [change for change in planned if change is not None]


def _change(old: Leaf | None, changes: Changes) -> LeafChange | None:
    before = {e.key: e for e in old.entries} if old else {}
    after = dict(before)
    for key, entry in changes.items():
        if entry is None:
            after.pop(key, None)
        else:
            after[key] = entry
    if after == before:
        return None
    ordered = tuple(after[key] for key in sorted(after))
    if old and ordered and _fits(ordered) and ordered[-1].key <= old.key:
        # The bound may lie above the last entry: the row keeps its key and is replaced in place.
        return LeafChange(old=old, new=(Leaf(key=old.key, entries=ordered),))
    return LeafChange(old=old, new=tuple(_cut(ordered)))


def _cut(entries: Sequence[Entry]) -> list[Leaf]:
    if _fits(entries):
        return [_leaf(entries)] if entries else []
    bounds, size = [0], 0
    for at, entry in enumerate(entries):
        size += _size(entry)
        if at - bounds[-1] >= CUT or size > CHARACTERS:
            bounds.append(at)
            size = _size(entry)
    bounds.append(len(entries))
    return [_leaf(entries[start:end]) for start, end in pairwise(bounds)]


def _leaf(entries: Sequence[Entry]) -> Leaf:
    return Leaf(key=entries[-1].key, entries=tuple(entries))


def _fits(entries: Sequence[Entry]) -> bool:
    return len(entries) <= FULL and sum(map(_size, entries)) <= CHARACTERS


def _size(entry: Entry) -> int:
    card = entry.card
    words = sum(map(len, card.words)) + 3 * len(card.words)
    return 90 + len(entry.word) + len(card.name) + len(card.upn) + len(card.department) + words
