"""The one sender of team members: per team, what is due, then the answers, then wake-ups.

Idempotent: members/add answers "already a member" as success, and a ready mark keeps each team's
answer until all teams of the person have answered, so a crash repeats at most one request.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from activities.deps import Deps
from activities.mark_members_ready import with_ownership
from activities.runner import BatchContext, chunks, commit_answers
from graph.teams import add_members
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import SendMembersResult, WaveRequest
from teams_rollout.domain.membership import SendPlan, Waiting, plan_send, urgent_batches
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import BatchState, Outcome, Step, WaveState
from teams_rollout.ledger.records import (
    BatchRecord,
    ReadyMember,
    TeamRecord,
    UserRecord,
    WaveRecord,
)

MAX_ATTEMPTS = 13
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=1)
"""After hiccups, doubling from the first: all tries outlast ten minutes."""


async def send_members(deps: Deps, request: WaveRequest) -> SendMembersResult:
    """Send what is due now and say when to look again."""
    wave = await deps.ledger.find_wave(request.rollout_id, request.wave)
    if wave is None or wave.epoch != request.epoch or wave.state.is_closed:
        return SendMembersResult(finished=True)
    if wave.state is WaveState.VERIFYING:
        return SendMembersResult(finished=True)
    ready = await deps.ledger.list_ready(request.rollout_id, request.wave)
    if not ready:
        return SendMembersResult()
    batches = await deps.ledger.list_batches(request.rollout_id, request.wave, wave.batches_of)
    teams = {t.spec.key: t for t in await deps.ledger.list_teams(request.rollout_id)}
    plans = _plan(deps, ready, batches, teams)
    # All come to an end, and what was answered is kept, before a failure is passed on.
    ended = await asyncio.gather(
        *(_send(deps, teams.get(key), rows) for key, (rows, _) in plans.items() if rows),
        return_exceptions=True,
    )
    changed = [row for rows in ended if isinstance(rows, list) for row in rows]
    if changed:
        await deps.ledger.mark_ready(request.rollout_id, request.wave, changed)
    after = _merged(ready, changed)
    await _settle(deps, wave, after, batches, list(teams.values()))
    for failure in ended:
        if isinstance(failure, BaseException):
            raise failure
    return SendMembersResult(
        sent=len(changed),
        waiting=sum(not r.outcome for r in after),
        next_at=_next_look(deps, _plan(deps, after, batches, teams)),
    )


def _plan(
    deps: Deps,
    ready: Sequence[ReadyMember],
    batches: Sequence[BatchRecord],
    teams: dict[str, TeamRecord],
) -> dict[str, tuple[list[ReadyMember], SendPlan]]:
    """Per team: the rows to send now, and when to look again."""
    urgent = urgent_batches(
        canaries=[b.number for b in batches if b.canary],
        awaiting=[b.number for b in batches if b.state is BatchState.AWAITING_MEMBERS],
        still_working=sum(b.state in _STILL_WORKING for b in batches),
    )
    by_team: dict[str, list[ReadyMember]] = defaultdict(list)
    for row in ready:
        if not row.outcome:
            by_team[row.team_key].append(row)
    return {key: _plan_team(deps, teams.get(key), rows, urgent) for key, rows in by_team.items()}


def _plan_team(
    deps: Deps, team: TeamRecord | None, rows: list[ReadyMember], urgent: frozenset[int]
) -> tuple[list[ReadyMember], SendPlan]:
    now = deps.clock()
    due = [r for r in rows if r.retry_at is None or r.retry_at <= now]
    wait_s = deps.graph.governor.next_member_permit(team.status.team_id) if team else 0.0
    plan = plan_send(
        [Waiting(ref=r.key.ref, batch=r.batch, ready_at=r.ready_at) for r in due],
        urgent_batches=urgent,
        now=now,
        permit_in=timedelta(seconds=wait_s),
    )
    refs = set(plan.refs)
    later = [r.retry_at for r in rows if r.retry_at is not None and r.retry_at > now]
    looks = [*later, plan.next_at] if plan.next_at else later
    next_at = min(looks, default=None)
    return [r for r in due if r.key.ref in refs], plan.model_copy(update={"next_at": next_at})


def _next_look(deps: Deps, plans: dict[str, tuple[list[ReadyMember], SendPlan]]) -> datetime | None:
    """When the next send is due: at once where more wait than one request takes."""
    looks = [deps.clock() if rows else plan.next_at for rows, plan in plans.values()]
    return min((at for at in looks if at is not None), default=None)


_STILL_WORKING = (BatchState.PREPARED, BatchState.QUEUED, BatchState.RUNNING)


async def _send(
    deps: Deps, team: TeamRecord | None, rows: Sequence[ReadyMember]
) -> list[ReadyMember]:
    """One request for one team; each row comes back with its answer, or one attempt older."""
    if team is None:
        return [r.model_copy(update=_refusal(Outcome.BLOCKED, "team_not_found")) for r in rows]
    if team.status.code:
        return [r.model_copy(update=_refusal(Outcome.BLOCKED, team.status.code)) for r in rows]
    if not team.status.ready:
        # The wave has waited for Microsoft as long as it makes sense.
        return [r.model_copy(update=_refusal(Outcome.FAILED, "replication_pending")) for r in rows]
    answers = await add_members(deps.graph, team.status.team_id, [r.user_id for r in rows])
    return [_with_answer(deps, row, a) for row, a in zip(rows, answers, strict=True)]


def _refusal(outcome: Outcome, code: str) -> dict[str, str]:
    return {"outcome": outcome.value, "code": code}


def _with_answer(deps: Deps, row: ReadyMember, answer: CallResult) -> ReadyMember:
    attempts = row.attempts + (answer.outcome is Outcome.TRANSIENT)
    if answer.outcome.is_retryable and attempts < MAX_ATTEMPTS:
        doubled = min(FIRST_PAUSE * 2.0 ** max(0, attempts - 1), LONGEST_PAUSE)
        pause = answer.retry_after or doubled
        return row.model_copy(update={"attempts": attempts, "retry_at": deps.clock() + pause})
    outcome = Outcome.FAILED if answer.outcome.is_retryable else answer.outcome
    return row.model_copy(
        update={
            "attempts": attempts,
            "outcome": outcome.value,
            "code": answer.code,
            "request_id": answer.request_id,
        }
    )


def _merged(before: Sequence[ReadyMember], changed: Sequence[ReadyMember]) -> list[ReadyMember]:
    rows = {(r.team_key, r.key.ref): r for r in before}
    rows.update({(r.team_key, r.key.ref): r for r in changed})
    return list(rows.values())


async def _settle(
    deps: Deps,
    wave: WaveRecord,
    rows: Sequence[ReadyMember],
    batches: Sequence[BatchRecord],
    teams: list[TeamRecord],
) -> None:
    """Commit people all of whose teams have answered, then wake their batches."""
    by_person: dict[str, list[ReadyMember]] = defaultdict(list)
    for row in rows:
        by_person[row.key.ref].append(row)
    complete = {ref: rs for ref, rs in by_person.items() if all(r.outcome for r in rs)}
    if not complete:
        return
    context = await _context(deps, wave, complete, batches, teams)
    for chunk in chunks(context.users):
        answers = [(u, _answer(complete[u.key.ref], _foreseen(u, context))) for u in chunk]
        foreseen = {u.key.ref for u in chunk if _foreseen(u, context)}
        await commit_answers(deps, Step.TEAM_MEMBERSHIP, answers, foreseen=foreseen)
    done = [r for rs in complete.values() for r in rs]
    await deps.ledger.clear_ready(wave.rollout_id, wave.slug, done)
    generations = {b.number: b.generation for b in batches}
    for number in sorted({r.batch for r in done}):
        await deps.ledger.send_wake_up(
            names.batch_instance(wave.rollout_id, wave.slug, number, generations.get(number, 1))
        )


async def _context(
    deps: Deps,
    wave: WaveRecord,
    complete: dict[str, list[ReadyMember]],
    batches: Sequence[BatchRecord],
    teams: list[TeamRecord],
) -> BatchContext:
    rollout = await deps.ledger.find_rollout()
    if rollout is None:
        raise LookupError("no rollout has been imported")
    shards: dict[str, set[str]] = defaultdict(set)
    for rows in complete.values():
        shards[rows[0].key.shard].add(rows[0].key.ref)
    users: list[UserRecord] = []
    for shard, refs in shards.items():
        users.extend(await deps.ledger.list_shard(shard, refs))
    return BatchContext(
        rollout=rollout.under(wave), wave=wave, batch=batches[0], users=users, teams=teams
    )


def _foreseen(user: UserRecord, context: BatchContext) -> str:
    """The code of a team that the plan knew cannot take the person, or nothing."""
    view = context.step_view(with_ownership(user, context), Step.TEAM_MEMBERSHIP)
    return view.code if view is not None else ""


def _answer(rows: Sequence[ReadyMember], foreseen: str) -> CallResult:
    """One answer for the step: a refusal by any team decides, then a foreseen one."""
    user_id = rows[0].user_id
    refused = [r for r in rows if r.outcome in (Outcome.FAILED.value, Outcome.BLOCKED.value)]
    if refused:
        row = refused[0]
        return CallResult(
            key=user_id, outcome=Outcome(row.outcome), code=row.code, request_id=row.request_id
        )
    if foreseen:
        return CallResult(key=user_id, outcome=Outcome.BLOCKED, code=foreseen)
    return CallResult(key=user_id, outcome=Outcome.APPLIED, request_id=rows[0].request_id)
