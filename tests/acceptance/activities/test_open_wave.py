"""open_wave: plans again, takes only who can be taken, and starts nothing it must not start."""

from datetime import date

import pytest

from activities.mark_members_ready import mark_members_ready
from activities.open_wave import open_wave
from teams_rollout.domain.vocabulary import BatchState, Environment, Outcome, Step, WaveState
from teams_rollout.ledger.records import OperationStatus
from tests.acceptance.activities.lab import ROLLOUT, Crash, with_environment

pytestmark = pytest.mark.azurite

OTHER_TENANT = "00000000-0000-4000-8000-000000000001"


async def scheduled(lab, council, **changes):
    await lab.bring_in(council)
    return await lab.schedule(**changes)


async def test_given_people_of_every_kind_when_opened_then_only_the_eligible_are_in_batches(
    lab, build, tenant
):
    hold = date(2099, 1, 1)
    kinds = {
        "new": build.a_person("new"),
        "through": build.an_employee_who_is_through("through"),
        "guest": build.a_person("guest").as_guest(),
        "disabled": build.a_person("disabled").disabled(),
        "unknown": build.a_person("unknown").unknown_to_microsoft(),
        "held": build.a_person("held").on_hold_until(hold),
    }
    run = await scheduled(lab, build.a_council(*kinds.values()))

    result = await run.open()

    assert (result.started, result.batches) == (True, 1)
    assert tenant.writes == 0
    people = await lab.people()
    assert {n for n, u in people.items() if u.batch} == {"new"}
    ends = {n: (u.summary.state.value, u.summary.code) for n, u in people.items() if n != "new"}
    assert ends == {
        "through": ("done", ""),
        "guest": ("skipped", "guest_account"),
        "disabled": ("skipped", "account_disabled"),
        "unknown": ("blocked", "user_not_found"),
        "held": ("waiting", "on_hold"),
    }
    wave = await lab.wave()
    assert (wave.state, wave.users) == (WaveState.RUNNING, 6)


async def test_given_an_open_wave_when_opened_again_then_it_is_left_as_it_is(lab, build):
    run = await scheduled(lab, build.a_council(build.a_person("ann")))
    await run.open()
    before = await lab.wave(), await run.batches(), await lab.people()

    result = await run.open()

    assert result.started
    assert (await lab.wave(), await run.batches(), await lab.people()) == before


@pytest.mark.parametrize(
    "write", ["save_rollout", "save_seats", "save_team", "commit", "save_batch", "save_wave"]
)
async def test_given_a_crash_at_any_write_when_opened_again_then_the_same_wave_is_open(
    lab, build, tenant, write
):
    people = [build.a_person(f"p{n}").joining("housing") for n in range(5)]
    council = build.a_council(*people).with_teams(build.a_team("housing"))
    run = await scheduled(lab, council.in_batches(canary=2, size=2))
    lab.ledger.die_before(write)
    with pytest.raises(Crash):
        await run.open()

    assert (await run.open()).batches == 3
    batches = await run.batches()
    keys = [key.ref for batch in batches for key in batch.keys]
    assert len(set(keys)) == len(keys) == 5
    assert (await lab.ledger.get_seats(ROLLOUT, "SPE_E3")).reserved == {"pilot": 5}
    assert tenant.writes == 0


async def test_given_somebody_watches_when_opened_then_the_operation_tells_the_figures(lab, build):
    run = await scheduled(lab, build.a_council(build.a_person("ann")))
    operation = await lab.operation("start")

    await open_wave(lab.deps, run.watched(operation))

    record = await lab.result_of(operation)
    assert record.status is OperationStatus.SUCCEEDED
    assert (record.result["started"], record.result["eligible"]) == (True, 1)
    assert record.result["seats"][0]["sku"] == "SPE_E3"


async def test_given_an_older_start_when_it_arrives_late_then_it_is_superseded(lab, build):
    old = await scheduled(lab, build.a_council(build.a_person("ann")))
    await lab.schedule()

    assert (await old.open()).reason == "superseded"
    assert (await lab.wave()).state is WaveState.SCHEDULED


@pytest.mark.parametrize("state", [WaveState.CANCELLED, WaveState.COMPLETED, WaveState.PLANNED])
async def test_given_a_wave_that_is_not_scheduled_when_opened_then_nothing_happens(
    lab, build, state
):
    run = await scheduled(lab, build.a_council(build.a_person("ann")))
    await run.move_to(state)

    result = await run.open()

    assert not result.started
    assert (await lab.wave()).state is state


# -- seats ------------------------------------------------------------------------------------


