"""Who waits for another team, as lists and as the file that the team gets. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from teams_rollout.domain.codes import reason
from teams_rollout.domain.coexistence import HANDED_OFF, assess_coexistence, desired_mode
from teams_rollout.domain.hand_off.model import (
    SIGN_IN_WITHIN_DAYS,
    Action,
    Addressee,
    HandOffLine,
    Task,
    tasks_of,
)
from teams_rollout.domain.hand_off.progress import is_handed_off
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.roster import UserKey
from teams_rollout.domain.vocabulary import PREREQUISITES, Environment, Step
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.entrypoints.views import HandOffSummary
from teams_rollout.ledger.records import RolloutRecord, UserRecord, WaveRecord


@dataclass(frozen=True)
class Waiting:
    """One thing that one person waits for.

    Attributes:
        is_refused: the other team has reported that it could not.
        is_ready: everything that must come before is in place.
    """

    user: UserRecord
    record: StepRecord
    task: Task
    is_refused: bool
    is_ready: bool
    is_on_hold: bool


@dataclass
class _Tally:
    people: int = 0
    not_ready: int = 0
    on_hold: int = 0
    refused: int = 0
    since: list[datetime] = field(default_factory=list)

    def add(self, one: Waiting) -> None:
        """Count the person where they belong: once."""
        if one.is_on_hold:
            self.on_hold += 1
        elif not one.is_ready:
            self.not_ready += 1
        elif one.is_refused:
            self.refused += 1
        else:
            self.people += 1
            self.since.append(one.record.at)


async def summarise(
    services: Services, rollout: RolloutRecord, *, wave: WaveRecord | None
) -> list[HandOffSummary]:
    """Per wave and addressee how many people wait, and since when; nobody by name."""
    tallies: dict[tuple[str, Addressee], _Tally] = {}
    async for user in services.ledger.list_users(rollout.rollout_id):
        if wave is not None and user.wave != wave.slug:
            continue
        for one in waits_of(services, rollout, user):
            place = (user.assignment.wave, one.task.action.addressee)
            tallies.setdefault(place, _Tally()).add(one)
    return [
        HandOffSummary(
            wave=name,
            addressee=addressee,
            people=tally.people,
            not_ready=tally.not_ready,
            on_hold=tally.on_hold,
            refused=tally.refused,
            since=min(tally.since, default=None),
        )
        for (name, addressee), tally in tallies.items()
    ]


def waits_of(services: Services, rollout: RolloutRecord, user: UserRecord) -> Iterable[Waiting]:
    """What the person waits for: by the same assessment as everything else."""
    record = user.steps.get(Step.COEXISTENCE)
    if record is None or user.observed is None or not is_handed_off(record):
        return
    profile = rollout.config.profiles[user.assignment.profile]
    wanted = desired_mode(user.assignment, profile)
    zone = ZoneInfo(rollout.config.rollout.timezone)
    for task in tasks_of(assess_coexistence(user.observed, wanted, rollout.config)):
        yield Waiting(
            user=user,
            record=record,
            task=task,
            is_refused=record.code not in HANDED_OFF,
            is_ready=all(_is_in_place(user.steps.get(p)) for p in PREREQUISITES),
            is_on_hold=user.assignment.is_on_hold(services.clock().astimezone(zone).date()),
        )


def _is_in_place(record: StepRecord | None) -> bool:
    return record is not None and record.is_done


async def lines_for(
    services: Services,
    rollout: RolloutRecord,
    *,
    wave: WaveRecord,
    addressee: Addressee,
    with_refused: bool,
    hand_off: str,
) -> list[HandOffLine]:
    """The rows of one file: whoever is ready for this team, oldest first.

    Args:
        with_refused: also people for whom the team has reported a failure.

    Raises:
        ProblemError: 409 where nobody has proved that Graph shows who is on the server.
    """
    _check_homing_is_proved(services, rollout)
    waiting = [
        one
        async for user in services.ledger.list_users(rollout.rollout_id)
        if user.wave == wave.slug
        for one in waits_of(services, rollout, user)
        if one.task.action.addressee is addressee
        and one.is_ready
        and not one.is_on_hold
        and (with_refused or not one.is_refused)
    ]
    waiting.sort(key=lambda one: (one.record.at, one.user.key.ref))
    return [_line(services, rollout, one, hand_off=hand_off) for one in waiting]


def _line(
    services: Services, rollout: RolloutRecord, one: Waiting, *, hand_off: str
) -> HandOffLine:
    is_move = one.task.action is Action.MOVE_USER
    return HandOffLine(
        hand_off=hand_off,
        environment=services.settings.environment,
        tenant_id=rollout.tenant_id or rollout.config.rollout.tenant_id or "",
        wave=one.user.assignment.wave,
        addressee=one.task.action.addressee,
        action=one.task.action,
        user_id=one.user.object_id,
        sign_in_name=one.user.upn,
        policy_type=one.task.policy_type,
        policy_name=one.task.policy_name,
        meetings=one.task.meetings,
        sign_in_within_days=SIGN_IN_WITHIN_DAYS if is_move else None,
        owner=reason(one.record.code).owner.value,
        since=one.record.at,
    )


def _check_homing_is_proved(services: Services, rollout: RolloutRecord) -> None:
    is_live = services.settings.environment is Environment.LIVE
    known = rollout.config.skype.known_on_premises.casefold()
    if is_live and (not known or rollout.homing_proved_by != known):
        raise ProblemError(
            409,
            kind="homing-not-proved",
            title="Nobody has proved that Microsoft shows who is on the server.",
            detail="A hand-off for a real tenant rests on it, and the doctor has not yet seen "
            "the person of known_on_premises shown as being on the server.",
            do="Set known_on_premises in [skype] of rollout.toml, import, and run: rollout doctor",
        )


async def people_by_object_id(
    services: Services, rollout: RolloutRecord
) -> dict[str, UserKey | None]:
    """Everybody whom a result file may name; None for who was never handed off."""
    found: dict[str, UserKey | None] = {}
    async for user in services.ledger.list_users(rollout.rollout_id):
        if user.object_id:
            has_come_so_far = user.started and Step.COEXISTENCE in user.steps
            found[user.object_id.casefold()] = user.key if has_come_so_far else None
    return found
