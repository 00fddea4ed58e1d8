"""close_wave: counts by state and cause, closes once, gives unused seats back."""

from datetime import date

import pytest

from activities.close_wave import close_wave
from teams_rollout.domain.vocabulary import Outcome, WaveState
from tests.acceptance.activities.lab import ROLLOUT, Crash

pytestmark = pytest.mark.azurite


async def close(run):
    return await close_wave(run.lab.deps, run.request)


async def ready_to_close(lab, build, *more):
    people = [
        build.a_person("ann"),
        build.a_person("gus").as_guest(),
        build.a_person("held").on_hold_until(date(2099, 1, 1)),
        *more,
    ]
    run = await lab.start(build.a_council(*people))
    await run.through()
    return run


async def reserved(lab):
    return (await lab.ledger.get_seats(ROLLOUT, "SPE_E3")).reserved


async def test_given_everybody_is_through_when_closed_then_the_report_counts_states_and_causes(
    lab, build
):
    run = await ready_to_close(lab, build)
    assert await reserved(lab) == {"pilot": 1}

    result = await close(run)

    assert result.counts == {"done": 1, "skipped": 1, "waiting": 1}
    wave = await lab.wave()
    assert (wave.state, wave.users, wave.reason) == (WaveState.COMPLETED, 3, "")
    assert wave.report == {
        "by_state": {"done": 1, "skipped": 1, "waiting": 1},
        "by_code": {"guest_account": 1, "on_hold": 1},
    }
    assert wave.ended_at is not None
    assert await reserved(lab) == {}


async def test_given_somebody_failed_when_closed_then_the_wave_says_so(lab, build, tenant):
    run = await lab.start(build.a_council(build.a_person("ann"), build.a_person("bob")))
    tenant.change({"op": "deleteUser", "id": build.object_id("bob")})
    await run.through()
    person = await lab.person(build.a_person("ann"))
    failed = {s: r.model_copy(update={"outcome": Outcome.FAILED}) for s, r in person.steps.items()}
    await lab.ledger.put_users([person.model_copy(update={"steps": failed})])

    await close(run)

    wave = await lab.wave()
    assert wave.state is WaveState.COMPLETED_WITH_FAILURES
    assert wave.reason == "1 people failed"
    assert wave.report["by_code"] == {"user_not_found": 1}


async def test_given_a_closed_wave_when_closed_again_then_it_stays_as_it_is(lab, build):
    run = await ready_to_close(lab, build)
    await close(run)
    before = await lab.wave()

    assert (await close(run)).counts == {}
    assert await lab.wave() == before


@pytest.mark.parametrize("write", ["save_seats", "save_wave"])
async def test_given_a_crash_when_closed_again_then_the_same_end(lab, build, write):
    run = await ready_to_close(lab, build)
    lab.ledger.die_before(write)
    with pytest.raises(Crash):
        await close(run)

    await close(run)

    assert (await lab.wave()).state is WaveState.COMPLETED
    assert await reserved(lab) == {}


async def test_given_another_wave_when_closed_then_its_people_and_seats_are_left_out(lab, build):
    later = build.a_person("lena").in_wave("Second")
    run = await ready_to_close(lab, build, later)
    await (await lab.schedule("second")).open()

    await close(run)

    assert (await lab.wave()).users == 3
    assert await reserved(lab) == {"second": 1}
