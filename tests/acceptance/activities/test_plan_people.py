"""Planning people: one person on two rows, holds by local date, owners of teams that exist."""

from datetime import UTC, date, datetime

import pytest

from activities.wave_plan import is_on_hold, plan_wave
from teams_rollout.domain.vocabulary import UserState
from tests.acceptance.activities.lab import ROLLOUT

pytestmark = pytest.mark.azurite


async def test_given_one_person_on_two_rows_when_moved_then_everything_happens_once(
    lab, build, tenant
):
    ann = build.a_person("ann")._known(employeeId="4711").joining("housing")
    again = ann._wanted(upn="", employee_id="4711", profile="lost").unknown_to_microsoft()
    await lab.bring_in(build.a_council(ann, again).with_teams(build.a_team("housing")))
    run = await lab.schedule()
    await run.open()
    await run.make_teams()
    await run.closed()

    people = await lab.people()
    assert people["ann"].summary.state is UserState.DONE
    assert (people["4711"].summary.state, people["4711"].summary.code) == (
        UserState.BLOCKED,
        "named_twice",
    )
    assert tenant.touched("user.licenses") == [ann.id]
    assert tenant.redundant == 0


async def test_given_a_hold_that_ends_today_over_there_when_asked_after_midnight_then_it_is_over(
    lab, build
):
    await lab.bring_in(build.a_council(build.a_person("ann").on_hold_until(date(2026, 7, 1))))
    rollout = await lab.ledger.find_rollout()
    half_past_midnight_in_london = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    person = (await lab.people())["ann"]
    lab.clock.skip((half_past_midnight_in_london - lab.clock()).total_seconds())

    assert not is_on_hold(lab.deps, rollout, person.assignment)


async def test_given_the_owner_of_a_team_that_exists_when_planned_then_they_are_in_it_already(
    lab, build
):
    boss = build.BOSS.joining("newsroom")._known(policies={"TeamsMeetingPolicy": "AllOn"})
    await lab.bring_in(build.a_council(boss).with_teams(build.a_team("newsroom").that_exists()))
    rollout = await lab.ledger.find_rollout()

    plan = await plan_wave(lab.deps, rollout, await lab.ledger.find_wave(ROLLOUT, "pilot"))

    steps = {c["step"] for p in plan.people for c in p.plan.changes}
    assert "team_membership" not in steps
