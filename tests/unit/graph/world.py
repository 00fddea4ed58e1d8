"""A made-up world for governors: real tasks on a clock that jumps, and a row that they share."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from graph.leases import CommonClock, StoredRow

ROUND_TRIP_S = 0.01


class World:
    """Real tasks on a clock that jumps to the next wake-up when everybody sleeps."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._slept = 0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._slept += 1
        self._sleepers.append((self.now + seconds, self._slept, future))
        await future

    async def run(self, *tasks: asyncio.Task[None]) -> None:
        """Until all tasks are done; raises what they raise."""
        await self._let_everybody_act()
        while not all(task.done() for task in tasks):
            self._jump()
            await self._let_everybody_act()
        for task in tasks:
            task.result()

    async def run_for(self, seconds: float) -> None:
        """Let so much time pass for everybody."""
        await self.run(asyncio.create_task(self.sleep(seconds)))

    @staticmethod
    async def _let_everybody_act() -> None:
        for _ in range(25):  # as deep as anybody's chain of wake-ups goes
            await asyncio.sleep(0)

    def _jump(self) -> None:
        self._sleepers = sorted(s for s in self._sleepers if not s[2].done())
        if self._sleepers:
            at, _, future = self._sleepers.pop(0)
            self.now = max(self.now, at)
            future.set_result(None)


@dataclass
class MemoryRow:
    """A row in memory with the rules of Azure Tables: replace only the version that was read."""

    world: World
    text: str = ""
    version: int = 0
    reads: int = 0
    writes: int = 0
    conflicts: int = 0
    before: Callable[[str], Awaitable[None]] | None = None
    after: Callable[[str], Awaitable[None]] | None = None
    texts: list[int] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return self.reads + self.writes + self.conflicts

    async def read(self) -> StoredRow:
        await self._travel("read", self.before)
        self.reads += 1
        found = self.text, str(self.version) if self.version else ""
        await self._travel("read", self.after)
        return *found, float(math.floor(self.world.now))

    async def replace(self, text: str, *, version: str) -> tuple[str, float | None] | None:
        await self._travel("replace", self.before)
        if version != (str(self.version) if self.version else ""):
            self.conflicts += 1
            await self._travel("replace", self.after)
            return None
        self.text, self.version = text, self.version + 1
        self.writes += 1
        self.texts.append(len(text))
        mine = str(self.version)
        await self._travel("replace", self.after)
        return mine, float(math.floor(self.world.now))

    async def _travel(self, call: str, trouble: Callable[[str], Awaitable[None]] | None) -> None:
        await self.world.sleep(ROUND_TRIP_S / 2)
        if trouble is not None:
            await trouble(call)


def clock_in(world: World, *, skew: float = 0.0) -> CommonClock:
    """A process's clock, so many seconds ahead of the world's."""
    return CommonClock(wall=lambda: world.now + skew, monotonic=world.clock)
