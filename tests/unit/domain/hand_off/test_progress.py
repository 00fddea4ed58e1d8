"""How a person goes on who was handed off."""

from datetime import UTC, datetime, timedelta

import pytest

from teams_rollout.domain.codes import REASONS
from teams_rollout.domain.findings import Finding
from teams_rollout.domain.hand_off.model import Action
from teams_rollout.domain.hand_off.progress import (
    after,
    code_of,
    is_handed_off,
    is_unseen,
)
from teams_rollout.domain.hand_off.results import REASONS as WORDS
from teams_rollout.domain.hand_off.results import Report, Result
from teams_rollout.domain.progress import WAITING_FOR_MICROSOFT, StepRecord
from teams_rollout.domain.roster import UserKey
from teams_rollout.domain.verification import HAND_OFF_NOT_SEEN, overdue
from teams_rollout.domain.vocabulary import Outcome, Step, UserState
from tests.unit.domain.hand_off.test_files import a_view

THEN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOW = THEN + timedelta(hours=20)
SERVER, ADMINS = "handed_off_server_team", "handed_off_teams_admin"
SEEN = a_view(Finding.SATISFIED)
ON_SERVER = a_view(Finding.WAITING, SERVER)


def a_record(outcome: Outcome = Outcome.WAITING, code: str = SERVER) -> StepRecord:
    return StepRecord(outcome=outcome, code=code, at=THEN)


def a_report(
    result: Result = Result.DONE, *, action: Action = Action.MOVE_USER, reason: str = ""
) -> Report:
    key = UserKey(shard="r:0001", ref="u000001")
    return Report(key=key, action=action, result=result, reason=reason)


def go_on(record, view, *, report=None, has_moved=False):
    return after(record, view, report=report, has_moved=has_moved, now=NOW)


def test_given_the_tenant_shows_the_move_when_nobody_said_so_then_done_by_itself() -> None:
    found = go_on(a_record(), SEEN)

    assert (found.outcome, found.is_done, found.verified_at) == (Outcome.ALREADY, True, NOW)


def test_given_a_report_that_microsoft_does_not_show_when_taken_then_not_done() -> None:
    found = go_on(a_record(), ON_SERVER, report=a_report())

    assert (found.outcome, found.code) == (Outcome.WAITING, WAITING_FOR_MICROSOFT)
    assert not found.is_done


def test_given_the_same_report_twice_when_taken_then_nothing_changes() -> None:
    once = go_on(a_record(), ON_SERVER, report=a_report())

    assert go_on(once, ON_SERVER, report=a_report()) is None


def test_given_a_failure_when_taken_then_blocked_once() -> None:
    failure = a_report(Result.FAILED, reason="refused")
    blocked = go_on(a_record(), ON_SERVER, report=failure)

    assert (blocked.outcome, blocked.code) == (Outcome.BLOCKED, "move_refused")
    assert go_on(blocked, ON_SERVER, report=failure) is None


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("action", Action)
def test_given_any_reason_when_taken_then_its_code_is_a_block_with_words(
    word: str, action: Action
) -> None:
    code = code_of(a_report(Result.FAILED, action=action, reason=word))

    assert REASONS[code].state is UserState.BLOCKED


@pytest.mark.parametrize(
    "code", ["move_refused", "mode_refused", HAND_OFF_NOT_SEEN, SERVER, ADMINS]
)
def test_given_a_block_of_theirs_when_the_tenant_shows_the_mode_then_it_is_lifted(
    code: str,
) -> None:
    record = a_record(Outcome.BLOCKED, code)

    assert is_handed_off(record)
    assert go_on(record, SEEN).is_done


def test_given_meetings_left_behind_when_only_the_mode_is_seen_then_still_blocked() -> None:
    record = a_record(Outcome.BLOCKED, "meetings_not_migrated")

    assert go_on(record, SEEN) is None
    assert go_on(record, SEEN, report=a_report()).is_done


def test_given_a_move_that_left_a_mode_for_others_when_seen_then_it_is_their_turn() -> None:
    reported = a_record(code=WAITING_FOR_MICROSOFT)

    found = go_on(reported, a_view(Finding.WAITING, ADMINS), has_moved=True)

    assert (found.outcome, found.code, found.at) == (Outcome.WAITING, ADMINS, NOW)


def test_given_a_mode_that_is_ours_to_set_when_seen_then_no_record_follows() -> None:
    assert go_on(a_record(), a_view(Finding.CHANGE)) is None


def test_given_a_report_of_the_other_teams_work_when_taken_then_still_handed_off() -> None:
    report = a_report(action=Action.ASSIGN_POLICY)

    assert go_on(a_record(), ON_SERVER, report=report) is None


def test_given_somebody_done_when_an_old_failure_is_taken_then_they_stay_done() -> None:
    done = go_on(a_record(), SEEN)

    assert go_on(done, SEEN, report=a_report(Result.FAILED, reason="other")) is None


@pytest.mark.parametrize(("hours", "late"), [(47, False), (48, True)])
def test_given_a_report_that_is_never_seen_when_the_deadline_has_passed_then_blocked(
    hours: int, late: bool
) -> None:
    reported = a_record(code=WAITING_FOR_MICROSOFT)

    assert is_unseen(reported, now=THEN + timedelta(hours=hours), scale=1) is late
    given_up = overdue(Step.COEXISTENCE, reported, now=NOW, view=ON_SERVER)
    assert (given_up.outcome, given_up.code) == (Outcome.BLOCKED, HAND_OFF_NOT_SEEN)


def test_given_a_mode_of_ours_that_is_never_seen_when_late_then_failed_as_any_other() -> None:
    ours = a_record(Outcome.APPLIED, "")

    given_up = overdue(Step.COEXISTENCE, ours, now=NOW, view=a_view(Finding.CHANGE))

    assert (given_up.outcome, given_up.code) == (Outcome.FAILED, "not_verified_in_time")
