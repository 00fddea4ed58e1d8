"""People in real storage: shards, chunks, snapshots, timelines."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.roster import UserKey
from teams_rollout.domain.vocabulary import PARALLEL_STEPS, Outcome, Step
from teams_rollout.ledger.ports import NotFound
from teams_rollout.ledger.records import TimelineEvent, UserRecord, UserUpdate
from teams_rollout.ledger.tables import TableLedger

pytestmark = pytest.mark.azurite

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SHARD = "council:0001"
MakePeople = Callable[..., list[UserRecord]]


def outcome(step: Step, person: UserRecord, *, minute: int = 0) -> UserUpdate:
    at = NOW + timedelta(minutes=minute)
    return UserUpdate(
        ref=person.key.ref,
        steps={step: StepRecord(outcome=Outcome.APPLIED, at=at, reference="request-1")},
        events=(TimelineEvent(at=at, step=step.value, outcome="applied"),),
    )


async def test_people_put_come_back_equal_by_shard_and_all_together(
    ledger: TableLedger, make_people: MakePeople
) -> None:
    people = make_people(250)
    await ledger.put_users(people)
    assert await ledger.list_shard(SHARD) == people[:100]
    assert await ledger.list_shard("council:0003", ["u000202", "u000001"]) == [people[201]]
    many = {f"u{number:06}" for number in range(151, 251)}
    assert await ledger.list_shard("council:0002", many) == people[150:200]
    assert await ledger.list_shard("council:0002", []) == []
    assert [p async for p in ledger.list_users("council")] == people


async def test_listing_a_rollout_leaves_out_others_and_removed_people(
    ledger: TableLedger, make_people: MakePeople
) -> None:
    ours = make_people(5)
    gone = ours[2].model_copy(update={"removed": True, "wave": ""})
    await ledger.put_users([*ours[:2], gone, *ours[3:], *make_people(3, rollout="council-2")])
    assert [p async for p in ledger.list_users("council")] == [*ours[:2], *ours[3:]]
    assert gone in await ledger.list_shard(SHARD)


async def test_an_unknown_shard_is_empty_and_an_unknown_person_not_found(
    ledger: TableLedger, make_people: MakePeople
) -> None:
    assert await ledger.list_shard("council:0009") == []
    await ledger.put_users(make_people(1))
    for key in (UserKey(shard=SHARD, ref="u000099"), UserKey(shard="x:0001", ref="u000001")):
        with pytest.raises(NotFound):
            await ledger.get_person(key)


async def test_different_steps_committed_at_once_are_all_kept(
    ledger: TableLedger, make_people: MakePeople
) -> None:
    people = make_people(100)
    await ledger.put_users(people)
    chunks = [people[at : at + 20] for at in range(0, 100, 20)]
    await asyncio.gather(
        *(
            ledger.commit(SHARD, [outcome(step, person) for person in chunk])
            for step in PARALLEL_STEPS
            for chunk in chunks
        )
    )
    stored = await ledger.list_shard(SHARD)
    assert {frozenset(p.steps) for p in stored} == {frozenset(PARALLEL_STEPS)}
    for person in (people[0], people[99]):
        _, timeline = await ledger.get_person(person.key)
        assert {e.step for e in timeline} == {s.value for s in PARALLEL_STEPS}
        assert len(timeline) == len(PARALLEL_STEPS)


async def test_a_commit_changes_only_what_it_names(
    ledger: TableLedger, make_people: MakePeople
) -> None:
    people = make_people(2, started=True, batch=3)
    await ledger.put_users(people)
    await ledger.commit(SHARD, [UserUpdate(ref="u000001", object_id="id-1", batch=4)])
    changed = people[0].model_copy(update={"object_id": "id-1", "batch": 4})
    assert await ledger.list_shard(SHARD) == [changed, people[1]]


async def test_a_timeline_over_many_commits_is_newest_first(
    ledger: TableLedger, make_people: MakePeople
) -> None:
    people = make_people(3)
    await ledger.put_users(people)
    minutes = [5, 1, 9, 3, 7]
    for minute in minutes:
        await ledger.commit(SHARD, [outcome(Step.LICENSE, p, minute=minute) for p in people])
    person, timeline = await ledger.get_person(people[1].key)
    assert [(e.at - NOW).seconds // 60 for e in timeline] == sorted(minutes, reverse=True)
    assert person.key == people[1].key


async def test_putting_a_person_again_keeps_the_timeline(
    ledger: TableLedger, make_people: MakePeople
) -> None:
    (person,) = make_people(1)
    await ledger.put_users([person])
    await ledger.commit(SHARD, [outcome(Step.LICENSE, person)])
    moved = person.model_copy(update={"wave": "wave-2"})
    await ledger.put_users([moved])
    stored, timeline = await ledger.get_person(person.key)
    assert stored == moved
    assert [e.step for e in timeline] == ["license"]


async def test_too_many_people_in_one_commit_are_refused_and_none_is_written(
    ledger: TableLedger, make_people: MakePeople
) -> None:
    people = make_people(101)
    await ledger.put_users(people)
    with pytest.raises(ValueError, match="101 people"):
        await ledger.commit(SHARD, [outcome(Step.LICENSE, p) for p in people])
    assert all(not p.steps for p in await ledger.list_shard(SHARD))


async def test_a_snapshot_is_kept_once_whoever_takes_it_at_the_same_time(
    ledger: TableLedger,
) -> None:
    def seen(location: str) -> list[tuple[str, ObservedUser]]:
        return [
            (f"u{n:06}", ObservedUser(id=f"id-{n}", upn=f"p{n}@x", usage_location=location))
            for n in range(1, 101)
        ]

    rivals = ("GB", "IE", "FR")
    counts = await asyncio.gather(
        *(ledger.insert_snapshots(SHARD, seen(location), at=NOW) for location in rivals)
    )
    assert sorted(counts) == [0, 0, 100]
    kept = await ledger.list_snapshots(SHARD)
    winner = rivals[counts.index(100)]
    assert kept == dict(seen(winner))
    assert await ledger.insert_snapshots(SHARD, seen("DE"), at=NOW) == 0
    late = [("u000999", ObservedUser(id="id-999", upn="late@x"))]
    assert await ledger.insert_snapshots(SHARD, [*seen("DE")[:5], *late], at=NOW) == 1
    assert await ledger.list_snapshots(SHARD) == kept | dict(late)
