"""Assigns the profile's Teams policies, in small arrays over the batch.

Idempotent: assigning the same policy again changes nothing.
"""

from collections.abc import Sequence

from activities.deps import Deps
from activities.runner import load_batch, run_step
from graph.policies import PolicyAssignment
from graph.policies import assign_policies as send_assignments
from teams_rollout.contracts.payloads import BatchRequest, StepResult
from teams_rollout.domain.assessment import StepView
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Outcome, Step
from teams_rollout.ledger.records import UserRecord


async def assign_policies(deps: Deps, request: BatchRequest) -> StepResult:
    """Assign every policy of the profile that a person does not have explicitly."""
    return await _assign(deps, request, Step.POLICIES)


async def set_coexistence_mode(deps: Deps, request: BatchRequest) -> StepResult:
    """Grant the coexistence mode where homing asks for it; the same call, another policy type."""
    return await _assign(deps, request, Step.COEXISTENCE)


async def _assign(deps: Deps, request: BatchRequest, step: Step) -> StepResult:
    context = await load_batch(deps, request)

    async def act(chunk: Sequence[tuple[UserRecord, StepView]]) -> Sequence[CallResult]:
        return await set_policies(deps, chunk)

    return await run_step(deps, request, step, act, context=context)


async def set_policies(
    deps: Deps, chunk: Sequence[tuple[UserRecord, StepView]]
) -> Sequence[CallResult]:
    """Assign what each person's view names; one answer each, in the same order."""
    assignments = [
        PolicyAssignment(user_id=u.object_id, policy_type=t, policy_name=n)
        for u, view in chunk
        for t, n in sorted(view.policies.items())
    ]
    answers = await send_assignments(deps.graph, assignments)
    return [worst([a for a in answers if a.key == u.object_id]) for u, _ in chunk]


_BAD_TO_GOOD = (
    Outcome.FAILED,
    Outcome.BLOCKED,
    Outcome.THROTTLED,
    Outcome.TRANSIENT,
    Outcome.WAITING,
    Outcome.APPLIED,
    Outcome.ALREADY,
    Outcome.SKIPPED,
)


def worst(results: Sequence[CallResult]) -> CallResult:
    """The answer that decides when several calls make one step; retryable ones come first.

    A refusal of one part must not hide that another part is only throttled: the step is tried
    again while any part is retryable.
    """
    retryable = [r for r in results if r.outcome.is_retryable]
    return min(retryable or results, key=lambda r: _BAD_TO_GOOD.index(r.outcome))
