"""The simulator as a process: address, polite stop, TLS, cut connections, clear refusals."""

from __future__ import annotations

import json
import re
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.unit.tenant.kit import BOB, seed

HEADERS = {"Authorization": "Bearer t"}


@pytest.fixture
def seed_file(tmp_path: Path) -> Path:
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed()), encoding="utf-8")
    return path


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "teams_rollout.tenant", *map(str, arguments)]


@contextmanager
def running(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(command("--port", 0, *arguments), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        match = re.match(r"listening on (https?://\S+)", process.stdout.readline())
        assert match is not None
        yield process, match[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        process.stdout.close()


def test_given_a_state_file_when_stopped_politely_then_written_and_read_at_the_next_start(
    seed_file, tmp_path
):
    state = tmp_path / "state.json"
    with running("--seed", seed_file, "--state", state) as (process, url):
        reply = httpx.patch(
            f"{url}/v1.0/users/{BOB}", json={"usageLocation": "IE"}, headers=HEADERS
        )
        assert reply.status_code == 204

    assert process.returncode == 0
    with running("--seed", seed_file, "--state", state) as (_, url):
        row = httpx.get(f"{url}/v1.0/users/{BOB}?$select=usageLocation", headers=HEADERS).json()
        httpx.patch(f"{url}/v1.0/users/{BOB}", json={"usageLocation": "FR"}, headers=HEADERS)
        effects = [json.loads(x) for x in httpx.get(f"{url}/_tenant/effects").text.splitlines()]
    assert row["usageLocation"] == "IE"
    assert [(x["seq"], x["after"]) for x in effects] == [(1, "IE"), (2, "FR")]


def test_given_reset_faults_when_hit_then_the_connection_is_cut(seed_file, tmp_path):
    faults = tmp_path / "faults.json"
    rules = [
        {"method": "PATCH", "kind": "reset_before", "count": 1},
        {"method": "PATCH", "kind": "reset_after", "count": 1},
    ]
    faults.write_text(json.dumps({"rules": rules}), encoding="utf-8")

    with running("--seed", seed_file, "--faults", faults) as (_, url):
        seen = []
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                httpx.patch(
                    f"{url}/v1.0/users/{BOB}", json={"usageLocation": "IE"}, headers=HEADERS
                )
            seen.append(len(httpx.get(f"{url}/_tenant/effects").text.splitlines()))

    assert seen == [0, 1]


def certificate(folder: Path) -> tuple[Path, Path]:
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            str(key),
            "-out",
            str(cert),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_given_a_certificate_when_served_then_https_with_https_next_links(seed_file, tmp_path):
    cert, key = certificate(tmp_path)

    with running("--seed", seed_file, "--tls-cert", cert, "--tls-key", key) as (_, url):
        context = ssl.create_default_context(cafile=str(cert))
        body = httpx.get(f"{url}/v1.0/users?$top=1", headers=HEADERS, verify=context).json()

    assert url.startswith("https://127.0.0.1:")
    assert body["@odata.nextLink"].startswith(f"{url}/v1.0/users?$top=1&$skiptoken=")


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (None, []),
        ("{", []),
        ("[]", []),
        (json.dumps(seed()), ["--faults", "absent.json"]),
        (json.dumps(seed()), ["--tls-cert", "absent.pem", "--tls-key", "absent.pem"]),
    ],
)
def test_given_bad_input_when_started_then_one_sentence_and_exit_1(tmp_path, content, options):
    path = tmp_path / "seed.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    done = subprocess.run(
        command("--seed", path, "--port", 0, *options),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_given_a_taken_port_when_started_then_one_sentence_and_exit_1(seed_file):
    with running("--seed", seed_file) as (_, url):
        port = url.rpartition(":")[2]
        done = subprocess.run(
            command("--seed", seed_file, "--port", port),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
