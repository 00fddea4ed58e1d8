"""Licences through a group: into the group, then a look at what Microsoft makes of it.

One request puts twenty people into the group; Microsoft licenses them in the background, and what
came of it is read from the people themselves. Idempotent: a record says how far a person is
(`Stage`), and whoever is in the group already is answered so.

1. Not in the group: put in (`joined`), or found there after an answer that was lost.
2. Licensed: what the profile replaces is taken away, and the step is applied.
3. The group failed, before us or because of what is to be replaced: that goes, and Microsoft is
   asked to try again (`reprocessed`). Anything else that fails is said with its reason.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from activities.deps import Deps
from activities.reading import translate
from activities.runner import BatchContext, is_in_doubt
from graph.group_members import add_group_members
from graph.groups import list_group_members
from graph.licenses import LicenseChange, assign_licenses, reprocess_licenses
from graph.users import GraphUser, get_user, get_users
from teams_rollout.domain.assessment import Finding, StepView
from teams_rollout.domain.licensing import CONFLICT
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.progress import WAITING_FOR_MICROSOFT, Stage, StepRecord
from teams_rollout.domain.retry import REPROCESSING_PATIENCE, has_waited, next_look
from teams_rollout.domain.vocabulary import Outcome, Step
from teams_rollout.ledger.records import UserRecord

Person = tuple[UserRecord, StepView]
Change = Callable[[UserRecord, StepView], LicenseChange]


def is_through_group(context: BatchContext, user: UserRecord) -> bool:
    """Whether the person's profile gives its licences through a group."""
    profile = context.rollout.config.profiles[user.assignment.profile]
    return profile.licensing == "group"


async def license_through_group(
    deps: Deps, context: BatchContext, people: Sequence[Person], change_of: Change
) -> dict[str, CallResult]:
    """Take everybody one step further; answers by object id.

    Args:
        change_of: the direct licence call of a person whose view has one.
    """
    current = await _look(deps, context, people)
    answers = {u.object_id: a for u, v in current if (a := _settled(deps, u, v))}
    open_ = [(u, v) for u, v in current if u.object_id not in answers]
    answers |= await _join(deps, [(u, v) for u, v in open_ if v.join_group])
    answers |= await _try_again(deps, [(u, v) for u, v in open_ if v.reprocess], change_of)
    rest = [(u, v) for u, v in open_ if u.object_id not in answers]
    changed = await assign_licenses(deps.graph, [change_of(u, v) for u, v in rest])
    return answers | {a.key: a for a in changed}


# -- where everybody is ---------------------------------------------------------------------


async def _look(deps: Deps, context: BatchContext, people: Sequence[Person]) -> list[Person]:
    """The people as they are now; whoever has not been tried yet was read a moment ago."""
    tried = [u for u, _ in people if Step.LICENSE in u.steps]
    live = await get_users(deps.graph, [u.object_id for u in tried])
    inside = await _members_in_doubt(deps, people)
    looked: list[Person] = []
    for user, view in people:
        found = live.get(user.object_id)
        if found is None:
            looked.append((user, view))
            continue
        found = await _confirmed(deps, context, user, view, found)
        groups = inside.get(user.object_id, ()) or _joined(context, user)
        looked.append((user, _view(context, user, found, groups) or view))
    return looked


def _joined(context: BatchContext, user: UserRecord) -> tuple[str, ...]:
    """The group, for people whom we have put into it."""
    if not user.steps[Step.LICENSE].stage:
        return user.observed.in_groups if user.observed else ()
    profile = context.rollout.config.profiles[user.assignment.profile]
    group = context.view.license_groups.get(profile.group_key)
    return (group.group_id,) if group else ()


async def _members_in_doubt(deps: Deps, people: Sequence[Person]) -> dict[str, tuple[str, ...]]:
    """The group of people whose joining was never answered and who are in it all the same."""
    doubtful = [(u.object_id, v.join_group) for u, v in people if v.join_group and _is_in_doubt(u)]
    found: dict[str, tuple[str, ...]] = {}
    for group_id in dict.fromkeys(group for _, group in doubtful):
        members = await list_group_members(deps.graph, group_id)
        found |= {u: (g,) for u, g in doubtful if g == group_id and u in members}
    return found


def _is_in_doubt(user: UserRecord) -> bool:
    return is_in_doubt(user, Step.LICENSE) and not user.steps[Step.LICENSE].stage


