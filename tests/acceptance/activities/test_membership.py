"""mark_members_ready and send_members: ready people are sent together, once, and answered."""

import pytest

from activities.mark_members_ready import mark_members_ready
from activities.send_members import send_members
from teams_rollout.domain.vocabulary import BatchState, Outcome, Step, WaveState
from tests.acceptance.activities.lab import ROLLOUT, Crash

pytestmark = pytest.mark.azurite

CALL = "/teams/*/members/*"
STEP = Step.TEAM_MEMBERSHIP
PATIENCE = 21


@pytest.fixture
def people(build):
    return [build.a_person(n).joining("housing") for n in ("ann", "bob")]


@pytest.fixture
def council(build, people):
    return build.a_council(*people).with_teams(build.a_team("housing"))


@pytest.fixture
async def run(lab, council):
    run = await lab.start(council)
    await run.until(mark_members_ready)
    return run


async def team_id(lab, key="housing"):
    return (await lab.team(key)).status.team_id


async def send(run):
    return await send_members(run.lab.deps, run.request)


async def send_at_last(run):
    """Send once patience has ended."""
    run.lab.clock.skip(PATIENCE)
    return await send(run)


def waiting(lab):
    return lab.ledger.list_ready(ROLLOUT, "pilot")


async def test_given_licensed_people_when_marked_then_they_wait_and_the_sender_is_woken(
    lab, tenant, run, people
):
    before = tenant.writes

    await run.step(mark_members_ready)

    assert {m.user_id for m in await waiting(lab)} == {p.id for p in people}
    assert lab.woken() == {f"{ROLLOUT}:pilot:members:1"}
    assert tenant.writes == before


async def test_given_they_are_marked_when_marked_again_then_each_waits_once(lab, run):
    await run.step(mark_members_ready)

    await run.step(mark_members_ready)

    assert len(await waiting(lab)) == 2


async def test_given_a_few_ready_people_when_not_urgent_then_they_wait_for_company(
    lab, tenant, run, people
):
    await run.step(mark_members_ready)

    result = await send(run)

    assert (result.sent, result.waiting) == (0, 2)
    assert 15 < (result.next_at - lab.clock()).total_seconds() <= 20
    assert tenant.joined(await team_id(lab)) == {}


async def test_given_patience_has_ended_when_sent_then_all_join_in_one_request(
    lab, tenant, run, people
):
    await run.step(mark_members_ready)
    lab.woken()
    before = tenant.writes

    result = await send_at_last(run)

    assert (result.sent, result.waiting, result.next_at) == (2, 0, None)
    assert tenant.joined(await team_id(lab)) == {p.id: 1 for p in people}
    assert tenant.writes == before + 1
    assert (await lab.record(people[0], STEP)).outcome is Outcome.APPLIED
    assert lab.woken() == {f"{ROLLOUT}:pilot:1:1"}
    assert await waiting(lab) == []


async def test_given_a_canary_that_waits_for_nothing_else_when_sent_then_at_once(
    lab, tenant, run, people
):
    await run.step(mark_members_ready)
    (canary,) = await run.batches()
    await lab.ledger.save_batch(canary.model_copy(update={"state": BatchState.AWAITING_MEMBERS}))

    result = await send(run)

    assert result.sent == 2
    assert tenant.joined(await team_id(lab)) == {p.id: 1 for p in people}


async def test_given_they_are_members_when_marked_and_sent_again_then_no_write_is_sent(
    lab, tenant, run
):
    await run.step(mark_members_ready)
    await send_at_last(run)
    before = tenant.writes

    await run.step(mark_members_ready)
    await send_at_last(run)

    assert tenant.writes == before


async def test_given_members_of_an_existing_team_when_planned_then_no_write_is_sent(
    lab, build, tenant
):
    ann = build.a_person("ann").joining("news")
    news = build.a_team("news").that_exists()
    council = build.a_council(ann).with_teams(news)
    lab.move_in(council)
    tenant.change({"op": "addMember", "team": build.EXISTING_TEAM, "user": ann.id})
    run = await lab.start(council)

    await run.until(mark_members_ready)
    await run.step(mark_members_ready)
    await send_at_last(run)

    assert tenant.joined(build.EXISTING_TEAM) == {}
    assert (await lab.record(ann, STEP)).outcome is Outcome.ALREADY


