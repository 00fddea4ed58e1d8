"""Tenant simulator: the append-only journal of what really changed.

Correctness of a rollout is judged from here, so a line is written where an object changed,
and none where nothing did. Full chunks are kept compressed: 100,000 people make half a million
lines.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from teams_rollout.tenant.wire import dumps, iso_ms

_CHUNK_LINES = 2048


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something changes: `request`, `background` or `admin`, and on whose arrival."""

    kind: str
    received_at: float
    request_id: str

    def later(self) -> Cause:
        """The same arrival, for work that Microsoft does afterwards."""
        return Cause("background", self.received_at, self.request_id)


class Journal:
    """Keeps effects as JSON lines and counts changes, so that redundant writes show."""

    def __init__(self) -> None:
        self._full: list[bytes] = []
        self._open: list[bytes] = []
        self.last_seq = 0
        self.changes = 0

    def write(
        self, kind: str, object_id: str, *, cause: Cause, at: float, before: Any, after: Any
    ) -> None:
        """Append one effect; `at` is epoch seconds of the change itself."""
        self.last_seq += 1
        self.changes += 1
        line = {
            "seq": self.last_seq,
            "at": iso_ms(at),
            "received_at": iso_ms(cause.received_at),
            "cause": cause.kind,
            "kind": kind,
            "objectId": object_id,
            "before": before,
            "after": after,
            "request_id": cause.request_id,
        }
        self._append(dumps(line) + b"\n")

    def silent(self) -> None:
        """Note a change that no effect kind describes, so that it is not called redundant."""
        self.changes += 1

    def restore(self, lines: bytes) -> None:
        """Take over the lines of an earlier run and go on numbering after them."""
        self._full, self._open = [], []
        for line in lines.splitlines(keepends=True):
            self._append(line)
        self.last_seq = len(self._full) * _CHUNK_LINES + len(self._open)

    def _append(self, line: bytes) -> None:
        self._open.append(line)
        if len(self._open) == _CHUNK_LINES:
            self._full.append(zlib.compress(b"".join(self._open), 1))
            self._open = []

    def read(self, *, after: int = 0) -> bytes:
        """Return the lines with a sequence number above `after`."""
        chunk, line = divmod(min(max(after, 0), self.last_seq), _CHUNK_LINES)
        if chunk == len(self._full):
            return b"".join(self._open[line:])
        first = zlib.decompress(self._full[chunk]).splitlines(keepends=True)[line:]
        others = [zlib.decompress(x) for x in self._full[chunk + 1 :]]
        return b"".join([*first, *others, *self._open])
