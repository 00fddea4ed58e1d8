"""The row in Azure Tables over which processes share Graph's quotas (ADR 0007).

It implements `graph.leases.LeaseStore` by shape: the ledger does not know Graph.
"""

from datetime import datetime

from teams_rollout.contracts.names import QUOTAS_TABLE
from teams_rollout.ledger import keys
from teams_rollout.ledger.codec import join_text, split_text
from teams_rollout.ledger.connection import Storage
from teams_rollout.ledger.ports import Conflict, LedgerError


class TableLeaseStore:
    """One row of text, replaced by ETag.

    Args:
        name: which quotas; processes that draw from the same ones name the same row.
    """

    def __init__(self, storage: Storage, *, name: str) -> None:
        self._storage = storage
        self._row = keys.digest(name)

    async def read(self) -> tuple[str, str, float | None]:
        """Text, version (both empty where there is no row) and the storage's clock.

        Raises:
            ConnectionError: the storage did not answer, or refused.
        """
        try:
            row, date = await self._storage.read_dated(
                QUOTAS_TABLE, keys.QUOTAS_PARTITION, self._row
            )
        except LedgerError as error:
            raise ConnectionError(str(error)) from error
        if row is None:
            return "", "", _seconds(date)
        return join_text(row), str(row["etag"]), _seconds(date)

    async def replace(self, text: str, *, version: str) -> tuple[str, float | None] | None:
        """Write the row if it still has this version: new version and clock; None = it has not.

        Raises:
            ConnectionError: the storage did not answer, or refused; the row may be written.
        """
        row = {"PartitionKey": keys.QUOTAS_PARTITION, "RowKey": self._row, **split_text(text)}
        try:
            etag, date = await self._storage.save_dated(QUOTAS_TABLE, row, etag=version)
        except Conflict:
            return None
        except LedgerError as error:
            raise ConnectionError(str(error)) from error
        return etag, _seconds(date)


def _seconds(date: datetime | None) -> float | None:
    return None if date is None else date.timestamp()
