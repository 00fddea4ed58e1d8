"""Azurite and the tenant simulator for benchmarks: real processes, ended by their own id."""

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.measurement import NotMeasurable

ROOT = Path(__file__).parents[1]
AZURITE = ROOT / "node_modules" / ".bin" / "azurite"
OPTIONS = ("--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence")
SERVICES = ("blob", "queue", "table")
ACCOUNT = "bench"
READY = "listening on "


@contextmanager
def azurite() -> Iterator[str]:
    """Empty storage; yields its connection string.

    Raises:
        NotMeasurable: Azurite is not installed.
    """
    if not AZURITE.exists():
        raise NotMeasurable("Azurite is missing: run `make setup`")
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    ports = [_free_port() for _ in SERVICES]
    listen = [f"--{service}Port={port}" for service, port in zip(SERVICES, ports, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [AZURITE, *OPTIONS, *listen],
            cwd=folder,
            env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"},
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_for(ports)
            yield _connection(key, ports)
        finally:
            process.terminate()
            process.wait(timeout=20)


@contextmanager
def simulator(people: int, *options: str) -> Iterator["Simulator"]:
    """A tenant with so many people, each with an object id made from a number."""
    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder) / "seed.json"
        seed.write_text(json.dumps(_tenant(people)), encoding="utf-8")
        command = [sys.executable, "-m", "teams_rollout.tenant", "--seed", str(seed), "--port", "0"]
        process = subprocess.Popen(
            [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        with process:
            try:
                lines = iter(process.stdout or ())
                yield Simulator(next(x for x in lines if x.startswith(READY))[len(READY) :].strip())
            finally:
                process.terminate()


class Simulator:
    """A running simulator."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.base_url = f"{address}/v1.0"

    def requests(self) -> dict[str, Any]:
        """What the tenant counted."""
        answer = httpx.get(f"{self._address}/_tenant/requests", timeout=30).raise_for_status()
        return dict(answer.json())


def person_id(number: int) -> str:
    """The object id of the tenant's person of this number."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"person{number}"))


def _tenant(people: int) -> dict[str, Any]:
    return {
        "tenant": {
            "id": person_id(-1),
            "displayName": "Borough of Exampleton",
            "domain": "example.gov.uk",
            "country": "GB",
            "skypeOnline": False,
            "lag": 0,
        },
        "skus": [],
        "mutuallyExclusivePlans": [],
        "users": [_person(number) for number in range(people)],
        "groups": [],
        "teams": [],
        "policies": [],
    }


def _person(number: int) -> dict[str, Any]:
    return {
        "id": person_id(number),
        "userPrincipalName": f"person{number}@example.gov.uk",
        "mail": f"person{number}@example.gov.uk",
        "displayName": f"Person {number}",
        "givenName": "Person",
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
    }


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(ports: list[int]) -> None:
    deadline = time.monotonic() + 30
    for port in ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def _connection(key: str, ports: list[int]) -> str:
    endpoints = [
        f"{service.capitalize()}Endpoint=http://127.0.0.1:{port}/{ACCOUNT}"
        for service, port in zip(SERVICES, ports, strict=True)
    ]
    parts = ["DefaultEndpointsProtocol=http", f"AccountName={ACCOUNT}", f"AccountKey={key}"]
    return ";".join([*parts, *endpoints])
