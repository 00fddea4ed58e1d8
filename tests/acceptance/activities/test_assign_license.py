"""assign_license: every SKU in one call, required plans on, other switches left alone."""

import pytest

from activities.assign_license import assign_license
from activities.resolve_batch import resolve_batch
from activities.set_usage_location import set_usage_location
from teams_rollout.domain.vocabulary import Outcome, Step
from tests.acceptance.activities.lab import Crash

pytestmark = pytest.mark.azurite

CALL = "/users/*/assignLicense"
STEP = Step.LICENSE


@pytest.fixture
def ann(build):
    return build.a_person("ann")


@pytest.fixture
async def run(lab, build, ann):
    run = await lab.start(build.a_council(ann, build.a_person("bob")))
    await run.until(assign_license)
    return run


def held(tenant, user_id):
    rows = tenant.user(user_id)["assignedLicenses"]
    return {row["skuId"]: set(row["disabledPlans"]) for row in rows}


async def test_given_people_without_licence_when_assigned_then_they_have_it_with_all_plans(
    lab, tenant, build, run, ann
):
    result = await run.step(assign_license)

    assert result.counts == {"applied": 2}
    assert held(tenant, ann.id) == {build.E3: set()}
    assert len(tenant.effects()) == 2
    assert (await lab.record(ann, STEP)).outcome is Outcome.APPLIED


async def test_given_a_voice_profile_when_assigned_then_both_skus_come_in_one_call(
    lab, build, tenant
):
    dewi = build.a_person("dewi").with_profile("voice")
    run = await lab.start(build.a_council(dewi))
    await run.until(assign_license)

    await run.step(assign_license)

    assert set(held(tenant, dewi.id)) == {build.E3, build.VOICE}
    assert tenant.writes == 1


async def test_given_teams_is_off_in_a_licence_when_assigned_then_other_switches_stay(
    lab, build, tenant
):
    off = (build.TEAMS_PLAN, build.SWAY_PLAN)
    elin = build.a_person("elin").licensed(build.E3, off=off)
    run = await lab.start(build.a_council(elin))
    await run.until(assign_license)

    await run.step(assign_license)

    assert held(tenant, elin.id) == {build.E3: {build.SWAY_PLAN}}


async def test_given_a_conflicting_licence_when_refused_then_that_person_is_blocked_with_its_code(
    lab, build, tenant
):
    fred = build.a_person("fred").licensed(build.F1)
    gwen = build.a_person("gwen")
    run = await lab.start(build.a_council(fred, gwen))
    await run.until(assign_license)

    await run.step(assign_license)

    record = await lab.record(fred, STEP)
    assert (record.outcome, record.code) == (Outcome.BLOCKED, "conflicting_license")
    assert tenant.touched("user.licenses") == [gwen.id]


async def test_given_a_group_gave_the_licence_without_teams_when_run_then_it_is_not_overridden(
    lab, build, tenant
):
    run = await lab.start(build.a_council(build.OLGA, build.a_person("bob")))
    await run.until(assign_license)

    await run.step(assign_license)

    assert build.OLGA.id not in tenant.touched("user.licenses")
    assert (await lab.record(build.OLGA, STEP)).code == "teams_plan_disabled_by_group"


async def test_given_a_location_that_microsoft_does_not_believe_yet_when_assigned_then_retried(
    lab, build, tenant
):
    people = [build.a_person(f"new{n:02}").without_location() for n in range(12)]
    run = await lab.start(build.a_council(*people))
    await run.step(resolve_batch)
    await run.step(set_usage_location)
    result = await run.step(assign_license)  # one change of location in four is late
    for _ in range(20):
        if result.retry_at is None:
            break
        lab.clock.skip(1)
        result = await run.step(assign_license)

    assert result.counts == {"applied": 12}
    assert sorted(tenant.touched("user.licenses")) == sorted(p.id for p in people)


async def test_given_it_is_done_when_run_again_then_no_write_is_sent(tenant, run):
    await run.step(assign_license)
    before = tenant.writes

    result = await run.step(assign_license)

    assert result.counts == {"applied": 2}
    assert tenant.writes == before


