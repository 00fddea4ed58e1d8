"""People to rows and back. Pure.

A shard's people share a few rows: one row per column, one property per person (ADR 0004). So a
chunk's commit is two or three operations instead of forty, two activities that write different
steps never touch the same row, and one person is read by projecting one property.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.roster import Assignment, UserKey
from teams_rollout.domain.vocabulary import STEP_ORDER, Step
from teams_rollout.ledger.codec import TEXT_LIMIT, Row, TooLarge, compact, property_names
from teams_rollout.ledger.keys import OBSERVED_BLOCKS, block_of, check_ref
from teams_rollout.ledger.records import TimelineEvent, UserRecord, UserUpdate

STATE, SNAPSHOTS, EVENTS = "u|", "s|", "e|"
PERSON, OBJECT_ID = "u|person", "u|object_id"
BATCH, STARTED = "u|batch", "u|started"

Columns = dict[str, Row]
"""Properties by row key: `{"u|batch": {"u000001": 3}}`."""


class _Person(BaseModel):
    """What changes only with an import."""

    model_config = ConfigDict(hide_input_in_errors=True)

    assignment: Assignment
    wave: str
    removed: bool = False


def step_row(step: Step) -> str:
    """Row key of the column that holds everybody's latest outcome of one step."""
    return f"u|step|{step.value}"


def observed_row(ref: str) -> str:
    """Row key of the column, one of a few, that holds what Microsoft showed of this person."""
    return f"u|observed|{block_of(ref)}"


def snapshot_row(ref: str) -> str:
    """Row key of the column, one of a few, that holds this person's snapshot."""
    return f"s|{block_of(ref)}"


SNAPSHOT_ROWS = tuple(f"s|{block}" for block in range(OBSERVED_BLOCKS))


def whole_columns(records: Iterable[UserRecord]) -> Columns:
    """Every column of these people; what a person does not have is written as empty."""
    columns: Columns = {}
    for record in records:
        ref = check_ref(record.key.ref)
        person = _Person(assignment=record.assignment, wave=record.wave, removed=record.removed)
        observed = compact(record.observed) if record.observed else ""
        _set(columns, PERSON, ref, compact(person))
        _set(columns, observed_row(ref), ref, observed)
        _set(columns, OBJECT_ID, ref, record.object_id)
        _set(columns, BATCH, ref, record.batch)
        _set(columns, STARTED, ref, record.started)
        for step in STEP_ORDER:
            outcome = record.steps.get(step)
            _set(columns, step_row(step), ref, compact(outcome) if outcome else "")
    return columns


def changed_columns(updates: Iterable[UserUpdate]) -> Columns:
    """Only what the updates name."""
    columns: Columns = {}
    for update in updates:
        ref = check_ref(update.ref)
        for step, outcome in update.steps.items():
            _set(columns, step_row(step), ref, compact(outcome))
        for step in update.cleared:
            _set(columns, step_row(step), ref, "")
        if update.observed is not None:
            _set(columns, observed_row(ref), ref, compact(update.observed))
        if update.object_id is not None:
            _set(columns, OBJECT_ID, ref, update.object_id)
        if update.batch is not None:
            _set(columns, BATCH, ref, update.batch)
        if update.started is not None:
            _set(columns, STARTED, ref, update.started)
    return columns


def event_properties(updates: Iterable[UserUpdate]) -> Row:
    """The events of one commit, each person's as one JSON list."""
    properties: Row = {}
    for update in updates:
        if update.events:
            events = [e.model_dump(mode="json", exclude_defaults=True) for e in update.events]
            properties[check_ref(update.ref)] = json.dumps(events, separators=(",", ":"))
    return properties


def assemble(
    shard: str, rows: Iterable[Row], *, refs: Collection[str] | None = None
) -> list[UserRecord]:
    """The people of one shard from its state rows, in the order of their refs."""
    columns = {row["RowKey"]: row for row in rows}
    wanted = _refs_in(columns.get(PERSON, {}), refs)
    return [_person(shard, ref, columns) for ref in wanted]


def timeline(ref: str, rows: Iterable[Row]) -> list[TimelineEvent]:
    """One person's events, newest first."""
    events = [
        TimelineEvent.model_validate(event)
        for row in rows
        if row["RowKey"].startswith(EVENTS) and row.get(ref)
        for event in reversed(json.loads(row[ref]))
    ]
    return sorted(events, key=lambda e: e.at, reverse=True)


def latest_event(updates: Iterable[UserUpdate]) -> datetime | None:
    """The moment of the newest event among the updates."""
    return max((e.at for u in updates for e in u.events), default=None)


class _Snapshot(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    at: datetime
    user: ObservedUser


def missing_snapshots(
    rows: Iterable[Row], snapshots: Sequence[tuple[str, ObservedUser]], *, at: datetime
) -> Columns:
    """Columns for those people of whom none is kept yet; the first of each counts."""
    kept = {name for row in rows for name in row}
    columns: Columns = {}
    for ref, user in snapshots:
        if ref not in kept:
            kept.add(check_ref(ref))
            _set(columns, snapshot_row(ref), ref, compact(_Snapshot(at=at, user=user)))
    return columns


def snapshots_in(rows: Iterable[Row]) -> dict[str, ObservedUser]:
    """People before our first write, by ref."""
    return {
        name: _Snapshot.model_validate_json(row[name]).user
        for row in rows
        for name in property_names(row)
    }


def _set(columns: Columns, row: str, ref: str, value: str | int | bool) -> None:
    if isinstance(value, str) and len(value) > TEXT_LIMIT:
        raise TooLarge(f"{ref}: {len(value)} characters do not fit into column {row}")
    columns.setdefault(row, {})[ref] = value


def _refs_in(row: Row, refs: Collection[str] | None) -> Iterator[str]:
    for name in sorted(property_names(row)):
        if (refs is None or name in refs) and row[name]:
            yield name


def _person(shard: str, ref: str, columns: Columns) -> UserRecord:
    person = _Person.model_validate_json(columns[PERSON][ref])
    observed = columns.get(observed_row(ref), {}).get(ref)
    return UserRecord(
        key=UserKey(shard=shard, ref=ref),
        assignment=person.assignment,
        wave=person.wave,
        object_id=columns.get(OBJECT_ID, {}).get(ref) or "",
        observed=ObservedUser.model_validate_json(observed) if observed else None,
        batch=columns.get(BATCH, {}).get(ref) or 0,
        started=columns.get(STARTED, {}).get(ref) or False,
        steps=dict(_steps(ref, columns)),
        removed=person.removed,
    )


def _steps(ref: str, columns: Columns) -> Iterator[tuple[Step, StepRecord]]:
    for step in STEP_ORDER:
        value = columns.get(step_row(step), {}).get(ref)
        if value:
            yield step, StepRecord.model_validate_json(value)
