"""A small API with the shapes of the real one, served over a real socket."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from teams_rollout.cli.lab.ports import free_port

PROBLEM = "application/problem+json"

PILOT: dict[str, Any] = {
    "wave": "pilot",
    "state": "draft",
    "reason": "",
    "users": 2,
    "by_state": {"waiting": 2},
    "by_code": {"not_started": 2},
    "started_at": None,
    "ended_at": None,
    "slug": "pilot",
    "title": "Pilot",
    "pilot": True,
    "decision": "",
    "position": 1,
}
ADA = {
    "upn": "ada@example.gov.uk",
    "id": None,
    "wave": "pilot",
    "state": "blocked",
    "code": "user_not_found",
    "step": "resolve",
    "since": "2026-11-21T10:00:00Z",
    "ref": "0001-u1",
}
BEN = ADA | {"upn": "ben@example.gov.uk", "state": "done", "code": "", "ref": "0001-u2"}


@dataclass
class StubApi:
    """What the API answers; tests change it before they run a command.

    Attributes:
        progress: answers of the wave's progress, one a request, the last for ever.
        seen: requests that changed something, as (path, body).
        asked: what requests about notices that change nothing wanted.
    """

    url: str = ""
    environment: str = "REHEARSAL"
    waves: list[dict[str, Any]] = field(default_factory=lambda: [dict(PILOT)])
    pages: list[list[dict[str, Any]]] = field(default_factory=lambda: [[dict(ADA)], [dict(BEN)]])
    progress: list[dict[str, Any]] = field(default_factory=list)
    start_answer: tuple[int, dict[str, Any]] = (202, {"id": "op", "kind": "start"})
    operation: dict[str, Any] = field(default_factory=dict)
    import_answer: tuple[int, dict[str, Any]] = (202, {"id": "op", "kind": "import"})
    notices_answer: tuple[int, dict[str, Any]] = (202, {"id": "op", "kind": "notices"})
    preview: dict[str, Any] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    drift: dict[str, Any] = field(default_factory=dict)
    hand_offs: list[dict[str, Any]] = field(default_factory=list)
    hand_off: dict[str, Any] = field(default_factory=dict)
    results_answer: tuple[int, dict[str, Any]] = (202, {"id": "op", "kind": "hand-off"})
    doctor_answer: tuple[int, Any] = (200, [])
    seen: list[tuple[str, Any]] = field(default_factory=list)

    def reset(self) -> None:
        """Answer as a new stub would, at the same address."""
        vars(self).update(vars(StubApi(url=self.url)))

    def app(self) -> Starlette:
        """The routes."""
        get, post = ["GET"], ["POST"]
        routes = [
            Route("/api/v1/rollout", self._rollout, methods=get),
            Route("/api/v1/waves", self._waves, methods=get),
            Route("/api/v1/waves/{wave}", self._wave, methods=get),
            Route("/api/v1/waves/{wave}/progress", self._progress, methods=get),
            Route("/api/v1/waves/{wave}/plan", self._operation, methods=post),
            Route("/api/v1/waves/{wave}/start", self._start, methods=post),
            Route("/api/v1/waves/{wave}/decision", self._change, methods=post),
            Route("/api/v1/waves/{wave}/notices", self._notices, methods=post),
            Route("/api/v1/waves/{wave}/notices/preview", self._preview, methods=post),
            Route("/api/v1/waves/{wave}/notices/list", self._list, methods=get),
            Route("/api/v1/plans/{plan}", self._plan, methods=get),
            Route("/api/v1/operations/{id}", self._operation, methods=get),
            Route("/api/v1/imports", self._import, methods=post),
            Route("/api/v1/users", self._users, methods=get),
            Route("/api/v1/users/show", self._show, methods=post),
            Route("/api/v1/reconciliations", self._operation, methods=post),
            Route("/api/v1/drift", self._drift, methods=get),
            Route("/api/v1/audit", self._audit, methods=get),
            Route("/api/v1/hand-offs", self._hand_offs, methods=get),
            Route("/api/v1/hand-offs", self._hand_off, methods=post),
            Route("/api/v1/hand-offs/results", self._results, methods=post),
            Route("/api/v1/doctor", self._doctor, methods=post),
            Route("/api/v1/nonsense", self._nonsense, methods=get),
        ]
        return Starlette(routes=routes)

    async def _rollout(self, _request: Request) -> Response:
        return JSONResponse({"name": "Example", "environment": self.environment})

    async def _waves(self, _request: Request) -> Response:
        return JSONResponse({"value": self.waves, "nextLink": None})

    async def _wave(self, request: Request) -> Response:
        name = request.path_params["wave"]
        found = next((wave for wave in self.waves if wave["wave"] == name), None)
        return JSONResponse(found) if found else problem(404, "There is no wave of this name.")

    async def _progress(self, _request: Request) -> Response:
        now = self.progress.pop(0) if len(self.progress) > 1 else self.progress[0]
        return JSONResponse(now)

    async def _plan(self, request: Request) -> Response:
        page = int(request.query_params.get("cursor", "0"))
        change = {"id": "1", "upn": ADA["upn"], "step": "license", "from": "", "to": "SPE_E3"}
        link = f"http://elsewhere.invalid{request.url.path}?cursor=1" if page == 0 else None
        head = {"plan_id": "p1", "wave": "pilot", "expires_at": "2026-11-22T10:00:00Z", "users": 2}
        counts: dict[str, Any] = {"by_class": {"eligible": 2}, "by_code": {}}
        seats = {"sku": "SPE_E3", "needed": 2, "free": 1, "reserved": 0, "short": 1}
        load = {"reads": 3, "writes": 2, "seconds": 1.5}
        body = head | counts | {"changes": [change], "seats": [seats], "graph": load}
        return JSONResponse(body | {"nextLink": link})

    async def _operation(self, _request: Request) -> Response:
        done = {"id": "op", "kind": "plan", "status": "succeeded", "result": {"plan_id": "p1"}}
        return JSONResponse(done | self.operation)

    async def _start(self, request: Request) -> Response:
        self.seen.append((request.url.path, await request.json()))
        return JSONResponse(self.start_answer[1], status_code=self.start_answer[0])

    async def _notices(self, request: Request) -> Response:
        self.seen.append((request.url.path, await request.json()))
        status, body = self.notices_answer
        kind = PROBLEM if status >= 400 else "application/json"
        return JSONResponse(body, status_code=status, media_type=kind)

    async def _preview(self, request: Request) -> Response:
        self.asked.append(await request.json())
        return JSONResponse(self.preview)

    async def _list(self, request: Request) -> Response:
        self.asked.append(dict(request.query_params))
        return PlainTextResponse("<!doctype html><p>List</p>", media_type="text/html")

    async def _change(self, request: Request) -> Response:
        self.seen.append((request.url.path, await request.json()))
        return JSONResponse(self.waves[0])

    async def _import(self, request: Request) -> Response:
        async with request.form() as form:
            fields = {name: part for name, part in form.items() if isinstance(part, str)}
        self.seen.append((request.url.path, fields))
        status, body = self.import_answer
        if status == 409 and fields.get("confirm"):
            status, body = 202, {"id": "op", "kind": "import"}
        kind = PROBLEM if status >= 400 else "application/json"
        return JSONResponse(body, status_code=status, media_type=kind)

    async def _users(self, request: Request) -> Response:
        page = int(request.query_params.get("cursor", "0"))
        more = page + 1 < len(self.pages)
        link = str(request.url.include_query_params(cursor=page + 1)) if more else None
        return JSONResponse({"value": self.pages[page], "nextLink": link})

    async def _show(self, request: Request) -> Response:
        if (await request.json())["upn"] != ADA["upn"]:
            return problem(404, "Nobody of this rollout is found.", do="Check the spelling.")
        steps = [{"step": "resolve", "outcome": "blocked", "code": "user_not_found", "at": None}]
        words = {"answer": "no", "sentence": "Not in the tenant.", "say": "Sorry.", "do": "Ask HR."}
        return JSONResponse(ADA | words | {"steps": steps, "timeline": []})

    async def _drift(self, _request: Request) -> Response:
        return JSONResponse(self.drift)

    async def _audit(self, _request: Request) -> Response:
        entry = {"at": "2026-11-21T10:00:00Z", "actor": "dev", "action": "start", "target": "pilot"}
        return JSONResponse({"value": [entry | {"detail": "", "rehearsal": True}]})

    async def _doctor(self, _request: Request) -> Response:
        status, body = self.doctor_answer
        kind = PROBLEM if status >= 400 else "application/json"
        return JSONResponse(body, status_code=status, media_type=kind)

    async def _hand_offs(self, _request: Request) -> Response:
        return JSONResponse({"value": self.hand_offs, "nextLink": None})

    async def _hand_off(self, request: Request) -> Response:
        self.seen.append((request.url.path, await request.json()))
        return JSONResponse(self.hand_off)

    async def _results(self, _request: Request) -> Response:
        status, body = self.results_answer
        kind = PROBLEM if status >= 400 else "application/json"
        return JSONResponse(body, status_code=status, media_type=kind)

    async def _nonsense(self, _request: Request) -> Response:
        return PlainTextResponse("<html>some other server</html>")


def problem(status: int, title: str, **more: Any) -> Response:
    """A problem document."""
    body = {"title": title, "status": status} | more
    return JSONResponse(body, status_code=status, media_type=PROBLEM)


class Server:
    """The stub on a free port, in a thread of the test."""

    def __init__(self, api: StubApi) -> None:
        port = free_port()
        config = uvicorn.Config(
            api.app(), port=port, log_level="error", ws="none", lifespan="off", access_log=False
        )
        self.api = api
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        api.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Serve; returns when the port answers."""
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
