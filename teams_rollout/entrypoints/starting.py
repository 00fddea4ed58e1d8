"""Starting a wave: may it start now, and the one path by which it does.

1. The order of waves and the pilots' decisions are checked.
2. The wave moves to `scheduled` under its ETag with a new epoch: of two callers one wins.
3. The operation is recorded and the wave's orchestration is started under a deterministic id.
A crash between 2 and 3 leaves `scheduled` without an instance; the next start repairs that, as it
does for a wave under way whose instance was lost (`reviving`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from teams_rollout.contracts import names
from teams_rollout.domain.transitions import IllegalMove, move_wave
from teams_rollout.domain.vocabulary import Environment, WaveState
from teams_rollout.entrypoints.identity import Caller
from teams_rollout.entrypoints.ports import InstanceState, Services, Starter
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.entrypoints.reviving import launch, revive
from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.records import AuditEntry, OperationRecord, WaveRecord

NOTHING_TO_DO = "nothing_to_do"
ALREADY_RUNNING = "already_running"
RESUMED = "resumed"

_DONE = frozenset({WaveState.COMPLETED, WaveState.COMPLETED_WITH_FAILURES})
_UNDER_WAY = frozenset({WaveState.RUNNING, WaveState.VERIFYING})
_BEFORE_SCHEDULE = frozenset({WaveState.DRAFT, WaveState.CANCELLED, WaveState.ROLLED_BACK})


@dataclass(frozen=True)
class Started:
    """The outcome of a start: an operation, or why there is none (`result`)."""

    wave: WaveRecord
    result: str = ""
    operation: OperationRecord | None = None


async def start_wave(
    services: Services,
    starter: Starter,
    record: WaveRecord,
    *,
    caller: Caller,
    allow_shortage: bool,
) -> Started:
    """Start the wave, or say why there is nothing to start.

    Raises:
        ProblemError: 409 when another wave, a decision or an approval has to come first.
    """
    if record.state in _DONE:
        return Started(record, NOTHING_TO_DO)
    if record.state in _UNDER_WAY:
        return await _go_on(services, starter, record, caller=caller)
    if record.state is WaveState.SCHEDULED:
        instance = names.wave_instance(record.rollout_id, record.slug, record.epoch)
        state = await starter.status(instance)
        if state is InstanceState.RUNNING:
            return Started(record, ALREADY_RUNNING)
        if state is InstanceState.ABSENT:
            return Started(record, operation=await launch(services, starter, record))
    waves = await services.ledger.list_waves(record.rollout_id)
    check_order(record, waves)
    try:
        scheduled = await _schedule(services, record, caller=caller, allow_shortage=allow_shortage)
    except Conflict as error:
        return await _after_lost_race(services, record, error)
    return Started(scheduled, operation=await launch(services, starter, scheduled))


async def _go_on(
    services: Services, starter: Starter, record: WaveRecord, *, caller: Caller
) -> Started:
    """A wave under way needs no start, unless what worked for it was lost."""
    try:
        revived = await revive(services, starter, record, actor=caller.name)
    except Conflict:
        revived = False  # it moves, so somebody works for it
    latest = await services.ledger.find_wave(record.rollout_id, record.slug) or record
    if latest.state in _DONE:
        return Started(latest, NOTHING_TO_DO)
    return Started(latest, RESUMED if revived else ALREADY_RUNNING)


async def _after_lost_race(services: Services, record: WaveRecord, error: Conflict) -> Started:
    """Somebody changed the wave first: another start is as good as ours."""
    latest = await services.ledger.find_wave(record.rollout_id, record.slug)
    if latest is None or latest.epoch == record.epoch:
        raise error
    return Started(latest, ALREADY_RUNNING)


def check_order(record: WaveRecord, waves: Sequence[WaveRecord]) -> None:
    """Refuse a wave whose predecessor is open or that an undecided pilot precedes.

    Raises:
        ProblemError: 409, naming the wave that has to come first.
    """
    before = [w for w in waves if w.position < record.position]
    for wave in waves:
        if wave.name == record.section.after and wave not in before:
            before.append(wave)
    previous = _predecessor(record, before)
    if previous is not None and not previous.state.is_closed:
        raise _not_ready(
            record,
            f"The wave {previous.name} comes first and is {previous.state.value}.",
            _first_do(previous),
        )
    for pilot in before:
        if pilot.section.pilot and pilot.decision != "go":
            said = f"the decision is {pilot.decision}" if pilot.decision else "nobody has decided"
            raise _not_ready(
                record,
                f"{pilot.name} is a pilot, and {said}.",
                f"Record the decision: rollout decide {pilot.name} go",
            )


def _first_do(previous: WaveRecord) -> str:
    if previous.started_at is None:
        return f"Start that one first: rollout start {previous.name}"
    return f"Wait until it has closed: rollout watch {previous.name}"


def _predecessor(record: WaveRecord, before: Sequence[WaveRecord]) -> WaveRecord | None:
    named = next((w for w in before if w.name == record.section.after), None)
    return named or max(before, key=lambda w: w.position, default=None)


def _not_ready(record: WaveRecord, detail: str, do: str) -> ProblemError:
    return ProblemError(
        409,
        kind="wave-not-ready",
        title=f"The wave {record.name} cannot start yet.",
        detail=detail,
        do=do,
    )


async def _schedule(
    services: Services, record: WaveRecord, *, caller: Caller, allow_shortage: bool
) -> WaveRecord:
    rehearsal = services.settings.environment is Environment.REHEARSAL
    if not rehearsal:
        raise ProblemError(
            409,
            kind="approval-needed",
            title=f"The wave {record.name} is not approved.",
            detail="On a real tenant a person approves what a plan would change before it starts.",
            do="This version has no approvals yet and therefore starts waves in REHEARSAL only.",
        )
    moved = record.model_copy(
        update={
            "state": _to_scheduled(record.state),
            "reason": "",
            "epoch": record.epoch + 1,
            "cut": record.epoch + 1,
            "reruns": {},
            "allow_shortage": allow_shortage,
        }
    )
    saved = await services.ledger.save_wave(moved)
    for action in ("approve", "start"):
        await services.ledger.append_audit(
            record.rollout_id,
            AuditEntry(
                at=services.clock(),
                actor=caller.name,
                action=action,
                target=record.name,
                detail="approved by the rehearsal itself" if action == "approve" else "",
                rehearsal=rehearsal,
            ),
        )
    return saved


def _to_scheduled(state: WaveState) -> WaveState:
    """The legal way from where the wave is to `scheduled`. Raises a 409 problem."""
    try:
        if state in _BEFORE_SCHEDULE or state is WaveState.SCHEDULED:
            state = move_wave(state, WaveState.PLANNED)
        return move_wave(state, WaveState.SCHEDULED)
    except IllegalMove as error:
        raise ProblemError(
            409,
            kind="illegal-move",
            title="The wave cannot start from where it is.",
            detail=f"It is {error.state.value}.",
            do="Look at the wave: rollout wave show WAVE",
        ) from error
