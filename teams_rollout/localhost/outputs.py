"""Sends what functions put into queue output bindings (localhost)."""

import base64
import json
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.functions.meta import Datum
from azure.storage.queue.aio import QueueClient

from teams_rollout.localhost.app import Binding
from teams_rollout.localhost.invoke import Result
from teams_rollout.localhost.storage import ensure_queue, open_queue


class QueueOutputs:
    """Keeps one client for each queue that functions write to.

    Args:
        base64: encode messages as `host.json` says.
    """

    def __init__(self, *, base64: bool) -> None:
        self._base64 = base64
        self._queues: dict[tuple[str, str], QueueClient] = {}

    async def send(self, result: Result) -> None:
        """Send every message of a result; a missing queue is made."""
        for binding, datum in result.outputs:
            if binding["type"] == "queue":
                queue = self._queue(binding)
                for text in _messages(datum):
                    await self._send(queue, text)

    async def close(self) -> None:
        """Close every client."""
        for queue in self._queues.values():
            await queue.close()
        self._queues.clear()

    def _queue(self, binding: Binding) -> QueueClient:
        key = (binding["queueName"], binding.get("connection") or "")
        if key not in self._queues:
            self._queues[key] = open_queue(binding)
        return self._queues[key]

    async def _send(self, queue: QueueClient, text: str) -> None:
        content = base64.b64encode(text.encode()).decode() if self._base64 else text
        try:
            await queue.send_message(content, time_to_live=-1)
        except ResourceNotFoundError:
            await ensure_queue(queue)
            await queue.send_message(content, time_to_live=-1)


def _messages(datum: Datum) -> list[str]:
    if datum.type != "json":
        value = datum.value
        return [value.decode() if isinstance(value, bytes) else str(value)]
    content = json.loads(datum.value)
    return [_body(one) for one in content] if isinstance(content, list) else [_body(content)]


def _body(message: Any) -> str:
    return str(message["body"]) if isinstance(message, dict) else str(message)
