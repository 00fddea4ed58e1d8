"""The application over memory, reached as a browser or the command line would reach it."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from teams_rollout.entrypoints.app import create_api
from teams_rollout.entrypoints.durable import current_starter
from tests.unit.entrypoints.doubles import (
    MemoryLedger,
    MemoryServices,
    MemoryStarter,
    a_rollout,
)


@pytest.fixture
def services() -> MemoryServices:
    """A rollout without waves or people."""
    services = MemoryServices()
    services.ledger.rollout = a_rollout()
    return services


@pytest.fixture
def ledger(services: MemoryServices) -> MemoryLedger:
    """The ledger behind the app."""
    return services.ledger


@pytest.fixture
def starter() -> MemoryStarter:
    """The starter behind the app."""
    return MemoryStarter()


@pytest.fixture
def api(services: MemoryServices) -> FastAPI:
    """The application object."""
    return create_api(lambda: services)


@pytest.fixture
async def client(api: FastAPI, starter: MemoryStarter) -> AsyncIterator[httpx.AsyncClient]:
    """A client on loopback."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        current_starter.set(starter)
        await api(scope, receive, send)

    transport = httpx.ASGITransport(app=served)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7071") as client:
        yield client
