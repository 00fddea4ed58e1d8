"""Imports, plans, drift reports and operations over real storage."""

from datetime import UTC, datetime, timedelta

import pytest

from teams_rollout.domain.configuration import RolloutConfig
from teams_rollout.domain.hand_off.model import Action
from teams_rollout.domain.hand_off.results import Report, Result
from teams_rollout.domain.roster import Assignment, TeamSpec, UserKey
from teams_rollout.ledger.ports import Conflict, NotFound
from teams_rollout.ledger.records import (
    DriftItem,
    DriftReport,
    OperationRecord,
    OperationStatus,
    PlanHeader,
    PlanRow,
    StagedImport,
)
from teams_rollout.ledger.tables import TableLedger

pytestmark = pytest.mark.azurite

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CONFIG = RolloutConfig.model_validate(
    {"rollout": {"name": "Council"}, "profiles": {"office": {"skus": ["SPE_E3"]}}}
)


def staged(users: int, teams: int) -> tuple[StagedImport, list[Assignment]]:
    specs = tuple(TeamSpec(key=f"t{n}", display_name=f"Team {n}") for n in range(teams))
    rows = [
        Assignment(line=n, upn=f"p{n}@council.example", wave="Pilot", profile="office")
        for n in range(users)
    ]
    return StagedImport(import_id="i-1", config=CONFIG, teams=specs, users=users), rows


async def test_a_staged_import_of_thousands_comes_back_in_file_order(ledger: TableLedger) -> None:
    header, rows = staged(6_000, 900)
    await ledger.stage(header, rows)
    assert await ledger.get_staged("i-1") == header
    assert await ledger.list_staged("i-1") == rows


async def test_staging_a_shorter_file_again_leaves_nothing_of_the_longer(
    ledger: TableLedger,
) -> None:
    await ledger.stage(*staged(2_000, 300))
    header, rows = staged(3, 0)
    await ledger.stage(header, rows)
    assert await ledger.get_staged("i-1") == header
    assert await ledger.list_staged("i-1") == rows


async def test_a_result_file_of_thousands_comes_back_under_its_operation(
    ledger: TableLedger,
) -> None:
    reports = [
        Report(
            key=UserKey(shard=f"r:{n // 100:04d}", ref=f"u{n:06d}"),
            action=Action.MOVE_USER,
            result=Result.FAILED,
            reason="other",
            detail=f"pool {n} did not answer",
        )
        for n in range(3_000)
    ]
    await ledger.save_reports("op-1", reports)

    assert await ledger.list_reports("op-1") == reports
    assert await ledger.list_reports("op-2") == []


async def test_an_import_that_was_never_staged_is_not_found(ledger: TableLedger) -> None:
    with pytest.raises(NotFound):
        await ledger.get_staged("i-2")
    assert await ledger.list_staged("i-2") == []


async def test_a_plan_for_thousands_comes_back_equal(ledger: TableLedger) -> None:
    changes = ({"step": "license", "from": "none", "to": "SPE_E3"},) * 4
    rows = [
        PlanRow(ref=f"u{n:06}", upn=f"p{n}@council.example", kind="eligible", changes=changes)
        for n in range(3_000)
    ]
    header = PlanHeader(
        plan_id="plan/with odd#id",
        rollout_id="council",
        wave="pilot",
        made_at=NOW,
        expires_at=NOW + timedelta(days=1),
        users=3_000,
        by_class={"eligible": 3_000},
        by_code={},
        seats=({"sku": "SPE_E3", "needed": 3_000, "free": 10},),
        graph={"reads": 7, "writes": 9_000, "seconds": 511.5},
    )
    await ledger.save_plan(header, rows)
    assert await ledger.find_plan(header.plan_id) == header
    assert await ledger.list_plan_rows(header.plan_id) == rows
    assert await ledger.find_plan("another") is None


def report(run_id: str, hours: int, *, items: int = 0) -> DriftReport:
    found = tuple(
        DriftItem(id=f"{run_id}-{n}", ref=f"u{n:06}", upn=f"p{n}@council.example", kind="license")
        for n in range(items)
    )
    started = NOW + timedelta(hours=hours)
    return DriftReport(run_id=run_id, started_at=started, complete=True, checked=9, items=found)


async def test_the_newest_drift_report_is_the_one_that_started_last(ledger: TableLedger) -> None:
    assert await ledger.find_drift("council") is None
    old, new = report("run-a", 0, items=2_000), report("run-b", 5, items=3)
    await ledger.save_drift("council", new)
    await ledger.save_drift("council", old)
    assert await ledger.find_drift("council") == new
    assert await ledger.find_drift("council", "run-a") == old
    assert await ledger.find_drift("council", "run-c") is None
    assert await ledger.find_drift("other") is None


async def test_saving_a_report_again_replaces_it(ledger: TableLedger) -> None:
    await ledger.save_drift("council", report("run-a", 0, items=5))
    decided = report("run-a", 0, items=1)
    await ledger.save_drift("council", decided)
    assert await ledger.find_drift("council") == decided


async def test_an_operation_moves_under_its_etag(ledger: TableLedger) -> None:
    assert await ledger.find_operation("op-1") is None
    record = OperationRecord(id="op-1", kind="import", created_at=NOW, updated_at=NOW)
    saved = await ledger.save_operation(record)
    done = await ledger.save_operation(
        saved.model_copy(update={"status": OperationStatus.SUCCEEDED, "result": {"users": 3}})
    )
    with pytest.raises(Conflict):
        await ledger.save_operation(saved.model_copy(update={"percent": 50}))
    assert await ledger.find_operation("op-1") == done
