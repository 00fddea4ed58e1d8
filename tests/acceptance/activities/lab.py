"""One rehearsal: a real ledger, a real tenant simulator, and activities called directly.

Time is the real one plus what a test skips, for us and for our governor alike, so that a
Retry-After of minutes costs a test nothing.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.storage.queue import QueueClient, TextBase64DecodePolicy

from activities.accept_batch import accept_batch
from activities.apply_import import apply_import
from activities.assign_license import assign_license
from activities.assign_phone_number import assign_phone_number
from activities.assign_policies import assign_policies, set_coexistence_mode
from activities.close_wave import close_wave
from activities.deps import Deps
from activities.ensure_teams import ensure_teams
from activities.mark_members_ready import mark_members_ready
from activities.open_wave import open_wave
from activities.resolve_batch import resolve_batch
from activities.send_members import send_members
from activities.set_usage_location import set_usage_location
from activities.verify_wave import verify_wave
from graph.credentials import StaticToken
from graph.governor import LocalGovernor
from graph.session import GraphSession
from graph.workflows import CardChannel
from teams_rollout.contracts.names import WAKE_UP_QUEUE
from teams_rollout.contracts.payloads import (
    BatchRequest,
    OpenWaveResult,
    OperationRequest,
    OperationResult,
    StepResult,
    VerifyResult,
    WaveRequest,
)
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.vocabulary import Environment, Step, WaveState
from teams_rollout.ledger.records import (
    BatchRecord,
    OperationRecord,
    StagedImport,
    TeamRecord,
    TimelineEvent,
    UserRecord,
    WaveRecord,
)
from teams_rollout.ledger.tables import TableLedger
from tests.acceptance.activities.builders import Council, Person
from tests.acceptance.activities.simulator import Simulator

ROLLOUT = "llanfair"
SCALE = 3600.0
StepBody = Callable[[Deps, BatchRequest], Awaitable[StepResult]]


class Crash(Exception):
    """The process died here; whatever it had not committed is lost."""


class MortalLedger(TableLedger):
    """A real ledger whose process can be told to die right before one of its writes."""

    dies_before: str = ""
    survives: int = 0

    def die_before(self, write: str, *, survive: int = 0) -> None:
        """Die at the named write, after it has succeeded `survive` times."""
        self.dies_before, self.survives = write, survive

    def __getattribute__(self, name: str) -> Any:
        if name != "dies_before" and name == self.dies_before:
            if self.survives == 0:
                self.dies_before = ""
                raise Crash(name)
            self.survives -= 1
        return super().__getattribute__(name)


@dataclass
class Clock:
    """The present, and how much of it a test has skipped."""

    skipped: float = 0.0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.skipped)

    def monotonic(self) -> float:
        return time.monotonic() + self.skipped

    def skip(self, seconds: float) -> None:
        self.skipped += seconds

    def skip_to(self, moment: datetime) -> None:
        self.skip(max(0.0, (moment - self()).total_seconds()))


@dataclass
class Lab:
    """Everything that a test of an activity works with."""

    tenant: Simulator
    ledger: MortalLedger
    storage: str
    clock: Clock = field(default_factory=Clock)
    environment: Environment = Environment.REHEARSAL
    channel: CardChannel | None = None
    _session: GraphSession | None = None

    @property
    def deps(self) -> Deps:
        return Deps(
            ledger=self.ledger,
            graph=self.session,
            clock=self.clock,
            scale=SCALE,
            environment=self.environment,
            channel=self.channel,
        )

    @property
    def session(self) -> GraphSession:
        if self._session is None:
            governor = LocalGovernor(limits=1000.0, clock=self.clock.monotonic)
            self._session = GraphSession(
                base_url=self.tenant.base_url, token=StaticToken("rehearsal"), governor=governor
            )
        return self._session

    async def restart(self) -> None:
        """A new process: nothing is left but the ledger and the tenant."""
        await self.close()
        self._session = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    # -- up to where a test begins ------------------------------------------------------------

    def move_in(self, council: Council) -> None:
        """Let the tenant know the council's people."""
        there = {u["id"] for u in self.tenant.state()["users"]}
        new = [p for p in council.people if p.in_tenant and p.id not in there]
        self.tenant.change(*({"op": "addUser", "user": p.tenant_row()} for p in new))

    async def stage(self, council: Council, **how: Any) -> str:
        """Store the council's files as an import that waits; returns its id."""
        import_id = uuid.uuid4().hex
        staged = StagedImport(
            import_id=import_id,
            config=council.config(),
            teams=tuple(t.spec for t in council.teams),
            users=len(council.people),
            **how,
        )
        await self.ledger.stage(staged, council.assignments())
        return import_id

    async def operation(self, kind: str = "import") -> str:
        """Open an operation that a person watches."""
        now = self.clock()
        record = OperationRecord(id=uuid.uuid4().hex, kind=kind, created_at=now, updated_at=now)
        await self.ledger.save_operation(record)
        return record.id

    async def result_of(self, operation_id: str) -> OperationRecord:
        found = await self.ledger.find_operation(operation_id)
        assert found is not None
        return found

    async def apply(self, import_id: str, operation_id: str = "") -> OperationResult:
        request = OperationRequest(
            rollout_id=ROLLOUT, operation_id=operation_id, import_id=import_id
        )
        return await apply_import(self.deps, request)

    async def bring_in(self, council: Council) -> None:
        """The council in the tenant and in the ledger, nothing started."""
        self.move_in(council)
        await self.apply(await self.stage(council))

    async def schedule(
        self, wave: str = "pilot", *, rollout_id: str = ROLLOUT, **changes: Any
    ) -> "Run":
        """Start the wave as the API does, before its orchestration has done anything."""
        record = await self.wave(wave, rollout_id=rollout_id)
        scheduled = {"state": WaveState.SCHEDULED, "epoch": record.epoch + 1, **changes}
        saved = await self.ledger.save_wave(record.model_copy(update=scheduled))
        return Run(lab=self, wave=wave, epoch=saved.epoch, rollout_id=rollout_id)

    async def start(self, council: Council) -> "Run":
        """The council's pilot, opened and with its teams made."""
        await self.bring_in(council)
        run = await self.schedule()
        await run.open()
        await run.make_teams()
        return run

    # -- looking ------------------------------------------------------------------------------

    async def wave(self, slug: str = "pilot", *, rollout_id: str = ROLLOUT) -> WaveRecord:
        found = await self.ledger.find_wave(rollout_id, slug)
        assert found is not None
        return found

    async def people(self) -> dict[str, UserRecord]:
        """Everybody by name."""
        everybody = [u async for u in self.ledger.list_users(ROLLOUT)]
        return {u.assignment.identity.partition("@")[0]: u for u in everybody}

    async def person(self, who: Person) -> UserRecord:
        return (await self.people())[who.name]

    async def record(self, who: Person, step: Step) -> StepRecord:
        return (await self.person(who)).steps[step]

    async def timeline(self, who: Person) -> list[TimelineEvent]:
        _, events = await self.ledger.get_person((await self.person(who)).key)
        return events

    async def team(self, key: str = "housing") -> TeamRecord:
        return next(t for t in await self.ledger.list_teams(ROLLOUT) if t.spec.key == key)

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """What waits on one of our queues, in order; it is taken off."""
        with QueueClient.from_connection_string(
            self.storage, queue, message_decode_policy=TextBase64DecodePolicy()
        ) as client:
            found = list(client.receive_messages(messages_per_page=32))
            for message in found:
                client.delete_message(message)
        return [json.loads(m.content) for m in found]

    def woken(self) -> set[str]:
        """Instances for which a wake-up waits; the wake-ups are taken off."""
        return {m["instance_id"] for m in self.messages(WAKE_UP_QUEUE)}


