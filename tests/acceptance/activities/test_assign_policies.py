"""assign_policies and set_coexistence_mode: what is not explicit yet, and only where it may be."""

from dataclasses import dataclass

import pytest

from activities.assign_policies import assign_policies, set_coexistence_mode
from teams_rollout.domain.vocabulary import CoexistenceMode, Outcome, Step
from tests.acceptance.activities.lab import Crash, StepBody

pytestmark = pytest.mark.azurite

CALL = "/admin/teams/policy/userAssignments/*assign"
UPGRADE = "TeamsUpgradePolicy"


@dataclass(frozen=True)
class Case:
    """One of the two steps, which differ only in what they assign."""

    body: StepBody
    step: Step
    policy: str
    name: str


MEETING = Case(assign_policies, Step.POLICIES, "TeamsMeetingPolicy", "AllOn")
MODE = Case(set_coexistence_mode, Step.COEXISTENCE, UPGRADE, "UpgradeToTeams")
both = pytest.mark.parametrize("case", [MEETING, MODE], ids=lambda case: case.step.value)


@pytest.fixture
def people(build):
    return [build.a_person(n).homed("online") for n in ("ann", "bob")]


@pytest.fixture
async def run(lab, build, people):
    run = await lab.start(build.a_council(*people))
    await run.until(assign_policies)
    return run


def granted(tenant, policy):
    return sorted(
        e["objectId"] for e in tenant.effects("user.policy") if e["after"]["policyType"] == policy
    )


def ids(people):
    return sorted(p.id for p in people)


@both
async def test_given_people_without_it_when_assigned_then_they_have_it(
    lab, tenant, run, people, case
):
    before = tenant.writes

    result = await run.step(case.body)

    assert result.counts == {"applied": 2}
    assert granted(tenant, case.policy) == ids(people)
    assert tenant.user(people[0].id)["policies"][case.policy] == case.name
    assert tenant.writes == before + 1  # one array for all
    assert (await lab.record(people[0], case.step)).outcome is Outcome.APPLIED


@both
async def test_given_it_is_done_when_run_again_then_no_write_is_sent(tenant, run, case):
    await run.step(case.body)
    before = tenant.writes

    result = await run.step(case.body)

    assert result.counts == {"applied": 2}
    assert tenant.writes == before


@both
async def test_given_throttling_when_run_then_it_waits_as_long_as_asked_and_then_succeeds(
    lab, tenant, run, people, case
):
    tenant.fail(CALL, "429", retry_after=90)

    result = await run.step(case.body)

    assert 85 < (result.retry_at - lab.clock()).total_seconds() <= 90
    assert (await lab.record(people[0], case.step)).outcome is Outcome.THROTTLED
    assert granted(tenant, case.policy) == []
    lab.clock.skip(91)
    assert (await run.step(case.body)).counts == {"applied": 2}
    assert granted(tenant, case.policy) == ids(people)


@both
async def test_given_the_answer_is_lost_when_tried_again_then_the_effect_happens_once(
    lab, tenant, run, people, case
):
    tenant.fail(CALL, "reset_after")

    assert (await run.step(case.body)).counts == {"transient": 2}
    lab.clock.skip(10)

    assert (await run.step(case.body)).counts == {"applied": 2}
    assert granted(tenant, case.policy) == ids(people)
    assert tenant.redundant <= 1  # one request for one ambiguous fault


@both
async def test_given_a_crash_before_the_commit_when_rerun_then_the_effect_happens_once(
    lab, tenant, run, people, case
):
    lab.ledger.die_before("commit")
    with pytest.raises(Crash):
        await run.step(case.body)
    await lab.restart()

    assert (await run.step(case.body)).counts == {"applied": 2}
    assert granted(tenant, case.policy) == ids(people)
    assert tenant.redundant <= 1


async def test_given_an_explicit_policy_that_is_right_when_run_then_it_is_left_alone(
    lab, build, tenant
):
    ann = build.a_person("ann").with_policies(TeamsMeetingPolicy="AllOn")
    run = await lab.start(build.a_council(ann))
    await run.until(assign_policies)

    await run.step(assign_policies)

    assert granted(tenant, "TeamsMeetingPolicy") == []
    assert (await lab.record(ann, Step.POLICIES)).outcome is Outcome.ALREADY


async def test_given_a_policy_that_the_tenant_lacks_when_run_then_blocked_and_others_are_not(
    lab, build, tenant
):
    ann, bob = build.a_person("ann").with_profile("lost"), build.a_person("bob")
    run = await lab.start(build.a_council(ann, bob))
    await run.until(assign_policies)

    await run.step(assign_policies)

    record = await lab.record(ann, Step.POLICIES)
    assert (record.outcome, record.code) == (Outcome.BLOCKED, "policy_not_found")
    assert granted(tenant, "TeamsMeetingPolicy") == [bob.id]


async def test_given_one_person_is_gone_when_assigned_then_the_others_have_it(
    lab, tenant, run, people
):
    tenant.change({"op": "deleteUser", "id": people[0].id})

    await run.step(assign_policies)

    assert (await lab.record(people[0], Step.POLICIES)).code == "user_not_found"
    assert granted(tenant, "TeamsMeetingPolicy") == [people[1].id]


async def test_given_every_kind_of_homing_when_set_then_only_online_people_get_teams_only(
    lab, build, tenant
):
    online = build.a_person("oona").homed("online")
    server = build.a_person("sian").homed("onPremises")
    cloud = build.a_person("cai").homed("none")
    run = await lab.start(build.a_council(online, server, cloud))
    await run.until(set_coexistence_mode)

    await run.step(set_coexistence_mode)

    assert granted(tenant, UPGRADE) == [online.id]
    handed_off = await lab.record(server, Step.COEXISTENCE)
    assert (handed_off.outcome, handed_off.code) == (Outcome.WAITING, "handed_off_server_team")
    assert (await lab.record(cloud, Step.COEXISTENCE)).outcome is Outcome.WAITING


async def test_given_an_interim_mode_when_set_then_server_people_get_it_and_are_handed_off(
    lab, build, tenant
):
    sian = build.a_person("sian").homed("onPremises")
    council = build.a_council(sian).with_skype(interim_mode="SfBWithTeamsCollab")
    run = await lab.start(council)
    await run.until(set_coexistence_mode)

    await run.step(set_coexistence_mode)
    await run.verified()

    assert tenant.user(sian.id)["policies"][UPGRADE] == "SfBWithTeamsCollab"
    assert (await lab.record(sian, Step.COEXISTENCE)).code == "handed_off_server_team"


async def test_given_a_mode_no_cloud_user_can_have_when_planned_then_blocked_without_a_write(
    lab, build, tenant
):
    cai = build.a_person("cai").wanting_mode(CoexistenceMode.SFB_ONLY)
    run = await lab.start(build.a_council(cai))
    await run.until(set_coexistence_mode)

    await run.step(set_coexistence_mode)

    assert granted(tenant, UPGRADE) == []
    assert (await lab.record(cai, Step.COEXISTENCE)).code == "cloud_user_is_teams_only"
