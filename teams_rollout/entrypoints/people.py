"""Views of people: list items, one person with everything the helpdesk needs, and paging.

A person's public id is `{shard number}-{ref}`: opaque, stable, fit for addresses.
"""

import asyncio
import re
from dataclasses import dataclass

from teams_rollout.domain.answers import can_use_teams
from teams_rollout.domain.codes import reason
from teams_rollout.domain.hand_off.progress import is_reported
from teams_rollout.domain.progress import StepRecord, Summary
from teams_rollout.domain.roster import UserKey
from teams_rollout.domain.vocabulary import STEP_ORDER, Outcome, Step, UserState
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.entrypoints.views import LookupItem, StepItem, TimelineItem, UserItem, UserView
from teams_rollout.ledger.ports import NotFound
from teams_rollout.ledger.records import (
    LookupHit,
    RolloutRecord,
    TimelineEvent,
    UserRecord,
)

SEARCH_LIMIT = 20
_SHARDS_PER_PAGE = 10  # of at most 100 people each, read at the same time


@dataclass(frozen=True)
class Advice:
    """What the helpdesk tells the person, does next, and whose turn it is."""

    say: str
    do: str
    owner: str


_WITHOUT_CODE = {
    UserState.DONE: Advice(
        say="Teams is ready for you. Sign in with the name and password of your computer.",
        do="If Teams does not work for them, treat it as an ordinary Teams fault.",
        owner="service desk",
    ),
    UserState.IN_PROGRESS: Advice(
        say="We are moving you to Teams right now. Please try again in an hour.",
        do="Nothing; look again in an hour.",
        owner="project team",
    ),
    UserState.ROLLED_BACK: Advice(
        say="We have undone your move for now and will tell you when it is repeated.",
        do="Ask the project team when the move will be repeated.",
        owner="project team",
    ),
}
_PUBLIC_ID = re.compile(r"(\d{4,9})-(u\d{1,12})")


def shard_key(rollout_id: str, number: int) -> str:
    """The partition of the numbered shard."""
    return f"{rollout_id}:{number:04d}"


def public_id(key: UserKey) -> str:
    """The person's id for addresses."""
    return f"{key.shard.rpartition(':')[2]}-{key.ref}"


def parse_public_id(rollout_id: str, text: str) -> UserKey:
    """The key behind a public id. Raises a 404 problem for anything else."""
    match = _PUBLIC_ID.fullmatch(text)
    if match is None:
        raise person_unknown()
    return UserKey(shard=f"{rollout_id}:{match[1]}", ref=match[2])


def person_unknown() -> ProblemError:
    """404: nobody of this rollout."""
    return ProblemError(
        404,
        kind="person-unknown",
        title="Nobody of this rollout is found.",
        detail="The person is in none of the imported files, or was removed from them.",
        do="Check the spelling, or search for a part of the name on the helpdesk page.",
    )


def to_item(record: UserRecord) -> UserItem:
    """The person as a list shows them."""
    summary = record.summary
    return UserItem(
        upn=record.upn or record.assignment.identity,
        id=record.object_id or None,
        wave=record.assignment.wave,
        state=summary.state,
        code=summary.code,
        step=summary.step.value if summary.step else None,
        since=summary.since,
        ref=public_id(record.key),
    )


def to_hit(hit: LookupHit) -> LookupItem:
    """A search hit as the API shows it."""
    return LookupItem(
        ref=public_id(hit.key),
        upn=hit.upn,
        display_name=hit.display_name,
        department=hit.department,
    )


def _step_item(step: Step, record: StepRecord) -> StepItem:
    """The step; what came about without us and has been seen was nothing to wait for."""
    came_by_itself = record.outcome is Outcome.WAITING and record.verified_at is not None
    return StepItem(
        step=step.value,
        outcome=(Outcome.ALREADY if came_by_itself else record.outcome).value,
        code="" if record.is_done and record.verified_at else record.code,
        at=record.at,
        verified_at=record.verified_at,
        attempts=record.attempts,
    )


