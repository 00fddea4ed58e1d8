"""Our function app under Microsoft's worker library: indexed alike, and a rollout ends alike.

Import, plan, a wave to its close and the nightly timer run every kind of function that the app
has: HTTP, queue, timer, activity and orchestrator. Both hosts get a storage account and a tenant
of their own, made from the same invented council.
"""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.acceptance.localhost.host_process import REPOSITORY, HostProcess, running
from tests.acceptance.worker.conftest import LIBRARY, PROGRAMS

pytestmark = [pytest.mark.e2e, pytest.mark.azurite, pytest.mark.timeout(400)]
PYTHON = PROGRAMS["ours"][0]


@pytest.fixture(scope="module")
def council(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("council")
    script = REPOSITORY / "scripts" / "make_samples.py"
    line = [PYTHON, str(script), "--out", str(folder), "--people", "30", "--waves", "1"]
    subprocess.run(line, check=True, capture_output=True)
    _reconcile_this_hour(folder / "rollout.toml")
    return folder


def _reconcile_this_hour(settings: Path) -> None:
    """Let the nightly timer have something to do, however late it is; never across an hour."""
    left = 60 - datetime.now(UTC).minute
    if left <= 3:
        time.sleep(60 * left)
    # The last hour of a day belongs to the next day for a timer that comes late.
    zone = next(z for z in ("Europe/London", "Asia/Tokyo") if datetime.now(ZoneInfo(z)).hour < 23)
    line, text = 'timezone = "Europe/London"', settings.read_text()
    assert line in text
    wanted = f'timezone = "{zone}"\nreconcile_hour = {datetime.now(ZoneInfo(zone)).hour}'
    settings.write_text(text.replace(line, wanted))


@pytest.fixture(scope="module")
def ends(
    council: Path, azurite_accounts: Iterator[str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What each host leaves behind after the same rollout."""
    return {
        name: _roll_out(council, next(azurite_accounts), tmp_path_factory.mktemp(name), program)
        for name, program in PROGRAMS.items()
    }


def test_given_our_app_when_indexed_then_the_library_finds_what_we_serve(ends):
    line = [*LIBRARY, "index", "--app", str(REPOSITORY)]
    indexed = json.loads(
        subprocess.run(line, cwd=REPOSITORY, check=True, capture_output=True).stdout
    )

    served = {one["name"]: one["config"]["bindings"] for one in ends["ours"]["functions"]}
    assert {one["name"] for one in indexed} == served.keys()
    for one in indexed:
        assert _kinds(one["bindings"]) == _kinds(served[one["name"]])


@pytest.mark.parametrize("what", ["plan", "people", "waves", "drift", "effects", "instances"])
def test_given_a_rollout_when_run_on_both_then_it_ends_alike(ends, what: str):
    assert ends["ours"][what]
    assert ends["library"][what] == ends["ours"][what]


def _kinds(bindings: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    return Counter((one["type"], one["name"]) for one in bindings)


def _roll_out(
    council: Path, storage: str, folder: Path, program: tuple[str, ...]
) -> dict[str, Any]:
    with (
        _tenant(council) as tenant,
        running(
            REPOSITORY,
            folder / "state.db",
            settings=_settings(storage, tenant),
            program=program,
        ) as host,
    ):
        _rollout(host, council, "import", str(council))
        plan = json.loads(_rollout(host, council, "plan", "1", "--output", "json"))
        _rollout(host, council, "start", "1", "--allow-shortage")
        _rollout(host, council, "watch", "1")
        key = json.loads((folder / "state.db.keys.json").read_text())["master"]
        night = host.http.post("/admin/functions/nightly_reconciliation", params={"code": key})
        assert night.status_code == 202
        instances = _instances(host)
        people = json.loads(_rollout(host, council, "user", "list", "--output", "json"))
        waves = json.loads(_rollout(host, council, "waves", "--output", "json"))
        drift = json.loads(_rollout(host, council, "reconcile", "--output", "json"))
        effects = httpx.get(f"{tenant}/_tenant/effects").text.splitlines()
        functions = host.http.get("/admin/functions", params={"code": key}).json()
    return {
        "plan": (plan["users"], plan["by_class"], len(plan["changes"])),
        "people": sorted((one["upn"], one["state"], one["code"]) for one in people),
        "waves": [(one["wave"], one["state"], one["by_state"], one["by_code"]) for one in waves],
        "drift": (drift["complete"], drift["found"]),
        "effects": _effects([json.loads(line) for line in effects]),
        "instances": instances,
        "functions": functions,
    }


def _instances(host: HostProcess) -> list[tuple[str, str]]:
    """Name and end of each kind of instance, once the night has been reconciled."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = host.http.get("/durabletask/instances/?top=500").json()
        ends = {(one["name"], one["runtimeStatus"]) for one in found}
        if ("reconciliation_orchestration", "Completed") in ends:
            return sorted(ends)
        time.sleep(0.2)
    raise AssertionError(ends)


def _effects(effects: list[dict[str, Any]]) -> list[str]:
    """Return what was done, whatever the order: a tenant numbers new groups as they arrive."""
    lines = "\n".join(
        json.dumps([one["kind"], one["objectId"], one["after"]], sort_keys=True) for one in effects
    )
    for one in effects:
        if one["kind"] == "group.created":
            made = str(one["objectId"])
            for known in (made, made.replace("-", "")):
                lines = lines.replace(known, one["after"]["uniqueName"])
    return sorted(lines.splitlines())


def _rollout(host: HostProcess, cwd: Path, *words: str) -> str:
    line = [PYTHON, "-m", "teams_rollout.cli", "--api", host.origin, *words]
    done = subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _settings(storage: str, tenant: str) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": storage,
        "RolloutStorage": storage,
        "ROLLOUT_STORAGE_CONNECTION": storage,
        "ROLLOUT_GRAPH_BASE_URL": f"{tenant}/v1.0",
        "ROLLOUT_GRAPH_CREDENTIAL": "static",
        "ROLLOUT_GRAPH_LIMITS": "20",
        "ROLLOUT_TIME_SCALE": "3600",
        "ROLLOUT_ENVIRONMENT": "REHEARSAL",
        "TASKHUB_NAME": "Compared",
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
    }


@contextmanager
def _tenant(council: Path) -> Iterator[str]:
    line = [PYTHON, "-m", "teams_rollout.tenant", "--seed", str(council / "tenant.json.gz")]
    line += ["--port", "0", "--clock-speed", "3600", "--limits", "20"]
    with subprocess.Popen(line, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip().removeprefix("listening on ")
        finally:
            process.terminate()
