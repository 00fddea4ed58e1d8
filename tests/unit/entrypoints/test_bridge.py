"""The application behind the Functions bridge: what the host hands over and gets back."""

import azure.functions as func
import pytest
from fastapi import FastAPI

from teams_rollout.entrypoints.durable import current_starter
from tests.unit.entrypoints.doubles import MemoryLedger, MemoryStarter

BASE = "http://127.0.0.1:7071"
HEADERS = {"Host": "127.0.0.1:7071", "X-Rollout-User": "ana"}


async def call(
    api: FastAPI, method: str, path: str, *, body: bytes = b"", **headers: str
) -> func.HttpResponse:
    """One request as the host's binding delivers it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = func.HttpRequest(
        method=method, url=BASE + path, headers={**HEADERS, **named}, body=body
    )
    bridge = func.AsgiMiddleware(api)
    answer: func.HttpResponse = await bridge.handle_async(request, None)
    return answer


@pytest.fixture(autouse=True)
def _starter(starter: MemoryStarter) -> None:
    current_starter.set(starter)


async def test_wave_with_a_blank_in_its_name_when_asked_through_the_bridge_then_found(
    api: FastAPI, ledger: MemoryLedger
):
    ledger.add_wave("Wave 1")

    answer = await call(api, "GET", "/api/v1/waves/Wave%201")

    assert answer.status_code == 200
    assert b'"wave":"Wave 1"' in answer.get_body()
    assert answer.mimetype == "application/json"


async def test_start_when_posted_through_the_bridge_then_202_with_where_to_poll(
    api: FastAPI, ledger: MemoryLedger, starter: MemoryStarter
):
    ledger.add_wave("pilot")

    answer = await call(
        api,
        "POST",
        "/api/v1/waves/pilot/start",
        body=b'{"allow_shortage": true}',
        Content_Type="application/json",
    )

    assert answer.status_code == 202
    assert answer.headers["operation-location"] == f"{BASE}/api/v1/operations/start-pilot-1"
    assert ledger.audit[0].actor == "ana"
    assert len(starter.started) == 1


async def test_paging_when_read_through_the_bridge_then_the_link_is_whole(
    api: FastAPI, ledger: MemoryLedger
):
    ledger.add_user(1, shard=1)
    ledger.add_user(2, shard=15)

    answer = await call(api, "GET", "/api/v1/users?state=waiting")

    assert f'"nextLink":"{BASE}/api/v1/users?state=waiting&cursor=11"'.encode() in (
        answer.get_body()
    )


async def test_head_and_form_when_sent_through_the_bridge_then_served(
    api: FastAPI, ledger: MemoryLedger
):
    ledger.add_user(1, name="Bronwen Rees")

    head = await call(api, "HEAD", "/helpdesk")
    found = await call(
        api,
        "POST",
        "/helpdesk/search",
        body=b"q=bronwen",
        Content_Type="application/x-www-form-urlencoded",
    )

    assert (head.status_code, head.get_body()) == (200, b"")
    assert found.status_code == 303
    assert found.headers["location"] == "/helpdesk/people/0001-u000001"
