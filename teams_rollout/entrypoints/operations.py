"""Long operations: the record and the orchestration behind it.

The record is written before the orchestration is started, so whoever holds its address can always
read it; an orchestration that died without saying so is reported as failed by asking the engine.
"""

from datetime import timedelta
from typing import Any

from teams_rollout.contracts import names
from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.entrypoints.ports import InstanceState, Services, Starter
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.entrypoints.views import OperationView
from teams_rollout.ledger.ports import Conflict
from teams_rollout.ledger.records import OperationRecord, OperationStatus

START = "start"
IMPORT = "import"
PLAN = "plan"
RECONCILIATION = "reconciliation"
NIGHTLY = "nightly-"
"""What the operations of the nightly reconciliation begin with; the local day follows."""
DIAGNOSIS = "diagnosis"
HAND_OFF = "hand-off"
NOTICES = "notices"

_ORCHESTRATIONS = {
    IMPORT: names.IMPORT,
    PLAN: names.PLANNING,
    RECONCILIATION: names.RECONCILIATION,
    DIAGNOSIS: names.DIAGNOSIS,
    HAND_OFF: names.HAND_OFF,
    NOTICES: names.NOTICES,
}
_SILENCE = timedelta(seconds=10)
"""How long a running record may stay unchanged before the engine is asked."""


async def open_operation(
    services: Services, operation_id: str, *, kind: str, about: dict[str, Any]
) -> OperationRecord:
    """The operation's record: created, or found when it was created before."""
    now = services.clock()
    record = OperationRecord(
        id=operation_id, kind=kind, created_at=now, updated_at=now, result=about
    )
    try:
        return await services.ledger.save_operation(record)
    except Conflict:
        found = await services.ledger.find_operation(operation_id)
        if found is None:
            raise
        return found


async def run_operation(
    services: Services,
    starter: Starter,
    *,
    kind: str,
    request: OperationRequest,
    about: dict[str, Any],
) -> OperationRecord:
    """Record the operation and start its orchestration; repeating it changes nothing."""
    record = await open_operation(services, request.operation_id, kind=kind, about=about)
    if record.status is OperationStatus.RUNNING:
        await starter.start(
            _ORCHESTRATIONS[kind],
            instance_id=names.operation_instance(request.operation_id),
            payload=request.model_dump(mode="json"),
        )
    return record


def to_view(record: OperationRecord) -> OperationView:
    """The operation resource."""
    return OperationView(
        id=record.id,
        kind=record.kind,
        status=record.status.value,
        percent=record.percent,
        result=record.result,
        error=_spoken(record.error) if record.error else None,
        createdAt=record.created_at,
        updatedAt=record.updated_at,
    )


def _spoken(error: dict[str, Any]) -> dict[str, Any]:
    """The error with a `message` and a `do`, whoever recorded it."""
    return {"message": error.get("detail", ""), "do": "", **error}


async def get_operation(
    services: Services, starter: Starter, operation_id: str, *, rollout_id: str
) -> OperationView:
    """The operation as it stands. Raises a 404 problem."""
    record = await services.ledger.find_operation(operation_id)
    if record is None:
        raise ProblemError(
            404,
            kind="operation-unknown",
            title="There is no such operation.",
            detail="Its id is not known here; operations are deleted some time after they end.",
            do="Look at the waves to see what has happened: rollout waves",
        )
    silent = services.clock() - record.updated_at > _SILENCE
    if record.status is OperationStatus.RUNNING and silent:
        record = await _check_engine(services, starter, record, rollout_id=rollout_id)
    return to_view(record)


async def _check_engine(
    services: Services, starter: Starter, record: OperationRecord, *, rollout_id: str
) -> OperationRecord:
    """The record, or a failed one when nothing works on the operation any more."""
    if await starter.status(_instance_of(record, rollout_id)) is InstanceState.RUNNING:
        return record
    # It may have written its result between our two questions.
    latest = await services.ledger.find_operation(record.id) or record
    if latest.status is not OperationStatus.RUNNING:
        return latest
    error = {
        "code": "operation_broke_off",
        "message": "The work behind this operation stopped without a result.",
        "do": "Run the command again; what was done is not done twice.",
    }
    return latest.model_copy(update={"status": OperationStatus.FAILED, "error": error})


def _instance_of(record: OperationRecord, rollout_id: str) -> str:
    if record.kind == START:
        return names.wave_instance(rollout_id, *_run_of(record))
    if record.id.startswith(NIGHTLY):
        return names.nightly_instance(rollout_id, record.id.removeprefix(NIGHTLY))
    return names.operation_instance(record.id)


def start_operation_id(wave: str, epoch: int) -> str:
    """The operation of one start of a wave; the same for whoever repeats the start."""
    return f"{START}-{wave}-{epoch}"


def _run_of(record: OperationRecord) -> tuple[str, int]:
    wave, _, epoch = record.id.removeprefix(f"{START}-").rpartition("-")
    return wave, int(epoch)
