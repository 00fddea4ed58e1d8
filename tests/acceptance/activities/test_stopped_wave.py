"""A wave that is halted, paused, cancelled or superseded: its writes end within seconds."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from activities.accept_batch import accept_batch
from activities.assign_license import assign_license
from activities.guard import Heed, run_guarded
from activities.runner import CHUNK
from activities.send_members import send_members
from graph.credentials import StaticToken
from graph.governor import LocalGovernor
from graph.limits import RequestCost
from graph.session import GraphSession
from graph.stop_sign import StopSign
from teams_rollout.contracts.payloads import (
    AcceptResult,
    BatchRequest,
    SendMembersResult,
    StepResult,
    WaveRequest,
)
from teams_rollout.domain.vocabulary import Outcome, Step, WaveState
from teams_rollout.ledger.stops import EVERYTHING

pytestmark = pytest.mark.azurite


class SlowGovernor(LocalGovernor):
    """Grants each permit after a while, so that a stop comes between two sends."""

    async def acquire(self, cost: RequestCost) -> None:
        await asyncio.sleep(1.5)
        await super().acquire(cost)


@pytest.fixture
def people(build):
    return [build.a_person(f"p{n}") for n in range(40)]


@pytest.fixture
async def run(lab, build, people):
    """A wave of one batch whose people are about to be licensed."""
    run = await lab.start(build.a_council(*people).in_batches(canary=0, size=40))
    await run.until(assign_license)
    return run


def as_a_process(lab, session=None):
    """The effects as the function app hands them to its activities."""
    return replace(
        lab.deps, stop_sign=StopSign(lab.ledger.stopped), graph=session or lab.deps.graph
    )


async def license_them(run, **changes):
    payload = run.batch(**changes).model_dump(mode="json")
    deps = as_a_process(run.lab)
    answer = await run_guarded(
        deps, assign_license, BatchRequest, StepResult, payload, heed=Heed.STOP
    )
    return StepResult.model_validate(answer)


async def test_given_a_batch_at_work_when_its_wave_is_halted_then_writes_end_within_5_seconds(
    run, tenant
):
    session = GraphSession(
        base_url=tenant.base_url,
        token=StaticToken("rehearsal"),
        governor=SlowGovernor(limits=1000.0),
    )
    deps = as_a_process(run.lab, session)
    payload = run.batch().model_dump(mode="json")
    at_work = asyncio.create_task(
        run_guarded(deps, assign_license, BatchRequest, StepResult, payload, heed=Heed.STOP)
    )
    while not tenant.effects("user.licenses"):  # noqa: ASYNC110 - another process makes them
        await asyncio.sleep(0.1)

    await run.move_to(WaveState.HALTED)
    halted_at = datetime.now(UTC)
    answer = StepResult.model_validate(await at_work)
    await session.close()

    arrived = [datetime.fromisoformat(e["received_at"]) for e in tenant.effects("user.licenses")]
    assert max(arrived) - halted_at < timedelta(seconds=5)
    assert len(arrived) == CHUNK
    assert answer.counts[Outcome.APPLIED.value] == len(arrived)
    assert answer.retry_at is not None


@pytest.mark.parametrize("state", [WaveState.HALTED, WaveState.PAUSED])
async def test_given_a_wave_that_stands_still_when_tried_then_nobody_is_and_later_everybody_is(
    run, tenant, state, people
):
    await run.move_to(state)
    before = tenant.writes

    answer = await license_them(run)

    assert (answer.stopped, answer.over, answer.trouble) == (True, False, "paused")
    assert answer.retry_at is not None
    assert tenant.writes == before
    assert Step.LICENSE not in (await run.lab.person(people[0])).steps

    await run.move_to(WaveState.RUNNING)
    assert (await license_them(run)).counts == {Outcome.APPLIED.value: 40}


async def test_given_a_freeze_when_tried_then_nobody_is(run, tenant):
    stops = await run.lab.ledger.get_stops()
    await run.lab.ledger.save_stops(stops.model_copy(update={"names": frozenset({EVERYTHING})}))
    session = GraphSession(
        base_url=tenant.base_url,
        token=StaticToken("rehearsal"),
        governor=LocalGovernor(limits=1000.0),
        write_guard=StopSign(run.lab.ledger.stopped).guard(EVERYTHING),
    )
    deps = as_a_process(run.lab, session)
    payload = run.batch().model_dump(mode="json")

    answer = await run_guarded(
        deps, assign_license, BatchRequest, StepResult, payload, heed=Heed.STOP
    )
    await session.close()

    assert StepResult.model_validate(answer).stopped
    assert tenant.effects("user.licenses") == []


async def test_given_a_cancelled_wave_when_its_batch_or_sender_asks_then_both_end(run, tenant):
    await run.move_to(WaveState.CANCELLED)
    deps = as_a_process(run.lab)
    batch, wave = run.batch().model_dump(mode="json"), run.request.model_dump(mode="json")

    licensed = await license_them(run)
    accepted = await run_guarded(
        deps, accept_batch, BatchRequest, AcceptResult, batch, heed=Heed.END
    )
    sent = await run_guarded(
        deps, send_members, WaveRequest, SendMembersResult, wave, heed=Heed.STOP
    )

    assert licensed.over
    assert licensed.retry_at is None
    assert accepted["over"]
    assert sent["over"]
    assert tenant.effects("user.licenses") == []


async def test_given_a_batch_begun_again_when_the_old_generation_asks_then_it_has_ended(
    run, tenant
):
    await run.move_to(WaveState.RUNNING, reruns={1: 2})

    assert (await license_them(run, generation=1)).over
    assert tenant.effects("user.licenses") == []
    assert (await license_them(run, generation=2)).counts == {Outcome.APPLIED.value: 40}
