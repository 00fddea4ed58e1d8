"""Tenant simulator: the ASGI application. It reads requests, routes them to Graph, to sign-in,
to a workflow or to the control interface, and plays the faults of the connection.

Everything behind it is synchronous and single-threaded, so one request is one transaction.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from teams_rollout.tenant import batch, control, errors, signin, workflows
from teams_rollout.tenant.errors import GraphError
from teams_rollout.tenant.faults import Rule
from teams_rollout.tenant.gateway import BAD_JSON, Simulator, perform
from teams_rollout.tenant.routes.table import TABLE
from teams_rollout.tenant.routing import split
from teams_rollout.tenant.wire import Answer, Call, Json, dumps, parse_query

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ABORT = "tenant.abort"
_VERSION = "/v1.0"
_TOKEN = re.compile(r"^/([^/]+)/oauth2/(?:v2\.0/)?token$")
_DISCOVERY = re.compile(r"^/([^/]+)(?:/v2\.0)?/\.well-known/openid-configuration$")
_INSTANCES = "/common/discovery/instance"
_JSON = "application/json;odata.metadata=minimal;charset=utf-8"
_PLAIN = "text/plain"
_GATEWAY_TIMEOUT = GraphError(504, "GatewayTimeout", "The upstream server did not answer in time.")


class TenantApp:
    """The simulated tenant as an ASGI application."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self._ids = (str(uuid.UUID(int=n << 8)) for n in itertools.count(uuid.uuid4().int >> 16))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            raise RuntimeError("the tenant simulator speaks HTTP only")
        body = await _read(receive)
        path = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
        if path.startswith("/_tenant/"):
            query = scope["query_string"].decode()
            reply = control.handle(self.sim, scope["method"], path[9:], query, body)
            await _send(send, reply.status, reply.body, {"Content-Type": reply.content_type})
            return
        answer = self._sign_in(scope, path, body)
        if answer is not None:
            await _respond(send, answer)
            return
        await self._graph(scope, send, path, body)

    # -- sign-in ----------------------------------------------------------------------------

    def _sign_in(self, scope: Scope, path: str, body: bytes) -> Answer | None:
        world = self.sim.world
        if path == _INSTANCES:
            return signin.instances(_base_url(scope))
        discovery = _DISCOVERY.match(path)
        if discovery:
            return signin.discovery(world, discovery[1], _base_url(scope))
        token = _TOKEN.match(path)
        if token and scope["method"] == "POST":
            self.sim.stats.sign_ins += 1
            return signin.issue(world, token[1], body, now=world.clock())
        return None

    # -- Graph ------------------------------------------------------------------------------

    async def _graph(self, scope: Scope, send: Send, path: str, body: bytes) -> None:
        now = self.sim.world.pump()
        call = _call(scope, path, body, now=now, request_id=next(self._ids))
        try:
            self._admit(call, path, now=now)
            is_batch = call.method == "POST" and call.path == "/$batch"
            items = batch.items_of(call) if is_batch else None
        except GraphError as error:
            await _respond(send, self._refusal(call, error))
            return
        fault = self._draw_fault(call, items)
        if fault is not None and fault.kind == "reset_before":
            _abort(scope)
            return
        answer = self._answer(call, items, fault)
        if fault is not None and fault.kind == "reset_after":
            _abort(scope)
            return
        if fault is not None and fault.kind == "timeout_after":
            await asyncio.sleep(fault.delay)
            answer = self._refusal(call, _GATEWAY_TIMEOUT)
        await _respond(send, answer, call)

    def _admit(self, call: Call, path: str, *, now: float) -> None:
        """Let in who is signed in to Graph; an address of a workflow is its own key."""
        if path.startswith(workflows.PREFIX):
            return
        authorization = call.headers.get("authorization", "")
        found = signin.caller(self.sim.world, authorization, base_url=call.base_url, now=now)
        call.app_id = found.app_id
        if not path.startswith(f"{_VERSION}/"):
            raise errors.unimplemented(call.method, path)

    def _draw_fault(self, call: Call, items: list[Json] | None) -> Rule | None:
        operations = [(call.method, call.path)]
        for item in items or []:
            operations.append((item["method"].upper(), str(item["url"]).partition("?")[0]))
        rule = self.sim.faults.draw_wire(operations)
        if rule is not None:
            self.sim.stats.faults[rule.kind] += 1
        return rule

    def _answer(self, call: Call, items: list[Json] | None, fault: Rule | None) -> Answer:
        if items is None:
            table = TABLE if call.app_id else workflows.TABLE
            return perform(self.sim, call, table.match(call))
        self.sim.stats.batches += 1
        partial = fault is not None and fault.kind == "partial_batch"
        broken = self.sim.faults.pick(len(items)) if partial else set()
        return batch.run(self.sim, call, items, broken=broken)

    def _refusal(self, call: Call, error: GraphError) -> Answer:
        return errors.answer(
            error,
            request_id=call.request_id,
            client_request_id=call.headers.get("client-request-id", call.request_id),
            now=self.sim.world.clock(),
        )


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = bool(message.get("more_body"))
    return b"".join(chunks)


def _base_url(scope: Scope) -> str:
    host = next((v.decode() for k, v in scope["headers"] if k == b"host"), "localhost")
    return f"{scope.get('scheme', 'http')}://{host}"


def _call(scope: Scope, path: str, body: bytes, *, now: float, request_id: str) -> Call:
    relative = path.removeprefix(_VERSION)
    parsed: Any = None
    if body:
        try:
            parsed = json.loads(body)
        except ValueError:
            parsed = BAD_JSON
    return Call(
        method=scope["method"],
        path=relative,
        segments=split(relative),
        query=parse_query(scope["query_string"].decode()),
        headers={k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]},
        body=parsed,
        base_url=_base_url(scope),
        received_at=now,
        request_id=request_id,
        app_id="",
    )


def _abort(scope: Scope) -> None:
    """Cut the connection without an answer.

    Raises:
        ConnectionResetError: there is no connection to cut (in-process transports).
    """
    abort = scope.get("extensions", {}).get(ABORT)
    if abort is None:
        raise ConnectionResetError("injected fault")
    abort()


async def _respond(send: Send, answer: Answer, call: Call | None = None) -> None:
    headers = dict(answer.headers)
    if call is not None:
        headers["request-id"] = call.request_id
        headers["client-request-id"] = call.headers.get("client-request-id", call.request_id)
    body = b""
    if answer.body is not None:
        body = dumps(answer.body)
        headers["Content-Type"] = _PLAIN if isinstance(answer.body, int) else _JSON
    await _send(send, answer.status, body, headers)


async def _send(send: Send, status: int, body: bytes, headers: MutableMapping[str, str]) -> None:
    if status != 204:
        headers["Content-Length"] = str(len(body))
    encoded = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
