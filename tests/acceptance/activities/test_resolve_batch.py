"""resolve_batch: who is still there, and the snapshot before our first write."""

import pytest

from activities.resolve_batch import resolve_batch
from activities.set_usage_location import set_usage_location
from teams_rollout.domain.vocabulary import BatchState, Outcome, Step
from tests.acceptance.activities.lab import Crash

pytestmark = pytest.mark.azurite


@pytest.fixture
def ann(build):
    return build.a_person("ann").without_location()


@pytest.fixture
def council(build, ann):
    return build.a_council(ann, build.a_person("bob").without_location())


@pytest.fixture
async def run(lab, council):
    return await lab.start(council)


def patch(**properties):
    return {"op": "patchUser", "patch": properties}


async def snapshots(lab):
    return await lab.ledger.list_snapshots("llanfair:0001")


async def test_given_a_batch_when_resolved_then_it_runs_and_everybody_has_a_snapshot(
    lab, tenant, run, ann
):
    result = await run.step(resolve_batch)

    assert result.counts == {"people": 2, "changed": 0}
    assert [b.state for b in await run.batches()] == [BatchState.RUNNING]
    kept = {s.upn: s for s in (await snapshots(lab)).values()}
    assert kept[ann.upn].usage_location == ""
    assert tenant.writes == 0


async def test_given_a_batch_that_was_resolved_when_run_again_then_snapshots_stay(
    lab, tenant, run, ann
):
    await run.step(resolve_batch)
    before = await snapshots(lab)
    tenant.change({"op": "patchUser", "id": ann.id, "patch": {"usageLocation": "FR"}})

    result = await run.step(resolve_batch)

    assert await snapshots(lab) == before
    assert result.counts["changed"] == 1
    assert (await lab.person(ann)).observed.usage_location == "FR"


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"op": "deleteUser"}, (Outcome.BLOCKED, "user_not_found")),
        (patch(accountEnabled=False), (Outcome.SKIPPED, "account_disabled")),
        (patch(userType="Guest"), (Outcome.SKIPPED, "guest_account")),
    ],
)
async def test_given_a_change_since_the_plan_when_resolved_then_that_person_alone_is_left_alone(
    lab, run, council, change, outcome
):
    ann, bob = council.people
    lab.tenant.change({"id": ann.id, **change})

    await run.step(resolve_batch)
    await run.step(set_usage_location)

    record = await lab.record(ann, Step.RESOLVE)
    assert (record.outcome, record.code) == outcome
    assert lab.tenant.touched("user.usageLocation") == [bob.id]


async def test_given_a_rename_since_the_plan_when_resolved_then_the_new_name_is_known(
    lab, tenant, run, ann
):
    new = f"annie@{ann.upn.partition('@')[2]}"
    tenant.change({"op": "patchUser", "id": ann.id, "patch": {"userPrincipalName": new}})

    await run.step(resolve_batch)

    assert (await lab.person(ann)).upn == new


async def test_given_a_crash_before_the_state_is_stored_when_rerun_then_the_same_end(
    lab, tenant, run, ann
):
    tenant.change({"op": "deleteUser", "id": ann.id})
    lab.ledger.die_before("commit")
    with pytest.raises(Crash):
        await run.step(resolve_batch)

    await run.step(resolve_batch)

    assert (await lab.record(ann, Step.RESOLVE)).code == "user_not_found"
    assert len(await snapshots(lab)) == 1
