"""Takes stock every few minutes: how many people and waves are where, and what stands still.

Whatever needs somebody becomes a log record with an `action` that an alert waits for. One reading
of everybody, a handful of other requests; nothing is changed, so that running twice is harmless.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from teams_rollout.contracts import names, signals
from teams_rollout.domain.stock import stands_still
from teams_rollout.domain.vocabulary import UserState, WaveState
from teams_rollout.entrypoints.figures import Figures, board
from teams_rollout.entrypoints.ports import InstanceState, Services, Starter
from teams_rollout.entrypoints.reviving import batch_instance, lost_batches
from teams_rollout.ledger.records import UserRecord, WaveRecord
from teams_rollout.tracing import function_span

logger = logging.getLogger(__name__)

_AT_WORK = (WaveState.RUNNING, WaveState.VERIFYING)
_NEEDS_INSTANCE = {
    WaveState.SCHEDULED: (
        InstanceState.ABSENT,
        InstanceState.RUNNING,
        InstanceState.SUCCEEDED,
    ),
    WaveState.RUNNING: (InstanceState.RUNNING,),
    WaveState.VERIFYING: (InstanceState.RUNNING,),
}
"""What the wave's orchestration may be while the wave is so. A wave stays `scheduled` until its
time comes, and after an orchestration that ended for want of licences."""


@dataclass
class _Count:
    by_state: Counter[UserState] = field(default_factory=Counter)
    moved_at: dict[str, datetime] = field(default_factory=dict)

    def add(self, user: UserRecord) -> None:
        self.by_state[user.summary.state] += 1
        times = [record.verified_at or record.at for record in user.steps.values()]
        if times:
            self.moved_at[user.wave] = max([*times, self.moved_at.get(user.wave, times[0])])


async def take_stock(services: Services, starter: Starter) -> None:
    """Measure the rollout and report what needs a person."""
    with function_span(names.STOCKTAKING, {}):
        queues = await _measure_queues(services)
        board.show(queues)
        rollout = await services.ledger.find_rollout()
        if rollout is not None:
            board.show({**queues, **await _measure_people(services, starter, rollout.rollout_id)})
        # Every time, also before the first import: an alert waits for these to stay away.
        logger.info("Stock taken", extra={"action": signals.STOCK_TAKEN})


async def _measure_queues(services: Services) -> Figures:
    now = services.clock()
    looks = await services.ledger.look_at_queues()
    waits = {q.name: now - q.oldest_at for q in looks if q.oldest_at}
    return {
        signals.QUEUE_MESSAGES: {queue.name: queue.messages for queue in looks},
        signals.QUEUE_AGE: {
            queue.name: max(0.0, waits[queue.name].total_seconds()) if queue.name in waits else 0.0
            for queue in looks
        },
    }


async def _measure_people(services: Services, starter: Starter, rollout_id: str) -> Figures:
    """Every state each time: one without anybody is a zero, not a gap."""
    waves = await services.ledger.list_waves(rollout_id)
    count = _Count()
    async for user in services.ledger.list_users(rollout_id):
        count.add(user)
    for wave in waves:
        await _look_at(services, starter, wave, count.moved_at.get(wave.slug))
    by_state = Counter(wave.state for wave in waves)
    return {
        signals.USERS: {state.value: count.by_state[state] for state in UserState},
        signals.WAVES: {state.value: by_state[state] for state in WaveState},
    }


async def _look_at(
    services: Services, starter: Starter, wave: WaveRecord, moved_at: datetime | None
) -> None:
    since = max((t for t in (moved_at, wave.started_at, wave.accepted_at) if t), default=None)
    scale = services.settings.time_scale
    if stands_still(wave.state, moved_at=since, now=services.clock(), scale=scale):
        logger.warning(
            "A wave stands still",
            extra={"action": signals.WAVE_STALLED, "wave": wave.slug, "state": wave.state.value},
        )
    for instance_id in await _broken_instances(services, starter, wave):
        logger.error(
            "An orchestration has ended although its wave has not",
            extra={
                "action": signals.INSTANCE_FAILED,
                "wave": wave.slug,
                "instance_id": instance_id,
            },
        )


async def _broken_instances(services: Services, starter: Starter, wave: WaveRecord) -> list[str]:
    """The wave's own instance and those of batches at work, where they should still live.

    They go on by themselves soon after (`reviving`); what ended them is still worth knowing.
    """
    if wave.state not in _NEEDS_INSTANCE:
        return []
    broken = []
    instance = names.wave_instance(wave.rollout_id, wave.slug, wave.epoch)
    if await starter.status(instance) not in _NEEDS_INSTANCE[wave.state]:
        # It may have closed, or have been revived, between the two looks.
        latest = await services.ledger.find_wave(wave.rollout_id, wave.slug)
        if latest is not None and (latest.state, latest.epoch) == (wave.state, wave.epoch):
            broken.append(instance)
    if wave.state in _AT_WORK:
        failed, _ = await lost_batches(services, starter, wave)
        broken += [batch_instance(batch) for batch in failed]
    return broken
