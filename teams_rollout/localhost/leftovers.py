"""Closes what functions leave open when the host stops (localhost).

Functions share HTTP sessions for the life of a process (the durable client's, those of storage
clients), and a worker tells nobody that it ends, so no app can close them. Without this, aiohttp
complains about each at the end of the log, where a person looks for the cause of a stop.
"""

import asyncio
import gc

import aiohttp


async def close_sessions() -> None:
    """Close every HTTP session of this loop that is still open."""
    # By type: `isinstance` would ask proxies, which may build what they stand for.
    found = [one for one in gc.get_objects() if issubclass(type(one), aiohttp.ClientSession)]
    await asyncio.gather(*(one.close() for one in found if not one.closed), return_exceptions=True)
