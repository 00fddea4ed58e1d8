"""Runs the activities of the outbox, a limited number at a time (localhost).

An activity may run again after a crash: its completion, not its start, is what gets committed.
"""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from azure.functions.meta import Datum

from teams_rollout.localhost.app import FunctionSpec
from teams_rollout.localhost.invoke import FunctionFailedError, Invoker
from teams_rollout.localhost.mailbox import ActivityTask
from teams_rollout.localhost.protocol import (
    HTTP_ACTIVITY,
    Event,
    EventType,
    make_event,
    to_text,
    utc_now,
)

logger = logging.getLogger(__name__)

MOST_STACK: Final = 4000
TRY_AGAIN_AFTER: Final = 1.0

Done = Callable[[ActivityTask, Event], None]


class ActivityRunner:
    """A pool of workers over the queue of activities.

    Args:
        functions: the app's activities by name, in lower case.
        call_http: runs the built-in HTTP activity: request text in, response text out.
        most: how many activities run at the same time.
    """

    def __init__(
        self,
        invoker: Invoker,
        *,
        functions: Mapping[str, FunctionSpec],
        call_http: Callable[[str], Awaitable[str]],
        most: int,
    ) -> None:
        self._invoker = invoker
        self._functions = functions
        self._call_http = call_http
        self._most = most
        self._queue: asyncio.Queue[ActivityTask | None] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = False

    def put(self, task: ActivityTask) -> None:
        """Queue an activity."""
        self._queue.put_nowait(task)

    def start(self, done: Done) -> None:
        """Start the workers; each completion goes to `done`, on the loop."""
        loop = asyncio.get_running_loop()
        self._workers = [loop.create_task(self._work(done)) for _ in range(self._most)]

    async def stop(self, *, within: float) -> None:
        """Take no more from the queue and wait for what runs, at most this many seconds."""
        self._stopping = True
        for _ in self._workers:
            self._queue.put_nowait(None)
        await wind_down(self._workers, within=within)

    async def _work(self, done: Done) -> None:
        while not self._stopping:
            task = await self._queue.get()
            if task is None or self._stopping:
                return
            await self._commit(done, task, await self._run(task))

    async def _commit(self, done: Done, task: ActivityTask, event: Event) -> None:
        """Hand a completion over, again and again while the state file cannot take it."""
        while True:
            try:
                done(task, event)
            except sqlite3.Error:
                logger.exception("A completion was not committed [instance=%s]", task.instance_id)
                await asyncio.sleep(TRY_AGAIN_AFTER)
            else:
                return

    async def _run(self, task: ActivityTask) -> Event:
        try:
            result = await self._result(task)
        except FunctionFailedError as error:
            return _failed(task, error)
        except Exception as error:
            logger.exception("An activity could not be run [instance=%s]", task.instance_id)
            return _failed(task, FunctionFailedError(f"{type(error).__name__}: {error}", ""))
        return make_event(
            EventType.TASK_COMPLETED,
            at=to_text(utc_now()),
            TaskScheduledId=task.task_id,
            Result=result,
        )

    async def _result(self, task: ActivityTask) -> str | None:
        if task.name == HTTP_ACTIVITY:
            return await self._call_http(task.input or "{}")
        spec = self._functions.get(task.name.casefold())
        if spec is None:
            raise FunctionFailedError("ArgumentException: the function is no longer there", "")
        datum = Datum("null" if task.input is None else task.input, "string")
        result = await self._invoker.call(spec, datum, instance_id=task.instance_id)
        return None if result.returned is None else str(result.returned.value)


async def wind_down(workers: Sequence[asyncio.Task[None]], *, within: float) -> None:
    """Wait for workers that have been told to stop, then cancel those that have not.

    Args:
        within: seconds.
    """
    if not workers:
        return
    _, late = await asyncio.wait(workers, timeout=within)
    for worker in late:
        worker.cancel()
    await asyncio.gather(*late, return_exceptions=True)


def _failed(task: ActivityTask, error: FunctionFailedError) -> Event:
    """Build the failure that the orchestrator sees: reason as the extension words it."""
    details = {
        "$type": "System.Exception, System.Private.CoreLib",
        "ClassName": "System.Exception",
        "Message": f" {error.reason}",
        "StackTraceString": error.stack[-MOST_STACK:],
    }
    of_ours = task.name == HTTP_ACTIVITY  # no function of the app: the extension adds no words
    return make_event(
        EventType.TASK_FAILED,
        at=to_text(utc_now()),
        TaskScheduledId=task.task_id,
        Reason=error.reason
        if of_ours
        else f"Activity function '{task.name}' failed:  {error.reason}",
        Details=json.dumps(details),
    )
