"""assign_phone_number: ordered once, followed to the end, patient until Teams knows the person."""

import pytest

from activities.assign_phone_number import assign_phone_number
from teams_rollout.domain.vocabulary import Outcome, Step, UserState
from tests.acceptance.activities.lab import Crash

pytestmark = pytest.mark.azurite

CALL = "/admin/teams/telephoneNumberManagement/numberAssignments/*assignNumber"
STEP = Step.PHONE_NUMBER
NUMBER = "+441632960001"


@pytest.fixture
def ann(build):
    """Licensed for calling already, so that nothing but the number is missing."""
    return build.a_person("ann").licensed(build.E3, build.VOICE).wanting(NUMBER)


@pytest.fixture
async def run(lab, build, ann):
    run = await lab.start(build.a_council(ann))
    await run.until(assign_phone_number)
    return run


async def test_given_a_person_enabled_for_calling_when_assigned_then_the_number_is_theirs(
    lab, tenant, run, ann
):
    result = await run.step(assign_phone_number)

    assert result.counts == {"applied": 1}
    assert tenant.user(ann.id)["telephoneNumbers"] == [NUMBER]
    assert tenant.touched("user.number") == [ann.id]


async def test_given_it_is_done_when_run_again_then_no_write_is_sent(tenant, run):
    await run.step(assign_phone_number)
    before = tenant.writes

    result = await run.step(assign_phone_number)

    assert result.counts == {"applied": 1}
    assert tenant.writes == before


async def test_given_the_number_is_held_when_planned_then_no_write_is_sent(lab, build, tenant):
    ann = build.a_person("ann").licensed(build.E3, build.VOICE).holding(NUMBER).wanting(NUMBER)
    run = await lab.start(build.a_council(ann))
    await run.until(assign_phone_number)

    await run.step(assign_phone_number)

    assert tenant.touched("user.number") == []
    assert (await lab.record(ann, STEP)).outcome is Outcome.ALREADY


async def test_given_throttling_when_run_then_it_waits_as_long_as_asked_and_then_succeeds(
    lab, tenant, run, ann
):
    tenant.fail(CALL, "429", method="POST", retry_after=30)

    result = await run.step(assign_phone_number)

    assert 25 < (result.retry_at - lab.clock()).total_seconds() <= 30
    assert (await lab.record(ann, STEP)).outcome is Outcome.THROTTLED
    assert tenant.touched("user.number") == []
    lab.clock.skip(31)
    assert (await run.step(assign_phone_number)).counts == {"applied": 1}


@pytest.mark.parametrize("fault", ["reset_after", "timeout_after"])
async def test_given_the_answer_is_lost_when_tried_again_then_the_number_is_given_once(
    lab, tenant, run, ann, fault
):
    tenant.fail(CALL, fault, method="POST", delay=0.1)

    assert (await run.step(assign_phone_number)).counts == {"transient": 1}
    lab.clock.skip(10)
    await run.step(assign_phone_number)

    assert (await lab.record(ann, STEP)).outcome in (Outcome.APPLIED, Outcome.ALREADY)
    assert tenant.touched("user.number") == [ann.id]


async def test_given_a_crash_before_the_commit_when_rerun_then_the_number_is_given_once(
    lab, tenant, run, ann
):
    lab.ledger.die_before("commit")
    with pytest.raises(Crash):
        await run.step(assign_phone_number)
    await lab.restart()

    await run.step(assign_phone_number)

    assert (await lab.record(ann, STEP)).outcome in (Outcome.APPLIED, Outcome.ALREADY)
    assert tenant.touched("user.number") == [ann.id]


async def test_given_somebody_else_holds_the_number_when_planned_then_blocked_without_a_write(
    lab, build, tenant, ann
):
    holder = build.a_person("hal").licensed(build.E3, build.VOICE).holding(NUMBER)
    run = await lab.start(build.a_council(ann, holder))
    await run.until(assign_phone_number)

    await run.step(assign_phone_number)

    assert (await lab.record(ann, STEP)).code == "number_in_use"
    assert tenant.touched("user.number") == []


async def test_given_somebody_took_the_number_since_the_plan_when_refused_then_blocked(
    lab, build, tenant, run, ann
):
    tenant.change({"op": "setNumber", "id": build.BOSS.id, "number": NUMBER})

    await run.step(assign_phone_number)

    record = await lab.record(ann, STEP)
    assert (record.outcome, record.code) == (Outcome.BLOCKED, "number_in_use")


async def test_given_calling_is_not_enabled_yet_when_refused_then_it_waits_for_microsoft(
    lab, build, tenant
):
    nia = build.a_person("nia").licensed(build.E3, build.VOICE).wanting(NUMBER)
    run = await lab.start(build.a_council(nia))
    await run.until(assign_phone_number)
    both = [{"skuId": sku, "disabledPlans": []} for sku in (build.E3, build.VOICE)]
    tenant.change({"op": "setLicenses", "id": nia.id, "assignedLicenses": both[:1]})

    result = await run.step(assign_phone_number)

    record = await lab.record(nia, STEP)
    assert (record.outcome, record.code) == (Outcome.WAITING, "waiting_for_microsoft")
    assert result.retry_at is None
    tenant.change({"op": "setLicenses", "id": nia.id, "assignedLicenses": both})
    assert (await run.step(assign_phone_number)).counts == {"applied": 1}
    assert tenant.user(nia.id)["telephoneNumbers"] == [NUMBER]


async def test_given_no_licence_with_telephony_when_planned_then_the_number_is_known_as_blocked(
    lab, build, tenant
):
    nia = build.a_person("nia").wanting(NUMBER).with_profile("office")
    run = await lab.start(build.a_council(nia))

    await run.closed()

    person = await lab.person(nia)
    assert (person.summary.state, person.summary.code) == (
        UserState.BLOCKED,
        "phone_system_missing",
    )
    assert person.steps[STEP].foreseen
    assert tenant.touched("user.number") == []


async def test_given_an_order_whose_progress_cannot_be_read_when_followed_then_it_is_not_repeated(
    lab, build, tenant
):
    nia = build.a_person("nia").licensed(build.E3, build.VOICE).wanting(NUMBER)
    run = await lab.start(build.a_council(nia))
    await run.until(assign_phone_number)
    tenant.fail("/admin/teams/telephoneNumberManagement/operations/*", "503", method="GET", count=5)

    result = await run.step(assign_phone_number)

    assert result.counts == {"applied": 1}
    assert tenant.touched("user.number") == [nia.id]
    assert tenant.redundant == 0
