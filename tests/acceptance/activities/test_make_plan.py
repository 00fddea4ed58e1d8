"""make_plan: says what a wave would do, to whom and why not, and changes nothing."""

from datetime import timedelta

import pytest

from activities.make_plan import make_plan
from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.domain.vocabulary import WaveState
from teams_rollout.ledger.records import OperationStatus
from tests.acceptance.activities.lab import ROLLOUT, Crash

pytestmark = pytest.mark.azurite

NUMBER = "+441632960003"


@pytest.fixture
def council(build):
    ann = build.a_person("ann").without_location().homed("online").joining("housing")
    holder = build.a_person("hal").holding(NUMBER).in_wave("Other")
    caller = build.a_person("cara").wanting(NUMBER)
    people = (
        ann,
        build.an_employee_who_is_through("zoe"),
        build.a_person("gus").as_guest(),
        caller,
        build.a_person("orla").joining("payslips"),
        holder,
    )
    taken = build.a_team("payslips").with_nickname(build.TAKEN_NICKNAME)
    return build.a_council(*people).with_teams(build.a_team("housing"), taken)


async def plan(lab, operation_id, wave="pilot"):
    request = OperationRequest(rollout_id=ROLLOUT, operation_id=operation_id, wave=wave)
    return await make_plan(lab.deps, request)


async def rows(lab, plan_id):
    return {r.upn.partition("@")[0]: r for r in await lab.ledger.list_plan_rows(plan_id)}


async def test_given_a_wave_when_planned_then_everybody_is_classified_with_a_reason(lab, council):
    await lab.bring_in(council)
    operation = await lab.operation("plan")

    result = await plan(lab, operation)

    assert result.counts == {"eligible": 3, "done": 1, "skipped": 1}
    found = await rows(lab, operation)
    assert {n: (r.kind, r.code) for n, r in found.items()} == {
        "ann": ("eligible", ""),
        "zoe": ("done", ""),
        "gus": ("skipped", "guest_account"),
        "cara": ("eligible", "number_in_use"),
        "orla": ("eligible", "team_name_taken"),
    }
    changes = [(c["step"], c["from"], c["to"]) for c in found["ann"].changes]
    assert changes == [
        ("usage_location", "none", "GB"),
        ("license", "none", "SPE_E3"),
        ("team_membership", "not a member", "housing"),
        ("policies", "TeamsMeetingPolicy: default", "TeamsMeetingPolicy: AllOn"),
        ("coexistence", "default", "TeamsOnly"),
    ]


async def test_given_a_wave_when_planned_then_seats_time_and_requests_are_foretold(lab, council):
    await lab.bring_in(council)
    operation = await lab.operation("plan")

    await plan(lab, operation)

    header = await lab.ledger.find_plan(operation)
    assert header.users == 5
    assert header.expires_at - header.made_at == timedelta(hours=24)
    needed = {s["sku"]: (s["needed"], s["short"]) for s in header.seats}
    assert needed == {"SPE_E3": (3, 0), "MCOEV": (1, 0)}
    assert header.graph["reads"] > 0
    assert header.graph["writes"] >= 5


async def test_given_a_wave_when_planned_then_nothing_changes_but_the_plan(lab, tenant, council):
    await lab.bring_in(council)
    before = await lab.people()

    await plan(lab, await lab.operation("plan"))

    assert tenant.writes == 0
    assert tenant.effects() == []
    assert await lab.people() == before
    assert (await lab.wave()).state is WaveState.PLANNED


async def test_given_a_running_wave_when_planned_then_it_runs_on(lab, build):
    run = await lab.start(build.a_council(build.a_person("ann")))
    before = await lab.wave()

    await plan(lab, await lab.operation("plan"))

    assert await lab.wave() == before
    assert (await run.batches())[0].keys


async def test_given_no_such_wave_when_planned_then_the_operation_says_so(lab, council):
    await lab.bring_in(council)
    operation = await lab.operation("plan")

    result = await plan(lab, operation, wave="nowhere")

    record = await lab.result_of(operation)
    assert not result.succeeded
    assert (record.status, record.error["code"]) == (OperationStatus.FAILED, "wave_not_found")


@pytest.mark.parametrize("write", ["save_plan", "save_wave", "save_operation"])
async def test_given_a_crash_when_planned_again_then_there_is_one_whole_plan(lab, council, write):
    await lab.bring_in(council)
    operation = await lab.operation("plan")
    lab.ledger.die_before(write)
    with pytest.raises(Crash):
        await plan(lab, operation)

    await plan(lab, operation)

    assert len(await rows(lab, operation)) == 5
    assert (await lab.result_of(operation)).status is OperationStatus.SUCCEEDED
    assert (await lab.wave()).plan_id == operation


async def test_given_a_wave_that_is_just_starting_when_planned_then_its_start_goes_on(lab, council):
    await lab.bring_in(council)
    run = await lab.schedule()

    await plan(lab, await lab.operation("plan"))

    assert (await lab.wave()).state is WaveState.SCHEDULED
    assert (await run.open()).started
