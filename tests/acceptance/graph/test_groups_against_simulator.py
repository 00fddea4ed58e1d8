"""Licensing groups, and undoing, against the tenant simulator over real HTTP."""

import asyncio

import pytest

from graph.group_members import add_group_members, add_group_owners, remove_group_members
from graph.groups import list_group_members, list_group_owners
from graph.licenses import (
    LicenseChange,
    assign_licenses,
    list_skus,
    reprocess_licenses,
    unassign_licenses,
)
from graph.team_removal import archive_team, get_team_operation, remove_members
from graph.users import get_user, get_users
from teams_rollout.domain.vocabulary import Outcome
from tests.acceptance.graph.conftest import E3, VOICE, object_id, person, tenant

NAMES = [f"officer{n:02}" for n in range(25)]
IDS = [object_id(name) for name in NAMES]
LICENSING, SYNCED, BY_RULE, TEAM = (object_id(n) for n in ("lic", "synced", "by rule", "team"))
NOBODY = object_id("nobody")
DONE = {Outcome.APPLIED}


def a_group(group_id, name, **properties):
    return {
        "id": group_id,
        "displayName": name,
        "mailNickname": name,
        "mailEnabled": False,
        "securityEnabled": True,
        "groupTypes": [],
        "assignedLicenses": [{"skuId": E3, "disabledPlans": []}],
        "members": [],
        "owners": [],
        **properties,
    }


def a_seed(*, seats=10_000, **sku):
    seed = tenant([person(name, usageLocation="GB") for name in NAMES], seats=seats)
    seed["skus"][0].update(sku)
    unified = {"groupTypes": ["Unified"], "mailEnabled": True, "assignedLicenses": []}
    seed["groups"] = [
        a_group(LICENSING, "lic-e3"),
        a_group(SYNCED, "lic-synced", onPremisesSyncEnabled=True),
        a_group(BY_RULE, "lic-rule", groupTypes=["DynamicMembership"]),
        a_group(TEAM, "housing", **unified, members=IDS[:22], owners=IDS[22:23]),
    ]
    seed["teams"] = [{"id": TEAM, "displayName": "housing", "channels": ["General"]}]
    return seed


@pytest.fixture
def simulator(start_simulator):
    return start_simulator(a_seed(), "--limits", "50")


@pytest.fixture
def session(simulator, open_session):
    return open_session(simulator, limits=50)


def outcomes(results):
    return {r.outcome for r in results}


async def states_of(session, user_id):
    found = await get_user(session, user_id)
    assert found is not None
    return [(s.assigned_by_group, s.state, s.error) for s in found.license_states]


async def test_given_twenty_people_when_put_into_a_licensing_group_then_one_request_licenses_them(
    session, simulator
):
    results = await add_group_members(session, LICENSING, IDS[:20])

    assert [r.key for r in results] == IDS[:20]
    assert outcomes(results) == DONE
    assert len(simulator.effects("group.member")) == 20
    assert simulator.requests()["writes"] == 1
    assert await states_of(session, IDS[0]) == [(LICENSING, "Active", "None")]
    assert len(await list_group_members(session, LICENSING)) == 20


async def test_given_one_unknown_and_one_member_when_put_in_then_the_others_do_not_suffer(
    session, simulator
):
    await add_group_members(session, LICENSING, IDS[:1])

    results = await add_group_members(session, LICENSING, [*IDS[:12], NOBODY])

    by_id = {r.key: (r.outcome, r.code) for r in results}
    assert by_id.pop(IDS[0]) == (Outcome.ALREADY, "")
    assert by_id.pop(NOBODY) == (Outcome.BLOCKED, "user_not_found")
    assert set(by_id.values()) == {(Outcome.APPLIED, "")}
    assert sorted(e["after"] for e in simulator.effects("group.member")) == sorted(IDS[:12])
    assert simulator.requests()["redundant_total"] == 0


@pytest.mark.parametrize(
    ("group_id", "code"),
    [
        (SYNCED, "group_managed_on_premises"),
        (NOBODY, "group_not_found"),
        (BY_RULE, "permission_missing"),
    ],
)
async def test_given_a_group_that_takes_nobody_when_asked_then_it_is_asked_once(
    session, simulator, group_id, code
):
    results = await add_group_members(session, group_id, IDS[:8])

    assert {(r.outcome, r.code) for r in results} == {(Outcome.BLOCKED, code)}
    assert simulator.requests()["writes"] == 1
    assert simulator.effects("group.member") == []


async def test_given_seats_that_run_out_when_one_comes_free_then_only_reprocessing_gives_it(
    start_simulator, open_session
):
    simulator = start_simulator(a_seed(seats=1))
    session = open_session(simulator)
    await add_group_members(session, LICENSING, IDS[:1])
    await add_group_members(session, LICENSING, IDS[1:2])
    assert await states_of(session, IDS[1]) == [(LICENSING, "Error", "CountViolation")]

    await remove_group_members(session, LICENSING, IDS[:1])
    assert await states_of(session, IDS[1]) == [(LICENSING, "Error", "CountViolation")]
    results = await reprocess_licenses(session, IDS[1:2])

    assert outcomes(results) == DONE
    assert await states_of(session, IDS[1]) == [(LICENSING, "Active", "None")]