async def _confirmed(
    deps: Deps, context: BatchContext, user: UserRecord, before: StepView, listed: GraphUser
) -> GraphUser:
    """A list may lag behind what was changed or cured: then the person is asked alone."""
    record = user.steps[Step.LICENSE]
    if record.stage is Stage.REPROCESSED:
        view = _view(context, user, listed, _joined(context, user))
        may_lag = view is not None and view.reprocess
    else:
        # Who was to join and nothing else has no change of their own that a list could miss.
        only_joins = before.join_group and not record.stage
        may_lag = is_in_doubt(user, Step.LICENSE) and not only_joins
    return (await get_user(deps.graph, user.object_id) or listed) if may_lag else listed


def _view(
    context: BatchContext, user: UserRecord, found: GraphUser, groups: Sequence[str]
) -> StepView | None:
    if user.observed is None:
        return None
    licenses = translate(found, None, catalogue=context.rollout.catalogue).licenses
    seen = user.observed.model_copy(update={"licenses": licenses, "in_groups": tuple(groups)})
    return context.step_view(user.model_copy(update={"observed": seen}), Step.LICENSE)


# -- what that means ------------------------------------------------------------------------


def _settled(deps: Deps, user: UserRecord, view: StepView) -> CallResult | None:
    """The answer that needs no write, if there is one."""
    record = user.steps.get(Step.LICENSE)
    if view.finding is Finding.BLOCKED:
        return CallResult(key=user.object_id, outcome=Outcome.BLOCKED, code=view.code)
    if view.awaits_group:
        stage = record.stage if record else Stage.NONE
        return _watched(deps, user.object_id, record, stage or Stage.JOINED)
    if view.finding in (Finding.SATISFIED, Finding.PENDING):
        return CallResult(key=user.object_id, outcome=Outcome.APPLIED)
    if view.reprocess and record is not None:
        return _failed_by_group(deps, user.object_id, record, view)
    return None


def _failed_by_group(deps: Deps, key: str, record: StepRecord, view: StepView) -> CallResult | None:
    """What to say of an error that the group has now; None = it is to be tried again."""
    if record.stage is Stage.REPROCESSED:
        now = deps.clock()
        if not has_waited(record.at, REPROCESSING_PATIENCE, now=now, scale=deps.scale):
            return _watched(deps, key, record, Stage.REPROCESSED)
    elif record.stage is Stage.NONE or record.outcome.is_retryable or _makes_way(view):
        return None
    return CallResult(key=key, outcome=Outcome.BLOCKED, code=view.code)


def _makes_way(view: StepView) -> bool:
    """Whether what the profile replaces may be what conflicts."""
    return view.code == CONFLICT and bool(view.removals)


def _watched(deps: Deps, key: str, record: StepRecord | None, stage: Stage) -> CallResult:
    """Accepted: look again soon, or leave it to verification when that has lasted too long."""
    now = deps.clock()
    same = record is not None and record.is_watched
    pause = next_look(record.at if record and same else now, now=now, scale=deps.scale)
    return CallResult(
        key=key,
        outcome=Outcome.WAITING,
        code=WAITING_FOR_MICROSOFT,
        retry_after=pause,
        stage=stage,
    )


# -- writing --------------------------------------------------------------------------------


async def _join(deps: Deps, people: Sequence[Person]) -> dict[str, CallResult]:
    by_group: dict[str, list[str]] = defaultdict(list)
    for user, view in people:
        by_group[view.join_group].append(user.object_id)
    answers: dict[str, CallResult] = {}
    for group_id, ids in by_group.items():
        for answer in await add_group_members(deps.graph, group_id, ids):
            answers[answer.key] = _begun(deps, answer, Stage.JOINED)
    return answers


async def _try_again(
    deps: Deps, people: Sequence[Person], change_of: Change
) -> dict[str, CallResult]:
    """Take away what conflicts, then have the group try again; the first must have worked."""
    conflicting = [(u, v) for u, v in people if _makes_way(v)]
    removed = await assign_licenses(deps.graph, [change_of(u, v) for u, v in conflicting])
    stuck = {a.key: a for a in removed if not a.is_accepted}
    ids = [u.object_id for u, _ in people if u.object_id not in stuck]
    asked = await reprocess_licenses(deps.graph, ids)
    return stuck | {a.key: _begun(deps, a, Stage.REPROCESSED) for a in asked}


def _begun(deps: Deps, answer: CallResult, stage: Stage) -> CallResult:
    """Microsoft has taken the order and works in the background; anything else stands as it is."""
    if not answer.is_accepted:
        return answer
    watched = _watched(deps, answer.key, None, stage)
    return watched.model_copy(update={"request_id": answer.request_id})
