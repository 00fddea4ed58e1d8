"""Sending notices: called again as it asks, later while nothing gets on, short histories."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from orchestrations.notices import run_notices
from orchestrations.steps import ROUNDS_PER_EXECUTION
from orchestrations.testing import START, Continued, Driver
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import OperationRequest

REQUEST = OperationRequest(operation_id="op", rollout_id="r", wave="w").model_dump(mode="json")


def answering(*results: Mapping[str, object]):
    left = list(results)
    return {names.SEND_NOTICES: lambda _: left.pop(0) if len(left) > 1 else left[0]}


def test_given_people_who_wait_when_run_then_called_until_nobody_does():
    more = {"told": 60, "waiting": 60, "retry_at": START.isoformat()}
    driver = Driver(REQUEST, answering(more, more, {"told": 3, "succeeded": True}))

    result = driver.run(run_notices)

    assert [name for name, _ in driver.calls] == [names.SEND_NOTICES] * 3
    assert result["succeeded"] is True


def test_given_microsoft_asks_for_a_wait_when_run_then_a_timer_keeps_it():
    later = START + timedelta(minutes=7)
    busy = {"retry_at": later.isoformat(), "trouble": "throttled"}
    driver = Driver(REQUEST, answering(busy, {"succeeded": True}))

    driver.run(run_notices)

    assert driver.current_utc_datetime >= later


def test_given_nothing_gets_on_when_run_then_pauses_grow_and_the_history_stays_short():
    stuck = {"retry_at": START.isoformat(), "trouble": "storage_unavailable"}
    driver = Driver(REQUEST, answering(stuck))

    with pytest.raises(Continued) as continued:
        driver.run(run_notices)

    assert len(driver.calls) == ROUNDS_PER_EXECUTION
    assert continued.value.input_["tries"] == ROUNDS_PER_EXECUTION
    assert driver.timers[-1].at - driver.timers[-2].at >= timedelta(minutes=5)
    assert driver.events < 500


def test_given_progress_when_run_then_pauses_begin_anew():
    stuck = {"retry_at": START.isoformat(), "trouble": "microsoft_unavailable"}
    some = {"told": 1, "waiting": 5, "retry_at": START.isoformat()}
    driver = Driver({**REQUEST, "tries": 17}, answering(stuck, some))

    with pytest.raises(Continued) as continued:
        driver.run(run_notices)

    assert continued.value.input_["tries"] == 0