async def test_given_group_members_when_taken_out_twice_then_the_second_time_is_already_so(
    session, simulator
):
    await add_group_members(session, LICENSING, IDS[:3])

    first = await remove_group_members(session, LICENSING, IDS[:3])
    second = await remove_group_members(session, LICENSING, IDS[:3])

    assert outcomes(first) == DONE
    assert outcomes(second) == {Outcome.ALREADY}
    left = [e["before"] for e in simulator.effects("group.member") if e["before"]]
    assert sorted(left) == sorted(IDS[:3])


async def test_given_more_owners_than_a_group_is_made_with_when_added_then_all_own_it(
    session, simulator
):
    first = await add_group_owners(session, LICENSING, IDS)
    second = await add_group_owners(session, LICENSING, IDS[:2])

    assert outcomes(first) == DONE
    assert outcomes(second) == {Outcome.ALREADY}
    assert await list_group_owners(session, LICENSING) == frozenset(IDS)
    assert len(simulator.effects("group.owner")) == 25


async def test_given_members_of_a_team_when_removed_then_twenty_at_a_time_and_absence_is_fine(
    session, simulator
):
    results = await remove_members(session, TEAM, [*IDS[:19], IDS[24]])

    assert outcomes(results[:19]) == DONE
    assert results[19].outcome is Outcome.ALREADY
    assert len(simulator.effects("team.member")) == 19
    again = await remove_members(session, TEAM, IDS[:19])
    assert outcomes(again) == {Outcome.ALREADY}
    assert simulator.requests()["redundant_total"] == 0
    with pytest.raises(ValueError, match="20"):
        await remove_members(session, TEAM, IDS[:21])


async def test_given_a_team_when_archived_twice_then_one_order_and_it_can_be_followed(
    session, simulator
):
    order = await archive_team(session, TEAM)
    progress = await get_team_operation(session, TEAM, order.detail)
    again = await archive_team(session, TEAM)

    assert order.outcome is Outcome.APPLIED
    assert progress.outcome is Outcome.APPLIED
    assert again.outcome is Outcome.ALREADY
    assert len(simulator.effects("team.archived")) == 1
    assert (await archive_team(session, NOBODY)).code == "team_not_found"


async def test_given_an_order_that_takes_its_time_when_followed_then_it_waits_for_microsoft(
    start_simulator, open_session
):
    seed = a_seed()
    seed["tenant"]["lag"] = {"team_create": 600, "members": 0, "directory": 0}
    session = open_session(start_simulator(seed))

    order = await archive_team(session, TEAM)
    progress = await get_team_operation(session, TEAM, order.detail)

    assert (progress.outcome, progress.code) == (Outcome.WAITING, "waiting_for_microsoft")
    assert (await get_team_operation(session, TEAM, "unheard-of")).code == "team_not_found"


async def test_given_direct_licences_when_unassigned_then_what_is_left_goes_and_the_rest_is_so(
    session, simulator
):
    both = ((E3, ()), (VOICE, ()))
    await assign_licenses(
        session,
        [LicenseChange(user_id=IDS[0], add=both), LicenseChange(user_id=IDS[1], add=both[:1])],
    )

    results = await unassign_licenses(session, [(u, [E3, VOICE]) for u in IDS[:2]])
    again = await unassign_licenses(session, [(u, [E3, VOICE]) for u in IDS[:2]])

    assert outcomes(results) == DONE
    assert outcomes(again) == {Outcome.ALREADY}
    assert all(not u.license_states for u in (await get_users(session, IDS[:2])).values())
    assert simulator.requests()["redundant_total"] == 0


async def test_given_a_licence_from_a_group_when_unassigned_then_it_is_said_whose_it_is(session):
    await add_group_members(session, LICENSING, IDS[:1])

    (result,) = await unassign_licenses(session, [(IDS[0], [E3])])

    assert (result.outcome, result.code) == (Outcome.BLOCKED, "license_held_through_group")


async def test_given_seats_of_every_kind_when_counted_then_as_many_can_be_taken_as_are_usable(
    start_simulator, open_session
):
    units = {"enabled": 1, "warning": 1, "suspended": 5, "lockedOut": 7}
    session = open_session(start_simulator(a_seed(**units)))
    (sku,) = [s for s in await list_skus(session) if s.sku_id == E3]
    changes = [LicenseChange(user_id=u, add=((E3, ()),)) for u in IDS[:3]]

    results = await assign_licenses(session, changes)

    assert (sku.enabled, sku.consumed) == (2, 0)
    assert sorted(r.code for r in results) == ["", "", "no_seats_left"]


async def test_given_people_added_side_by_side_when_they_collide_then_nobody_is_lost(
    session, simulator
):
    halves = [IDS[:10], IDS[10:20]]
    found = await asyncio.gather(*(add_group_members(session, LICENSING, h) for h in halves))
    late = [r.key for results in found for r in results if r.outcome is Outcome.TRANSIENT]
    if late:
        await add_group_members(session, LICENSING, late)

    assert sorted(e["after"] for e in simulator.effects("group.member")) == sorted(IDS[:20])
