"""examine_tenant: every fault of a tenant is one check with a cure, and nothing is changed."""

import re
from dataclasses import replace

import pytest

from activities.examine_tenant import examine_tenant
from activities.open_wave import open_wave
from graph.credentials import SignInError, StaticToken
from graph.governor import LocalGovernor
from graph.session import GraphSession
from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.domain.permissions import NEEDS
from teams_rollout.domain.vocabulary import Environment, WaveState
from teams_rollout.ledger.records import OperationStatus
from tests.acceptance.activities.lab import ROLLOUT, with_environment

pytestmark = pytest.mark.azurite

EVERYTHING = sorted({need.permission for need in NEEDS})
NUMBER = "+441632960001"


class NobodySignsIn(StaticToken):
    """An identity that Entra does not know."""

    async def token(self) -> str:
        raise SignInError("no token")


async def examined(lab, **changes):
    """The checks by name; each says in one sentence what is, and how to mend what is wrong."""
    operation = await lab.operation("diagnosis")
    request = OperationRequest(rollout_id=ROLLOUT, operation_id=operation)

    await examine_tenant(replace(lab.deps, **changes), request)

    record = await lab.result_of(operation)
    assert record.status is OperationStatus.SUCCEEDED
    checks = record.result["checks"]
    assert [c for c in checks if re.search(r"[.!?] [A-Z]", c["detail"])] == []
    assert [c for c in checks if not c["ok"] and not c["do"]] == []
    return {c["check"]: c for c in checks}


def wrong(checks):
    return {name for name, c in checks.items() if not c["ok"]}


@pytest.fixture
def council(build):
    """People who use every feature."""
    ann = build.a_person("ann").joining("housing")
    bob = build.a_person("bob").wanting(NUMBER)
    return build.a_council(ann, bob).with_teams(build.a_team()).telling()


@pytest.fixture
def lab_of(start_tenant, open_lab, build, council):
    """A lab whose council was imported while everything was granted."""

    async def make(**tenant):
        complete = start_tenant(build.a_tenant())
        lab = await open_lab(complete)
        await lab.bring_in(council)
        lab.tenant = start_tenant(build.a_tenant(**tenant))
        lab.tenant.change(*({"op": "addUser", "user": p.tenant_row()} for p in council.people))
        await lab.restart()
        return lab

    return make


async def test_given_a_sound_tenant_when_examined_then_only_what_was_planted_is_wrong(
    lab, council, tenant
):
    await lab.bring_in(council)

    checks = await examined(lab)

    # A policy that nobody made, and a SKU without a plan that gives Teams.
    assert wrong(checks) == {"policy TeamsMeetingPolicy/Nowhere", "profile front"}
    assert {f"permission {name}" for name in EVERYTHING if "GroupMember" not in name} <= set(checks)
    assert tenant.writes == 0


@pytest.mark.parametrize("missing", EVERYTHING)
async def test_given_a_permission_is_missing_when_examined_then_it_is_named(lab_of, missing):
    needs = [n for n in NEEDS if n.permission == missing]
    broader = {p for n in needs for p in n.covered_by}
    granted = [p for p in EVERYTHING if p != missing and p not in broader]
    lab = await lab_of(grantedPermissions=[*granted, "Application.Read.All"])

    checks = await examined(lab)

    if missing == "GroupMember.ReadWrite.All":  # no profile is licensed through a group
        assert f"permission {missing}" not in checks
    else:
        check = checks[f"permission {missing}"]
        assert not check["ok"]
        assert missing in check["do"]
    assert lab.tenant.writes == 0


@pytest.mark.parametrize(
    "missing",
    [
        "User.ReadWrite.All",
        "Organization.Read.All",
        "TeamsUserConfiguration.Read.All",
        "TeamsPolicyUserAssign.ReadWrite.All",
        "Group.ReadWrite.All",
        "TeamsTelephoneNumber.ReadWrite.All",
    ],
)
async def test_given_a_permission_is_missing_when_started_then_it_is_named_and_nobody_fails(
    lab_of, missing
):
    granted = [p for p in EVERYTHING if p != missing]
    lab = await lab_of(grantedPermissions=[*granted, "Application.Read.All"])
    run = await lab.schedule()
    operation = await lab.operation("start")

    result = await open_wave(lab.deps, run.watched(operation))

    wave, record = await lab.wave(), await lab.result_of(operation)
    assert (result.started, result.reason) == (False, "permission_missing")
    assert (wave.state, missing in wave.reason) == (WaveState.PLANNED, True)
    assert (record.status, missing in record.error["detail"]) == (OperationStatus.FAILED, True)
    assert not any(u.steps for u in (await lab.people()).values())
    assert lab.tenant.writes == 0


async def test_given_grants_that_cannot_be_seen_when_examined_then_reads_are_tried(lab_of):
    hidden = ("TeamsUserConfiguration.Read.All", "User.ReadWrite.All")
    granted = [p for p in EVERYTHING if p not in hidden]
    lab = await lab_of(grantedPermissions=granted)

    checks = await examined(lab)

    assert checks["permission User.Read.All"]["ok"]
    assert not checks["permission TeamsUserConfiguration.Read.All"]["ok"]
    assert "User.ReadWrite.All" in checks["permissions unseen"]["detail"]
    assert lab.tenant.writes == 0