def _timeline_item(event: TimelineEvent) -> TimelineItem:
    return TimelineItem(
        at=event.at,
        step=event.step,
        outcome=event.outcome,
        code=event.code,
        request_id=event.request_id,
        # Other steps keep ids of Microsoft's there, which help nobody at a desk.
        detail=event.detail if _is_theirs(event) else "",
    )


def _is_theirs(event: TimelineEvent) -> bool:
    return event.step in tuple(Step) and is_reported(Step(event.step), event.code)


def to_view(record: UserRecord, timeline: list[TimelineEvent]) -> UserView:
    """The person with the helpdesk's words: may they use Teams, why, what to say and do."""
    answer, sentence = can_use_teams(record.summary, record.observed)
    advice = _advice(record.summary)
    return UserView(
        **to_item(record).model_dump(),
        display_name=record.observed.display_name if record.observed else "",
        steps=tuple(_step_item(s, record.steps[s]) for s in STEP_ORDER if s in record.steps),
        timeline=tuple(_timeline_item(event) for event in timeline),
        answer=answer,
        sentence=sentence,
        say=advice.say,
        do=advice.do,
        owner=advice.owner,
    )


def _advice(summary: Summary) -> Advice:
    """What to say and do; every state has an answer, with or without a code."""
    if summary.stalled:
        words = reason("not_verified_in_time")
    elif summary.code:
        words = reason(summary.code)
    else:
        return _WITHOUT_CODE.get(summary.state, _WITHOUT_CODE[UserState.IN_PROGRESS])
    return Advice(say=words.say, do=words.do, owner=words.owner.value)


async def get_person(services: Services, key: UserKey) -> UserView:
    """One person by key. Raises a 404 problem."""
    try:
        record, timeline = await services.ledger.get_person(key)
    except NotFound as error:
        raise person_unknown() from error
    return to_view(record, timeline)


async def find_person(services: Services, rollout_id: str, *, name: str) -> UserView:
    """The one person whose UPN, mail or employee id is exactly this. Raises a 404 problem."""
    wanted = name.strip().casefold()
    hits = await services.ledger.search(rollout_id, wanted, limit=SEARCH_LIMIT)
    # The UPN is in the index; mail and employee id need the person's own row.
    for hit in sorted(hits, key=lambda h: h.upn.casefold() != wanted):
        record, timeline = await services.ledger.get_person(hit.key)
        if wanted in _names(record):
            return to_view(record, timeline)
    raise person_unknown()


def _names(record: UserRecord) -> set[str]:
    given = record.assignment
    names = {given.upn, given.mail, given.employee_id}
    if record.observed:
        names |= {record.observed.upn, record.observed.mail, record.observed.employee_id}
    return {n.casefold() for n in names if n}


@dataclass(frozen=True)
class PeopleFilter:
    """Which people a list wants; None = all."""

    wave: str | None = None
    state: UserState | None = None

    def takes(self, record: UserRecord) -> bool:
        """Whether the person belongs on the list."""
        if record.removed:
            return False
        if self.wave is not None and record.wave != self.wave:
            return False
        return self.state is None or record.summary.state is self.state


async def list_page(
    services: Services, rollout: RolloutRecord, *, wanted: PeopleFilter, first_shard: int
) -> tuple[list[UserRecord], int | None]:
    """People from `first_shard` on, at most 1,000, and the shard to go on with.

    A page ends between shards, so a cursor stays good while rows change.
    """
    people: list[UserRecord] = []
    shard = max(first_shard, 1)
    while shard < rollout.next_shard and not people:
        numbers = range(shard, min(shard + _SHARDS_PER_PAGE, rollout.next_shard))
        keys = [shard_key(rollout.rollout_id, n) for n in numbers]
        for rows in await asyncio.gather(*(services.ledger.list_shard(k) for k in keys)):
            people += [row for row in rows if wanted.takes(row)]
        shard = numbers.stop
    return people, shard if shard < rollout.next_shard else None
