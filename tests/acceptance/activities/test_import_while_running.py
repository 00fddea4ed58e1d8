"""An import while a wave runs: the wave ends with what it was opened with."""

from dataclasses import replace

import pytest

from activities.resolve_batch import resolve_batch
from activities.set_usage_location import set_usage_location

pytestmark = pytest.mark.azurite


async def bring_in_again(lab, council):
    """A second import, confirmed; returns the operation's result."""
    operation = await lab.operation()
    await lab.apply(await lab.stage(council, confirmed=True), operation)
    return (await lab.result_of(operation)).result


async def test_given_other_settings_while_a_wave_runs_when_applied_then_it_ends_with_its_own(
    lab, build, tenant
):
    council = build.a_council(build.a_person("ann").without_location())
    run = await lab.start(council)
    ireland = replace(council, rollout={"usage_location": "IE"})

    await bring_in_again(lab, ireland)
    await run.answered(resolve_batch)
    await run.answered(set_usage_location)

    assert [e["after"] for e in tenant.effects("user.usageLocation")] == ["GB"]
    rollout = await lab.ledger.find_rollout()
    assert rollout.config.rollout.usage_location == "IE"


async def test_given_other_teams_while_a_wave_runs_when_applied_then_those_in_use_stay(lab, build):
    council = build.a_council(build.a_person("ann").joining("housing"))
    await lab.start(council.with_teams(build.a_team(), build.a_team("parks")))
    files = council.with_teams(
        build.a_team().with_channels("News"), build.a_team("parks").with_channels("News")
    )

    result = await bring_in_again(lab, files)

    assert result["frozen_teams"] == 1
    assert (await lab.team("housing")).spec.channels == ()
    assert (await lab.team("parks")).spec.channels == ("News",)
