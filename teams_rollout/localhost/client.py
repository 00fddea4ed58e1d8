"""What a durable client can do to instances: each call is one transaction (localhost)."""

import json
import time
from dataclasses import dataclass, replace
from uuid import uuid4

from teams_rollout.localhost import instances, mailbox
from teams_rollout.localhost.commit import Start, start_instance
from teams_rollout.localhost.engine import Engine
from teams_rollout.localhost.instances import Filter, Instance
from teams_rollout.localhost.protocol import (
    TERMINAL,
    EventType,
    RuntimeStatus,
    make_event,
    to_text,
    utc_now,
)
from teams_rollout.localhost.refusals import complain_of_function, complain_of_instance_id
from teams_rollout.localhost.rewind import rewound
from teams_rollout.localhost.turn import is_suspended


class BadArgumentError(Exception):
    """The request names something that does not exist or may not be named so."""


class InstanceInUseError(Exception):
    """An instance of this id has not finished."""


class NoInstanceError(Exception):
    """There is no instance of this id."""


class InstanceOverError(Exception):
    """The instance's state does not allow the operation any more."""


class WrongStateError(Exception):
    """The instance's state does not allow the operation now."""


@dataclass(frozen=True, slots=True)
class Client:
    """Starts, signals, ends and removes instances.

    Attributes:
        replaces_running: a start under the id of a running instance replaces that one.
    """

    engine: Engine
    replaces_running: bool = False

    def start(
        self,
        name: str,
        *,
        instance_id: str | None = None,
        text: str | None = None,
        version: str | None = None,
    ) -> str:
        """Start an instance and return its id.

        Args:
            text: the input as a JSON document.

        Raises:
            BadArgumentError: no such orchestrator, or not a possible id.
            InstanceInUseError: an instance of this id has not finished.
        """
        known = {one.casefold(): one for one in self.engine.known.orchestrators}
        chosen = instance_id or uuid4().hex
        refusal = complain_of_function(name, "an orchestrator", known.values())
        refusal = refusal or complain_of_instance_id(chosen)
        if refusal is not None:
            raise BadArgumentError(refusal)
        given = self.engine.versions.current if version is None else version
        start = Start(chosen, known[name.casefold()], given, text)
        with self.engine.store.transaction() as db:
            existing = instances.read(db, chosen)
            if existing and not existing.is_over and not self.replaces_running:
                raise InstanceInUseError(
                    f"An Orchestration instance with the status {existing.status} already exists."
                )
            start_instance(db, start, now=utc_now())
        self.engine.wake(chosen)
        return chosen

    def find(self, instance_id: str) -> Instance:
        """Return an instance.

        Raises:
            NoInstanceError: there is none of this id.
        """
        found = instances.read(self.engine.store.db, instance_id)
        if found is None:
            raise NoInstanceError(instance_id)
        return found

    def raise_event(self, instance_id: str, name: str, *, text: str) -> None:
        """Send an external event; `text` is its JSON document.

        Raises:
            NoInstanceError, InstanceOverError: nobody can receive it.
        """
        self._post(instance_id, EventType.EVENT_RAISED, Name=name, Input=text)

    def terminate(self, instance_id: str, *, reason: str | None) -> None:
        """End an instance; its sub-orchestrations and activities run on.

        Raises:
            NoInstanceError, InstanceOverError: there is nothing to end.
        """
        self._post(instance_id, EventType.EXECUTION_TERMINATED, Input=reason)

    def suspend(self, instance_id: str, *, reason: str | None) -> None:
        """Hold an instance until it is resumed.

        Raises:
            NoInstanceError, InstanceOverError: there is nothing to hold.
            WrongStateError: it is on hold already.
        """
        if self._is_on_hold(instance_id):
            raise WrongStateError(_not_now("suspend", instance_id, RuntimeStatus.SUSPENDED))
        self._post(instance_id, EventType.EXECUTION_SUSPENDED, Reason=reason)

    def resume(self, instance_id: str, *, reason: str | None) -> None:
        """Let a suspended instance go on.

        Raises:
            NoInstanceError, InstanceOverError: there is nothing to resume.
            WrongStateError: it is not on hold.
        """
        if not self._is_on_hold(instance_id):
            raise WrongStateError(_not_now("resume", instance_id, self.find(instance_id).status))
        self._post(instance_id, EventType.EXECUTION_RESUMED, Reason=reason)

    def restart(self, instance_id: str, *, with_new_id: bool) -> str:
        """Start the same orchestrator with the same input again, and return the id.

        Raises:
            BadArgumentError: there is no such instance.
            InstanceInUseError: it has not finished, and its own id was asked for.
        """
        old = instances.read(self.engine.store.db, instance_id)
        if old is None:
            raise BadArgumentError(f"There is no orchestration instance {instance_id}.")
        chosen = None if with_new_id else instance_id
        return self.start(old.name, instance_id=chosen, text=old.input, version=old.version)

    def rewind(self, instance_id: str, *, reason: str | None) -> None:
        """Take a failed instance back to before its failures and let it go on.

        Raises:
            NoInstanceError: there is none of this id.
            InstanceOverError: it has ended otherwise than by failing.
            WrongStateError: it has not ended.
        """
        instance = self.find(instance_id)
        if instance.status is not RuntimeStatus.FAILED and instance.is_over:
            raise InstanceOverError(instance_id)
        if not instance.is_over:
            raise WrongStateError(
                "The rewind operation is only supported on failed orchestration instances."
            )
        woken: list[str] = []
        with self.engine.store.transaction() as db:
            todo = [instance]
            while todo:
                one = todo.pop()
                events, children = rewound(
                    json.loads(f"[{instances.history(db, one.id)}]"), reason=reason
                )
                instances.replace_history(db, one.id, [json.dumps(event) for event in events])
                now = utc_now()
                instances.write(
                    db,
                    replace(
                        one, status=RuntimeStatus.RUNNING, output=None, updated_at=to_text(now)
                    ),
                )
                note = make_event(EventType.GENERIC, at=to_text(now), Data=reason)
                mailbox.post(db, one.id, note, due=now.timestamp(), execution_id=one.execution_id)
                found = (instances.read(db, child) for child in children)
                todo += [c for c in found if c is not None and c.status is RuntimeStatus.FAILED]
                woken.append(one.id)
        for one_id in woken:
            self.engine.wake(one_id)

    def purge(self, instance_id: str) -> None:
        """Remove an instance and its history.

        Raises:
            NoInstanceError: there is none of this id.
        """
        self.find(instance_id)
        with self.engine.store.transaction() as db:
            instances.forget(db, instance_id)

    def purge_all(self, wanted: Filter) -> int:
        """Remove every instance that fits, and return how many there were.

        As in production, only states of finished instances count as a filter; without one of them
        whatever was created in the time goes, finished or not.
        """
        statuses = wanted.statuses & TERMINAL
        with self.engine.store.transaction() as db:
            found = instances.search(db, replace(wanted, statuses=statuses), after=None, most=-1)
            for instance in found:
                instances.forget(db, instance.id)
        return len(found)

    def _is_on_hold(self, instance_id: str) -> bool:
        """Whether an instance is suspended, or will be when it has taken what waits for it.

        Raises:
            NoInstanceError, InstanceOverError: there is nothing to hold.
        """
        instance = self.find(instance_id)
        if instance.is_over:
            raise InstanceOverError(instance_id)
        waiting = mailbox.waiting(self.engine.store.db, instance_id, now=time.time())
        return is_suspended(instance, [message.event for message in waiting])

    def _post(self, instance_id: str, kind: EventType, **fields: str | None) -> None:
        now = utc_now()
        with self.engine.store.transaction() as db:
            if self.find(instance_id).is_over:
                raise InstanceOverError(instance_id)
            event = make_event(kind, at=to_text(now), **fields)  # type: ignore[arg-type]  # texts
            mailbox.post(db, instance_id, event, due=now.timestamp())
        self.engine.wake(instance_id)


def _not_now(operation: str, instance_id: str, status: RuntimeStatus) -> str:
    return (
        f"Cannot {operation} the orchestration instance {instance_id} because instance is in the "
        f"{status} state."
    )
