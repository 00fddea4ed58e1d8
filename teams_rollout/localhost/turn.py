"""One turn of an orchestration: from its waiting messages to what changes (localhost).

The turn is a pure function of history, messages and the orchestrator function, so it can be run
again after a crash: nothing happens until the engine commits its outcome.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from teams_rollout.localhost.instances import Instance
from teams_rollout.localhost.protocol import (
    HTTP_ACTIVITY,
    Event,
    EventType,
    RuntimeStatus,
    make_event,
    to_text,
)
from teams_rollout.localhost.refusals import complain_of_function
from teams_rollout.localhost.shim import NonDeterminismError, Replay
from teams_rollout.localhost.tasks import (
    ActivityCall,
    ChildCall,
    EntityMessage,
    Scheduled,
    TimerCall,
)

FAILURE_LABEL: Final = "$OutOfProcData$:"
MOST_STATUS_KB: Final = 16
SCHEMA_V3: Final = 2

RunOrchestrator = Callable[[str, str], str]
"""Runs the orchestrator function of a name on an envelope; raises whatever the function raises."""


@dataclass(frozen=True, slots=True)
class KnownFunctions:
    """Names that an orchestrator may call, as the app spells them."""

    activities: frozenset[str]
    orchestrators: frozenset[str]

    def complain(self, scheduled: Scheduled) -> str | None:
        """Say what is wrong with a call to a function that is not there.

        Production leaves such an instance running for ever, with only a log line
        (azure-functions-durable-js issue 197); here it fails with the extension's own words.
        """
        if isinstance(scheduled, ActivityCall) and scheduled.name != HTTP_ACTIVITY:
            return _complain(scheduled.name, "an activity", self.activities)
        if isinstance(scheduled, ChildCall):
            return _complain(scheduled.name, "an orchestrator", self.orchestrators)
        return None


def _complain(name: str, what: str, known: frozenset[str]) -> str | None:
    return None if name in known else complain_of_function(name, what, known)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a turn changes; JSON documents are texts."""

    status: RuntimeStatus
    events: Sequence[Event]
    output: str | None = None
    custom_status: str | None = None
    details: str | None = None
    scheduled: Sequence[Scheduled] = ()
    continue_as_new: tuple[str | None] | None = None
    carried_over: Sequence[Event] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the orchestrator function said; `broken` when it said nothing in the protocol."""

    actions: Sequence[dict[str, Any]] = ()
    is_done: bool = False
    output: str | None = None
    error: str | None = None
    custom_status: str | None = None
    broken: bool = False


@dataclass(slots=True)
class Turn:
    """A turn in the making.

    Args:
        past: history so far, JSON objects joined by commas.
        messages: what has arrived, in order.
        refusal: why the instance must fail without running.
    """

    instance: Instance
    past: str
    messages: Sequence[Event]
    now: datetime
    run: RunOrchestrator
    known: KnownFunctions
    refusal: str | None = None
    _new: list[Event] = field(default_factory=list)

    def play(self) -> Outcome:
        """Run the turn."""
        at = to_text(self.now)
        self._new = [make_event(EventType.ORCHESTRATOR_STARTED, at=at), *self.messages]
        terminated = [e for e in self.messages if e["EventType"] == EventType.EXECUTION_TERMINATED]
        if terminated:
            reason = json.dumps(terminated[0].get("Input"))
            return self._over(RuntimeStatus.TERMINATED, reason)
        if self.refusal is not None:
            return self._over(RuntimeStatus.FAILED, json.dumps(self.refusal))
        if is_suspended(self.instance, self.messages):
            return Outcome(RuntimeStatus.SUSPENDED, self._closed())
        answer = self._ask()
        if answer.broken:
            return self._over(RuntimeStatus.FAILED, answer.error, custom=answer.custom_status)
        return self._settle(answer)

    def _ask(self) -> Answer:
        new = ",".join(json.dumps(event) for event in self._new)
        return _ask(self.instance, f"{self.past},{new}" if self.past else new, self.run)

    def _settle(self, answer: Answer) -> Outcome:
        custom = answer.custom_status
        try:
            replay = _replay(self.instance, answer, (*json.loads(f"[{self.past}]"), *self._new))
        except NonDeterminismError as error:
            return self._over(RuntimeStatus.FAILED, json.dumps(str(error)), custom=custom)
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            # an action that cannot be understood would break every later turn, too
            return self._refuse(
                f"it asks for what cannot be ({type(error).__name__}: {error})", custom
            )
        scheduled = [replay.pending[task_id] for task_id in sorted(replay.pending)]
        for one in scheduled:
            complaint = self.known.complain(one)
            if complaint is not None:
                return self._refuse(complaint, custom)
        return self._finish(answer, replay, scheduled)

    def _refuse(self, complaint: str, custom: str | None) -> Outcome:
        return self._over(RuntimeStatus.FAILED, _failure(self.instance, complaint), custom=custom)

    def _finish(self, answer: Answer, replay: Replay, scheduled: Sequence[Scheduled]) -> Outcome:
        at = to_text(self.now)
        events = [scheduling_event(one, at=at) for one in scheduled]
        custom = answer.custom_status
        if not replay.idle or not (answer.is_done or answer.error is not None):
            return Outcome(
                RuntimeStatus.RUNNING,
                self._closed(*events),
                custom_status=custom,
                scheduled=scheduled,
            )
        if answer.error is not None:
            return self._over(
                RuntimeStatus.FAILED, answer.error, events, custom=custom, scheduled=scheduled
            )
        if replay.continue_as_new is not None:
            return Outcome(
                RuntimeStatus.CONTINUED_AS_NEW,
                (),
                custom_status=custom,
                scheduled=scheduled,
                continue_as_new=replay.continue_as_new,
                carried_over=replay.carried_over,
            )
        return self._over(
            RuntimeStatus.COMPLETED, answer.output, events, custom=custom, scheduled=scheduled
        )

    def _over(
        self,
        status: RuntimeStatus,
        output: str | None,
        events: Sequence[Event] = (),
        *,
        custom: str | None = None,
        scheduled: Sequence[Scheduled] = (),
    ) -> Outcome:
        last = make_event(
            EventType.EXECUTION_COMPLETED,
            at=to_text(self.now),
            OrchestrationStatus=str(status),
            Result=output,
        )
        return Outcome(
            status,
            self._closed(*events, last),
            output=output,
            custom_status=custom,
            scheduled=scheduled,
        )

    def _closed(self, *events: Event) -> Sequence[Event]:
        done = make_event(EventType.ORCHESTRATOR_COMPLETED, at=to_text(self.now))
        return (*self._new, *events, done)


def replay_history(instance: Instance, history: str, run: RunOrchestrator) -> tuple[Answer, Replay]:
    """Run an orchestrator on a whole history and replay its answer against it.

    Args:
        history: JSON objects joined by commas.

    Raises:
        NonDeterminismError: the function does not schedule what the history holds, or breaks.
    """
    answer = _ask(instance, history, run)
    if answer.broken and instance.status is not RuntimeStatus.FAILED:
        raise NonDeterminismError(f"{instance.name} now breaks: {answer.error}")
    return answer, _replay(instance, answer, json.loads(f"[{history}]"))


def _ask(instance: Instance, history: str, run: RunOrchestrator) -> Answer:
    try:
        text = run(instance.name, _envelope(instance, history))
    except Exception as error:
        label, _, state = str(error).partition(FAILURE_LABEL)
        if not state:
            return _broken(instance, f"{type(error).__name__}: {label}")
        text = state
    return _read(instance, text)


def _replay(instance: Instance, answer: Answer, history: Sequence[Event]) -> Replay:
    replay = Replay(answer.actions, instance_id=instance.id, execution_id=instance.execution_id)
    for event in history:
        replay.feed(event)
    return replay


def scheduling_event(scheduled: Scheduled, *, at: str) -> Event:
    """Build the history event that records something scheduled."""
    match scheduled:
        case ActivityCall():
            kind = EventType.TASK_SCHEDULED
            fields: Mapping[str, object] = {
                "Name": scheduled.name,
                "Version": "",
                "Input": json.dumps([scheduled.input]),
            }
        case ChildCall():
            kind = EventType.CHILD_CREATED
            fields = {
                "Name": scheduled.name,
                "Version": scheduled.version or "",
                "InstanceId": scheduled.instance_id,
                "Input": None if scheduled.input is None else json.dumps(scheduled.input),
            }
        case TimerCall():
            kind = EventType.TIMER_CREATED
            fields = {"FireAt": to_text(scheduled.fire_at)}
        case EntityMessage():
            kind = EventType.EVENT_SENT
            fields = {
                "InstanceId": scheduled.entity_id,
                "Name": "op",
                "Input": entity_request(scheduled),
            }
    return make_event(kind, at=at, event_id=scheduled.task_id, **dict(fields))


def entity_request(message: EntityMessage) -> str:
    """Write an entity operation as the JSON text that travels."""
    return json.dumps(
        {
            "op": message.operation,
            "signal": message.is_signal,
            "input": None if message.input is None else json.dumps(message.input),
            "id": message.request_id,
        }
    )


def is_suspended(instance: Instance, messages: Sequence[Event]) -> bool:
    """Say whether an instance is on hold once it has taken these messages."""
    suspended = instance.status is RuntimeStatus.SUSPENDED
    for event in messages:
        if event["EventType"] == EventType.EXECUTION_SUSPENDED:
            suspended = True
        elif event["EventType"] == EventType.EXECUTION_RESUMED:
            suspended = False
    return suspended


def _envelope(instance: Instance, history: str) -> str:
    head = json.dumps(
        {
            "instanceId": instance.id,
            "isReplaying": False,
            "parentInstanceId": instance.parent_id,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": SCHEMA_V3,
            "longRunningTimerIntervalDuration": "3.00:00:00",
            "maximumShortTimerDuration": "6.00:00:00",
            "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
        }
    )
    given = instance.input if instance.input is not None else "null"
    return f'{head[:-1]},"input":{given},"history":[{history}]}}'


def _failure(instance: Instance, error: str) -> str:
    return json.dumps(f"Orchestrator function '{instance.name}' failed: {error}")


def _broken(instance: Instance, error: str) -> Answer:
    return Answer(error=_failure(instance, error), broken=True)


def _complain_of_size(custom_status: object) -> str | None:
    """Measure a custom status as the extension does: whole KB of compact JSON in UTF-16."""
    text = json.dumps(custom_status, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode("utf-16-le", "surrogatepass")) // 1024
    if size <= MOST_STATUS_KB:
        return None
    return (
        f"The UTF-16 size of the JSON-serialized payload must not exceed {MOST_STATUS_KB} KB. "
        f"The current payload size is {size} KB."
    )


def _read(instance: Instance, text: str) -> Answer:
    try:
        said = json.loads(text)
    except ValueError:
        return _broken(instance, "Out of proc orchestrators must return a valid JSON schema")
    try:
        if said.get("schemaVersion") != SCHEMA_V3:
            return _broken(instance, f"it answers in protocol version {said.get('schemaVersion')}")
        actions = said["actions"][0] if said["actions"] else []
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        return _broken(instance, f"it does not answer in the out-of-process protocol ({error})")
    custom = json.dumps(said["customStatus"]) if "customStatus" in said else None
    too_large = _complain_of_size(said.get("customStatus"))
    if too_large is not None:
        return _broken(instance, too_large)
    return Answer(
        actions=actions,
        is_done=bool(said.get("isDone")),
        output=json.dumps(said["output"]) if said.get("output") is not None else None,
        error=_failure(instance, said["error"]) if said.get("error") else None,
        custom_status=custom,
    )
