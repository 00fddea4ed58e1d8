"""The tenant simulator as a process, and a session that talks to it over real HTTP."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph.credentials import StaticToken
from graph.governor import LocalGovernor
from graph.session import GraphSession
from infra.entra.table import read_table

E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
VOICE = "e43b5b99-8dfb-405f-9987-dc307f34bcbd"
TEAMS1 = "57ff2da0-773e-42df-b2af-ffb7a2317929"


def object_id(name: str) -> str:
    """A stable made-up object id."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def person(name: str, **changes: Any) -> dict[str, Any]:
    """An invented member of staff without anything."""
    return {
        "id": object_id(name),
        "userPrincipalName": f"{name}@example.gov.uk",
        "mail": f"{name}@example.gov.uk",
        "displayName": name.title(),
        "givenName": name.title(),
        "surname": "Example",
        "department": "Housing",
        "jobTitle": "Officer",
        "accountEnabled": True,
        "userType": "Member",
        "usageLocation": None,
        "employeeId": None,
        "onPremisesSyncEnabled": True,
        "sfbHoming": "none",
        "assignedLicenses": [],
        "memberOf": [],
        "policies": {},
        "telephoneNumbers": [],
        **changes,
    }


def plan(plan_id: str, name: str) -> dict[str, str]:
    return {
        "servicePlanId": plan_id,
        "servicePlanName": name,
        "appliesTo": "User",
        "provisioningStatus": "Success",
    }


def tenant(users: list[dict[str, Any]], *, seats: int = 10_000) -> dict[str, Any]:
    """A tenant seed with two products."""
    return {
        "tenant": {
            "id": object_id("tenant"),
            "displayName": "Borough of Exampleton",
            "domain": "example.gov.uk",
            "country": "GB",
            "skypeOnline": True,
            "lag": 0,
            # Every call of ours works with what an administrator is asked to grant, no more.
            "grantedPermissions": sorted(row.permission for row in read_table()[1]),
        },
        "skus": [
            {
                "skuId": E3,
                "skuPartNumber": "SPE_E3",
                "enabled": seats,
                "servicePlans": [
                    plan(TEAMS1, "TEAMS1"),
                    plan("7547a3fe-08ee-4ccb-b430-5077c5041653", "YAMMER_ENTERPRISE"),
                ],
            },
            {
                "skuId": VOICE,
                "skuPartNumber": "MCOEV",
                "enabled": seats,
                "servicePlans": [plan("4828c8ec-dc2e-4779-b502-87ac9ce28ab7", "MCOEV")],
            },
        ],
        "mutuallyExclusivePlans": [],
        "users": users,
        "groups": [],
        "teams": [],
        "policies": [
            {"type": "TeamsMeetingPolicy", "names": ["AllOn"]},
            {"type": "TeamsUpgradePolicy", "names": ["SfBOnly", "UpgradeToTeams"]},
        ],
    }


class Simulator:
    """A running simulator and its control API."""

    def __init__(self, address: str) -> None:
        self.base_url = f"{address}/v1.0"
        self._control = httpx.Client(base_url=f"{address}/_tenant", timeout=30)

    def faults(self, *rules: dict[str, Any]) -> None:
        self._control.post("/faults", json={"seed": 1, "rules": list(rules)}).raise_for_status()

    def requests(self) -> dict[str, Any]:
        found: dict[str, Any] = self._control.get("/requests").raise_for_status().json()
        return found

    def effects(self, kind: str) -> list[dict[str, Any]]:
        lines = self._control.get("/effects").raise_for_status().text.splitlines()
        return [e for e in map(json.loads, lines) if e["kind"] == kind]

    def close(self) -> None:
        self._control.close()


@pytest.fixture
def start_simulator(tmp_path: Path) -> Iterator[Callable[..., Simulator]]:
    """Start simulators on free ports; each is stopped by its own process id."""
    running: list[tuple[subprocess.Popen[str], Simulator]] = []

    def start(seed: dict[str, Any], *options: str) -> Simulator:
        file = tmp_path / f"seed-{len(running)}.json"
        file.write_text(json.dumps(seed), encoding="utf-8")
        command = [sys.executable, "-m", "teams_rollout.tenant", "--seed", str(file), "--port", "0"]
        process = subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("listening on "), "the simulator says itself what is wrong"
        simulator = Simulator(line.removeprefix("listening on "))
        running.append((process, simulator))
        return simulator

    yield start
    for process, simulator in running:
        simulator.close()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
async def open_session() -> AsyncIterator[Callable[..., GraphSession]]:
    """Sessions on a simulator; `limits` as the simulator was told."""
    opened: list[GraphSession] = []

    def make(simulator: Simulator, *, limits: float = 1.0, **options: Any) -> GraphSession:
        governor = LocalGovernor(limits=limits, **options)
        session = GraphSession(
            base_url=simulator.base_url, token=StaticToken("rehearsal"), governor=governor
        )
        opened.append(session)
        return session

    yield make
    for session in opened:
        await session.close()
