"""What holds after a wave has closed, and what a person's mistake gets for an answer."""

import os
import signal
import time

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("lab"), pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def files(tmp_path_factory, invented_council):
    return invented_council(tmp_path_factory.mktemp("council"), "--people", "40", "--waves", "2")


@pytest.fixture(scope="module")
def lab(start_lab, files):
    """A lab in which the pilot has closed."""
    running = start_lab(files, "--limits", "20")
    done = running.rollout("import", str(files["users"].parent))
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (("start", "pilot"), ("watch", "pilot")):
        done = running.rollout(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    return running


def test_given_a_completed_wave_when_started_again_then_nothing_to_do_and_no_write(lab):
    before = lab.writes()

    done = lab.rollout("start", "pilot")

    assert done.returncode == 0
    assert "nothing to do" in done.stdout.casefold()
    assert lab.writes() == before


def test_given_an_undecided_pilot_when_the_next_wave_is_started_then_it_is_refused(lab):
    done = lab.rollout("start", "1")

    assert done.returncode == 1
    assert "decide pilot go" in done.stdout + done.stderr


def test_given_a_plan_when_made_then_the_tenant_is_not_changed(lab):
    before = lab.writes()

    plan = lab.json("plan", "1")

    assert plan["users"] == sum(plan["by_class"].values())
    assert plan["changes"]
    assert lab.writes() == before


def test_given_bad_rows_when_imported_then_all_are_named_and_nothing_is_saved(lab, files, tmp_path):
    rows = files["users"].read_text("utf-8-sig").splitlines()
    people_before = lab.json("user", "list")
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join([rows[0], "not-an-upn" + "," * rows[0].count(","), *rows[1:]]))

    done = lab.rollout(
        "import",
        "--rollout",
        str(files["rollout"]),
        "--users",
        str(bad),
        "--teams",
        str(files["teams"]),
    )

    assert done.returncode == 1
    assert "invalid_upn" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert lab.json("user", "list") == people_before


def test_given_a_converged_tenant_when_changed_behind_our_back_then_every_change_is_found(lab):
    converged = lab.json("reconcile")
    assert (converged["complete"], converged["found"]) == (True, 0)
    people = [u for u in lab.json("user", "list", "--wave", "pilot") if u["state"] == "done"]
    licensed, moved, disabled, gone = (u["id"] for u in people[:4])

    lab.change(
        {"op": "setLicenses", "id": licensed, "assignedLicenses": []},
        {"op": "setPolicy", "id": moved, "policyType": "TeamsMeetingPolicy", "policyName": None},
        {"op": "patchUser", "id": disabled, "patch": {"accountEnabled": False}},
        {"op": "deleteUser", "id": gone},
    )
    time.sleep(3)  # Microsoft shows changes with a lag, scaled down by the lab
    lab.json("reconcile")
    drift = lab.json("drift", "list")

    by_person: dict[str, set[str]] = {}
    upn_of = {u["id"]: u["upn"] for u in people}
    for item in drift["items"]:
        by_person.setdefault(item.get("upn") or item["id"], set()).add(item["kind"])
    assert "license" in by_person[upn_of[licensed]]
    assert by_person[upn_of[moved]] == {"policies"}
    assert by_person[upn_of[disabled]] == {"resolve"}
    assert by_person[upn_of[gone]] == {"resolve"}


def test_given_a_host_killed_again_and_again_when_it_returns_then_nobody_is_lost_or_done_twice(
    start_lab, tmp_path, invented_council
):
    files = invented_council(tmp_path / "council", "--people", "60", "--waves", "1", "--seed", "7")
    lab = start_lab(files, "--limits", "2")
    assert lab.rollout("import", str(files["users"].parent)).returncode == 0
    assert lab.rollout("start", "1").returncode == 0
    for pause in (0.4, 1.3, 0.9):
        time.sleep(pause)
        os.kill(lab.part_pid("host"), signal.SIGKILL)
        _wait_until_back(lab)

    assert lab.rollout("watch", "1").returncode == 0

    assert _wrong(lab, files) == []
    effects = [e for e in lab.effects() if e["cause"] == "request"]
    keys = [(e["kind"], e["objectId"], str(e["after"])) for e in effects]
    assert len(keys) == len(set(keys))
    assert lab.tenant("requests")["redundant_total"] <= 3 * 20


def _wait_until_back(lab) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if lab.rollout("waves", "--output", "json").returncode == 0:
            return
        time.sleep(0.2)
    raise AssertionError("the host did not come back")


def _wrong(lab, files) -> list[str]:
    listed = {u["id"] or u["upn"]: u for u in lab.json("user", "list")}
    wrong = []
    for row in lab.expected(files):
        user = listed[row["id"] or row["upn"]]
        if (user["state"], user["code"] or "") != (row["state"], row["code"]):
            wrong.append(f"{row['kind']}: {user['state']} {user['code']}")
    return wrong
