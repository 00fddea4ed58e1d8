"""What a step and the helpdesk pay for storage: commits, reads of a shard, searches."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime

from bench.lab import azurite
from bench.measurement import Measurement
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.roster import Assignment, UserKey
from teams_rollout.domain.vocabulary import Outcome, Step
from teams_rollout.ledger.records import TimelineEvent, UserRecord, UserUpdate
from teams_rollout.ledger.tables import TableLedger

PEOPLE, SHARD, CHUNK = 6_000, 100, 20
REPEATS = 200
LOOKUP_P99_MS = 50
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ROLLOUT = "bench"
FIRST = ("Ada", "Bryn", "Carys", "Dewi", "Elin", "Faye", "Gethin", "Hana", "Idris", "Jude")
LAST = ("Ashton", "Bevan", "Corbett", "Davies", "Ellis", "Farrow", "Griffiths", "Howell")

Call = Callable[[int], Awaitable[object]]


def measure(runs: int) -> Iterator[Measurement]:
    """Milliseconds with 6,000 people: a chunk's commit, a shard's list, a search by a word.

    Raises:
        NotMeasurable: Azurite is not installed.
    """
    with azurite() as connection:
        timed = asyncio.run(_timed(connection, runs))
    for name, bar, figures in (
        ("ledger_commit_20", None, [statistics.median(run) for run in timed["commit"]]),
        ("ledger_list_100", None, [statistics.median(run) for run in timed["list"]]),
        ("ledger_person", None, [statistics.median(run) for run in timed["person"]]),
        ("ledger_lookup", None, [statistics.median(run) for run in timed["lookup"]]),
        ("ledger_lookup_p99", LOOKUP_P99_MS, [_p99(run) for run in timed["lookup"]]),
    ):
        yield Measurement(name=name, unit="ms", runs=figures, bar=bar)


async def _timed(connection: str, runs: int) -> dict[str, list[list[float]]]:
    ledger = TableLedger.from_connection_string(connection)
    await ledger.prepare()
    people = [_person(number) for number in range(PEOPLE)]
    await ledger.put_users(people)
    await ledger.index(ROLLOUT, people)
    calls: dict[str, Call] = {
        "commit": lambda n: ledger.commit(_chunk(people, n)[0].key.shard, _updates(people, n)),
        "list": lambda n: ledger.list_shard(people[n * SHARD % PEOPLE].key.shard),
        "person": lambda n: ledger.get_person(people[n * 37 % PEOPLE].key),
        "lookup": lambda n: ledger.search(ROLLOUT, _question(n)),
    }
    try:
        return {
            name: [[await _one(call, number) for number in range(REPEATS)] for _ in range(runs)]
            for name, call in calls.items()
        }
    finally:
        await ledger.close()


async def _one(call: Call, number: int) -> float:
    begun = time.perf_counter()
    await call(number)
    return 1_000 * (time.perf_counter() - begun)


def _p99(figures: Sequence[float]) -> float:
    return statistics.quantiles(figures, n=100)[98]


def _chunk(people: Sequence[UserRecord], number: int) -> Sequence[UserRecord]:
    start = number * CHUNK % PEOPLE
    return people[start : start + CHUNK]


def _updates(people: Sequence[UserRecord], number: int) -> list[UserUpdate]:
    record = StepRecord(outcome=Outcome.APPLIED, at=NOW, reference="request-1")
    event = TimelineEvent(at=NOW, step=Step.LICENSE.value, outcome="applied")
    return [
        UserUpdate(ref=person.key.ref, steps={Step.LICENSE: record}, events=(event,))
        for person in _chunk(people, number)
    ]


def _question(number: int) -> str:
    """Half search by one word, half by first and last name, as a helpdesk does."""
    last = LAST[number % len(LAST)]
    return last if number % 2 else f"{FIRST[number % len(FIRST)]} {last}"


def _person(number: int) -> UserRecord:
    upn = f"person{number}@council.example"
    name = f"{FIRST[number % len(FIRST)]} {LAST[number // len(FIRST) % len(LAST)]}"
    return UserRecord(
        key=UserKey(shard=f"{ROLLOUT}:{number // SHARD + 1:04}", ref=f"u{number + 1:06}"),
        assignment=Assignment(line=number + 2, upn=upn, wave="Pilot", profile="office"),
        wave="pilot",
        observed=ObservedUser(id=f"id-{number}", upn=upn, display_name=name),
    )
