"""read_tenant is whole or fails, and leaves nothing running behind."""

import asyncio

import httpx
import pytest

from activities.reading import read_tenant
from graph.credentials import StaticToken
from graph.errors import GraphReadError
from graph.governor import LocalGovernor
from graph.session import GraphSession


async def test_given_one_source_refuses_when_read_then_the_others_are_ended_with_it() -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/subscribedSkus"):
            return httpx.Response(429, headers={"Retry-After": "600"}, json={})
        await asyncio.sleep(60)
        return httpx.Response(200, json={"value": []})

    session = GraphSession(
        base_url="http://127.0.0.1:9/v1.0",
        token=StaticToken("rehearsal"),
        governor=LocalGovernor(limits=1000.0),
        http_transport=httpx.MockTransport(answer),
    )
    with pytest.raises(GraphReadError) as error:
        await read_tenant(session, [])

    assert error.value.retry_after is not None
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await session.close()
