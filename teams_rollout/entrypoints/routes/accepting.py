"""202 answers: the id of a new operation, and where to poll it."""

import hashlib
import uuid

from fastapi import Request
from fastapi.responses import JSONResponse

from teams_rollout.entrypoints import operations
from teams_rollout.ledger.records import OperationRecord


def new_operation_id(request: Request) -> str:
    """A fresh id, or the same one again for a request repeated under its `Idempotency-Key`."""
    key = request.headers.get("idempotency-key", "")
    if not key:
        return uuid.uuid4().hex
    return hashlib.sha256(f"{request.url.path}\n{key}".encode()).hexdigest()[:32]


def accepted(request: Request, record: OperationRecord) -> JSONResponse:
    """202 with the operation and where to poll it."""
    location = f"{request.base_url}api/v1/operations/{record.id}"
    headers = {"Operation-Location": location, "Retry-After": "1"}
    body = operations.to_view(record).model_dump(mode="json")
    return JSONResponse(body, status_code=202, headers=headers)
