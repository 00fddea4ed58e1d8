"""What clocks set off: the nightly reconciliation.

Timers run in UTC everywhere (Flex Consumption knows no other zone), so this one comes every hour
and acts at the configured local hour; the instance id of the local day makes it happen once. A
night that was missed because the app was down, or that could not read everything, is made up for in
the hours after it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.entrypoints import operations
from teams_rollout.entrypoints.ports import InstanceState, Services, Starter
from teams_rollout.ledger.records import RolloutRecord

_LAST_MINUTE = timedelta(minutes=59)
_HOUR = timedelta(hours=1)
CATCH_UP_HOURS = 12
"""How long a missed night is made up for; later the next one is near enough."""


def due_day(rollout: RolloutRecord, now: datetime) -> str | None:
    """The local day (`YYYY-MM-DD`) whose reconciliation is due in this hour of UTC, or None.

    Where clocks go forward over the configured hour, the hour after it counts; where they go back
    and it comes twice, the first one does. Zones off by half an hour may change day within the
    hour, so both days are asked; how late in its hour the timer comes does not matter.
    """
    section = rollout.config.rollout
    zone = ZoneInfo(section.timezone)
    hour = _hour(now)
    for moment in (hour, hour + _LAST_MINUTE):
        day = moment.astimezone(zone).date()
        due = datetime.combine(day, time(section.reconcile_hour), tzinfo=zone)
        if _hour(due) == hour:
            return day.isoformat()
    return None


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


async def reconcile_nightly(services: Services, starter: Starter) -> None:
    """Start the night's reconciliation in its hour, or later if it is missing; safe to repeat."""
    rollout = await services.ledger.find_rollout()
    if rollout is None or not rollout.import_id:
        return
    now = services.clock()
    for hours_late in range(CATCH_UP_HOURS + 1):
        day = due_day(rollout, now - hours_late * _HOUR)
        if day is None:
            continue
        # One id per hour: whoever comes twice in an hour starts it once.
        nights = [f"{day}-{late}" if late else day for late in range(hours_late + 1)]
        due = _hour(now - hours_late * _HOUR)
        if not hours_late or await _is_missing(services, starter, rollout, nights[:-1], due=due):
            await _start(services, starter, rollout, nights[-1])
        return


async def _is_missing(
    services: Services,
    starter: Starter,
    rollout: RolloutRecord,
    earlier: Sequence[str],
    *,
    due: datetime,
) -> bool:
    """Whether nobody has compared everything since the night was due, nor is about to."""
    if rollout.imported_at is None or rollout.imported_at > due:
        return False  # there was nothing to compare
    latest = await services.ledger.find_drift(rollout.rollout_id)
    if latest is not None and latest.complete and latest.started_at >= due:
        return False
    for night in earlier:
        instance = names.nightly_instance(rollout.rollout_id, night)
        if await starter.status(instance) is InstanceState.RUNNING:
            return False
    return True


async def _start(services: Services, starter: Starter, rollout: RolloutRecord, night: str) -> None:
    run_id = f"{operations.NIGHTLY}{night}"
    await operations.open_operation(
        services, run_id, kind=operations.RECONCILIATION, about={"run_id": run_id}
    )
    request = OperationRequest(rollout_id=rollout.rollout_id, operation_id=run_id, run_id=run_id)
    await starter.start(
        names.RECONCILIATION,
        instance_id=names.nightly_instance(rollout.rollout_id, night),
        payload=request.model_dump(mode="json"),
    )
