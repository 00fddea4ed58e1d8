"""The nightly reconciliation: the right hour in local time, once a night."""

from datetime import UTC, datetime, timedelta

import pytest

from teams_rollout.domain.configuration import RolloutSection
from teams_rollout.entrypoints.operations import get_operation
from teams_rollout.entrypoints.ports import InstanceState
from teams_rollout.entrypoints.timers import due_day, reconcile_nightly
from teams_rollout.ledger.records import DriftReport, RolloutRecord
from tests.unit.entrypoints.doubles import (
    MemoryLedger,
    MemoryServices,
    MemoryStarter,
    a_rollout,
)


def at_hour(hour: int, *, timezone: str = "Europe/London") -> RolloutRecord:
    rollout = a_rollout()
    section = RolloutSection(name="Sample council", timezone=timezone, reconcile_hour=hour)
    config = rollout.config.model_copy(update={"rollout": section})
    return rollout.model_copy(update={"config": config})


@pytest.mark.parametrize(
    ("timezone", "hour", "year_day"),
    [
        ("Europe/London", 23, "2026-11-21"),
        ("Europe/London", 23, "2026-07-01"),
        ("Europe/London", 1, "2026-03-29"),  # 01:00 does not exist that night
        ("Europe/London", 1, "2026-10-25"),  # 01:00 comes twice that night
        ("Europe/London", 2, "2026-07-01"),
        ("Europe/London", 0, "2026-07-01"),
        ("Asia/Kolkata", 0, "2026-07-01"),
        ("America/St_Johns", 23, "2026-11-01"),
    ],
)
@pytest.mark.parametrize("late_s", [0, 7, 90, 59 * 60 + 59])
def test_three_days_of_hours_when_the_timer_comes_then_each_local_day_is_due_exactly_once(
    timezone: str, hour: int, year_day: str, late_s: int
):
    rollout = at_hour(hour, timezone=timezone)
    start = datetime.fromisoformat(year_day).replace(tzinfo=UTC) - timedelta(days=1)

    due = [
        day
        for hours in range(72)
        if (day := due_day(rollout, start + timedelta(hours=hours, seconds=late_s)))
    ]

    assert len(due) == len(set(due)) == 3
    assert year_day in due


@pytest.mark.parametrize(("utc_hour", "due"), [(0, None), (1, "2026-07-01"), (2, None)])
def test_two_in_london_in_summer_when_asked_then_it_is_one_in_utc(utc_hour: int, due: str | None):
    now = datetime(2026, 7, 1, utc_hour, tzinfo=UTC)

    assert due_day(at_hour(2), now) == due


async def test_nightly_when_the_timer_fires_twice_in_its_hour_then_one_run(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.rollout = at_hour(2)
    services.now = datetime(2026, 11, 21, 2, 0, 1, tzinfo=UTC)

    await reconcile_nightly(services, starter)
    services.wait(minutes=40)
    await reconcile_nightly(services, starter)

    ((name, instance, payload),) = starter.started
    assert (name, instance) == (
        "reconciliation_orchestration",
        "sample:nightly:2026-11-21",
    )
    assert payload["run_id"] == "nightly-2026-11-21"
    assert "nightly-2026-11-21" in ledger.operations


async def test_nightly_when_it_is_another_hour_then_nothing(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.rollout = at_hour(2)
    services.now = datetime(2026, 11, 21, 3, 0, 1, tzinfo=UTC)

    await reconcile_nightly(services, starter)

    assert starter.started == []


async def test_nightly_when_nothing_is_imported_then_nothing(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.rollout = None

    await reconcile_nightly(services, starter)

    assert starter.started == []


async def test_nightly_when_it_takes_long_then_its_operation_is_still_running(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.rollout = at_hour(2)
    services.now = datetime(2026, 11, 21, 2, 0, 1, tzinfo=UTC)
    await reconcile_nightly(services, starter)
    services.wait(minutes=5)

    view = await get_operation(services, starter, "nightly-2026-11-21", rollout_id="sample")

    assert view.status == "running"


@pytest.fixture
def last_night(services: MemoryServices, ledger: MemoryLedger) -> datetime:
    """Two o'clock of a night that nothing came of; it is half past four now."""
    due = datetime(2026, 11, 21, 2, tzinfo=UTC)
    ledger.rollout = at_hour(2).model_copy(update={"imported_at": due - timedelta(days=3)})
    services.now = due + timedelta(hours=2, minutes=30)
    return due


def a_report(at: datetime, *, complete: bool) -> DriftReport:
    return DriftReport(run_id="some", started_at=at, ended_at=at, complete=complete)


async def test_night_missed_when_the_timer_comes_later_then_made_up_for_once_an_hour(
    services: MemoryServices, ledger: MemoryLedger, starter: MemoryStarter, last_night: datetime
):
    await reconcile_nightly(services, starter)
    await reconcile_nightly(services, starter)

    ((_, instance, payload),) = starter.started
    assert instance == "sample:nightly:2026-11-21-2"
    assert payload["run_id"] == "nightly-2026-11-21-2"
    view = await get_operation(services, starter, payload["run_id"], rollout_id="sample")
    assert view.status == "running"


@pytest.mark.parametrize(("complete", "runs"), [(True, 0), (False, 1)])
async def test_night_compared_since_when_the_timer_comes_later_then_only_half_a_look_is_repeated(
    services: MemoryServices,
    ledger: MemoryLedger,
    starter: MemoryStarter,
    *,
    last_night: datetime,
    complete: bool,
    runs: int,
):
    ledger.drift.append(a_report(last_night + timedelta(minutes=1), complete=complete))

    await reconcile_nightly(services, starter)

    assert len(starter.started) == runs


async def test_night_still_running_when_the_timer_comes_later_then_left_to_it(
    services: MemoryServices, starter: MemoryStarter, last_night: datetime
):
    starter.states["sample:nightly:2026-11-21"] = InstanceState.RUNNING

    await reconcile_nightly(services, starter)

    assert starter.started == []


@pytest.mark.parametrize("hours", [13, 18, 23])
async def test_night_long_past_when_the_timer_comes_then_the_next_one_is_waited_for(
    services: MemoryServices, starter: MemoryStarter, last_night: datetime, hours: int
):
    services.now = last_night + timedelta(hours=hours)

    await reconcile_nightly(services, starter)

    assert starter.started == []
