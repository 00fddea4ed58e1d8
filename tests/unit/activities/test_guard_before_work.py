"""An activity whose process cannot start its work reports that as data, like any other trouble."""

import pytest

from activities.deps import Deps
from activities.guard import run_prepared
from teams_rollout.contracts.payloads import StepResult, WaveRequest
from teams_rollout.ledger.ports import LedgerError

PAYLOAD = WaveRequest(rollout_id="r", wave="w", epoch=1).model_dump(mode="json")


async def never(_deps: Deps, _request: WaveRequest) -> StepResult:
    raise AssertionError("nothing was prepared")


@pytest.mark.parametrize(
    ("error", "code"),
    [(LedgerError("away"), "storage_unavailable"), (ValueError("setting"), "internal_error")],
)
async def test_given_nothing_to_work_with_when_run_then_the_instance_is_told_to_come_back(
    error: Exception, code: str
) -> None:
    async def prepare() -> Deps:
        raise error

    answer = await run_prepared(prepare, never, WaveRequest, StepResult, PAYLOAD)

    result = StepResult.model_validate(answer)
    assert result.trouble == code
    assert result.retry_at is not None
