"""One look at people who were handed off to another team, and what follows from it.

Shared by `finish_hand_offs` (a result came back) and `find_drift` (every night): whoever the
tenant shows as moved is finished, whether anybody has reported it or not. What is then still ours
to set (a mode that the move left behind) is written in chunks of 20, each committed at once.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from activities.assign_policies import set_policies
from activities.committing import commit_updates
from activities.deps import Deps
from activities.reading import TenantReading, translate
from activities.runner import chunks
from activities.tenant_check import tenant_trouble
from activities.wave_plan import is_on_hold
from graph.organization import get_tenant
from graph.policies import get_user_configuration
from graph.users import get_user
from teams_rollout.domain.assessment import assess_coexistence, desired_mode
from teams_rollout.domain.findings import Finding, StepView
from teams_rollout.domain.hand_off.progress import after, is_handed_off, is_unseen
from teams_rollout.domain.hand_off.results import Report
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.retry import settle
from teams_rollout.domain.transitions import handed_back
from teams_rollout.domain.verification import overdue
from teams_rollout.domain.vocabulary import Homing, Outcome, Step
from teams_rollout.ledger.records import RolloutRecord, TimelineEvent, UserRecord, UserUpdate

logger = logging.getLogger(__name__)

_NOT_READ = ("in_teams", "in_groups", "number_held_by_other")

Reports = Mapping[str, Sequence[Report]]
"""What other teams said, by the person's ref."""


@dataclass(frozen=True)
class HandOffs:
    """People to look at, and the tenant as it was just read."""

    rollout: RolloutRecord
    users: Sequence[UserRecord]
    reading: TenantReading


@dataclass(frozen=True)
class _Seen:
    """One person who is handed off, as Microsoft shows them now."""

    user: UserRecord
    record: StepRecord
    observed: ObservedUser
    view: StepView

    @property
    def has_moved(self) -> bool:
        """Whether this is the first reading after they left the server."""
        before = self.user.observed
        was_there = before is not None and before.homing is Homing.ON_PREMISES
        return was_there and self.observed.homing is not Homing.ON_PREMISES

    def with_record(self, record: StepRecord) -> UserRecord:
        """The person with what is known now."""
        steps = {**self.user.steps, Step.COEXISTENCE: record}
        return self.user.model_copy(update={"steps": steps, "observed": self.observed})


async def go_on(
    deps: Deps, hand_offs: HandOffs, *, reports: Reports | None = None
) -> list[UserRecord]:
    """Let everybody go on for whom the reading or a report settles something.

    Returns:
        All the given people, in their order, as they stand afterwards.
    """
    seen = [s for u in hand_offs.users if (s := _look(hand_offs, u))]
    changed: dict[str, UserRecord] = {}
    ours: list[_Seen] = []
    updates: list[tuple[_Seen, StepRecord, str]] = []
    for one in seen:
        record, detail = await _settled(deps, hand_offs, one, (reports or {}).get(one.user.key.ref))
        if record is not None:
            updates.append((one, record, detail))
            changed[one.user.key.ref] = one.with_record(record)
        elif one.view.finding is Finding.CHANGE and one.record.outcome is not Outcome.APPLIED:
            ours.append(one)
    await _commit(deps, updates)
    changed |= await _write(deps, hand_offs, ours)
    return [changed.get(u.key.ref, u) for u in hand_offs.users]


def _look(hand_offs: HandOffs, user: UserRecord) -> _Seen | None:
    """The person now; None for whoever is not handed off, or gone (drift tells of them)."""
    record = user.steps.get(Step.COEXISTENCE)
    if record is None or not (is_handed_off(record) or record.awaits_verification):
        return None
    known = user.observed.homing if user.observed else None
    observed = hand_offs.reading.observe(user.assignment, object_id=user.object_id, known=known)
    if observed is None:
        return None
    if user.observed is not None:
        # Members and numbers are not read for this: what was seen last holds.
        kept = {name: getattr(user.observed, name) for name in _NOT_READ}
        observed = observed.model_copy(update=kept)
    return _Seen(user, record, observed, _assess(hand_offs.rollout, user, observed))


