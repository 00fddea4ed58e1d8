"""From assessments to a plan: classes of people, seats, order, batches, prediction. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.assessment import Assessment, Finding
from teams_rollout.domain.observed import Catalogue
from teams_rollout.domain.progress import WAITING_FOR_MICROSOFT, StepRecord
from teams_rollout.domain.roster import Assignment, UserKey, go_rank
from teams_rollout.domain.vocabulary import STEP_ORDER, Outcome, Priority, Step

NO_SEATS = "no_seats_left"


class Candidate(BaseModel):
    """One person of a wave as the planner sees them."""

    model_config = ConfigDict(frozen=True)

    key: UserKey
    assignment: Assignment
    assessment: Assessment


class PersonPlan(BaseModel):
    """What a plan says of one person.

    Attributes:
        kind: `eligible`, `done`, `blocked`, `waiting` or `skipped`.
        code: foreseen reason, also for an eligible person of whom one part is blocked.
        joins_group: the licensing group to be put into, if any.
    """

    model_config = ConfigDict(frozen=True)

    key: UserKey
    kind: str
    code: str = ""
    changes: tuple[dict[str, str], ...] = ()
    joins_group: str = ""


class SeatLine(BaseModel):
    """Seats of one SKU: what a wave needs and what there is."""

    model_config = ConfigDict(frozen=True)

    sku: str
    needed: int
    free: int
    reserved: int
    short: int


_KIND_OF: dict[Finding, str] = {
    Finding.BLOCKED: "blocked",
    Finding.WAITING: "waiting",
    Finding.SKIPPED: "skipped",
    Finding.PENDING: "waiting",
}


def plan_person(candidate: Candidate, *, without_seat: bool = False) -> PersonPlan:
    """Classify one person and list the changes in step order."""
    views = candidate.assessment
    code = foreseen_code(views)
    if without_seat:
        return PersonPlan(key=candidate.key, kind="blocked", code=NO_SEATS)
    changes = tuple(
        {"step": step.value, "from": d.from_, "to": d.to}
        for step in STEP_ORDER
        if step in views and views[step].finding is Finding.CHANGE
        for d in views[step].differences
    )
    if changes:
        group = views[Step.LICENSE].join_group if Step.LICENSE in views else ""
        return PersonPlan(
            key=candidate.key, kind="eligible", code=code, changes=changes, joins_group=group
        )
    kind = next(
        (_KIND_OF[views[s].finding] for s in STEP_ORDER if s in views and _unsettled(views, s)),
        "done",
    )
    return PersonPlan(key=candidate.key, kind=kind, code=code)


def _unsettled(views: Assessment, step: Step) -> bool:
    return views[step].finding is not Finding.SATISFIED


def foreseen_code(views: Assessment) -> str:
    """The first reason in step order that is known before anything is done."""
    codes = (views[step].code for step in STEP_ORDER if step in views)
    return next((code for code in codes if code), "")


def seats_needed(candidates: Iterable[Candidate]) -> Counter[str]:
    """New seats per SKU part number over everybody who would get a licence."""
    needed: Counter[str] = Counter()
    for candidate in candidates:
        needed.update(_new_seats(candidate))
    return needed


def _new_seats(candidate: Candidate) -> tuple[str, ...]:
    view = candidate.assessment.get(Step.LICENSE)
    return view.new_seats if view is not None else ()


def seat_lines(
    candidates: Sequence[Candidate], catalogue: Catalogue, reserved: Mapping[str, int]
) -> tuple[SeatLine, ...]:
    """The seat table of a plan; `reserved` are seats promised to other waves."""
    lines: list[SeatLine] = []
    for part_number, needed in sorted(seats_needed(candidates).items()):
        sku = catalogue.by_part_number(part_number)
        free = sku.free if sku else 0
        held = reserved.get(part_number, 0)
        short = max(0, needed - max(0, free - held))
        lines.append(
            SeatLine(sku=part_number, needed=needed, free=free, reserved=held, short=short)
        )
    return tuple(lines)


def allot_seats(candidates: Sequence[Candidate], available: Mapping[str, int]) -> set[str]:
    """Give seats in go-order; returns the refs of those who get none.

    A person needs all of the SKUs or takes none of them.
    """
    left = Counter(dict(available))
    without: set[str] = set()
    for candidate in _in_go_order(candidates):
        wanted = _new_seats(candidate)
        if any(left[p] < 1 for p in wanted):
            without.add(candidate.key.ref)
            continue
        left.subtract(wanted)
    return without


_RECORD_OF: dict[Finding, Outcome] = {
    Finding.SATISFIED: Outcome.ALREADY,
    Finding.PENDING: Outcome.WAITING,
    Finding.WAITING: Outcome.WAITING,
    Finding.BLOCKED: Outcome.BLOCKED,
    Finding.SKIPPED: Outcome.SKIPPED,
}


def opening_records(
    assessment: Assessment, *, now: datetime, without_seat: bool = False
) -> dict[Step, StepRecord]:
    """Step records at the opening of a wave: everything that is settled without a write.

    A step that needs a change has no record yet: that is what the batch's activities look for.
    """
    if without_seat:
        return {
            Step.RESOLVE: StepRecord(outcome=Outcome.ALREADY, at=now),
            Step.USAGE_LOCATION: StepRecord(outcome=Outcome.SKIPPED, at=now),
            Step.LICENSE: StepRecord(outcome=Outcome.BLOCKED, code=NO_SEATS, at=now, foreseen=True),
        }
    records: dict[Step, StepRecord] = {}
    for step, view in assessment.items():
        if view.finding is Finding.CHANGE:
            continue
        code = WAITING_FOR_MICROSOFT if view.finding is Finding.PENDING else view.code
        records[step] = StepRecord(
            outcome=_RECORD_OF[view.finding], code=code, at=now, foreseen=bool(code)
        )
    if Step.LICENSE in records and Step.USAGE_LOCATION not in assessment:
        # Known as blocked at the licence: the location is deliberately left alone.
        records[Step.USAGE_LOCATION] = StepRecord(outcome=Outcome.SKIPPED, at=now)
    return records


class BatchCut(BaseModel):
    """People of one batch to be."""

    model_config = ConfigDict(frozen=True)

    canary: bool
    keys: tuple[UserKey, ...]


def cut_batches(
    eligible: Sequence[Candidate], *, canary_size: int, batch_size: int
) -> tuple[BatchCut, ...]:
    """The canary first (never vip), then everybody in go-order, at most `batch_size` each."""
    canary = _choose_canary(eligible, canary_size)
    chosen = {c.key.ref for c in canary}
    rest = [c.key for c in _in_go_order(eligible) if c.key.ref not in chosen]
    cuts: list[BatchCut] = []
    if canary:
        cuts.append(BatchCut(canary=True, keys=tuple(c.key for c in canary)))
    for start in range(0, len(rest), batch_size):
        cuts.append(BatchCut(canary=False, keys=tuple(rest[start : start + batch_size])))
    return tuple(cuts)


def _in_go_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    # Lines of different imports may coincide, so only the ref tells people apart.
    return sorted(candidates, key=lambda c: (go_rank(c.assignment), c.key.ref))


def _choose_canary(people: Sequence[Candidate], size: int) -> list[Candidate]:
    """Volunteers in file order, then the others in file order, one profile after the other."""
    willing = (p for p in people if p.assignment.priority is not Priority.VIP)
    ordered = sorted(willing, key=lambda p: (p.assignment.line, p.key.ref))
    chosen = [p for p in ordered if p.assignment.priority is Priority.VOLUNTEER][:size]
    by_profile: dict[str, list[Candidate]] = defaultdict(list)
    for person in ordered:
        if person.assignment.priority is not Priority.VOLUNTEER:
            by_profile[person.assignment.profile].append(person)
    while len(chosen) < size and any(by_profile.values()):
        for queue in by_profile.values():
            if queue and len(chosen) < size:
                chosen.append(queue.pop(0))
    return chosen


ENTRA_WRITES_PER_SECOND = 20.0
"""3,000 writes in 150 s per app and tenant (GRAPH fact sheet 6.1)."""
GROUP_MEMBERS_PER_REQUEST = 20
MEMBER_REQUESTS_PER_MINUTE = 4
MEMBERS_PER_REQUEST = 200
POLICIES_PER_REQUEST = 20


class Prediction(BaseModel):
    """What a wave will ask of Graph and how long that takes at the published limits."""

    model_config = ConfigDict(frozen=True)

    reads: int
    writes: int
    seconds: float


def _replaces_later(person: PersonPlan) -> bool:
    """Whether what the profile replaces takes a call of its own, after the group has licensed."""
    licence = (c for c in person.changes if c["step"] == Step.LICENSE.value)
    return bool(person.joins_group) and any(c["to"] == "none" for c in licence)


def predict(people: Sequence[PersonPlan], *, reads: int, share: float = 0.8) -> Prediction:
    """Operations of the changes, and the slowest of the quotas they run into."""
    steps = Counter(c["step"] for p in people for c in p.changes)
    per_person = Counter(step for p in people for step in {c["step"] for c in p.changes})
    teams = Counter(
        c["to"] for p in people for c in p.changes if c["step"] == Step.TEAM_MEMBERSHIP.value
    )
    joining = Counter(p.joins_group for p in people if p.joins_group)
    entra = (
        per_person[Step.USAGE_LOCATION.value]
        + per_person[Step.LICENSE.value]
        - joining.total()
        + sum(-(-n // GROUP_MEMBERS_PER_REQUEST) for n in joining.values())
        + sum(_replaces_later(p) for p in people)
    )
    policies = steps[Step.POLICIES.value] + steps[Step.COEXISTENCE.value]
    member_requests = [-(-n // MEMBERS_PER_REQUEST) for n in teams.values()]
    writes = (
        entra
        + -(-policies // POLICIES_PER_REQUEST)
        + sum(member_requests)
        + per_person[Step.PHONE_NUMBER.value]
    )
    slowest_team = max(member_requests, default=0) - MEMBER_REQUESTS_PER_MINUTE
    seconds = max(
        entra / (ENTRA_WRITES_PER_SECOND * share),
        max(0, slowest_team) * 60 / MEMBER_REQUESTS_PER_MINUTE,
    )
    return Prediction(reads=reads, writes=writes, seconds=round(seconds, 1))
