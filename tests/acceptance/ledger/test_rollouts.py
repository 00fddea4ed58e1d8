"""Rollout, waves, batches, teams and seats: whoever comes second hears of it."""

import asyncio

import pytest

from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.observed import Catalogue, ServicePlan, Sku, TeamStatus
from teams_rollout.domain.roster import TeamSpec, UserKey
from teams_rollout.domain.vocabulary import BatchState, WaveState
from teams_rollout.ledger.ports import Conflict, NotFound
from teams_rollout.ledger.records import (
    BatchRecord,
    RolloutRecord,
    SeatLedger,
    TeamRecord,
    WaveRecord,
)
from teams_rollout.ledger.tables import TableLedger

pytestmark = pytest.mark.azurite

CONFIG = RolloutConfig.model_validate(
    {"rollout": {"name": "Council"}, "profiles": {"office": {"skus": ["SPE_E3"]}}}
)
WAVE = WaveRecord(rollout_id="council", name="Pilot", slug="pilot", position=0)


async def test_a_rollout_with_a_large_catalogue_comes_back_equal(ledger: TableLedger) -> None:
    plans = tuple(ServicePlan(plan_id=f"{n:036}", name=f"TEAMS_PLAN_{n}") for n in range(70))
    skus = tuple(Sku(sku_id=f"{n:036}", part_number=f"SKU_{n}", plans=plans) for n in range(40))
    assert await ledger.find_rollout() is None
    record = RolloutRecord(rollout_id="council", config=CONFIG, catalogue=Catalogue(skus=skus))
    saved = await ledger.save_rollout(record)
    assert saved.etag
    assert saved == record.model_copy(update={"etag": saved.etag})
    assert await ledger.find_rollout() == saved


async def test_a_stale_version_is_refused_and_the_returned_one_is_current(
    ledger: TableLedger,
) -> None:
    first = await ledger.save_wave(WAVE)
    second = await ledger.save_wave(first.model_copy(update={"state": WaveState.PLANNED}))
    with pytest.raises(Conflict):
        await ledger.save_wave(first.model_copy(update={"state": WaveState.CANCELLED}))
    with pytest.raises(Conflict):
        await ledger.save_wave(WAVE)  # an empty etag says that there is none yet
    assert await ledger.find_wave("council", "pilot") == second
    third = await ledger.save_wave(second.model_copy(update={"state": WaveState.RUNNING}))
    assert third.etag != second.etag


async def test_replacing_what_never_existed_is_a_conflict(ledger: TableLedger) -> None:
    saved = await ledger.save_wave(WAVE)
    with pytest.raises(Conflict):
        await ledger.save_wave(saved.model_copy(update={"slug": "another"}))


async def test_waves_are_listed_in_their_order(ledger: TableLedger) -> None:
    for position, slug in enumerate(["zeta", "alpha", "mid"]):
        update = {"slug": slug, "name": slug, "position": position}
        await ledger.save_wave(WAVE.model_copy(update=update))
    await ledger.save_wave(WAVE.model_copy(update={"rollout_id": "other"}))
    assert [w.slug for w in await ledger.list_waves("council")] == ["zeta", "alpha", "mid"]
    assert await ledger.find_wave("council", "nowhere") is None


async def test_batches_belong_to_one_run_of_one_wave(ledger: TableLedger) -> None:
    keys = tuple(UserKey(shard="council:0001", ref=f"u{n:06}") for n in range(100))
    for wave, epoch, number in [("pilot", 1, 2), ("pilot", 1, 10), ("pilot", 2, 1), ("p", 1, 1)]:
        batch = BatchRecord(rollout_id="council", wave=wave, epoch=epoch, number=number, keys=keys)
        await ledger.save_batch(batch)
    assert [b.number for b in await ledger.list_batches("council", "pilot", 1)] == [2, 10]
    batch = await ledger.get_batch("council", "pilot", 2, 1)
    assert batch.keys == keys
    with pytest.raises(NotFound):
        await ledger.get_batch("council", "pilot", 3, 1)


async def test_a_generation_is_claimed_by_exactly_one_of_many(ledger: TableLedger) -> None:
    batch = await ledger.save_batch(
        BatchRecord(rollout_id="council", wave="pilot", epoch=1, number=1)
    )
    claim = batch.model_copy(update={"claimed_generation": 1, "state": BatchState.RUNNING})
    answers = await asyncio.gather(
        *(ledger.save_batch(claim) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(a, BatchRecord) for a in answers) == 1
    assert sum(isinstance(a, Conflict) for a in answers) == 7


async def test_team_keys_may_hold_what_row_keys_may_not(ledger: TableLedger) -> None:
    names = ["Finance / Payroll", "R&D #1?", "Équipe \\ Zürich", "x" * 400]
    for name in names:
        record = TeamRecord(
            rollout_id="council",
            spec=TeamSpec(key=name, display_name=name),
            status=TeamStatus(key=name),
        )
        await ledger.save_team(record)
    assert [t.spec.key for t in await ledger.list_teams("council")] == sorted(names)


async def test_seats_promised_at_once_are_never_lost(ledger: TableLedger) -> None:
    assert await ledger.get_seats("council", "SPE_E3") == SeatLedger(part_number="SPE_E3")

    async def promise(wave: str) -> None:
        while True:
            seats = await ledger.get_seats("council", "SPE_E3")
            more = seats.model_copy(update={"reserved": seats.reserved | {wave: 10}})
            try:
                await ledger.save_seats("council", more)
            except Conflict:
                continue
            return

    waves = [f"wave-{n}" for n in range(6)]
    await asyncio.gather(*map(promise, waves))
    seats = await ledger.get_seats("council", "SPE_E3")
    assert seats.reserved == dict.fromkeys(waves, 10)
