"""When something is tried again, looked at again, or given up; and what a gate says."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.assessment import Assessment, Finding, StepView
from teams_rollout.domain.configuration import GatesSection
from teams_rollout.domain.gates import Verdict, evaluate
from teams_rollout.domain.homing import infer_homing
from teams_rollout.domain.outcomes import CallResult, longest_wait
from teams_rollout.domain.progress import StepRecord
from teams_rollout.domain.retry import MAX_HICCUPS, MAX_REPLICATION_TRIES, settle
from teams_rollout.domain.verification import (
    DEADLINE,
    FEWEST_SWEEPS,
    FLOOR,
    SLOWEST_SWEEP,
    awaited_steps,
    is_overdue,
    next_interval,
    sweep,
)
from teams_rollout.domain.vocabulary import CoexistenceMode, Homing, Outcome, Step
from tests.unit.domain.builders import LATER, NOW, a_record

SECOND = timedelta(seconds=1)


def _settle(
    outcome: Outcome,
    *,
    code: str = "",
    after: timedelta | None = None,
    tries: int = 0,
    scale: float = 1,
) -> StepRecord:
    result = CallResult(
        key="1", outcome=outcome, code=code, retry_after=after, request_id="request-1"
    )
    previous = a_record(Outcome.TRANSIENT, attempts=tries, hiccups=tries) if tries else None
    return settle(result, previous, now=NOW, scale=scale)


# Trying again


@pytest.mark.parametrize(
    "outcome", [o for o in Outcome if o not in (Outcome.THROTTLED, Outcome.TRANSIENT)]
)
def test_given_a_final_answer_when_settled_then_it_is_kept_and_not_tried_again(
    outcome: Outcome,
) -> None:
    record = _settle(outcome, code="some_code", tries=2)

    assert (record.outcome, record.code, record.retry_at) == (outcome, "some_code", None)
    assert (record.attempts, record.at, record.reference) == (3, NOW, "request-1")


@pytest.mark.parametrize(("after", "seconds"), [(None, 10), (17 * SECOND, 17), (900 * SECOND, 900)])
def test_given_a_throttled_answer_when_settled_then_microsofts_wait_is_kept_in_real_seconds(
    after: timedelta | None, seconds: int
) -> None:
    record = _settle(Outcome.THROTTLED, after=after, tries=500, scale=3600)

    assert record.outcome is Outcome.THROTTLED
    assert record.retry_at == NOW + seconds * SECOND


@pytest.mark.parametrize(("tries", "seconds"), [(0, 2), (1, 4), (4, 32), (6, 60)])
def test_given_a_hiccup_when_settled_then_waits_double_up_to_a_minute(
    tries: int, seconds: int
) -> None:
    record = _settle(Outcome.TRANSIENT, code="microsoft_unavailable", tries=tries, scale=3600)

    assert record.retry_at == NOW + seconds * SECOND


def test_given_a_hiccup_with_a_longer_wait_when_settled_then_the_longer_counts() -> None:
    assert _settle(Outcome.TRANSIENT, after=45 * SECOND).retry_at == NOW + 45 * SECOND


@pytest.mark.parametrize(
    ("code", "limit"),
    [("microsoft_unavailable", MAX_HICCUPS), ("replication_pending", MAX_REPLICATION_TRIES)],
)
def test_given_too_many_tries_when_settled_then_it_fails_with_the_same_code(
    code: str, limit: int
) -> None:
    last_but_one = _settle(Outcome.TRANSIENT, code=code, tries=limit - 2)
    last = _settle(Outcome.TRANSIENT, code=code, tries=limit - 1)

    assert last_but_one.outcome is Outcome.TRANSIENT
    assert (last.outcome, last.code, last.retry_at) == (Outcome.FAILED, code, None)


@pytest.mark.parametrize(
    ("tries", "scale", "seconds"),
    [(0, 1, 10), (2, 1, 30), (38, 1, 300), (5, 60, 1), (0, 3600, 0.25)],
)
def test_given_microsofts_delay_when_settled_then_only_it_is_scaled(
    tries: int, scale: float, seconds: float
) -> None:
    record = _settle(Outcome.TRANSIENT, code="replication_pending", tries=tries, scale=scale)

    assert record.retry_at == NOW + seconds * SECOND


def test_given_answers_when_asked_then_the_longest_wait_and_acceptance_are_told() -> None:
    def result(outcome: Outcome, after: timedelta | None = None) -> CallResult:
        return CallResult(key="1", outcome=outcome, retry_after=after)

    assert longest_wait([]) is None
    assert longest_wait([result(Outcome.APPLIED)]) is None
    waits = [result(Outcome.THROTTLED, n * SECOND) for n in (3, 9, 5)]
    assert longest_wait(waits) == 9 * SECOND
    accepted = {o for o in Outcome if result(o).is_accepted}
    assert accepted == {Outcome.APPLIED, Outcome.ALREADY}


# Looking again


@given(st.integers(0, 1000), st.floats(1, 100_000))
def test_given_any_number_of_sweeps_when_the_next_is_due_then_intervals_grow_within_bounds(
    done: int, scale: float
) -> None:
    interval = next_interval(done, scale=scale)

    assert FLOOR <= interval <= max(SLOWEST_SWEEP / scale, FLOOR)
    assert interval <= next_interval(done + 1, scale=scale)


@pytest.mark.parametrize(("done", "minutes"), [(0, 10), (1, 20), (4, 160), (5, 240), (50, 240)])
def test_given_real_time_when_sweeping_then_intervals_are_the_agreed_ones(
    done: int, minutes: int
) -> None:
    assert next_interval(done, scale=1) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("age", "scale", "overdue"),
    [
        (DEADLINE - SECOND, 1, False),
        (DEADLINE, 1, True),
        (47 * SECOND, 3600, False),
        (48 * SECOND, 3600, True),
    ],
)
def test_given_an_age_when_asked_then_overdue_is_past_the_deadline(
    age: timedelta, scale: float, *, overdue: bool
) -> None:
    late = is_overdue(a_record(), now=NOW + age, scale=scale, since=None, sweeps=FEWEST_SWEEPS)

    assert late is overdue


def test_given_few_looks_or_a_late_start_when_asked_then_nobody_is_overdue_yet() -> None:
    past = NOW + DEADLINE

    assert not is_overdue(a_record(), now=past, scale=1, since=None, sweeps=FEWEST_SWEEPS - 1)
    assert not is_overdue(a_record(), now=past, scale=1, since=NOW + SECOND, sweeps=FEWEST_SWEEPS)


def _view(finding: Finding, code: str = "") -> Assessment:
    return {Step.COEXISTENCE: StepView(step=Step.COEXISTENCE, finding=finding, code=code)}


@pytest.mark.parametrize(
    "record", [a_record(Outcome.APPLIED), a_record(Outcome.WAITING, code="waiting_for_microsoft")]
)
def test_given_something_accepted_when_a_reading_shows_it_then_it_is_verified(
    record: StepRecord,
) -> None:
    changed = sweep({Step.COEXISTENCE: record}, _view(Finding.SATISFIED), now=LATER)

    assert changed[Step.COEXISTENCE].verified_at == LATER


def test_given_an_interim_mode_in_place_when_read_then_the_person_is_handed_off() -> None:
    view = _view(Finding.WAITING, "handed_off_server_team")

    changed = sweep({Step.COEXISTENCE: a_record(Outcome.APPLIED)}, view, now=LATER)

    handed_off = changed[Step.COEXISTENCE]
    assert (handed_off.outcome, handed_off.code) == (Outcome.WAITING, "handed_off_server_team")
    assert (handed_off.at, handed_off.is_done) == (LATER, False)


@pytest.mark.parametrize(
    ("record", "assessment"),
    [
        (a_record(Outcome.APPLIED), {}),
        (a_record(Outcome.APPLIED), _view(Finding.CHANGE)),
        (a_record(Outcome.APPLIED), _view(Finding.PENDING)),
        (a_record(Outcome.ALREADY), _view(Finding.CHANGE)),
        (a_record(Outcome.BLOCKED), _view(Finding.SATISFIED)),
        (a_record(Outcome.WAITING, code="waiting_for_microsoft"), _view(Finding.WAITING)),
    ],
)
def test_given_a_reading_that_proves_nothing_when_swept_then_nothing_is_disproved(
    record: StepRecord, assessment: Assessment
) -> None:
    assert sweep({Step.COEXISTENCE: record}, assessment, now=LATER) == {}


@pytest.mark.parametrize("outcome", [Outcome.BLOCKED, Outcome.FAILED, Outcome.SKIPPED])
def test_given_a_refused_licence_when_asked_then_what_would_follow_is_not_awaited(
    outcome: Outcome,
) -> None:
    records = {
        Step.USAGE_LOCATION: a_record(Outcome.APPLIED),
        Step.LICENSE: a_record(outcome),
        Step.COEXISTENCE: a_record(Outcome.WAITING, code="waiting_for_microsoft"),
    }

    assert awaited_steps(records) == (Step.USAGE_LOCATION,)


def test_given_a_licence_that_is_only_late_when_asked_then_the_rest_is_still_awaited() -> None:
    records = {
        Step.LICENSE: a_record(Outcome.FAILED, stalled=True),
        Step.POLICIES: a_record(Outcome.APPLIED),
    }

    assert awaited_steps(records) == (Step.POLICIES,)


# Gates


@pytest.mark.parametrize(
    ("unforeseen", "attempted", "verdict"),
    [
        (0, 0, Verdict.PASS),
        (2, 20, Verdict.PASS),
        (3, 20, Verdict.FAIL),
        (4, 200, Verdict.PASS),
        (5, 200, Verdict.FAIL),
        (10, 6000, Verdict.PASS),
        (11, 6000, Verdict.FAIL),
    ],
)
def test_given_unforeseen_trouble_when_a_gate_judges_then_strictly_more_than_the_limit_fails(
    unforeseen: int, attempted: int, verdict: Verdict
) -> None:
    result = evaluate(unforeseen, attempted, GatesSection())

    assert result.verdict is verdict
    assert f"{unforeseen} of the {attempted} people" in result.sentence


# Homing


@pytest.mark.parametrize(
    ("account_type", "mode", "licensed", "known", "homing"),
    [
        ("sfbOnPremUser", None, True, Homing.ONLINE, Homing.ON_PREMISES),
        ("SfBOnPremUser", CoexistenceMode.ISLANDS, False, None, Homing.ON_PREMISES),
        ("ineligibleUser", None, False, None, Homing.NONE),
        ("unknownFutureValue", None, False, Homing.ONLINE, Homing.NONE),
        ("", None, False, None, Homing.NONE),
        ("user", None, False, None, Homing.ONLINE),
        ("user", None, True, None, Homing.NONE),
        ("user", CoexistenceMode.TEAMS_ONLY, True, None, Homing.ONLINE),
        ("user", None, True, Homing.ONLINE, Homing.ONLINE),
        ("user", None, False, Homing.NONE, Homing.NONE),
        ("user", None, True, Homing.ON_PREMISES, Homing.NONE),
    ],
)
def test_given_the_signs_when_homing_is_inferred_then_what_was_known_settles_doubt(
    account_type: str,
    mode: CoexistenceMode | None,
    known: Homing | None,
    homing: Homing,
    *,
    licensed: bool,
) -> None:
    inferred = infer_homing(
        account_type, explicit_mode=mode, has_teams_license=licensed, known=known
    )

    assert inferred is homing


def test_given_many_throttled_tries_when_a_single_hiccup_follows_then_it_is_the_first_of_its_kind():
    throttled = a_record(Outcome.THROTTLED, attempts=30)

    record = settle(
        CallResult(key="u", outcome=Outcome.TRANSIENT, code="microsoft_unavailable"),
        throttled,
        now=NOW,
        scale=1,
    )

    assert (record.outcome, record.hiccups) == (Outcome.TRANSIENT, 1)
