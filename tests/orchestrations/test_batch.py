"""The batch orchestration: order of steps, retries, acceptance, giving up, short histories."""

from datetime import timedelta

import pytest

from orchestrations.batch import MAX_EXECUTIONS, PHASES, run_batch
from orchestrations.testing import START, Continued, Driver
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import BatchRequest

STEPS = [name for group in PHASES for name in group]
REQUEST = BatchRequest(rollout_id="r", wave="w", epoch=1, batch=2).model_dump(mode="json")
ANSWERED = {"counts": {"applied": 3}}
ACCEPTED = {"accepted": True}


def everything_answers():
    steps = {name: lambda _: ANSWERED for name in STEPS}
    return {**steps, names.ACCEPT_BATCH: lambda _: ACCEPTED}


def test_given_all_answers_when_run_then_steps_go_in_order_and_the_batch_is_accepted():
    driver = Driver(REQUEST, everything_answers())

    result = driver.run(run_batch)

    assert result == "accepted"
    assert [n for n, _ in driver.calls] == [*STEPS, names.ACCEPT_BATCH]


def test_given_a_throttled_license_when_run_then_later_steps_wait_for_its_retry():
    answers = everything_answers()
    retry_at = START + timedelta(seconds=17)
    replies = iter([{"retry_at": retry_at.isoformat()}, ANSWERED])
    answers[names.ASSIGN_LICENSE] = lambda _: next(replies)
    driver = Driver(REQUEST, answers)

    driver.run(run_batch)

    called = [n for n, _ in driver.calls]
    assert called.count(names.ASSIGN_LICENSE) == 2
    assert called.index(names.ASSIGN_POLICIES) > called.index(names.ASSIGN_LICENSE) + 1
    assert driver.current_utc_datetime >= retry_at


def test_given_one_throttled_side_step_when_run_then_only_that_one_is_repeated():
    answers = everything_answers()
    replies = iter([{"retry_at": (START + timedelta(seconds=5)).isoformat()}, ANSWERED])
    answers[names.ASSIGN_POLICIES] = lambda _: next(replies)
    driver = Driver(REQUEST, answers)

    driver.run(run_batch)

    called = [n for n, _ in driver.calls]
    assert called.count(names.ASSIGN_POLICIES) == 2
    assert called.count(names.SET_COEXISTENCE_MODE) == 1


def test_given_people_waiting_for_their_team_when_woken_then_acceptance_is_asked_again_at_once():
    answers = everything_answers()
    replies = iter([{"accepted": False, "waiting_for_members": 3}, ACCEPTED])
    answers[names.ACCEPT_BATCH] = lambda _: next(replies)
    driver = Driver(REQUEST, answers, wakes=(2.0,))

    driver.run(run_batch)

    assert driver.current_utc_datetime - START < timedelta(seconds=30)
    assert driver.open_timers() == []


def test_given_a_lost_wake_up_when_waiting_then_the_ledger_is_read_again_within_30_seconds():
    answers = everything_answers()
    replies = iter([{"accepted": False, "waiting_for_members": 1}, ACCEPTED])
    answers[names.ACCEPT_BATCH] = lambda _: next(replies)
    driver = Driver(REQUEST, answers)

    driver.run(run_batch)

    assert driver.current_utc_datetime - START == timedelta(seconds=30)


def test_given_tries_used_up_when_run_then_the_batch_gives_up_instead_of_waiting_for_ever():
    answers = everything_answers()
    answers[names.RESOLVE_BATCH] = lambda _: {"retry_at": START.isoformat(), "trouble": "x"}
    driver = Driver(REQUEST, answers)
    for _ in range(MAX_EXECUTIONS):
        with pytest.raises(Continued) as continued:
            driver.run(run_batch)
        driver = Driver(continued.value.input_, answers)

    driver.run(run_batch)

    name, payload = driver.calls[-1]
    assert name == names.ACCEPT_BATCH
    assert payload["give_up"] is True
    assert names.ASSIGN_LICENSE not in [n for n, _ in driver.calls]


def test_given_a_part_that_nobody_answers_when_waiting_then_the_batch_gives_up_in_the_end():
    answers = everything_answers()
    answers[names.ACCEPT_BATCH] = lambda p: {"accepted": p["give_up"]}
    payload, result = REQUEST, None
    for _ in range(MAX_EXECUTIONS + 1):
        try:
            result = Driver(payload, answers).run(run_batch)
        except Continued as continued:
            payload = continued.input_

    assert result == "accepted"


def test_given_a_long_wait_for_members_when_run_then_it_continues_as_new_in_the_same_phase():
    answers = everything_answers()
    answers[names.ACCEPT_BATCH] = lambda _: {"accepted": False, "waiting_for_members": 1}
    driver = Driver(REQUEST, answers)

    with pytest.raises(Continued) as continued:
        driver.run(run_batch)

    answers[names.ACCEPT_BATCH] = lambda _: ACCEPTED
    again = Driver(continued.value.input_, answers)
    assert again.run(run_batch) == "accepted"
    assert [n for n, _ in again.calls] == [names.ACCEPT_BATCH]


def test_given_the_worst_case_when_run_then_the_history_stays_under_500_events():
    answers = everything_answers()
    for name in PHASES[-1]:
        answers[name] = lambda _: {"retry_at": START.isoformat()}
    driver = Driver(REQUEST, answers)

    with pytest.raises(Continued):
        driver.run(run_batch)

    assert driver.events < 500


def test_given_a_wave_that_stands_still_for_long_when_run_then_nobody_is_given_up_by_it():
    answers = everything_answers()
    stands_still = {"retry_at": START.isoformat(), "stopped": True}
    answers[names.ASSIGN_LICENSE] = lambda _: stands_still
    payload = REQUEST
    for _ in range(MAX_EXECUTIONS + 5):
        with pytest.raises(Continued) as continued:
            Driver(payload, answers).run(run_batch)
        payload = continued.value.input_

    assert payload["give_up"] is False
    assert payload["executions"] <= 1
    answers[names.ASSIGN_LICENSE] = lambda _: ANSWERED
    assert Driver(payload, answers).run(run_batch) == "accepted"


@pytest.mark.parametrize("where", [names.RESOLVE_BATCH, names.ASSIGN_POLICIES, names.ACCEPT_BATCH])
def test_given_a_superseded_batch_when_it_notices_then_it_ends(where):
    answers = {**everything_answers(), where: lambda _: {"over": True}}
    driver = Driver(REQUEST, answers)

    assert driver.run(run_batch) == "superseded"
    assert driver.open_timers() == []
