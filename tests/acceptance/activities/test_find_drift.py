"""find_drift: finds every change to what a closed wave left behind, and nothing else."""

from typing import Any

import pytest

from activities.find_drift import find_drift
from graph.errors import GraphReadError
from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.domain.vocabulary import WaveState
from teams_rollout.ledger.records import OperationStatus
from tests.acceptance.activities.lab import ROLLOUT, Crash

pytestmark = pytest.mark.azurite

UPGRADE = "TeamsUpgradePolicy"


def person_for(build, name):
    """Somebody with everything that can drift."""
    number = f"+4416329{60100 + len(name) * 31 + sum(map(ord, name)) % 31:05}"
    return (
        build.a_person(name).without_location().homed("online").joining("housing").wanting(number)
    )


CHANGES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "deleted": ({"op": "deleteUser"}, {"resolve"}),
    "disabled": ({"op": "patchUser", "patch": {"accountEnabled": False}}, {"resolve"}),
    "unlocated": ({"op": "patchUser", "patch": {"usageLocation": None}}, {"usage_location"}),
    "renamed": (
        {"op": "patchUser", "patch": {"userPrincipalName": "married@llanfair.example"}},
        {"upn"},
    ),
    "unlicensed": ({"op": "setLicenses", "assignedLicenses": []}, {"license"}),
    "unpolicied": (
        {"op": "setPolicy", "policyType": "TeamsMeetingPolicy", "policyName": None},
        {"policies"},
    ),
    "unmoded": (
        {"op": "setPolicy", "policyType": UPGRADE, "policyName": "SfBOnly"},
        {"coexistence"},
    ),
    "numberless": ({"op": "setNumber", "number": None}, {"phone_number"}),
    "renumbered": ({"op": "setNumber", "number": "+441632969999"}, {"phone_number"}),
    "left": ({"op": "removeMember", "team": "housing"}, {"team_membership"}),
    "rehomed": ({"op": "moveToServer"}, {"coexistence"}),
}


@pytest.fixture
def council(build):
    people = [person_for(build, name) for name in [*CHANGES, "steady"]]
    server = build.a_person("server").homed("onPremises")
    parks = build.a_person("parks").joining("parks")
    kinds = [
        build.a_person("guest").as_guest(),
        build.a_person("off").disabled(),
        build.a_person("unknown").unknown_to_microsoft(),
        build.a_person("fred").licensed(build.F1),
        build.OLGA,
    ]
    teams = (build.a_team("housing"), build.a_team("parks"))
    return build.a_council(*people, server, parks, *kinds).with_teams(*teams)


@pytest.fixture
async def run(lab, council):
    run = await lab.start(council)
    await run.closed()
    assert (await lab.wave()).state is WaveState.COMPLETED
    return run


async def reconcile(lab, run_id="night", **changes):
    operation = await lab.operation("reconcile")
    request = OperationRequest(rollout_id=ROLLOUT, operation_id=operation, run_id=run_id, **changes)
    result = await find_drift(lab.deps, request)
    report = await lab.ledger.find_drift(ROLLOUT, run_id)
    return result, report, await lab.result_of(operation)


def by_person(report):
    kinds: dict[str, set[str]] = {}
    for item in report.items:
        kinds.setdefault(item.upn.partition("@")[0], set()).add(item.kind)
    return kinds


async def test_given_a_converged_tenant_when_reconciled_then_there_is_no_drift_and_no_write(
    lab, tenant, council, run
):
    before = tenant.writes

    result, report, operation = await reconcile(lab)

    assert (report.complete, report.checked, report.items) == (True, len(council.people), ())
    assert result.counts == {"found": 0}
    assert operation.result == {"run_id": "night", "complete": True, "found": 0}
    assert tenant.writes == before


async def test_given_teams_when_reconciled_then_members_are_read_from_groups_alone(
    lab, tenant, run
):
    # Microsoft's terms: a Teams resource may be polled once a day.
    before = tenant.requests()["by_route"]

    await reconcile(lab)

    after = tenant.requests()["by_route"]
    asked = {route for route in after if after[route] != before.get(route)}
    assert "GET /groups/{group}/members" in asked
    assert not [route for route in asked if route.split(" ")[1].startswith("/teams")]


