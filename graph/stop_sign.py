"""The stop sign: writes end within seconds of somebody saying so, or of nobody being able to say.

A guard for `GraphSession`, looked at after permits are granted and right before each send.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from graph.errors import WritesForbidden

FRESH_S = 1.0
"""How old a look may be; less than what pause and freeze promise."""
PATIENCE_S = 3.0
"""Without a look for so long nobody writes: a stop that cannot be read may be there."""

_ANSWER_WITHIN_S = 1.0


class StopSign:
    """What is stopped now, read from where people say it.

    Args:
        read: names of everything that is stopped, each with whether that is for good; raises
            when it cannot be read.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[Mapping[str, bool]]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._clock = clock
        self._stopped: Mapping[str, bool] = {}
        self._looked_at = float("-inf")
        self._tried_at = float("-inf")
        self._looking = asyncio.Lock()

    def guard(self, *names: str) -> Callable[[], Awaitable[None]]:
        """A write guard that lets pass while none of the names is stopped.

        The guard raises WritesForbidden.
        """

        async def check() -> None:
            await self._look()
            if self._clock() - self._looked_at > PATIENCE_S:
                raise WritesForbidden("whether writing is stopped could not be read")
            met = [self._stopped[name] for name in names if name in self._stopped]
            if met:
                raise WritesForbidden("writing is stopped", for_good=any(met))

        return check

    async def _look(self) -> None:
        """Read again if the last look, or try, is too old; one at a time for everybody."""
        if self._clock() - max(self._looked_at, self._tried_at) <= FRESH_S:
            return
        async with self._looking:
            begun = self._clock()
            if begun - max(self._looked_at, self._tried_at) <= FRESH_S:
                return
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    self._stopped = await self._read()
            except (OSError, TimeoutError):
                self._tried_at = self._clock()  # now the age of the last look decides
            else:
                self._looked_at = begun
