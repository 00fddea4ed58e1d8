"""Keeps the operation record that the API shows while something long is going on."""

from typing import Any

from activities.deps import Deps
from teams_rollout.ledger.records import OperationStatus


async def report_progress(deps: Deps, operation_id: str, percent: int) -> None:
    """Say how far the operation is, for the person who watches it."""
    await _update(deps, operation_id, {"percent": percent})


async def report_trouble(deps: Deps, operation_id: str, *, code: str, detail: str, do: str) -> None:
    """Say what keeps a running operation from going on; it is forgotten when the operation ends."""
    await _update(deps, operation_id, {"error": {"code": code, "detail": detail, "do": do}})


async def finish_operation(deps: Deps, operation_id: str, result: dict[str, Any]) -> None:
    """Record success with its result; nothing happens when nobody asked for an operation.

    What was noted at the start (warnings of an import) stays beside it.
    """
    changes = {"status": OperationStatus.SUCCEEDED, "percent": 100, "error": None}
    await _update(deps, operation_id, changes, result=result)


async def fail_operation(deps: Deps, operation_id: str, *, code: str, detail: str) -> None:
    """Record failure in words that a person can act on."""
    await _update(
        deps,
        operation_id,
        {"status": OperationStatus.FAILED, "error": {"code": code, "detail": detail}},
    )


async def _update(
    deps: Deps,
    operation_id: str,
    changes: dict[str, Any],
    *,
    result: dict[str, Any] | None = None,
) -> None:
    if not operation_id:
        return
    record = await deps.ledger.find_operation(operation_id)
    if record is None or record.status is not OperationStatus.RUNNING:
        return
    merged = {**record.result, **(result or {})}
    await deps.ledger.save_operation(
        record.model_copy(update={**changes, "result": merged, "updated_at": deps.clock()})
    )
