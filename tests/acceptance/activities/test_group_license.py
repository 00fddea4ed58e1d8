"""Licences through a group: twenty in one request, and what Microsoft makes of it is read back."""

import asyncio

import pytest

from activities.assign_license import assign_license
from activities.examine_tenant import examine_tenant
from activities.make_plan import make_plan
from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.domain.progress import Stage
from teams_rollout.domain.vocabulary import Outcome, Step, UserState
from tests.acceptance.activities.lab import ROLLOUT, STEPS, Crash

pytestmark = pytest.mark.azurite

STEP = Step.LICENSE
JOIN = "/groups/*"


@pytest.fixture
def people(build):
    return [build.a_person(f"p{n:02}").with_profile("grouped") for n in range(25)]


async def begin(lab, council):
    run = await lab.start(council)
    await run.until(assign_license)
    return run


async def answered(lab, run, body=assign_license):
    """Until Microsoft has carried it out in the background, or the batch leaves it."""
    for _ in range(60):
        result = await run.step(body)
        if result.retry_at is None:
            return result
        await asyncio.sleep(0.06)
        lab.clock.skip_to(result.retry_at)
    raise AssertionError("the step is never answered")


async def through(lab, run):
    for body in STEPS:
        await answered(lab, run, body)


def put_in(tenant):
    return sorted(e["after"] for e in tenant.effects("group.member") if e["after"])


async def planned(lab, wave="pilot"):
    operation = await lab.operation("plan")
    request = OperationRequest(rollout_id=ROLLOUT, operation_id=operation, wave=wave)
    await make_plan(lab.deps, request)
    header = await lab.ledger.find_plan(operation)
    rows = await lab.ledger.list_plan_rows(operation)
    return header, {r.upn.partition("@")[0]: r for r in rows}


async def test_given_people_without_licence_when_planned_then_seats_and_group_are_shown(
    lab, build, people
):
    await lab.bring_in(build.a_council(*people))

    header, rows = await planned(lab)

    assert rows["p00"].changes == (
        {"step": "license", "from": "none", "to": "SPE_E3 through lic-e3"},
    )
    assert [(s["sku"], s["needed"]) for s in header.seats] == [("SPE_E3", 25)]
    assert header.graph["writes"] == 2  # 25 people, 20 in a request


async def test_given_people_when_put_into_the_group_then_once_and_licensed_in_the_background(
    lab, build, tenant, people
):
    run = await begin(lab, build.a_council(*people).in_batches(canary=0, size=100))

    first = await run.step(assign_license)
    waiting = await lab.person(people[0])
    last = await answered(lab, run)

    assert first.counts == {"waiting": 25}
    assert first.retry_at is not None
    assert waiting.steps[STEP].stage is Stage.JOINED
    assert (waiting.summary.state, waiting.summary.code, waiting.summary.step) == (
        UserState.WAITING,
        "waiting_for_microsoft",
        STEP,
    )
    assert last.counts == {"applied": 25}
    assert put_in(tenant) == sorted(p.id for p in people)
    assert (tenant.writes, tenant.redundant) == (2, 0)
    assert tenant.effects("user.licenses") == []


async def test_given_the_group_by_its_id_when_run_to_the_close_then_everybody_is_done(
    lab, build, tenant
):
    ann = build.a_person("ann").with_profile("by id").without_location()
    run = await lab.start(build.a_council(ann))

    await through(lab, run)
    await run.verified()

    assert (await lab.person(ann)).summary.state is UserState.DONE
    kinds = [e["kind"] for e in tenant.effects()]
    assert kinds == ["user.usageLocation", "group.member"]


