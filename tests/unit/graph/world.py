"""A made-up world for governors: real tasks on a clock that jumps, and a row that they share."""

import asyncio
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from graph.governor import Governor, PermitDelayedError
from graph.leases import CommonClock, StoredRow
from graph.limits import RequestCost
from graph.shared_governor import SharedGovernor


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
    round_trip: float = 0.01
    requests: int = 0
    longest: int = 0

    async def read(self) -> StoredRow:
        await self.world.sleep(self.round_trip / 2)
        self.requests += 1
        found = self.text, self._named(self.version)
        await self.world.sleep(self.round_trip / 2)
        return *found, float(math.floor(self.world.now))

    async def replace(self, text: str, *, version: str) -> tuple[str, float | None] | None:
        await self.world.sleep(self.round_trip / 2)
        self.requests += 1
        written = version == self._named(self.version)
        if written:
            self.text, self.version = text, self.version + 1
            self.longest = max(self.longest, len(text))
        mine = self._named(self.version)
        await self.world.sleep(self.round_trip / 2)
        return (mine, float(math.floor(self.world.now))) if written else None

    @staticmethod
    def _named(version: int) -> str:
        return str(version) if version else ""


@dataclass
class Connection:
    """One process's way to the row, which may break.

    Attributes:
        down: nothing arrives.
        deaf: everything arrives, no answer comes back.
        dead: the process was killed; whatever it was doing never ends.
    """

    row: MemoryRow
    down: bool = False
    deaf: bool = False
    dead: bool = False

    async def read(self) -> StoredRow:
        await self._break()
        found = await self.row.read()
        await self._break(after=True)
        return found

    async def replace(self, text: str, *, version: str) -> tuple[str, float | None] | None:
        await self._break()
        found = await self.row.replace(text, version=version)
        await self._break(after=True)
        return found

    async def _break(self, *, after: bool = False) -> None:
        if self.dead:
            await asyncio.get_running_loop().create_future()
        if self.down or (after and self.deaf):
            raise ConnectionError("made up")


@dataclass
class Process:
    """A process of the app: its governor and those who send through it."""

    world: World
    governor: Governor
    connection: Connection
    sent: list[tuple[float, int]] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def send(
        self,
        cost: RequestCost,
        *,
        times: int = 1_000_000,
        pause: float = 0.0,
        patient: bool = False,
    ) -> asyncio.Task[None]:
        """Keep sending.

        Args:
            pause: how long each request takes.
            patient: comes back when told to.
        """

        async def work() -> None:
            for _ in range(times):
                try:
                    await self.governor.acquire(cost)
                except PermitDelayedError as delayed:
                    if not patient:
                        raise
                    await self.world.sleep(delayed.seconds)
                    continue
                self.sent.append((self.world.now, cost.requests))
                if pause:
                    await self.world.sleep(pause)

        task = asyncio.create_task(work())
        self._tasks.append(task)
        return task

    def kill(self) -> None:
        """As SIGKILL does: nothing is given back, nothing is said."""
        self.connection.dead = True
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """End in order."""
        assert isinstance(self.governor, SharedGovernor)
        await self.governor.close()

    def since(self, moment: float) -> int:
        """How much was sent after a moment."""
        return sum(amount for at, amount in self.sent if at > moment)


def clock_in(world: World, *, skew: float = 0.0) -> CommonClock:
    """A process's clock, so many seconds ahead of the world's."""
    return CommonClock(wall=lambda: world.now + skew, monotonic=world.clock)


def process_in(world: World, row: MemoryRow, *, skew: float = 0.0, **options: Any) -> Process:
    """Start a process that shares the row."""
    connection = Connection(row)
    governor = SharedGovernor(
        connection, clock=clock_in(world, skew=skew), sleep=world.sleep, **options
    )
    return Process(world, governor, connection)


def most_within(sent: Iterable[tuple[float, int]], seconds: float) -> int:
    """The most that fell into any stretch of so many seconds."""
    window: deque[tuple[float, int]] = deque()
    total = most = 0
    for at, amount in sorted(sent):
        window.append((at, amount))
        total += amount
        while window[0][0] <= at - seconds:
            total -= window.popleft()[1]
        most = max(most, total)
    return most
