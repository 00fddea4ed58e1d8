"""Every call of ours against the tenant simulator over real HTTP, judged from its effects."""

import asyncio

import pytest

from graph.errors import GraphReadError
from graph.licenses import LicenseChange, assign_licenses, list_skus
from graph.numbers import assign_number, get_number_operation, list_numbers
from graph.organization import get_tenant
from graph.policies import (
    PolicyAssignment,
    assign_policies,
    get_user_configuration,
    list_user_configurations,
)
from graph.teams import (
    add_members,
    create_channel,
    ensure_group,
    ensure_team,
    list_channels,
    list_group_members,
    list_group_owners,
    list_groups,
)
from graph.users import get_user, get_users, list_users, set_usage_locations
from teams_rollout.domain.vocabulary import Outcome
from tests.acceptance.graph.conftest import E3, TEAMS1, VOICE, object_id, person, tenant

NAMES = [f"officer{n:02}" for n in range(45)]
IDS = [object_id(name) for name in NAMES]
DONE = {Outcome.APPLIED}


@pytest.fixture
def simulator(start_simulator):
    return start_simulator(tenant([person(name) for name in NAMES]), "--limits", "50")


@pytest.fixture
def session(simulator, open_session):
    return open_session(simulator, limits=50)


def outcomes(results) -> set[Outcome]:
    return {r.outcome for r in results}


async def license_all(session, ids, *, sku=E3):
    await set_usage_locations(session, [(user_id, "GB") for user_id in ids])
    return await assign_licenses(
        session, [LicenseChange(user_id=user_id, add=((sku, ()),)) for user_id in ids]
    )


async def test_given_a_tenant_when_read_then_everybody_and_everything_is_there(session):
    info = await get_tenant(session)
    users = await list_users(session)
    skus = {sku.part_number: sku for sku in await list_skus(session)}

    assert info.display_name == "Borough of Exampleton"
    assert {u.id for u in users} == set(IDS)
    assert users[0].usage_location == ""
    assert (skus["SPE_E3"].enabled, skus["SPE_E3"].consumed) == (10_000, 0)
    assert TEAMS1 in {p.id for p in skus["SPE_E3"].plans}
    assert set(await get_users(session, [IDS[0], object_id("nobody")])) == {IDS[0]}
    assert await get_user(session, object_id("nobody")) is None


async def test_given_people_when_located_and_licensed_then_each_once_and_in_envelopes(
    session, simulator
):
    results = await license_all(session, IDS)

    assert outcomes(results) == DONE
    assert [r.key for r in results] == IDS
    assert len(simulator.effects("user.licenses")) == 45
    assert len(simulator.effects("user.usageLocation")) == 45
    user = await get_user(session, IDS[0])
    assert user is not None
    assert user.usage_location == "GB"
    assert [s.sku_id for s in user.license_states] == [E3]
    assert TEAMS1 in {p.service_plan_id for p in user.assigned_plans}


async def test_given_no_location_when_licensed_then_the_reason_is_known(session):
    change = LicenseChange(user_id=IDS[0], add=((E3, ()),))
    fresh = change.model_copy(update={"location_just_set": True})

    first, second = await assign_licenses(session, [change, fresh])

    assert (first.outcome, first.code) == (Outcome.BLOCKED, "usage_location_missing")
    assert (second.outcome, second.code) == (Outcome.TRANSIENT, "usage_location_missing")


async def test_given_too_few_seats_when_licensed_then_exactly_the_surplus_is_blocked(
    start_simulator, open_session
):
    simulator = start_simulator(tenant([person(name) for name in NAMES], seats=40))

    results = await license_all(open_session(simulator), IDS)

    assert sum(r.outcome is Outcome.APPLIED for r in results) == 40
    assert {r.code for r in results if r.outcome is Outcome.BLOCKED} == {"no_seats_left"}
    assert len(simulator.effects("user.licenses")) == 40


