"""Waves whose durable instances were lost, and how they go on where they were.

An instance can fail for a reason that nobody foresaw, be terminated by an administrator or be
purged. The ledger has everything, so nothing is planned or opened again:

- a wave's run: the next epoch begins on the same batches; what is left of the old run ends itself,
  because its epoch is over;
- a batch that failed: its next generation is dispatched; the old one may not write any more;
- a batch that is absent: the same generation is started, as if its start had been lost.
"""

from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import BatchRequest, WaveRequest
from teams_rollout.domain.vocabulary import BatchState, Environment, WaveState
from teams_rollout.entrypoints import operations
from teams_rollout.entrypoints.ports import InstanceState, Services, Starter
from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.records import AuditEntry, BatchRecord, OperationRecord, WaveRecord

SYSTEM = "system"

_UNDER_WAY = (WaveState.RUNNING, WaveState.PAUSED, WaveState.HALTED, WaveState.VERIFYING)
_OVER = (BatchState.ACCEPTED, BatchState.CANCELLED)


async def launch(services: Services, starter: Starter, wave: WaveRecord) -> OperationRecord:
    """Record the operation of the wave's epoch and start its orchestration; safe to repeat."""
    operation_id = operations.start_operation_id(wave.slug, wave.epoch)
    operation = await operations.open_operation(
        services, operation_id, kind=operations.START, about={"wave": wave.name}
    )
    request = WaveRequest(
        rollout_id=wave.rollout_id, wave=wave.slug, epoch=wave.epoch, operation_id=operation_id
    )
    await starter.start(
        names.WAVE,
        instance_id=names.wave_instance(wave.rollout_id, wave.slug, wave.epoch),
        payload=request.model_dump(mode="json"),
    )
    return operation


async def revive_waves(services: Services, starter: Starter) -> None:
    """See to every wave under way; what changes meanwhile is seen to the next time."""
    rollout = await services.ledger.find_rollout()
    if rollout is None:
        return
    for wave in await services.ledger.list_waves(rollout.rollout_id):
        if wave.state in _UNDER_WAY:
            try:
                await revive(services, starter, wave, actor=SYSTEM)
            except Conflict:
                continue


async def revive(services: Services, starter: Starter, wave: WaveRecord, *, actor: str) -> bool:
    """Let a wave under way go on if something that worked for it was lost.

    Returns:
        Whether anything had to be done.

    Raises:
        Conflict: the wave or a batch has changed meanwhile, so somebody works for it.
    """
    run = names.wave_instance(wave.rollout_id, wave.slug, wave.epoch)
    is_run_lost = await starter.status(run) is not InstanceState.RUNNING
    failed, absent = await lost_batches(services, starter, wave)
    if not (is_run_lost or failed or absent):
        return False
    if is_run_lost or failed:
        wave = await _next(services, wave, is_run_lost=is_run_lost, failed=failed)
    for batch in failed:
        await _prepare_again(services, batch)
    for batch in absent:
        await _start_again(starter, batch)
    await _audit(services, wave, actor, run=is_run_lost, batches=len(failed) + len(absent))
    if is_run_lost:
        await launch(services, starter, wave)
    await starter.raise_wake(names.dispatch_instance(wave.rollout_id, wave.slug, wave.epoch))
    return True


async def lost_batches(
    services: Services, starter: Starter, wave: WaveRecord
) -> tuple[list[BatchRecord], list[BatchRecord]]:
    """Claimed batches that nobody works on: those whose instance ended, and those without one."""
    found: dict[InstanceState, list[BatchRecord]] = {state: [] for state in InstanceState}
    batches = await services.ledger.list_batches(wave.rollout_id, wave.slug, wave.batches_of)
    for batch in batches:
        if batch.state not in _OVER and batch.claimed_generation >= batch.generation:
            found[await starter.status(batch_instance(batch))].append(batch)
    failed = [*found[InstanceState.FAILED], *found[InstanceState.SUCCEEDED]]
    return failed, found[InstanceState.ABSENT]


def batch_instance(batch: BatchRecord) -> str:
    """The instance that works, or worked, on the batch's generation."""
    return names.batch_instance(batch.rollout_id, batch.wave, batch.number, batch.generation)


async def _next(
    services: Services, wave: WaveRecord, *, is_run_lost: bool, failed: list[BatchRecord]
) -> WaveRecord:
    """The wave's row first: from now on the old run and the old generations may not write."""
    changes: dict[str, object] = {
        "reruns": {**wave.reruns, **{b.number: b.generation + 1 for b in failed}}
    }
    if is_run_lost:
        changes |= {"epoch": wave.epoch + 1, "cut": wave.batches_of}
    return await services.ledger.save_wave(wave.model_copy(update=changes))


async def _prepare_again(services: Services, batch: BatchRecord) -> None:
    again = {
        "generation": batch.generation + 1,
        "state": BatchState.PREPARED,
        "queued_at": None,
        "poisoned": False,
    }
    await services.ledger.save_batch(batch.model_copy(update=again))


async def _start_again(starter: Starter, batch: BatchRecord) -> None:
    request = BatchRequest(
        rollout_id=batch.rollout_id,
        wave=batch.wave,
        epoch=batch.epoch,
        batch=batch.number,
        generation=batch.generation,
    )
    await starter.start(
        names.BATCH, instance_id=batch_instance(batch), payload=request.model_dump(mode="json")
    )


async def _audit(
    services: Services, wave: WaveRecord, actor: str, *, run: bool, batches: int
) -> None:
    lost = ["its run"] if run else []
    lost += [f"{batches} of its batches"] if batches else []
    await services.ledger.append_audit(
        wave.rollout_id,
        AuditEntry(
            at=services.clock(),
            actor=actor,
            action="revive",
            target=wave.name,
            detail=f"lost: {' and '.join(lost)}",
            rehearsal=services.settings.environment is Environment.REHEARSAL,
        ),
    )