async def test_given_surplus_permissions_when_a_real_tenant_is_examined_then_they_are_named(lab_of):
    granted = [*EVERYTHING, "Team.Create", "Application.Read.All"]
    lab = await lab_of(grantedPermissions=granted)

    checks = await examined(with_environment(lab, Environment.LIVE))

    assert checks["permissions unneeded"]["ok"]
    # No profile is licensed through a group, and teams are made from groups.
    for name in ("GroupMember.ReadWrite.All", "Team.Create"):
        assert name in checks["permissions unneeded"]["detail"]
    assert "User.Read.All" not in checks["permissions unneeded"]["detail"]
    assert "permissions unneeded" not in await examined(lab)


async def test_given_another_tenant_when_examined_then_both_are_named(lab, council, build):
    await lab.bring_in(council)
    rollout = await lab.ledger.find_rollout()
    elsewhere = "00000000-0000-4000-8000-000000000001"
    section = rollout.config.rollout.model_copy(update={"tenant_id": elsewhere})
    config = rollout.config.model_copy(update={"rollout": section})
    await lab.ledger.save_rollout(rollout.model_copy(update={"config": config}))

    check = (await examined(lab))["tenant"]

    assert not check["ok"]
    assert elsewhere in check["detail"]
    assert build.TENANT_ID in check["detail"]


async def test_given_a_sku_that_the_tenant_lacks_when_examined_then_its_profile_is_wrong(
    lab, council
):
    await lab.bring_in(council)
    rollout = await lab.ledger.find_rollout()
    office = rollout.config.profiles["office"].model_copy(update={"skus": ("SPE_E5",)})
    profiles = {**rollout.config.profiles, "office": office}
    config = rollout.config.model_copy(update={"profiles": profiles})
    await lab.ledger.save_rollout(rollout.model_copy(update={"config": config}))

    checks = await examined(lab)

    assert "SPE_E5" in checks["profile office"]["detail"]
    assert not checks["profile office"]["ok"]


async def test_given_too_few_seats_when_examined_then_how_many_are_short(lab, council, build):
    await lab.bring_in(council)
    held = 2  # the boss, and Olga through her group
    lab.tenant.change({"op": "setSeats", "skuId": build.E3, "enabled": held + 1})

    check = (await examined(lab))["seats SPE_E3"]

    assert not check["ok"]
    assert "1 would be blocked" in check["detail"]


async def test_given_a_graph_that_takes_no_modes_when_examined_then_the_backend_is_named(lab_of):
    lab = await lab_of(graphTakesUpgradePolicy=False)

    check = (await examined(lab))["coexistence_backend"]

    assert not check["ok"]
    assert 'backend = "handoff"' in check["do"]


@pytest.mark.parametrize(("homing", "ok"), [("onPremises", True), ("none", False)])
async def test_given_a_known_person_when_examined_then_homing_is_proved_or_not(
    lab, build, homing, ok
):
    known = build.a_person("kim").homed(homing)
    council = build.a_council(known).with_skype(known_on_premises=known.upn.upper())
    await lab.bring_in(council)

    check = (await examined(lab))["homing"]

    assert check["ok"] is ok
    assert known.upn not in str(check).casefold()
    rollout = await lab.ledger.find_rollout()
    assert rollout.homing_proved_by == (known.upn if ok else "")


async def test_given_a_proof_when_the_known_person_has_moved_then_it_holds_no_longer(lab, build):
    known = build.a_person("kim").homed("onPremises")
    await lab.bring_in(build.a_council(known).with_skype(known_on_premises=known.upn))
    await examined(lab)
    lab.tenant.change({"op": "patchUser", "id": known.id, "patch": {"sfbHoming": "none"}})

    await examined(lab)

    assert (await lab.ledger.find_rollout()).homing_proved_by == ""


async def test_given_a_skewed_clock_when_examined_then_it_is_said(lab, council):
    await lab.bring_in(council)
    lab.clock.skip(600)

    check = (await examined(lab))["graph_clock"]

    assert not check["ok"]
    assert "ahead of Microsoft's" in check["detail"]


async def test_given_no_sign_in_when_examined_then_that_alone_is_said(lab, tenant):
    graph = GraphSession(
        base_url=tenant.base_url,
        token=NobodySignsIn("none"),
        governor=LocalGovernor(limits=1000.0),
        max_retries=0,
    )

    checks = await examined(lab, graph=graph)
    await graph.close()

    assert wrong(checks) == {"sign_in", "tenant"} == set(checks)


async def test_given_no_rollout_when_examined_then_permissions_for_reading_and_licences(lab):
    checks = await examined(lab)

    assert checks["permission User.Read.All"]["ok"]
    assert checks["rollout"]["do"]
    assert "permission Channel.Create" not in checks


async def test_given_checks_of_the_app_when_examined_then_they_stay_in_front(lab):
    operation = await lab.operation("diagnosis")
    record = await lab.result_of(operation)
    first = {"check": "settings", "ok": True, "detail": "Complete.", "do": ""}
    await lab.ledger.save_operation(record.model_copy(update={"result": {"checks": [first]}}))

    await examine_tenant(lab.deps, OperationRequest(operation_id=operation))

    assert (await lab.result_of(operation)).result["checks"][0] == first
