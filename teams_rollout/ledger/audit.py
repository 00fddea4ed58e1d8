"""The audit of human actions: a chain in which every entry carries the hash of the one before.

Changing, removing or inserting an entry breaks every hash after it; the chain's head, changed in
the same transaction as each entry, shows when the newest ones were cut off.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

from teams_rollout.contracts.names import AUDIT_TABLE
from teams_rollout.ledger import keys
from teams_rollout.ledger.codec import Row, complete, join_text, load, split_text
from teams_rollout.ledger.connection import Storage, in_partition
from teams_rollout.ledger.operations import Operation, insert, replace
from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.records import AuditEntry

_HEAD, _ENTRIES = "head", "a|"
_ATTEMPTS = 20


@dataclass(frozen=True, kw_only=True)
class AuditCheck:
    """The result of checking a chain.

    Attributes:
        entries: how many entries were read.
        broken_at: number of the newest entry (first = 1) that does not fit, None if all do.
    """

    entries: int
    broken_at: int | None = None


class TableAuditStore:
    """Implements the audit half of `ports.JournalStore`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def append_audit(self, rollout_id: str, entry: AuditEntry) -> None:
        """Add one entry at the end of the chain; concurrent ones line up.

        Raises:
            Conflict: twenty others were always faster.
        """
        nonce = uuid4().hex
        for _ in range(_ATTEMPTS):
            head = await self._storage.read(AUDIT_TABLE, rollout_id, _HEAD)
            if head is not None and head["nonce"] == nonce:
                return  # the SDK sent it twice after a lost answer: the first one counted
            try:
                await self._storage.transact(
                    AUDIT_TABLE, _appended(rollout_id, entry, head, nonce=nonce)
                )
            except Conflict:
                continue
            return
        raise Conflict("the audit is being written by many at once: try again")

    async def list_audit(self, rollout_id: str, *, limit: int = 200) -> list[AuditEntry]:
        """The newest entries, newest first."""
        entries: list[AuditEntry] = []
        async for row in self._storage.query(AUDIT_TABLE, _entries_of(rollout_id)):
            if len(entries) == limit:
                break
            entries.append(load(AuditEntry, row))
        return entries

    async def verify_audit(self, rollout_id: str) -> AuditCheck:
        """Read the whole chain and recompute every hash."""
        head = await self._storage.read(AUDIT_TABLE, rollout_id, _HEAD)
        rows = [row async for row in self._storage.query(AUDIT_TABLE, _entries_of(rollout_id))]
        return check_chain(head, rows)


def chain_hash(previous: str, sequence: int, nonce: str, content: str) -> str:
    """SHA-256 over the previous hash and everything that the entry says."""
    text = "\n".join((previous, str(sequence), nonce, content))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def check_chain(head: Row | None, rows: Iterable[Row]) -> AuditCheck:
    """Check entries, newest first, against the head and each other. Pure."""
    expected = str(head["hash"]) if head else ""
    sequence = int(head["sequence"]) if head else 0
    read = 0
    for row in rows:
        read += 1
        content = join_text(row)
        real = chain_hash(row["previous"], int(row["sequence"]), row["nonce"], content)
        if (real, int(row["sequence"])) != (expected, sequence):
            return AuditCheck(entries=read, broken_at=sequence)
        expected, sequence = str(row["previous"]), sequence - 1
    return AuditCheck(entries=read, broken_at=sequence or None)


def _appended(
    rollout_id: str, entry: AuditEntry, head: Row | None, *, nonce: str
) -> list[Operation]:
    sequence = int(head["sequence"]) + 1 if head else 1
    previous = str(head["hash"]) if head else ""
    content = complete(entry)
    link = {"sequence": sequence, "nonce": nonce}
    new_head = {
        "PartitionKey": rollout_id,
        "RowKey": _HEAD,
        "hash": chain_hash(previous, sequence, nonce, content),
        **link,
    }
    row = {
        "PartitionKey": rollout_id,
        "RowKey": f"{_ENTRIES}{keys.highest_first(sequence)}",
        "previous": previous,
        **link,
        **split_text(content),
    }
    return [insert(row), replace(new_head, etag=head["etag"]) if head else insert(new_head)]


def _entries_of(rollout_id: str) -> str:
    return in_partition(rollout_id, start=_ENTRIES, end=keys.end_of(_ENTRIES))
