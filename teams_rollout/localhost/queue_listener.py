"""Feeds a queue-triggered function from its storage queue, as `host.json` says (localhost).

A message is hidden from others for a lease, renewed while its function runs. Success deletes
it; failure makes it visible again after `visibilityTimeout`, and the last failure moves it to the
queue `<name>-poison`. Messages are fetched when no more than `newBatchThreshold` are under way.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.functions.meta import Datum
from azure.storage.queue import QueueMessage

from teams_rollout.localhost.activities import wind_down
from teams_rollout.localhost.app import FunctionSpec
from teams_rollout.localhost.config import QueueOptions
from teams_rollout.localhost.invoke import FunctionFailedError, Invoker
from teams_rollout.localhost.protocol import to_text
from teams_rollout.localhost.storage import ensure_queue, open_queue

logger = logging.getLogger(__name__)

FIRST_POLL: Final = 0.1
SLOWEST_POLL: Final = 1.0
AFTER_ERROR: Final = 2.0


class QueueListener:
    """Polls one queue for one function.

    Args:
        lease: how long a message stays hidden after a crash; whole seconds.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        options: QueueOptions,
        lease: timedelta,
        invoker: Invoker,
    ) -> None:
        self._spec = spec
        self._options = options
        self._lease = int(lease.total_seconds())
        self._invoker = invoker
        self._queue = open_queue(spec.trigger)
        self._poison = open_queue(spec.trigger, suffix="-poison")
        self._running: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to poll."""
        self._poller = asyncio.get_running_loop().create_task(self._poll_forever())

    async def stop(self, *, within: float) -> None:
        """Fetch no more and wait for running functions, at most this many seconds."""
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        await wind_down(list(self._running), within=within)
        await self._queue.close()
        await self._poison.close()

    async def _poll_forever(self) -> None:
        pause, known = FIRST_POLL, False
        slowest = min(SLOWEST_POLL, self._options.max_polling_interval.total_seconds())
        while True:
            try:
                if not known:
                    await ensure_queue(self._queue)
                    known = True
                found = await self._fetch()
            except ResourceNotFoundError:
                known = False
                continue
            except Exception as error:
                self._complain(error)
                await asyncio.sleep(AFTER_ERROR)
                continue
            pause = FIRST_POLL if found else min(pause * 1.5, slowest)
            if found:
                await self._wait_for_room()
            else:
                await asyncio.sleep(pause)

    def _complain(self, error: Exception) -> None:
        """Log what keeps the queue from being read; the unforeseen with its traceback."""
        unforeseen = None if isinstance(error, AzureError) else error
        name, kind = self._queue.queue_name, type(error).__name__
        logger.warning("The queue %s cannot be read: %s", name, kind, exc_info=unforeseen)

    async def _fetch(self) -> int:
        found = 0
        messages = self._queue.receive_messages(
            max_messages=self._options.batch_size,
            visibility_timeout=self._lease,
        )
        async for page in messages.by_page():
            async for message in page:
                found += 1
                task = asyncio.get_running_loop().create_task(self._process(message))
                self._running.add(task)
                task.add_done_callback(self._finished)
            break
        return found

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._room.set()

    async def _wait_for_room(self) -> None:
        while len(self._running) > self._options.new_batch_threshold:
            self._room.clear()
            await self._room.wait()

    async def _process(self, message: QueueMessage) -> None:
        keeper = asyncio.get_running_loop().create_task(self._keep_hidden(message))
        try:
            text = self._decode(message)
            if text is None:
                await self._move_to_poison(message)
                return
            datum = Datum(text, "string")
            await self._invoker.call(self._spec, datum, metadata=_metadata(message))
            await self._stop_keeping(keeper)
            await self._queue.delete_message(message)
        except FunctionFailedError:
            await self._stop_keeping(keeper)
            await self._give_back(message)
        except AzureError as error:
            logger.warning("A message could not be settled: %s", type(error).__name__)
        finally:
            keeper.cancel()

    def _decode(self, message: QueueMessage) -> str | None:
        if not self._options.base64:
            return str(message.content)
        try:
            return base64.b64decode(message.content, validate=True).decode()
        except (binascii.Error, ValueError):
            logger.warning("A message in %s is not base64", self._queue.queue_name)
            return None

    async def _keep_hidden(self, message: QueueMessage) -> None:
        while True:
            await asyncio.sleep(self._lease / 2)
            renewed = await self._queue.update_message(message, visibility_timeout=self._lease)
            message.pop_receipt = renewed.pop_receipt

    async def _stop_keeping(self, keeper: asyncio.Task[None]) -> None:
        """Let a renewal under way end before the message's receipt is used again."""
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)

    async def _give_back(self, message: QueueMessage) -> None:
        try:
            if (message.dequeue_count or 0) >= self._options.max_dequeue_count:
                await self._move_to_poison(message)
                return
            seconds = int(self._options.visibility_timeout.total_seconds())
            await self._queue.update_message(message, visibility_timeout=seconds)
        except AzureError as error:
            logger.warning("A message could not be given back: %s", type(error).__name__)

    async def _move_to_poison(self, message: QueueMessage) -> None:
        await ensure_queue(self._poison)
        await self._poison.send_message(message.content, time_to_live=-1)
        await self._queue.delete_message(message)
        logger.error("A message was moved to %s", self._poison.queue_name)


def _metadata(message: QueueMessage) -> Mapping[str, Datum]:
    moments: dict[str, datetime | None] = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    return {
        "Id": Datum(message.id, "string"),
        "PopReceipt": Datum(message.pop_receipt, "string"),
        "DequeueCount": Datum(message.dequeue_count, "int"),
        **{k: Datum(to_text(v), "string") for k, v in moments.items() if v is not None},
    }
