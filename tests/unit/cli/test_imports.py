"""`rollout import`: what is said before, during and after the files travel."""

import json
import os
from pathlib import Path

import pytest

from teams_rollout.cli.input_files import SIZE_CAP
from tests.unit.cli.conftest import Rollout
from tests.unit.cli.stub_api import StubApi

FAULT = {
    "file": "users",
    "line": 3,
    "column": "upn",
    "code": "missing_value",
    "key": "",
    "message": "No UPN [here].",
    "severity": "error",
}


@pytest.fixture
def folder(home: Path) -> Path:
    """A folder with the three files."""
    for name in ("rollout.toml", "users.csv", "teams.csv"):
        (home / name).write_text("x", encoding="utf-8")
    return home


def test_given_a_folder_when_imported_then_its_files_are_sent(
    at_api: Rollout, api: StubApi, folder: Path
):
    api.operation = {"result": {"users": 2, "new": 2, "changed": 0}}

    ran = at_api("import", str(folder))

    assert ran.code == 0
    assert "2 users, 2 new" in ran.out


def test_given_people_of_a_started_wave_when_imported_then_they_are_said_to_stay(
    at_api: Rollout, api: StubApi, folder: Path
):
    api.operation = {"result": {"users": 2, "changed": 0, "frozen": 2}}

    ran = at_api("import", str(folder))

    assert "2 users, 2 left as they are because their wave has started" in ran.out
    assert api.seen == [("/api/v1/imports", {})]


def test_given_options_when_imported_then_they_are_sent(
    at_api: Rollout, api: StubApi, folder: Path
):
    at_api("import", str(folder), "--wave", "late", "--allow-extra-columns", "--yes")

    fields = {"wave": "late", "allow_extra_columns": "true", "confirm": "true"}
    assert api.seen == [("/api/v1/imports", fields)]


def test_given_faults_when_imported_then_each_with_its_place_and_1(
    at_api: Rollout, api: StubApi, folder: Path
):
    api.import_answer = (422, {"title": "Faults.", "errors": [FAULT, FAULT | {"line": 9}]})

    ran = at_api("import", str(folder))

    rows = [line for line in ran.out.splitlines() if "missing_value" in line]
    assert ran.code == 1
    assert [row.split()[1] for row in rows] == ["3", "9"]
    assert "No UPN [here]." in rows[0]
    assert "2 faults; nothing was saved." in ran.err


def test_given_faults_when_imported_as_json_then_the_whole_problem(
    at_api: Rollout, api: StubApi, folder: Path
):
    api.import_answer = (422, {"title": "Faults.", "errors": [FAULT]})

    ran = at_api("import", str(folder), "-o", "json")

    assert ran.code == 1
    assert json.loads(ran.out)["errors"] == [FAULT]


@pytest.mark.parametrize("answer", ["y\n", "n\n"])
def test_given_people_already_imported_when_asked_then_only_yes_takes_over(
    at_api: Rollout, api: StubApi, folder: Path, terminal, answer: str
):
    kind = "urn:rollout:import-needs-confirmation"
    people = {"changed": ["ada@example.gov.uk"]}
    api.import_answer = (409, {"type": kind, "title": "Changes.", "people": people})
    terminal(answer)

    ran = at_api("import", str(folder))

    assert "changed  ada@example.gov.uk" in ran.err
    assert len(api.seen) == (2 if answer == "y\n" else 1)
    assert (ran.code == 0) == (answer == "y\n")


def test_given_people_already_imported_and_no_terminal_then_yes_is_named(
    at_api: Rollout, api: StubApi, folder: Path, stdin
):
    kind = "urn:rollout:import-needs-confirmation"
    api.import_answer = (409, {"type": kind, "title": "Changes."})
    stdin("")

    ran = at_api("import", str(folder))

    assert ran.code == 1
    assert "--yes" in ran.err


def test_given_no_files_when_imported_then_their_options_are_named(rollout: Rollout):
    ran = rollout("import")

    assert ran.code == 1
    assert "--rollout and --users and --teams" in ran.err


def test_given_a_missing_file_when_imported_then_its_name(rollout: Rollout, folder: Path):
    (folder / "teams.csv").unlink()

    ran = rollout("import", str(folder))

    assert ran.code == 1
    assert "teams.csv does not exist" in ran.err


def test_given_a_folder_as_file_when_imported_then_it_says_so(rollout: Rollout, folder: Path):
    ran = rollout("import", str(folder), "--users", str(folder))

    assert ran.code == 1
    assert "is no file" in ran.err


def test_given_a_huge_file_when_imported_then_the_limit_is_named(rollout: Rollout, folder: Path):
    os.truncate(folder / "users.csv", SIZE_CAP + 1)

    ran = rollout("import", str(folder))

    assert ran.code == 1
    assert "20 MiB" in ran.err


def test_given_faults_when_annotated_then_the_file_comes_back_with_a_column(
    at_api: Rollout, api: StubApi, folder: Path
):
    text = "upn,fault\r\n,missing_value\r\n"
    api.import_answer = (422, {"errors": [FAULT], "annotated_users_csv": text})

    ran = at_api("import", str(folder), "--annotate", "back.csv")

    assert ran.code == 1
    assert (folder / "back.csv").read_bytes().decode() == text
    assert api.seen[0][1]["annotate"] == "true"
