"""verify_wave: done means seen at Microsoft; a list proves presence, only a read by id absence."""

import pytest

from activities.assign_phone_number import assign_phone_number
from activities.verify_wave import verify_wave
from graph.errors import GraphReadError
from teams_rollout.domain.verification import FEWEST_SWEEPS
from teams_rollout.domain.vocabulary import Outcome, Step, UserState, WaveState
from tests.acceptance.activities.builders import E3
from tests.acceptance.activities.lab import STEPS, Crash

pytestmark = pytest.mark.azurite

DEADLINE = 49  # 48 h in the time of the lab
BY_ID = "GET /users/{user}"
NUMBER = "+441632960002"


async def accepted(lab, council):
    """A wave of which every part has been accepted and nothing looked at yet."""
    run = await lab.start(council)
    await through_steps(run)
    return run


async def through_steps(run):
    for batch in await run.batches():
        for body in STEPS:
            await run.answered(body, batch.number)


def without_telephony(tenant, person):
    """Microsoft has not enabled the person for calling, whatever Entra showed to the plan."""
    held = [{"skuId": E3, "disabledPlans": []}]
    tenant.change({"op": "setLicenses", "id": person.id, "assignedLicenses": held})


@pytest.fixture
def ann(build):
    return build.a_person("ann").without_location().homed("online")


def reads_by_id(tenant):
    return sum(tenant.requests()["by_route"].get(BY_ID, {}).values())


async def test_given_accepted_changes_when_microsoft_shows_them_then_the_person_is_done(
    lab, build, tenant, ann
):
    run = await accepted(lab, build.a_council(ann))
    assert (await lab.person(ann)).summary.state is UserState.WAITING

    await run.verified()

    person = await lab.person(ann)
    assert person.summary.state is UserState.DONE
    assert person.observed.teams_enabled
    assert reads_by_id(tenant) == 0
    seen = {e.step for e in await lab.timeline(ann) if e.outcome == "verified"}
    assert seen >= {"usage_location", "license", "policies", "coexistence"}


async def test_given_nobody_waits_when_swept_then_nothing_is_read(lab, build, tenant):
    run = await accepted(lab, build.a_council(build.an_employee_who_is_through("zoe")))
    before = tenant.requests()["total"]

    answer = await run.sweep()

    assert (answer.waiting, answer.next_at) == (0, None)
    assert tenant.requests()["total"] == before


async def test_given_changes_not_shown_yet_when_swept_then_it_says_when_to_look_again(
    lab, build, tenant, ann
):
    run = await accepted(lab, build.a_council(ann))
    tenant.change(not_shown(ann))

    pauses = []
    for _ in range(4):
        answer = await run.sweep()
        assert answer.waiting == 1
        pauses.append((answer.next_at - lab.clock()).total_seconds())

    assert pauses == sorted(pauses)
    assert (await lab.record(ann, Step.POLICIES)).outcome is Outcome.APPLIED
    assert reads_by_id(tenant) == 0


def not_shown(person):
    """Somebody takes the policy away: Microsoft will never show ours."""
    policy = {"policyType": "TeamsMeetingPolicy", "policyName": None}
    return {"op": "setPolicy", "id": person.id, **policy}


async def looked_often(run) -> None:
    """Being late needs looks, not only time: our own downtime is not Microsoft's."""
    for _ in range(FEWEST_SWEEPS):
        await run.sweep()


async def test_given_we_were_down_past_the_deadline_when_swept_then_nobody_is_called_stalled(
    lab, build, tenant, ann
):
    run = await accepted(lab, build.a_council(ann))
    tenant.change(not_shown(ann))
    await run.verified(but=1)
    lab.clock.skip(DEADLINE)

    answer = await run.sweep()

    assert answer.waiting == 1
    assert not (await lab.record(ann, Step.POLICIES)).stalled


async def test_given_a_change_is_never_shown_when_the_deadline_passes_then_the_person_is_stalled(
    lab, build, tenant, ann
):
    bob = build.a_person("bob")
    run = await accepted(lab, build.a_council(ann, bob))
    tenant.change(not_shown(ann))
    await run.verified(but=1)
    await looked_often(run)
    lab.clock.skip(DEADLINE)

    answer = await run.sweep()

    assert (answer.waiting, answer.next_at) == (0, None)
    record = await lab.record(ann, Step.POLICIES)
    assert (record.outcome, record.code, record.stalled) == (
        Outcome.FAILED,
        "not_verified_in_time",
        True,
    )
    assert reads_by_id(tenant) == 1  # for the one who is late, once
    assert (await lab.person(bob)).summary.state is UserState.DONE


async def test_given_the_list_is_stale_when_the_deadline_passes_then_a_read_by_id_decides(
    start_tenant, open_lab, build
):
    slow = start_tenant(build.a_tenant(lag={"directory": 400_000, "location": 0}))
    lab = await open_lab(slow)
    ann = build.a_person("ann").without_location()
    run = await accepted(lab, build.a_council(ann))
    assert (await run.sweep()).waiting == 1
    await looked_often(run)
    lab.clock.skip(DEADLINE)

    await run.sweep()

    record = await lab.record(ann, Step.USAGE_LOCATION)
    assert record.verified_at is not None
    assert not record.stalled


