"""What clocks set off: the nightly reconciliation.

Timers run in UTC everywhere (Flex Consumption knows no other zone), so this one comes every hour
and acts at the configured local hour; the instance id of the local day makes it happen once.
"""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.entrypoints import operations
from teams_rollout.entrypoints.ports import Services, Starter
from teams_rollout.ledger.records import RolloutRecord

_LAST_MINUTE = timedelta(minutes=59)


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
    """Start the night's reconciliation if this is its hour; repeating it does nothing."""
    rollout = await services.ledger.find_rollout()
    if rollout is None or not rollout.import_id:
        return
    day = due_day(rollout, services.clock())
    if day is None:
        return
    run_id = f"{operations.NIGHTLY}{day}"
    await operations.open_operation(
        services, run_id, kind=operations.RECONCILIATION, about={"run_id": run_id}
    )
    request = OperationRequest(rollout_id=rollout.rollout_id, operation_id=run_id, run_id=run_id)
    await starter.start(
        names.RECONCILIATION,
        instance_id=names.nightly_instance(rollout.rollout_id, day),
        payload=request.model_dump(mode="json"),
    )
