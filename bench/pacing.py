"""Reads and writes under published limits, through the governor that the app uses."""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

from bench.lab import Simulator, azurite, person_id, simulator
from bench.measurement import Measurement
from graph.credentials import StaticToken
from graph.governor import Governor, LocalGovernor
from graph.session import GraphSession
from graph.shared_governor import SharedGovernor
from graph.users import get_user, set_usage_locations
from teams_rollout.domain.vocabulary import Outcome
from teams_rollout.ledger.tables import TableLedger

QUOTA, WINDOW_S, SHARE = 3_000, 150.0, 0.8
PEOPLE = 6_000
BAR = 1.05
THROTTLED_BAR = 0.001
AT_ONCE = 4  # batches of a wave in flight
CHUNK = 100
Model = Literal["window", "bucket"]


@dataclass(frozen=True, kw_only=True)
class Load:
    """So many reads by id and writes."""

    reads: int
    writes: int

    def bound(self, model: Model) -> float:
        """Seconds that no pacer can go below: our share of the quota, as the model counts it."""
        share = QUOTA * SHARE
        if model == "bucket":
            return max(0.0, self.writes - share) * WINDOW_S / share
        return (math.ceil(self.writes / share) - 1) * WINDOW_S


def measure_pacing(load: Load, *, name: str, runs: int) -> Iterator[Measurement]:
    """Time over the bound, and the part that was throttled, on both models of the tenant."""
    models: tuple[Model, ...] = ("window", "bucket")
    for model in models:
        results = [_paced(load, model) for _ in range(runs)]
        for kind, unit, bar, figures in (
            ("over_bound", "x", BAR, [seconds / load.bound(model) for seconds, _, _ in results]),
            ("throttled", "of all", THROTTLED_BAR, [throttled for _, throttled, _ in results]),
            ("storage", "requests per operation", 0.1, [asked for _, _, asked in results]),
        ):
            yield Measurement(name=f"{name}_{model}_{kind}", unit=unit, runs=figures, bar=bar)


def measure_speed(writes: int, *, shared: bool) -> float:
    """Milliseconds per write through `$batch` when no limit is near."""
    with ExitStack() as stack:
        tenant = stack.enter_context(simulator(PEOPLE, "--limits", "1000"))
        connection = stack.enter_context(azurite()) if shared else ""
        seconds, _ = asyncio.run(
            _run(tenant, connection, Load(reads=0, writes=writes), model="window", limits=1000)
        )
    return 1000 * seconds / writes


def _paced(load: Load, model: Model) -> tuple[float, float, float]:
    with simulator(PEOPLE, "--quota-model", model) as tenant, azurite() as connection:
        seconds, asked = asyncio.run(_run(tenant, connection, load, model=model, limits=1))
        found = tenant.requests()
    return seconds, found["throttled"] / found["total"], asked / (load.reads + load.writes)


async def _run(
    tenant: Simulator, connection: str, load: Load, *, model: Model, limits: float
) -> tuple[float, int]:
    """Seconds from the first to the last answer, and requests to the storage."""
    counted = _Counted(connection)
    governor: Governor = LocalGovernor(limits=limits, quota_model=model)
    if connection:
        governor = SharedGovernor(await counted.open(), limits=limits, quota_model=model)
    session = GraphSession(
        base_url=tenant.base_url, token=StaticToken("rehearsal"), governor=governor
    )
    begun = time.perf_counter()
    await asyncio.gather(
        *(_read(session, range(start, load.reads, AT_ONCE)) for start in range(AT_ONCE)),
        *(_write(session, load.writes, worker) for worker in range(AT_ONCE)),
    )
    seconds = time.perf_counter() - begun
    await session.close()
    await counted.close()
    return seconds, counted.requests


async def _read(session: GraphSession, numbers: Sequence[int]) -> None:
    for number in numbers:
        await get_user(session, person_id(number % PEOPLE))


async def _write(session: GraphSession, writes: int, worker: int) -> None:
    for start in range(worker * CHUNK, writes, AT_ONCE * CHUNK):
        numbers = range(start, min(start + CHUNK, writes))
        # The second change of a person differs from the first: nothing here is redundant.
        changes = [(person_id(n % PEOPLE), "GB" if n < PEOPLE else "IE") for n in numbers]
        while changes:
            results = await set_usage_locations(session, changes)
            changes = [
                change
                for change, result in zip(changes, results, strict=True)
                if result.outcome is not Outcome.APPLIED
            ]


class _Counted:
    """The shared row, and how often the storage was asked."""

    def __init__(self, connection: str) -> None:
        self.requests = 0
        self._ledger = TableLedger.from_connection_string(connection) if connection else None

    async def open(self) -> "_Counted":
        if self._ledger is not None:
            await self._ledger.prepare()
            self._row = self._ledger.quotas("bench")
        return self

    async def close(self) -> None:
        if self._ledger is not None:
            await self._ledger.close()

    async def read(self) -> tuple[str, str, float | None]:
        self.requests += 1
        return await self._row.read()

    async def replace(self, text: str, *, version: str) -> tuple[str, float | None] | None:
        self.requests += 1
        return await self._row.replace(text, version=version)
