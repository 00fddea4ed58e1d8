"""The HTTP API of Durable Functions, below the RPC base and the public webhook alike (localhost).

Routes, status codes and payloads are those of the extension's HTTP API; the durable client of the
SDK calls them below the RPC base.
"""

import base64
import binascii
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from teams_rollout.localhost import instances
from teams_rollout.localhost.addresses import Addresses
from teams_rollout.localhost.client import (
    BadArgumentError,
    Client,
    InstanceInUseError,
    InstanceOverError,
    NoInstanceError,
    WrongStateError,
)
from teams_rollout.localhost.entities import Entities, NoEntityError, entity_id_of
from teams_rollout.localhost.instances import Filter
from teams_rollout.localhost.protocol import RuntimeStatus, from_text, to_text
from teams_rollout.localhost.status import describe, describe_history
from teams_rollout.localhost.waiting import wait_until_over

PAGE_SIZE: Final = 100
CONTINUATION: Final = "x-ms-continuation-token"
_ROUTES: Final = [
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"orchestrators/(?P<function>[^/]+)(?:/(?P<id>[^/]*))?", "start"),
        (r"instances/(?P<id>[^/]+)/raiseEvent/(?P<event>.+)", "raise_event"),
        (r"instances/(?P<id>[^/]+)/(?P<operation>[^/]+)", "operate"),
        (r"instances/(?P<id>[^/]+)/?", "instance"),
        (r"instances/?", "instances"),
        (r"entities/(?P<entity>[^/]+)/(?P<key>[^/]+)", "entity"),
        (r"entities(?:/(?P<entity>[^/]*))?", "entities"),
    )
]

