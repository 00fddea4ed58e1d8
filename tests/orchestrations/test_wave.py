"""The wave, its dispatcher, sender and verification: phases, ends, waits."""

from datetime import timedelta

import pytest

from orchestrations.dispatch import run_dispatch
from orchestrations.membership import run_membership
from orchestrations.operations import run_planning
from orchestrations.testing import START, Continued, Driver
from orchestrations.verification import run_verification
from orchestrations.wave import run_wave
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import OperationRequest, WaveRequest

REQUEST = WaveRequest(rollout_id="r", wave="w", epoch=3).model_dump(mode="json")


def a_wave_that_runs():
    return {
        names.OPEN_WAVE: lambda _: {"started": True, "batches": 2},
        names.ENSURE_TEAMS: lambda _: {},
        names.DISPATCH: lambda _: "accepted",
        names.MEMBERSHIP: lambda _: "finished",
        names.VERIFICATION: lambda _: "verified",
        names.CLOSE_WAVE: lambda _: {"counts": {"done": 5}},
    }


def test_given_a_wave_when_run_then_it_opens_makes_teams_works_verifies_and_closes():
    driver = Driver(REQUEST, a_wave_that_runs())

    result = driver.run(run_wave)

    assert result["counts"] == {"done": 5}
    assert [n for n, _ in driver.calls] == [
        names.OPEN_WAVE,
        names.ENSURE_TEAMS,
        names.DISPATCH,
        names.MEMBERSHIP,
        names.VERIFICATION,
        names.CLOSE_WAVE,
    ]


def test_given_a_wave_when_run_then_children_have_deterministic_instance_ids():
    driver = Driver(REQUEST, a_wave_that_runs())

    driver.run(run_wave)

    assert driver.children == ["r:w:dispatch:3", "r:w:members:3", "r:w:verify:3"]


def test_given_a_wave_that_may_not_start_when_run_then_nothing_else_happens():
    answers = {names.OPEN_WAVE: lambda _: {"started": False, "reason": "superseded"}}
    driver = Driver(REQUEST, answers)

    result = driver.run(run_wave)

    assert result["reason"] == "superseded"
    assert len(driver.calls) == 1


def test_given_storage_is_away_when_closing_then_the_next_history_closes_and_does_nothing_else():
    answers = a_wave_that_runs()
    away = {"retry_at": START.isoformat(), "trouble": "storage_unavailable"}
    answers[names.CLOSE_WAVE] = lambda _: away
    driver = Driver(REQUEST, answers)

    with pytest.raises(Continued) as continued:
        driver.run(run_wave)

    answers[names.CLOSE_WAVE] = lambda _: {"counts": {"done": 5}}
    again = Driver(continued.value.input_, answers)
    assert again.run(run_wave)["counts"] == {"done": 5}
    assert [n for n, _ in again.calls] == [names.CLOSE_WAVE]


def test_given_teams_not_replicated_when_run_then_the_wave_waits_for_them():
    answers = a_wave_that_runs()
    retry_at = START + timedelta(minutes=15)
    replies = iter([{"retry_at": retry_at.isoformat()}, {}])
    answers[names.ENSURE_TEAMS] = lambda _: next(replies)
    driver = Driver(REQUEST, answers)

    driver.run(run_wave)

    assert driver.current_utc_datetime == retry_at


def test_given_a_wave_stopped_before_its_teams_are_made_when_run_then_none_is_given_up_by_it():
    answers = a_wave_that_runs()
    answers[names.ENSURE_TEAMS] = lambda _: {"retry_at": START.isoformat(), "stopped": True}
    driver = Driver(REQUEST, answers)

    with pytest.raises(Continued) as continued:
        driver.run(run_wave)

    assert names.DISPATCH not in [n for n, _ in driver.calls]
    assert Driver(continued.value.input_, a_wave_that_runs()).run(run_wave)["counts"] == {"done": 5}


def test_given_a_superseded_wave_when_its_sender_notices_then_it_ends():
    driver = Driver(REQUEST, {names.SEND_MEMBERS: lambda _: {"over": True}})

    assert driver.run(run_membership) == "finished"


