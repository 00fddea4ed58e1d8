"""Dispatcher, batches, sender, gate and pause together: whatever the order, the wave ends.

The model behind DESIGN section 5: a gate waits for members, the sender waits for company, the
team's quota makes both wait, and a person may pause in between. Every history that hypothesis
finds must be able to end: all parts answered, or halted by its gate.
"""

import asyncio

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from activities.advance_wave import AT_WORK
from teams_rollout.domain.vocabulary import BatchState, WaveState
from tests.unit.activities.machine import Machine, a_ledger, cut

BATCHES = st.integers(1, 8)


class Wave(RuleBasedStateMachine):
    """One wave under all the interleavings that its orchestrations, queue and people allow."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()

    @initialize(
        people=st.integers(1, 24),
        canary=st.integers(0, 5),
        size=st.integers(3, 9),
        at_once=st.integers(1, 3),
        limit=st.integers(0, 3),
    )
    def open(self, people: int, canary: int, size: int, at_once: int, limit: int) -> None:
        canary = min(canary, people)
        ledger = a_ledger(people=people, canary=canary, size=size, at_once=at_once, limit=limit)
        self.at_once, self.limit = at_once, limit
        self.machine = Machine(ledger)
        for batch in cut(people=people, canary=canary, size=size):
            self.runner.run(ledger.save_batch(batch))

    def batches(self):
        return self.runner.run(self.machine.ledger.list_batches("r", "w", 1))

    @rule()
    def dispatcher_looks(self) -> None:
        self.runner.run(self.machine.dispatch())

    @rule(place=st.integers(0, 5))
    def queue_delivers(self, place: int) -> None:
        self.runner.run(self.machine.deliver(place))

    @rule()
    def queue_doubles_a_message(self) -> None:
        messages = self.machine.ledger.messages
        messages.extend(messages[:1])

    @rule()
    def message_is_lost(self) -> None:
        del self.machine.ledger.messages[:1]

    @rule(number=BATCHES, troubled=st.integers(0, 2))
    def batch_works(self, number: int, troubled: int) -> None:
        if number <= len(self.batches()):
            self.runner.run(self.machine.work(number, troubled=troubled))

    @rule(number=BATCHES)
    def batch_asks_to_be_accepted(self, number: int) -> None:
        self.runner.run(self.machine.accept(number))

    @rule()
    def sender_looks(self) -> None:
        self.runner.run(self.machine.send())

    @rule(refusals=st.lists(st.sampled_from(["429", "lost", ""]), max_size=3))
    def microsoft_will_refuse(self, refusals: list[str]) -> None:
        self.machine.world.refusals[:] = refusals

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 20.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        self.machine.world.seconds += seconds

    @rule()
    def somebody_pauses(self) -> None:
        if self.machine.ledger.wave.state is WaveState.RUNNING:
            self.runner.run(self.machine.move(WaveState.PAUSED))

    @rule()
    def somebody_resumes(self) -> None:
        if self.machine.ledger.wave.state is WaveState.PAUSED:
            self.runner.run(self.machine.move(WaveState.RUNNING))

    @invariant()
    def no_more_at_work_than_allowed(self) -> None:
        at_work = [b for b in self.batches() if b.state in AT_WORK]
        assert len(at_work) <= self.at_once

    @invariant()
    def nothing_goes_before_the_canary_is_through(self) -> None:
        batches = self.batches()
        if any(b.canary and b.state is not BatchState.ACCEPTED for b in batches):
            assert all(b.state is BatchState.PREPARED for b in batches if not b.canary)

    @invariant()
    def no_team_is_asked_more_often_than_its_quota(self) -> None:
        requests = self.machine.world.requests
        for moment, team in requests[-8:]:
            within = [1 for at, asked in requests if asked == team and moment - 60 < at <= moment]
            assert len(within) <= 4

    def teardown(self) -> None:
        try:
            if hasattr(self, "machine"):
                self.end()
                self.runner.run(self.machine.session.close())
        finally:
            self.runner.close()

    def end(self) -> None:
        """Let everybody have their turn: the wave must end, one way or the other."""
        self.somebody_resumes()
        self.runner.run(self.machine.settle())
        wave, ledger = self.machine.ledger.wave, self.machine.ledger
        if wave.state is WaveState.HALTED:
            through = [b for b in self.batches() if b.state is BatchState.ACCEPTED]
            assert sum(b.unforeseen for b in through) > self.limit
            return
        assert wave.state is WaveState.VERIFYING, self.machine.as_json()
        assert not ledger._ready
        for user in ledger.users.values():
            assert all(record.is_answered for record in user.steps.values())
            for team in user.assignment.teams:
                assert self.machine.world.joined[f"id-{team}", user.object_id] == 1


TestWave = Wave.TestCase
TestWave.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
