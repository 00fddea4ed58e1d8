"""Sets the usage location where there is none; an existing one is never overwritten.

Idempotent: the same PATCH again changes nothing; people with a final record are not taken.
"""

from collections.abc import Sequence

from activities.deps import Deps
from activities.runner import load_batch, run_step
from graph.users import set_usage_locations
from teams_rollout.contracts.payloads import BatchRequest, StepResult
from teams_rollout.domain.assessment import StepView
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Step
from teams_rollout.ledger.records import UserRecord


async def set_usage_location(deps: Deps, request: BatchRequest) -> StepResult:
    """Set the rollout's country for everybody of the batch who has none."""
    context = await load_batch(deps, request)

    async def act(chunk: Sequence[tuple[UserRecord, StepView]]) -> Sequence[CallResult]:
        country = context.rollout.config.rollout.usage_location
        return await set_usage_locations(deps.graph, [(u.object_id, country) for u, _ in chunk])

    return await run_step(deps, request, Step.USAGE_LOCATION, act, context=context)