def _assess(rollout: RolloutRecord, user: UserRecord, observed: ObservedUser) -> StepView:
    profile = rollout.config.profiles[user.assignment.profile]
    return assess_coexistence(observed, desired_mode(user.assignment, profile), rollout.config)


async def _settled(
    deps: Deps, hand_offs: HandOffs, seen: _Seen, reports: Sequence[Report] | None
) -> tuple[StepRecord | None, str]:
    """The record that follows, and the other team's own words."""
    now = deps.clock()
    report = _decisive(reports or ())
    new = after(seen.record, seen.view, report=report, has_moved=seen.has_moved, now=now)
    if new is None and is_unseen(seen.record, now=now, scale=deps.scale):
        new = await _decide_by_id(deps, hand_offs, seen)
    return new, report.detail if report else ""


def _decisive(reports: Sequence[Report]) -> Report | None:
    """Of several rows about one person the failure: it needs somebody."""
    return min(reports, key=lambda r: r.result.value == "done", default=None)


async def _decide_by_id(deps: Deps, hand_offs: HandOffs, seen: _Seen) -> StepRecord | None:
    """Past the deadline a list proves nothing: one read by id decides."""
    user = seen.user
    live = await get_user(deps.graph, user.object_id)
    if live is None:
        return None
    observed = translate(
        live,
        await get_user_configuration(deps.graph, user.object_id),
        catalogue=hand_offs.reading.catalogue,
        in_teams=seen.observed.in_teams,
        in_groups=seen.observed.in_groups,
        known=seen.observed.homing,
    )
    now = deps.clock()
    view = _assess(hand_offs.rollout, user, observed)
    found = after(seen.record, view, report=None, has_moved=False, now=now)
    return found or overdue(Step.COEXISTENCE, seen.record, now=now, view=view)


async def _write(deps: Deps, hand_offs: HandOffs, ours: Sequence[_Seen]) -> dict[str, UserRecord]:
    """Set what the move left behind; whoever cannot be tried now is found again next time."""
    rollout = hand_offs.rollout
    due = {s.user.key.ref: s for s in ours if not is_on_hold(deps, rollout, s.user.assignment)}
    if not due or await _is_wrong_tenant(deps, rollout):
        return {}
    changed: dict[str, UserRecord] = {}
    for chunk in chunks([s.user for s in due.values()]):
        people = [due[u.key.ref] for u in chunk]
        answers = await set_policies(deps, [(s.user, s.view) for s in people])
        updates = []
        for one, answer in zip(people, answers, strict=True):
            if not answer.outcome.is_retryable:
                record = _written(deps, one, answer)
                updates.append((one, record, answer.detail))
                changed[one.user.key.ref] = one.with_record(record)
        await _commit(deps, updates)
    return changed


def _written(deps: Deps, seen: _Seen, answer: CallResult) -> StepRecord:
    return handed_back(seen.record, settle(answer, None, now=deps.clock(), scale=deps.scale))


async def _is_wrong_tenant(deps: Deps, rollout: RolloutRecord) -> bool:
    tenant = await get_tenant(deps.graph)
    if not tenant_trouble(rollout.config, tenant.id, deps.environment):
        return False
    logger.error("Hand-offs are not finished", extra={"action": "wrong_tenant"})
    return True


async def _commit(deps: Deps, changes: Sequence[tuple[_Seen, StepRecord, str]]) -> None:
    updates: dict[str, list[UserUpdate]] = defaultdict(list)
    for seen, record, detail in changes:
        event = TimelineEvent(
            at=deps.clock(),
            step=Step.COEXISTENCE.value,
            outcome="verified" if record.verified_at else record.outcome.value,
            code=record.code,
            detail=detail,
        )
        update = UserUpdate(
            ref=seen.user.key.ref,
            steps={Step.COEXISTENCE: record},
            observed=seen.observed,
            events=(event,),
        )
        updates[seen.user.key.shard].append(update)
    await commit_updates(deps, updates)