async def test_given_throttling_when_sent_then_they_stay_ready_and_are_sent_later(
    lab, tenant, run, people
):
    await run.step(mark_members_ready)
    tenant.fail(CALL, "429", method="POST", retry_after=30)

    result = await send_at_last(run)

    assert result.waiting == 2
    assert tenant.joined(await team_id(lab)) == {}
    assert STEP not in (await lab.person(people[0])).steps
    early = await send(run)
    assert 20 < (early.next_at - lab.clock()).total_seconds() <= 30
    lab.clock.skip(31)
    await send(run)
    assert tenant.joined(await team_id(lab)) == {p.id: 1 for p in people}


async def test_given_throttling_for_long_when_sent_then_nobody_is_given_up(
    lab, tenant, run, people
):
    await run.step(mark_members_ready)
    tenant.fail(CALL, "429", method="POST", count=12, retry_after=30)
    lab.clock.skip(PATIENCE)

    for _ in range(13):
        await send(run)
        lab.clock.skip(31)

    assert tenant.joined(await team_id(lab)) == {p.id: 1 for p in people}
    assert (await lab.record(people[0], STEP)).outcome is Outcome.APPLIED


@pytest.mark.parametrize("fault", ["reset_after", "timeout_after"])
async def test_given_the_answer_is_lost_when_sent_again_then_everybody_joined_once(
    lab, tenant, run, people, fault
):
    await run.step(mark_members_ready)
    tenant.fail(CALL, fault, method="POST", delay=0.1)

    first = await send_at_last(run)
    await send_at_last(run)

    assert first.waiting == 2
    assert tenant.joined(await team_id(lab)) == {p.id: 1 for p in people}
    assert (await lab.record(people[1], STEP)).outcome is Outcome.APPLIED
    assert tenant.redundant <= 1  # one request for one ambiguous fault


async def test_given_microsoft_is_down_for_long_when_sent_then_they_fail_with_a_code(
    lab, tenant, run, people
):
    await run.step(mark_members_ready)
    tenant.fail(CALL, "503", method="POST", count=50)
    for _ in range(45):
        await send_at_last(run)

    record = await lab.record(people[0], STEP)
    assert (record.outcome, record.code) == (Outcome.FAILED, "microsoft_unavailable")
    assert await waiting(lab) == []


@pytest.mark.parametrize("write", ["mark_ready", "commit", "clear_ready", "send_wake_up"])
async def test_given_a_crash_after_the_request_when_rerun_then_everybody_joined_once(
    lab, tenant, run, people, write
):
    await run.step(mark_members_ready)
    lab.woken()
    lab.ledger.die_before(write)
    with pytest.raises(Crash):
        await send_at_last(run)
    await lab.restart()

    await send_at_last(run)
    await run.step(mark_members_ready)
    await send_at_last(run)

    assert tenant.joined(await team_id(lab)) == {p.id: 1 for p in people}
    assert (await lab.record(people[0], STEP)).outcome is Outcome.APPLIED
    assert await waiting(lab) == []
    assert tenant.redundant <= 1


async def test_given_one_person_is_gone_when_sent_then_the_others_join(lab, tenant, run, people):
    ann, bob = people
    await run.step(mark_members_ready)
    tenant.change({"op": "deleteUser", "id": ann.id})

    await send_at_last(run)

    assert tenant.joined(await team_id(lab)) == {bob.id: 1}
    assert (await lab.record(ann, STEP)).code == "user_not_found"
    assert (await lab.record(bob, STEP)).outcome is Outcome.APPLIED


async def test_given_two_teams_when_one_has_no_owner_then_the_other_is_joined_and_it_is_told(
    lab, build, tenant
):
    ann = build.a_person("ann").joining("housing", "orphans")
    orphans = build.a_team("orphans").owned_by("nobody")
    run = await lab.start(build.a_council(ann).with_teams(build.a_team("housing"), orphans))
    await run.until(mark_members_ready)

    await run.step(mark_members_ready)
    await send_at_last(run)

    assert tenant.joined(await team_id(lab)) == {ann.id: 1}
    record = await lab.record(ann, STEP)
    assert (record.outcome, record.code, record.foreseen) == (
        Outcome.BLOCKED,
        "team_has_no_owner",
        True,
    )


