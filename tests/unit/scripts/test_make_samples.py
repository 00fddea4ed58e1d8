"""The invented councils: reproducible, in the format that outsiders rely on, and with true ends."""

import csv
import gzip
import json
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
FILES = ("rollout.toml", "users.csv", "teams.csv", "expected.csv")
OFFICE = "SPE_E3"
# Ends that come after the licence step: these people hold a licence when the waves have closed.
LICENSED_ALL_THE_SAME = {
    "",
    "handed_off_server_team",
    "number_in_use",
    "team_has_no_owner",
    "team_name_taken",
}


@dataclass(frozen=True)
class Council:
    folder: Path

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    @property
    def tenant(self) -> dict[str, Any]:
        packed = (self.folder / "tenant.json.gz").read_bytes()
        return dict(json.loads(gzip.decompress(packed)))


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "make_samples.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def make(folder: Path, options: Sequence[str] = ()) -> Council:
    made = run("--out", str(folder), *options)
    assert made.returncode == 0, made.stderr
    return Council(folder)


def office_holders(council: Council) -> set[str]:
    """Who holds an office licence before the rollout, directly or through a group."""
    tenant = council.tenant
    sku_id = office_sku(tenant)["skuId"]
    direct = {
        user["id"]
        for user in tenant["users"]
        if any(held["skuId"] == sku_id for held in user["assignedLicenses"])
    }
    return direct | {
        member
        for group in tenant["groups"]
        if any(given["skuId"] == sku_id for given in group["assignedLicenses"])
        for member in group["members"]
    }


def office_sku(tenant: dict[str, Any]) -> dict[str, Any]:
    return next(sku for sku in tenant["skus"] if sku["skuPartNumber"] == OFFICE)


def seats_left(council: Council) -> int:
    return int(office_sku(council.tenant)["enabled"]) - len(office_holders(council))


def test_samples_when_made_again_then_are_the_committed_ones(tmp_path: Path) -> None:
    again, committed = make(tmp_path), Council(ROOT / "samples")

    for name in FILES:
        assert (again.folder / name).read_bytes() == (committed.folder / name).read_bytes(), name
    assert again.tenant == committed.tenant


def test_samples_when_read_then_a_pilot_of_30_and_two_waves_of_110() -> None:
    council = Council(ROOT / "samples")

    waves = Counter(row["wave"] for row in council.rows("users.csv"))
    volunteers = sum(row["wave"] == "pilot" and row["priority"] == "volunteer"
                     for row in council.rows("users.csv"))  # fmt: skip
    rollout = tomllib.loads((council.folder / "rollout.toml").read_text())

    assert waves == {"pilot": 30, "1": 110, "2": 110}
    assert volunteers == 8
    assert rollout["waves"]["pilot"]["pilot"] is True
    assert rollout["rollout"]["tenant_id"] == council.tenant["tenant"]["id"]


def test_council_when_made_then_every_reference_resolves(tmp_path: Path) -> None:
    council = make(tmp_path, ["--people", "400", "--seed", "3"])
    tenant, teams = council.tenant, council.rows("teams.csv")
    known = {user["userPrincipalName"] for user in tenant["users"]}
    payroll = {user["employeeId"] for user in tenant["users"]}
    named = {team["team"] for team in teams}

    for row, end in zip(council.rows("users.csv"), council.rows("expected.csv"), strict=True):
        found = row["upn"].strip().casefold() in {upn.casefold() for upn in known}
        assert (found or row["employee_id"] in payroll) == (end["kind"] != "not_found")
        assert set(filter(None, row["teams"].split(";"))) <= named
    for team in teams:
        assert set(filter(None, team["owners"].split(";"))) <= known
        assert team["owners"] or team["existing_team_id"] == tenant["teams"][0]["id"]


@pytest.mark.parametrize("short", [1, 7])
def test_seats_short_when_made_then_the_last_seat_goes_to_the_last_served(
    tmp_path: Path, short: int
) -> None:
    council = make(tmp_path, ["--people", "300", "--seats-short", str(short)])
    ends, holders = council.rows("expected.csv"), office_holders(council)

    unlucky = [end for end in ends if end["code"] == "no_seats_left"]
    served = [
        end
        for end, row in zip(ends, council.rows("users.csv"), strict=True)
        if row["profile"] != "frontline"
        and end["code"] in LICENSED_ALL_THE_SAME
        and end["id"] not in holders
    ]

    assert len(unlucky) == short
    assert len(served) == seats_left(council)


def test_seats_when_not_short_then_there_are_more_than_enough(tmp_path: Path) -> None:
    council = make(tmp_path, ["--people", "300"])
    ends = council.rows("expected.csv")

    assert not [row for row in ends if row["code"] == "no_seats_left"]
    assert seats_left(council) > sum(row["kind"] == "normal" for row in ends) * 0.8


def test_five_people_when_made_then_one_team_and_no_special_kind(tmp_path: Path) -> None:
    council = make(tmp_path, ["--people", "5", "--waves", "1"])

    assert {row["kind"] for row in council.rows("expected.csv")} == {"normal"}
    assert len(council.rows("teams.csv")) == 1
    assert {row["wave"] for row in council.rows("users.csv")} == {"1"}


def test_world_without_skype_online_when_made_then_nobody_is_homed_there(tmp_path: Path) -> None:
    council = make(tmp_path, ["--no-skype-online", "--kind", "onprem=150"])
    homing = Counter(user["sfbHoming"] for user in council.tenant["users"])

    assert homing["online"] == 0
    assert homing["onPremises"] >= 150


@pytest.mark.parametrize(
    "options",
    [
        ["--kind", "mayor=1"],
        ["--people", "10", "--kind", "voice=11"],
        ["--people", "20", "--seats-short", "20"],
        ["--waves", "1", "--seats-short", "1"],
    ],
)
def test_impossible_recipe_when_asked_for_then_one_sentence_and_no_files(
    tmp_path: Path, options: list[str]
) -> None:
    refused = run("--out", str(tmp_path / "none"), *options)

    assert refused.returncode == 64
    assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "none").exists()