async def test_given_somebody_was_deleted_when_the_deadline_passes_then_stalled_not_lost(
    lab, build, tenant, ann
):
    run = await accepted(lab, build.a_council(ann))
    tenant.change({"op": "deleteUser", "id": ann.id})
    await looked_often(run)
    lab.clock.skip(DEADLINE)

    answer = await run.sweep()

    assert answer.waiting == 0
    assert (await lab.person(ann)).summary.state is UserState.FAILED


async def test_given_a_refused_licence_when_swept_then_nobody_waits_for_what_would_follow(
    lab, build
):
    fred = build.a_person("fred").licensed(build.F1)  # Teams would make him TeamsOnly
    run = await accepted(lab, build.a_council(fred))

    assert (await run.sweep()).next_at is None
    assert (await lab.person(fred)).summary.code == "conflicting_license"


async def test_given_what_was_verified_when_it_goes_away_then_a_sweep_does_not_take_it_back(
    lab, build, tenant, ann
):
    run = await accepted(lab, build.a_council(ann))
    await run.verified()
    tenant.change({"op": "setLicenses", "id": ann.id, "assignedLicenses": []})

    await run.sweep()

    assert (await lab.person(ann)).summary.state is UserState.DONE


async def test_given_members_were_sent_when_the_group_shows_them_then_membership_is_verified(
    lab, build, tenant
):
    ann = build.a_person("ann").joining("housing")
    run = await lab.start(build.a_council(ann).with_teams(build.a_team("housing")))

    await run.through()

    record = await lab.record(ann, Step.TEAM_MEMBERSHIP)
    assert record.verified_at is not None
    assert (await lab.person(ann)).observed.in_teams == ("housing",)


async def test_given_a_number_had_to_wait_when_teams_knows_the_person_then_its_batch_is_named(
    lab, build, tenant
):
    nia = build.a_person("nia").licensed(build.E3, build.VOICE).wanting(NUMBER)
    run = await lab.start(build.a_council(nia))
    without_telephony(tenant, nia)
    await through_steps(run)
    assert (await lab.record(nia, Step.PHONE_NUMBER)).outcome is Outcome.WAITING

    assert (await run.sweep()).due_numbers == (1,)
    both = [{"skuId": sku, "disabledPlans": []} for sku in (build.E3, build.VOICE)]
    tenant.change({"op": "setLicenses", "id": nia.id, "assignedLicenses": both})
    await run.verified()
    assert (await lab.person(nia)).summary.state is UserState.DONE
    assert tenant.touched("user.number") == [nia.id]


async def test_given_an_order_was_put_off_when_swept_then_its_batch_is_named_until_it_is_taken(
    lab, build, tenant
):
    nia = build.a_person("nia").licensed(build.E3, build.VOICE).wanting(NUMBER)
    run = await lab.start(build.a_council(nia))
    without_telephony(tenant, nia)
    await through_steps(run)
    both = [{"skuId": sku, "disabledPlans": []} for sku in (build.E3, build.VOICE)]
    tenant.change({"op": "setLicenses", "id": nia.id, "assignedLicenses": both})
    tenant.fail("/admin/teams/telephoneNumberManagement/*/*", "429", method="POST", retry_after=40)
    await run.step(assign_phone_number)
    assert (await lab.record(nia, Step.PHONE_NUMBER)).outcome is Outcome.THROTTLED

    answer = await run.sweep()

    assert (answer.waiting, answer.due_numbers) == (1, (1,))
    lab.clock.skip(41)
    await run.verified()
    assert (await lab.person(nia)).summary.state is UserState.DONE


async def test_given_nobody_ever_enables_calling_when_the_deadline_passes_then_the_wave_can_close(
    lab, build, tenant
):
    through = build.an_employee_who_is_through("nia")
    nia = through.licensed(build.E3, build.VOICE).wanting(NUMBER)
    run = await lab.start(build.a_council(nia))
    without_telephony(tenant, nia)
    await through_steps(run)
    for _ in range(FEWEST_SWEEPS + 2):
        lab.clock.skip(2 * DEADLINE / FEWEST_SWEEPS)
        await run.step(assign_phone_number)
        answer = await run.sweep()

    assert answer.waiting == 0
    person = await lab.person(nia)
    assert (person.summary.state, person.summary.code) == (
        UserState.BLOCKED,
        "phone_system_missing",
    )


async def test_given_a_source_cannot_be_read_when_swept_then_nothing_is_concluded(
    lab, build, tenant, ann
):
    run = await accepted(lab, build.a_council(ann))
    before = await lab.people()
    lab.clock.skip(DEADLINE)
    tenant.fail("/admin/teams/userConfigurations", "429", method="GET", retry_after=60)

    with pytest.raises(GraphReadError):
        await run.sweep()

    assert await lab.people() == before


@pytest.mark.parametrize("write", ["commit", "save_wave"])
async def test_given_a_crash_when_swept_again_then_the_same_end(lab, build, ann, write):
    run = await accepted(lab, build.a_council(ann))
    lab.ledger.die_before(write)
    with pytest.raises(Crash):
        await run.verified()

    await run.verified()

    assert (await lab.person(ann)).summary.state is UserState.DONE


async def test_given_a_closed_wave_when_swept_then_nothing_happens(lab, build, tenant, ann):
    run = await accepted(lab, build.a_council(ann))
    await run.move_to(WaveState.CANCELLED)

    answer = await verify_wave(lab.deps, run.request)

    assert answer.next_at is None
    assert (await lab.record(ann, Step.LICENSE)).verified_at is None
