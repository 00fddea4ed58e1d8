"""The one edge where an activity's trouble becomes data (ADR 0003).

What the machine may retry (storage, a read that could not be completed, a lost race) is reported
with a time; the orchestration waits with a durable timer. A bug is logged with its trace and
reported the same way, so that one broken person never fails an instance; nor does a process that
cannot start its work (no storage, a wrong setting), or a body that does not come to an end.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, TypeVar

from activities.deps import Deps
from activities.operation import fail_operation, report_trouble
from activities.permission_check import FINAL_READ_CODES, unreadable
from activities.unread import trouble_of
from graph.errors import GraphReadError, WritesForbidden
from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import (
    BatchRequest,
    OperationRequest,
    Payload,
    RetryablePayload,
    WaveRequest,
)
from teams_rollout.ledger.ports import Conflict, LedgerError
from teams_rollout.tracing import function_span, note_result

logger = logging.getLogger(__name__)

Q = TypeVar("Q", bound=Payload)
A = TypeVar("A", bound=RetryablePayload)

LOST_RACE = timedelta(milliseconds=300)
STORAGE = timedelta(seconds=5)
READ = timedelta(seconds=5)
BUG = timedelta(seconds=15)
STANDSTILL = timedelta(seconds=30)
LONGEST = timedelta(minutes=25)
"""Short of host.json's functionTimeout, which would end the process and fail the instance."""


class Heed(Enum):
    """What an activity makes of it when somebody has stopped writing."""

    NOTHING = auto()  # reads, counts, closes: has to go on
    END = auto()  # ends with what it works for, and otherwise goes on
    STOP = auto()  # writes to the tenant, and does not even begin


async def run_prepared(
    prepare: Callable[[], Awaitable[Deps]],
    body: Callable[[Deps, Q], Awaitable[A]],
    request_type: type[Q],
    result_type: type[A],
    payload: dict[str, Any],
    *,
    heed: Heed = Heed.NOTHING,
) -> dict[str, Any]:
    """Run an activity body with what `prepare` builds; the answer is always data."""
    with function_span(body.__name__, payload) as span:
        answer = await _run(prepare, body, request_type, result_type, payload, heed=heed)
        note_result(span, answer)
    return answer


async def _run(
    prepare: Callable[[], Awaitable[Deps]],
    body: Callable[[Deps, Q], Awaitable[A]],
    request_type: type[Q],
    result_type: type[A],
    payload: dict[str, Any],
    *,
    heed: Heed,
) -> dict[str, Any]:
    try:
        deps = await prepare()
    except Exception as error:
        logger.exception("Activity has nothing to work with", extra={"action": "prepare_failed"})
        code = "storage_unavailable" if isinstance(error, LedgerError) else "internal_error"
        late = result_type(retry_at=datetime.now(UTC) + BUG, trouble=code)
        return late.model_dump(mode="json")
    return await run_guarded(deps, body, request_type, result_type, payload, heed=heed)


async def run_guarded(
    deps: Deps,
    body: Callable[[Deps, Q], Awaitable[A]],
    request_type: type[Q],
    result_type: type[A],
    payload: dict[str, Any],
    *,
    heed: Heed = Heed.NOTHING,
) -> dict[str, Any]:
    """Run an activity body on a payload; the answer is always data."""
    request = request_type.model_validate(payload)
    deps = deps.writing_under(*_writes_under(request))
    stopped = await _stopped(deps, result_type, heed)
    if stopped is not None:
        return stopped.model_dump(mode="json")
    try:
        async with asyncio.timeout(LONGEST.total_seconds()):
            result = await body(deps, request)
    except Conflict:
        result = _later(deps, result_type, LOST_RACE, "concurrent_change")
    except LedgerError:
        logger.exception("Storage failed", extra={"action": "activity_storage_failed"})
        result = _later(deps, result_type, STORAGE, "storage_unavailable")
    except GraphReadError as error:
        logger.warning(
            "Microsoft could not be read", extra={"action": "read_failed", "code": error.code}
        )
        result = await _unread(deps, request, result_type, error)
    except Exception as error:
        logger.exception("Activity failed", extra={"action": "activity_failed"})
        await _tell(deps, request, "internal_error", error)
        result = _later(deps, result_type, BUG, "internal_error")
    return result.model_dump(mode="json")


def _writes_under(request: Payload) -> tuple[str, ...]:
    """The names by which the request's writes can be stopped."""
    if isinstance(request, BatchRequest):
        return (
            names.writes_of_cut(request.wave, request.epoch),
            names.writes_of_batch(request.wave, request.batch, request.generation),
        )
    if isinstance(request, WaveRequest):
        return (names.writes_of_run(request.wave, request.epoch),)
    return ()


async def _stopped(deps: Deps, result_type: type[A], heed: Heed) -> A | None:
    """The answer of an activity that had better not begin, or None if it may.

    The guard is asked again before each send: this only saves a stopped wave the tries.
    """
    if heed is Heed.NOTHING:
        return None
    try:
        await deps.graph.check_writes()
    except WritesForbidden as forbidden:
        if forbidden.for_good:
            return result_type(over=True, trouble="superseded")
        if heed is Heed.STOP:
            later = deps.clock() + STANDSTILL
            return result_type(retry_at=later, trouble="paused", stopped=True)
    return None


async def _unread(deps: Deps, request: Payload, result_type: type[A], error: GraphReadError) -> A:
    """A person who waits for an operation is told at once what only a person can mend."""
    if error.code in FINAL_READ_CODES and isinstance(request, OperationRequest):
        try:
            await fail_operation(
                deps, request.operation_id, code=error.code, detail=unreadable(error)
            )
        except LedgerError:
            return _later(deps, result_type, STORAGE, "storage_unavailable")
        return result_type(trouble=error.code)
    await _tell(deps, request, error.code, error)
    return _later(deps, result_type, error.retry_after or READ, error.code)


async def _tell(deps: Deps, request: Payload, code: str, error: Exception) -> None:
    """Tell the person who waits for an operation why it takes so long."""
    operation_id = getattr(request, "operation_id", "")
    if not operation_id:
        return
    trouble = trouble_of(deps, error)
    try:
        await report_trouble(deps, operation_id, code=code, detail=trouble.detail, do=trouble.do)
    except LedgerError:
        # The work is tried again in any case, and tells then if it has to.
        logger.warning("Trouble could not be told", extra={"action": "trouble_untold"})


def _later(deps: Deps, result_type: type[A], pause: timedelta, code: str) -> A:
    return result_type(retry_at=deps.clock() + pause, trouble=code)
