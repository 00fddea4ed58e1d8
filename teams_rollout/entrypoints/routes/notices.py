"""Notices: preview, send, and the printable lists for managers."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.domain.configuration import NoticeKind
from teams_rollout.domain.notices import fitting_kind
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.entrypoints import notices, operations
from teams_rollout.entrypoints.context import RolloutDep, ServicesDep, StarterDep, WaveDep
from teams_rollout.entrypoints.identity import Caller
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.routes import accepting
from teams_rollout.entrypoints.routes.callers import Operator, Responsible
from teams_rollout.entrypoints.views import NoticesPreview, OperationView
from teams_rollout.ledger.notice_records import NoticeOrder
from teams_rollout.ledger.records import AuditEntry, WaveRecord

router = APIRouter(prefix="/api/v1/waves", tags=["notices"])

MOST_NAMED = 20_000


class NoticeBody(BaseModel):
    """Which notice, and for whom.

    Attributes:
        kind: None = the one that fits where the wave is.
        date: of the move, where the wave has no start_at (or is told another day).
        only: UPNs, mail addresses or employee ids; None = everybody whom the kind concerns.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: NoticeKind | None = None
    date: dt.date | None = None
    only: tuple[Annotated[str, Field(min_length=1, max_length=320)], ...] | None = Field(
        default=None, max_length=MOST_NAMED
    )


class SendBody(NoticeBody):
    """A notice to be sent; `card` = False leaves the channel out."""

    card: bool = True


@router.post("/{wave}/notices/preview")
async def preview(
    *,
    record: WaveDep,
    services: ServicesDep,
    rollout: RolloutDep,
    _caller: Responsible,
    body: Annotated[NoticeBody, Body()] = NoticeBody(),  # noqa: B008 - frozen default of FastAPI
) -> NoticesPreview:
    """Who would get what, and a sample; every kind is counted, one that is named lists people."""
    subject = await notices.read_subject(services, rollout, record, day=body.date, only=body.only)
    kinds = (body.kind,) if body.kind else rollout.config.notices.kinds
    return await notices.preview(subject, kinds, people=body.kind is not None)


@router.post("/{wave}/notices", status_code=202, response_model=OperationView)
async def send(
    *,
    request: Request,
    record: WaveDep,
    services: ServicesDep,
    rollout: RolloutDep,
    starter: StarterDep,
    caller: Operator,
    body: Annotated[SendBody, Body()] = SendBody(),  # noqa: B008 - frozen default of FastAPI
) -> JSONResponse:
    """Send one kind of notice to whoever has not had it; at most once, however often asked."""
    kind = body.kind or fitting_kind(record.state)
    subject = await notices.read_subject(services, rollout, record, day=body.date, only=body.only)
    operation_id = accepting.new_operation_id(request)
    order = notices.new_order(subject, kind, operation_id=operation_id, card=body.card)
    await services.ledger.save_notice_order(order)
    await _audit(services, record, order, caller=caller)
    operation = await operations.run_operation(
        services,
        starter,
        kind=operations.NOTICES,
        request=OperationRequest(
            rollout_id=record.rollout_id, operation_id=operation_id, wave=record.slug
        ),
        about={"wave": record.name, "kind": kind.value},
    )
    return accepting.accepted(request, operation)


@router.get("/{wave}/notices/list", response_class=HTMLResponse)
async def print_list(
    *,
    record: WaveDep,
    services: ServicesDep,
    rollout: RolloutDep,
    _caller: Responsible,
    kind: Annotated[NoticeKind | None, Query()] = None,
    day: Annotated[dt.date | None, Query(alias="date")] = None,
) -> HTMLResponse:
    """A page to be printed: people without a mailbox, under the manager who tells them."""
    chosen = kind or fitting_kind(record.state)
    subject = await notices.read_subject(services, rollout, record, day=day, only=None)
    name = f"notices-{record.slug}-{chosen.value}.html"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HTMLResponse(notices.printable(subject, chosen), headers=headers)


async def _audit(
    services: Services, record: WaveRecord, order: NoticeOrder, *, caller: Caller
) -> None:
    whom = "everybody" if order.refs is None else f"{len(order.refs)} named people"
    entry = AuditEntry(
        at=services.clock(),
        actor=caller.name,
        action="notify",
        target=record.name,
        detail=f"{order.kind.value}, {whom}",
        rehearsal=services.settings.environment is Environment.REHEARSAL,
    )
    await services.ledger.append_audit(record.rollout_id, entry)
