"""accept_batch: accepted when every part is answered, honest about what is still open."""

import pytest

from activities.accept_batch import accept_batch
from activities.assign_license import assign_license
from activities.mark_members_ready import mark_members_ready
from activities.send_members import send_members
from teams_rollout.domain.vocabulary import BatchState, Outcome, Step
from tests.acceptance.activities.lab import ROLLOUT, STEPS, Crash

pytestmark = pytest.mark.azurite


async def answer_all(run, number=1):
    for body in STEPS:
        await run.step(body, number)


async def the_batch(run):
    (batch,) = await run.batches()
    return batch


async def accept(run, **changes):
    return await accept_batch(run.lab.deps, run.batch(**changes))


async def test_given_everything_is_answered_when_accepted_then_counted_and_the_wave_is_woken(
    lab, build
):
    run = await lab.start(build.a_council(build.a_person("ann"), build.a_person("bob")))
    await answer_all(run)
    lab.woken()

    result = await accept(run)

    batch = await the_batch(run)
    assert result.accepted
    assert (batch.state, batch.attempted, batch.unforeseen) == (BatchState.ACCEPTED, 2, 0)
    assert batch.counts["license"] == {"applied": 2}
    assert lab.woken() == {f"{ROLLOUT}:pilot:dispatch:1"}


async def test_given_an_accepted_batch_when_accepted_again_then_it_only_wakes_the_wave(lab, build):
    run = await lab.start(build.a_council(build.a_person("ann")))
    await answer_all(run)
    await accept(run)
    before = await the_batch(run)

    assert (await accept(run)).accepted
    assert await the_batch(run) == before


async def test_given_a_crash_before_the_wake_up_when_rerun_then_the_wave_is_woken(lab, build):
    run = await lab.start(build.a_council(build.a_person("ann")))
    await answer_all(run)
    lab.ledger.die_before("send_wake_up")
    with pytest.raises(Crash):
        await accept(run)
    assert lab.woken() == set()

    assert (await accept(run)).accepted
    assert lab.woken() == {f"{ROLLOUT}:pilot:dispatch:1"}


async def test_given_people_wait_for_their_team_when_asked_then_sender_and_gate_are_told(
    lab, build
):
    ann = build.a_person("ann").joining("housing")
    run = await lab.start(build.a_council(ann).with_teams(build.a_team("housing")))
    await answer_all(run)
    lab.woken()

    result = await accept(run)

    assert (result.accepted, result.waiting_for_members) == (False, 1)
    assert (await the_batch(run)).state is BatchState.AWAITING_MEMBERS
    assert lab.woken() == {f"{ROLLOUT}:pilot:dispatch:1", f"{ROLLOUT}:pilot:members:1"}
    await send_members(lab.deps, run.request)
    assert (await accept(run)).accepted


async def test_given_a_blocked_licence_when_accepted_then_later_steps_are_not_waited_for(
    lab, build
):
    fred = build.a_person("fred").licensed(build.F1).joining("housing")
    run = await lab.start(build.a_council(fred).with_teams(build.a_team("housing")))
    await answer_all(run)

    assert (await accept(run)).accepted
    batch = await the_batch(run)
    assert batch.unforeseen == 0  # an expected code, by default


async def test_given_an_unforeseen_refusal_when_accepted_then_the_gate_counts_the_person(
    lab, build
):
    ann, lost = build.a_person("ann"), build.a_person("lou").with_profile("lost")
    run = await lab.start(build.a_council(ann, lost))
    await answer_all(run)

    await accept(run)

    batch = await the_batch(run)
    assert (batch.attempted, batch.unforeseen) == (2, 1)


async def test_given_a_refusal_that_the_plan_showed_when_accepted_then_no_gate_counts_it(
    lab, build
):
    ann = build.a_person("ann").joining("housing", "orphans")
    orphans = build.a_team("orphans").owned_by("nobody")
    run = await lab.start(build.a_council(ann).with_teams(build.a_team("housing"), orphans))
    await answer_all(run)
    lab.clock.skip(21)
    await send_members(lab.deps, run.request)

    assert (await accept(run)).accepted
    assert (await the_batch(run)).unforeseen == 0


async def test_given_tries_are_used_up_when_given_up_then_the_open_step_fails_and_it_ends(
    lab, build, tenant
):
    ann, bob = build.a_person("ann"), build.a_person("bob")
    run = await lab.start(build.a_council(ann, bob))
    await run.until(assign_license)
    tenant.fail("/users/*/assignLicense", "429", count=4, retry_after=600)
    await run.step(assign_license)

    result = await accept(run, give_up=True)

    assert result.accepted
    record = await lab.record(ann, Step.LICENSE)
    assert (record.outcome, record.code) == (Outcome.FAILED, "throttled")
    assert (await the_batch(run)).unforeseen == 2


async def test_given_nothing_was_ever_answered_when_given_up_then_everybody_fails_in_one_go(
    lab, build
):
    ann = build.a_person("ann").without_location()
    run = await lab.start(build.a_council(ann))

    assert (await accept(run, give_up=True)).accepted
    assert (await lab.record(ann, Step.USAGE_LOCATION)).code == "internal_error"


async def test_given_people_wait_for_their_team_when_given_up_then_the_sender_still_decides(
    lab, build
):
    ann = build.a_person("ann").joining("housing")
    run = await lab.start(build.a_council(ann).with_teams(build.a_team("housing")))
    await run.until(mark_members_ready)
    await run.step(mark_members_ready)

    result = await accept(run, give_up=True)

    assert (result.accepted, result.waiting_for_members) == (False, 1)


async def test_given_nobody_marked_them_for_their_team_when_given_up_then_every_part_has_an_end(
    lab, build
):
    ann = build.a_person("ann").joining("housing").wanting("+441632960003")
    run = await lab.start(build.a_council(ann).with_teams(build.a_team("housing")))
    await run.until(mark_members_ready)

    result = await accept(run, give_up=True)

    assert result.accepted
    for step in (Step.TEAM_MEMBERSHIP, Step.POLICIES, Step.PHONE_NUMBER):
        assert (await lab.record(ann, step)).outcome is Outcome.FAILED
