"""What the app asks of its storage: small protocols, implemented over Azure Tables and Queues.

Racing writes carry an ETag: a record's `etag` is empty for "must not exist yet", and a lost race
raises `Conflict`. One `commit` is one transaction in one partition (at most 100 operations).
"""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Protocol

from teams_rollout.domain.hand_off.results import Report
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.roster import Assignment, UserKey
from teams_rollout.ledger.inspection import QueueLook, StorageLook
from teams_rollout.ledger.notice_records import NoticeMarker, NoticeOrder
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


class LedgerError(Exception):
    """Storage refused or could not be reached; the message names the component and the cure."""


class Conflict(LedgerError):
    """Somebody else changed the row first: read again and decide again."""


class NotFound(LedgerError, LookupError):
    """There is no such row."""


class RolloutStore(Protocol):
    """The rollout, its waves, batches, teams and seats: few rows, changed with ETags."""

    async def find_rollout(self) -> RolloutRecord | None: ...
    async def save_rollout(self, record: RolloutRecord) -> RolloutRecord: ...
    async def list_waves(self, rollout_id: str) -> list[WaveRecord]: ...
    async def find_wave(self, rollout_id: str, slug: str) -> WaveRecord | None: ...
    async def save_wave(self, record: WaveRecord) -> WaveRecord: ...
    async def list_batches(self, rollout_id: str, wave: str, epoch: int) -> list[BatchRecord]: ...
    async def get_batch(
        self, rollout_id: str, wave: str, epoch: int, number: int
    ) -> BatchRecord: ...
    async def save_batch(self, record: BatchRecord) -> BatchRecord: ...
    async def list_teams(self, rollout_id: str) -> list[TeamRecord]: ...
    async def save_team(self, record: TeamRecord) -> TeamRecord: ...
    async def get_seats(self, rollout_id: str, part_number: str) -> SeatLedger:
        """The SKU's promises; an empty ledger (empty etag) where there is none."""
        ...

    async def save_seats(self, rollout_id: str, record: SeatLedger) -> SeatLedger: ...


class UserStore(Protocol):
    """People, their snapshots and timelines."""

    async def list_shard(self, shard: str, refs: Collection[str] | None = None) -> list[UserRecord]:
        """One request per shard; `refs` keeps only those people."""
        ...

    def list_users(
        self, rollout_id: str, *, with_removed: bool = False
    ) -> AsyncIterator[UserRecord]:
        """Everybody of the rollout, shard by shard.

        Args:
            with_removed: also people whom an import removed; they keep their key for life.
        """
        ...

    async def put_users(self, records: Sequence[UserRecord]) -> None:
        """Insert or replace whole rows (import, plan), in transactions per shard."""
        ...

    async def commit(self, shard: str, updates: Sequence[UserUpdate]) -> None:
        """Merge the changed columns and append the events of at most 100 people, atomically."""
        ...

    async def insert_snapshots(
        self, shard: str, snapshots: Sequence[tuple[str, ObservedUser]], *, at: datetime
    ) -> int:
        """Keep each (ref, state before our first write) once; existing ones stay. Returns new."""
        ...

    async def get_person(self, key: UserKey) -> tuple[UserRecord, list[TimelineEvent]]:
        """One person with the timeline, newest first, in one request. Raises NotFound."""
        ...


class LookupStore(Protocol):
    """The helpdesk's search index: one partition per query."""

    async def index(self, rollout_id: str, records: Sequence[UserRecord]) -> None:
        """Make people findable by UPN, mail, employee id, phone and any word of the name."""
        ...

    async def search(self, rollout_id: str, query: str, *, limit: int = 20) -> list[LookupHit]:
        """People for whom every word of the query is a prefix of an indexed word; one request."""
        ...


class ImportStore(Protocol):
    """Validated files that wait for their pointer to be flipped."""

    async def stage(self, staged: StagedImport, users: Sequence[Assignment]) -> None: ...
    async def get_staged(self, import_id: str) -> StagedImport: ...
    async def list_staged(self, import_id: str) -> list[Assignment]: ...


class HandOffStore(Protocol):
    """Result files of other teams, until their people have been looked at."""

    async def save_reports(self, operation_id: str, reports: Sequence[Report]) -> None: ...
    async def list_reports(self, operation_id: str) -> list[Report]: ...


class PlanStore(Protocol):
    """Plans, as one header and a row per person."""

    async def save_plan(self, header: PlanHeader, rows: Sequence[PlanRow]) -> None: ...
    async def find_plan(self, plan_id: str) -> PlanHeader | None: ...
    async def list_plan_rows(self, plan_id: str) -> list[PlanRow]: ...


class ReadyStore(Protocol):
    """People ready to be put into teams, per wave."""

    async def mark_ready(self, rollout_id: str, wave: str, members: Sequence[ReadyMember]) -> None:
        """Idempotent per (team, person)."""
        ...

    async def list_ready(self, rollout_id: str, wave: str) -> list[ReadyMember]: ...
    async def clear_ready(
        self, rollout_id: str, wave: str, members: Sequence[ReadyMember]
    ) -> None: ...


class JournalStore(Protocol):
    """Operations, drift reports and the audit of human actions."""

    async def save_operation(self, record: OperationRecord) -> OperationRecord: ...
    async def find_operation(self, operation_id: str) -> OperationRecord | None: ...
    async def save_drift(self, rollout_id: str, report: DriftReport) -> None: ...
    async def find_drift(self, rollout_id: str, run_id: str | None = None) -> DriftReport | None:
        """The named report, or the newest."""
        ...

    async def append_audit(self, rollout_id: str, entry: AuditEntry) -> None: ...
    async def list_audit(self, rollout_id: str, *, limit: int = 200) -> list[AuditEntry]: ...


class NoticeStore(Protocol):
    """Notices: what was asked for, and what was sent; a marker comes before its mail."""

    async def save_notice_order(self, order: NoticeOrder) -> None: ...
    async def find_notice_order(self, order_id: str) -> NoticeOrder | None: ...
    async def list_notices(
        self, rollout_id: str, *, wave: str, kind: str, occasion: str
    ) -> dict[str, NoticeMarker]:
        """Everybody's marker of one notice, by ref."""
        ...

    async def claim_notice(self, marker: NoticeMarker) -> NoticeMarker:
        """Raises Conflict when somebody else has claimed it."""
        ...

    async def settle_notice(
        self, marker: NoticeMarker, events: Sequence[TimelineEvent] = ()
    ) -> None: ...
    async def release_notice(self, marker: NoticeMarker) -> None: ...
    async def find_card(
        self, rollout_id: str, *, wave: str, kind: str, occasion: str
    ) -> NoticeMarker | None: ...


class Outbox(Protocol):
    """Messages to our own queues, base64 JSON, never expiring."""

    async def send_batch(self, message: dict[str, object]) -> None: ...
    async def send_wake_up(self, instance_id: str) -> None: ...
    async def look_at_queues(self) -> list[QueueLook]:
        """Every queue with its poison queue; one that does not exist yet is empty."""
        ...


class Ledger(
    RolloutStore,
    UserStore,
    LookupStore,
    ImportStore,
    HandOffStore,
    PlanStore,
    ReadyStore,
    JournalStore,
    NoticeStore,
    Outbox,
    Protocol,
):
    """Everything together, as the composition builds it; consumers ask for the part they use."""

    async def prepare(self) -> None:
        """Create tables and queues that are missing."""
        ...

    async def inspect(self) -> StorageLook:
        """Look at the account as it is; creates nothing."""
        ...

    async def close(self) -> None: ...
