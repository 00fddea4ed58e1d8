"""Who is let in: every route has a role, EasyAuth's claims are read strictly, forgeries fail."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from teams_rollout.domain.vocabulary import Environment
from teams_rollout.entrypoints.app import create_api
from teams_rollout.entrypoints.identity import RequireRole, identify
from teams_rollout.entrypoints.problems import ProblemError
from teams_rollout.ledger.ports import LedgerError
from tests.unit.entrypoints.doubles import MemoryLedger, MemoryServices, TestSettings

# They hold no data: health names parts, the rest are redirects, the schema and our stylesheet.
PUBLIC = {"/api/v1/health", "/api/v1/openapi.json", "/api/v1", "/", "/static/{name}"}
LOOPBACK = {"host": "127.0.0.1:7071"}


def a_principal(*roles: str, **values: Any) -> str:
    """The header as EasyAuth sends it."""
    claims = [{"typ": "tid", "val": "tenant-1"}, {"typ": "oid", "val": "object-1"}]
    claims += [{"typ": "roles", "val": role} for role in roles]
    document = {"auth_typ": "aad", "name_typ": "n", "role_typ": "roles", "claims": claims}
    return base64.b64encode(json.dumps({**document, **values}).encode()).decode()


def walk(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    """Every route, also of included routers."""
    for route in routes:
        nested = getattr(route, "routes", None) or getattr(
            getattr(route, "original_router", None), "routes", None
        )
        if nested:
            yield from walk(nested)
        else:
            yield route


def roles_of(route: APIRoute) -> list[RequireRole]:
    """The role dependencies of a route, however deep."""
    open_ones = list(route.dependant.dependencies)
    found: list[RequireRole] = []
    while open_ones:
        dependant = open_ones.pop()
        open_ones += dependant.dependencies
        if isinstance(dependant.call, RequireRole):
            found.append(dependant.call)
    return found


def test_every_route_when_walked_then_requires_exactly_one_role(api: FastAPI):
    routes = list(walk(list(api.routes)))
    paths = {getattr(route, "path", "") for route in routes}

    open_routes = [
        getattr(route, "path", "")
        for route in routes
        if getattr(route, "path", "") not in PUBLIC
        and not (isinstance(route, APIRoute) and len(roles_of(route)) == 1)
    ]

    assert any("/waves/{wave}/start" in path for path in paths)
    assert len(routes) > 20
    assert open_routes == []


async def test_every_route_when_nobody_signed_in_then_that_is_all_it_says(
    api: FastAPI, client: httpx.AsyncClient, services: MemoryServices, ledger: MemoryLedger
):
    services.settings.easy_auth = True
    ledger.failure = LedgerError("Nobody may get as far as the storage.")
    routes = [r for r in walk(list(api.routes)) if isinstance(r, APIRoute) and r.path not in PUBLIC]

    said = {
        f"{method} {route.path}": (await client.request(method, route.path)).status_code
        for route in routes
        for method in route.methods or ()
    }

    assert len(said) > 15
    assert {call: status for call, status in said.items() if status != 401} == {}


def test_rehearsal_on_loopback_when_asked_by_name_then_that_name_may_do_everything():
    caller = identify({**LOOPBACK, "x-rollout-user": "ana"}, settings=TestSettings())

    assert caller.name == "ana"
    assert len(caller.roles) == 4


def test_rehearsal_when_the_name_is_not_ascii_then_it_arrives_as_it_was():
    caller = identify({**LOOPBACK, "x-rollout-user": "Zo%C3%AB%0A M"}, settings=TestSettings())

    assert caller.name == "Zoë M"


@pytest.mark.parametrize("host", ["rollout.council.example", "", "127.0.0.1.council.example", "["])
def test_rehearsal_off_loopback_when_nobody_signed_in_then_refused(host: str):
    with pytest.raises(ProblemError) as refused:
        identify({"host": host, "x-rollout-user": "ana"}, settings=TestSettings())

    assert refused.value.problem.status == 401


def test_live_on_loopback_without_development_identity_when_called_then_refused():
    with pytest.raises(ProblemError) as refused:
        identify(LOOPBACK, settings=TestSettings(environment=Environment.LIVE))

    assert refused.value.problem.status == 401


def test_easy_auth_off_when_principal_header_is_sent_then_it_counts_for_nothing():
    settings = TestSettings(environment=Environment.LIVE)
    headers = {"host": "app.example", "x-ms-client-principal": a_principal("Rollout.Operate")}

    with pytest.raises(ProblemError) as refused:
        identify(headers, settings=settings)

    assert refused.value.problem.status == 401


def test_easy_auth_on_when_development_header_is_sent_then_it_counts_for_nothing():
    headers = {
        **LOOPBACK,
        "x-rollout-user": "ana",
        "x-ms-client-principal": a_principal("Rollout.Read"),
    }

    caller = identify(headers, settings=TestSettings(easy_auth=True))

    assert caller.name == "object-1"
    assert [role.value for role in caller.roles] == ["Rollout.Read"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "not base64!",
        base64.b64encode(b"not json").decode(),
        base64.b64encode(b'{"auth_typ":"aad"}').decode(),
        a_principal("Rollout.Operate") + "%",
        a_principal("Rollout.Operate", auth_typ="google"),
        a_principal("Rollout.Operate", claims=[{"typ": "oid", "val": "object-1"}]),
        a_principal(claims=[{"typ": "tid", "val": "tenant-2"}, {"typ": "oid", "val": "object-1"}]),
        a_principal(claims=[{"typ": "tid", "val": "tenant-1"}]),
        a_principal(
            claims=[
                {"typ": "tid", "val": "tenant-1"},
                {"typ": "tid", "val": "tenant-2"},
                {"typ": "oid", "val": "object-1"},
            ]
        ),
    ],
)
def test_easy_auth_on_when_claims_are_malformed_or_foreign_then_refused(header: str):
    headers = {**LOOPBACK, "x-ms-client-principal": header}

    with pytest.raises(ProblemError) as refused:
        identify(headers, settings=TestSettings(easy_auth=True))

    assert refused.value.problem.status == 401


def test_easy_auth_on_when_our_tenant_is_not_configured_then_refused():
    headers = {"x-ms-client-principal": a_principal("Rollout.Operate")}

    with pytest.raises(ProblemError):
        identify(headers, settings=TestSettings(easy_auth=True, graph_tenant_id=""))


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("Rollout.Read", "/api/v1/waves", 200),
        ("Rollout.Read", "/api/v1/users", 403),
        ("Rollout.Read", "/api/v1/audit", 403),
        ("Rollout.Read", "/api/v1/drift", 403),
        ("Rollout.Report", "/api/v1/waves", 200),
        ("Rollout.Report", "/api/v1/rollout", 200),
        ("Rollout.Report", "/api/v1/users", 403),
        ("Rollout.Report", "/api/v1/users/0001-u000001", 403),
        ("Rollout.Report", "/api/v1/plans/any", 403),
        ("Rollout.Report", "/api/v1/drift", 403),
        ("Rollout.Report", "/api/v1/audit", 403),
        ("Rollout.Report", "/helpdesk", 403),
        ("Rollout.Approve", "/api/v1/users", 200),
        ("Rollout.Operate", "/api/v1/audit", 200),
        ("Some.Other", "/api/v1/waves", 403),
    ],
)
async def test_signed_in_caller_when_reading_then_the_role_decides(
    client: httpx.AsyncClient, services: MemoryServices, role: str, path: str, status: int
):
    services.settings.easy_auth = True

    answer = await client.get(path, headers={"x-ms-client-principal": a_principal(role)})

    assert answer.status_code == status


async def test_helpdesk_role_when_starting_a_wave_then_refused_and_nothing_happens(
    client: httpx.AsyncClient, services: MemoryServices, ledger: MemoryLedger
):
    services.settings.easy_auth = True
    before = ledger.add_wave("pilot")

    answer = await client.post(
        "/api/v1/waves/pilot/start", headers={"x-ms-client-principal": a_principal("Rollout.Read")}
    )

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:rollout:role-missing"
    assert ledger.waves["pilot"] == before


async def test_another_site_when_it_posts_through_a_browser_then_refused(
    client: httpx.AsyncClient, ledger: MemoryLedger
):
    ledger.add_wave("pilot")

    answer = await client.post(
        "/api/v1/waves/pilot/start", headers={"sec-fetch-site": "cross-site"}
    )

    assert answer.status_code == 403
    assert ledger.waves["pilot"].epoch == 0


async def test_wrong_setting_when_asked_for_health_then_its_name_is_told_but_no_value():
    def broken() -> MemoryServices:
        raise ValueError("ROLLOUT_STORAGE_TABLE_URL is not set.")

    transport = httpx.ASGITransport(app=create_api(broken))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        health = await client.get("/api/v1/health")
        waves = await client.get("/api/v1/waves")
        page = await client.get("/helpdesk")

    assert health.status_code == 503
    assert "ROLLOUT_STORAGE_TABLE_URL" in health.json()["checks"][0]["detail"]
    assert waves.status_code == 503
    assert waves.json()["type"] == "urn:rollout:settings-wrong"
    assert page.status_code == 503
    assert "NOT CONFIGURED" in page.text
