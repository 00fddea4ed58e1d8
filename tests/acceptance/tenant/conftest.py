"""The simulator behind TLS, and a client that is not ours: Microsoft's own SDK and sign-in."""

import json
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from azure.identity import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]  # has no marker

from tests.unit.tenant.kit import TENANT, seed, user
from tests.unit.tenant.test_server import certificate

APPLICATION = "99999999-1111-4222-8333-444444444444"
SCOPE = "https://graph.microsoft.com/.default"
READY = "listening on "


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def simulator(
    trusted: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A town of 304 as a process of its own; yields its address."""
    people = [
        user(f"e0000000-0000-4000-8000-{n:012d}", f"p{n}.evans@example.gov.uk") for n in range(300)
    ]
    whole = seed([*seed()["users"], *people])
    whole["users"][1]["usageLocation"] = None
    file = tmp_path_factory.mktemp("town") / "seed.json"
    file.write_text(json.dumps(whole), encoding="utf-8")
    cert, key = map(str, trusted)
    options = ["--seed", str(file), "--port", "0", "--tls-cert", cert, "--tls-key", key]
    command = [sys.executable, "-m", "teams_rollout.tenant", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip().removeprefix(READY)
        finally:
            process.terminate()


@pytest.fixture
async def client(simulator: str, trusted: tuple[Path, Path]) -> AsyncIterator[GraphServiceClient]:
    """The SDK as it comes, with all its middleware, at a fresh tenant."""
    context = ssl.create_default_context(cafile=str(trusted[0]))
    connections = httpx.AsyncHTTPTransport(verify=context)
    http = GraphClientFactory.create_with_default_middleware(
        client=httpx.AsyncClient(transport=connections)
    )
    (await http.post(f"{simulator}/_tenant/reset")).raise_for_status()
    with ClientSecretCredential(
        TENANT,
        APPLICATION,
        "not-a-real-secret",
        authority=simulator,
        disable_instance_discovery=True,
        connection_verify=str(trusted[0]),
    ) as credential:
        provider = AzureIdentityAuthenticationProvider(
            credential, scopes=[SCOPE], allowed_hosts=["127.0.0.1"]
        )
        adapter = GraphRequestAdapter(provider, client=http)
        adapter.base_url = f"{simulator}/v1.0"
        yield GraphServiceClient(request_adapter=adapter)
    await http.aclose()
    await connections.aclose()  # the SDK's middleware does not pass it on
