"""Teams: made once, whatever is lost on the way; every member has an answer of his own."""

import pytest

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
from teams_rollout.domain.vocabulary import Outcome

OURS = {"id": "g1", "mailNickname": "housing", "uniqueName": "rollout-housing"}


async def make(session, **changes):
    wanted = {
        "unique_name": "rollout-housing",
        "display_name": "Housing",
        "mail_nickname": "housing",
        "visibility": "Private",
        "owner_ids": ["o1", "o2"],
    }
    return await ensure_group(session, **{**wanted, **changes})


async def test_given_nobody_with_the_nickname_when_ensured_then_the_group_is_made_by_upsert(
    microsoft, session, script
):
    microsoft.on("GET", "/groups", script(body={"value": []}))
    microsoft.on("PATCH", "/groups.*", script(status=201, body={"id": "g1"}))

    result = await make(session)

    assert (result.key, result.outcome) == ("g1", Outcome.APPLIED)
    (upsert,) = microsoft.writes()
    assert upsert.path == "/groups(uniqueName='rollout-housing')"
    assert upsert.headers["prefer"] == "create-if-missing"
    assert upsert.body["groupTypes"] == ["Unified"]
    assert upsert.body["mailEnabled"] is True
    assert upsert.body["securityEnabled"] is False
    assert [o.rsplit("/", 1)[1] for o in upsert.body["owners@odata.bind"]] == ["o1", "o2"]


async def test_given_our_group_when_ensured_again_then_nothing_is_written(
    microsoft, session, script
):
    microsoft.on("GET", "/groups", script(body={"value": [OURS]}))

    result = await make(session)

    assert (result.key, result.outcome) == ("g1", Outcome.ALREADY)
    assert microsoft.writes() == []
    assert microsoft.received[0].query["$filter"] == "mailNickname eq 'housing'"


async def test_given_a_foreign_group_with_the_nickname_when_ensured_then_it_is_never_adopted(
    microsoft, session, script
):
    foreign = {**OURS, "uniqueName": None}
    microsoft.on("GET", "/groups", script(body={"value": [foreign]}))

    result = await make(session)

    assert (result.outcome, result.code) == (Outcome.BLOCKED, "team_name_taken")
    assert microsoft.writes() == []


async def test_given_a_foreign_group_that_no_list_shows_when_made_then_microsofts_refusal_counts(
    microsoft, session, script, refused
):
    text = "Another object with the same value for property mailNickname already exists."
    microsoft.on("GET", "/groups", script(body={"value": []}))
    microsoft.on("PATCH", "/groups.*", script(status=400, body=refused(text)))

    assert (await make(session)).code == "team_name_taken"


async def test_given_our_group_that_no_list_shows_yet_when_ensured_then_its_id_comes_later(
    microsoft, session, script
):
    empty = script(body={"value": []})
    microsoft.on("GET", "/groups", empty, empty, script(body={"value": [OURS]}))
    microsoft.on("PATCH", "/groups.*", script(status=204))

    first, second = await make(session), await make(session)

    assert (first.outcome, first.code) == (Outcome.TRANSIENT, "replication_pending")
    assert (second.key, second.outcome) == ("g1", Outcome.ALREADY)


async def test_given_an_unreadable_list_when_ensured_then_nothing_is_written(
    microsoft, session, script
):
    microsoft.on("GET", "/groups", script(status=429, headers={"Retry-After": "60"}))

    result = await make(session)

    assert result.outcome is Outcome.THROTTLED
    assert microsoft.writes() == []


@pytest.mark.parametrize("owners", [[], [f"o{n}" for n in range(21)]])
async def test_given_no_owner_or_too_many_when_ensured_then_it_is_the_callers_mistake(
    session, owners
):
    with pytest.raises(ValueError, match="owners"):
        await make(session, owner_ids=owners)


async def test_given_a_name_with_an_apostrophe_when_ensured_then_it_is_quoted(
    microsoft, session, script
):
    microsoft.on("GET", "/groups", script(body={"value": []}))
    microsoft.on("PATCH", "/groups.*", script(status=201, body={"id": "g1"}))

    await make(session, unique_name="o'neill", mail_nickname="o'neill")

    assert microsoft.received[0].query["$filter"] == "mailNickname eq 'o''neill'"
    assert microsoft.received[1].path == "/groups(uniqueName='o''neill')"


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (201, Outcome.APPLIED, ""),
        (404, Outcome.TRANSIENT, "replication_pending"),
        (409, Outcome.ALREADY, ""),
        (403, Outcome.BLOCKED, "permission_missing"),
    ],
)
async def test_given_an_answer_to_put_team_when_ensured_then_it_is_understood(
    *, microsoft, session, script, status, outcome, code
):
    microsoft.on("PUT", "/groups/g1/team", script(status=status))

    result = await ensure_team(session, "g1")

    assert (result.key, result.outcome, result.code) == ("g1", outcome, code)


