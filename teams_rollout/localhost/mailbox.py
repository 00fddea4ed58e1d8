"""Messages in the state file: the inbox of every instance and the outbox of activities (localhost).

A message carries the id of the execution that it answers, so that one from before a
continue-as-new, restart or rewind is dropped. Timers are messages that are due later.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from teams_rollout.localhost.protocol import Event


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits for its instance; without `execution_id` any execution may have it."""

    seq: int
    execution_id: str | None
    event: Event


@dataclass(frozen=True, slots=True)
class ActivityTask:
    """An activity to run until its completion is committed."""

    seq: int
    instance_id: str
    execution_id: str
    task_id: int
    name: str
    input: str | None


def post(
    db: sqlite3.Connection,
    instance_id: str,
    event: Event,
    *,
    due: float,
    execution_id: str | None = None,
) -> None:
    """Put a message into an instance's inbox.

    Args:
        due: seconds since the epoch; the message is invisible before.
    """
    db.execute(
        "insert into inbox (instance_id, execution_id, due, event) values (?, ?, ?, ?)",
        (instance_id, execution_id, due, json.dumps(event)),
    )


def waiting(db: sqlite3.Connection, instance_id: str, *, now: float) -> list[Message]:
    """Return every message that is due, in the order of due time and arrival."""
    rows = db.execute(
        "select seq, execution_id, event from inbox where instance_id = ? and due <= ? "
        "order by due, seq",
        (instance_id, now),
    )
    return [Message(seq, execution_id, json.loads(event)) for seq, execution_id, event in rows]


def take(db: sqlite3.Connection, seqs: Iterable[int]) -> None:
    """Remove messages that a turn has consumed."""
    db.executemany("delete from inbox where seq = ?", [(seq,) for seq in seqs])


def discard(db: sqlite3.Connection, instance_id: str, *, execution_id: str | None) -> None:
    """Remove what waits for one execution, or for the whole instance when it is None."""
    if execution_id is None:
        db.execute("delete from inbox where instance_id = ?", (instance_id,))
    else:
        db.execute(
            "delete from inbox where instance_id = ? and execution_id = ?",
            (instance_id, execution_id),
        )


def due_times(db: sqlite3.Connection) -> Sequence[tuple[str, float]]:
    """Return instance and due time of every message."""
    return db.execute("select instance_id, due from inbox order by due").fetchall()


def send(
    db: sqlite3.Connection,
    instance_id: str,
    *,
    execution_id: str,
    task_id: int,
    name: str,
    text: str | None,
) -> ActivityTask:
    """Put an activity into the outbox."""
    cursor = db.execute(
        "insert into outbox (instance_id, execution_id, task_id, name, input) "
        "values (?, ?, ?, ?, ?)",
        (instance_id, execution_id, task_id, name, text),
    )
    return ActivityTask(cursor.lastrowid or 0, instance_id, execution_id, task_id, name, text)


def unsent(db: sqlite3.Connection) -> list[ActivityTask]:
    """Return every activity whose completion has not been committed."""
    rows = db.execute(
        "select seq, instance_id, execution_id, task_id, name, input from outbox order by seq"
    )
    return [ActivityTask(*row) for row in rows]


def finish(db: sqlite3.Connection, task: ActivityTask) -> bool:
    """Remove an activity from the outbox; False when it is no longer there (purged, or doubled)."""
    return db.execute("delete from outbox where seq = ?", (task.seq,)).rowcount == 1
