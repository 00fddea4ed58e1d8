"""The doctor at the front door: what it sees of a real server, and of our own app without one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from teams_rollout.domain import doctor
from teams_rollout.domain.vocabulary import Environment
from teams_rollout.entrypoints.app import create_api
from teams_rollout.entrypoints.diagnosis import examine_front_door
from teams_rollout.entrypoints.front_door import Knock, knock
from tests.unit.entrypoints.doubles import MemoryServices

LOGIN = "https://login.microsoftonline.com/common"


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """A server on this machine that answers everything alike; its address."""
    with ExitStack() as running:

        def start(status: int, **headers: str) -> str:
            class Door(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    self.send_response(status)
                    for name, value in {**headers, "Content-Length": "0"}.items():
                        self.send_header(name, value)
                    self.end_headers()

                def log_message(self, *_: object) -> None: ...

            server = running.enter_context(HTTPServer(("127.0.0.1", 0), Door))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            running.callback(thread.join)
            running.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


@pytest.mark.parametrize(
    ("status", "headers", "seen"),
    [
        (401, {}, 401),
        (200, {}, 200),
        (403, {}, 403),
        (302, {"Location": f"{LOGIN}/oauth2"}, 401),
        (302, {"Location": "/.auth/login/aad?x=y"}, 401),
        (302, {"Location": "/somewhere"}, 302),
    ],
)
async def test_given_a_server_when_knocked_at_then_its_answer_is_told(serve, status, headers, seen):
    assert await knock(serve(status, **headers), tenant_id="t") == Knock(seen, seen)


async def test_given_nobody_there_when_knocked_at_then_that_is_an_error():
    with pytest.raises(httpx.HTTPError):
        await knock("http://127.0.0.1:9", tenant_id="t")


async def test_given_our_app_reached_past_easy_auth_when_knocked_at_then_it_gives_itself_away():
    """The app must believe the header that EasyAuth adds; so nobody else may reach it."""
    services = MemoryServices()
    services.settings.easy_auth = True
    transport = httpx.ASGITransport(app=create_api(lambda: services))

    said = await knock("https://app.example", tenant_id="tenant-1", transport=transport)
    check = doctor.check_front_door("app.example", stranger=said.stranger, forger=said.forger)

    assert said.stranger == 401
    assert "believes a forged sign-in" in check.detail


async def test_given_our_app_without_easy_auth_when_knocked_at_then_nobody_gets_in():
    services = MemoryServices()
    transport = httpx.ASGITransport(app=create_api(lambda: services))

    said = await knock("https://app.example", tenant_id="tenant-1", transport=transport)

    assert said == Knock(stranger=401, forger=401)


@pytest.mark.parametrize("host", ["", "localhost:7071", "127.0.0.1:7071"])
async def test_given_a_laptop_when_examined_then_the_door_is_no_matter_in_rehearsal_only(host):
    services = MemoryServices()
    services.settings.host_name = host

    assert (await examine_front_door(services)).ok
    services.settings.environment = Environment.LIVE
    assert not (await examine_front_door(services)).ok


async def test_given_an_address_that_leads_nowhere_when_examined_then_it_says_how_to_try():
    services = MemoryServices()
    services.settings.host_name = "teams-rollout.invalid"

    check = await examine_front_door(services)

    assert not check.ok
    assert "could not be reached" in check.detail
    assert "401" in check.do
