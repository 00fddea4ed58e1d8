"""First step of a batch: who is still there, and the snapshot before our first write.

Idempotent: snapshots are insert-only, and records of people who have a final one stay. The batch is
read in bulk, never with a GET per person.
"""

from collections import defaultdict

from activities.deps import Deps
from activities.reading import translate
from activities.runner import BatchContext, commit_answers, load_batch
from graph.users import GraphUser, get_users
from teams_rollout.contracts.payloads import BatchRequest, StepResult
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import BatchState, Outcome, Step
from teams_rollout.ledger.records import UserRecord, UserUpdate


async def resolve_batch(deps: Deps, request: BatchRequest) -> StepResult:
    """Re-read the batch's people and keep what they looked like before us."""
    context = await load_batch(deps, request)
    await _mark_running(deps, context)
    live = await get_users(deps.graph, [u.object_id for u in context.users if u.object_id])
    refreshed = [(u, _refresh(u, live.get(u.object_id), context)) for u in context.users]
    await _keep_snapshots(deps, refreshed)
    changed = [(u, o) for u, o in refreshed if o is not None and o != u.observed]
    await _store_observed(deps, changed)
    gone = [(u, _gone(u, o)) for u, o in refreshed]
    await commit_answers(deps, Step.RESOLVE, [(u, r) for u, r in gone if r is not None])
    return StepResult(counts={"people": len(context.users), "changed": len(changed)})


async def _mark_running(deps: Deps, context: BatchContext) -> None:
    if context.batch.state in (BatchState.PREPARED, BatchState.QUEUED):
        running = context.batch.model_copy(update={"state": BatchState.RUNNING})
        await deps.ledger.save_batch(running)


def _refresh(
    user: UserRecord, live: GraphUser | None, context: BatchContext
) -> ObservedUser | None:
    """The person's Entra side as of now; the Teams side as of the plan."""
    before = user.observed
    if live is None or before is None:
        return None
    fresh = translate(live, None, catalogue=context.rollout.catalogue)
    teams_side = {
        "teams_enabled",
        "homing",
        "explicit_mode",
        "policies",
        "phone_numbers",
        "in_teams",
        "in_groups",
        "number_held_by_other",
    }
    return fresh.model_copy(update={name: getattr(before, name) for name in teams_side})


def _gone(user: UserRecord, observed: ObservedUser | None) -> CallResult | None:
    """What became of the person since the plan; None when they may go on as recorded.

    Nobody is taken for gone because a list lacks them: `get_users` asks for those by id.
    """
    if observed is None:
        return CallResult(key=user.object_id, outcome=Outcome.BLOCKED, code="user_not_found")
    if observed.is_guest:
        return CallResult(key=user.object_id, outcome=Outcome.SKIPPED, code="guest_account")
    if not observed.account_enabled:
        return CallResult(key=user.object_id, outcome=Outcome.SKIPPED, code="account_disabled")
    if Step.RESOLVE not in user.steps:
        return CallResult(key=user.object_id, outcome=Outcome.ALREADY)
    return None


async def _keep_snapshots(
    deps: Deps, refreshed: list[tuple[UserRecord, ObservedUser | None]]
) -> None:
    by_shard: dict[str, list[tuple[str, ObservedUser]]] = defaultdict(list)
    for user, observed in refreshed:
        if observed is not None:
            by_shard[user.key.shard].append((user.key.ref, observed))
    for shard, snapshots in by_shard.items():
        await deps.ledger.insert_snapshots(shard, snapshots, at=deps.clock())


async def _store_observed(deps: Deps, changed: list[tuple[UserRecord, ObservedUser]]) -> None:
    by_shard: dict[str, list[UserUpdate]] = defaultdict(list)
    for user, observed in changed:
        by_shard[user.key.shard].append(UserUpdate(ref=user.key.ref, observed=observed))
    for shard, updates in by_shard.items():
        for start in range(0, len(updates), 33):
            await deps.ledger.commit(shard, updates[start : start + 33])
