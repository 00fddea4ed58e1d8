"""Long operations and drift reports in Azure Tables."""

from teams_rollout.contracts.names import DRIFT_TABLE, OPERATIONS_TABLE
from teams_rollout.ledger import keys
from teams_rollout.ledger.codec import complete, load, split_text
from teams_rollout.ledger.connection import Storage, in_partition
from teams_rollout.ledger.documents import read_header, read_list, write_document
from teams_rollout.ledger.operations import put
from teams_rollout.ledger.records import DriftItem, DriftReport, OperationRecord


class TableJournalStore:
    """Implements the operations and drift half of `ports.JournalStore`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def save_operation(self, record: OperationRecord) -> OperationRecord:
        """Insert or replace; raises Conflict."""
        row = {
            "PartitionKey": keys.OPERATION_PARTITION,
            "RowKey": keys.encode(record.id),
            **split_text(complete(record)),
        }
        etag = await self._storage.save(OPERATIONS_TABLE, row, etag=record.etag)
        return record.model_copy(update={"etag": etag})

    async def find_operation(self, operation_id: str) -> OperationRecord | None:
        """One operation by its id."""
        row = await self._storage.read(
            OPERATIONS_TABLE, keys.OPERATION_PARTITION, keys.encode(operation_id)
        )
        return None if row is None else load(OperationRecord, row, etag=row["etag"])

    async def save_drift(self, rollout_id: str, report: DriftReport) -> None:
        """Keep a report; it becomes the newest only once it is whole."""
        await write_document(
            self._storage,
            DRIFT_TABLE,
            _report_partition(rollout_id, report.run_id),
            header=complete(report.model_copy(update={"items": ()})),
            lists={"items": report.items},
        )
        pointer = {
            "PartitionKey": rollout_id,
            "RowKey": f"{keys.newest_first(report.started_at)}|{keys.encode(report.run_id)}",
            "run_id": report.run_id,
        }
        await self._storage.transact(DRIFT_TABLE, [put(pointer)])

    async def find_drift(self, rollout_id: str, run_id: str | None = None) -> DriftReport | None:
        """The named report, or the one that started last."""
        if run_id is None:
            newest = await self._storage.first_page(DRIFT_TABLE, in_partition(rollout_id), limit=1)
            if not newest:
                return None
            run_id = str(newest[0]["run_id"])
        partition = _report_partition(rollout_id, run_id)
        header = await read_header(self._storage, DRIFT_TABLE, partition)
        if header is None:
            return None
        items = await read_list(
            self._storage, DRIFT_TABLE, partition, kind="items", model=DriftItem
        )
        report = DriftReport.model_validate_json(header)
        return report.model_copy(update={"items": tuple(items)})


def _report_partition(rollout_id: str, run_id: str) -> str:
    return f"{rollout_id}:{keys.encode(run_id)}"
