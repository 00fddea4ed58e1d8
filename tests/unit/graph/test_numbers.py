"""Telephone numbers: who holds which, and orders that Microsoft carries out later."""

import pytest

from graph.numbers import assign_number, get_number_operation, list_numbers
from teams_rollout.domain.vocabulary import Outcome

ROOT = "/admin/teams/telephoneNumberManagement"
ASSIGN = f"{ROOT}/numberAssignments/microsoft.graph.teamsAdministration.assignNumber"
LIST = f"{ROOT}/numberAssignments"
NUMBER = "+441632960123"


async def order(session):
    return await assign_number(session, user_id="u1", number=NUMBER, number_type="directRouting")


async def test_given_numbers_when_listed_then_only_held_ones_come_back_with_a_plus(
    microsoft, session, script
):
    rows = [
        {"telephoneNumber": "441632960123", "assignmentTargetId": "u1"},
        {"telephoneNumber": "+441632960124", "assignmentTargetId": "u2"},
        {"telephoneNumber": "+441632960125", "assignmentTargetId": None},
        {"telephoneNumber": "+441632960126"},
    ]
    microsoft.on("GET", LIST, script(body={"value": rows}))

    assert await list_numbers(session) == {"+441632960123": "u1", "+441632960124": "u2"}


@pytest.mark.parametrize(
    "location",
    [
        f"http://127.0.0.1:9/v1.0{ROOT}/operations('op-1')",
        f"{ROOT}/operations/op-1",
    ],
)
async def test_given_an_order_when_taken_then_its_operation_is_known(
    microsoft, session, script, location
):
    microsoft.on("POST", ASSIGN, script(status=202, headers={"Location": location}))

    result = await order(session)

    assert (result.key, result.outcome, result.detail) == ("u1", Outcome.APPLIED, "op-1")
    assert microsoft.received[0].body == {
        "telephoneNumber": "441632960123",
        "assignmentTargetId": "u1",
        "numberType": "directRouting",
        "assignmentCategory": "primary",
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The telephone number is already assigned to another user.", "number_in_use"),
        ("Telephone number was not found in the tenant.", "number_not_found"),
        ("User is not licensed for Phone System.", "phone_system_missing"),
    ],
)
async def test_given_a_refused_order_when_classified_then_the_reason_is_known(
    *, microsoft, session, script, refused, text, code
):
    held = {"value": [{"telephoneNumber": NUMBER, "assignmentTargetId": "other"}]}
    microsoft.on("POST", ASSIGN, script(status=400, body=refused(text, code="BadRequest")))
    microsoft.on("GET", LIST, script(body=held))

    result = await order(session)

    assert (result.outcome, result.code) == (Outcome.BLOCKED, code)


async def test_given_an_order_whose_answer_was_lost_when_repeated_then_it_is_already_so(
    microsoft, session, script, refused
):
    text = "The telephone number is already assigned."
    held = {"value": [{"telephoneNumber": NUMBER, "assignmentTargetId": "U1"}]}
    microsoft.on("POST", ASSIGN, script(status=409, body=refused(text, code="Conflict")))
    microsoft.on("GET", LIST, script(body=held))

    assert (await order(session)).outcome is Outcome.ALREADY


@pytest.mark.parametrize(
    ("status", "detail", "outcome", "code"),
    [
        ("notStarted", None, Outcome.WAITING, "waiting_for_microsoft"),
        ("running", None, Outcome.WAITING, "waiting_for_microsoft"),
        ("unknownFutureValue", None, Outcome.WAITING, "waiting_for_microsoft"),
        ("succeeded", None, Outcome.APPLIED, ""),
        ("failed", "The number is already assigned.", Outcome.BLOCKED, "number_in_use"),
        ("failed", "Something new.", Outcome.FAILED, "request_refused"),
        ("failed", None, Outcome.FAILED, "request_refused"),
    ],
)
async def test_given_an_order_when_asked_then_its_state_is_an_outcome(
    *, microsoft, session, script, status, detail, outcome, code
):
    body = {"id": "op-1", "status": status, "numbers": [{"status": status, "statusDetail": detail}]}
    microsoft.on("GET", f"{ROOT}/operations/op-1", script(body=body))

    result = await get_number_operation(session, "op-1")

    assert (result.key, result.outcome, result.code) == ("op-1", outcome, code)


async def test_given_an_unreadable_order_when_asked_then_it_is_asked_again_later(
    microsoft, session, script
):
    microsoft.on("GET", f"{ROOT}/operations/op-1", script(status=500))

    result = await get_number_operation(session, "op-1")

    assert (result.key, result.outcome) == ("op-1", Outcome.TRANSIENT)
