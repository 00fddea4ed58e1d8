"""Long operations: one activity, asked until it has nothing left to try."""

import pytest

from orchestrations.operations import (
    READING_TRIES,
    run_diagnosis,
    run_import,
    run_planning,
    run_reconciliation,
)
from orchestrations.testing import START, Driver
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import OperationRequest

REQUEST = OperationRequest(operation_id="op", rollout_id="r").model_dump(mode="json")


@pytest.mark.parametrize(
    ("orchestration", "activity"),
    [
        (run_import, names.APPLY_IMPORT),
        (run_planning, names.MAKE_PLAN),
        (run_reconciliation, names.FIND_DRIFT),
        (run_diagnosis, names.EXAMINE_TENANT),
    ],
)
def test_given_an_operation_when_run_then_its_one_activity_is_called(orchestration, activity):
    driver = Driver(REQUEST, {activity: lambda _: {"succeeded": True, "counts": {"ok": 3}}})

    result = driver.run(orchestration)

    assert [name for name, _ in driver.calls] == [activity]
    assert result["counts"] == {"ok": 3}


def test_given_a_tenant_that_cannot_be_read_when_reconciled_then_a_few_tries_end_in_a_report():
    def answer(payload):
        return {} if payload["give_up"] else {"retry_at": START.isoformat()}

    driver = Driver(REQUEST, {names.FIND_DRIFT: answer})

    result = driver.run(run_reconciliation)

    assert result["retry_at"] is None
    assert [p["give_up"] for _, p in driver.calls] == [False] * READING_TRIES + [True]
