"""Where a person is, derived from the records of the steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.progress import StepRecord, summarise
from teams_rollout.domain.vocabulary import STEP_ORDER, Outcome, Step, UserState
from tests.unit.domain.builders import LATER, NOW, a_record


def _all(**changes: StepRecord) -> dict[Step, StepRecord]:
    return {step: changes.get(step.value, a_record()) for step in STEP_ORDER}


def test_given_a_wave_not_begun_when_summarised_then_the_person_waits_for_it() -> None:
    summary = summarise(_all(), started=False)

    assert (summary.state, summary.code) == (UserState.WAITING, "not_started")


def test_given_a_begun_wave_without_records_when_summarised_then_in_progress() -> None:
    summary = summarise({}, started=True)

    assert (summary.state, summary.code, summary.step) == (UserState.IN_PROGRESS, "", None)


def test_given_everything_done_when_summarised_then_done_since_the_last_of_them() -> None:
    steps = _all(license=a_record(Outcome.APPLIED, verified_at=LATER))

    summary = summarise(steps, started=True)

    assert (summary.state, summary.code, summary.step) == (UserState.DONE, "", None)
    assert summary.since == LATER


def test_given_a_skipped_person_when_summarised_then_skipped_whatever_else_is_recorded() -> None:
    steps = {Step.RESOLVE: a_record(Outcome.SKIPPED, code="guest_account")}

    summary = summarise(steps, started=True)

    assert (summary.state, summary.code) == (UserState.SKIPPED, "guest_account")
    assert summary.step is Step.RESOLVE


def test_given_a_step_without_record_when_summarised_then_the_person_is_at_it() -> None:
    steps = _all()
    del steps[Step.LICENSE]

    summary = summarise(steps, started=True)

    assert (summary.state, summary.step) == (UserState.IN_PROGRESS, Step.LICENSE)


@pytest.mark.parametrize(
    ("outcome", "state", "code"),
    [
        (Outcome.APPLIED, UserState.WAITING, "waiting_for_microsoft"),
        (Outcome.WAITING, UserState.WAITING, "some_code"),
        (Outcome.THROTTLED, UserState.IN_PROGRESS, "some_code"),
        (Outcome.TRANSIENT, UserState.IN_PROGRESS, "some_code"),
        (Outcome.BLOCKED, UserState.BLOCKED, "some_code"),
        (Outcome.FAILED, UserState.FAILED, "some_code"),
    ],
)
def test_given_one_unfinished_step_when_summarised_then_it_gives_state_and_code(
    outcome: Outcome, state: UserState, code: str
) -> None:
    record = a_record(outcome, code="some_code", attempts=3, stalled=True)

    summary = summarise(_all(policies=record), started=True)

    assert (summary.state, summary.code, summary.step) == (state, code, Step.POLICIES)
    assert (summary.since, summary.attempts, summary.stalled) == (NOW, 3, True)


def test_given_two_unfinished_steps_when_summarised_then_the_first_in_order_counts() -> None:
    steps = _all(
        phone_number=a_record(Outcome.BLOCKED, code="number_in_use"),
        team_membership=a_record(Outcome.BLOCKED, code="team_has_no_owner"),
    )

    assert summarise(steps, started=True).code == "team_has_no_owner"


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("is_verified", [True, False])
def test_given_a_record_when_asked_then_done_means_verified_or_nothing_to_do(
    outcome: Outcome, *, is_verified: bool
) -> None:
    record = a_record(outcome, verified_at=LATER if is_verified else None)

    expected = is_verified or outcome in (Outcome.ALREADY, Outcome.SKIPPED)
    assert record.is_done is expected
    assert record.is_answered is not outcome.is_retryable


def test_given_records_when_asked_then_only_accepted_and_pending_ones_await_verification() -> None:
    def awaits(outcome: Outcome, code: str = "") -> bool:
        return a_record(outcome, code=code).awaits_verification

    assert awaits(Outcome.APPLIED)
    assert awaits(Outcome.WAITING, "waiting_for_microsoft")
    assert not awaits(Outcome.WAITING, "handed_off_server_team")
    assert not any(awaits(o) for o in Outcome if o not in (Outcome.APPLIED, Outcome.WAITING))
    assert not a_record(Outcome.APPLIED, verified_at=LATER).awaits_verification


_RECORDS = st.builds(
    a_record,
    st.sampled_from(Outcome),
    code=st.sampled_from(["", "waiting_for_microsoft", "number_in_use"]),
    verified_at=st.none() | st.just(LATER),
)


@given(st.dictionaries(st.sampled_from(STEP_ORDER), _RECORDS), st.booleans())
def test_given_any_records_when_summarised_then_done_means_every_step_is_done(
    steps: dict[Step, StepRecord],
    started: bool,
) -> None:
    summary = summarise(steps, started=started)

    unfinished = [s for s in STEP_ORDER if s not in steps or not steps[s].is_done]
    if summary.state is UserState.DONE:
        assert started
        assert not unfinished
    elif summary.step is not None and summary.state is not UserState.SKIPPED:
        # In mid-batch the step that comes next is told, not one that waits for Microsoft's lists.
        to_run = [s for s in STEP_ORDER if s not in steps]
        next_ = to_run[:1] if summary.state is UserState.IN_PROGRESS else []
        assert summary.step in (unfinished[0], *next_)
