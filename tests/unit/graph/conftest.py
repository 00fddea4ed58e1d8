"""A very small Microsoft Graph for unit tests: scripted answers, and a record of what arrived."""

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from graph.credentials import StaticToken
from graph.governor import LocalGovernor
from graph.session import GraphSession

BASE_URL = "http://127.0.0.1:9/v1.0"


@dataclass
class Received:
    """One request, or one item of an envelope."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    envelope: int | None = None


@dataclass
class Script:
    """What to answer, in turn; the last answer repeats."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raises: Exception | None = None


class Microsoft:
    """Answers by method and path pattern; `$batch` items are answered one by one."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.envelopes: list[dict[str, Any]] = []
        self.batch_answers: list[Script] = []
        self.drop_item: str | None = None
        self.reverse_items = False
        self._scripts: dict[tuple[str, str], list[Script]] = defaultdict(list)

    def on(self, method: str, path: str, *scripts: Script) -> None:
        """Script the answers for a path (a regular expression, without the base)."""
        self._scripts[method, path] = list(scripts)

    def writes(self) -> list[Received]:
        """Everything that was not a GET."""
        return [r for r in self.received if r.method != "GET"]

    def handle(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        url = str(request.url)
        if urlsplit(url).path == "/v1.0/$batch":
            return self._batch(body, request)
        script = self._answer(request.method, url, dict(request.headers), body, None)
        return self._response(script, request)

    def _batch(self, body: Any, request: httpx.Request) -> httpx.Response:
        number = len(self.envelopes)
        self.envelopes.append(body)
        if self.batch_answers:
            outer = self.batch_answers.pop(0)
            if outer.raises or outer.status != 200 or outer.body is not None:
                return self._response(outer, request)
        answers = []
        for item in body["requests"]:
            assert item["url"].startswith("/"), "a $batch takes relative URLs only"
            url = "http://127.0.0.1:9/v1.0" + item["url"]
            headers = {k.lower(): v for k, v in item.get("headers", {}).items()}
            script = self._answer(item["method"], url, headers, item.get("body"), number)
            if item["id"] != self.drop_item:
                answers.append(
                    {
                        "id": item["id"],
                        "status": script.status,
                        "headers": script.headers,
                        "body": script.body,
                    }
                )
        if self.reverse_items:
            answers.reverse()
        return httpx.Response(200, json={"responses": answers})

    def _answer(
        self, method: str, url: str, headers: dict[str, str], body: Any, envelope: int | None
    ) -> Script:
        parts = urlsplit(url)
        path = unquote(parts.path.removeprefix("/v1.0"))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.received.append(Received(method, path, query, headers, body, envelope))
        for (wanted, pattern), scripts in self._scripts.items():
            if wanted == method and re.fullmatch(pattern, path):
                script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
                return script.body(body, path) if callable(script.body) else script
        raise AssertionError(f"unexpected request {method} {path}")

    @staticmethod
    def _response(script: Script, request: httpx.Request) -> httpx.Response:
        if script.raises is not None:
            raise script.raises
        if isinstance(script.body, str):
            return httpx.Response(script.status, text=script.body, headers=script.headers)
        content = b"" if script.body is None else json.dumps(script.body).encode()
        return httpx.Response(script.status, headers=script.headers, content=content)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def microsoft() -> Microsoft:
    return Microsoft()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def script() -> type[Script]:
    return Script


@pytest.fixture
async def open_session(
    microsoft: Microsoft, clock: Clock
) -> AsyncIterator[Callable[..., GraphSession]]:
    """A session on the scripted Graph; keyword arguments go to `GraphSession`."""
    opened: list[GraphSession] = []

    def make(**options: Any) -> GraphSession:
        governor = LocalGovernor(clock=clock, sleep=clock.sleep)
        session = GraphSession(
            **{
                "base_url": BASE_URL,
                "token": StaticToken("rehearsal"),
                "governor": governor,
                "sleep": clock.sleep,
                "http_transport": httpx.MockTransport(microsoft.handle),
                **options,
            }
        )
        opened.append(session)
        return session

    yield make
    for session in opened:
        await session.close()


@pytest.fixture
def session(open_session: Callable[..., GraphSession]) -> GraphSession:
    return open_session()


def refusal(message: str, *, code: str = "Request_BadRequest") -> dict[str, Any]:
    """Entra's error body."""
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "r-1"}}}


@pytest.fixture
def refused() -> Callable[..., dict[str, Any]]:
    return refusal
