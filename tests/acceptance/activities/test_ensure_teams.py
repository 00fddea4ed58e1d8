"""ensure_teams: group, team, channels, each once, as far as Microsoft lets us."""

import pytest

from activities.ensure_teams import ensure_teams
from tests.acceptance.activities.lab import Crash

pytestmark = pytest.mark.azurite

PUT_TEAM = "/groups/*/team"
CHANNELS = "/teams/*/channels"


@pytest.fixture
def housing(build):
    return build.a_team("housing").with_channels("News", "Repairs")


@pytest.fixture
async def run(lab, build, housing):
    """Opened, and no team made yet."""
    council = build.a_council(build.a_person("ann").joining("housing")).with_teams(housing)
    await lab.bring_in(council)
    run = await lab.schedule()
    await run.open()
    return run


async def ensure(run):
    return await ensure_teams(run.lab.deps, run.request)


async def ensure_until_answered(run):
    """As the orchestration does, with Microsoft's waits skipped by our clock."""
    for _ in range(60):
        result = await ensure(run)
        if result.retry_at is None:
            return result
        run.lab.clock.skip_to(result.retry_at)
    raise AssertionError("the team is never made")


def made(tenant):
    return [e["after"]["displayName"] for e in tenant.effects("team.created")]


async def test_given_a_team_that_is_needed_when_ensured_then_it_has_owner_and_channels_only(
    lab, build, tenant, run
):
    await ensure_until_answered(run)

    team = await lab.team()
    assert team.status.ready
    found = tenant.team(team.status.team_id)
    assert found["owners"] == [build.BOSS.id]
    assert found["members"] == []
    assert found["channels"] == ["General", "News", "Repairs"]
    assert len(tenant.effects("group.created")) == len(made(tenant)) == 1


async def test_given_a_team_nobody_of_the_wave_needs_when_ensured_then_it_is_not_made(
    lab, build, tenant
):
    later = build.a_person("bob").in_wave("Later").joining("parks")
    council = build.a_council(build.a_person("ann"), later).with_teams(build.a_team("parks"))
    await lab.bring_in(council)
    run = await lab.schedule()
    await run.open()

    await ensure(run)

    assert tenant.writes == 0


async def test_given_it_is_made_when_ensured_again_then_no_write_is_sent(tenant, run):
    await ensure_until_answered(run)
    before = tenant.writes

    await ensure(run)

    assert tenant.writes == before


async def test_given_microsoft_is_down_when_put_then_it_waits_and_makes_it_later(lab, tenant, run):
    tenant.fail(PUT_TEAM, "503", method="PUT")
    waited = await ensure(run)
    assert waited.counts == {"transient": 1}
    assert waited.retry_at > lab.clock()
    assert (await lab.team()).status.team_id

    await ensure_until_answered(run)

    assert made(tenant) == ["Housing"]
    assert len(tenant.effects("group.created")) == 1


async def test_given_microsoft_says_404_for_long_when_put_then_it_is_waited_out(
    start_tenant, open_lab, build
):
    slow = start_tenant(build.a_tenant(lag={"team": [3600, 3600]}))  # a second here
    lab = await open_lab(slow)
    council = build.a_council(build.a_person("ann").joining("housing"))
    await lab.bring_in(council.with_teams(build.a_team("housing")))
    run = await lab.schedule()
    await run.open()

    first = await ensure(run)

    assert first.counts == {"transient": 1}
    assert slow.requests()["by_route"]["PUT /groups/{group}/team"] == {"404": 1}
    await run.make_teams()
    assert (await lab.team()).status.ready
    assert made(slow) == ["Housing"]


async def test_given_throttling_when_put_then_it_waits_as_long_as_asked(lab, tenant, run):
    tenant.fail(PUT_TEAM, "429", method="PUT", retry_after=45)

    result = await ensure(run)

    assert 40 < (result.retry_at - lab.clock()).total_seconds() <= 45
    before = tenant.writes
    await ensure(run)
    assert tenant.writes == before
    await ensure_until_answered(run)
    assert made(tenant) == ["Housing"]


@pytest.mark.parametrize("path", ["/groups(uniqueName=*", PUT_TEAM, CHANNELS])
async def test_given_an_answer_is_lost_when_tried_again_then_nothing_is_made_twice(
    lab, tenant, run, path
):
    tenant.fail(path, "reset_after")

    await ensure_until_answered(run)

    assert (await lab.team()).status.ready
    assert tenant.requests()["faults"] == {"reset_after": 1}
    assert len(tenant.effects("group.created")) == len(made(tenant)) == 1
    assert len(tenant.effects("channel.created")) == 2


@pytest.mark.parametrize("survive", range(5))
async def test_given_a_crash_at_any_stage_when_rerun_then_nothing_is_made_twice(
    lab, tenant, run, survive
):
    lab.ledger.die_before("save_team", survive=survive)
    with pytest.raises(Crash):
        await ensure_until_answered(run)
    await lab.restart()

    await ensure_until_answered(run)

    assert (await lab.team()).status.ready
    assert len(tenant.effects("group.created")) == len(made(tenant)) == 1
    assert len(tenant.effects("channel.created")) == 2


async def test_given_the_nickname_is_taken_when_opened_then_blocked_and_nothing_is_made(
    lab, build, tenant
):
    taken = build.a_team("payslips").with_nickname(build.TAKEN_NICKNAME)
    council = build.a_council(build.a_person("ann").joining("payslips")).with_teams(taken)
    run = await lab.start(council)

    await ensure(run)

    assert (await lab.team("payslips")).status.code == "team_name_taken"
    assert tenant.writes == 0


