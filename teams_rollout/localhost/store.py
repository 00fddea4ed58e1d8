"""The state file: one SQLite database, opened by one process at a time (localhost).

WAL with synchronous=NORMAL: a committed transaction survives `kill -9` of the process. A power cut
may lose the last transactions; the file stays consistent.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

APPLICATION_ID: Final = 0x54524C48
SCHEMA_VERSION: Final = 1
# Thousands of instances at once: sqlite's own 2 MB would read pages again in every turn, and its
# checkpoint every 1,000 pages writes most of them twice.
CACHE_KIB: Final = 16_384
PAGES_BETWEEN_CHECKPOINTS: Final = 8_000

_SCHEMA: Final = """
create table instances (
    id text primary key,
    execution_id text not null,
    name text not null,
    version text not null,
    status text not null,
    input text,
    output text,
    custom_status text,
    created_at text not null,
    updated_at text not null,
    parent_id text,
    parent_execution_id text,
    parent_task_id integer
);
create index instances_by_age on instances (created_at, id);
create table history (
    instance_id text not null,
    part integer not null,
    events text not null,
    primary key (instance_id, part)
);
create table inbox (
    seq integer primary key autoincrement,
    instance_id text not null,
    execution_id text,
    due real not null,
    event text not null
);
create index inbox_by_instance on inbox (instance_id, due, seq);
create table outbox (
    seq integer primary key autoincrement,
    instance_id text not null,
    execution_id text not null,
    task_id integer not null,
    name text not null,
    input text
);
create index outbox_by_instance on outbox (instance_id);
create table entities (
    id text primary key,
    state text,
    updated_at text not null
);
create table operations (
    seq integer primary key autoincrement,
    entity_id text not null,
    request text not null
);
create index operations_by_entity on operations (entity_id, seq);
create table schedules (
    name text primary key,
    last text,
    next text not null
);
"""


class StateFileError(Exception):
    """The state file cannot be used; the message is one sentence for a person."""


class Store:
    """The open state file.

    Args:
        path: made when missing; never overwritten when it holds something else.

    Raises:
        StateFileError: another process has it, or it is not a sound state file of this host.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = _take_lock(path)
        try:
            self.db = _open(path)
        except sqlite3.Error as error:
            self._lock.close()
            raise StateFileError(
                f"The state file {path} is not a usable database ({error}); it was left as it is."
            ) from error
        except StateFileError:
            self._lock.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit everything done inside, or nothing of it."""
        self.db.execute("begin immediate")
        try:
            yield self.db
        except BaseException:
            self.db.execute("rollback")
            raise
        self.db.execute("commit")

    def close(self) -> None:
        """Close the file and let another process have it."""
        self.db.close()
        self._lock.close()


class _Lock:
    """An advisory lock that the system frees when its process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise

    def close(self) -> None:
        os.close(self._file)


def _take_lock(path: Path) -> _Lock:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _Lock(path.with_name(path.name + ".lock"))
    except BlockingIOError as error:
        raise StateFileError(
            f"The state file {path} is in use by another local host; stop it or choose another "
            "--state."
        ) from error
    except OSError as error:
        raise StateFileError(f"The state file {path} cannot be locked ({error}).") from error


def _open(path: Path) -> sqlite3.Connection:
    is_new = not path.exists() or path.stat().st_size == 0
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        if is_new:
            _create(db)
        else:
            _check(db, path)
        db.execute("pragma synchronous = normal")
        db.execute("pragma busy_timeout = 2000")
        db.execute(f"pragma cache_size = -{CACHE_KIB}")
        db.execute(f"pragma wal_autocheckpoint = {PAGES_BETWEEN_CHECKPOINTS}")
    except BaseException:
        db.close()
        raise
    return db


def _create(db: sqlite3.Connection) -> None:
    db.execute("pragma journal_mode = wal")
    db.executescript(
        f"begin immediate; {_SCHEMA} pragma application_id = {APPLICATION_ID};"
        f"pragma user_version = {SCHEMA_VERSION}; commit;"
    )


def _check(db: sqlite3.Connection, path: Path) -> None:
    (owner,) = db.execute("pragma application_id").fetchone()
    (version,) = db.execute("pragma user_version").fetchone()
    if owner != APPLICATION_ID:
        raise StateFileError(f"{path} is a database of another program; it was left as it is.")
    if version != SCHEMA_VERSION:
        raise StateFileError(
            f"The state file {path} has format {version}, this host needs {SCHEMA_VERSION}; it was "
            "left as it is."
        )
    (verdict,) = db.execute("pragma quick_check(1)").fetchone()
    if verdict != "ok":
        raise StateFileError(f"The state file {path} is damaged ({verdict}); it was left as it is.")
    db.execute("pragma journal_mode = wal")
