"""Writes what one turn decided, all of it or nothing (localhost).

One transaction takes the consumed messages, adds history, activities, timers, sub-orchestrations
and entity messages, and sets the instance's state. The engine hears what to wake afterwards.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import uuid4

from teams_rollout.localhost import instances, mailbox
from teams_rollout.localhost.instances import Instance
from teams_rollout.localhost.mailbox import ActivityTask
from teams_rollout.localhost.protocol import (
    Event,
    EventType,
    RuntimeStatus,
    make_event,
    to_text,
)
from teams_rollout.localhost.tasks import (
    ActivityCall,
    ChildCall,
    EntityMessage,
    Scheduled,
    TimerCall,
)
from teams_rollout.localhost.turn import Outcome, entity_request


@dataclass(slots=True)
class Effects:
    """What a committed transaction means for the engine.

    Attributes:
        activities: to run.
        wake: instances with a message that is due, and when (seconds since the epoch).
        entities: entities with an operation waiting.
    """

    activities: list[ActivityTask] = field(default_factory=list)
    wake: list[tuple[str, float]] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Start:
    """The start of an instance, by a client or by a parent; `input` is a JSON document."""

    instance_id: str
    name: str
    version: str
    input: str | None
    parent: tuple[str, str, int] | None = None


def start_instance(db: sqlite3.Connection, start: Start, *, now: datetime) -> Instance:
    """Make an instance with its first message; one that was there before is forgotten."""
    instances.forget(db, start.instance_id)
    parent_id, parent_execution, parent_task = start.parent or (None, None, None)
    at = to_text(now)
    instance = Instance(
        id=start.instance_id,
        execution_id=uuid4().hex,
        name=start.name,
        version=start.version,
        status=RuntimeStatus.PENDING,
        input=start.input,
        output=None,
        custom_status=None,
        created_at=at,
        updated_at=at,
        parent_id=parent_id,
        parent_execution_id=parent_execution,
        parent_task_id=parent_task,
    )
    instances.write(db, instance)
    mailbox.post(
        db,
        instance.id,
        started_event(instance, at=at),
        due=now.timestamp(),
        execution_id=instance.execution_id,
    )
    return instance


def started_event(instance: Instance, *, at: str) -> Event:
    """Build the event that begins an execution."""
    parent = None
    if instance.parent_id is not None:
        parent = {
            "OrchestrationInstance": {"InstanceId": instance.parent_id},
            "TaskScheduleId": instance.parent_task_id,
        }
    return make_event(
        EventType.EXECUTION_STARTED,
        at=at,
        Name=instance.name,
        Version=instance.version or None,
        Input=instance.input,
        ParentInstance=parent,
        OrchestrationInstance={
            "InstanceId": instance.id,
            "ExecutionId": instance.execution_id,
        },
    )


def commit_turn(
    db: sqlite3.Connection,
    instance: Instance,
    outcome: Outcome,
    *,
    taken: Sequence[int],
    now: datetime,
    default_version: str,
) -> Effects:
    """Write a turn's outcome; the caller's transaction makes it one step.

    Args:
        taken: sequence numbers of the messages that the turn has consumed or found stale.
    """
    writer = _Writer(db, instance, now, default_version)
    mailbox.take(db, taken)
    for scheduled in outcome.scheduled:
        writer.schedule(scheduled)
    if outcome.continue_as_new is not None:
        writer.continue_as_new(outcome)
    else:
        writer.settle(outcome)
    return writer.effects


@dataclass(slots=True)
class _Writer:
    db: sqlite3.Connection
    instance: Instance
    now: datetime
    default_version: str
    effects: Effects = field(default_factory=Effects)

    def schedule(self, scheduled: Scheduled) -> None:
        match scheduled:
            case ActivityCall():
                task = mailbox.send(
                    self.db,
                    self.instance.id,
                    execution_id=self.instance.execution_id,
                    task_id=scheduled.task_id,
                    name=scheduled.name,
                    text=scheduled.input,
                )
                self.effects.activities.append(task)
            case TimerCall():
                self._set_timer(scheduled)
            case ChildCall():
                self._start_child(scheduled)
            case EntityMessage():
                self._send_to_entity(scheduled)

    def _set_timer(self, timer: TimerCall) -> None:
        due = max(timer.fire_at, self.now).timestamp()
        event = make_event(
            EventType.TIMER_FIRED,
            at=to_text(timer.fire_at),
            TimerId=timer.task_id,
            FireAt=to_text(timer.fire_at),
        )
        self._post(self.instance.id, event, due=due, execution_id=self.instance.execution_id)

    def _start_child(self, child: ChildCall) -> None:
        existing = instances.read(self.db, child.instance_id)
        if existing is not None and not existing.is_over:
            self._refuse_child(child, existing)
            return
        start = Start(
            instance_id=child.instance_id,
            name=child.name,
            version=child.version or self.default_version,
            input=None if child.input is None else json.dumps(child.input),
            parent=(self.instance.id, self.instance.execution_id, child.task_id),
        )
        start_instance(self.db, start, now=self.now)
        self.effects.wake.append((child.instance_id, self.now.timestamp()))

    def _refuse_child(self, child: ChildCall, existing: Instance) -> None:
        event = make_event(
            EventType.CHILD_FAILED,
            at=to_text(self.now),
            TaskScheduledId=child.task_id,
            Reason=f"An Orchestration instance with the status {existing.status} already exists.",
            Details="",
        )
        self._post(
            self.instance.id,
            event,
            due=self.now.timestamp(),
            execution_id=self.instance.execution_id,
        )

    def _send_to_entity(self, message: EntityMessage) -> None:
        request = json.loads(entity_request(message))
        request["parent"] = None if message.is_signal else self.instance.id
        request["parentExecution"] = self.instance.execution_id
        self.db.execute(
            "insert into operations (entity_id, request) values (?, ?)",
            (message.entity_id, json.dumps(request)),
        )
        self.effects.entities.append(message.entity_id)

    def continue_as_new(self, outcome: Outcome) -> None:
        mailbox.discard(self.db, self.instance.id, execution_id=self.instance.execution_id)
        instances.replace_history(self.db, self.instance.id, ())
        at = to_text(self.now)
        (given,) = outcome.continue_as_new or (None,)
        renewed = replace(
            self.instance,
            execution_id=uuid4().hex,
            status=RuntimeStatus.RUNNING,
            input=None if given is None else json.dumps(given),
            custom_status=outcome.custom_status or self.instance.custom_status,
            created_at=at,
            updated_at=at,
        )
        instances.write(self.db, renewed)
        first = started_event(renewed, at=at)
        for event in (first, *outcome.carried_over):
            self._post(renewed.id, event, due=0.0, execution_id=renewed.execution_id)

    def settle(self, outcome: Outcome) -> None:
        played = ({**event, "IsPlayed": True} for event in outcome.events)
        instances.append_history(self.db, self.instance.id, [json.dumps(e) for e in played])
        settled = replace(
            self.instance,
            status=outcome.status,
            output=outcome.output,
            custom_status=outcome.custom_status or self.instance.custom_status,
            updated_at=to_text(self.now),
        )
        instances.write(self.db, settled)
        if settled.is_over:
            mailbox.discard(self.db, self.instance.id, execution_id=None)
            self._tell_parent(settled)

    def _tell_parent(self, child: Instance) -> None:
        if child.parent_id is None:
            return
        at = to_text(self.now)
        if child.status is RuntimeStatus.COMPLETED:
            event = make_event(
                EventType.CHILD_COMPLETED,
                at=at,
                TaskScheduledId=child.parent_task_id,
                Result=child.output,
            )
        else:
            reason = None if child.output is None else json.loads(child.output)
            event = make_event(
                EventType.CHILD_FAILED,
                at=at,
                TaskScheduledId=child.parent_task_id,
                Reason=reason,
                Details="",
            )
        self._post(
            child.parent_id,
            event,
            due=self.now.timestamp(),
            execution_id=child.parent_execution_id,
        )

    def _post(
        self, instance_id: str, event: Event, *, due: float, execution_id: str | None
    ) -> None:
        mailbox.post(self.db, instance_id, event, due=due, execution_id=execution_id)
        self.effects.wake.append((instance_id, due))