async def test_given_a_product_that_is_not_ours_when_licensed_then_it_is_said(session):
    await set_usage_locations(session, [(IDS[0], "GB")])

    (result,) = await assign_licenses(
        session, [LicenseChange(user_id=IDS[0], add=((object_id("sku"), ()),))]
    )

    assert (result.outcome, result.code) == (Outcome.BLOCKED, "sku_not_in_tenant")


async def make_team(session) -> str:
    group = await ensure_group(
        session,
        unique_name="rollout-housing",
        display_name="Housing",
        mail_nickname="housing",
        visibility="Private",
        owner_ids=IDS[:2],
        description="Made by the Teams rollout",
    )
    assert group.outcome is Outcome.APPLIED
    for _ in range(50):
        team = await ensure_team(session, group.key)
        if team.code != "replication_pending":
            break
        await asyncio.sleep(0.1)
    assert team.outcome is Outcome.APPLIED
    return group.key


async def test_given_a_team_when_made_twice_then_it_exists_once_with_owners_and_channels(
    session, simulator
):
    team_id = await make_team(session)

    again = await ensure_group(
        session,
        unique_name="rollout-housing",
        display_name="Housing",
        mail_nickname="housing",
        visibility="Private",
        owner_ids=IDS[:2],
    )
    team_again = await ensure_team(session, team_id)
    channels = [await create_channel(session, team_id, "Duty rota") for _ in range(2)]

    assert (again.outcome, again.key) == (Outcome.ALREADY, team_id)
    assert team_again.outcome is Outcome.ALREADY
    assert [c.outcome for c in channels] == [Outcome.APPLIED, Outcome.ALREADY]
    assert "Duty rota" in await list_channels(session, team_id)
    assert await list_group_owners(session, team_id) == set(IDS[:2])
    (group,) = [g for g in await list_groups(session) if g.id == team_id]
    assert (group.is_team, group.unique_name) == (True, "rollout-housing")
    assert len(simulator.effects("group.created")) == 1
    assert len(simulator.effects("team.created")) == 1
    assert not any(simulator.requests()["redundant"].values())


async def test_given_a_foreign_nickname_when_a_team_is_wanted_then_it_is_left_alone(
    session, simulator
):
    await make_team(session)

    other = await ensure_group(
        session,
        unique_name="another",
        display_name="Housing",
        mail_nickname="housing",
        visibility="Private",
        owner_ids=IDS[:1],
    )

    assert (other.outcome, other.code) == (Outcome.BLOCKED, "team_name_taken")
    assert len(simulator.effects("group.created")) == 1


async def test_given_members_when_added_then_one_stranger_does_not_stop_the_others(
    session, simulator
):
    team_id = await make_team(session)
    people = [*IDS[2:30], object_id("nobody")]

    results = await add_members(session, team_id, people)

    assert outcomes(results[:-1]) == DONE
    assert (results[-1].outcome, results[-1].code) == (Outcome.BLOCKED, "user_not_found")
    assert set(IDS[2:30]) <= await list_group_members(session, team_id)
    assert {e["after"] for e in simulator.effects("team.member")} >= set(IDS[2:30])


async def test_given_policies_when_assigned_then_only_the_odd_one_is_refused(session, simulator):
    await license_all(session, IDS)
    people = [*IDS, object_id("nobody")]
    wanted = [
        PolicyAssignment(user_id=u, policy_type="TeamsMeetingPolicy", policy_name="AllOn")
        for u in people
    ]

    results = await assign_policies(session, wanted)

    assert outcomes(results[:-1]) == DONE
    assert (results[-1].outcome, results[-1].code) == (Outcome.BLOCKED, "user_not_found")
    assert len(simulator.effects("user.policy")) == 45
    configurations = await list_user_configurations(session)
    policies = {(p.type, p.name) for c in configurations for p in c.policies}
    assert ("TeamsMeetingPolicy", "AllOn") in policies
    one = await get_user_configuration(session, IDS[0])
    assert one is not None
    assert one.account_type == "user"
    assert await get_user_configuration(session, object_id("nobody")) is None


