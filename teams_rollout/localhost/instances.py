"""Orchestration instances and their history in the state file (localhost).

JSON texts are kept as production keeps them: `input` and `output` hold one JSON document each, so
an input that a client started with `{"a": 1}` is the document `"{\\"a\\": 1}"`, a string.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Final

from teams_rollout.localhost.protocol import TERMINAL, RuntimeStatus

_COLUMNS: Final = (
    "id, execution_id, name, version, status, input, output, custom_status, created_at, "
    "updated_at, parent_id, parent_execution_id, parent_task_id"
)


@dataclass(frozen=True, slots=True)
class Instance:
    """One orchestration instance; times are ISO 8601 in UTC with microseconds."""

    id: str
    execution_id: str
    name: str
    version: str
    status: RuntimeStatus
    input: str | None
    output: str | None
    custom_status: str | None
    created_at: str
    updated_at: str
    parent_id: str | None = None
    parent_execution_id: str | None = None
    parent_task_id: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether the instance has reached a state that only restart or rewind leaves."""
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True)
class Filter:
    """Which instances to list or purge; times compare with the moment of creation."""

    created_from: str | None = None
    created_to: str | None = None
    statuses: frozenset[RuntimeStatus] = frozenset()
    prefix: str | None = None


def read(db: sqlite3.Connection, instance_id: str) -> Instance | None:
    """Return one instance, or None."""
    row = db.execute(
        f"select {_COLUMNS} from instances where id = ?",  # noqa: S608 - a constant of ours
        (instance_id,),
    ).fetchone()
    return None if row is None else _from_row(row)


def write(db: sqlite3.Connection, instance: Instance) -> None:
    """Insert or replace one instance; its history is another matter."""
    marks = ", ".join("?" * len(_COLUMNS.split(",")))
    db.execute(
        f"insert or replace into instances ({_COLUMNS}) values ({marks})",  # noqa: S608 - constants
        _VALUES(instance),
    )


def forget(db: sqlite3.Connection, instance_id: str) -> None:
    """Remove an instance with its history and everything that waits for it or by it."""
    for statement in (
        "delete from instances where id = ?",
        "delete from history where instance_id = ?",
        "delete from inbox where instance_id = ?",
        "delete from outbox where instance_id = ?",
    ):
        db.execute(statement, (instance_id,))


def search(
    db: sqlite3.Connection, wanted: Filter, *, after: str | None, most: int
) -> list[Instance]:
    """List instances by id, as Azure Tables does.

    Not by creation: continue-as-new is a new creation, so an instance that loops would move behind
    every page already read, and a reader of all pages would never come to an end.

    Args:
        after: id of the last instance already seen.
        most: at most this many; -1 for all.
    """
    clauses, values = ["1 = 1"], list[str | int]()
    if wanted.created_from is not None:
        clauses.append("created_at >= ?")
        values.append(wanted.created_from)
    if wanted.created_to is not None:
        clauses.append("created_at <= ?")
        values.append(wanted.created_to)
    if wanted.statuses:
        clauses.append(f"status in ({', '.join('?' * len(wanted.statuses))})")
        values.extend(sorted(wanted.statuses))
    if wanted.prefix:
        clauses.append("substr(id, 1, ?) = ?")
        values.extend((len(wanted.prefix), wanted.prefix))
    if after is not None:
        clauses.append("id > ?")
        values.append(after)
    rows = db.execute(
        f"select {_COLUMNS} from instances where {' and '.join(clauses)} "  # noqa: S608 - constants
        "order by id limit ?",
        (*values, most),
    )
    return [_from_row(row) for row in rows]


def history(db: sqlite3.Connection, instance_id: str) -> str:
    """Return the history as JSON objects joined by commas; empty for none."""
    rows = db.execute(
        "select events from history where instance_id = ? order by part", (instance_id,)
    )
    return ",".join(events for (events,) in rows)


def append_history(db: sqlite3.Connection, instance_id: str, events: Sequence[str]) -> None:
    """Add one turn's events, each a JSON text, behind the others."""
    db.execute(
        "insert into history (instance_id, part, events) values (?, (select "
        "coalesce(max(part), 0) + 1 from history where instance_id = ?), ?)",
        (instance_id, instance_id, ",".join(events)),
    )


def replace_history(db: sqlite3.Connection, instance_id: str, events: Sequence[str]) -> None:
    """Drop the history and keep these events instead."""
    db.execute("delete from history where instance_id = ?", (instance_id,))
    if events:
        append_history(db, instance_id, events)


_VALUES: Final = attrgetter(*(field.name for field in fields(Instance)))


def _from_row(row: tuple[object, ...]) -> Instance:
    values = list(row)
    values[4] = RuntimeStatus(str(values[4]))
    return Instance(*values)  # type: ignore[arg-type]  # column types are those of the schema