async def test_given_the_only_team_has_no_owner_when_marked_then_blocked_and_nobody_waits(
    lab, build
):
    ann = build.a_person("ann").joining("orphans")
    orphans = build.a_team("orphans").owned_by("nobody")
    run = await lab.start(build.a_council(ann).with_teams(orphans))
    await run.until(mark_members_ready)

    await run.step(mark_members_ready)

    assert (await lab.record(ann, STEP)).code == "team_has_no_owner"
    assert await waiting(lab) == []


async def test_given_an_owner_who_is_to_join_when_marked_then_owning_counts(lab, build, tenant):
    ann = build.a_person("ann").joining("housing")
    housing = build.a_team("housing").owned_by("ann")
    run = await lab.start(build.a_council(ann).with_teams(housing))
    await run.until(mark_members_ready)

    await run.step(mark_members_ready)
    await send_at_last(run)

    assert tenant.joined(await team_id(lab)) == {}
    assert (await lab.record(ann, STEP)).outcome is Outcome.ALREADY
    assert ann.id in tenant.team(await team_id(lab))["owners"]


async def test_given_more_than_fit_one_request_when_sent_then_two_hundred_go_at_once(
    lab, build, tenant
):
    people = [build.a_person(f"p{n:03}").joining("housing") for n in range(230)]
    council = build.a_council(*people).with_teams(build.a_team("housing"))
    run = await lab.start(council.in_batches(canary=0, size=100, at_once=4))
    for number in (1, 2, 3):
        await run.until(mark_members_ready, number)
        await run.step(mark_members_ready, number)

    first = await send(run)
    second = await send_at_last(run)

    assert (first.sent, second.sent) == (200, 30)
    assert tenant.joined(await team_id(lab)) == {p.id: 1 for p in people}


@pytest.mark.parametrize("state", [WaveState.VERIFYING, WaveState.CANCELLED])
async def test_given_a_wave_that_is_past_sending_when_asked_then_the_sender_ends(
    tenant, run, state
):
    await run.step(mark_members_ready)
    await run.move_to(state)
    before = tenant.writes

    assert (await send_at_last(run)).finished
    assert tenant.writes == before


async def test_given_a_mark_that_was_answered_when_marked_again_then_the_answer_stays(
    lab, build, tenant
):
    ann = build.a_person("ann").joining("housing", "garden")
    teams = [build.a_team("housing"), build.a_team("garden")]
    run = await lab.start(build.a_council(ann).with_teams(*teams))
    await run.until(mark_members_ready)
    await run.step(mark_members_ready)
    garden = (await lab.team("garden")).status.team_id
    tenant.fail(f"/teams/{garden}/members/*", "503", retry_after=300)
    await send_at_last(run)
    answered = [m.team_key for m in await waiting(lab) if m.outcome]

    await run.step(mark_members_ready)

    assert answered == ["housing"]
    assert [m.team_key for m in await waiting(lab) if m.outcome] == answered


async def test_given_more_people_than_one_request_takes_when_sent_then_the_next_is_due_at_once(
    lab, build
):
    people = [build.a_person(f"p{n:03d}").licensed().joining("housing") for n in range(205)]
    run = await lab.start(build.a_council(*people).with_teams(build.a_team("housing")))
    for batch in await run.batches():
        await run.step(mark_members_ready, batch.number)
    lab.clock.skip(PATIENCE)

    first = await send(run)

    assert (first.sent, first.waiting) == (200, 5)
    assert first.next_at <= lab.clock()
    assert (await send(run)).sent == 5


async def test_given_a_hiccup_when_sent_then_it_is_tried_again_after_a_pause_that_grows(
    lab, tenant, run
):
    await run.step(mark_members_ready)
    tenant.fail(CALL, "500", count=2)

    first = await send_at_last(run)
    assert (await send(run)).sent == 0
    lab.clock.skip_to(first.next_at)
    second = await send(run)

    assert 0 < (second.next_at - lab.clock()).total_seconds() > 5
    lab.clock.skip_to(second.next_at)
    assert (await send(run)).waiting == 0
    assert tenant.redundant == 0


async def test_given_a_team_that_was_never_finished_when_sent_then_its_people_fail_and_go_on(
    lab, run, people
):
    await run.step(mark_members_ready)
    team = await lab.team()
    half_made = team.status.model_copy(update={"ready": False})
    await lab.ledger.save_team(team.model_copy(update={"status": half_made}))

    await send_at_last(run)

    record = await lab.record(people[0], STEP)
    assert (record.outcome, record.code) == (Outcome.FAILED, "replication_pending")
    assert await waiting(lab) == []
