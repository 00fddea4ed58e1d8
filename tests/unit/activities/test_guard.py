"""run_guarded: whatever goes wrong inside an activity comes out as data with a time."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from activities.deps import Deps
from activities.guard import run_guarded
from graph.errors import GraphReadError
from graph.session import GraphSession
from teams_rollout.contracts.payloads import RetryablePayload, StepResult, VerifyResult, WaveRequest
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Environment, Outcome
from teams_rollout.ledger.ports import Conflict, Ledger, LedgerError

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAYLOAD = WaveRequest(rollout_id="r", wave="w", epoch=1).model_dump(mode="json")
DEPS = Deps(
    ledger=cast(Ledger, None),
    graph=cast(GraphSession, None),
    clock=lambda: NOW,
    scale=1.0,
    environment=Environment.REHEARSAL,
)


def unreadable(wait: timedelta | None) -> GraphReadError:
    result = CallResult(key="", outcome=Outcome.THROTTLED, code="throttled", retry_after=wait)
    return GraphReadError(result)


@pytest.mark.parametrize(
    ("trouble", "code", "seconds"),
    [
        (Conflict("lost"), "concurrent_change", 0.3),
        (LedgerError("gone"), "storage_unavailable", 5),
        (unreadable(timedelta(seconds=70)), "throttled", 70),
        (unreadable(None), "throttled", 5),
        (ValueError("a bug"), "internal_error", 15),
    ],
)
@pytest.mark.parametrize("result_type", [StepResult, VerifyResult])
async def test_given_trouble_when_run_then_it_is_a_result_with_code_and_time(
    trouble: Exception, code: str, seconds: float, result_type: type[RetryablePayload]
) -> None:
    async def body(_: Deps, __: WaveRequest) -> RetryablePayload:
        raise trouble

    answer = await run_guarded(DEPS, body, WaveRequest, result_type, PAYLOAD)

    result = result_type.model_validate(answer)
    assert result.trouble == code
    assert result.retry_at == NOW + timedelta(seconds=seconds)


async def test_given_no_trouble_when_run_then_the_answer_is_plain_data() -> None:
    async def body(_: Deps, request: WaveRequest) -> StepResult:
        return StepResult(counts={request.wave: 1}, retry_at=NOW)

    answer = await run_guarded(DEPS, body, WaveRequest, StepResult, PAYLOAD)

    assert answer["counts"] == {"w": 1}
    assert answer["retry_at"] == "2026-03-02T09:00:00Z"


async def test_given_a_newer_payload_when_run_then_unknown_fields_are_ignored() -> None:
    async def body(_: Deps, request: WaveRequest) -> StepResult:
        return StepResult(counts={request.wave: 1})

    payload = {**PAYLOAD, "a_field_of_tomorrow": True}

    assert (await run_guarded(DEPS, body, WaveRequest, StepResult, payload))["counts"] == {"w": 1}