@pytest.fixture
def rush(build):
    """Six people in an order that is not the go-order, for four seats."""
    names = ["norma", "vera", "kay", "vic", "nell", "una"]
    priorities = ["", "vip", "key", "volunteer", "", "vip"]
    pairs = zip(names, priorities, strict=True)
    return build.a_council(*(build.a_person(n).with_priority(p) for n, p in pairs))


def four_seats(build):
    used = 2  # the boss, and the one whose group gives it
    return {"op": "setSeats", "skuId": build.E3, "enabled": used + 4}


async def test_given_too_few_seats_when_opened_then_the_last_in_go_order_end_blocked_unwritten(
    lab, build, tenant, rush
):
    run = await scheduled(lab, rush)
    tenant.change(four_seats(build))

    await run.open()
    await run.through()

    ends = {n: u.summary.code for n, u in (await lab.people()).items() if u.summary.code}
    assert ends == {"vera": "no_seats_left", "una": "no_seats_left"}
    record = (await lab.people())["vera"].steps[Step.LICENSE]
    assert (record.outcome, record.foreseen) == (Outcome.BLOCKED, True)
    unlucky = {build.object_id("vera"), build.object_id("una")}
    assert not unlucky & {e["objectId"] for e in tenant.effects()}
    assert len(tenant.touched("user.licenses")) == 4


async def test_given_a_real_tenant_is_short_of_seats_when_opened_then_it_asks_first(
    lab, build, tenant, rush
):
    run = await scheduled(lab, rush)
    tenant.change(four_seats(build))
    operation = await lab.operation("start")

    result = await open_wave(with_environment(lab, Environment.LIVE).deps, run.watched(operation))

    assert not result.started
    assert "2 people" in result.reason
    assert (await lab.wave()).state is WaveState.PLANNED
    assert (await lab.result_of(operation)).result["short"] == 2
    assert tenant.writes == 0


async def test_given_a_shortage_that_is_allowed_when_opened_on_a_real_tenant_then_it_starts(
    lab, build, tenant, rush
):
    run = await scheduled(lab, rush, allow_shortage=True)
    tenant.change(four_seats(build))

    result = await open_wave(with_environment(lab, Environment.LIVE).deps, run.request)

    assert result.started


async def test_given_seats_promised_to_another_wave_when_opened_then_they_are_not_counted_on(
    lab, build, tenant
):
    first = [build.a_person(f"a{n}") for n in range(3)]
    second = [build.a_person(f"b{n}").in_wave("Second") for n in range(2)]
    await lab.bring_in(build.a_council(*first, *second))
    tenant.change(four_seats(build))
    await (await lab.schedule("pilot")).open()

    await (await lab.schedule("second")).open()

    people = await lab.people()
    without = [n for n, u in people.items() if u.summary.code == "no_seats_left"]
    assert without == ["b1"]


# -- not ours to touch ------------------------------------------------------------------------


async def test_given_another_tenant_when_opened_then_the_wave_does_not_start_and_says_why(
    lab, build, tenant
):
    run = await scheduled(lab, build.a_council(build.a_person("ann")))
    rollout = await lab.ledger.find_rollout()
    elsewhere = build.a_council().for_tenant(OTHER_TENANT).config()
    await lab.ledger.save_rollout(rollout.model_copy(update={"config": elsewhere}))
    operation = await lab.operation("start")

    result = await open_wave(lab.deps, run.watched(operation))

    assert (result.started, result.reason) == (False, "wrong_tenant")
    wave = await lab.wave()
    assert wave.state is WaveState.PLANNED
    assert OTHER_TENANT in wave.reason
    record = await lab.result_of(operation)
    assert (record.status, record.error["code"]) == (OperationStatus.FAILED, "wrong_tenant")
    assert tenant.writes == 0


@pytest.mark.parametrize(
    ("environment", "started"), [(Environment.LIVE, False), (Environment.REHEARSAL, True)]
)
async def test_given_no_tenant_id_when_opened_then_only_a_rehearsal_starts(
    lab, build, environment, started
):
    council = build.a_council(build.a_person("ann")).for_tenant(None)
    run = await scheduled(lab, council)

    result = await open_wave(with_environment(lab, environment).deps, run.request)

    assert result.started is started


