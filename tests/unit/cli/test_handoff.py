"""`handoff`: lists, files on disk, results."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from teams_rollout.domain.hand_off.files import COLUMNS
from tests.unit.cli.conftest import Rollout
from tests.unit.cli.stub_api import StubApi
from tests.unit.domain.hand_off.test_files import a_line

ROW: dict[str, Any] = {
    "wave": "pilot",
    "addressee": "server_team",
    "people": 1,
    "not_ready": 0,
    "on_hold": 0,
    "refused": 0,
    "since": "2026-11-20T10:00:00Z",
}
HAND_OFF = {
    "hand_off": "h1",
    "environment": "REHEARSAL",
    "addressee": "server_team",
    "notes": ["Never add -Force."],
    "lines": [a_line().model_dump(mode="json")],
}


@pytest.fixture
def api(api: StubApi) -> StubApi:
    """One person waits for the server team."""
    api.hand_offs, api.hand_off = [dict(ROW)], dict(HAND_OFF)
    return api


def test_given_people_who_wait_when_listed_then_for_whom_and_2_if_asked(at_api: Rollout):
    ran = at_api("handoff", "list", "--exit-code")

    assert "server team" in ran.out
    assert ran.code == 2


def test_given_nobody_waits_when_listed_or_written_then_it_says_so(
    at_api: Rollout, api: StubApi, home: Path
):
    api.hand_offs = []

    assert "Nobody waits for another team" in at_api("handoff", "list").out
    assert "nothing was written" in at_api("handoff", "write", "--to", "out").out
    assert not (home / "out").exists()


def test_given_people_who_wait_when_written_then_a_table_and_a_page_that_says_rehearsal(
    at_api: Rollout, api: StubApi, home: Path
):
    ran = at_api("handoff", "write", "--to", "out")

    assert ran.code == 0
    table = home / "out" / "pilot.server_team.csv"
    with table.open(encoding="utf-8-sig", newline="") as text:
        (row,) = csv.DictReader(text)
    assert tuple(row) == COLUMNS
    page = table.with_suffix(".txt").read_text("utf-8")
    assert page.startswith("REHEARSAL")
    assert "Never add -Force." in page
    assert api.seen[-1][1] == {"wave": "pilot", "addressee": "server_team", "with_refused": False}


def test_given_a_file_that_is_there_when_written_again_then_refused_and_kept(
    at_api: Rollout, home: Path
):
    at_api("handoff", "write", "--to", "out")
    table = home / "out" / "pilot.server_team.csv"
    table.write_text("results that nobody has taken", encoding="utf-8")

    ran = at_api("handoff", "write", "--to", "out")

    assert ran.code == 1
    assert "Take it back first" in ran.err
    assert table.read_text("utf-8") == "results that nobody has taken"


def test_given_results_when_taken_then_where_their_people_are(
    at_api: Rollout, api: StubApi, home: Path
):
    (home / "back.csv").write_text("user_id\n", encoding="utf-8")
    api.operation = {"result": {"reported": 3, "unanswered": 1, "done": 2, "waiting": 1}}

    ran = at_api("handoff", "take", "back.csv")

    assert "3 rows taken, 1 still open. Now: done 2, waiting 1." in ran.out
    assert "looked for until it does" in ran.out


def test_given_faults_when_taken_then_all_shown_and_1(at_api: Rollout, api: StubApi, home: Path):
    (home / "back.csv").write_text("user_id\n", encoding="utf-8")
    fault = {"file": "back.csv", "line": 2, "column": "result", "code": "invalid_result"}
    fault["message"] = "The result is neither done nor failed."
    api.results_answer = (422, {"title": "Faults.", "errors": [fault]})

    ran = at_api("handoff", "take", "back.csv")

    assert ran.code == 1
    assert "invalid_result" in ran.out
    assert "nothing was saved" in ran.err
    assert json.loads(at_api("handoff", "take", "back.csv", "-o", "json").out)["errors"] == [fault]


def test_given_no_such_file_when_taken_then_one_sentence(at_api: Rollout):
    ran = at_api("handoff", "take", "nowhere.csv")

    assert (ran.code, "does not exist" in ran.err) == (1, True)
