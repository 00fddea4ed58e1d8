"""What may not write to the tenant now: a freeze, and whatever its wave's row rules out.

Waves are stopped by their own rows, so that a gate that halts one, or a person who pauses it,
writes one row and not two that could disagree.
"""

import asyncio

from pydantic import BaseModel, ConfigDict

from teams_rollout.contracts import names
from teams_rollout.contracts.names import WAVES_TABLE
from teams_rollout.ledger import keys
from teams_rollout.ledger.codec import complete, load, split_text
from teams_rollout.ledger.connection import Storage
from teams_rollout.ledger.ports import LedgerError
from teams_rollout.ledger.records import WaveRecord
from teams_rollout.ledger.rollouts import TableRolloutStore

EVERYTHING = "everything"
"""The name under which a freeze stops all writes."""


class Stops(BaseModel):
    """Names of what people have stopped beside waves: `everything`."""

    model_config = ConfigDict(frozen=True)

    names: frozenset[str] = frozenset()
    etag: str = ""


class TableStopStore:
    """Reads and replaces the row, and reads what waves say."""

    _rollout_id: str = ""  # looked up once; a deployment has one rollout for good

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

    async def stopped(self) -> dict[str, bool]:
        """The names for `graph.stop_sign`, each with whether it is for good; two requests.

        Raises:
            ConnectionError: the storage did not answer, or refused.
        """
        try:
            stops, waves = await asyncio.gather(self.get_stops(), self._list_waves())
        except LedgerError as error:
            raise ConnectionError(str(error)) from error
        by_waves = [stopped_by(wave) for wave in waves]
        return {name: is_final for found in by_waves for name, is_final in found.items()} | {
            name: False for name in stops.names
        }

    async def _list_waves(self) -> list[WaveRecord]:
        store = TableRolloutStore(self._storage)
        if not self._rollout_id:
            rollout = await store.find_rollout()
            if rollout is None:
                return []
            self._rollout_id = rollout.rollout_id
        return await store.list_waves(self._rollout_id)


def stopped_by(wave: WaveRecord) -> dict[str, bool]:
    """What may not write for the wave, each with whether it is for good."""
    cut = wave.batches_of
    earlier = range(1, wave.epoch)
    over = [names.writes_of_run(wave.slug, epoch) for epoch in earlier]
    over += [names.writes_of_cut(wave.slug, epoch) for epoch in earlier if epoch != cut]
    for batch, generation in wave.reruns.items():
        first = names.first_generation(cut)
        over += [names.writes_of_batch(wave.slug, batch, g) for g in range(first, generation)]
    stopped = dict.fromkeys(over, True)
    if not wave.state.may_write:
        stopped[names.writes_of_run(wave.slug, wave.epoch)] = wave.state.is_closed
        stopped[names.writes_of_cut(wave.slug, cut)] = wave.state.is_closed
    return stopped