async def test_given_a_policy_or_type_that_is_not_there_when_assigned_then_it_is_said(session):
    wanted = [
        PolicyAssignment(user_id=IDS[0], policy_type="TeamsMeetingPolicy", policy_name="Nope"),
        PolicyAssignment(user_id=IDS[0], policy_type="NoSuchPolicy", policy_name="AllOn"),
    ]

    first, second = await assign_policies(session, wanted)

    assert (first.outcome, first.code) == (Outcome.BLOCKED, "policy_not_found")
    assert (second.outcome, second.code) == (Outcome.BLOCKED, "policy_type_unsupported")


async def test_given_somebody_homed_on_premises_when_upgraded_then_it_is_said(
    start_simulator, open_session
):
    simulator = start_simulator(tenant([person("ann", sfbHoming="onPremises"), person("bob")]))
    wanted = [
        PolicyAssignment(
            user_id=object_id(u), policy_type="TeamsUpgradePolicy", policy_name="UpgradeToTeams"
        )
        for u in ("ann", "bob")
    ]

    first, second = await assign_policies(open_session(simulator), wanted)

    assert (first.outcome, first.code) == (Outcome.BLOCKED, "user_on_premises")
    assert second.outcome is Outcome.APPLIED


async def finished(session, operation_id):
    for _ in range(50):
        result = await get_number_operation(session, operation_id)
        if result.outcome is not Outcome.WAITING:
            return result
        await asyncio.sleep(0.1)
    raise AssertionError("the order never ended")


async def test_given_numbers_when_ordered_then_a_taken_one_is_refused_and_a_free_one_held(
    session,
):
    await license_all(session, IDS[:2])
    await license_all(session, IDS[:2], sku=VOICE)
    number = "+441632960123"

    order = await assign_number(session, user_id=IDS[0], number=number, number_type="directRouting")
    taken = await assign_number(session, user_id=IDS[1], number=number, number_type="directRouting")
    unlicensed = await assign_number(
        session, user_id=IDS[5], number="+441632960124", number_type="directRouting"
    )

    assert (await finished(session, order.detail)).outcome is Outcome.APPLIED
    assert (await finished(session, taken.detail)).code == "number_in_use"
    assert (unlicensed.outcome, unlicensed.code) == (Outcome.BLOCKED, "phone_system_missing")
    assert (await list_numbers(session))[number] == IDS[0]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "429", "retry_after": 1},
        {"kind": "429"},
        {"kind": "503", "retry_after": 1},
        {"kind": "500"},
        {"kind": "reset_before"},
        {"kind": "reset_after"},
        {"kind": "partial_batch"},
        {"kind": "token_expired"},
    ],
    ids=lambda fault: fault["kind"] + ("-with-time" if "retry_after" in fault else ""),
)
async def test_given_faults_when_repeated_by_the_caller_then_everybody_is_licensed_once(
    session, simulator, fault
):
    await set_usage_locations(session, [(user_id, "GB") for user_id in IDS])
    simulator.faults({"method": "POST", "path": ".*", "rate": 0.5, "count": 8, **fault})
    open_ids = IDS

    for _ in range(12):
        changes = [LicenseChange(user_id=u, add=((E3, ()),)) for u in open_ids]
        results = await assign_licenses(session, changes)
        assert all(r.is_accepted or r.outcome.is_retryable for r in results)
        live = await get_users_patiently(session, open_ids)
        open_ids = [u for u in open_ids if not live[u].license_states]
        if not open_ids:
            break

    assert open_ids == []
    assert len(simulator.effects("user.licenses")) == 45


async def get_users_patiently(session, ids):
    for _ in range(20):
        try:
            return await get_users(session, ids)
        except GraphReadError:
            await asyncio.sleep(0.2)
    raise AssertionError("the tenant never answered")
