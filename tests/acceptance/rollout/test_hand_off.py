"""People handed off end done: by a result file, and noticed by itself; judged from the tenant."""

import csv
import gzip
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("lab"), pytest.mark.timeout(400)]

UPGRADE = "TeamsUpgradePolicy"
TEAMS = ("server_team", "teams_administrators")


@pytest.fixture(scope="module")
def files(tmp_path_factory, invented_council):
    """A council whose tenant does not take the mode through Graph, and which says so."""
    made = invented_council(
        tmp_path_factory.mktemp("council"), "--people", "60", "--waves", "1", "--seed", "3"
    )
    seed = json.loads(gzip.decompress(made["tenant"].read_bytes()))
    seed["tenant"]["graphTakesUpgradePolicy"] = False
    made["tenant"].write_bytes(gzip.compress(json.dumps(seed).encode()))
    settings = made["rollout"].read_text("utf-8")
    made["rollout"].write_text(settings.replace("[skype]\n", '[skype]\nbackend = "handoff"\n'))
    return made


@pytest.fixture(scope="module")
def lab(start_lab, files):
    """A lab in which the wave has closed."""
    running = start_lab(files, "--limits", "20")
    for words in (("import", str(files["users"].parent)), ("start", "1"), ("watch", "1")):
        done = running.rollout(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    return running


@dataclass(frozen=True)
class Written:
    """The hand-off files by the team that gets them, and the lab right before they were written.

    Tests run in any order: the first half of the administrators' people comes back in a file, of
    the others nobody ever reports anything.
    """

    files: dict[str, Path]
    waiting: set[str]
    writes: int

    def reported(self) -> list[dict[str, str]]:
        rows = rows_of(self.files["teams_administrators"])
        return rows[: len(rows) // 2]

    def unreported(self) -> list[dict[str, str]]:
        theirs = rows_of(self.files["teams_administrators"])[len(self.reported()) :]
        return theirs + rows_of(self.files["server_team"])


@pytest.fixture(scope="module")
def written(lab) -> Written:
    """The hand-off files of the closed wave."""
    found = states(lab).items()
    waiting = {user for user, (_, code) in found if code.startswith("handed_off_")}
    writes = lab.writes()
    files = lab.json("handoff", "write", "--to", "hand-off")
    paths = {one["addressee"]: lab.cwd / one["file"] for one in files}
    return Written(files=paths, waiting=waiting, writes=writes)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def fill_in(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def carry_out(lab, rows: list[dict[str, str]]) -> None:
    """What the other teams do, in their own way."""
    moves = [{"op": "moveToCloud", "id": r["user_id"]} for r in rows if r["action"] == "move_user"]
    grants = [
        {
            "op": "setPolicy",
            "id": r["user_id"],
            "policyType": r["policy_type"],
            "policyName": r["policy_name"],
        }
        for r in rows
        if r["action"] == "assign_policy"
    ]
    lab.change(*moves, *grants)


def states(lab) -> dict[str, tuple[str, str]]:
    return {u["id"]: (u["state"], u["code"]) for u in lab.json("user", "list") if u["id"]}


def test_given_a_closed_wave_when_files_are_written_then_all_who_wait_are_in_them(lab, written):
    handed = [row for path in written.files.values() for row in rows_of(path)]

    assert set(written.files) == set(TEAMS)
    assert {row["user_id"] for row in handed} == written.waiting
    assert {row["environment"] for row in handed} == {"REHEARSAL"}
    assert lab.writes() == written.writes


def test_given_bad_rows_when_taken_then_all_are_named_and_nothing_changes(lab, written, tmp_path):
    before = states(lab)
    rows = written.reported()
    rows[0]["result"], rows[1]["result"], rows[2]["user_id"] = "ok", "failed", "nobody"
    rows[1]["reason"], rows[2]["result"] = "", "done"
    fill_in(tmp_path / "bad.csv", rows)

    done = lab.rollout("handoff", "take", str(tmp_path / "bad.csv"))

    assert done.returncode == 1
    for word in ("invalid_result", "missing_value", "unknown_person"):
        assert word in done.stdout
    assert states(lab) == before


def test_given_results_when_taken_twice_then_the_done_are_done_and_the_failed_blocked(
    lab, written, tmp_path
):
    failed, *done = written.reported()
    carry_out(lab, done)
    failed |= {"result": "failed", "reason": "refused"}
    for row in done:
        row["result"] = "done"
    fill_in(tmp_path / "back.csv", [failed, *done])

    for _ in range(2):
        taken = lab.rollout("handoff", "take", str(tmp_path / "back.csv"))
        assert taken.returncode == 0, taken.stdout + taken.stderr

    found = states(lab)
    assert {found[row["user_id"]] for row in done} == {("done", "")}
    assert found[failed["user_id"]] == ("blocked", "mode_refused")


def test_given_no_result_file_when_reconciled_then_everybody_who_moved_is_done(lab, written):
    moved = written.unreported()
    carry_out(lab, moved)
    time.sleep(3)  # Microsoft shows changes with a lag, scaled down by the lab

    report = lab.json("reconcile")

    assert (report["complete"], report["found"]) == (True, 0)
    found = states(lab)
    assert {found[row["user_id"]] for row in moved} == {("done", "")}
    shown = Counter(lab.json("wave", "show", "1")["by_state"])
    assert shown == Counter(u["state"] for u in lab.json("user", "list"))
    assert lab.writes() == written.writes
    for effect in lab.effects():
        if effect["kind"] == "user.policy" and effect["cause"] == "request":
            assert effect["after"]["policyType"] != UPGRADE