async def test_given_every_kind_of_change_when_reconciled_then_each_is_found_at_its_person(
    lab, build, tenant, run
):
    team_ids = {t.spec.key: t.status.team_id for t in await lab.ledger.list_teams(ROLLOUT)}
    for name, (change, _) in CHANGES.items():
        wanted = {"id": build.object_id(name), **change}
        if "team" in change:
            wanted |= {"team": team_ids[change["team"]], "user": build.object_id(name)}
        tenant.change(wanted)
    tenant.change(
        {"op": "deleteTeam", "id": team_ids["parks"]},
        {"op": "moveToCloud", "id": build.object_id("server")},
        {"op": "patchUser", "id": build.object_id("off"), "patch": {"accountEnabled": True}},
    )

    _, report, _ = await reconcile(lab)

    found = by_person(report)
    expected = {name: kinds for name, (_, kinds) in CHANGES.items()}
    # Whoever was handed off and has moved since is finished: that is no drift.
    expected |= {"parks": {"team_membership"}, "off": {"resolve"}}
    assert set(found) == set(expected)
    for name, kinds in expected.items():
        assert kinds <= found[name], name
    assert len({i.id for i in report.items}) == len(report.items)


async def test_given_a_wave_that_is_not_closed_when_reconciled_then_its_people_are_left_out(
    lab, build, tenant
):
    await lab.start(build.a_council(build.a_person("ann")))
    tenant.change({"op": "deleteUser", "id": build.object_id("ann")})

    _, report, _ = await reconcile(lab)

    assert (report.complete, report.checked, report.items) == (True, 0, ())


@pytest.mark.parametrize(
    "source",
    [
        "/users",
        "/admin/teams/userConfigurations",
        "/subscribedSkus",
        "/groups",
        "/groups/*/members",
        "/admin/teams/telephoneNumberManagement/numberAssignments",
    ],
)
async def test_given_a_source_cannot_be_read_when_reconciled_then_it_says_so_and_lists_nothing(
    lab, build, tenant, source
):
    ann = build.a_person("ann").joining("housing").wanting("+441632960001")
    run = await lab.start(build.a_council(ann).with_teams(build.a_team("housing")))
    await run.closed()
    tenant.change({"op": "deleteUser", "id": ann.id})
    tenant.fail(source, "429", method="GET", count=5, retry_after=120)

    result, report, operation = await reconcile(lab, give_up=True)

    assert (report.complete, report.items) == (False, ())
    assert report.reason
    assert not result.succeeded
    assert operation.status is OperationStatus.SUCCEEDED  # it ran, and says what it could not do
    assert operation.result["complete"] is False


async def test_given_a_source_that_may_be_read_later_when_reconciled_then_it_is_asked_again(
    lab, build, tenant
):
    run = await lab.start(build.a_council(build.a_person("ann")))
    await run.closed()
    tenant.fail("/groups", "429", method="GET", count=5, retry_after=120)

    with pytest.raises(GraphReadError):
        await reconcile(lab)


@pytest.mark.parametrize("write", ["save_drift", "save_operation"])
async def test_given_a_crash_when_reconciled_again_then_there_is_one_report(
    lab, build, tenant, write
):
    run = await lab.start(build.a_council(build.a_person("ann")))
    await run.closed()
    tenant.change({"op": "deleteUser", "id": build.object_id("ann")})
    operation = await lab.operation("reconcile")
    request = OperationRequest(rollout_id=ROLLOUT, operation_id=operation, run_id="night")
    lab.ledger.die_before(write)
    with pytest.raises(Crash):
        await find_drift(lab.deps, request)

    await find_drift(lab.deps, request)

    report = await lab.ledger.find_drift(ROLLOUT, "night")
    assert [i.kind for i in report.items] == ["resolve"]
    assert (await lab.result_of(operation)).result["found"] == 1


async def test_given_nothing_was_imported_when_reconciled_then_there_is_nothing_to_compare(lab):
    request = OperationRequest(operation_id="nobody asked")

    assert (await find_drift(lab.deps, request)).counts == {}
