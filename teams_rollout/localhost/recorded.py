"""Recorded histories: taken from a state file, replayed against today's code (localhost).

A change to an orchestrator must not break instances that are under way. A recording is the history
of one of them; replaying it runs the function on the whole history and demands that it schedules
every task that the history holds, under the same number and name, and ends as the instance ended.
"""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from teams_rollout.localhost import instances
from teams_rollout.localhost.instances import Instance
from teams_rollout.localhost.protocol import Event, RuntimeStatus
from teams_rollout.localhost.shim import NonDeterminismError
from teams_rollout.localhost.turn import RunOrchestrator, replay_history


@dataclass(frozen=True, slots=True)
class Recording:
    """An instance with its history; written as JSON with these keys."""

    instance: Instance
    history: Sequence[Event]

    def as_json(self) -> dict[str, Any]:
        """Return what a recording file holds."""
        return {"instance": asdict(self.instance), "history": list(self.history)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """Read what a recording file holds.

        Raises:
            KeyError, TypeError, ValueError: it is not a recording.
        """
        fields = dict(content["instance"])
        fields["status"] = RuntimeStatus(fields["status"])
        return cls(Instance(**fields), content["history"])


def record(state: Path, instance_id: str) -> Recording:
    """Take the recording of an instance from a state file, also while a host uses it.

    Raises:
        KeyError: there is no such instance.
    """
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as db:
        instance = instances.read(db, instance_id)
        if instance is None:
            raise KeyError(instance_id)
        return Recording(instance, json.loads(f"[{instances.history(db, instance_id)}]"))


def recorded_ids(state: Path) -> list[str]:
    """Return the ids of all instances of a state file, also while a host uses it."""
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as db:
        return [str(found) for (found,) in db.execute("select id from instances order by id")]


def check(recording: Recording, run: RunOrchestrator) -> None:
    """Replay a recording.

    Args:
        run: runs the orchestrator function of a name on an envelope.

    Raises:
        NonDeterminismError: today's code schedules something else, or ends otherwise.
    """
    instance = recording.instance
    past = ",".join(json.dumps(event) for event in recording.history)
    answer, replay = replay_history(instance, past, run)
    if replay.pending:
        raise NonDeterminismError(
            f"{instance.name} now schedules {sorted(replay.pending.values(), key=str)}, which the "
            "recording does not hold."
        )
    if instance.status is RuntimeStatus.COMPLETED and (
        not answer.is_done or answer.output != instance.output
    ):
        raise NonDeterminismError(f"{instance.name} now ends otherwise than in the recording.")
    if instance.status is RuntimeStatus.FAILED and answer.error is None:
        raise NonDeterminismError(f"{instance.name} no longer fails as in the recording.")
