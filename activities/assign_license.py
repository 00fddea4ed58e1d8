"""Gives the profile's licences: all SKUs in one call per person, or through the profile's group.

Idempotent: assignLicense is an upsert, and after an answer that leaves open whether it took
effect, the person is read before the call is repeated. Once Microsoft has refused a product for
want of seats, the rest of the batch is not asked for it: each refusal would cost a write.
"""

from collections.abc import Collection, Sequence

from activities.deps import Deps
from activities.group_license import is_through_group, license_through_group
from activities.reading import translate
from activities.runner import BatchContext, is_in_doubt, load_batch, run_step
from graph.licenses import LicenseChange, assign_licenses
from graph.users import get_user
from teams_rollout.contracts.payloads import BatchRequest, StepResult
from teams_rollout.domain.assessment import Finding, StepView
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.planning import NO_SEATS
from teams_rollout.domain.vocabulary import Outcome, Step
from teams_rollout.ledger.records import UserRecord


async def assign_license(deps: Deps, request: BatchRequest) -> StepResult:
    """Licence everybody of the batch whose location is in place."""
    context = await load_batch(deps, request)
    refused: set[frozenset[str]] = set()

    async def act(chunk: Sequence[tuple[UserRecord, StepView]]) -> Sequence[CallResult]:
        through = [(u, v) for u, v in chunk if is_through_group(context, u)]
        answers = await license_through_group(deps, context, through, _change)
        directly = [(u, v) for u, v in chunk if u.object_id not in answers]
        answers |= await _already_licensed(deps, context, directly)
        answers |= _without_seats(refused, directly)
        open_ = [(u, v) for u, v in directly if u.object_id not in answers]
        given = await assign_licenses(deps.graph, [_change(u, v) for u, v in open_])
        answers |= {a.key: a for a in given}
        refused.update(frozenset(v.new_seats) for u, v in open_ if _has_none(answers[u.object_id]))
        return [answers[u.object_id] for u, _ in chunk]

    return await run_step(deps, request, Step.LICENSE, act, context=context)


def _has_none(answer: CallResult) -> bool:
    return answer.code == NO_SEATS


def _without_seats(
    refused: Collection[frozenset[str]], people: Sequence[tuple[UserRecord, StepView]]
) -> dict[str, CallResult]:
    """Who needs a seat of everything that was refused to somebody a moment ago."""
    return {
        user.object_id: CallResult(
            key=user.object_id,
            outcome=Outcome.BLOCKED,
            code=NO_SEATS,
            detail="Not asked for: Microsoft had just refused the same licences to somebody else.",
        )
        for user, view in people
        if any(products and products <= set(view.new_seats) for products in refused)
    }


def _change(user: UserRecord, view: StepView) -> LicenseChange:
    location = user.steps.get(Step.USAGE_LOCATION)
    return LicenseChange(
        user_id=user.object_id,
        add=tuple((g.sku_id, g.disabled_plans) for g in view.grants),
        remove=view.removals,
        location_just_set=location is not None and location.outcome is Outcome.APPLIED,
    )


async def _already_licensed(
    deps: Deps, context: BatchContext, chunk: Sequence[tuple[UserRecord, StepView]]
) -> dict[str, CallResult]:
    """People whose last try ended in doubt and who turn out to have the licence."""
    settled: dict[str, CallResult] = {}
    for user in (u for u, _ in chunk if is_in_doubt(u, Step.LICENSE)):
        found = await get_user(deps.graph, user.object_id)  # a list may not show it yet
        if found is None or user.observed is None:
            continue
        licenses = translate(found, None, catalogue=context.rollout.catalogue).licenses
        seen = user.observed.model_copy(update={"licenses": licenses})
        view = context.step_view(user.model_copy(update={"observed": seen}), Step.LICENSE)
        if view is not None and view.finding in (Finding.SATISFIED, Finding.PENDING):
            settled[user.object_id] = CallResult(key=user.object_id, outcome=Outcome.APPLIED)
    return settled
