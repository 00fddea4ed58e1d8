"""Sets the usage location where there is none; an existing one is never overwritten.

Idempotent: the same PATCH again changes nothing; people with a final record are not taken, and
after an answer that leaves open whether it took effect, the person is read before it is repeated.
"""

from collections.abc import Sequence

from activities.deps import Deps
from activities.runner import is_in_doubt, load_batch, run_step
from graph.errors import GraphReadError
from graph.users import get_user, set_usage_locations
from teams_rollout.contracts.payloads import BatchRequest, StepResult
from teams_rollout.domain.assessment import StepView
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Outcome, Step
from teams_rollout.ledger.records import UserRecord


async def set_usage_location(deps: Deps, request: BatchRequest) -> StepResult:
    """Set the rollout's country for everybody of the batch who has none."""
    context = await load_batch(deps, request)

    async def act(chunk: Sequence[tuple[UserRecord, StepView]]) -> Sequence[CallResult]:
        country = context.rollout.config.rollout.usage_location
        people = [u.object_id for u, _ in chunk]
        doubtful = [u.object_id for u, _ in chunk if is_in_doubt(u, Step.USAGE_LOCATION)]
        settled = await _settled(deps, doubtful)
        open_ = [(user_id, country) for user_id in people if user_id not in settled]
        answers = await set_usage_locations(deps.graph, open_)
        by_id = {answer.key: answer for answer in answers} | settled
        return [by_id[user_id] for user_id in people]

    return await run_step(deps, request, Step.USAGE_LOCATION, act, context=context)


async def _settled(deps: Deps, doubtful: Sequence[str]) -> dict[str, CallResult]:
    """Who of them has a location by now, and who cannot be read and stays in doubt."""
    settled: dict[str, CallResult] = {}
    for user_id in doubtful:
        try:
            found = await get_user(deps.graph, user_id)  # a list may not show it yet
        except GraphReadError as error:
            settled[user_id] = error.result.model_copy(update={"key": user_id})
            continue
        if found is not None and found.usage_location:
            settled[user_id] = CallResult(key=user_id, outcome=Outcome.APPLIED)
    return settled
