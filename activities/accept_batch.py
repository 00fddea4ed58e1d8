"""Whether every part of a batch has been answered; if so, it is accepted and the wave is woken.

Idempotent: accepting an accepted batch changes nothing and wakes the wave once more.
"""

from collections.abc import Collection

from activities.deps import Deps
from activities.runner import BatchContext, chunks, commit_answers, load_batch
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import AcceptResult, BatchRequest
from teams_rollout.domain.configuration import GatesSection
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import (
    PREREQUISITES,
    STEP_ORDER,
    BatchState,
    Outcome,
    Step,
)
from teams_rollout.ledger.records import BatchRecord, UserRecord, count_outcomes


async def accept_batch(deps: Deps, request: BatchRequest) -> AcceptResult:
    """Accept the batch, or say what it still waits for."""
    context = await load_batch(deps, request)
    if request.give_up:
        await _give_up(deps, context, request)
        context = await load_batch(deps, request)
    open_steps = [s for u in context.users for s in open_steps_of(u)]
    if open_steps:
        return await _await_members(deps, context, open_steps)
    if context.batch.state is not BatchState.ACCEPTED:
        await deps.ledger.save_batch(_accepted(context))
    await context.wake(deps, names.dispatch_instance)
    return AcceptResult(accepted=True)


def open_steps_of(user: UserRecord) -> list[Step]:
    """Steps of the person that nobody has answered yet.

    Once a prerequisite is refused, the later steps never run and are not open.
    """
    open_: list[Step] = []
    for step in STEP_ORDER:
        record = user.steps.get(step)
        if record is None or not record.is_answered:
            open_.append(step)
        elif step in PREREQUISITES and _stops(record):
            break
    return open_


def _stops(record: StepRecord) -> bool:
    return record.outcome in (Outcome.BLOCKED, Outcome.FAILED, Outcome.SKIPPED)


async def _await_members(deps: Deps, context: BatchContext, open_steps: list[Step]) -> AcceptResult:
    """Tell the sender that this batch waits for nothing but membership."""
    only_members = set(open_steps) == {Step.TEAM_MEMBERSHIP}
    if only_members and context.batch.state is BatchState.RUNNING:
        waiting = context.batch.model_copy(update={"state": BatchState.AWAITING_MEMBERS})
        await deps.ledger.save_batch(waiting)
        await context.wake(deps, names.membership_instance, names.dispatch_instance)
    return AcceptResult(waiting_for_members=open_steps.count(Step.TEAM_MEMBERSHIP))


async def _give_up(deps: Deps, context: BatchContext, request: BatchRequest) -> None:
    """Tries are used up: whatever is open becomes failed, and says so.

    Only who is marked for a team is left to the sender, which answers in any case.
    """
    marked = {m.key.ref for m in await deps.ledger.list_ready(request.rollout_id, request.wave)}
    for step in STEP_ORDER:
        stuck = [u for u in context.users if step in _to_give_up(u, marked)]
        for chunk in chunks(stuck):
            answers = [(u, _failed(u, step)) for u in chunk]
            await commit_answers(deps, step, answers)


def _to_give_up(user: UserRecord, marked: Collection[str]) -> list[Step]:
    """The first prerequisite that is open, else every open part that nobody will answer."""
    open_ = open_steps_of(user)
    if open_ and open_[0] in PREREQUISITES:
        return open_[:1]
    return [s for s in open_ if s is not Step.TEAM_MEMBERSHIP or user.key.ref not in marked]


def _failed(user: UserRecord, step: Step) -> CallResult:
    record = user.steps.get(step)
    code = record.code if record and record.code else "internal_error"
    return CallResult(key=user.object_id, outcome=Outcome.FAILED, code=code)


def _accepted(context: BatchContext) -> BatchRecord:
    gates = context.rollout.config.gates
    return context.batch.model_copy(
        update={
            "state": BatchState.ACCEPTED,
            "counts": count_outcomes(context.users),
            "attempted": len(context.users),
            "unforeseen": sum(_is_unforeseen(u, gates) for u in context.users),
        }
    )


def _is_unforeseen(user: UserRecord, gates: GatesSection) -> bool:
    """Whether somebody tried and was refused for a reason that no plan had shown."""
    troubles = [
        r
        for r in user.steps.values()
        if r.outcome in (Outcome.BLOCKED, Outcome.FAILED) and not r.foreseen
    ]
    return any(r.code not in gates.expected_codes for r in troubles)
