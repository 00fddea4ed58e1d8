"""The host below `/admin`: its status, its functions, and a run by hand (localhost).

Shapes and status codes are those of the Functions host. Its status needs no key, as Core Tools
leave it on a laptop; everything else needs the master key.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from azure.functions.meta import Datum

from teams_rollout.localhost.app import FunctionSpec, TriggerKind
from teams_rollout.localhost.invoke import FunctionFailedError, Invoker
from teams_rollout.localhost.keys import HostKeys, key_of
from teams_rollout.localhost.listing import Listed
from teams_rollout.localhost.protocol import utc_now
from teams_rollout.localhost.timer_listener import timer_info

logger = logging.getLogger(__name__)

BY_HAND = frozenset({TriggerKind.TIMER, TriggerKind.QUEUE})
FUNCTIONS = "functions/"


@dataclass(frozen=True, slots=True)
class AdminApi:
    """Answers requests below `/admin/`.

    Attributes:
        status: gives what `host/status` shows.
    """

    functions: Sequence[FunctionSpec]
    listing: Sequence[Listed]
    invoker: Invoker
    keys: HostKeys
    status: Callable[[], Mapping[str, Any]]
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def handle(self, request: web.Request, path: str) -> web.Response:
        """Answer one request.

        Args:
            path: what follows `/admin/`.
        """
        if path == "host/ping":
            return web.Response(status=200)
        if path == "host/status":
            return web.json_response(self.status())
        if not self.keys.allows("ADMIN", key_of(request)):
            return web.Response(status=401)
        if path == "functions" and request.method == "GET":
            return web.json_response(self.listing)
        for spec in self.functions:
            if path.casefold() == f"{FUNCTIONS}{spec.name}".casefold():
                return await self._one(request, spec)
        return web.Response(status=404)

    async def _one(self, request: web.Request, spec: FunctionSpec) -> web.Response:
        if request.method == "GET":
            return web.json_response(next(x for x in self.listing if x["name"] == spec.name))
        if request.method != "POST" or spec.kind not in BY_HAND:
            return web.Response(status=404)
        try:
            given = json.loads(await request.text() or "{}").get("input", "")
        except (ValueError, AttributeError):
            return web.Response(status=400)
        work = asyncio.get_running_loop().create_task(self._run(spec, str(given)))
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        return web.Response(status=202)

    async def _run(self, spec: FunctionSpec, given: str) -> None:
        datum = Datum(given, "string")
        if spec.kind is TriggerKind.TIMER:
            datum = timer_info(str(spec.trigger["schedule"]), None, now=utc_now(), past_due=False)
        try:
            await self.invoker.call(spec, datum)
        except FunctionFailedError:
            logger.warning("The function %s failed; it was run by hand", spec.name)
