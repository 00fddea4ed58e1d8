"""What one orchestrator turn can schedule: the shim makes it, the engine does it (localhost)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ActivityCall:
    """An activity to run; `input` is JSON text."""

    task_id: int
    name: str
    input: str | None


@dataclass(frozen=True, slots=True)
class ChildCall:
    """A sub-orchestration to start; `input` is JSON text, `version` None for the app's default."""

    task_id: int
    name: str
    instance_id: str
    input: str | None
    version: str | None


@dataclass(frozen=True, slots=True)
class TimerCall:
    """A timer to set."""

    task_id: int
    fire_at: datetime


@dataclass(frozen=True, slots=True)
class EntityMessage:
    """An entity operation to send; the answer of a call comes back as event `request_id`."""

    task_id: int
    entity_id: str
    operation: str
    input: str | None
    request_id: str
    is_signal: bool


Scheduled = ActivityCall | ChildCall | TimerCall | EntityMessage
