"""A ledger in memory, a starter that remembers, and people to put into them. Test code only."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from teams_rollout.domain.configuration import (
    ProfileSection,
    RolloutConfig,
    RolloutSection,
    WaveSection,
)
from teams_rollout.domain.hand_off.results import Report
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.roster import Assignment, UserKey, fold
from teams_rollout.domain.vocabulary import Environment, WaveState
from teams_rollout.entrypoints.ports import InstanceState
from teams_rollout.ledger.inspection import QueueLook, StorageLook
from teams_rollout.ledger.ports import Conflict, LedgerError, NotFound
from teams_rollout.ledger.records import (
    AuditEntry,
    BatchRecord,
    DriftReport,
    LookupHit,
    OperationRecord,
    PlanHeader,
    PlanRow,
    ReadyMember,
    RolloutRecord,
    SeatLedger,
    StagedImport,
    TeamRecord,
    TimelineEvent,
    UserRecord,
    UserUpdate,
    WaveRecord,
)
from tests.unit.entrypoints.notices import MemoryNotices

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class MemoryLedger(MemoryNotices):
    """Keeps rows in dictionaries and minds ETags as the real one does."""

    def __init__(self) -> None:
        super().__init__()
        self.rollout: RolloutRecord | None = None
        self.waves: dict[str, WaveRecord] = {}
        self.batches: dict[tuple[str, int, int], BatchRecord] = {}
        self.users: dict[tuple[str, str], UserRecord] = {}
        self.timelines: dict[tuple[str, str], list[TimelineEvent]] = {}
        self.staged: dict[str, tuple[StagedImport, list[Assignment]]] = {}
        self.reports: dict[str, list[Report]] = {}
        self.plans: dict[str, tuple[PlanHeader, list[PlanRow]]] = {}
        self.operations: dict[str, OperationRecord] = {}
        self.drift: list[DriftReport] = []
        self.audit: list[AuditEntry] = []
        self.sent: list[dict[str, object]] = []
        self.woken: list[str] = []
        self.commits: list[tuple[str, int]] = []
        self.full_reads = 0
        self.queues: list[QueueLook] = []
        self.look = StorageLook(is_emulator=False, missing=(), time=None)
        self.failure: LedgerError | None = None
        self.before_save_wave: Callable[[], None] | None = None
        self._version = 0

    def _etag(self) -> str:
        self._version += 1
        return f"v{self._version}"

    async def prepare(self) -> None:
        if self.failure:
            raise self.failure

    async def inspect(self) -> StorageLook:
        if self.failure:
            raise self.failure
        return self.look

    async def close(self) -> None: ...

    async def find_rollout(self) -> RolloutRecord | None:
        if self.failure:
            raise self.failure
        return self.rollout

    async def save_rollout(self, record: RolloutRecord) -> RolloutRecord:
        self.rollout = record
        return record

    async def list_waves(self, rollout_id: str) -> list[WaveRecord]:
        return list(self.waves.values())

    async def find_wave(self, rollout_id: str, slug: str) -> WaveRecord | None:
        return self.waves.get(slug)

    async def save_wave(self, record: WaveRecord) -> WaveRecord:
        if self.before_save_wave:
            hook, self.before_save_wave = self.before_save_wave, None
            hook()
        current = self.waves.get(record.slug)
        if record.etag != (current.etag if current else ""):
            raise Conflict("the wave was changed meanwhile")
        self.waves[record.slug] = record.model_copy(update={"etag": self._etag()})
        return self.waves[record.slug]

    async def list_batches(self, rollout_id: str, wave: str, epoch: int) -> list[BatchRecord]:
        return [b for (w, e, _), b in sorted(self.batches.items()) if (w, e) == (wave, epoch)]

    async def get_batch(self, rollout_id: str, wave: str, epoch: int, number: int) -> BatchRecord:
        if (wave, epoch, number) not in self.batches:
            raise NotFound("no such batch")
        return self.batches[wave, epoch, number]

    async def save_batch(self, record: BatchRecord) -> BatchRecord:
        key = (record.wave, record.epoch, record.number)
        current = self.batches.get(key)
        if record.etag != (current.etag if current else ""):
            raise Conflict("the batch was changed meanwhile")
        self.batches[key] = record.model_copy(update={"etag": self._etag()})
        return self.batches[key]

    async def list_teams(self, rollout_id: str) -> list[TeamRecord]:
        return []

    async def save_team(self, record: TeamRecord) -> TeamRecord:
        return record

    async def get_seats(self, rollout_id: str, part_number: str) -> SeatLedger:
        return SeatLedger(part_number=part_number)

    async def save_seats(self, rollout_id: str, record: SeatLedger) -> SeatLedger:
        return record

    async def list_shard(self, shard: str, refs: Collection[str] | None = None) -> list[UserRecord]:
        return [
            u for (s, r), u in sorted(self.users.items()) if s == shard and (not refs or r in refs)
        ]

    async def list_users(
        self, rollout_id: str, *, with_removed: bool = False
    ) -> AsyncIterator[UserRecord]:
        self.full_reads += 1
        for _, user in sorted(self.users.items()):
            if with_removed or not user.removed:
                yield user

    async def put_users(self, records: Sequence[UserRecord]) -> None:
        for record in records:
            self.users[record.key.shard, record.key.ref] = record

    async def commit(self, shard: str, updates: Sequence[UserUpdate]) -> None:
        self.commits.append((shard, len(updates)))
        for update in updates:
            key = (shard, update.ref)
            user = self.users[key]
            self.users[key] = user.model_copy(update={"steps": {**user.steps, **update.steps}})
            self.timelines.setdefault(key, []).extend(update.events)

    async def insert_snapshots(
        self, shard: str, snapshots: Sequence[tuple[str, ObservedUser]], *, at: datetime
    ) -> int:
        return len(snapshots)

    async def get_person(self, key: UserKey) -> tuple[UserRecord, list[TimelineEvent]]:
        user = self.users.get((key.shard, key.ref))
        if user is None:
            raise NotFound("no such person")
        events = self.timelines.get((key.shard, key.ref), [])
        return user, sorted(events, key=lambda e: e.at, reverse=True)

    async def index(self, rollout_id: str, records: Sequence[UserRecord]) -> None: ...

    async def search(self, rollout_id: str, query: str, *, limit: int = 20) -> list[LookupHit]:
        hits = [_hit(u) for u in self.users.values() if _fits(u, fold(query).split())]
        return hits[:limit]

    async def stage(self, staged: StagedImport, users: Sequence[Assignment]) -> None:
        self.staged[staged.import_id] = (staged, list(users))

    async def get_staged(self, import_id: str) -> StagedImport:
        return self.staged[import_id][0]

    async def list_staged(self, import_id: str) -> list[Assignment]:
        return self.staged[import_id][1]

    async def save_reports(self, operation_id: str, reports: Sequence[Report]) -> None:
        self.reports[operation_id] = list(reports)

    async def list_reports(self, operation_id: str) -> list[Report]:
        return self.reports.get(operation_id, [])

    async def save_plan(self, header: PlanHeader, rows: Sequence[PlanRow]) -> None:
        self.plans[header.plan_id] = (header, list(rows))

    async def find_plan(self, plan_id: str) -> PlanHeader | None:
        return self.plans[plan_id][0] if plan_id in self.plans else None

    async def list_plan_rows(self, plan_id: str) -> list[PlanRow]:
        return self.plans[plan_id][1]

    async def mark_ready(
        self, rollout_id: str, wave: str, members: Sequence[ReadyMember]
    ) -> None: ...

    async def list_ready(self, rollout_id: str, wave: str) -> list[ReadyMember]:
        return []

    async def clear_ready(
        self, rollout_id: str, wave: str, members: Sequence[ReadyMember]
    ) -> None: ...

    async def save_operation(self, record: OperationRecord) -> OperationRecord:
        current = self.operations.get(record.id)
        if record.etag != (current.etag if current else ""):
            raise Conflict("the operation exists")
        self.operations[record.id] = record.model_copy(update={"etag": self._etag()})
        return self.operations[record.id]

    async def find_operation(self, operation_id: str) -> OperationRecord | None:
        return self.operations.get(operation_id)

    async def save_drift(self, rollout_id: str, report: DriftReport) -> None:
        self.drift.append(report)

    async def find_drift(self, rollout_id: str, run_id: str | None = None) -> DriftReport | None:
        fitting = [r for r in self.drift if run_id in (None, r.run_id)]
        return fitting[-1] if fitting else None

    async def append_audit(self, rollout_id: str, entry: AuditEntry) -> None:
        self.audit.append(entry)

    async def list_audit(self, rollout_id: str, *, limit: int = 200) -> list[AuditEntry]:
        return self.audit[::-1][:limit]

    async def send_batch(self, message: dict[str, object]) -> None:
        self.sent.append(message)

    async def send_wake_up(self, instance_id: str) -> None:
        self.woken.append(instance_id)

    async def look_at_queues(self) -> list[QueueLook]:
        return self.queues

    def add_wave(self, name: str, **values: Any) -> WaveRecord:
        """Put a wave behind those that there are."""
        fields: dict[str, Any] = {
            "rollout_id": "sample",
            "name": name,
            "slug": fold(name).replace(" ", "-"),
            "position": len(self.waves),
            **values,
        }
        record = WaveRecord(**fields).model_copy(update={"etag": self._etag()})
        self.waves[record.slug] = record
        return record

    def add_user(self, number: int, **values: Any) -> UserRecord:
        """Put a person in; see `a_user`."""
        user = a_user(number, **values)
        self.users[user.key.shard, user.key.ref] = user
        if self.rollout:
            shard = int(user.key.shard.rpartition(":")[2])
            following = max(self.rollout.next_shard, shard + 1)
            self.rollout = self.rollout.model_copy(update={"next_shard": following})
        return user


def _hit(user: UserRecord) -> LookupHit:
    seen = user.observed
    return LookupHit(
        key=user.key,
        display_name=seen.display_name if seen else "",
        upn=user.upn or user.assignment.identity,
        department=seen.department if seen else "",
    )


def _fits(user: UserRecord, asked: list[str]) -> bool:
    seen = user.observed
    given = user.assignment
    texts = [given.upn, given.mail, given.employee_id]
    if seen:
        texts += [seen.display_name, seen.upn, seen.mail, seen.employee_id]
    words = fold(" ".join(texts)).split()
    return all(any(word.startswith(part) for word in words) for part in asked)


def a_rollout(**values: Any) -> RolloutRecord:
    """A rollout that has been imported."""
    config = RolloutConfig(
        rollout=RolloutSection(name="Sample council"),
        profiles={"office": ProfileSection(skus=("SPE_E3",))},
    )
    fields: dict[str, Any] = {
        "rollout_id": "sample",
        "config": config,
        "import_id": "i1",
        "imported_at": NOW,
        **values,
    }
    return RolloutRecord(**fields)


def a_user(
    number: int,
    *,
    shard: int = 1,
    wave: str = "pilot",
    name: str = "Jo Example",
    resolved: bool = True,
    upn: str = "",
    observed: dict[str, Any] | None = None,
    assignment: dict[str, Any] | None = None,
    **values: Any,
) -> UserRecord:
    """One invented person `u{number}` in a shard."""
    upn = upn or f"person{number}@council.example"
    seen = ObservedUser(
        id=f"id-{number}", upn=upn, display_name=name, department="Housing", **(observed or {})
    )
    given: dict[str, Any] = {
        "line": number + 1,
        "upn": upn,
        "wave": wave,
        "profile": "office",
        **(assignment or {}),
    }
    return UserRecord(
        key=UserKey(shard=f"sample:{shard:04d}", ref=f"u{number:06d}"),
        assignment=Assignment(**given),
        wave=fold(wave).replace(" ", "-"),
        object_id=f"id-{number}" if resolved else "",
        observed=seen if resolved else None,
        **values,
    )


PILOT = WaveSection(pilot=True)
CLOSED = WaveState.COMPLETED


@dataclass
class MemoryStarter:
    """Remembers what was started; states can be set by a test."""

    states: dict[str, InstanceState] = field(default_factory=dict)
    started: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)

    async def start(self, orchestration: str, *, instance_id: str, payload: dict[str, Any]) -> None:
        if self.states.get(instance_id, InstanceState.ABSENT) is not InstanceState.ABSENT:
            return
        self.states[instance_id] = InstanceState.RUNNING
        self.started.append((orchestration, instance_id, payload))

    async def status(self, instance_id: str) -> InstanceState:
        return self.states.get(instance_id, InstanceState.ABSENT)

    async def raise_wake(self, instance_id: str) -> None:
        self.woken.append(instance_id)


@dataclass
class TestSettings:
    """Settings that a test may change."""

    __test__ = False

    environment: Environment = Environment.REHEARSAL
    easy_auth: bool = False
    dev_identity: str = ""
    graph_tenant_id: str = "tenant-1"
    is_simulated: bool = True
    time_scale: float = 1.0
    quota_model: str = "window"
    graph_share: float = 0.8
    host_name: str = ""


@dataclass
class MemoryServices:
    """Services over memory with a clock that a test moves."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    settings: TestSettings = field(default_factory=TestSettings)
    now: datetime = NOW

    @property
    def clock(self) -> Callable[[], datetime]:
        return lambda: self.now

    def wait(self, **duration: float) -> None:
        """Move the clock."""
        self.now += timedelta(**duration)
