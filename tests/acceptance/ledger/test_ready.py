"""People who wait for teams, over real storage."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from teams_rollout.domain.roster import UserKey
from teams_rollout.ledger.records import ReadyMember
from teams_rollout.ledger.tables import TableLedger

pytestmark = pytest.mark.azurite

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def waiting(number: int, team: str, *, second: int = 0, outcome: str = "") -> ReadyMember:
    return ReadyMember(
        team_key=team,
        key=UserKey(shard=f"council:{number // 100 + 1:04}", ref=f"u{number:06}"),
        user_id=f"id-{number}",
        batch=1,
        ready_at=NOW + timedelta(seconds=second),
        outcome=outcome,
    )


async def test_the_longest_wait_comes_first_and_marking_again_adds_nobody(
    ledger: TableLedger,
) -> None:
    members = [
        waiting(n, team, second=-n) for n in range(1, 4) for team in ("Finance", "All/staff")
    ]
    await ledger.mark_ready("council", "pilot", members)
    await ledger.mark_ready("council", "pilot", members[:2])
    ready = await ledger.list_ready("council", "pilot")
    assert len(ready) == 6
    assert [m.key.ref for m in ready][::2] == ["u000003", "u000002", "u000001"]
    assert set(ready) == set(members)


async def test_an_answer_for_one_team_leaves_the_persons_other_waits_alone(
    ledger: TableLedger,
) -> None:
    finance, everybody = waiting(1, "Finance"), waiting(1, "All staff")
    await ledger.mark_ready("council", "pilot", [finance, everybody])
    answered = waiting(1, "Finance", outcome="applied")
    await ledger.mark_ready("council", "pilot", [answered])
    assert set(await ledger.list_ready("council", "pilot")) == {answered, everybody}
    await ledger.clear_ready("council", "pilot", [answered])
    assert await ledger.list_ready("council", "pilot") == [everybody]
    await ledger.clear_ready("council", "pilot", [answered, everybody, waiting(9, "Nowhere")])
    assert await ledger.list_ready("council", "pilot") == []


async def test_a_whole_wave_may_wait_while_batches_go_on_marking(ledger: TableLedger) -> None:
    teams = [f"Team {n}" for n in range(20)]
    members = [waiting(n, team) for n in range(600) for team in ("All staff", teams[n % 20])]
    await asyncio.gather(
        *(
            ledger.mark_ready("council", "pilot", members[at : at + 200])
            for at in range(0, 1200, 200)
        )
    )
    assert set(await ledger.list_ready("council", "pilot")) == set(members)
    await asyncio.gather(
        ledger.clear_ready("council", "pilot", members[:600]),
        ledger.mark_ready("council", "pilot", [waiting(700, "All staff")]),
    )
    left = await ledger.list_ready("council", "pilot")
    assert set(left) == {*members[600:], waiting(700, "All staff")}


async def test_waves_do_not_see_each_others_people(ledger: TableLedger) -> None:
    await ledger.mark_ready("council", "pilot", [waiting(1, "Finance")])
    assert await ledger.list_ready("council", "wave-2") == []
