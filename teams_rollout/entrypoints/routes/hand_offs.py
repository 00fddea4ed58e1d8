"""Hand-offs: who waits for another team, the team's file, and its result when it comes back."""

from typing import Annotated, Literal

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.domain.hand_off.files import notes_for, to_csv
from teams_rollout.domain.hand_off.model import Addressee
from teams_rollout.domain.hand_off.results import read_results
from teams_rollout.domain.importing.faults import MAX_BYTES
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.entrypoints import hand_offs, operations
from teams_rollout.entrypoints.context import RolloutDep, ServicesDep, StarterDep, get_wave
from teams_rollout.entrypoints.identity import Caller
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.entrypoints.routes import accepting
from teams_rollout.entrypoints.routes.callers import Operator, Reader
from teams_rollout.entrypoints.views import HandOffList, HandOffView, OperationView
from teams_rollout.ledger.records import AuditEntry, RolloutRecord

router = APIRouter(prefix="/api/v1/hand-offs", tags=["hand-offs"])


class HandOffBody(BaseModel):
    """Which file to write."""

    model_config = ConfigDict(extra="forbid")

    wave: str = Field(min_length=1, max_length=60)
    addressee: Addressee
    with_refused: bool = Field(
        default=False, description="also people for whom this team has reported a failure"
    )
    format: Literal["json", "csv"] = "json"


@router.get("")
async def list_hand_offs(
    services: ServicesDep, rollout: RolloutDep, _caller: Reader, wave: str | None = None
) -> HandOffList:
    """How many people wait for whom, per wave; nobody by name."""
    record = await get_wave(wave, services, rollout) if wave else None
    return HandOffList(value=tuple(await hand_offs.summarise(services, rollout, wave=record)))


@router.post("", response_model=HandOffView, responses={200: {"content": {"text/csv": {}}}})
async def write_hand_off(
    body: HandOffBody,
    services: ServicesDep,
    rollout: RolloutDep,
    caller: Operator,
) -> Response:
    """The file for one team and wave; nobody's state changes, the audit has who took it."""
    wave = await get_wave(body.wave, services, rollout)
    hand_off = f"{services.clock():%Y%m%dT%H%M%SZ}-{wave.slug}-{body.addressee.value}"
    lines = await hand_offs.lines_for(
        services,
        rollout,
        wave=wave,
        addressee=body.addressee,
        with_refused=body.with_refused,
        hand_off=hand_off,
    )
    detail = f"{len(lines)} people to {body.addressee.value} ({hand_off})"
    await _audit(services, rollout, caller, action=f"hand off {wave.name}", detail=detail)
    if body.format == "csv":
        name = f"{hand_off}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(to_csv(lines), media_type="text/csv", headers=headers)
    view = HandOffView(
        hand_off=hand_off,
        environment=services.settings.environment,
        wave=wave.name,
        addressee=body.addressee,
        made_at=services.clock(),
        notes=notes_for(body.addressee),
        lines=tuple(lines),
    )
    return JSONResponse(view.model_dump(mode="json"))


@router.post("/results", status_code=202, response_model=OperationView)
async def take_results(
    *,
    request: Request,
    file: Annotated[UploadFile, File(description="the hand-off file with its results")],
    services: ServicesDep,
    starter: StarterDep,
    rollout: RolloutDep,
    caller: Operator,
) -> JSONResponse:
    """Take a result file back. A file with a fault saves nothing (422 lists them all); taking a
    file twice changes nothing. Everybody reported as done is read back from Microsoft."""
    data = await _read(file)
    name = file.filename or "results.csv"
    people = await hand_offs.people_by_object_id(services, rollout)
    read = read_results(data, file_name=name, people=people)
    if read.reports is None:
        raise _refusal([fault.model_dump() for fault in read.faults])
    operation_id = accepting.new_operation_id(request)
    await services.ledger.save_reports(operation_id, read.reports)
    detail = f"{len(read.reports)} rows reported, {read.unanswered} open"
    await _audit(services, rollout, caller, action="take hand-off", detail=detail)
    record = await operations.run_operation(
        services,
        starter,
        kind=operations.HAND_OFF,
        request=OperationRequest(rollout_id=rollout.rollout_id, operation_id=operation_id),
        about={
            "reported": len(read.reports),
            "unanswered": read.unanswered,
            "faults": [fault.model_dump() for fault in read.faults],
        },
    )
    return accepting.accepted(request, record)


async def _read(file: UploadFile) -> bytes:
    size = file.size or 0
    if size > MAX_BYTES:
        raise ProblemError(
            413,
            kind="too-large",
            title="The result file is too large.",
            detail=f"It has {size / 2**20:.0f} MiB; a file may have {MAX_BYTES // 2**20} MiB.",
            do="Check that it is the right file.",
        )
    return await file.read()


def _refusal(faults: list[dict[str, object]]) -> ProblemError:
    return ProblemError(
        422,
        kind="result-not-valid",
        title="The result file has faults; nothing was saved.",
        detail=f"{len(faults)} fault(s) are listed under errors, each with line and column.",
        do="Correct them and take the file again.",
        errors=faults,
    )


async def _audit(
    services: Services, rollout: RolloutRecord, caller: Caller, *, action: str, detail: str
) -> None:
    entry = AuditEntry(
        at=services.clock(),
        actor=caller.name,
        action=action,
        target=rollout.config.rollout.name,
        detail=detail,
        rehearsal=services.settings.environment is Environment.REHEARSAL,
    )
    await services.ledger.append_audit(rollout.rollout_id, entry)
