"""Messages to our own queues: base64 JSON that never expires. And a look at who waits there."""

import json

from teams_rollout.contracts.names import (
    BATCH_POISON_QUEUE,
    BATCH_QUEUE,
    WAKE_UP_POISON_QUEUE,
    WAKE_UP_QUEUE,
)
from teams_rollout.ledger.connection import Storage
from teams_rollout.ledger.inspection import QueueLook

WATCHED = (BATCH_QUEUE, BATCH_POISON_QUEUE, WAKE_UP_QUEUE, WAKE_UP_POISON_QUEUE)


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

    async def look_at_queues(self) -> list[QueueLook]:
        """How many messages wait in each queue, and since when; takes none of them."""
        looks = []
        for name in WATCHED:
            messages, times = await self._storage.look_at_queue(name)
            looks.append(QueueLook(name, messages, min(times, default=None)))
        return looks
