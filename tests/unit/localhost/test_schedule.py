"""Timer schedules: NCRONTAB in UTC, and time spans."""

from datetime import UTC, datetime

import pytest

from teams_rollout.localhost.timer_listener import ScheduleError, next_after

MOMENT = datetime(2026, 3, 28, 23, 59, 59, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("*/5 * * * * *", datetime(2026, 3, 29, 0, 0, 0, tzinfo=UTC)),
        ("0 */5 * * * *", datetime(2026, 3, 29, 0, 0, 0, tzinfo=UTC)),
        ("30 15 2 * * *", datetime(2026, 3, 29, 2, 15, 30, tzinfo=UTC)),
        ("0 30 1 * * 1-5", datetime(2026, 3, 30, 1, 30, 0, tzinfo=UTC)),
        ("0 0 0 1 * 1", datetime(2026, 6, 1, tzinfo=UTC)),
        ("0 3 * * *", datetime(2026, 3, 29, 3, 0, 0, tzinfo=UTC)),
        ("01:00:00", datetime(2026, 3, 29, 0, 59, 59, 500_000, tzinfo=UTC)),
    ],
)
def test_given_a_schedule_when_asked_then_the_next_occurrence(schedule: str, expected: datetime):
    assert next_after(schedule, MOMENT) == expected


@pytest.mark.parametrize("schedule", ["", "often", "61 * * * * *", "* * *"])
def test_given_no_schedule_when_asked_then_it_is_refused(schedule: str):
    with pytest.raises(ScheduleError):
        next_after(schedule, MOMENT)
