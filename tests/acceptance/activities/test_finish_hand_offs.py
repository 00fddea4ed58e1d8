"""finish_hand_offs and the nightly look: done means read back, whoever says what."""

from datetime import date

import pytest

from activities.find_drift import find_drift
from activities.finish_hand_offs import finish_hand_offs
from graph.errors import GraphReadError
from teams_rollout.contracts.payloads import HandOffRun, OperationRequest
from teams_rollout.domain.hand_off.model import Action
from teams_rollout.domain.hand_off.results import Report, Result
from teams_rollout.domain.vocabulary import CoexistenceMode, Outcome, Step, UserState, WaveState
from tests.acceptance.activities.lab import ROLLOUT

pytestmark = pytest.mark.azurite

UPGRADE = "TeamsUpgradePolicy"


@pytest.fixture
def people(build):
    """One person on the server, one whose mode the administrators set."""
    return build.a_person("sian").homed("onPremises"), build.a_person("ann").homed("online")


@pytest.fixture
async def run(lab, build, people):
    """A wave that has closed, with both waiting for others."""
    run = await lab.start(build.a_council(*people).with_skype(backend="handoff"))
    await run.closed()
    return run


class Taken:
    """Takes what other teams report, as the API and the orchestration do."""

    def __init__(self, lab):
        self.lab = lab

    async def __call__(self, *reports, looks=0):
        operation_id = await self.lab.operation("hand-off")
        await self.lab.ledger.save_reports(operation_id, reports)
        request = HandOffRun(rollout_id=ROLLOUT, operation_id=operation_id, looks=looks)
        result = await finish_hand_offs(self.lab.deps, request)
        return result, await self.lab.result_of(operation_id)

    async def report(self, who, result="done", *, reason="", detail=""):
        person = await self.lab.person(who)
        moves = person.observed.homing == "onPremises"
        return Report(
            key=person.key,
            action=Action.MOVE_USER if moves else Action.ASSIGN_POLICY,
            policy_type="" if moves else UPGRADE,
            result=Result(result),
            reason=reason,
            detail=detail,
        )


@pytest.fixture
def take(lab):
    return Taken(lab)


def move(who):
    return {"op": "moveToCloud", "id": who.id}


def grant(who, name="UpgradeToTeams"):
    return {"op": "setPolicy", "id": who.id, "policyType": UPGRADE, "policyName": name}


async def nightly(lab):
    await find_drift(lab.deps, OperationRequest(rollout_id=ROLLOUT, operation_id="", run_id="n"))
    return await lab.ledger.find_drift(ROLLOUT, "n")


async def test_given_reports_and_the_tenant_shows_them_when_taken_then_done_and_no_write_of_ours(
    lab, tenant, run, people, take
):
    sian, ann = people
    tenant.change(move(sian), grant(ann))
    writes = tenant.writes

    result, operation = await take(await take.report(sian), await take.report(ann))

    assert (result.counts, result.next_at) == ({"done": 2}, None)
    assert operation.result["done"] == 2
    for who in people:
        assert (await lab.person(who)).summary.state is UserState.DONE
    assert tenant.writes == writes
    assert [e for e in tenant.effects("user.policy") if e["after"]["policyType"] == UPGRADE] == []
    assert (await lab.wave()).report["by_state"] == {"done": 2}


async def test_given_a_report_that_is_not_true_when_taken_then_waiting_until_blocked(
    lab, tenant, run, people, take
):
    sian, _ = people

    result, _ = await take(await take.report(sian))

    record = await lab.record(sian, Step.COEXISTENCE)
    assert (record.outcome, record.code) == (Outcome.WAITING, "waiting_for_microsoft")
    assert result.next_at is not None
    lab.clock.skip(49 * 3600 / lab.deps.scale)
    last, _ = await take(looks=1)
    assert last.next_at is None
    assert (await lab.record(sian, Step.COEXISTENCE)).code == "hand_off_not_seen"
    tenant.change(move(sian))
    await nightly(lab)
    assert (await lab.person(sian)).summary.state is UserState.DONE


