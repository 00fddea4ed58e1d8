"""What people have stopped: one row, read by every process that writes to the tenant."""

from pydantic import BaseModel, ConfigDict

from teams_rollout.contracts.names import WAVES_TABLE
from teams_rollout.ledger import keys
from teams_rollout.ledger.codec import complete, load, split_text
from teams_rollout.ledger.connection import Storage
from teams_rollout.ledger.ports import LedgerError

EVERYTHING = "everything"
"""The name under which a freeze stops all writes."""


class Stops(BaseModel):
    """Names of what is stopped: `everything`, or waves by their slug behind `wave:`."""

    model_config = ConfigDict(frozen=True)

    names: frozenset[str] = frozenset()
    etag: str = ""


class TableStopStore:
    """Reads and replaces the row."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def get_stops(self) -> Stops:
        """What is stopped now; nothing where nobody ever stopped anything."""
        row = await self._storage.read(WAVES_TABLE, keys.ROLLOUT_PARTITION, keys.STOPS_ROW)
        return Stops() if row is None else load(Stops, row, etag=row["etag"])

    async def save_stops(self, stops: Stops) -> Stops:
        """Insert or replace; raises Conflict."""
        row = {
            "PartitionKey": keys.ROLLOUT_PARTITION,
            "RowKey": keys.STOPS_ROW,
            **split_text(complete(stops)),
        }
        etag = await self._storage.save(WAVES_TABLE, row, etag=stops.etag)
        return stops.model_copy(update={"etag": etag})

    async def stopped(self) -> frozenset[str]:
        """The names alone, for `graph.stop_sign`.

        Raises:
            ConnectionError: the storage did not answer, or refused.
        """
        try:
            return (await self.get_stops()).names
        except LedgerError as error:
            raise ConnectionError(str(error)) from error