STEPS: tuple[StepBody, ...] = (
    resolve_batch,
    set_usage_location,
    assign_license,
    mark_members_ready,
    assign_policies,
    set_coexistence_mode,
    assign_phone_number,
)


@dataclass(frozen=True)
class Run:
    """One run of a wave."""

    lab: Lab
    wave: str
    epoch: int
    rollout_id: str = ROLLOUT

    @property
    def request(self) -> WaveRequest:
        return WaveRequest(rollout_id=self.rollout_id, wave=self.wave, epoch=self.epoch)

    def watched(self, operation_id: str) -> WaveRequest:
        return self.request.model_copy(update={"operation_id": operation_id})

    def batch(self, number: int = 1, **changes: Any) -> BatchRequest:
        request = BatchRequest(
            rollout_id=self.rollout_id, wave=self.wave, epoch=self.epoch, batch=number
        )
        return request.model_copy(update=changes)

    async def open(self) -> OpenWaveResult:
        return await open_wave(self.lab.deps, self.request)

    async def make_teams(self) -> None:
        """As the wave's orchestration does: until Microsoft has made them or refused."""
        for _ in range(200):
            if (await ensure_teams(self.lab.deps, self.request)).retry_at is None:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the teams are never made")

    async def step(self, body: StepBody, number: int = 1) -> StepResult:
        return await body(self.lab.deps, self.batch(number))

    async def answered(self, body: StepBody, number: int = 1) -> None:
        """The step as the batch's orchestration runs it: until nothing is left to try."""
        for _ in range(60):
            result = await self.step(body, number)
            if result.retry_at is None:
                return
            self.lab.clock.skip_to(result.retry_at)
        raise AssertionError("the step is never answered")

    async def until(self, body: StepBody, number: int = 1) -> None:
        """Every step before this one, as the batch's orchestration runs them."""
        for earlier in STEPS[: STEPS.index(body)]:
            await self.step(earlier, number)

    async def batches(self) -> list[BatchRecord]:
        return await self.lab.ledger.list_batches(self.rollout_id, self.wave, self.epoch)

    async def through(self) -> None:
        """The whole wave up to its last sweep; no gate, no queue."""
        for batch in await self.batches():
            for body in STEPS:
                await self.answered(body, batch.number)
        self.lab.clock.skip(21)  # patience of the sender
        await send_members(self.lab.deps, self.request)
        for batch in await self.batches():
            answer = await accept_batch(self.lab.deps, self.batch(batch.number))
            assert answer.accepted
        await self.move_to(WaveState.VERIFYING, accepted_at=self.lab.clock())
        await self.verified()

    async def closed(self) -> None:
        """The whole wave to its close."""
        await self.through()
        await close_wave(self.lab.deps, self.request)

    async def sweep(self) -> VerifyResult:
        return await verify_wave(self.lab.deps, self.request)

    async def verified(self, *, but: int = 0) -> None:
        """Sweep as the orchestration does, until nobody (`but` so many) is waited for."""
        for _ in range(100):
            answer = await self.sweep()
            if answer.waiting <= but:
                return
            for number in answer.due_numbers:
                await self.step(assign_phone_number, number)
            await asyncio.sleep(0.1)
        raise AssertionError(f"{answer.waiting} people are never verified")

    async def move_to(self, state: WaveState, **changes: Any) -> None:
        record = await self.lab.wave(self.wave, rollout_id=self.rollout_id)
        update = {"state": state, **changes}
        await self.lab.ledger.save_wave(record.model_copy(update=update))


def with_environment(lab: Lab, environment: Environment) -> Lab:
    """The same lab, which takes its tenant for a real one; both share a session, closed once."""
    return replace(lab, environment=environment, _session=lab.session)
