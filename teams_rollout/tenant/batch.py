"""Tenant simulator: JSON batching.

The envelope answers 200 whatever happens inside; answers come in any order; an item whose
dependency failed gets 424; two parallel items that write the same directory object get 409.
Source: https://learn.microsoft.com/graph/json-batching
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from teams_rollout.tenant.errors import GraphError
from teams_rollout.tenant.gateway import Simulator, object_key, perform
from teams_rollout.tenant.routes.table import TABLE
from teams_rollout.tenant.routing import split
from teams_rollout.tenant.wire import Answer, Call, Json, parse_query

MAX_ITEMS = 20
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(slots=True)
class _Progress:
    """What has happened in the envelope so far: statuses by id, directory objects written."""

    statuses: dict[str, int] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)


def items_of(call: Call) -> list[Json]:
    """Return the requests of an envelope.

    Raises:
        GraphError: 400 when the envelope is not a batch that Graph would take.
    """
    body = call.body
    requests = body.get("requests") if isinstance(body, dict) else None
    if (
        not isinstance(requests, list)
        or not requests
        or not all(isinstance(x, dict) for x in requests)
    ):
        raise GraphError(400, "BadRequest", "Invalid batch payload format.")
    if len(requests) > MAX_ITEMS:
        raise GraphError(
            400,
            "BadRequest",
            f"Number of batch request steps exceeds the maximum value of {MAX_ITEMS}.",
        )
    _check_ids(requests)
    return requests


def _check_ids(requests: list[Json]) -> None:
    seen: set[str] = set()
    for item in requests:
        name = _id_of(item)
        if not name or name.lower() in seen:
            raise GraphError(400, "BadRequest", "Each batch request needs its own id.")
        method = str(item.get("method")).upper()
        if method not in _METHODS or not isinstance(item.get("url"), str):
            raise GraphError(400, "BadRequest", f"Batch request {name} lacks a method or a url.")
        if method in _WITH_BODY:
            _check_body(item, name)
        depends = item.get("dependsOn", [])
        if not isinstance(depends, list) or any(str(x).lower() not in seen for x in depends):
            raise GraphError(
                400, "BadRequest", f"Batch request {name} depends on a request not before it."
            )
        seen.add(name.lower())


def _id_of(item: Json) -> str:
    """Return the id as text; Graph takes numbers as well, and clients send them."""
    name = item.get("id")
    return str(name) if isinstance(name, str | int) else ""


def _check_body(item: Json, name: str) -> None:
    """A write without a body or its type spoils the whole envelope: nothing of it runs.

    Source: https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/2628 and public logs.
    """
    headers = item.get("headers")
    named = {str(x).lower() for x in headers} if isinstance(headers, Mapping) else set()
    if "content-type" not in named or "body" not in item:
        raise GraphError(
            400,
            "BadRequest",
            f"Write request id : {name} does not contain Content-Type header or body.",
        )


def inner_call(outer: Call, item: Json, number: int) -> Call:
    """Turn one item into a call of its own; `request_id` stays traceable to the envelope."""
    url, _, query = str(item["url"]).partition("?")
    path = url if url.startswith("/") else f"/{url}"
    raw = item.get("headers") or {}
    headers = {str(k).lower(): str(v) for k, v in raw.items()} if isinstance(raw, Mapping) else {}
    return Call(
        method=str(item["method"]).upper(),
        path=path,
        segments=split(path),
        query=parse_query(query),
        headers=headers,
        body=item.get("body"),
        base_url=outer.base_url,
        received_at=outer.received_at,
        request_id=f"{outer.request_id[:-2]}{number:02x}",
        app_id=outer.app_id,
    )


def run(sim: Simulator, outer: Call, items: list[Json], *, broken: set[int]) -> Answer:
    """Carry out the items and return the envelope's answer.

    Args:
        broken: positions that a partial batch leaves out.
    """
    progress = _Progress()
    responses: list[Json] = []
    for number, item in enumerate(items):
        refused = _refusal(item, progress)
        answer = refused or _one(
            sim, inner_call(outer, item, number), item, progress, number in broken
        )
        progress.statuses[_id_of(item).lower()] = answer.status
        responses.append(_response(_id_of(item), answer))
    sim.world.rng.shuffle(responses)
    return Answer(200, {"responses": responses})


def _depends(item: Json) -> list[str]:
    return [str(x).lower() for x in item.get("dependsOn", [])]


def _refusal(item: Json, progress: _Progress) -> Answer | None:
    """Return the answer to an item that is not even tried."""
    if any(progress.statuses[x] >= 400 for x in _depends(item)):
        return _plain(424, "FailedDependency", "A request that this one depends on failed.")
    if "://" in item["url"] or item["url"].lower().lstrip("/").startswith(("v1.0/", "beta/")):
        return _plain(400, "BadRequest", "Resource not found for the segment given.")
    return None


def _one(sim: Simulator, call: Call, item: Json, progress: _Progress, broken: bool) -> Answer:
    route = TABLE.match(call)
    key = object_key(sim, call, route)
    locked = key is not None and key in progress.written and not _depends(item)
    if key is not None:
        progress.written.add(key)
    return perform(sim, call, route, broken=broken, locked=locked)


def _plain(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})


def _response(name: str, answer: Answer) -> Json:
    headers = {k: v for k, v in answer.headers.items() if k.lower() != "content-type"}
    if answer.body is None:
        return {"id": name, "status": answer.status, "headers": headers}
    headers["Content-Type"] = "application/json"
    return {"id": name, "status": answer.status, "headers": headers, "body": answer.body}
