"""Assigns the person's phone number and follows Microsoft's operation to its end.

Idempotent: assigning a number to its holder again is `already`. Until Microsoft has enabled the
person for calling the step waits, and verification tries it again.
"""

import asyncio
from collections.abc import Sequence

from activities.deps import Deps
from activities.runner import load_batch, run_step
from graph.numbers import assign_number, get_number_operation
from teams_rollout.contracts.payloads import BatchRequest, StepResult
from teams_rollout.domain.assessment import StepView
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.progress import WAITING_FOR_MICROSOFT
from teams_rollout.domain.vocabulary import Outcome, Step
from teams_rollout.ledger.records import UserRecord

OPERATION_POLL_S = 30.0
OPERATION_POLLS = 4
"""Two minutes for a chunk; whatever Microsoft does later, verification sees."""


async def assign_phone_number(deps: Deps, request: BatchRequest) -> StepResult:
    """Assign each person's wanted number."""
    context = await load_batch(deps, request)
    number_type = context.rollout.config.voice.number_type

    async def act(chunk: Sequence[tuple[UserRecord, StepView]]) -> Sequence[CallResult]:
        # Side by side: one after the other, a batch would outlast the host's patience.
        return await asyncio.gather(*(_assign(deps, user, number_type) for user, _ in chunk))

    return await run_step(deps, request, Step.PHONE_NUMBER, act, context=context)


async def _assign(deps: Deps, user: UserRecord, number_type: str) -> CallResult:
    answer = await assign_number(
        deps.graph,
        user_id=user.object_id,
        number=user.assignment.phone_number,
        number_type=number_type,
    )
    if answer.outcome is Outcome.APPLIED and answer.detail:
        return await _follow(deps, user, answer.detail)
    if answer.code == "phone_system_missing":
        # The licence is there but Microsoft has not enabled calling yet (up to 24 h).
        return _waiting(user)
    return answer.model_copy(update={"key": user.object_id})


async def _follow(deps: Deps, user: UserRecord, operation_id: str) -> CallResult:
    """The end of an order that was taken; a look that failed is no reason to order again."""
    for _ in range(OPERATION_POLLS):
        answer = await get_number_operation(deps.graph, operation_id)
        if answer.outcome is not Outcome.WAITING and not answer.outcome.is_retryable:
            return answer.model_copy(update={"key": user.object_id})
        await asyncio.sleep(max(OPERATION_POLL_S / deps.scale, 0.1))
    return CallResult(key=user.object_id, outcome=Outcome.APPLIED, request_id=operation_id)


def _waiting(user: UserRecord) -> CallResult:
    return CallResult(key=user.object_id, outcome=Outcome.WAITING, code=WAITING_FOR_MICROSOFT)
