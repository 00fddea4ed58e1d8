"""Fires timer-triggered functions by NCRONTAB or interval, in UTC (localhost).

The next occurrence is kept in the state file, so that a start after a missed one runs the function
once, marked as past due. A function never runs twice at the same time.
"""

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import Final

from azure.functions.meta import Datum
from croniter import croniter

from teams_rollout.localhost.activities import wind_down
from teams_rollout.localhost.app import FunctionSpec
from teams_rollout.localhost.config import parse_span
from teams_rollout.localhost.invoke import FunctionFailedError, Invoker
from teams_rollout.localhost.protocol import from_text, to_text, utc_now
from teams_rollout.localhost.store import Store

logger = logging.getLogger(__name__)

LONGEST_SLEEP: Final = 60.0


class ScheduleError(Exception):
    """A timer's schedule cannot be understood."""


def next_after(schedule: str, moment: datetime) -> datetime:
    """Return the first occurrence after a moment.

    Args:
        schedule: six-field NCRONTAB (seconds first; day of month and day of week must both fit),
            five-field, or a time span such as `00:05:00` between occurrences.

    Raises:
        ScheduleError: it is none of them.
    """
    try:
        if " " not in schedule.strip():
            return moment + parse_span(schedule)
        six = len(schedule.split()) == 6
        found = croniter(
            schedule, moment, day_or=False, second_at_beginning=six, ret_type=datetime
        ).get_next()
    except (ValueError, KeyError) as error:
        raise ScheduleError(f"'{schedule}' is not a timer schedule ({error}).") from error
    assert isinstance(found, datetime)  # noqa: S101 - croniter is untyped; asked for by ret_type
    return found.astimezone(UTC)


def timer_info(schedule: str, last: datetime | None, *, now: datetime, past_due: bool) -> Datum:
    """Build what a timer function receives.

    Args:
        last: when it last ran; None for never.
    """
    info = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": {
            "Last": to_text(last) if last else "0001-01-01T00:00:00+00:00",
            "Next": to_text(next_after(schedule, now)),
            "LastUpdated": to_text(now),
        },
        "IsPastDue": past_due,
    }
    return Datum(json.dumps(info), "json")


class TimerListener:
    """Fires one timer function.

    Raises:
        ScheduleError: its schedule cannot be understood.
    """

    def __init__(self, spec: FunctionSpec, *, store: Store, invoker: Invoker) -> None:
        self._spec = spec
        self._store = store
        self._invoker = invoker
        self._schedule = str(spec.trigger["schedule"])
        self._task: asyncio.Task[None] | None = None
        self._firing = False
        next_after(self._schedule, utc_now())

    def start(self) -> None:
        """Start to wait for occurrences."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self, *, within: float) -> None:
        """Fire no more and wait for a running function, at most this many seconds."""
        if self._task is not None:
            if not self._firing:
                self._task.cancel()
            await wind_down([self._task], within=within)

    async def _run(self) -> None:
        last, due = self._load()
        monitored = self._spec.trigger.get("useMonitor") is not False
        if self._spec.trigger.get("runOnStartup") or (
            monitored and due is not None and due < utc_now()
        ):
            past_due = due is not None and due < utc_now()
            last = await self._fire(last, past_due=past_due)
        while True:
            due = next_after(self._schedule, last or utc_now())
            due = due if due > utc_now() else next_after(self._schedule, utc_now())
            self._save(last, due)
            await _sleep_until(due)
            last = await self._fire(last, past_due=False)

    async def _fire(self, last: datetime | None, *, past_due: bool) -> datetime:
        now = utc_now()
        datum = timer_info(self._schedule, last, now=now, past_due=past_due)
        self._firing = True
        try:
            await self._invoker.call(self._spec, datum)
        except FunctionFailedError:
            logger.warning("The timer %s failed; it fires again in time", self._spec.name)
        finally:
            self._firing = False
        self._save(now, next_after(self._schedule, now))
        return now

    def _load(self) -> tuple[datetime | None, datetime | None]:
        row = self._store.db.execute(
            "select last, next from schedules where name = ?", (self._spec.name,)
        ).fetchone()
        if row is None:
            return None, None
        return (None if row[0] is None else from_text(row[0])), from_text(row[1])

    def _save(self, last: datetime | None, due: datetime) -> None:
        with self._store.transaction() as db:
            db.execute(
                "insert or replace into schedules (name, last, next) values (?, ?, ?)",
                (self._spec.name, None if last is None else to_text(last), to_text(due)),
            )


async def _sleep_until(moment: datetime) -> None:
    """Sleep in short pieces, so that a changed clock is noticed."""
    while (left := (moment - utc_now()).total_seconds()) > 0:  # noqa: ASYNC110 - it waits for time
        await asyncio.sleep(min(left, LONGEST_SLEEP))