async def test_given_throttling_when_run_then_it_waits_as_long_as_asked_and_then_succeeds(
    lab, tenant, run, ann
):
    tenant.fail(CALL, "429", count=2, retry_after=60)

    result = await run.step(assign_license)

    assert 55 < (result.retry_at - lab.clock()).total_seconds() <= 60
    assert (await lab.record(ann, STEP)).outcome is Outcome.THROTTLED
    assert tenant.effects() == []
    lab.clock.skip(61)
    assert (await run.step(assign_license)).counts == {"applied": 2}
    assert len(tenant.touched("user.licenses")) == 2


@pytest.mark.parametrize("fault", ["reset_after", "timeout_after"])
async def test_given_the_answer_is_lost_when_tried_again_then_nothing_is_written_twice(
    lab, tenant, run, ann, fault
):
    tenant.fail(CALL, fault, delay=0.1)

    result = await run.step(assign_license)

    assert result.counts == {"transient": 2}
    assert (await lab.record(ann, STEP)).code == "microsoft_unavailable"
    lab.clock.skip(10)
    again = await run.step(assign_license)
    assert again.counts == {"applied": 2}
    assert len(tenant.touched("user.licenses")) == 2
    assert tenant.redundant == 0  # it looked before it wrote


async def test_given_a_crash_before_the_commit_when_rerun_then_the_effect_happens_once(
    lab, tenant, run, ann
):
    lab.ledger.die_before("commit")
    with pytest.raises(Crash):
        await run.step(assign_license)
    await lab.restart()

    assert (await run.step(assign_license)).counts == {"applied": 2}
    assert len(tenant.touched("user.licenses")) == 2
    assert tenant.redundant <= 2  # one chunk for one crash


async def test_given_seats_ran_out_since_the_plan_when_assigned_then_blocked_without_a_seat(
    lab, tenant, build, run
):
    used = 2  # the boss, and the one whose group gives it
    tenant.change({"op": "setSeats", "skuId": build.E3, "enabled": used + 1})

    result = await run.step(assign_license)

    assert result.counts == {"applied": 1, "blocked": 1}
    codes = {u.steps[STEP].code for u in (await lab.people()).values()}
    assert codes == {"", "no_seats_left"}


async def test_given_the_last_seat_is_gone_when_assigned_then_later_chunks_are_not_asked_for_it(
    lab, build, tenant
):
    people = [build.a_person(f"p{n:02}") for n in range(45)]
    switched_off = build.a_person("zoe").licensed(build.E3, off=(build.TEAMS_PLAN,))
    run = await lab.start(build.a_council(*people, switched_off).in_batches(canary=46, size=100))
    await run.until(assign_license)
    used = 3  # the boss, the one whose group gives it, and Zoe
    tenant.change({"op": "setSeats", "skuId": build.E3, "enabled": used + 5})

    result = await run.step(assign_license)

    assert result.counts == {"applied": 6, "blocked": 40}
    assert tenant.writes <= 20 + 1  # one chunk, and Zoe, who needs no seat
    assert held(tenant, switched_off.id) == {build.E3: set()}


async def test_given_the_location_is_still_open_when_run_then_nobody_is_licensed(
    lab, build, tenant
):
    ida = build.a_person("ida").without_location()
    run = await lab.start(build.a_council(ida))
    await run.step(resolve_batch)

    result = await run.step(assign_license)

    assert result.counts == {}
    assert tenant.writes == 0


async def test_given_a_licence_to_replace_when_assigned_then_the_swap_is_one_call(
    lab, build, tenant
):
    fred = build.a_person("fred").licensed(build.F1).with_profile("exchanged")  # they conflict
    run = await lab.start(build.a_council(fred))
    await run.until(assign_license)

    result = await run.step(assign_license)

    assert result.counts == {"applied": 1}
    assert held(tenant, fred.id) == {build.E3: set()}
    assert tenant.writes == 1
