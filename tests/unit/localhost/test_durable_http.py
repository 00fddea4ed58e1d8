"""The built-in activity behind `call_http`, against a server that is really there."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from teams_rollout.localhost.durable_http import call_http
from teams_rollout.localhost.invoke import FunctionFailedError


async def mirror(request: web.Request) -> web.Response:
    seen = {
        "authorization": request.headers.get("Authorization"),
        "type": request.headers.get("Content-Type"),
        "body": await request.text(),
    }
    answer = web.json_response(seen, status=418)
    answer.headers.add("X-Many", "1")
    answer.headers.add("X-Many", "2")
    return answer


async def identity(request: web.Request) -> web.Response:
    """What App Service offers to an app with a managed identity."""
    if request.headers.get("X-IDENTITY-HEADER") != "known":
        return web.Response(status=401)
    resource, expires = request.query["resource"], str(int(time.time()) + 3600)
    answer = {"access_token": f"token for {resource}", "expires_on": expires}
    return web.json_response({**answer, "resource": resource, "token_type": "Bearer"})


@pytest.fixture
async def server() -> AsyncIterator[BaseTestServer]:
    app = web.Application()
    app.router.add_route("*", "/mirror", mirror)
    app.router.add_get("/identity", identity)
    async with TestServer(app) as running:
        yield running


async def call(server: BaseTestServer, **more: Any) -> dict[str, Any]:
    request = {"method": "POST", "uri": str(server.make_url("/mirror")), **more}
    answer: dict[str, Any] = json.loads(await call_http(json.dumps(request)))
    return answer


async def test_given_content_when_sent_then_it_is_plain_text_unless_told_otherwise(
    server: BaseTestServer,
):
    plain = await call(server, content="{}")
    told = await call(server, content="{}", headers={"content-type": "application/json"})

    types = [json.loads(one["content"])["type"] for one in (plain, told)]
    assert types == ["text/plain", "application/json"]
    assert plain["statusCode"] == 418


async def test_given_an_answer_when_handed_on_then_headers_of_its_content_stay_away(
    server: BaseTestServer,
):
    answer = await call(server)

    assert answer["headers"]["X-Many"] == ["1", "2"]
    assert not [name for name in answer["headers"] if name.lower().startswith("content-")]


@pytest.mark.parametrize(
    ("resource", "asked_for"),
    [
        ("https://graph.microsoft.com/", "https://graph.microsoft.com"),
        ("https://management.core.windows.net", "https://management.core.windows.net"),
        ("https://service.example/.default", "https://service.example"),
    ],
)
async def test_given_a_managed_identity_when_a_token_is_wanted_then_the_request_carries_it(
    server: BaseTestServer, monkeypatch: pytest.MonkeyPatch, resource: str, asked_for: str
):
    monkeypatch.setenv("IDENTITY_ENDPOINT", str(server.make_url("/identity")))
    monkeypatch.setenv("IDENTITY_HEADER", "known")

    answer = await call(server, tokenSource={"kind": "AzureManagedIdentity", "resource": resource})

    seen = json.loads(answer["content"])
    assert seen["authorization"] == f"Bearer token for {asked_for}"


async def test_given_an_identity_that_is_refused_when_a_token_is_wanted_then_the_call_fails(
    server: BaseTestServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("IDENTITY_ENDPOINT", str(server.make_url("/identity")))
    monkeypatch.setenv("IDENTITY_HEADER", "unknown")

    source = {"kind": "AzureManagedIdentity", "resource": "https://service.example/.default"}
    with pytest.raises(FunctionFailedError, match="There is no token for https://service"):
        await call(server, tokenSource=source)


async def test_given_nobody_answers_when_called_then_the_reason_is_told():
    request = {"method": "GET", "uri": "http://127.0.0.1:9/"}

    with pytest.raises(FunctionFailedError, match=r"Cannot connect to host 127\.0\.0\.1:9"):
        await call_http(json.dumps(request))
