"""Tenant simulator: the append-only journal of what really changed.

Correctness of a rollout is judged from here, so a line is written where an object changed,
and none where nothing did. Lines go to a spooled file: 100,000 people make half a million.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any

from teams_rollout.tenant.wire import dumps, iso_ms

_IN_MEMORY_BYTES = 64 * 1024 * 1024


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
    """Writes effects as JSON lines and counts changes, so that redundant writes show."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  lives as long as we do
        self._offsets = array("Q", [0])
        self.changes = 0

    @property
    def last_seq(self) -> int:
        """Sequence number of the newest line; 0 when there is none."""
        return len(self._offsets) - 1

    def write(
        self, kind: str, object_id: str, *, cause: Cause, at: float, before: Any, after: Any
    ) -> None:
        """Append one effect; `at` is epoch seconds of the change itself."""
        line = {
            "seq": self.last_seq + 1,
            "at": iso_ms(at),
            "received_at": iso_ms(cause.received_at),
            "cause": cause.kind,
            "kind": kind,
            "objectId": object_id,
            "before": before,
            "after": after,
            "request_id": cause.request_id,
        }
        self._file.seek(0, 2)
        self._file.write(dumps(line) + b"\n")
        self._offsets.append(self._file.tell())
        self.changes += 1

    def silent(self) -> None:
        """Note a change that no effect kind describes, so that it is not called redundant."""
        self.changes += 1

    def read(self, *, after: int = 0) -> bytes:
        """Return the lines with a sequence number above `after`."""
        self._file.seek(self._offsets[min(max(after, 0), self.last_seq)])
        return self._file.read()

    def close(self) -> None:
        """Give the spool file back."""
        self._file.close()
