"""A wave in a made-up world: virtual time, a Microsoft that refuses at will, real activities.

The dispatcher, the claim, the batches' acceptance, the readiness marks, the sender and the
governor are the real ones; only the steps of a batch that change single people are answered by
the test.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import httpx

from activities.accept_batch import accept_batch
from activities.advance_wave import advance_wave
from activities.deps import Deps
from activities.mark_members_ready import mark_members_ready
from activities.runner import commit_answers
from activities.send_members import send_members
from graph.credentials import StaticToken
from graph.governor import LocalGovernor
from graph.session import GraphSession
from teams_rollout.contracts.payloads import BatchRequest, SendMembersResult, WaveRequest
from teams_rollout.domain.configuration import (
    GatesSection,
    ProfileSection,
    RolloutConfig,
    RolloutSection,
)
from teams_rollout.domain.observed import Catalogue, ObservedUser, Sku, TeamStatus
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.roster import Assignment, TeamSpec, UserKey
from teams_rollout.domain.vocabulary import STEP_ORDER, Environment, Outcome, Step, WaveState
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.queues import claim
from teams_rollout.ledger.ports import Conflict, Ledger
from teams_rollout.ledger.records import (
    BatchRecord,
    RolloutRecord,
    TeamRecord,
    UserRecord,
    WaveRecord,
)
from tests.unit.activities.memory import MemoryLedger

NOBODY = "http://127.0.0.1:9/v1.0"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
WAVE = WaveRequest(rollout_id="r", wave="w", epoch=1)
SHARD = "r:0001"
E3 = Sku(sku_id="e3", part_number="SPE_E3", enabled=100)


@dataclass
class World:
    """Time, and what Microsoft does to requests for members."""

    seconds: float = 0.0
    refusals: list[str] = field(default_factory=list)
    joined: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: list[tuple[float, str]] = field(default_factory=list)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        """members/add: done, refused, or done without an answer."""
        team = request.url.path.split("/")[3]
        refusal = self.refusals.pop() if self.refusals else ""
        self.requests.append((self.seconds, team))
        if refusal == "429":
            return httpx.Response(429, headers={"Retry-After": "20"}, json={})
        values = json.loads(request.content)["values"]
        ids = [v["user@odata.bind"].rpartition("'")[0].rpartition("'")[2] for v in values]
        self.joined.update((team, user_id) for user_id in ids if (team, user_id) not in self.joined)
        if refusal == "lost":
            raise httpx.ReadError("the connection is gone")
        return httpx.Response(200, json={"value": [{"userId": i, "error": None} for i in ids]})


def a_ledger(*, people: int, canary: int, size: int, at_once: int, limit: int) -> MemoryLedger:
    """A wave that has just been opened: every third person joins both teams, the others one."""
    gates = GatesSection(people=limit, percent=0.0)
    section = RolloutSection(
        name="r", canary_size=canary, batch_size=size, batches_in_flight=at_once
    )
    profiles = {"office": ProfileSection(skus=("SPE_E3",))}
    config = RolloutConfig(rollout=section, gates=gates, profiles=profiles)
    rollout = RolloutRecord(rollout_id="r", config=config, catalogue=Catalogue(skus=(E3,)))
    wave = WaveRecord(
        rollout_id="r", name="w", slug="w", position=0, epoch=1, state=WaveState.RUNNING
    )
    ledger = MemoryLedger(rollout, wave, [_team(key) for key in ("news", "parks")])
    for number in range(people):
        user = _person(number)
        ledger.users[user.key.ref] = user
    return ledger


def cut(*, people: int, canary: int, size: int) -> Iterable[BatchRecord]:
    """The canary, then batches of `size`."""
    keys = [_person(number).key for number in range(people)]
    parts = [keys[:canary]] if canary else []
    parts += [keys[start : start + size] for start in range(canary, people, size)]
    for number, part in enumerate(parts, start=1):
        is_canary = bool(canary) and number == 1
        yield BatchRecord(
            rollout_id="r", wave="w", epoch=1, number=number, canary=is_canary, keys=tuple(part)
        )


def _team(key: str) -> TeamRecord:
    status = TeamStatus(key=key, team_id=f"id-{key}", ready=True)
    return TeamRecord(rollout_id="r", spec=TeamSpec(key=key, display_name=key), status=status)


def _person(number: int) -> UserRecord:
    teams = ("news", "parks") if number % 3 == 0 else ("news",)
    upn = f"p{number}@r.example"
    return UserRecord(
        key=UserKey(shard=SHARD, ref=f"u{number:06}"),
        assignment=Assignment(line=number, upn=upn, wave="w", profile="office", teams=teams),
        wave="w",
        object_id=f"p{number}",
        observed=ObservedUser(id=f"p{number}", upn=upn, usage_location="GB"),
        started=True,
    )


class Machine:
    """What the orchestrations of one wave do, one move at a time."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger
        self.world = World()
        self.worked: set[int] = set()
        governor = LocalGovernor(clock=lambda: self.world.seconds, sleep=self.world.sleep)
        self.session = GraphSession(
            base_url=NOBODY,
            token=StaticToken("rehearsal"),
            governor=governor,
            sleep=self.world.sleep,
            http_transport=httpx.MockTransport(self.world.answer),
        )
        self.deps = Deps(
            ledger=cast(Ledger, ledger),
            graph=self.session,
            clock=self.world.now,
            scale=1.0,
            environment=Environment.REHEARSAL,
        )

    async def dispatch(self) -> str:
        return (await advance_wave(self.deps, WAVE)).phase

    async def deliver(self, place: int = 0) -> None:
        """The queue hands over one of its messages; a double is harmless."""
        if not self.ledger.messages:
            return
        message = self.ledger.messages.pop(place % len(self.ledger.messages))
        services = cast(Services, SimpleNamespace(ledger=self.ledger))
        await claim(services, BatchRequest.model_validate(message))

    async def work(self, number: int, *, troubled: int = 0) -> None:
        """The batch's own steps: the first `troubled` people are refused a policy, unforeseen."""
        batch = await self.ledger.get_batch("r", "w", 1, number)
        if number in self.worked or not batch.claimed_generation:
            return
        self.worked.add(number)
        people = [self.ledger.users[key.ref] for key in batch.keys]
        for step in STEP_ORDER:
            if step is Step.TEAM_MEMBERSHIP:
                continue
            refused = troubled if step is Step.POLICIES else 0
            answers = [
                (user, _refused(user) if place < refused else _applied(user))
                for place, user in enumerate(people)
            ]
            await commit_answers(self.deps, step, answers)
        await mark_members_ready(self.deps, self._batch(number))

    async def accept(self, number: int) -> None:
        """As the batch's orchestration: only a batch that has worked asks."""
        if number in self.worked:
            try:
                await accept_batch(self.deps, self._batch(number))
            except Conflict:
                return

    async def send(self) -> SendMembersResult:
        return await send_members(self.deps, WAVE)

    async def move(self, state: WaveState) -> None:
        await self.ledger.save_wave(self.ledger.wave.model_copy(update={"state": state}))

    async def settle(self) -> None:
        """Everybody has a turn again and again, as timers grant it; ends where nothing moves on."""
        self.world.refusals.clear()
        for _ in range(200):
            if await self.dispatch() == "accepted" or self.ledger.wave.state is WaveState.HALTED:
                return
            while self.ledger.messages:
                await self.deliver()
            for batch in await self.ledger.list_batches("r", "w", 1):
                await self.work(batch.number)
                await self.accept(batch.number)
            await self.send()
            self.world.seconds += 10

    def _batch(self, number: int) -> BatchRequest:
        return BatchRequest(rollout_id="r", wave="w", epoch=1, batch=number)

    def as_json(self) -> dict[str, Any]:
        """The wave's batches, for a failed example's report."""
        return {str(n): b.state.value for n, b in self.ledger._batches.items()}


def _applied(user: UserRecord) -> CallResult:
    return CallResult(key=user.object_id, outcome=Outcome.APPLIED)


def _refused(user: UserRecord) -> CallResult:
    return CallResult(key=user.object_id, outcome=Outcome.BLOCKED, code="policy_not_found")
