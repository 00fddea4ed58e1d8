"""Importing files: checked whole, staged, then applied by an orchestration."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import JSONResponse

from teams_rollout.contracts.payloads import OperationRequest
from teams_rollout.domain.importing import Fault, ImportOptions
from teams_rollout.domain.roster import Roster
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.entrypoints import operations, uploads
from teams_rollout.entrypoints.context import ServicesDep, StarterDep
from teams_rollout.entrypoints.identity import Caller
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.routes import accepting
from teams_rollout.entrypoints.routes.callers import Operator
from teams_rollout.entrypoints.views import OperationView
from teams_rollout.ledger.records import AuditEntry

router = APIRouter(prefix="/api/v1", tags=["import"])


@dataclass(frozen=True)
class ImportForm:
    """The fields of the upload.

    Attributes:
        wave: puts every row into this wave.
        accept_good: import the rest when at most 2 % of the rows are bad.
        remove_missing: people who are no longer in the files leave the rollout.
        confirm: go on although people who are already imported change.
        annotate: bring the users' file back with a `fault` column when it is refused.
    """

    rollout: Annotated[UploadFile, File(description="rollout.toml")]
    users: Annotated[UploadFile, File(description="users.csv")]
    teams: Annotated[UploadFile, File(description="teams.csv")]
    wave: Annotated[str, Form(max_length=40)] = ""
    allow_extra_columns: Annotated[bool, Form()] = False
    accept_good: Annotated[bool, Form()] = False
    remove_missing: Annotated[bool, Form()] = False
    confirm: Annotated[bool, Form()] = False
    annotate: Annotated[bool, Form()] = False

    @property
    def options(self) -> ImportOptions:
        """How the files are to be read."""
        return ImportOptions(
            wave=self.wave or None,
            allow_extra_columns=self.allow_extra_columns,
            accept_good=self.accept_good,
        )


@router.post("/imports", status_code=202, response_model=OperationView)
async def import_files(
    *,
    request: Request,
    form: Annotated[ImportForm, Depends()],
    services: ServicesDep,
    starter: StarterDep,
    caller: Operator,
) -> JSONResponse:
    """Check the files and import them.

    Every fault is reported at once (422) and a bad file saves nothing. Files that change people
    who are already imported are taken with `confirm` only (409 shows the difference).
    """
    upload = await uploads.read_uploads(form.rollout, form.users, form.teams)
    roster, faults = await uploads.parse(upload, options=form.options, annotate=form.annotate)
    current = await services.ledger.find_rollout()
    rollout_id = uploads.rollout_id_for(current, roster)
    difference = await uploads.compare(services, rollout_id, roster, only_wave=form.wave or None)
    if current and current.import_id and not (form.confirm or difference.is_empty):
        raise uploads.ask_first(difference)
    import_id = accepting.new_operation_id(request)
    await uploads.stage(
        services,
        roster,
        import_id=import_id,
        remove_missing=form.remove_missing,
        confirmed=form.confirm,
    )
    await _audit(services, rollout_id, roster, caller=caller)
    record = await operations.run_operation(
        services,
        starter,
        kind=operations.IMPORT,
        request=OperationRequest(
            rollout_id=rollout_id, operation_id=import_id, import_id=import_id
        ),
        about=_about(roster, difference, faults),
    )
    return accepting.accepted(request, record)


def _about(
    roster: Roster, difference: uploads.Difference, faults: tuple[Fault, ...]
) -> dict[str, Any]:
    """The operation's result until the import has been applied."""
    return {
        "users": len(roster.users),
        "teams": len(roster.teams),
        "waves": len(roster.wave_order()),
        **difference.counts(),
        "faults": [fault.model_dump() for fault in faults],
    }


async def _audit(services: Services, rollout_id: str, roster: Roster, *, caller: Caller) -> None:
    entry = AuditEntry(
        at=services.clock(),
        actor=caller.name,
        action="import",
        target=roster.config.rollout.name,
        detail=f"{len(roster.users)} people, {len(roster.teams)} teams",
        rehearsal=services.settings.environment is Environment.REHEARSAL,
    )
    await services.ledger.append_audit(rollout_id, entry)