async def test_given_a_permission_is_missing_when_opened_then_nobody_becomes_a_failure(
    start_tenant, open_lab, build
):
    everything = [
        "Organization.Read.All",
        "User.ReadWrite.All",
        "Group.ReadWrite.All",
        "LicenseAssignment.ReadWrite.All",
        "TeamsTelephoneNumber.ReadWrite.All",
        "TeamsPolicyUserAssign.ReadWrite.All",
        "TeamsUserConfiguration.Read.All",
    ]
    complete = start_tenant(build.a_tenant(grantedPermissions=everything))
    lab = await open_lab(complete)
    run = await scheduled(lab, build.a_council(build.a_person("ann")))
    restricted = start_tenant(build.a_tenant(grantedPermissions=everything[:-1]))
    restricted.change({"op": "addUser", "user": build.a_person("ann").tenant_row()})
    lab.tenant = restricted
    await lab.restart()
    operation = await lab.operation("start")

    result = await open_wave(lab.deps, run.watched(operation))

    assert (result.started, result.reason) == (False, "permission_missing")
    assert (await lab.wave()).state is WaveState.PLANNED
    assert (await lab.result_of(operation)).error["code"] == "permission_missing"
    assert not any(u.steps for u in (await lab.people()).values())
    assert restricted.writes == 0


async def test_given_the_tenant_changed_between_two_tries_when_opened_then_the_second_counts(
    lab, build, tenant
):
    people = [build.a_person(f"p{n}") for n in range(4)]
    run = await scheduled(lab, build.a_council(*people).in_batches(canary=0, size=2))
    tenant.change({"op": "setSeats", "skuId": build.E3, "enabled": 2})
    lab.ledger.die_before("save_wave", survive=1)
    with pytest.raises(Crash):
        await run.open()
    tenant.change({"op": "setSeats", "skuId": build.E3, "enabled": 1_000})
    gone = [{"op": "deleteUser", "id": p.id} for p in people[:3]]
    tenant.change(*gone)

    assert (await run.open()).batches == 1

    (first,) = [b for b in await run.batches() if b.state is BatchState.PREPARED]
    assert {k.ref for k in first.keys} == {(await lab.person(people[3])).key.ref}
    assert Step.LICENSE not in (await lab.person(people[3])).steps
    assert (await lab.ledger.get_seats(ROLLOUT, "SPE_E3")).reserved == {"pilot": 1}


async def test_given_fewer_batches_at_the_second_try_when_opened_then_nobody_is_in_two(
    lab, build, tenant
):
    people = [build.a_person(f"p{n}") for n in range(4)]
    run = await scheduled(lab, build.a_council(*people).in_batches(canary=0, size=2))
    lab.ledger.die_before("save_wave", survive=1)
    with pytest.raises(Crash):
        await run.open()
    tenant.change(
        {"op": "deleteUser", "id": people[0].id}, {"op": "deleteUser", "id": people[1].id}
    )

    await run.open()

    batches = await run.batches()
    keys = [key.ref for batch in batches for key in batch.keys]
    assert len(keys) == len(set(keys)) == 2
    assert [b.state for b in batches] == [BatchState.PREPARED, BatchState.CANCELLED]


async def test_given_a_crash_before_the_word_of_it_when_opened_again_then_the_operation_ends(
    lab, build
):
    run = await scheduled(lab, build.a_council(build.a_person("ann")))
    operation = await lab.operation("start")
    lab.ledger.die_before("find_operation")
    with pytest.raises(Crash):
        await open_wave(lab.deps, run.watched(operation))

    await open_wave(lab.deps, run.watched(operation))

    assert (await lab.result_of(operation)).status is OperationStatus.SUCCEEDED


async def test_given_a_wave_of_all_or_nobody_when_seats_are_short_then_it_does_not_start(
    lab, build, tenant, rush
):
    tenant.change(four_seats(build))
    await lab.bring_in(rush)
    section = (await lab.wave()).section.model_copy(update={"all_or_wait": True})
    run = await lab.schedule(section=section, allow_shortage=True)
    operation = await lab.operation("start")

    result = await open_wave(lab.deps, run.watched(operation))

    assert not result.started
    told = (await lab.result_of(operation)).result
    assert told["started"] is False
    assert "together or not at all" in told["reason"]
    assert (await lab.wave()).state is WaveState.PLANNED
    assert tenant.writes == 0
    assert (await lab.ledger.get_seats(ROLLOUT, "SPE_E3")).reserved == {}


async def test_given_a_second_run_when_opened_then_nothing_of_the_first_is_taken_for_its_own(
    lab, build
):
    ann = build.a_person("ann").joining("housing")
    run = await scheduled(lab, build.a_council(ann).with_teams(build.a_team("housing")))
    await run.open()
    await run.make_teams()
    await run.until(mark_members_ready)
    await run.step(mark_members_ready)
    await run.move_to(WaveState.CANCELLED)
    again = await lab.schedule()

    await again.open()

    (first,), (second,) = await run.batches(), await again.batches()
    assert first.generation != second.generation
    assert await lab.ledger.list_ready(ROLLOUT, "pilot") == []
