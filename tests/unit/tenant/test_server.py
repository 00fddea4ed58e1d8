"""The simulator on a socket: address, polite stop, TLS, cut connections, clear refusals."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from teams_rollout.tenant.__main__ import main
from teams_rollout.tenant.app import TenantApp
from teams_rollout.tenant.build import build
from teams_rollout.tenant.server import make_server
from tests.unit.tenant.kit import BOB, seed

HEADERS = {"Authorization": "Bearer t"}
USER = f"/v1.0/users/{BOB}"


@asynccontextmanager
async def serving(faults: Any = None, **options: Any) -> AsyncIterator[str]:
    """The simulator in this process, listening on a free port."""
    app = TenantApp(build(seed(), faults=faults))
    server, listener = make_server(app, host="127.0.0.1", port=0, **options)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    scheme = "https" if options.get("tls") else "http"
    try:
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


async def patch(client: httpx.AsyncClient, url: str, location: str) -> httpx.Response:
    return await client.patch(f"{url}{USER}", json={"usageLocation": location}, headers=HEADERS)


async def test_given_reset_faults_when_hit_then_the_connection_is_cut() -> None:
    rules = [
        {"method": "PATCH", "kind": "reset_before", "count": 1},
        {"method": "PATCH", "kind": "reset_after", "count": 1},
    ]
    seen = []

    async with serving({"rules": rules}) as url, httpx.AsyncClient() as client:
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                await patch(client, url, "IE")
            effects = await client.get(f"{url}/_tenant/effects")
            seen.append(len(effects.text.splitlines()))

    assert seen == [0, 1]


async def test_given_a_state_file_when_stopped_then_state_and_effects_are_written(
    tmp_path: Path,
) -> None:
    state = tmp_path / "state.json"

    async with serving(state=state) as url, httpx.AsyncClient() as client:
        await patch(client, url, "IE")

    rows = {row["id"]: row for row in json.loads(state.read_text())["users"]}
    assert rows[BOB]["usageLocation"] == "IE"
    assert len((tmp_path / "state.json.effects.jsonl").read_text().splitlines()) == 1


async def test_given_many_requests_at_once_when_sent_then_all_are_answered() -> None:
    async with serving() as url, httpx.AsyncClient() as client:
        answers = await asyncio.gather(
            *(client.get(f"{url}{USER}", headers=HEADERS) for _ in range(50))
        )

    assert {x.status_code for x in answers} == {200}


async def test_given_an_answer_in_two_pieces_when_sent_then_not_held_back_for_an_ack() -> None:
    app = TenantApp(build(seed()))
    _, listener = make_server(app, host="127.0.0.1", port=0)

    with listener:
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
async def test_given_a_certificate_when_served_then_https_with_https_next_links(
    tmp_path: Path,
) -> None:
    cert, key = certificate(tmp_path)
    context = ssl.create_default_context(cafile=str(cert))

    async with serving(tls=(cert, key)) as url, httpx.AsyncClient(verify=context) as client:
        body = (await client.get(f"{url}/v1.0/users?$top=1", headers=HEADERS)).json()

    assert body["@odata.nextLink"].startswith(f"{url}/v1.0/users?$top=1&$skiptoken=")


def certificate(folder: Path) -> tuple[Path, Path]:
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


# -- the command ----------------------------------------------------------------------------


@pytest.fixture
def seed_file(tmp_path: Path) -> Path:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed()), encoding="utf-8")
    return path


def run_once(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
    """Start the command, change a location, read the effects, stop it politely."""
    command = [sys.executable, "-m", "teams_rollout.tenant", "--port", "0", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        match = re.match(r"listening on (http://\S+)", process.stdout.readline())
        assert match is not None
        row = httpx.get(f"{match[1]}{USER}?$select=usageLocation", headers=HEADERS).json()
        other = {"usageLocation": "FR" if row["usageLocation"] == "IE" else "IE"}
        httpx.patch(f"{match[1]}{USER}", json=other, headers=HEADERS)
        lines = httpx.get(f"{match[1]}/_tenant/effects").text.splitlines()
        process.send_signal(signal.SIGTERM)
    return process.returncode, [json.loads(x) for x in lines]


def test_given_a_state_file_when_started_again_then_it_goes_on_where_it_stopped(
    seed_file: Path, tmp_path: Path
) -> None:
    arguments = ("--seed", seed_file, "--state", tmp_path / "state.json")

    first, second = run_once(*arguments), run_once(*arguments)

    assert (first[0], second[0]) == (0, 0)
    assert [(x["seq"], x["after"]) for x in second[1]] == [(1, "IE"), (2, "FR")]


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_given_a_bad_seed_when_started_then_one_sentence_and_exit_1(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "seed.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    code = main(["--seed", str(path), "--port", "0"])

    assert code == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "options",
    [
        ["--faults", "absent.json"],
        ["--tls-cert", "absent.pem", "--tls-key", "absent.pem"],
    ],
)
def test_given_bad_options_when_started_then_one_sentence_and_exit_1(
    seed_file: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--seed", str(seed_file), "--port", "0", *options])

    assert code == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_given_a_taken_port_when_started_then_one_sentence_and_exit_1(
    seed_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code = main(["--seed", str(seed_file), "--port", str(taken.getsockname()[1])])

    assert code == 1
    assert "cannot start" in capsys.readouterr().err


def test_given_limits_of_zero_when_started_then_usage_error(seed_file: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--seed", str(seed_file), "--limits", "0"])

    assert stopped.value.code == 2
