"""`rollout doctor` over a whole lab: what it says, and what `start` then does."""

import gzip
import json

import pytest

from teams_rollout.domain.permissions import NEEDS

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("lab"), pytest.mark.timeout(400)]

MISSING = "TeamsPolicyUserAssign.ReadWrite.All"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, start_lab, invented_council):
    """A council whose tenant has not granted one permission."""
    folder = tmp_path_factory.mktemp("council")
    files = invented_council(folder, "--people", "30", "--waves", "2")
    seed = json.loads(gzip.decompress(files["tenant"].read_bytes()))
    seed["tenant"]["grantedPermissions"] = sorted(
        {n.permission for n in NEEDS} - {MISSING} | {"Application.Read.All"}
    )
    files["tenant"].write_bytes(gzip.compress(json.dumps(seed).encode()))
    lab = start_lab(files)
    options = [w for n in ("rollout", "users", "teams") for w in (f"--{n}", str(files[n]))]
    lab.json("import", *options)
    return lab


def test_given_a_missing_permission_when_the_doctor_is_asked_then_it_is_named(lab):
    checks = lab.json("doctor")

    wrong = {c["check"]: c for c in checks if not c["ok"]}
    assert all(set(c) == {"check", "ok", "detail", "do"} for c in checks)
    assert MISSING in wrong[f"permission {MISSING}"]["do"]
    assert {"settings", "storage", "sign_in", "tenant"}.isdisjoint(wrong)
    assert lab.rollout("doctor", "--exit-code").returncode == 2
    assert lab.writes() == 0


def test_given_a_missing_permission_when_started_then_refused_and_nobody_failed(lab):
    first = lab.json("waves")[0]["wave"]

    started = lab.rollout("start", first)

    assert started.returncode == 1
    assert MISSING in started.stderr
    assert {u["state"] for u in lab.json("user", "list")} <= {"waiting", "blocked"}
    assert lab.json("wave", "show", first)["state"] == "planned"
    assert lab.writes() == 0