def test_given_batches_at_work_when_woken_then_the_dispatcher_looks_again_at_once():
    replies = iter([{"phase": "running"}, {"phase": "running"}, {"phase": "accepted"}])
    driver = Driver(REQUEST, {names.ADVANCE_WAVE: lambda _: next(replies)}, wakes=(1.0, 2.0))

    assert driver.run(run_dispatch) == "accepted"
    assert driver.current_utc_datetime == START + timedelta(seconds=2)
    assert driver.open_timers() == []


@pytest.mark.parametrize(
    ("body", "activity", "answer"),
    [
        (run_dispatch, names.ADVANCE_WAVE, {"phase": "running"}),
        (run_membership, names.SEND_MEMBERS, {"waiting": 1}),
    ],
)
def test_given_a_wake_up_that_came_too_early_when_waiting_then_it_continues_as_new_at_once(
    body, activity, answer
):
    """The SDK would hand the early event to every later waiter: a loop without a pause."""
    driver = Driver(REQUEST, {activity: lambda _: answer}, wakes=(0.0,) * 50)

    with pytest.raises(Continued):
        driver.run(body)

    assert len(driver.calls) == 1
    assert driver.open_timers() == []


def test_given_a_halted_wave_when_waiting_then_the_dispatcher_continues_as_new_and_stays_short():
    driver = Driver(REQUEST, {names.ADVANCE_WAVE: lambda _: {"phase": "running"}})

    with pytest.raises(Continued) as continued:
        driver.run(run_dispatch)

    assert continued.value.input_ == REQUEST
    assert driver.events < 500


def test_given_people_ready_later_when_sending_then_the_sender_sleeps_until_they_are_due():
    due = START + timedelta(seconds=12)
    replies = iter([{"next_at": due.isoformat(), "waiting": 4}, {"finished": True}])
    driver = Driver(REQUEST, {names.SEND_MEMBERS: lambda _: next(replies)})

    driver.run(run_membership)

    assert driver.current_utc_datetime == due


def test_given_numbers_that_had_to_wait_when_verifying_then_their_batches_are_tried_again():
    soon = (START + timedelta(minutes=10)).isoformat()
    replies = iter([{"waiting": 2, "due_numbers": [1, 4], "next_at": soon}, {}])
    answers = {names.VERIFY_WAVE: lambda _: next(replies), names.ASSIGN_PHONE_NUMBER: lambda _: {}}
    driver = Driver(REQUEST, answers)

    assert driver.run(run_verification) == "verified"
    tried = [p["batch"] for n, p in driver.calls if n == names.ASSIGN_PHONE_NUMBER]
    assert tried == [1, 4]


def test_given_numbers_in_many_batches_when_verifying_then_none_is_left_out_and_it_stays_short():
    soon = (START + timedelta(minutes=10)).isoformat()
    many = list(range(1, 121))
    replies = iter([{"waiting": 9, "due_numbers": many, "next_at": soon}, {}])
    answers = {names.VERIFY_WAVE: lambda _: next(replies), names.ASSIGN_PHONE_NUMBER: lambda _: {}}
    tried: list[int] = []
    payload, ended = REQUEST, None
    while ended is None:
        driver = Driver(payload, answers)
        try:
            ended = driver.run(run_verification)
        except Continued as continued:
            payload = continued.input_
        tried += [p["batch"] for n, p in driver.calls if n == names.ASSIGN_PHONE_NUMBER]
        assert driver.events < 500

    assert (ended, tried) == ("verified", many)


def test_given_storage_trouble_when_verifying_then_it_looks_again_instead_of_calling_it_done():
    retry_at = START + timedelta(seconds=5)
    replies = iter(
        [{"retry_at": retry_at.isoformat(), "trouble": "storage_unavailable"}, {"waiting": 0}]
    )
    driver = Driver(REQUEST, {names.VERIFY_WAVE: lambda _: next(replies)})

    assert driver.run(run_verification) == "verified"
    assert len(driver.calls) == 2


def test_given_an_operation_when_asked_then_its_result_is_counts_only():
    request = OperationRequest(rollout_id="r", operation_id="o1", wave="w")
    answers = {names.MAKE_PLAN: lambda _: {"succeeded": True, "counts": {"eligible": 9}}}
    driver = Driver(request.model_dump(mode="json"), answers)

    result = driver.run(run_planning)

    assert result["succeeded"] is True
    assert result["counts"] == {"eligible": 9}
