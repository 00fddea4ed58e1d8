"""run_guarded around real activities: trouble becomes data with a time, and a rerun succeeds."""

import logging
from dataclasses import replace

import pytest

from activities.guard import run_guarded
from activities.make_plan import make_plan
from activities.resolve_batch import resolve_batch
from activities.verify_wave import verify_wave
from graph.credentials import StaticToken
from graph.governor import LocalGovernor
from graph.session import GraphSession
from teams_rollout.contracts.payloads import (
    BatchRequest,
    OperationRequest,
    OperationResult,
    StepResult,
    VerifyResult,
    WaveRequest,
)
from teams_rollout.ledger.records import BatchRecord, OperationStatus
from teams_rollout.ledger.tables import TableLedger
from tests.acceptance.activities.lab import ROLLOUT

pytestmark = pytest.mark.azurite

NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture
async def run(lab, build):
    return await lab.start(build.a_council(build.a_person("ann")))


class Racing(TableLedger):
    """Somebody else is always a little faster."""

    async def save_batch(self, record: BatchRecord) -> BatchRecord:
        await super().save_batch(record)
        return await super().save_batch(record)


async def resolve(run, deps):
    payload = run.batch().model_dump(mode="json")
    answer = await run_guarded(deps, resolve_batch, BatchRequest, StepResult, payload)
    return StepResult.model_validate(answer)


async def test_given_nothing_is_wrong_when_run_then_the_answer_is_the_activitys(lab, run):
    result = await resolve(run, lab.deps)

    assert (result.trouble, result.retry_at) == ("", None)
    assert result.counts["people"] == 1


async def test_given_microsoft_asks_for_a_wait_when_run_then_it_is_reported_and_kept(
    lab, tenant, run
):
    tenant.fail("/users", "429", retry_after=40)

    result = await resolve(run, lab.deps)

    assert result.trouble == "throttled"
    assert 35 < (result.retry_at - lab.clock()).total_seconds() <= 40
    lab.clock.skip(41)
    assert (await resolve(run, lab.deps)).trouble == ""


async def test_given_microsoft_cannot_be_reached_when_run_then_it_is_reported(lab, run):
    governor = LocalGovernor(limits=1000.0)
    nobody = GraphSession(
        base_url=f"{NOBODY_LISTENS}/v1.0",
        token=StaticToken("rehearsal"),
        governor=governor,
        max_retries=0,
    )

    result = await resolve(run, replace(lab.deps, graph=nobody))

    assert result.trouble == "microsoft_unavailable"
    assert result.retry_at > lab.clock()
    await nobody.close()


async def test_given_somebody_waits_when_microsoft_is_away_then_they_are_told_where(lab, run):
    nobody = GraphSession(
        base_url=f"{NOBODY_LISTENS}/v1.0",
        token=StaticToken("rehearsal"),
        governor=LocalGovernor(limits=1000.0),
        max_retries=0,
    )
    operation = await lab.operation("plan")
    request = OperationRequest(rollout_id=ROLLOUT, operation_id=operation, wave="pilot")
    payload = request.model_dump(mode="json")

    deps = replace(lab.deps, graph=nobody)
    await run_guarded(deps, make_plan, OperationRequest, OperationResult, payload)
    await nobody.close()

    waiting = await lab.result_of(operation)
    assert waiting.status is OperationStatus.RUNNING
    assert NOBODY_LISTENS in waiting.error["detail"]
    assert "rollout lab up" in waiting.error["do"]
    await run_guarded(lab.deps, make_plan, OperationRequest, OperationResult, payload)
    done = await lab.result_of(operation)
    assert (done.status, done.error) == (OperationStatus.SUCCEEDED, None)


async def test_given_storage_cannot_be_reached_when_run_then_it_is_reported(lab, run):
    nowhere = TableLedger.from_connection_string(
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;"
        f"TableEndpoint={NOBODY_LISTENS}/a;QueueEndpoint={NOBODY_LISTENS}/a"
    )

    result = await resolve(run, replace(lab.deps, ledger=nowhere))

    assert result.trouble == "storage_unavailable"
    assert result.retry_at > lab.clock()
    await nowhere.close()


async def test_given_somebody_changed_the_row_first_when_run_then_it_is_tried_again_soon(lab, run):
    racing = Racing.from_connection_string(lab.storage)

    result = await resolve(run, replace(lab.deps, ledger=racing))

    assert result.trouble == "concurrent_change"
    assert (result.retry_at - lab.clock()).total_seconds() < 1
    assert (await resolve(run, lab.deps)).trouble == ""
    await racing.close()


async def test_given_a_bug_when_run_then_it_is_logged_and_reported_without_personal_data(
    lab, build, run, caplog
):
    lab.ledger.die_before("insert_snapshots")

    with caplog.at_level(logging.ERROR):
        result = await resolve(run, lab.deps)

    assert result.trouble == "internal_error"
    assert result.retry_at > lab.clock()
    (record,) = [r for r in caplog.records if r.name == "activities.guard"]
    assert record.exc_info
    assert build.DOMAIN not in caplog.text


async def test_given_trouble_when_verifying_then_it_never_looks_like_the_end(lab, tenant, run):
    payload = run.request.model_dump(mode="json")
    tenant.fail("/users", "429", method="GET", retry_after=30)

    answer = await run_guarded(lab.deps, verify_wave, WaveRequest, VerifyResult, payload)

    result = VerifyResult.model_validate(answer)
    assert (result.waiting, result.trouble) == (0, "throttled")
    assert result.retry_at is not None
