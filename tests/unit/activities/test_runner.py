"""Who needs a step now, what a run reports, and which of several answers decides."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.accept_batch import open_steps_of
from activities.assign_policies import worst
from activities.runner import CHUNK, chunks, is_due, settled_by_view, summarise_records
from teams_rollout.domain.assessment import Finding, StepView
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.roster import Assignment, UserKey
from teams_rollout.domain.vocabulary import PARALLEL_STEPS, STEP_ORDER, Outcome, Step
from teams_rollout.ledger.records import UserRecord

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOON, LATER = NOW + timedelta(seconds=30), NOW + timedelta(minutes=5)


def a_record(outcome: Outcome, **changes: Any) -> StepRecord:
    return StepRecord(**{"outcome": outcome, "at": NOW, **changes})


def a_user(**steps: StepRecord) -> UserRecord:
    """Somebody with these records, named as the steps are."""
    return UserRecord(
        key=UserKey(shard="r:0001", ref="u000001"),
        assignment=Assignment(line=2, upn="ann@r.example", wave="w", profile="office"),
        wave="w",
        object_id="1",
        steps={Step(name): record for name, record in steps.items()},
    )


READY = {
    "resolve": a_record(Outcome.ALREADY),
    "usage_location": a_record(Outcome.APPLIED),
    "license": a_record(Outcome.APPLIED),
}


@pytest.mark.parametrize("step", [s for s in STEP_ORDER if s is not Step.RESOLVE])
def test_given_nothing_is_resolved_when_asked_then_no_later_step_is_due(step: Step) -> None:
    assert not is_due(a_user(), step, NOW)


@pytest.mark.parametrize("step", PARALLEL_STEPS)
@pytest.mark.parametrize(
    "outcome",
    [Outcome.BLOCKED, Outcome.FAILED, Outcome.SKIPPED, Outcome.THROTTLED, Outcome.TRANSIENT],
)
def test_given_the_licence_is_not_in_place_when_asked_then_no_later_step_is_due(
    step: Step, outcome: Outcome
) -> None:
    assert not is_due(a_user(**{**READY, "license": a_record(outcome)}), step, NOW)


@pytest.mark.parametrize("step", PARALLEL_STEPS)
def test_given_a_licence_that_microsoft_still_activates_when_asked_then_later_steps_are_due(
    step: Step,
) -> None:
    pending = a_record(Outcome.WAITING, code="waiting_for_microsoft")

    assert is_due(a_user(**{**READY, "license": pending}), step, NOW)


def test_given_a_licence_on_order_when_asked_then_later_steps_wait_for_it() -> None:
    on_order = a_record(Outcome.WAITING, code="waiting_for_licence")

    assert not is_due(a_user(**{**READY, "license": on_order}), Step.POLICIES, NOW)


@pytest.mark.parametrize(
    ("record", "due"),
    [
        (None, True),
        (a_record(Outcome.THROTTLED, retry_at=LATER), False),
        (a_record(Outcome.THROTTLED, retry_at=NOW), True),
        (a_record(Outcome.TRANSIENT), True),
        (a_record(Outcome.APPLIED), False),
        (a_record(Outcome.ALREADY), False),
        (a_record(Outcome.BLOCKED), False),
        (a_record(Outcome.WAITING, code="handed_off_server_team"), False),
    ],
)
def test_given_a_record_when_asked_then_only_open_ones_are_due_and_not_before_their_time(
    record: StepRecord | None, due: bool
) -> None:
    steps = {**READY, "coexistence": record} if record else READY

    assert is_due(a_user(**steps), Step.COEXISTENCE, NOW) is due


@pytest.mark.parametrize(
    ("record", "due"),
    [
        (a_record(Outcome.WAITING, code="waiting_for_microsoft"), True),
        (a_record(Outcome.APPLIED), False),
        (a_record(Outcome.APPLIED, verified_at=NOW), False),
    ],
)
def test_given_a_number_when_asked_then_one_that_waited_for_teams_is_due_again(
    record: StepRecord, due: bool
) -> None:
    assert is_due(a_user(**READY, phone_number=record), Step.PHONE_NUMBER, NOW) is due


def test_given_records_when_summed_up_then_counted_with_the_earliest_retry() -> None:
    records = [
        a_record(Outcome.APPLIED),
        a_record(Outcome.THROTTLED, retry_at=LATER),
        a_record(Outcome.TRANSIENT, retry_at=SOON),
        a_record(Outcome.BLOCKED, retry_at=NOW),  # final: its time means nothing
    ]

    result = summarise_records(records)

    assert result.counts == {"applied": 1, "throttled": 1, "transient": 1, "blocked": 1}
    assert result.retry_at == SOON


def test_given_nobody_when_summed_up_then_nothing_is_left_to_try() -> None:
    result = summarise_records([])

    assert (result.counts, result.retry_at) == ({}, None)


@pytest.mark.parametrize(
    ("finding", "code", "expected"),
    [
        (Finding.SATISFIED, "", (Outcome.ALREADY, "")),
        (Finding.PENDING, "", (Outcome.WAITING, "waiting_for_microsoft")),
        (Finding.WAITING, "handed_off_server_team", (Outcome.WAITING, "handed_off_server_team")),
        (Finding.BLOCKED, "number_in_use", (Outcome.BLOCKED, "number_in_use")),
        (Finding.SKIPPED, "guest_account", (Outcome.SKIPPED, "guest_account")),
    ],
)
def test_given_an_assessment_that_needs_no_call_when_settled_then_it_is_the_answer(
    finding: Finding, code: str, expected: tuple[Outcome, str]
) -> None:
    view = StepView(step=Step.COEXISTENCE, finding=finding, code=code)

    result = settled_by_view(a_user(), view)

    assert (result.outcome, result.code) == expected


def test_given_no_assessment_when_settled_then_the_step_is_not_for_this_person() -> None:
    assert settled_by_view(a_user(), None).outcome is Outcome.SKIPPED


@given(st.integers(0, 120))
def test_given_any_number_of_people_when_chunked_then_all_are_there_once_in_order(
    number: int,
) -> None:
    people = [a_user()] * number

    parts = list(chunks(people))

    assert sum(map(len, parts)) == number
    assert all(0 < len(part) <= CHUNK for part in parts)


RESULTS = st.builds(CallResult, key=st.just("1"), outcome=st.sampled_from(Outcome))


@given(st.lists(RESULTS, min_size=1))
def test_given_several_answers_when_one_decides_then_a_retry_hides_no_refusal_for_ever(
    results: list[CallResult],
) -> None:
    chosen = worst(results)

    assert chosen in results
    assert chosen.outcome.is_retryable == any(r.outcome.is_retryable for r in results)
    if not chosen.outcome.is_retryable:
        refused = [r for r in results if r.outcome in (Outcome.FAILED, Outcome.BLOCKED)]
        assert not refused or chosen in refused


def test_given_a_refused_prerequisite_when_asked_then_only_steps_before_it_are_open() -> None:
    refused = a_user(resolve=a_record(Outcome.ALREADY), license=a_record(Outcome.BLOCKED))

    assert open_steps_of(refused) == [Step.USAGE_LOCATION]


def test_given_retryable_and_missing_records_when_asked_then_both_are_open() -> None:
    user = a_user(**READY, policies=a_record(Outcome.THROTTLED), coexistence=READY["resolve"])

    assert open_steps_of(user) == [Step.TEAM_MEMBERSHIP, Step.POLICIES, Step.PHONE_NUMBER]
