"""Policies: small arrays, one person's trouble stays his own."""

import pytest

from graph.errors import GraphReadError
from graph.policies import (
    PolicyAssignment,
    assign_policies,
    get_user_configuration,
    list_user_configurations,
)
from teams_rollout.domain.vocabulary import Outcome

ASSIGN = "/admin/teams/policy/userAssignments/microsoft.graph.teamsAdministration.assign"
LOOKUP = "/admin/teams/policy/getPolicyId.*"
FOUND = {"value": [{"name": "Tag:AllOn", "policyId": "p-1"}]}
ANN = {
    "id": "ann",
    "userPrincipalName": "ann@example.org",
    "accountType": "sfbOnPremUser",
    "featureTypes": ["Teams"],
    "isEnterpriseVoiceEnabled": True,
    "telephoneNumbers": [{"telephoneNumber": "441632960123", "assignmentCategory": "primary"}],
    "effectivePolicyAssignments": [
        {
            "policyType": "TeamsUpgradePolicy",
            "policyAssignment": {"displayName": "Tag:SfBOnly", "assignmentType": "direct"},
        }
    ],
}


def wanted(*users: str, name: str = "AllOn") -> list[PolicyAssignment]:
    return [
        PolicyAssignment(user_id=u, policy_type="TeamsMeetingPolicy", policy_name=name)
        for u in users
    ]


def refusing(bad: set[str], script, refused):
    """Refuses an array as a whole when one of the bad ones is in it."""

    def answer(body, path):
        users = {entry["userId"] for entry in body["value"]}
        if users & bad:
            return script(status=400, body=refused("odd person", code="BadRequest"))
        return script(status=204)

    return script(body=answer)


async def test_given_45_people_when_assigned_then_arrays_hold_20_and_the_id_is_asked_once(
    microsoft, session, script
):
    microsoft.on("GET", LOOKUP, script(body=FOUND))
    microsoft.on("POST", ASSIGN, script(status=204))

    results = await assign_policies(session, wanted(*(f"u{n}" for n in range(45))))
    await assign_policies(session, wanted("u99"))

    assert [r.outcome for r in results] == [Outcome.APPLIED] * 45
    assert [r.key for r in results] == [f"u{n}" for n in range(45)]
    assert sorted(len(r.body["value"]) for r in microsoft.writes()) == [1, 5, 20, 20]
    lookups = [r for r in microsoft.received if r.method == "GET"]
    assert [r.path for r in lookups] == [
        "/admin/teams/policy/getPolicyId(type='TeamsMeetingPolicy',name='AllOn')"
    ]
    entry = microsoft.writes()[0].body["value"][0]
    assert entry["policyId"] == "p-1"
    assert entry["policyType"] == "TeamsMeetingPolicy"
    assert entry["@odata.type"].endswith("teamsPolicyUserAssignment")


async def test_given_two_odd_people_when_assigned_then_everybody_else_gets_the_policy(
    microsoft, session, script, refused
):
    microsoft.on("GET", LOOKUP, script(body=FOUND))
    microsoft.on("POST", ASSIGN, refusing({"u3", "u17"}, script, refused))

    results = await assign_policies(session, wanted(*(f"u{n}" for n in range(20))))

    refusals = [r.key for r in results if r.outcome is Outcome.FAILED]
    assert refusals == ["u3", "u17"]
    assert sum(r.outcome is Outcome.APPLIED for r in results) == 18
    accepted = [
        entry["userId"]
        for r in microsoft.writes()
        for entry in r.body["value"]
        if not {"u3", "u17"} & {e["userId"] for e in r.body["value"]}
    ]
    assert sorted(accepted) == sorted(set(accepted)), "nobody was assigned twice"


@pytest.mark.parametrize("status", [403, 429, 500])
async def test_given_trouble_that_is_nobodys_when_assigned_then_the_array_is_not_taken_apart(
    microsoft, session, script, status
):
    microsoft.on("GET", LOOKUP, script(body=FOUND))
    microsoft.on("POST", ASSIGN, script(status=status))

    results = await assign_policies(session, wanted("u1", "u2"))

    assert len({r.code for r in results}) == 1
    assert len(microsoft.writes()) == 1


@pytest.mark.parametrize("body", [{"value": []}, {"value": [{"name": "Tag:Other"}]}, None])
async def test_given_a_policy_that_is_not_there_when_assigned_then_only_its_people_are_blocked(
    microsoft, session, script, body
):
    status = 404 if body is None else 200
    microsoft.on("GET", ".*AllOn.*", script(body=FOUND))
    microsoft.on("GET", ".*Missing.*", script(status=status, body=body))
    microsoft.on("POST", ASSIGN, script(status=204))

    results = await assign_policies(session, wanted("u1", name="Missing") + wanted("u2"))

    assert [(r.key, r.outcome, r.code) for r in results] == [
        ("u1", Outcome.BLOCKED, "policy_not_found"),
        ("u2", Outcome.APPLIED, ""),
    ]


async def test_given_a_lookup_that_fails_when_assigned_then_its_people_are_retried_later(
    microsoft, session, script
):
    microsoft.on("GET", LOOKUP, script(status=503, headers={"Retry-After": "120"}))

    (result,) = await assign_policies(session, wanted("u1"))

    assert (result.key, result.outcome) == ("u1", Outcome.THROTTLED)
    assert microsoft.writes() == []


async def test_given_a_name_with_an_apostrophe_when_looked_up_then_it_is_quoted(
    microsoft, session, script
):
    microsoft.on("GET", ".*", script(body={"value": []}))

    await assign_policies(session, wanted("u1", name="Mayor's office"))

    assert microsoft.received[0].path.endswith("name='Mayor''s office')")


async def test_given_configurations_when_listed_then_every_account_type_is_asked_for(
    microsoft, session, script
):
    microsoft.on("GET", "/admin/teams/userConfigurations", script(body={"value": [ANN]}))

    (ann,) = await list_user_configurations(session)

    assert (ann.account_type, ann.enterprise_voice) == ("sfbOnPremUser", True)
    assert ann.telephone_numbers == ("+441632960123",)
    (policy,) = ann.policies
    assert (policy.type, policy.name, policy.assignment_type) == (
        "TeamsUpgradePolicy",
        "SfBOnly",
        "direct",
    )
    assert microsoft.received[0].headers["prefer"] == "include-unknown-enum-members"
    assert microsoft.received[0].query == {"$top": "999"}


@pytest.mark.parametrize("body", [ANN, {"value": ANN}])
async def test_given_either_shape_when_reading_one_configuration_then_it_is_understood(
    microsoft, session, script, body
):
    microsoft.on("GET", "/admin/teams/userConfigurations/ann", script(body=body))

    found = await get_user_configuration(session, "ann")

    assert found is not None
    assert found.upn == "ann@example.org"


async def test_given_nobody_known_to_teams_when_reading_one_then_it_is_none(
    microsoft, session, script
):
    microsoft.on("GET", "/admin/teams/userConfigurations/bob", script(status=404))

    assert await get_user_configuration(session, "bob") is None


async def test_given_a_configuration_without_an_id_when_listed_then_the_read_fails(
    microsoft, session, script
):
    body = {"value": [{"accountType": "user"}]}
    microsoft.on("GET", "/admin/teams/userConfigurations", script(body=body))

    with pytest.raises(GraphReadError):
        await list_user_configurations(session)
