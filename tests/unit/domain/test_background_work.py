"""Steps that Microsoft accepts and carries out later: looks, stages, and when to let go."""

from datetime import timedelta

import pytest

from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.progress import WAITING_FOR_MICROSOFT, Stage, summarise
from teams_rollout.domain.retry import BACKGROUND_PATIENCE, has_waited, next_look, settle
from teams_rollout.domain.transitions import advance
from teams_rollout.domain.vocabulary import Outcome, Step, UserState
from tests.unit.domain.builders import NOW, a_record

SOON = timedelta(seconds=30)


def watched(**changes):
    values = {"code": WAITING_FOR_MICROSOFT, "retry_at": NOW + SOON, "stage": Stage.JOINED}
    return a_record(Outcome.WAITING, **{**values, **changes})


def answer(outcome=Outcome.WAITING, **changes):
    values = {"key": "u", "outcome": outcome, "code": WAITING_FOR_MICROSOFT, **changes}
    return CallResult(**values)


def test_given_microsoft_at_work_when_looked_then_pauses_grow_until_it_is_left_alone():
    since, now, pauses = NOW, NOW, []
    while (pause := next_look(since, now=now, scale=1)) is not None:
        pauses.append(pause)
        now += pause

    assert pauses[0] == timedelta(seconds=30)
    assert pauses == sorted(pauses)
    assert len(pauses) <= 8
    assert now - since >= BACKGROUND_PATIENCE


@pytest.mark.parametrize(("waited", "expected"), [(1, False), (2, True), (900, True)])
def test_given_time_that_runs_fast_when_waited_then_a_few_real_seconds_are_given(waited, expected):
    now = NOW + timedelta(seconds=waited)

    assert has_waited(NOW, BACKGROUND_PATIENCE, now=now, scale=3600) is expected


def test_given_a_look_to_come_when_settled_then_the_batch_is_not_through_with_it():
    looking = settle(answer(retry_after=SOON, stage=Stage.JOINED), None, now=NOW, scale=1)
    left = settle(answer(stage=Stage.JOINED), looking, now=NOW, scale=1)

    assert (looking.retry_at, looking.is_watched, looking.is_answered) == (NOW + SOON, True, False)
    assert (left.is_watched, left.is_answered, left.awaits_verification) == (False, True, True)


def test_given_a_hiccup_between_when_settled_then_the_stage_is_not_forgotten():
    hiccup = answer(Outcome.THROTTLED, code="throttled")

    assert settle(hiccup, watched(), now=NOW, scale=1).stage is Stage.JOINED
    assert settle(answer(Outcome.APPLIED, code=""), watched(), now=NOW, scale=1).stage == ""


def test_given_another_look_when_advanced_then_since_when_counts_until_the_stage_changes():
    later = NOW + timedelta(minutes=3)

    same = advance(watched(), watched(at=later))
    next_stage = advance(watched(), watched(at=later, stage=Stage.REPROCESSED))

    assert (same.at, next_stage.at) == (NOW, later)


def test_given_a_person_who_is_watched_when_summarised_then_they_wait_for_microsoft():
    steps = {Step.RESOLVE: a_record(), Step.USAGE_LOCATION: a_record(), Step.LICENSE: watched()}

    summary = summarise(steps, started=True)

    assert (summary.state, summary.code, summary.step) == (
        UserState.WAITING,
        WAITING_FOR_MICROSOFT,
        Step.LICENSE,
    )