async def test_given_the_group_is_at_work_when_steps_run_then_none_after_the_licence_does(
    lab, build
):
    ann = build.a_person("ann").with_profile("grouped").joining("housing")
    run = await begin(lab, build.a_council(ann).with_teams(build.a_team()))
    await run.step(assign_license)

    for body in STEPS[STEPS.index(assign_license) + 1 :]:
        await run.step(body)

    assert Step.TEAM_MEMBERSHIP not in (await lab.person(ann)).steps


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ("synced", "group_managed_on_premises"),
        ("ruled", "group_filled_by_rule"),
        ("empty", "license_missing_in_group"),
        ("nowhere", "group_not_found"),
        ("offed", "teams_plan_disabled_by_group"),
    ],
)
async def test_given_a_group_that_cannot_help_when_planned_then_blocked_before_any_write(
    lab, build, tenant, profile, code
):
    ann = build.a_person("ann").without_location().with_profile(profile)
    await lab.bring_in(build.a_council(ann))

    _, rows = await planned(lab)
    run = await lab.schedule()
    await run.open()

    assert (rows["ann"].kind, rows["ann"].code) == ("blocked", code)
    record = await lab.record(ann, STEP)
    assert (record.outcome, record.code, record.foreseen) == (Outcome.BLOCKED, code, True)
    assert tenant.writes == 0


async def test_given_who_holds_it_already_when_run_then_the_group_is_left_alone(lab, build, tenant):
    off = (build.TEAMS_PLAN, build.SWAY_PLAN)
    held = build.a_person("held").licensed().with_profile("grouped")
    trimmed = build.a_person("trim").licensed(build.E3, off=off).with_profile("grouped")
    run = await begin(lab, build.a_council(held, trimmed))

    await answered(lab, run)

    assert put_in(tenant) == []
    assert tenant.touched("user.licenses") == [trimmed.id]
    (licence,) = tenant.user(trimmed.id)["assignedLicenses"]
    assert licence["disabledPlans"] == [build.SWAY_PLAN]


async def test_given_a_licence_to_replace_when_the_group_has_licensed_then_it_goes_last(
    lab, build, tenant
):
    dai = build.a_person("dai").licensed(build.VOICE).with_profile("swapped")
    run = await begin(lab, build.a_council(dai))

    await answered(lab, run)

    assert [e["kind"] for e in tenant.effects()] == ["group.member", "user.licenses"]
    assert tenant.user(dai.id)["assignedLicenses"] == []
    assert tenant.redundant == 0


async def test_given_the_licence_to_replace_conflicts_when_run_then_it_makes_way_and_all_is_well(
    lab, build, tenant
):
    fay = build.a_person("fay").licensed(build.F1).with_profile("swapped")
    run = await lab.start(build.a_council(fay))

    await through(lab, run)
    await run.verified()

    assert (await lab.person(fay)).summary.state is UserState.DONE
    assert [e["kind"] for e in tenant.effects()][:2] == ["group.member", "user.licenses"]
    assert tenant.redundant == 0


async def test_given_a_conflict_that_nothing_replaces_when_run_then_blocked_with_its_reason(
    lab, build, tenant
):
    fred = build.a_person("fred").licensed(build.F1).with_profile("grouped").joining("housing")
    run = await lab.start(build.a_council(fred).with_teams(build.a_team()))

    await through(lab, run)

    record = await lab.record(fred, STEP)
    assert (record.outcome, record.code) == (Outcome.BLOCKED, "conflicting_license")
    assert Step.TEAM_MEMBERSHIP not in (await lab.person(fred)).steps
    assert tenant.touched("user.licenses") == []


async def test_given_seats_that_were_short_when_there_are_some_again_then_it_is_tried_again(
    lab, build, tenant
):
    ann = build.a_person("ann").with_profile("grouped")
    tenant.change({"op": "setSeats", "skuId": build.E3, "enabled": 2})
    await lab.bring_in(build.a_council(ann))
    await put_into_group(tenant, build, ann)

    _, short = await planned(lab)
    tenant.change({"op": "setSeats", "skuId": build.E3, "enabled": 3})
    _, enough = await planned(lab)
    run = await lab.schedule()
    await run.open()
    await through(lab, run)

    assert (short["ann"].kind, short["ann"].code) == ("blocked", "no_seats_left")
    assert enough["ann"].kind == "eligible"
    assert (await lab.record(ann, STEP)).outcome is Outcome.APPLIED
    assert put_in(tenant) == [ann.id]
    assert tenant.redundant == 0


async def put_into_group(tenant, build, person):
    """As an administrator had done before: the group has come to the person, and failed."""
    tenant.patch(
        f"/groups/{build.FULL_GROUP}",
        {"members@odata.bind": [f"https://graph.microsoft.com/v1.0/users/{person.id}"]},
    )
    await asyncio.sleep(0.3)


