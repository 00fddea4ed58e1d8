"""The dispatcher's decision: evaluate the gate, put batches on the queue, notice the end.

Idempotent: a batch is queued once per generation; a message that may have been lost is sent
again, which the claim of the batch makes harmless.
"""

import logging
from datetime import timedelta

from activities.deps import Deps
from teams_rollout.contracts import names, signals
from teams_rollout.contracts.payloads import AdvanceResult, BatchRequest, WaveRequest
from teams_rollout.domain.gates import Verdict, evaluate
from teams_rollout.domain.transitions import may_move
from teams_rollout.domain.vocabulary import BatchState, WaveState
from teams_rollout.ledger.records import BatchRecord, Judged, RolloutRecord, WaveRecord

logger = logging.getLogger(__name__)

RESEND_AFTER = timedelta(seconds=60)
OVER = (BatchState.ACCEPTED, BatchState.CANCELLED)
AT_WORK = (BatchState.QUEUED, BatchState.RUNNING)


async def advance_wave(deps: Deps, request: WaveRequest) -> AdvanceResult:
    """Do what can be done now for the wave's batches."""
    rollout = await deps.ledger.find_rollout()
    wave = await deps.ledger.find_wave(request.rollout_id, request.wave)
    if rollout is None or wave is None or wave.epoch != request.epoch or wave.state.is_closed:
        return AdvanceResult(phase="stopped")
    rollout = rollout.under(wave)
    batches = await deps.ledger.list_batches(request.rollout_id, request.wave, wave.batches_of)
    open_ = [b for b in batches if b.state not in OVER]
    if wave.state is WaveState.RUNNING:
        if not open_:
            return await _finish(deps, wave)
        wave = await _judge(deps, rollout, wave, batches)
    if wave.state is WaveState.RUNNING:
        sent = await _dispatch(deps, rollout, batches)
        return AdvanceResult(dispatched=sent, open_batches=len(open_))
    if wave.state is WaveState.VERIFYING:
        return AdvanceResult(phase="accepted")
    return AdvanceResult(open_batches=len(open_))


async def _finish(deps: Deps, wave: WaveRecord) -> AdvanceResult:
    done = wave.model_copy(update={"state": WaveState.VERIFYING, "accepted_at": deps.clock()})
    await deps.ledger.save_wave(done)
    await deps.ledger.send_wake_up(
        names.membership_instance(wave.rollout_id, wave.slug, wave.epoch)
    )
    return AdvanceResult(phase="accepted")


async def _judge(
    deps: Deps, rollout: RolloutRecord, wave: WaveRecord, batches: list[BatchRecord]
) -> WaveRecord:
    """Put the people accepted since the last gate before the next one, which may halt the wave.

    Nobody is judged twice: whoever resumes a halted wave has accepted what halted it.
    """
    now = _accepted_so_far(batches)
    if now == wave.judged:
        return wave
    result = evaluate(
        max(0, now.unforeseen - wave.judged.unforeseen),
        max(0, now.attempted - wave.judged.attempted),
        rollout.config.gates,
    )
    changes: dict[str, object] = {"judged": now}
    if result.verdict is Verdict.FAIL and may_move(wave.state, WaveState.HALTED):
        changes |= {"state": WaveState.HALTED, "reason": result.sentence}
    judged = await deps.ledger.save_wave(wave.model_copy(update=changes))
    if judged.state is WaveState.HALTED:
        halted = {"action": signals.WAVE_HALTED, "wave": wave.slug}
        logger.warning("A gate halted a wave", extra=halted)
    return judged


def _accepted_so_far(batches: list[BatchRecord]) -> Judged:
    accepted = [b for b in batches if b.state is BatchState.ACCEPTED]
    return Judged(
        attempted=sum(b.attempted for b in accepted),
        unforeseen=sum(b.unforeseen for b in accepted),
    )


async def _dispatch(deps: Deps, rollout: RolloutRecord, batches: list[BatchRecord]) -> int:
    """Send the canary alone, then the others, at most N at work at a time."""
    canary_open = any(b.canary and b.state not in OVER for b in batches)
    candidates = [b for b in batches if b.canary or not canary_open]
    slots = rollout.config.rollout.batches_in_flight - sum(b.state in AT_WORK for b in candidates)
    sent = 0
    for batch in candidates:
        if batch.state is BatchState.PREPARED and slots > 0:
            slots -= 1
            await _queue(deps, batch)
            sent += 1
        elif _may_be_lost(deps, batch):
            await _queue(deps, batch)
    return sent


def _may_be_lost(deps: Deps, batch: BatchRecord) -> bool:
    """Queued long ago and never claimed: the process may have died before it sent the message."""
    if batch.state is not BatchState.QUEUED or batch.claimed_generation >= batch.generation:
        return False
    return batch.queued_at is None or deps.clock() - batch.queued_at >= RESEND_AFTER


async def _queue(deps: Deps, batch: BatchRecord) -> None:
    queued = batch.model_copy(update={"state": BatchState.QUEUED, "queued_at": deps.clock()})
    await deps.ledger.save_batch(queued)
    message = BatchRequest(
        rollout_id=batch.rollout_id,
        wave=batch.wave,
        epoch=batch.epoch,
        batch=batch.number,
        generation=batch.generation,
    )
    await deps.ledger.send_batch(message.model_dump(mode="json"))