async def test_given_a_wave_that_is_still_open_when_a_report_is_not_true_then_blocked_as_well(
    lab, build, people, take
):
    sian, _ = people
    run = await lab.start(build.a_council(sian))
    await run.through()
    result, _ = await take(await take.report(sian))
    assert result.next_at is None  # the wave's own verification looks for the person

    lab.clock.skip(49 * 3600 / lab.deps.scale)
    await run.move_to(WaveState.VERIFYING, verify_rounds=20)
    await run.sweep()

    record = await lab.record(sian, Step.COEXISTENCE)
    assert (record.outcome, record.code) == (Outcome.BLOCKED, "hand_off_not_seen")


async def test_given_a_file_when_taken_twice_then_nothing_changes(lab, tenant, run, people, take):
    sian, ann = people
    tenant.change(grant(ann))
    failed = await take.report(sian, "failed", reason="refused", detail="no such pool")
    done = await take.report(ann)
    await take(failed, done)
    before, events = await lab.people(), await lab.timeline(sian)
    assert before["sian"].summary.code == "move_refused"
    assert events[0].detail == "no such pool"

    await take(failed, done)

    assert await lab.people() == before
    assert await lab.timeline(sian) == events


async def test_given_no_report_when_the_night_comes_then_noticed_and_no_drift(
    lab, tenant, run, people
):
    tenant.change(*(move(p) if p.name == "sian" else grant(p) for p in people))

    report = await nightly(lab)

    assert (report.complete, report.items) == (True, ())
    for who in people:
        assert (await lab.person(who)).summary.state is UserState.DONE
    assert (await lab.wave()).report["by_state"] == {"done": 2}


async def test_given_nothing_has_moved_when_the_night_comes_then_still_handed_off_since_then(
    lab, run, people
):
    before = await lab.people()

    report = await nightly(lab)

    assert report.items == ()
    assert await lab.people() == before


async def test_given_a_move_that_left_the_interim_mode_when_noticed_then_we_set_the_last_one(
    lab, build, tenant, take
):
    sian = build.a_person("sian").homed("onPremises")
    run = await lab.start(build.a_council(sian).with_skype(interim_mode="SfBWithTeamsCollab"))
    await run.closed()
    # With Skype for Business Online still there, the move keeps the explicit mode.
    tenant.change(
        {"op": "patchUser", "id": sian.id, "patch": {"sfbHoming": "online"}},
        grant(sian, "SfBWithTeamsCollab"),
    )

    await nightly(lab)

    assert tenant.user(sian.id)["policies"][UPGRADE] == "UpgradeToTeams"
    assert (await lab.record(sian, Step.COEXISTENCE)).outcome is Outcome.APPLIED
    writes = tenant.writes
    for looks in range(1, 50):
        result, _ = await take(looks=looks)
        if result.next_at is None:
            break
    assert (await lab.person(sian)).summary.state is UserState.DONE
    assert tenant.writes == writes


async def test_given_a_person_on_hold_when_their_mode_is_ours_to_set_then_left_alone(
    lab, build, tenant
):
    sian = build.a_person("sian").homed("onPremises")
    run = await lab.start(build.a_council(sian))
    await run.closed()
    tenant.change({"op": "patchUser", "id": sian.id, "patch": {"sfbHoming": "online"}})
    tenant.change(grant(sian, CoexistenceMode.SFB_ONLY.value))
    held = await lab.person(sian)
    hold = held.assignment.model_copy(update={"hold_until": date(2099, 1, 1)})
    await lab.ledger.put_users([held.model_copy(update={"assignment": hold})])
    writes = tenant.writes

    await nightly(lab)

    assert tenant.writes == writes
    assert (await lab.record(sian, Step.COEXISTENCE)).code == "handed_off_server_team"


async def test_given_a_read_that_fails_when_taken_then_the_reports_are_taken_later(
    lab, tenant, run, people, take
):
    _, ann = people
    tenant.change(grant(ann))
    operation_id = await lab.operation("hand-off")
    await lab.ledger.save_reports(operation_id, [await take.report(ann)])
    request = HandOffRun(rollout_id=ROLLOUT, operation_id=operation_id)
    tenant.fail("/admin/teams/userConfigurations", "503", count=50)
    with pytest.raises(GraphReadError):
        await finish_hand_offs(lab.deps, request)

    tenant.fail("/nowhere", "503")  # replaces the faults that are left
    result = await finish_hand_offs(lab.deps, request)

    assert result.counts == {"done": 1}