async def test_given_channels_when_one_exists_already_then_that_is_success(
    microsoft, session, script
):
    error = {
        "code": "BadRequest",
        "message": "Channel name already existed, please use other name",
        "innerError": {"code": "NameAlreadyExists"},
    }
    microsoft.on("GET", "/teams/t1/channels", script(body={"value": [{"displayName": "General"}]}))
    microsoft.on(
        "POST",
        "/teams/t1/channels",
        script(status=201, body={"id": "c"}),
        script(status=400, body={"error": error}),
    )

    names = await list_channels(session, "t1")
    first = await create_channel(session, "t1", "Duty rota")
    second = await create_channel(session, "t1", "Duty rota")

    assert names == ["General"]
    assert (first.outcome, second.outcome) == (Outcome.APPLIED, Outcome.ALREADY)
    assert microsoft.writes()[0].body == {"displayName": "Duty rota", "membershipType": "standard"}


@pytest.mark.parametrize("status", [200, 207])
async def test_given_errors_inside_a_success_when_adding_members_then_each_person_has_his_own(
    microsoft, session, script, status
):
    rows = [
        {"userId": "U3", "error": None},
        {"userId": "u1", "error": {"code": "NotFound", "message": ""}},
        {"userId": "u2", "error": {"code": "Weird", "message": "?"}},
    ]
    microsoft.on("POST", "/teams/t1/members/add", script(status=status, body={"value": rows}))

    results = await add_members(session, "t1", ["u1", "u2", "u3", "u4"])

    assert [(r.key, r.outcome, r.code) for r in results] == [
        ("u1", Outcome.BLOCKED, "user_not_found"),
        ("u2", Outcome.FAILED, "request_refused"),
        ("u3", Outcome.APPLIED, ""),
        ("u4", Outcome.TRANSIENT, "microsoft_unavailable"),
    ]
    assert len(microsoft.received) == 1


async def test_given_members_when_added_then_one_request_names_them_as_microsoft_wants(
    microsoft, session, script
):
    microsoft.on("POST", "/teams/t1/members/add", script(body={"value": []}))

    await add_members(session, "t1", ["u1"])

    (member,) = microsoft.received[0].body["values"]
    assert member["@odata.type"].endswith("microsoft.graph.aadUserConversationMember")
    assert member["roles"] == []
    assert member["user@odata.bind"].endswith("/v1.0/users('u1')")


async def test_given_no_team_when_adding_members_then_everybody_hears_it(
    microsoft, session, script
):
    microsoft.on("POST", "/teams/t1/members/add", script(status=404))

    results = await add_members(session, "t1", ["u1", "u2"])

    assert [r.code for r in results] == ["team_not_found"] * 2


async def test_given_nobody_when_adding_members_then_nothing_is_sent(microsoft, session):
    assert await add_members(session, "t1", []) == []
    assert microsoft.received == []


async def test_given_more_than_200_when_adding_members_then_it_is_the_callers_mistake(session):
    with pytest.raises(ValueError, match="200"):
        await add_members(session, "t1", [f"u{n}" for n in range(201)])


async def test_given_groups_when_listed_then_kinds_and_licenses_are_told_apart(
    microsoft, session, script
):
    team = {**OURS, "groupTypes": ["Unified"], "resourceProvisioningOptions": ["Team"]}
    licensing = {
        "id": "g2",
        "securityEnabled": True,
        "assignedLicenses": [{"skuId": "e3", "disabledPlans": ["p"]}],
    }
    microsoft.on("GET", "/groups", script(body={"value": [team, licensing]}))

    first, second = await list_groups(session)

    assert (first.is_team, first.is_unified, first.is_security) == (True, True, False)
    assert (second.is_team, second.is_unified, second.is_security) == (False, False, True)
    assert second.licenses[0].disabled_plans == ("p",)
    assert "$filter" not in microsoft.received[0].query


async def test_given_members_and_owners_when_listed_then_ids_come_back(microsoft, session, script):
    microsoft.on("GET", "/groups/g1/members", script(body={"value": [{"id": "a"}, {"id": "b"}]}))
    microsoft.on("GET", "/groups/g1/owners", script(body={"value": [{"id": "c"}]}))

    assert await list_group_members(session, "g1") == {"a", "b"}
    assert await list_group_owners(session, "g1") == {"c"}
