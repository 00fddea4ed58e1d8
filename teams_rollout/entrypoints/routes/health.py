"""Whether the app can work; open to everybody, so it names settings and parts, never values."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from teams_rollout.entrypoints.context import get_context, wrong_settings
from teams_rollout.entrypoints.ports import Services
from teams_rollout.entrypoints.views import Health, HealthCheck
from teams_rollout.ledger.ports import LedgerError

router = APIRouter(prefix="/api/v1", tags=["health"])


@router.get("/health", response_model=Health, responses={503: {"model": Health}})
async def get_health(request: Request) -> JSONResponse:
    """Settings and storage, each with what to do when it is wrong; 503 when the app cannot work."""
    context = get_context(request)
    try:
        services = context.provider()
    except ValueError as error:
        wrong = ", ".join(wrong_settings(error))
        check = HealthCheck(
            check="settings",
            ok=False,
            detail=f"Missing or not valid: {wrong}",
            do="Correct these settings of the function app and restart it.",
        )
        return _answer(Health(ok=False, environment=None, checks=(check,)))
    storage = await _check_storage(services)
    settings = HealthCheck(check="settings", ok=True, detail="Complete.")
    health = Health(
        ok=storage.ok, environment=services.settings.environment, checks=(settings, storage)
    )
    return _answer(health)


def _answer(health: Health) -> JSONResponse:
    return JSONResponse(health.model_dump(mode="json"), status_code=200 if health.ok else 503)


async def _check_storage(services: Services) -> HealthCheck:
    try:
        await services.ledger.prepare()
        await services.ledger.find_rollout()
    except LedgerError as error:
        return HealthCheck(
            check="storage",
            ok=False,
            detail=str(error),
            do="Start the storage (on a laptop: rollout lab up), then try again.",
        )
    return HealthCheck(check="storage", ok=True, detail="Reachable.")
