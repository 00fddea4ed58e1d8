"""What queue messages set off: starting batches, waking orchestrations, seeing to poison.

Deliveries repeat and overtake each other, so every function here may run twice.
"""

import logging
from typing import TypeVar

from pydantic import ValidationError

from teams_rollout.contracts import names, signals
from teams_rollout.contracts.payloads import BatchRequest, Payload
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import STEP_ORDER, BatchState, Environment, Outcome
from teams_rollout.entrypoints.ports import InstanceState, Services, Starter
from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.records import (
    AuditEntry,
    BatchRecord,
    TimelineEvent,
    UserRecord,
    UserUpdate,
)
from teams_rollout.tracing import function_span

logger = logging.getLogger(__name__)
_Message = TypeVar("_Message", bound=Payload)

POISONED = "poisoned_batch"
_OVER = frozenset({BatchState.ACCEPTED, BatchState.CANCELLED})
_CLAIM_TRIES = 3
_PEOPLE_PER_COMMIT = 33


class UnreadableMessageError(ValueError):
    """A message is not what its queue carries; says which fields, never what is in them."""


class BeingBlockedError(RuntimeError):
    """A batch must not be started any more, and is not over yet."""


class WakeUp(Payload):
    """The message on `rollout-wakeups`."""

    instance_id: str


def _read(kind: type[_Message], message: str | bytes) -> _Message:
    """The message; an error's text must not repeat it, because the host logs that."""
    try:
        return kind.model_validate_json(message)
    except ValidationError as error:
        wrong = sorted({".".join(map(str, e["loc"])) or "JSON" for e in error.errors()})
    raise UnreadableMessageError(f"Not a {kind.__name__}: {', '.join(wrong)} missing or wrong.")


def _instance(request: BatchRequest) -> str:
    return names.batch_instance(request.rollout_id, request.wave, request.batch, request.generation)


async def _get_batch(services: Services, request: BatchRequest) -> BatchRecord:
    return await services.ledger.get_batch(
        request.rollout_id, request.wave, request.epoch, request.batch
    )


async def start_batch(services: Services, starter: Starter, message: str | bytes) -> None:
    """Claim the batch's generation and start its orchestration, once however often delivered.

    Raises:
        Exception: anything at all makes the queue deliver again.
    """
    request = _read(BatchRequest, message)
    payload = request.model_dump(mode="json")
    with function_span(names.START_BATCH, payload):
        if await claim(services, request):
            # Claimed but absent is a crash between claim and start: whoever comes next starts it.
            await starter.start(names.BATCH, instance_id=_instance(request), payload=payload)


async def claim(services: Services, request: BatchRequest) -> bool:
    """Whether this generation of the batch is claimed and may be started; claims it if free.

    Raises:
        BeingBlockedError: its message was poison before anybody claimed it.
    """
    for _ in range(_CLAIM_TRIES):
        batch = await _get_batch(services, request)
        if batch.state in _OVER or request.generation < batch.generation:
            return False
        if batch.claimed_generation >= request.generation:
            return True
        if batch.poisoned:
            # Its people are being blocked. Should that have broken off, this message becomes
            # poison in its turn, and whoever sees to it goes on where the first one stopped.
            raise BeingBlockedError("The batch is marked as poisoned and nobody has claimed it.")
        try:
            await services.ledger.save_batch(
                batch.model_copy(
                    update={
                        "claimed_generation": request.generation,
                        "state": BatchState.RUNNING,
                    }
                )
            )
        except Conflict:
            continue
        return True
    raise Conflict("The batch is being changed by others all the time; it is delivered again.")


async def wake_up(starter: Starter, message: str | bytes) -> None:
    """Raise the wake event that a message asks for; an instance that has ended needs none."""
    await starter.raise_wake(_read(WakeUp, message).instance_id)


async def see_to_poison(services: Services, starter: Starter, message: str | bytes) -> None:
    """Make a batch visible whose message could not be handled; block its people if nobody will.

    1. A claimed batch may be running: it is marked, and started if its instance is absent.
    2. An unclaimed one is marked first, which ends all claims; then its people are blocked, then
       it counts as answered, and the dispatcher is woken. A crash in between repeats from the mark.
    """
    try:
        request = _read(BatchRequest, message)
    except UnreadableMessageError:
        logger.exception("Poisoned message is unreadable", extra={"action": signals.BATCH_POISONED})
        return
    with function_span(names.POISONED_BATCH, request.model_dump(mode="json")):
        logger.error(
            "Batch message is poisoned",
            extra={
                "action": signals.BATCH_POISONED,
                "wave": request.wave,
                "batch": request.batch,
            },
        )
        await _mark(services, starter, request)


async def _mark(services: Services, starter: Starter, request: BatchRequest) -> None:
    batch = await _get_batch(services, request)
    if batch.state in _OVER or request.generation < batch.generation:
        return
    if not batch.poisoned:
        batch = await services.ledger.save_batch(batch.model_copy(update={"poisoned": True}))
        await _audit(services, request)
    if batch.claimed_generation >= request.generation:
        await _start_if_absent(starter, request)
        return
    await _block_people(services, batch)
    await services.ledger.save_batch(
        batch.model_copy(
            update={
                "state": BatchState.ACCEPTED,
                "attempted": len(batch.keys),
                "unforeseen": len(batch.keys),
            }
        )
    )
    wave = await services.ledger.find_wave(request.rollout_id, request.wave)
    if wave is not None:
        await services.ledger.send_wake_up(
            names.dispatch_instance(wave.rollout_id, wave.slug, wave.epoch)
        )


async def _start_if_absent(starter: Starter, request: BatchRequest) -> None:
    if await starter.status(_instance(request)) is InstanceState.ABSENT:
        await starter.start(
            names.BATCH,
            instance_id=_instance(request),
            payload=request.model_dump(mode="json"),
        )


async def _block_people(services: Services, batch: BatchRecord) -> None:
    by_shard: dict[str, set[str]] = {}
    for key in batch.keys:
        by_shard.setdefault(key.shard, set()).add(key.ref)
    for shard, refs in by_shard.items():
        records = await services.ledger.list_shard(shard, refs)
        updates = [u for r in records if (u := _blocked(services, r)) is not None]
        for start in range(0, len(updates), _PEOPLE_PER_COMMIT):
            await services.ledger.commit(shard, updates[start : start + _PEOPLE_PER_COMMIT])


def _blocked(services: Services, record: UserRecord) -> UserUpdate | None:
    """Every step that still waits for this batch as blocked; None when no step does."""
    now = services.clock()
    pending = [s for s in STEP_ORDER if s not in record.steps or not record.steps[s].is_answered]
    if not pending:
        return None
    blocked = StepRecord(outcome=Outcome.BLOCKED, code=POISONED, at=now)
    event = TimelineEvent(
        at=now, step=pending[0].value, outcome=Outcome.BLOCKED.value, code=POISONED
    )
    return UserUpdate(ref=record.key.ref, steps=dict.fromkeys(pending, blocked), events=(event,))


async def _audit(services: Services, request: BatchRequest) -> None:
    await services.ledger.append_audit(
        request.rollout_id,
        AuditEntry(
            at=services.clock(),
            actor="system",
            action=POISONED,
            target=request.wave,
            detail=f"batch {request.batch}, generation {request.generation}",
            rehearsal=services.settings.environment is Environment.REHEARSAL,
        ),
    )
