"""The demo with a pilot of the sample council: rolled out, written down, stopped."""

import csv
import json

import pytest

from tests.acceptance.cli.conftest import SAMPLES, SEED, CommandLine

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("lab")]


def pilot_only(rollout: CommandLine) -> set[str]:
    """Write the sample's users of the pilot; returns their expected (upn, state, code)."""
    with (SAMPLES / "users.csv").open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    with (rollout.folder / "users.csv").open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if row["wave"].strip() == "pilot")
    return {row["wave"] for row in rows}


def expected() -> dict[str, tuple[str, str]]:
    """State and code by UPN, for the whole sample."""
    with (SAMPLES / "expected.csv").open(encoding="utf-8-sig", newline="") as source:
        return {row["upn"]: (row["state"], row["code"]) for row in csv.DictReader(source)}


def test_given_a_council_when_the_demo_exits_then_everybody_is_where_expected(
    rollout: CommandLine,
):
    assert "pilot" in pilot_only(rollout)

    ran = rollout.run(
        *("lab", "demo", "--exit", "--users", "users.csv", "--tenant", str(SEED)),
        *("--rollout", str(SAMPLES / "rollout.toml"), "--teams", str(SAMPLES / "teams.csv")),
        within=240,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    wanted = expected()
    users = json.loads((rollout.state / "users.json").read_text(encoding="utf-8"))
    found = {user["upn"]: (user["state"], user["code"]) for user in users}
    assert found == {upn: wanted[upn] for upn in found}
    figures = json.loads((rollout.state / "demo.json").read_text(encoding="utf-8"))
    assert figures["users"] == len(users) == sum(figures["by_state"].values()) > 0
    assert set(figures["graph"]) == {"requests", "writes", "throttled"}
    requests = json.loads((rollout.state / "tenant-requests.json").read_text(encoding="utf-8"))
    assert requests["redundant_total"] == 0
    effects = (rollout.state / "tenant-effects.jsonl").read_text(encoding="utf-8").splitlines()
    assert {"seq", "kind", "objectId"} <= set(json.loads(effects[0]))
    assert "users" in json.loads((rollout.state / "tenant-state.json").read_text(encoding="utf-8"))
    assert "recorded as rehearsal" in ran.stdout
    assert "no drift" in ran.stdout


def test_given_bad_users_when_the_demo_runs_then_the_faults_and_1(rollout: CommandLine):
    (rollout.folder / "users.csv").write_text("upn,wave\nno-upn,pilot\n", encoding="utf-8")

    ran = rollout.run(
        *("lab", "demo", "--exit", "--users", "users.csv", "--tenant", str(SEED)),
        *("--rollout", str(SAMPLES / "rollout.toml"), "--teams", str(SAMPLES / "teams.csv")),
    )

    assert ran.returncode == 1
    assert "invalid_upn" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


def test_given_a_missing_seed_when_the_demo_runs_then_one_sentence_before_anything_starts(
    rollout: CommandLine,
):
    ran = rollout.run(
        *("lab", "demo", "--tenant", "nowhere.json", "--rollout", str(SAMPLES / "rollout.toml")),
        *("--users", str(SAMPLES / "users.csv"), "--teams", str(SAMPLES / "teams.csv")),
    )

    assert ran.returncode == 1
    assert ran.stderr == "Error: The tenant seed nowhere.json does not exist.\n"
    assert not rollout.state.exists()
