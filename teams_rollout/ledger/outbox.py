"""Messages to our own queues: base64 JSON that never expires."""

import json

from teams_rollout.contracts.names import BATCH_QUEUE, WAKE_UP_QUEUE
from teams_rollout.ledger.connection import Storage


class QueueOutbox:
    """Implements `ports.Outbox`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def send_batch(self, message: dict[str, object]) -> None:
        """Ask for one batch to be claimed and started."""
        await self._storage.send(BATCH_QUEUE, json.dumps(message, separators=(",", ":")))

    async def send_wake_up(self, instance_id: str) -> None:
        """Ask for an orchestration to be woken; it looks at the ledger by itself."""
        message = {"schema_version": 1, "instance_id": instance_id}
        await self._storage.send(WAKE_UP_QUEUE, json.dumps(message, separators=(",", ":")))
