"""What leaves for another team: the tasks of a person, and the file they stand in."""

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from teams_rollout.domain.coexistence import BACKENDS
from teams_rollout.domain.findings import Finding, StepView
from teams_rollout.domain.hand_off.files import COLUMNS, notes_for, to_csv
from teams_rollout.domain.hand_off.model import (
    Action,
    Addressee,
    HandOffLine,
    Meetings,
    tasks_of,
)
from teams_rollout.domain.hand_off.results import REASONS
from teams_rollout.domain.vocabulary import CoexistenceMode, Environment, Step

UPGRADE = "TeamsUpgradePolicy"
SINCE = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def a_view(finding: Finding, code: str = "", **values: dict[str, str]) -> StepView:
    return StepView(step=Step.COEXISTENCE, finding=finding, code=code, **values)


def a_line(**values: object) -> HandOffLine:
    fields: dict[str, object] = {
        "hand_off": "h1",
        "environment": Environment.REHEARSAL,
        "tenant_id": "t1",
        "wave": "pilot",
        "addressee": Addressee.SERVER_TEAM,
        "action": Action.MOVE_USER,
        "user_id": "id-1",
        "sign_in_name": "siân@llanfair.example",
        "policy_type": "",
        "policy_name": "",
        "meetings": Meetings.BY_THE_MOVE,
        "sign_in_within_days": 30,
        "owner": "server team",
        "since": SINCE,
        **values,
    }
    return HandOffLine.model_validate(fields)


def test_given_somebody_on_the_server_when_handed_off_then_the_server_team_moves_them() -> None:
    (task,) = tasks_of(a_view(Finding.WAITING, "handed_off_server_team"))

    assert task.action.addressee is Addressee.SERVER_TEAM
    assert (task.action, task.meetings) == (Action.MOVE_USER, Meetings.BY_THE_MOVE)


@pytest.mark.parametrize(
    ("mode", "meetings"),
    [
        (CoexistenceMode.TEAMS_ONLY, Meetings.MIGRATE),
        (CoexistenceMode.SFB_WITH_TEAMS_COLLAB_AND_MEETINGS, Meetings.MIGRATE),
        (CoexistenceMode.SFB_WITH_TEAMS_COLLAB, Meetings.KEEP),
        (CoexistenceMode.ISLANDS, Meetings.KEEP),
    ],
)
def test_given_a_mode_for_the_administrators_when_handed_off_then_its_policy_and_meetings(
    mode: CoexistenceMode, meetings: Meetings
) -> None:
    (task,) = tasks_of(BACKENDS["handoff"].change(None, mode))

    assert task.action.addressee is Addressee.TEAMS_ADMINISTRATORS
    assert (task.policy_type, task.policy_name) == (UPGRADE, mode.policy_name)
    assert task.meetings is meetings


def test_given_an_interim_mode_by_hand_when_handed_off_then_both_teams_have_work() -> None:
    view = BACKENDS["handoff"].change(
        None, CoexistenceMode.SFB_WITH_TEAMS_COLLAB, code="handed_off_server_team"
    )

    assert [t.action for t in tasks_of(view)] == [Action.MOVE_USER, Action.ASSIGN_POLICY]


@pytest.mark.parametrize("finding", [f for f in Finding if f is not Finding.WAITING])
def test_given_nothing_to_wait_for_when_asked_then_nobody_has_work(finding: Finding) -> None:
    assert tasks_of(a_view(finding, policies={UPGRADE: "UpgradeToTeams"})) == ()


def test_given_lines_when_written_then_the_columns_that_the_world_relies_on() -> None:
    text = to_csv([a_line()])

    assert text.startswith("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert tuple(row) == COLUMNS
    assert (
        *("schema_version", "hand_off", "environment", "tenant_id", "wave", "addressee"),
        *("action", "user_id", "sign_in_name", "policy_type", "policy_name", "meetings"),
        *("sign_in_within_days", "owner", "since", "result", "reason", "detail"),
    ) == COLUMNS
    assert row["sign_in_name"] == "siân@llanfair.example"
    assert (row["schema_version"], row["environment"]) == ("1", "REHEARSAL")
    assert (row["since"], row["sign_in_within_days"]) == ("2026-11-21T12:00:00Z", "30")
    assert (row["result"], row["reason"], row["detail"]) == ("", "", "")


def test_given_a_line_without_a_term_when_written_then_the_cell_is_empty() -> None:
    text = to_csv([a_line(sign_in_within_days=None)])

    assert "None" not in text


@pytest.mark.parametrize("addressee", Addressee)
def test_given_notes_when_read_then_meetings_and_never_force(addressee: Addressee) -> None:
    notes = " ".join(notes_for(addressee))

    assert "Start-CsExMeetingMigration" in notes
    assert "rollout handoff take" in notes
    assert ("-Force" in notes) == (addressee is Addressee.SERVER_TEAM)
    assert ("30 days" in notes) == (addressee is Addressee.SERVER_TEAM)


def test_given_the_document_when_read_then_it_names_every_column_and_reason() -> None:
    text = (Path(__file__).parents[4] / "docs" / "hand-off.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = {name for cell in rows for name in re.findall(r"`(\w+)`", cell)}

    assert named >= {*COLUMNS, *REASONS}
