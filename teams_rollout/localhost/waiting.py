"""Waits for an instance to finish, for the start-and-wait form of the HTTP API (localhost)."""

import asyncio
import time
from typing import Final

from teams_rollout.localhost.client import Client
from teams_rollout.localhost.instances import Instance

LOOK_EVERY: Final = 0.02


async def wait_until_over(client: Client, instance_id: str, *, seconds: float) -> Instance:
    """Return the instance when it has finished, or as it is when the time is up.

    Raises:
        NoInstanceError: it was purged meanwhile.
    """
    deadline = time.monotonic() + seconds
    while True:
        instance = client.find(instance_id)
        if instance.is_over or time.monotonic() >= deadline:
            return instance
        await asyncio.sleep(LOOK_EVERY)
