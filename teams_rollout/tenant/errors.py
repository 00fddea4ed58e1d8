"""Tenant simulator: Graph's error dialects.

Entra answers PascalCase codes (`Request_BadRequest`), Teams plain ones (`NotFound`) with a
code inside `innerError`, Teams administration `forbidden` or `UnknownError` with JSON inside
the message. Clients must cope with all three, so we speak all three.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from teams_rollout.tenant.wire import Answer, Json, iso

ENTRA, TEAMS, ADMIN = "entra", "teams", "admin"

_TEAMS_CODES = {400: "BadRequest", 403: "Forbidden", 404: "NotFound", 409: "Conflict"}
_ADMIN_NESTED = {400: "BadRequest", 404: "NotFound", 409: "Conflict"}


class GraphError(Exception):
    """A refusal that becomes an error answer; `details` go into the body, `headers` out."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: list[Json] | None = None,
        headers: Mapping[str, str] | None = None,
        inner: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.details, self.headers, self.inner = details, dict(headers or {}), dict(inner or {})


def bad_request(message: str, *, details: list[Json] | None = None) -> GraphError:
    """Entra's one code for almost everything that is wrong with a request."""
    return GraphError(400, "Request_BadRequest", message, details=details)


def bad_query(message: str) -> GraphError:
    """A query option that exists but not like this."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def missing(object_id: str) -> GraphError:
    """Entra's 404."""
    text = (
        f"Resource '{object_id}' does not exist or one of its queried reference-property "
        "objects are not present."
    )
    return GraphError(404, "Request_ResourceNotFound", text)


def concurrency() -> GraphError:
    """Two writes on one directory object at the same time."""
    text = (
        "Error due to concurrent requests being made to the tenant. Please wait briefly and retry."
    )
    return GraphError(409, "Directory_ConcurrencyViolation", text)


def teams(status: int, message: str, *, inner: str | None = None) -> GraphError:
    """A refusal by the Teams service."""
    code = _TEAMS_CODES.get(status, "BadRequest")
    return GraphError(
        status, code, message, inner={"code": inner or "InvalidRequest", "message": message}
    )


def admin(status: int, message: str) -> GraphError:
    """A refusal by Teams administration: the real error is JSON inside the message."""
    nested = json.dumps({"code": _ADMIN_NESTED.get(status, "BadRequest"), "message": message})
    return GraphError(status, "UnknownError", nested)


def denied(dialect: str, permissions: tuple[str, ...]) -> GraphError:
    """The application lacks every permission that would do."""
    if dialect == ADMIN:
        text = (
            "Insufficient permission(s) for the request. API requires any of the following "
            f"permission(s): {', '.join(permissions)}."
        )
        return GraphError(403, "forbidden", text, inner={"code": "Forbidden"})
    if dialect == TEAMS:
        text = (
            "Missing role permissions on the request. API requires one of "
            f"'{', '.join(permissions)}'."
        )
        return GraphError(403, "Forbidden", text, inner={"code": "Forbidden", "message": text})
    return GraphError(
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
    )


def unauthenticated(message: str) -> GraphError:
    """No token, or one that has run out."""
    challenge = 'Bearer realm="", authorization_uri="/common/oauth2/authorize", client_id=""'
    return GraphError(
        401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": challenge}
    )


def unimplemented(method: str, path: str) -> GraphError:
    """Never a made-up 200: what the simulator cannot do, it says."""
    return GraphError(
        501, "NotImplemented", f"The tenant simulator does not implement {method} {path}."
    )


def answer(error: GraphError, *, request_id: str, client_request_id: str, now: float) -> Answer:
    """Turn an error into an answer with Graph's body and request ids."""
    stamp = {
        "date": iso(now).removesuffix("Z"),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    body: Json = {"code": error.code, "message": error.message}
    if error.details:
        body["details"] = error.details
    body["innerError"] = {**error.inner, **stamp}
    return Answer(error.status, {"error": body}, error.headers)
