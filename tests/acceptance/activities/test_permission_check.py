"""A read that only a person can mend ends an operation at once, in words."""

import pytest

from activities.guard import run_guarded
from activities.make_plan import make_plan
from teams_rollout.contracts.payloads import OperationRequest, OperationResult
from teams_rollout.ledger.records import OperationStatus
from tests.acceptance.activities.lab import ROLLOUT

pytestmark = pytest.mark.azurite


async def planned(lab):
    """The plan as its activity makes it, and the operation that a person watches."""
    operation = await lab.operation("plan")
    request = OperationRequest(rollout_id=ROLLOUT, operation_id=operation, wave="pilot")
    payload = request.model_dump(mode="json")
    answer = await run_guarded(lab.deps, make_plan, OperationRequest, OperationResult, payload)
    return answer, await lab.result_of(operation)


async def test_given_a_read_that_is_refused_when_planned_then_the_operation_fails_in_words(
    lab, build, start_tenant
):
    await lab.bring_in(build.a_council(build.a_person("ann")))
    lab.tenant = start_tenant(build.a_tenant(grantedPermissions=["User.Read.All"]))
    await lab.restart()

    answer, record = await planned(lab)

    assert (answer["retry_at"], answer["trouble"]) == (None, "permission_missing")
    assert record.status is OperationStatus.FAILED
    assert record.error["code"] == "permission_missing"
    assert "rollout doctor" in record.error["detail"]


async def test_given_a_hiccup_when_planned_then_it_is_tried_again_and_nothing_has_failed(
    lab, build
):
    await lab.bring_in(build.a_council(build.a_person("ann")))
    lab.tenant.fail("/subscribedSkus", "503", count=20)

    answer, record = await planned(lab)

    assert answer["retry_at"] is not None
    assert record.status is OperationStatus.RUNNING
