"""Serves the app's HTTP functions, the management API and the host's own status (localhost)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from aiohttp import web
from azure.functions.meta import Datum

from teams_rollout.localhost.addresses import RPC, WEBHOOK
from teams_rollout.localhost.admin import AdminApi
from teams_rollout.localhost.app import FunctionSpec
from teams_rollout.localhost.invoke import FunctionFailedError, Invoker, Result
from teams_rollout.localhost.keys import HostKeys, key_of
from teams_rollout.localhost.management import ManagementApi
from teams_rollout.localhost.routes import Route, compile_route

logger = logging.getLogger(__name__)

_OWN_HEADERS: Final = frozenset({"content-length", "transfer-encoding", "connection"})
ADMIN: Final = "/admin/"
MOST_BODY: Final = 210 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpFunction:
    """An HTTP function with its compiled route; no methods means every method."""

    spec: FunctionSpec
    route: Route
    methods: frozenset[str]
    level: str


def http_functions(specs: Sequence[FunctionSpec], *, prefix: str) -> list[HttpFunction]:
    """Compile the routes of an app, the most specific first.

    Raises:
        RouteError: a route template cannot be understood.
    """
    functions = [
        HttpFunction(
            spec=spec,
            route=compile_route(f"{prefix}/{spec.trigger['route'].lstrip('/')}".lstrip("/")),
            methods=frozenset(spec.trigger.get("methods") or ()),
            level=str(spec.trigger.get("authLevel") or "FUNCTION").upper(),
        )
        for spec in specs
    ]
    return sorted(functions, key=lambda function: function.route.rank)


class HttpServer:
    """Turns requests into invocations and results into responses."""

    def __init__(
        self,
        functions: Sequence[HttpFunction],
        *,
        invoker: Invoker,
        management: ManagementApi,
        admin: AdminApi,
        keys: HostKeys,
    ) -> None:
        self._functions = functions
        self._invoker = invoker
        self._management = management
        self._keys = keys
        self._admin = admin

    def web_app(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(client_max_size=MOST_BODY)
        app.router.add_route("*", "/{path:.*}", self.handle)
        return app

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = unquote(request.raw_path.partition("?")[0])
        if path.startswith(f"{RPC}/"):
            return await self._management.handle(request, path.removeprefix(f"{RPC}/"))
        if path.startswith(f"{WEBHOOK}/"):
            if not self._keys.allows_webhook(key_of(request)):
                return web.Response(status=401)
            return await self._management.handle(request, path.removeprefix(f"{WEBHOOK}/"))
        if path.startswith(ADMIN):
            return await self._admin.handle(request, path.removeprefix(ADMIN))
        return await self._call_function(request, path.lstrip("/"))

    async def _call_function(self, request: web.Request, path: str) -> web.Response:
        for function in self._functions:
            if function.methods and request.method not in function.methods:
                continue
            parameters = function.route.match(path)
            if parameters is not None:
                return await self._call(function, request, parameters)
        return web.Response(status=404)

    async def _call(
        self, function: HttpFunction, request: web.Request, parameters: Mapping[str, str]
    ) -> web.Response:
        if not self._keys.allows(function.level, key_of(request)):
            return web.Response(status=401)
        datum = await _request_datum(request, parameters)
        try:
            result = await self._invoker.call(function.spec, datum)
        except FunctionFailedError:
            return web.Response(status=500)
        return _response(result)


async def _request_datum(request: web.Request, parameters: Mapping[str, str]) -> Datum:
    query = {name: ",".join(request.query.getall(name)) for name in request.query}
    headers = {
        name.lower(): ",".join(request.headers.getall(name)) for name in set(request.headers)
    }
    url = f"{request.scheme}://{request.host}{request.raw_path}"
    return Datum(
        {
            "method": Datum(request.method, "string"),
            "url": Datum(url, "string"),
            "headers": _strings(headers),
            "query": _strings(query),
            "params": _strings(parameters),
            "body": Datum(await request.read(), "bytes"),
        },
        "http",
    )


def _strings(values: Mapping[str, str]) -> dict[str, Datum]:
    return {name: Datum(value, "string") for name, value in values.items()}


def _response(result: Result) -> web.Response:
    datum = next((datum for binding, datum in result.outputs if binding["type"] == "http"), None)
    if datum is None:
        return web.Response(status=204)
    if datum.type != "http":
        return web.Response(text=str(datum.value), content_type="text/plain")
    body = datum.value["body"].value
    content = body.encode() if isinstance(body, str) else body
    response = web.Response(status=int(datum.value["status_code"].value), body=content or b"")
    for name, value in datum.value["headers"].items():
        if name.casefold() not in _OWN_HEADERS:
            response.headers[name] = value.value
    for jar in datum.value["cookies"] or ():
        for morsel in jar.values():
            response.headers.add("Set-Cookie", morsel.OutputString())
    return response
