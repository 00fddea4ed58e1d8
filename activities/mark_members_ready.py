"""Marks licensed people as ready for their teams and wakes the sender.

Idempotent: a ready mark exists once per person and team, and people whose membership is answered
are left alone.
"""

from activities.deps import Deps
from activities.runner import (
    BatchContext,
    commit_answers,
    is_due,
    load_batch,
    settled_by_view,
    summarise_records,
)
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import BatchRequest, StepResult
from teams_rollout.domain.assessment import Finding
from teams_rollout.domain.vocabulary import Step
from teams_rollout.ledger.records import ReadyMember, UserRecord


async def mark_members_ready(deps: Deps, request: BatchRequest) -> StepResult:
    """Everybody with a team to join becomes ready; the others are settled at once."""
    context = await load_batch(deps, request, with_teams=True)
    due = [u for u in context.users if is_due(u, Step.TEAM_MEMBERSHIP, deps.clock())]
    ready: list[ReadyMember] = []
    settled = []
    for user in due:
        view = context.step_view(with_ownership(user, context), Step.TEAM_MEMBERSHIP)
        if view is not None and view.finding is Finding.CHANGE:
            ready.extend(_marks(deps, request, user, view.team_keys))
        else:
            settled.append((user, settled_by_view(user, view)))
    records = []
    for start in range(0, len(settled), 20):
        part = settled[start : start + 20]
        records.extend(await commit_answers(deps, Step.TEAM_MEMBERSHIP, part))
    if ready:
        await _mark(deps, request, ready)
        await context.wake(deps, names.membership_instance)
    return summarise_records(records)


async def _mark(deps: Deps, request: BatchRequest, ready: list[ReadyMember]) -> None:
    """Mark whom no earlier run has marked: a mark may hold an answer of Microsoft by now."""
    marked = {
        (m.team_key, m.key.ref)
        for m in await deps.ledger.list_ready(request.rollout_id, request.wave)
    }
    new = [m for m in ready if (m.team_key, m.key.ref) not in marked]
    await deps.ledger.mark_ready(request.rollout_id, request.wave, new)


def with_ownership(user: UserRecord, context: BatchContext) -> UserRecord:
    """The person seen as in every team that was made with them as an owner."""
    owned = [t.spec.key for t in context.teams if user.object_id in t.owner_ids and t.status.ready]
    if user.observed is None or not owned:
        return user
    in_teams = tuple(dict.fromkeys((*user.observed.in_teams, *owned)))
    observed = user.observed.model_copy(update={"in_teams": in_teams})
    return user.model_copy(update={"observed": observed})


def _marks(
    deps: Deps, request: BatchRequest, user: UserRecord, team_keys: tuple[str, ...]
) -> list[ReadyMember]:
    return [
        ReadyMember(
            team_key=key,
            key=user.key,
            user_id=user.object_id,
            batch=request.batch,
            ready_at=deps.clock(),
        )
        for key in team_keys
    ]
