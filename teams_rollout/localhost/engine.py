"""Drives orchestrations: turns, activities and timers, over the state file (localhost).

All of it lives on one event loop, and only the loop touches the database. An instance has one turn
at a time, which takes every message that waits. A short turn runs on the loop, a long history is
replayed in a thread so that HTTP stays responsive. While activities of an instance are still under
way, its next turn waits about as long as the last one took, so that a large fan-out is replayed a
few times, not once per completion.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from teams_rollout.localhost import instances, mailbox
from teams_rollout.localhost.activities import ActivityRunner, wind_down
from teams_rollout.localhost.commit import Effects, commit_turn
from teams_rollout.localhost.instances import Instance
from teams_rollout.localhost.invoke import current_function, current_instance, current_invocation
from teams_rollout.localhost.mailbox import ActivityTask, Message
from teams_rollout.localhost.protocol import Event, RuntimeStatus, utc_now
from teams_rollout.localhost.store import Store
from teams_rollout.localhost.turn import KnownFunctions, Outcome, RunOrchestrator, Turn
from teams_rollout.localhost.versions import MISMATCH, VersionFailure, VersionRules
from teams_rollout.localhost.wakeups import Wakeups

logger = logging.getLogger(__name__)

LONG_HISTORY: Final = 60_000
LONGEST_GATHERING: Final = 0.1
SHORT_TURN: Final = 0.004
MOST_TURN_WORKERS: Final = 4
TRY_AGAIN_AFTER: Final = 1.0


class Engine:
    """Runs every instance of the state file.

    Args:
        run: runs an orchestrator function; called on the loop or in a thread.
        activities: runs activities.
        known: names that orchestrators may call.
        versions: what runs here, and the version of starts that name none.
        max_turns: how many turns may run at the same time.
    """

    def __init__(
        self,
        store: Store,
        *,
        run: RunOrchestrator,
        activities: ActivityRunner,
        known: KnownFunctions,
        versions: VersionRules,
        max_turns: int,
    ) -> None:
        self.store = store
        self.known = known
        self.versions = versions
        self._run = run
        self._activities = activities
        self._max_turns = max_turns
        self._wakeups = Wakeups(self.wake)
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._under_way: Counter[str] = Counter()
        self._rest_until: dict[str, float] = {}
        self._resting: set[str] = set()
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = False
        self.on_entities: Callable[[Sequence[str]], None] = lambda _: None

    async def start(self) -> None:
        """Take up everything that the state file says is unfinished."""
        for task in mailbox.unsent(self.store.db):
            self._hand_over(task)
        now = time.time()
        for instance_id, due in mailbox.due_times(self.store.db):
            self._wake_at(instance_id, due, now=now)
        workers = min(self._max_turns, MOST_TURN_WORKERS)
        self._workers = [self._spawn(self._turn_forever()) for _ in range(workers)]
        self._activities.start(self._activity_done)

    async def stop(self, *, within: float) -> None:
        """Start nothing new, and wait for turns and activities that run.

        Args:
            within: seconds; what still runs then is left to the next start.
        """
        self._stopping = True
        self._wakeups.close()
        for _ in self._workers:
            self._ready.put_nowait("")
        await asyncio.gather(
            self._activities.stop(within=within), wind_down(self._workers, within=within)
        )

    def wake(self, instance_id: str) -> None:
        """Give an instance a turn soon."""
        if instance_id not in self._queued:
            self._queued.add(instance_id)
            self._ready.put_nowait(instance_id)

    def apply(self, effects: Effects) -> None:
        """Do what a committed transaction asks for."""
        now = time.time()
        for task in effects.activities:
            self._hand_over(task)
        for instance_id, due in effects.wake:
            self._wake_at(instance_id, due, now=now)
        if effects.entities:
            self.on_entities(effects.entities)

    def _wake_at(self, instance_id: str, due: float, *, now: float) -> None:
        if due <= now:
            self.wake(instance_id)
        else:
            self._wakeups.add(instance_id, due)

    def _hand_over(self, task: ActivityTask) -> None:
        self._under_way[task.instance_id] += 1
        self._activities.put(task)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work)

    async def _turn_forever(self) -> None:
        while True:
            instance_id = await self._ready.get()
            self._queued.discard(instance_id)
            if self._stopping:
                return
            if instance_id in self._busy:
                self._again.add(instance_id)
                continue
            await self._turn_safely(instance_id)
            await asyncio.sleep(0)

    async def _turn_safely(self, instance_id: str) -> None:
        self._busy.add(instance_id)
        try:
            await self._turn(instance_id)
        except Exception:
            logger.exception("A turn could not be completed [instance=%s]", instance_id)
            self._wakeups.add(instance_id, time.time() + TRY_AGAIN_AFTER)
        finally:
            self._busy.discard(instance_id)
            if instance_id in self._again:
                self._again.discard(instance_id)
                self.wake(instance_id)

    async def _turn(self, instance_id: str) -> None:
        started = time.perf_counter()
        now = utc_now()
        waiting = mailbox.waiting(self.store.db, instance_id, now=now.timestamp())
        instance = instances.read(self.store.db, instance_id)
        events = _fresh(instance, waiting)
        if instance is None or not events:
            with self.store.transaction() as db:
                mailbox.take(db, [message.seq for message in waiting])
            return
        fits = self.versions.fits(instance.version)
        if not fits and self.versions.failure is VersionFailure.REJECT:
            logger.warning("Not run here: version %s [instance=%s]", instance.version, instance_id)
            return
        outcome = await self._play(instance, events, at=now, fits=fits)
        if outcome is None:
            return
        with self.store.transaction() as db:
            effects = commit_turn(
                db,
                instance,
                outcome,
                taken=[message.seq for message in waiting],
                now=utc_now(),
                default_version=self.versions.current,
            )
        self._note_pace(instance_id, time.perf_counter() - started)
        self.apply(effects)

    async def _play(
        self, instance: Instance, events: Sequence[Event], *, at: datetime, fits: bool
    ) -> Outcome | None:
        """Run the turn; None when the instance was purged or started anew meanwhile."""
        current_function.set(instance.name)
        current_instance.set(instance.id)
        current_invocation.set(uuid4().hex)
        past = instances.history(self.store.db, instance.id)
        turn = Turn(
            instance=instance,
            past=past,
            messages=events,
            now=at,
            run=self._run,
            known=self.known,
            refusal=None if fits else MISMATCH,
        )
        if len(past) < LONG_HISTORY:
            outcome = turn.play()
        else:
            outcome = await asyncio.to_thread(turn.play)
            current = instances.read(self.store.db, instance.id)
            if current is None or current.execution_id != instance.execution_id:
                return None
        level = logging.WARNING if outcome.status is RuntimeStatus.FAILED else logging.DEBUG
        logger.log(level, "%s is %s", instance.name, outcome.status.value)
        return outcome

    def _note_pace(self, instance_id: str, seconds: float) -> None:
        if seconds > SHORT_TURN and self._under_way[instance_id]:
            rest = min(seconds, LONGEST_GATHERING)
            self._rest_until[instance_id] = time.monotonic() + rest
        else:
            self._rest_until.pop(instance_id, None)

    def _activity_done(self, task: ActivityTask, event: Event) -> None:
        """Commit an activity's completion and give its instance a turn."""
        with self.store.transaction() as db:
            if mailbox.finish(db, task):
                mailbox.post(
                    db,
                    task.instance_id,
                    event,
                    due=time.time(),
                    execution_id=task.execution_id,
                )
        self._under_way[task.instance_id] -= 1
        self._wake_rested(task.instance_id)

    def _wake_rested(self, instance_id: str) -> None:
        """Wake now, or at the end of the pause in which more completions may gather."""
        if not self._under_way[instance_id]:
            del self._under_way[instance_id]
            self.wake(instance_id)
            return
        rest = self._rest_until.get(instance_id, 0.0) - time.monotonic()
        if rest <= 0:
            self.wake(instance_id)
        elif instance_id not in self._resting:
            self._resting.add(instance_id)
            asyncio.get_running_loop().call_later(rest, self._end_rest, instance_id)

    def _end_rest(self, instance_id: str) -> None:
        self._resting.discard(instance_id)
        self.wake(instance_id)


def _fresh(instance: Instance | None, waiting: Sequence[Message]) -> Sequence[Event]:
    """Keep the messages that this execution may have; none for an instance that is over."""
    if instance is None or instance.is_over:
        return []
    return [
        message.event
        for message in waiting
        if message.execution_id is None or message.execution_id == instance.execution_id
    ]