async def test_given_somebody_takes_the_nickname_after_the_plan_when_made_then_it_is_told(
    lab, build, tenant
):
    payslips = build.a_team("payslips").with_nickname(build.TAKEN_NICKNAME)
    council = build.a_council(build.a_person("ann").joining("payslips")).with_teams(payslips)
    await lab.bring_in(council)
    run = await lab.schedule()
    await run.open()
    team = await lab.team("payslips")  # as though it had been free at the plan
    status = team.status.model_copy(update={"code": ""})
    owners = (build.BOSS.id,)
    await lab.ledger.save_team(team.model_copy(update={"status": status, "owner_ids": owners}))

    result = await ensure(run)

    assert result.counts == {"blocked": 1}
    assert (await lab.team("payslips")).status.code == "team_name_taken"
    assert tenant.effects("group.created") == []


@pytest.mark.parametrize("owner", ["nobody", "gus", "dora"])
async def test_given_no_usable_owner_when_opened_then_blocked_and_nothing_is_made(
    lab, build, tenant, owner
):
    people = [build.a_person("gus").as_guest(), build.a_person("dora").disabled()]
    housing = build.a_team("housing").owned_by(owner)
    ann = build.a_person("ann").joining("housing")
    run = await lab.start(build.a_council(ann, *people).with_teams(housing))

    await ensure(run)

    assert (await lab.team()).status.code == "team_has_no_owner"
    assert tenant.writes == 0


async def test_given_a_fallback_owner_when_none_is_usable_then_the_team_is_theirs(
    lab, build, tenant
):
    housing = build.a_team("housing").owned_by("nobody")
    council = build.a_council(build.a_person("ann").joining("housing")).with_teams(housing)
    run = await lab.start(council.with_fallback_owners("boss"))

    await ensure_until_answered(run)

    assert tenant.team((await lab.team()).status.team_id)["owners"] == [build.BOSS.id]


async def test_given_a_team_that_exists_when_ensured_then_it_is_left_as_it_is(lab, build, tenant):
    news = build.a_team("news").that_exists().with_channels("Sport")
    council = build.a_council(build.a_person("ann").joining("news")).with_teams(news)
    run = await lab.start(council)

    await ensure(run)

    assert (await lab.team("news")).status.ready
    assert tenant.writes == 0


async def test_given_an_existing_team_is_gone_when_opened_then_blocked_as_not_found(
    lab, build, tenant
):
    gone = build.a_team("news").that_exists(build.object_id("no such team"))
    council = build.a_council(build.a_person("ann").joining("news")).with_teams(gone)
    run = await lab.start(council)

    await ensure(run)

    assert (await lab.team("news")).status.code == "team_not_found"
    assert tenant.writes == 0


async def test_given_several_teams_when_one_is_refused_then_the_others_are_made(lab, build, tenant):
    keys = ["housing", "orphans", "parks"]
    teams = [build.a_team(k) for k in keys]
    teams[1] = teams[1].owned_by("nobody")
    run = await lab.start(build.a_council(build.a_person("ann").joining(*keys)).with_teams(*teams))

    await ensure_until_answered(run)

    assert sorted(made(tenant)) == ["Housing", "Parks"]


async def test_given_the_owner_is_deleted_after_the_plan_when_made_then_it_is_the_team_that_lacks(
    lab, build, tenant
):
    housing = build.a_team("housing").owned_by("leaver")
    council = build.a_council(build.a_person("ann").joining("housing"), build.a_person("leaver"))
    await lab.bring_in(council.with_teams(housing))
    run = await lab.schedule()
    await run.open()
    tenant.change({"op": "deleteUser", "id": build.object_id("leaver")})

    await ensure_until_answered(run)

    assert (await lab.team()).status.code == "team_has_no_owner"
    assert tenant.effects("group.created") == []


@pytest.fixture
def many(build):
    return [build.a_person(f"owner{n:02}") for n in range(27)]


async def with_many_owners(lab, build, many):
    """A team with more owners than Microsoft takes when a group is made."""
    housing = build.a_team("housing").owned_by(*(p.name for p in many))
    council = build.a_council(build.a_person("ann").joining("housing"), *many)
    await lab.bring_in(council.with_teams(housing))
    run = await lab.schedule()
    await run.open()
    return run


async def test_given_more_than_twenty_owners_when_made_then_every_one_of_them_owns_the_team(
    lab, build, tenant, many
):
    run = await with_many_owners(lab, build, many)

    await ensure_until_answered(run)

    team = await lab.team()
    assert team.status.ready
    assert sorted(tenant.team(team.status.team_id)["owners"]) == sorted(p.id for p in many)
    assert len(tenant.effects("group.owner")) == 27
    assert tenant.redundant == 0


@pytest.mark.parametrize("fault", ["reset_after", "503"])
async def test_given_a_fault_while_owners_are_added_when_tried_again_then_each_owns_it_once(
    lab, build, tenant, many, fault
):
    run = await with_many_owners(lab, build, many)
    tenant.change({"op": "deleteUser", "id": many[-1].id})
    tenant.fail("/groups/*/owners/$ref", fault)

    await ensure_until_answered(run)

    team = await lab.team()
    assert team.status.ready
    owners = [e["after"] for e in tenant.effects("group.owner")]
    assert sorted(owners) == sorted(p.id for p in many[:-1])
    assert tenant.redundant == 0
