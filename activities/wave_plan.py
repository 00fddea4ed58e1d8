"""A plan of one wave from live state: read in bulk, assess, allot seats. Changes nothing.

Used by `make_plan` (which stores it for people) and `open_wave` (which plans again and acts on
it), so that what is shown and what is done come from one place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from activities.deps import Deps
from activities.reading import TenantReading, look_for_missing, read_tenant
from activities.team_status import assess_teams, tenant_view
from teams_rollout.domain.assessment import Finding, StepView, assess
from teams_rollout.domain.observed import ObservedUser, TenantView
from teams_rollout.domain.planning import (
    Candidate,
    PersonPlan,
    Prediction,
    SeatLine,
    allot_seats,
    plan_person,
    predict,
    seat_lines,
    seats_needed,
)
from teams_rollout.domain.roster import Assignment
from teams_rollout.domain.vocabulary import Step
from teams_rollout.ledger.records import RolloutRecord, TeamRecord, UserRecord, WaveRecord


@dataclass(frozen=True)
class Planned:
    """One person with everything that the plan found out."""

    user: UserRecord
    observed: ObservedUser | None
    candidate: Candidate
    plan: PersonPlan
    without_seat: bool

    @property
    def is_eligible(self) -> bool:
        """Whether there is something to write for the person."""
        return self.plan.kind == "eligible"


@dataclass(frozen=True)
class WavePlan:
    """The whole plan of a wave."""

    people: list[Planned]
    teams: list[TeamRecord]
    seats: tuple[SeatLine, ...]
    prediction: Prediction
    view: TenantView

    @property
    def short(self) -> int:
        """People without a seat."""
        return sum(p.without_seat for p in self.people)


async def plan_wave(deps: Deps, rollout: RolloutRecord, wave: WaveRecord) -> WavePlan:
    """Read the tenant and say what the wave would do now.

    Raises:
        GraphReadError: a source could not be read whole.
        LedgerError: storage could not be read.
    """
    everybody = [u async for u in deps.ledger.list_users(rollout.rollout_id)]
    users = [u for u in everybody if u.wave == wave.slug]
    teams = await deps.ledger.list_teams(rollout.rollout_id)
    reading = await read_tenant(
        deps.graph, teams, people=[u.assignment for u in users], config=rollout.config
    )
    named = [(u.assignment, u.object_id) for u in users]
    reading = await look_for_missing(deps.graph, reading, named)
    assessed = assess_teams(teams, rollout.config.teams, reading)
    view = tenant_view(reading, assessed, rollout.config)
    doubles = _named_before(everybody, reading)
    candidates = [
        _candidate(deps, rollout, u, view, reading, is_double=u.key.ref in doubles) for u in users
    ]
    reserved = await _reserved_elsewhere(deps, rollout, wave, [c for c, _ in candidates])
    without = allot_seats(
        [c for c, _ in candidates if _wants_license(c)],
        {s.part_number: s.free - reserved.get(s.part_number, 0) for s in reading.catalogue.skus},
    )
    people = [
        Planned(
            user=user,
            observed=observed,
            candidate=candidate,
            plan=plan_person(candidate, without_seat=candidate.key.ref in without),
            without_seat=candidate.key.ref in without,
        )
        for user, (candidate, observed) in zip(users, candidates, strict=True)
    ]
    return WavePlan(
        people=people,
        teams=assessed,
        seats=seat_lines([c for c, _ in candidates], reading.catalogue, reserved),
        prediction=predict([p.plan for p in people], reads=reading.reads),
        view=view,
    )


def _candidate(
    deps: Deps,
    rollout: RolloutRecord,
    user: UserRecord,
    view: TenantView,
    reading: TenantReading,
    *,
    is_double: bool,
) -> tuple[Candidate, ObservedUser | None]:
    known = user.observed.homing if user.observed and user.started else None
    observed = reading.observe(user.assignment, object_id=user.object_id, known=known)
    assessment = assess(
        user.assignment,
        observed,
        config=rollout.config,
        view=view,
        on_hold=is_on_hold(deps, rollout, user.assignment),
    )
    if is_double:
        assessment = {Step.RESOLVE: NAMED_TWICE}
    return Candidate(key=user.key, assignment=user.assignment, assessment=assessment), observed


def is_on_hold(deps: Deps, rollout: RolloutRecord, assignment: Assignment) -> bool:
    """Whether the person's hold lies in the future today, where the rollout is at home."""
    zone = ZoneInfo(rollout.config.rollout.timezone)
    return assignment.is_on_hold(deps.clock().astimezone(zone).date())


NAMED_TWICE = StepView(step=Step.RESOLVE, finding=Finding.BLOCKED, code="named_twice")


def _named_before(everybody: Sequence[UserRecord], reading: TenantReading) -> set[str]:
    """Refs of rows that name a person whom another row names already, by another name.

    Files cannot show that a UPN and a personnel number are one person; only the tenant can. The
    row that has begun, else the older one, is the person's own.
    """
    own: dict[str, str] = {}
    doubles: set[str] = set()
    for user in sorted(everybody, key=lambda u: (not u.batch, not u.started, u.key.ref)):
        found = None if user.object_id else reading.named_by(user.assignment)
        object_id = user.object_id or (found.id if found else "")
        if object_id and own.setdefault(object_id, user.key.ref) != user.key.ref:
            doubles.add(user.key.ref)
    return doubles


def _wants_license(candidate: Candidate) -> bool:
    view = candidate.assessment.get(Step.LICENSE)
    return view is not None and view.finding is Finding.CHANGE


async def _reserved_elsewhere(
    deps: Deps, rollout: RolloutRecord, wave: WaveRecord, candidates: list[Candidate]
) -> dict[str, int]:
    """Seats promised to other waves, for the SKUs that this one needs."""
    reserved: dict[str, int] = {}
    for part_number in seats_needed(candidates):
        ledger = await deps.ledger.get_seats(rollout.rollout_id, part_number)
        reserved[part_number] = sum(n for w, n in ledger.reserved.items() if w != wave.slug)
    return reserved
