"""Every failure of a request as a problem document: ours, the ledger's and the framework's."""

from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from teams_rollout.entrypoints.problems import (
    Problem,
    ProblemError,
    changed_meanwhile,
    ledger_unreachable,
    unexpected,
)
from teams_rollout.ledger.ports import Conflict, LedgerError

MEDIA_TYPE = "application/problem+json"


def problem_response(problem: Problem) -> JSONResponse:
    """The problem as an HTTP answer."""
    headers = {"Retry-After": "5"} if problem.status == 503 else None
    return JSONResponse(
        problem.model_dump(), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers
    )


def invalid_request(error: RequestValidationError) -> ProblemError:
    """The request's shape is wrong; values are not repeated, they may be personal."""
    faults = [
        {"field": ".".join(str(part) for part in e["loc"]), "message": e["msg"]}
        for e in error.errors()
    ]
    return ProblemError(
        422,
        kind="invalid-request",
        title="The request is not valid.",
        detail=f"{len(faults)} part(s) of the request are missing or not valid.",
        do="Correct the fields listed under errors; /api/v1/openapi.json describes them.",
        errors=faults,
    )


_HTTP_WORDS: dict[int, tuple[str, str, str, str]] = {
    400: (
        "bad-request",
        "The request could not be read.",
        "Its body is damaged or not of the declared type.",
        "Send the request again as /api/v1/openapi.json describes it.",
    ),
    404: (
        "not-found",
        "There is nothing at this address.",
        "The address is not one of the app's.",
        "See /api/v1/openapi.json for the addresses, or open /helpdesk.",
    ),
    405: (
        "method-not-allowed",
        "This address does not take this method.",
        "It exists, but for other methods.",
        "See /api/v1/openapi.json for what it takes.",
    ),
    413: (
        "too-large",
        "The upload is too large.",
        "A file may have 20 MiB, the three together 60 MiB.",
        "Check that these are the right files.",
    ),
}


def http_problem(error: HTTPException) -> ProblemError:
    """The framework's own refusals, in the same shape as ours."""
    kind, title, detail, do = _HTTP_WORDS.get(error.status_code, _HTTP_WORDS[400])
    return ProblemError(error.status_code, kind=kind, title=title, detail=detail, do=do)


def to_problem(error: Exception) -> Problem:
    """The problem that an error stands for."""
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, Conflict):
        return changed_meanwhile().problem
    if isinstance(error, LedgerError):
        return ledger_unreachable(error).problem
    if isinstance(error, RequestValidationError):
        return invalid_request(error).problem
    if isinstance(error, HTTPException):
        return http_problem(error).problem
    return unexpected().problem


_DESCRIPTIONS = {
    401: "Not signed in",
    403: "The role is missing",
    404: "Not found",
    409: "Not now",
    413: "Too large",
    422: "Not valid",
    500: "Unforeseen",
    503: "Storage or settings",
}

PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, text in _DESCRIPTIONS.items()
}
"""Declared for every route of the API."""
