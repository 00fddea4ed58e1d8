"""set_usage_location: where there is none, once, and never over an existing one."""

import pytest

from activities.set_usage_location import set_usage_location
from teams_rollout.domain.vocabulary import Outcome, Step
from tests.acceptance.activities.lab import Crash

pytestmark = pytest.mark.azurite

PATCH = "/users/*"
STEP = Step.USAGE_LOCATION


@pytest.fixture
def ann(build):
    return build.a_person("ann").without_location()


@pytest.fixture
def bob(build):
    return build.a_person("bob").without_location()


@pytest.fixture
async def run(lab, build, ann, bob):
    run = await lab.start(build.a_council(ann, bob))
    await run.until(set_usage_location)
    return run


async def test_given_people_without_location_when_set_then_they_have_the_rollouts_country(
    lab, tenant, run, ann, bob
):
    result = await run.step(set_usage_location)

    assert result.counts == {"applied": 2}
    assert result.retry_at is None
    assert sorted(tenant.touched("user.usageLocation")) == sorted([ann.id, bob.id])
    assert tenant.user(ann.id)["usageLocation"] == "GB"
    assert (await lab.record(bob, STEP)).outcome is Outcome.APPLIED


async def test_given_a_location_elsewhere_when_set_then_it_is_never_overwritten(lab, build, tenant):
    abroad = build.a_person("carys").located_in("IE")
    run = await lab.start(build.a_council(abroad))
    await run.until(set_usage_location)

    await run.step(set_usage_location)

    assert tenant.writes == 0
    assert tenant.user(abroad.id)["usageLocation"] == "IE"
    assert (await lab.record(abroad, STEP)).outcome is Outcome.ALREADY


async def test_given_it_is_done_when_run_again_then_no_write_is_sent(tenant, run):
    await run.step(set_usage_location)
    before = tenant.writes

    result = await run.step(set_usage_location)

    assert tenant.writes == before
    assert result.counts == {"applied": 2}


async def test_given_throttling_when_run_then_it_waits_as_long_as_asked_and_then_succeeds(
    lab, tenant, run, ann, bob
):
    tenant.fail(PATCH, "429", count=2, method="PATCH", retry_after=40)

    result = await run.step(set_usage_location)

    assert 35 < (result.retry_at - lab.clock()).total_seconds() <= 40
    assert (await lab.record(ann, STEP)).outcome is Outcome.THROTTLED
    assert tenant.effects() == []
    lab.clock.skip(41)
    again = await run.step(set_usage_location)
    assert again.retry_at is None
    assert sorted(tenant.touched("user.usageLocation")) == sorted([ann.id, bob.id])


async def test_given_throttling_when_asked_too_early_then_nothing_is_sent(lab, tenant, run):
    tenant.fail(PATCH, "429", count=2, method="PATCH", retry_after=40)
    first = await run.step(set_usage_location)
    before = tenant.writes
    lab.clock.skip(10)

    again = await run.step(set_usage_location)

    assert again.retry_at == first.retry_at
    assert tenant.writes == before


async def test_given_a_crash_before_the_commit_when_rerun_then_the_effect_happens_once(
    lab, tenant, run, ann
):
    lab.ledger.die_before("commit")
    with pytest.raises(Crash):
        await run.step(set_usage_location)
    await lab.restart()

    result = await run.step(set_usage_location)

    assert result.counts == {"applied": 2}
    assert tenant.touched("user.usageLocation").count(ann.id) == 1
    assert tenant.redundant <= 2  # one chunk for one crash
    assert (await lab.record(ann, STEP)).outcome is Outcome.APPLIED


@pytest.mark.parametrize("fault", ["reset_after", "timeout_after"])
async def test_given_the_answers_are_lost_when_tried_again_then_nothing_is_written_twice(
    lab, tenant, run, ann, fault
):
    tenant.fail(PATCH, fault, method="PATCH", delay=0.1)
    assert (await run.step(set_usage_location)).counts == {"transient": 2}
    lab.clock.skip(60)

    result = await run.step(set_usage_location)

    assert result.counts == {"applied": 2}
    assert tenant.touched("user.usageLocation").count(ann.id) == 1
    assert tenant.redundant == 0


async def test_given_doubt_that_cannot_be_read_away_when_tried_again_then_nothing_is_sent(
    lab, tenant, run, ann
):
    tenant.fail(PATCH, "reset_after", method="PATCH")
    await run.step(set_usage_location)
    before = tenant.writes
    tenant.fail(PATCH, "503", method="GET", count=100)
    lab.clock.skip(60)

    result = await run.step(set_usage_location)

    assert result.counts == {"transient": 2}
    assert tenant.writes == before
    assert (await lab.record(ann, STEP)).code == "microsoft_unavailable"


async def test_given_somebody_deleted_meanwhile_when_set_then_only_that_one_is_blocked(
    lab, tenant, run, ann, bob
):
    tenant.change({"op": "deleteUser", "id": ann.id})

    await run.step(set_usage_location)

    assert (await lab.record(ann, STEP)).code == "user_not_found"
    assert tenant.touched("user.usageLocation") == [bob.id]
