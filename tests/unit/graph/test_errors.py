"""Every answer has one meaning, in whichever dialect it comes."""

import json

import pytest

from graph.error_table import ROWS, code_of_license_state
from graph.errors import Hint, classify, text_of
from graph.wire import Answer, Failure
from teams_rollout.domain.vocabulary import Outcome

NESTED = json.dumps({"code": "NotFound", "message": "Resource not found.", "action": "x"})


def refusal(status: int, message: str, *, code: str = "Request_BadRequest", **error) -> Answer:
    return Answer(status, {}, {"error": {"code": code, "message": message, **error}})


LICENSE_TEXTS = [
    ("License assignment cannot be done for user with invalid usage location.",
     "usage_location_missing"),
    ("Subscription with SKU 05e9 does not have any available licenses.", "no_seats_left"),
    ("License 05e9 does not correspond to a valid company License.", "sku_not_in_tenant"),
    ("License assignment failed because service plans a,b are mutually exclusive",
     "conflicting_license"),
    ("License assignment failed because service plan a depends on the service plan(s) b",
     "license_dependency_missing"),
    ("User license is inherited from a group membership and it cannot be removed directly.",
     "license_held_through_group"),
    ("Another object with the same value for property mailNickname already exists.",
     "team_name_taken"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), LICENSE_TEXTS)
def test_given_one_code_for_many_causes_when_classified_then_the_text_decides(text, code):
    result = classify(refusal(400, text), key="u1")

    assert (result.outcome, result.code, result.key) == (Outcome.BLOCKED, code, "u1")


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (200, Outcome.APPLIED, ""),
        (204, Outcome.APPLIED, ""),
        (302, Outcome.FAILED, "unexpected_answer"),
        (400, Outcome.FAILED, "request_refused"),
        (401, Outcome.TRANSIENT, "sign_in_failed"),
        (403, Outcome.BLOCKED, "permission_missing"),
        (404, Outcome.BLOCKED, "user_not_found"),
        (408, Outcome.TRANSIENT, "microsoft_unavailable"),
        (409, Outcome.FAILED, "request_refused"),
        (418, Outcome.FAILED, "request_refused"),
        (423, Outcome.TRANSIENT, "concurrent_change"),
        (429, Outcome.THROTTLED, "throttled"),
        (500, Outcome.TRANSIENT, "microsoft_unavailable"),
        (501, Outcome.FAILED, "request_refused"),
        (503, Outcome.TRANSIENT, "microsoft_unavailable"),
        (599, Outcome.TRANSIENT, "microsoft_unavailable"),
    ],
)
def test_given_a_status_without_a_known_text_when_classified_then_the_status_decides(
    status, outcome, code
):
    result = classify(Answer(status), key="u1", missing="user_not_found")

    assert (result.outcome, result.code) == (outcome, code)


@pytest.mark.parametrize("headers", [{"request-id": "r-9"}, {}])
def test_given_a_refusal_nobody_knows_when_classified_then_it_failed_and_keeps_microsofts_id(
    headers,
):
    body = {"error": {"code": "Odd", "message": "no", "innerError": {"request-id": "r-9"}}}

    result = classify(Answer(422, headers, body), key="u1")

    assert (result.outcome, result.code) == (Outcome.FAILED, "request_refused")
    assert (result.request_id, result.detail) == ("r-9", "Odd | no")


def test_given_every_kind_of_silence_when_classified_then_each_has_a_code():
    for failure in Failure:
        if failure is not Failure.NONE:
            result = classify(Answer(failure=failure), key="u1")
            assert result.code
            assert not result.is_accepted


@pytest.mark.parametrize("status", [429, 503])
def test_given_a_time_to_wait_when_classified_then_it_is_throttled_with_that_time(status):
    result = classify(Answer(status, {"retry-after": "17"}), key="u1")

    assert result.outcome is Outcome.THROTTLED
    assert result.retry_after is not None
    assert result.retry_after.total_seconds() == 17


def test_given_concurrent_requests_when_classified_then_it_is_a_hiccup():
    answer = refusal(
        409, "Error due to concurrent requests.", code="Directory_ConcurrencyViolation"
    )

    result = classify(answer, key="u1")

    assert (result.outcome, result.code) == (Outcome.TRANSIENT, "concurrent_change")


def test_given_json_inside_the_message_when_read_then_it_is_opened():
    body = {
        "error": {"code": "UnknownError", "message": json.dumps({"error": {"message": NESTED}})}
    }

    assert text_of(body) == "unknownerror | notfound | resource not found."


def test_given_the_teams_administration_dialect_when_classified_then_its_inner_text_decides():
    inner = json.dumps({"code": "BadRequest", "message": "Policy type X is not supported."})
    answer = refusal(400, inner, code="UnknownError")

    assert classify(answer, key="u1").code == "policy_type_unsupported"


def test_given_a_location_set_moments_ago_when_refused_as_invalid_then_it_is_replication():
    answer = refusal(400, LICENSE_TEXTS[0][0])

    result = classify(answer, key="u1", hints=frozenset({Hint.LOCATION_JUST_SET}))

    assert (result.outcome, result.code) == (Outcome.TRANSIENT, "usage_location_missing")


def test_given_something_just_made_when_not_found_then_it_is_replication():
    result = classify(Answer(404), key="g1", hints=frozenset({Hint.JUST_CREATED}))

    assert (result.outcome, result.code) == (Outcome.TRANSIENT, "replication_pending")


@pytest.mark.parametrize("body", ["x", 7, [], {"error": "x"}, {"error": {"message": None}}, None])
def test_given_a_body_of_any_shape_when_classified_then_it_is_a_refusal(body):
    assert classify(Answer(400, {}, body), key="u1").code == "request_refused"


def test_given_a_very_deep_body_when_read_then_it_ends():
    body: dict[str, object] = {}
    for _ in range(500):
        body = {"error": body}

    assert text_of(body) == ""


def test_given_object_ids_in_a_text_when_kept_then_they_stay_and_numbers_go():
    guid = "18a80140-b0fb-4489-b360-2f6efaf225a0"
    answer = refusal(400, f"Object {guid} of ann.o'hara@example.org holds +441632960123")

    detail = classify(answer, key="u1").detail

    assert guid in detail
    assert "441632960123" not in detail
    assert "example.org" not in detail


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("None", ""),
        ("", ""),
        ("CountViolation", "no_seats_left"),
        ("MutuallyExclusiveViolation", "conflicting_license"),
        ("Other", "request_refused"),
        ("Others", "request_refused"),
    ],
)
def test_given_a_license_state_error_when_translated_then_it_has_our_code(error, code):
    assert code_of_license_state(error) == code


def test_given_the_table_when_read_then_every_row_can_be_reached_and_has_a_code():
    for row in ROWS:
        found = classify(refusal(400, " ".join(row.words)), key="u1")
        assert (found.outcome, found.code) == (row.outcome, row.code), row
        assert row.code or row.outcome is Outcome.ALREADY