Handler = Callable[[web.Request, dict[str, str]], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class ManagementApi:
    """Answers the management requests of one host."""

    client: Client
    entities: Entities
    addresses: Addresses

    async def handle(self, request: web.Request, path: str) -> web.Response:
        """Answer one request.

        Args:
            path: what follows the base, decoded and without a leading slash.
        """
        for pattern, name in _ROUTES:
            match = pattern.fullmatch(path)
            if match is not None:
                handler: Handler = getattr(self, f"_{name}")
                return await self._guard(handler, request, match.groupdict(default=""))
        return web.Response(status=404)

    async def _guard(
        self, handler: Handler, request: web.Request, found: dict[str, str]
    ) -> web.Response:
        try:
            return await handler(request, found)
        except NoInstanceError:
            return web.Response(status=404)
        except InstanceOverError:
            return web.Response(status=410)
        except BadArgumentError as error:
            return _error(400, "One or more of the arguments submitted is incorrect", error)
        except (InstanceInUseError, WrongStateError) as error:
            return _error(500, "Something went wrong while processing your request", error)

    async def _start(self, request: web.Request, found: dict[str, str]) -> web.Response:
        if request.method != "POST":
            return web.Response(status=404)
        try:
            text = _document(await request.text())
        except ValueError as error:
            return _error(400, "Invalid JSON content", error)
        instance_id = self.client.start(
            found["function"],
            instance_id=found["id"] or None,
            text=text,
            version=request.query.get("version"),
        )
        return await self._started(request, instance_id)

    async def _started(self, request: web.Request, instance_id: str) -> web.Response:
        timeout = _number(request.query.get("timeout"))
        interval = _number(request.query.get("pollingInterval"))
        if timeout is not None and interval is not None:
            if interval > timeout:
                raise BadArgumentError(
                    f"Total timeout {timeout:g} should be bigger than retry timeout {interval:g}"
                )
            instance = await wait_until_over(self.client, instance_id, seconds=timeout)
            if instance.status is RuntimeStatus.COMPLETED:
                return _json(json.loads(instance.output or "null"))
            if instance.is_over:
                return _json(describe(instance))
        origin = f"{request.scheme}://{request.host}"
        payload = self.addresses.check_status(instance_id, origin=origin)
        headers = {"Location": payload["statusQueryGetUri"], "Retry-After": "10"}
        return _json(payload, status=202, headers=headers)

    async def _instance(self, request: web.Request, found: dict[str, str]) -> web.Response:
        if request.method == "DELETE":
            self.client.purge(found["id"])
            return _json({"instancesDeleted": 1})
        if request.method != "GET":
            return web.Response(status=404)
        instance = self.client.find(found["id"])
        history = None
        show_input = _flag(request, "showInput", default=True)
        if _flag(request, "showHistory") and instance.status is not RuntimeStatus.PENDING:
            events = json.loads(f"[{instances.history(self.client.engine.store.db, instance.id)}]")
            history = describe_history(
                events, show_input=show_input, show_output=_flag(request, "showHistoryOutput")
            )
        payload = describe(instance, show_input=show_input, history=history)
        if not instance.is_over:
            headers = {"Location": str(request.url), "Retry-After": "5"}
            return _json(payload, status=202, headers=headers)
        failed = instance.status is RuntimeStatus.FAILED
        as_error = failed and _flag(request, "returnInternalServerErrorOnFailure")
        return _json(payload, status=500 if as_error else 200)

    async def _instances(self, request: web.Request, _: dict[str, str]) -> web.Response:
        if request.method == "DELETE":
            return self._purge_all(request)
        if request.method != "GET":
            return web.Response(status=404)
        most = int(max(_number(request.query.get("top")) or PAGE_SIZE, 1))
        after = _read_token(request.headers.get(CONTINUATION))
        db = self.client.engine.store.db
        found = instances.search(db, _filter(request), after=after, most=most + 1)
        page = found[:most]
        token = _write_token(page[-1].id) if len(found) > most else ""
        show_input = _flag(request, "showInput", default=True)
        payload = [describe(instance, show_input=show_input) for instance in page]
        return _json(payload, headers={CONTINUATION: token})

    def _purge_all(self, request: web.Request) -> web.Response:
        wanted = _filter(request)
        if wanted.created_from is None:
            return _json("Please provide value for 'createdTimeFrom' parameter.", status=400)
        deleted = self.client.purge_all(wanted)
        return _json({"instancesDeleted": deleted}) if deleted else web.Response(status=404)

    async def _raise_event(self, request: web.Request, found: dict[str, str]) -> web.Response:
        if request.method != "POST":
            return web.Response(status=404)
        if self.client.find(found["id"]).is_over:
            return web.Response(status=410)
        if request.content_type != "application/json":
            return _error(400, "Only application/json request content is supported")
        try:
            text = _document(await request.text())
        except ValueError as error:
            return _error(400, "Invalid JSON content", error)
        self.client.raise_event(found["id"], found["event"], text=text or "null")
        return web.Response(status=202)

    async def _operate(self, request: web.Request, found: dict[str, str]) -> web.Response:
        operation, instance_id = found["operation"].casefold(), found["id"]
        if request.method != "POST":
            return web.Response(status=404)
        if operation == "restart":
            with_new_id = _flag(request, "restartWithNewInstanceId", default=True)
            again = self.client.restart(instance_id, with_new_id=with_new_id)
            return await self._started(request, again)
        operations = {
            "terminate": self.client.terminate,
            "suspend": self.client.suspend,
            "resume": self.client.resume,
            "rewind": self.client.rewind,
        }
        if operation not in operations:
            return web.Response(status=404)
        operations[operation](instance_id, reason=request.query.get("reason"))
        return web.Response(status=202)

    async def _entity(self, request: web.Request, found: dict[str, str]) -> web.Response:
        entity_id = entity_id_of(found["entity"], found["key"])
        if request.method == "GET":
            state = self.entities.state(entity_id)
            return web.Response(status=404) if state is None else _json(json.loads(state))
        if request.method not in {"POST", "DELETE"}:
            return web.Response(status=404)
        operation = "delete" if request.method == "DELETE" else request.query.get("op", "")
        body = await request.text()
        if body and request.content_type != "application/json":
            body = json.dumps(body)
        try:
            text = _document(body)
        except ValueError as error:
            return _error(400, f"Could not parse JSON content: {error}")
        try:
            self.entities.signal(entity_id, operation, text=text)
        except NoEntityError as error:
            return _error(400, str(error))
        return web.Response(status=202)

    async def _entities(self, request: web.Request, found: dict[str, str]) -> web.Response:
        if request.method != "GET":
            return web.Response(status=404)
        fetch = _flag(request, "fetchState")
        return _json(self.entities.list_all(found["entity"].lower(), fetch_state=fetch))


def _filter(request: web.Request) -> Filter:
    names = {str(status).casefold(): status for status in RuntimeStatus}
    asked = ",".join(request.query.getall("runtimeStatus", [])).split(",")
    return Filter(
        created_from=_moment(request.query.get("createdTimeFrom")),
        created_to=_moment(request.query.get("createdTimeTo")),
        statuses=frozenset(names[one.casefold()] for one in asked if one.casefold() in names),
        prefix=request.query.get("instanceIdPrefix"),
    )


def _moment(text: str | None) -> str | None:
    """Read a moment as the extension does: one that is none counts as absent."""
    try:
        return None if not text else to_text(from_text(text))
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _flag(request: web.Request, name: str, *, default: bool = False) -> bool:
    given = request.query.get(name, "").casefold()
    return given == "true" if given in {"true", "false"} else default


def _document(text: str) -> str | None:
    """Check that a body is one JSON document; an empty body is none."""
    return json.dumps(json.loads(text)) if text else None


def _write_token(instance_id: str) -> str:
    return base64.urlsafe_b64encode(instance_id.encode()).decode()


def _read_token(token: str | None) -> str | None:
    if not token:
        return None
    try:
        return base64.urlsafe_b64decode(token).decode()
    except (ValueError, binascii.Error) as error:
        raise BadArgumentError("The continuation token is not one of this host.") from error


def _json(
    payload: Any, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    return web.json_response(payload, status=status, headers=headers)


def _error(status: int, message: str, error: Exception | None = None) -> web.Response:
    payload = {"Message": message}
    if error is not None:
        payload["ExceptionMessage"] = str(error)
        payload["ExceptionType"] = _TYPES.get(type(error), "System.Exception")
        payload["StackTrace"] = ""
    return _json(payload, status=status)


_TYPES: Final[dict[type[Exception], str]] = {
    BadArgumentError: "System.ArgumentException",
    InstanceInUseError: "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException",
    WrongStateError: "System.InvalidOperationException",
}
