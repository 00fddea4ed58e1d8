"""The taking of a result file: looked for until seen, in short histories."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrations.hand_off import LOOKS_PER_EXECUTION, run_hand_off
from orchestrations.testing import Continued, Driver
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import OperationRequest

REQUEST = OperationRequest(operation_id="op", rollout_id="r").model_dump(mode="json")
SOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def looks(*waiting: int) -> Any:
    """An activity that answers with these numbers of people, one a look."""
    left = list(waiting)

    def look(_: Any) -> dict[str, Any]:
        number = left.pop(0)
        next_at = (SOON + timedelta(hours=len(left))).isoformat() if number else None
        return {"waiting": number, "next_at": next_at, "counts": {"done": 1}}

    return look


def test_given_everything_is_seen_at_once_when_taken_then_one_look():
    driver = Driver(REQUEST, {names.FINISH_HAND_OFFS: looks(0)})

    result = driver.run(run_hand_off)

    assert [(name, given["looks"]) for name, given in driver.calls] == [(names.FINISH_HAND_OFFS, 0)]
    assert result == {"done": 1}


def test_given_somebody_is_not_seen_when_taken_then_looked_for_again_in_short_histories():
    numbers = [2] * (LOOKS_PER_EXECUTION + 1) + [0]
    answers = {names.FINISH_HAND_OFFS: looks(*numbers)}
    first = Driver(REQUEST, answers)
    with pytest.raises(Continued) as continued:
        first.run(run_hand_off)
    second = Driver(continued.value.input_, answers)
    second.run(run_hand_off)

    counted = [given["looks"] for _, given in (*first.calls, *second.calls)]
    assert counted == list(range(len(numbers)))
    assert len(first.calls) == LOOKS_PER_EXECUTION
    assert first.timers


def test_given_an_outage_when_it_lasts_then_the_reports_are_not_lost():
    late = {"retry_at": SOON.isoformat(), "trouble": "storage_unavailable"}
    driver = Driver(REQUEST, {names.FINISH_HAND_OFFS: lambda _: late})

    with pytest.raises(Continued) as continued:
        driver.run(run_hand_off)

    assert continued.value.input_["looks"] == 0
    assert driver.events < 500
