"""A bounded number of storage calls at once, failing as a plain exception."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


async def for_each(
    items: Iterable[Item], action: Callable[[Item], Awaitable[None]], *, at_once: int
) -> None:
    """Run the action for every item; the first failure stops the rest and is raised itself."""
    gate = asyncio.Semaphore(at_once)

    async def run(item: Item) -> None:
        async with gate:
            await action(item)

    try:
        async with asyncio.TaskGroup() as group:
            for item in items:
                group.create_task(run(item))
    except ExceptionGroup as failures:
        # Callers handle one Conflict or LedgerError, not a group of them.
        raise failures.exceptions[0] from failures