async def test_given_an_error_that_nobody_has_cured_when_tried_again_then_its_reason_stays(
    lab, build, tenant
):
    fred = build.a_person("fred").licensed(build.F1).with_profile("grouped")
    await lab.bring_in(build.a_council(fred))
    await put_into_group(tenant, build, fred)
    _, rows = await planned(lab)
    run = await lab.schedule()
    await run.open()

    await through(lab, run)

    assert (rows["fred"].kind, rows["fred"].code) == ("eligible", "conflicting_license")
    record = await lab.record(fred, STEP)
    assert (record.outcome, record.code, record.foreseen) == (
        Outcome.BLOCKED,
        "conflicting_license",
        True,
    )


async def test_given_an_error_after_the_batch_when_swept_then_it_is_read_from_the_person(
    open_lab, start_tenant, build
):
    hours = 3600 * 4  # four seconds of ours: longer than the batch waits here
    tenant = start_tenant(build.a_tenant(lag={"group_licence": hours}))
    lab = await open_lab(tenant)
    ann = build.a_person("ann").with_profile("grouped")
    run = await begin(lab, build.a_council(ann))
    tenant.change({"op": "setSeats", "skuId": build.E3, "enabled": 2})
    await run.step(assign_license)
    lab.clock.skip(3)
    assert (await run.step(assign_license)).retry_at is None

    await run.verified()

    person = await lab.person(ann)
    assert (person.summary.state, person.summary.code) == (UserState.BLOCKED, "no_seats_left")


async def test_given_one_who_left_when_put_in_then_the_others_do_not_suffer(
    lab, build, tenant, people
):
    run = await begin(lab, build.a_council(*people[:8]))
    tenant.change({"op": "deleteUser", "id": people[3].id})

    result = await answered(lab, run)

    assert result.counts == {"applied": 7, "blocked": 1}
    assert (await lab.record(people[3], STEP)).code == "user_not_found"
    assert len(put_in(tenant)) == 7


@pytest.mark.parametrize("fault", ["reset_after", "timeout_after", "reset_before", "500"])
async def test_given_the_answer_is_lost_when_tried_again_then_nothing_is_written_twice(
    lab, build, tenant, people, fault
):
    run = await begin(lab, build.a_council(*people[:20]))
    tenant.fail(JOIN, fault, delay=0.1, method="PATCH")

    result = await answered(lab, run)

    assert result.counts == {"applied": 20}
    assert put_in(tenant) == sorted(p.id for p in people[:20])
    assert tenant.redundant == 0


async def test_given_a_crash_before_the_commit_when_rerun_then_everybody_is_in_once(
    lab, build, tenant, people
):
    run = await begin(lab, build.a_council(*people[:20]))
    lab.ledger.die_before("commit")
    with pytest.raises(Crash):
        await run.step(assign_license)
    await lab.restart()

    assert (await answered(lab, run)).counts == {"applied": 20}
    assert put_in(tenant) == sorted(p.id for p in people[:20])
    assert tenant.redundant == 0


@pytest.mark.parametrize("path", ["/users/*/assignLicense", "/users/*/reprocessLicenseAssignment"])
@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "429"])
async def test_given_a_fault_while_making_way_when_tried_again_then_it_ends_well(
    lab, build, tenant, path, fault
):
    fay = build.a_person("fay").licensed(build.F1).with_profile("swapped")
    run = await begin(lab, build.a_council(fay))
    tenant.fail(path, fault, delay=0.1)

    result = await answered(lab, run)

    assert result.counts == {"applied": 1}
    assert [e["kind"] for e in tenant.effects()] == ["group.member", "user.licenses"]
    assert tenant.redundant <= (fault == "reset_after")


async def test_given_a_licensing_group_that_does_not_do_when_examined_then_the_doctor_says_so(
    lab, build
):
    people = [
        build.a_person("ann").with_profile("grouped"),
        build.a_person("bob").with_profile("synced"),
    ]
    await lab.bring_in(build.a_council(*people))
    operation = await lab.operation("doctor")

    await examine_tenant(lab.deps, OperationRequest(rollout_id=ROLLOUT, operation_id=operation))

    checks = {c["check"]: c for c in (await lab.result_of(operation)).result["checks"]}
    assert checks["licensing group of grouped"]["ok"]
    assert not checks["licensing group of synced"]["ok"]
