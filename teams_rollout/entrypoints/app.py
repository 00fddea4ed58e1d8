"""The one FastAPI application: API and helpdesk page. The same object runs in the Functions host
and in tests.
"""

from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from teams_rollout.entrypoints.context import Context
from teams_rollout.entrypoints.edge import Edge
from teams_rollout.entrypoints.failures import PROBLEM_RESPONSES, problem_response, to_problem
from teams_rollout.entrypoints.identity import signed_in
from teams_rollout.entrypoints.ports import ServicesProvider
from teams_rollout.entrypoints.problems import Problem, ProblemError
from teams_rollout.entrypoints.request_spans import RequestSpans
from teams_rollout.entrypoints.routes import (
    doctor,
    hand_offs,
    health,
    helpdesk,
    imports,
    notices,
    rollout,
    users,
    waves,
)
from teams_rollout.ledger.ports import LedgerError

_HANDLED = (ProblemError, LedgerError, RequestValidationError, HTTPException)


def create_api(provider: ServicesProvider) -> FastAPI:
    """The application.

    Args:
        provider: builds the process's services; called on requests, never here.
    """
    api = FastAPI(
        title="Teams Rollout",
        version="1.0",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=PROBLEM_RESPONSES,
        # FastAPI's own keeps addresses, queries and the text of exceptions.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    api.state.context = Context(provider)
    api.include_router(health.router)
    for module in (imports, rollout, waves, notices, users, hand_offs, doctor):
        api.include_router(module.router, dependencies=[Depends(signed_in)])
    api.include_router(helpdesk.router, include_in_schema=False)
    api.add_api_route("/", _to_helpdesk, include_in_schema=False)
    for error in _HANDLED:
        api.add_exception_handler(error, _answer_error)
    api.add_api_route("/api/v1", _to_description, include_in_schema=False)
    api.add_middleware(Edge)
    api.add_middleware(RequestSpans)
    _declare_problems(api)
    return api


async def _to_helpdesk() -> RedirectResponse:
    return RedirectResponse("/helpdesk", status_code=303)


async def _to_description() -> RedirectResponse:
    return RedirectResponse("/api/v1/openapi.json", status_code=303)


async def _answer_error(request: Request, error: Exception) -> Response:
    problem = to_problem(error)
    if request.url.path.startswith("/helpdesk"):
        return await helpdesk.problem_page(request, problem)
    return problem_response(problem)


def _declare_problems(api: FastAPI) -> None:
    """Add the schema to which every declared problem refers."""

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            schema = get_openapi(title=api.title, version=api.version, routes=api.routes)
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            api.openapi_schema = schema
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
