"""Result files of other teams in Azure Tables: kept until their people have been looked at."""

from collections.abc import Sequence

from teams_rollout.contracts.names import IMPORTS_TABLE
from teams_rollout.domain.hand_off.results import Report
from teams_rollout.ledger.connection import Storage
from teams_rollout.ledger.documents import read_list, write_document
from teams_rollout.ledger.keys import encode

_KIND = "reports"


class TableHandOffStore:
    """Implements `ports.HandOffStore`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def save_reports(self, operation_id: str, reports: Sequence[Report]) -> None:
        """Keep the checked rows of one file under the operation that takes it."""
        partition = encode(f"hand-off:{operation_id}")
        await write_document(
            self._storage, IMPORTS_TABLE, partition, header="{}", lists={_KIND: reports}
        )

    async def list_reports(self, operation_id: str) -> list[Report]:
        """The rows in file order; empty when there is no such file."""
        partition = encode(f"hand-off:{operation_id}")
        return await read_list(self._storage, IMPORTS_TABLE, partition, kind=_KIND, model=Report)
