"""Makes the teams that a wave's people need: group, team, channels, each idempotently.

Idempotent: the group is an upsert on our own unique name, PUT team on an existing team is
`already`, and each stage is written down before the next begins, so a repeat goes on where it
stopped. Owners are set when the group is made, those beyond twenty right after; members come later,
from the sender.
"""

import asyncio
from datetime import timedelta

from activities.deps import Deps
from activities.runner import summarise_records
from activities.team_status import mail_nicknames, unique_name
from graph.group_members import add_group_owners
from graph.groups import MAX_OWNERS
from graph.teams import create_channel, ensure_group, ensure_team
from teams_rollout.contracts.payloads import StepResult, WaveRequest
from teams_rollout.domain.observed import TeamStatus
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.retry import settle
from teams_rollout.domain.vocabulary import Outcome
from teams_rollout.ledger.records import TeamRecord

AT_ONCE = 4
DEFAULT_CHANNEL = "General"


async def ensure_teams(deps: Deps, request: WaveRequest) -> StepResult:
    """Take every needed team as far as Microsoft lets us now."""
    needed = await _needed_keys(deps, request)
    teams = await deps.ledger.list_teams(request.rollout_id)
    open_ = [t for t in teams if t.spec.key in needed and not t.status.ready and not t.status.code]
    gate = asyncio.Semaphore(AT_ONCE)

    nicknames = mail_nicknames(t.spec for t in teams)

    async def make(team: TeamRecord) -> StepRecord:
        async with gate:
            return await _make(deps, team, nickname=nicknames.get(team.spec.key, ""))

    # All come to an end before a failure is passed on: a repeat must not meet those still at work.
    ended = await asyncio.gather(*(make(t) for t in open_), return_exceptions=True)
    failures = [e for e in ended if isinstance(e, BaseException)]
    if failures:
        raise failures[0]
    return summarise_records([r for r in ended if isinstance(r, StepRecord)])


async def _needed_keys(deps: Deps, request: WaveRequest) -> set[str]:
    """Teams that somebody in one of the wave's batches is to join."""
    keys: set[str] = set()
    async for user in deps.ledger.list_users(request.rollout_id):
        if user.wave == request.wave and user.batch:
            keys.update(user.assignment.teams)
    return keys


async def _make(deps: Deps, team: TeamRecord, *, nickname: str) -> StepRecord:
    """One team through its stages until one of them has to wait or is refused."""
    now = deps.clock()
    if team.retry_at and team.retry_at > now + timedelta(milliseconds=100):
        return StepRecord(outcome=Outcome.TRANSIENT, at=now, retry_at=team.retry_at)
    if not team.status.team_id:
        team, record = await _group_stage(deps, team, nickname=nickname)
        if not _went_on(record):
            return record
    if len(team.owner_ids) > MAX_OWNERS and not team.team_created:
        team, record = await _owner_stage(deps, team)
        if not _went_on(record):
            return record
    if not team.team_created:
        team, record = await _team_stage(deps, team)
        if not _went_on(record):
            return record
    return await _channel_stage(deps, team)


async def _group_stage(
    deps: Deps, team: TeamRecord, *, nickname: str
) -> tuple[TeamRecord, StepRecord]:
    answer = await ensure_group(
        deps.graph,
        unique_name=unique_name(team.rollout_id, team.spec.key),
        display_name=team.spec.display_name,
        mail_nickname=nickname,
        visibility=team.spec.visibility,
        owner_ids=team.owner_ids[:MAX_OWNERS],
    )
    if answer.code == "user_not_found":
        # Said of an owner who has left; each member would be told that they do not exist.
        answer = answer.model_copy(update={"code": "team_has_no_owner"})
    if answer.is_accepted:
        status = team.status.model_copy(update={"team_id": answer.key})
        made = team.model_copy(update={"status": status})
        return await deps.ledger.save_team(made), _record(deps, team, answer)
    return await _not_yet(deps, team, answer)


async def _owner_stage(deps: Deps, team: TeamRecord) -> tuple[TeamRecord, StepRecord]:
    """Owners for whom there was no room when the group was made.

    Whoever has left meanwhile is passed over: the team has owners enough.
    """
    open_ = [o for o in team.owner_ids[MAX_OWNERS:] if o not in team.owners_done]
    answers = await add_group_owners(deps.graph, team.status.team_id, open_)
    done = [a.key for a in answers if a.is_accepted or a.code == "user_not_found"]
    team = team.model_copy(update={"owners_done": (*team.owners_done, *done)})
    stuck = next((a for a in answers if a.key not in done), None)
    if stuck is None:
        applied = CallResult(key=team.status.team_id, outcome=Outcome.APPLIED)
        return await deps.ledger.save_team(team), _record(deps, team, applied)
    if stuck.code == "group_not_found":
        # Made a moment ago: not every part of Microsoft knows it yet.
        pending = {"outcome": Outcome.TRANSIENT, "code": "replication_pending"}
        stuck = stuck.model_copy(update=pending)
    return await _not_yet(deps, team, stuck)


async def _team_stage(deps: Deps, team: TeamRecord) -> tuple[TeamRecord, StepRecord]:
    answer = await ensure_team(deps.graph, team.status.team_id)
    if answer.is_accepted:
        made = team.model_copy(update={"team_created": True, "attempts": 0, "retry_at": None})
        return await deps.ledger.save_team(made), _record(deps, team, answer)
    return await _not_yet(deps, team, answer)


async def _channel_stage(deps: Deps, team: TeamRecord) -> StepRecord:
    record = _record(deps, team, CallResult(key=team.status.team_id, outcome=Outcome.APPLIED))
    wanted = [c for c in team.spec.channels if c != DEFAULT_CHANNEL]
    for name in wanted:
        if name in team.channels_done:
            continue
        answer = await create_channel(deps.graph, team.status.team_id, name)
        if not answer.is_accepted:
            _, record = await _not_yet(deps, team, answer)
            return record
        done = team.model_copy(update={"channels_done": (*team.channels_done, name)})
        team = await deps.ledger.save_team(done)
    status = team.status.model_copy(update={"ready": True})
    await deps.ledger.save_team(team.model_copy(update={"status": status, "retry_at": None}))
    return record


async def _not_yet(
    deps: Deps, team: TeamRecord, answer: CallResult
) -> tuple[TeamRecord, StepRecord]:
    """Write down a refusal, or when to try again."""
    record = _record(deps, team, answer)
    status = team.status
    if not record.outcome.is_retryable:
        status = TeamStatus(key=team.spec.key, team_id=status.team_id, code=record.code)
    waiting = team.model_copy(
        update={"status": status, "attempts": record.hiccups, "retry_at": record.retry_at}
    )
    return await deps.ledger.save_team(waiting), record


def _record(deps: Deps, team: TeamRecord, answer: CallResult) -> StepRecord:
    before = StepRecord(outcome=Outcome.TRANSIENT, at=deps.clock(), hiccups=team.attempts)
    return settle(answer, before, now=deps.clock(), scale=deps.scale)


def _went_on(record: StepRecord) -> bool:
    return record.outcome in (Outcome.APPLIED, Outcome.ALREADY)
