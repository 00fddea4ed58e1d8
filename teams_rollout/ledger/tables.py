"""The ledger on Azure Tables and Queues: one facade over the stores, one connection."""

from email.utils import parsedate_to_datetime
from typing import Self

from azure.core.credentials_async import AsyncTokenCredential

from teams_rollout.contracts.names import (
    BATCH_POISON_QUEUE,
    BATCH_QUEUE,
    TABLES,
    WAKE_UP_QUEUE,
)
from teams_rollout.ledger.audit import TableAuditStore
from teams_rollout.ledger.connection import Storage
from teams_rollout.ledger.fan_out import for_each
from teams_rollout.ledger.hand_offs import TableHandOffStore
from teams_rollout.ledger.inspection import StorageLook
from teams_rollout.ledger.journal import TableJournalStore
from teams_rollout.ledger.leases import TableLeaseStore
from teams_rollout.ledger.lookup import TableLookupStore
from teams_rollout.ledger.notices import TableNoticeStore
from teams_rollout.ledger.outbox import QueueOutbox
from teams_rollout.ledger.ready import TableReadyStore
from teams_rollout.ledger.rollouts import TableRolloutStore
from teams_rollout.ledger.staging import TableImportStore, TablePlanStore
from teams_rollout.ledger.stops import TableStopStore
from teams_rollout.ledger.users import TableUserStore

_AZURE = (
    ".core.windows.net",
    ".core.chinacloudapi.cn",
    ".core.usgovcloudapi.net",
    ".storage.azure.net",  # accounts with a DNS zone of their own
)
_QUEUES = (BATCH_QUEUE, WAKE_UP_QUEUE, BATCH_POISON_QUEUE)


class TableLedger(
    TableRolloutStore,
    TableUserStore,
    TableLookupStore,
    TableImportStore,
    TableHandOffStore,
    TablePlanStore,
    TableReadyStore,
    TableJournalStore,
    TableAuditStore,
    QueueOutbox,
    TableStopStore,
    TableNoticeStore,
):
    """Implements `ports.Ledger`; one per process and event loop, safe under concurrency."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self._storage = storage

    @classmethod
    def from_connection_string(cls, connection: str) -> Self:
        """Open the account that the connection string names (Azurite, or with a key or SAS)."""
        return cls(Storage.from_connection_string(connection))

    @classmethod
    def from_account(
        cls, *, table_url: str, queue_url: str, credential: AsyncTokenCredential
    ) -> Self:
        """Open an account as an identity; the caller closes the credential."""
        return cls(
            Storage.from_account(table_url=table_url, queue_url=queue_url, credential=credential)
        )

    def quotas(self, name: str) -> TableLeaseStore:
        """The row over which processes share the quotas of this name."""
        return TableLeaseStore(self._storage, name=name)

    async def prepare(self) -> None:
        """Create the tables and queues that are missing; safe to repeat and to race."""
        await for_each(TABLES, self._storage.create_table, at_once=4)
        await for_each(_QUEUES, self._storage.create_queue, at_once=4)

    async def inspect(self) -> StorageLook:
        """Which tables and queues are there, and what time it is there; two requests."""
        names, date, host = await self._storage.list_names()
        return StorageLook(
            is_emulator=not host.endswith(_AZURE),
            missing=tuple(name for name in (*TABLES, *_QUEUES) if name not in names),
            time=parsedate_to_datetime(date) if date else None,
        )

    async def close(self) -> None:
        """Close the sockets."""
        await self._storage.close()
