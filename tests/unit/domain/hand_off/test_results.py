"""What comes back: every fault at once, or every report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.hand_off.files import to_csv
from teams_rollout.domain.hand_off.model import Action
from teams_rollout.domain.hand_off.results import Result, ResultsRead, read_results
from teams_rollout.domain.roster import UserKey
from tests.unit.domain.hand_off.test_files import a_line

ANN, BOB = (UserKey(shard="r:0001", ref=f"u00000{n}") for n in (1, 2))
PEOPLE = {"id-1": ANN, "id-2": BOB, "id-3": None}
HEADER = "schema_version,action,user_id,policy_type,result,reason,detail,sign_in_name"


def read(*rows: str, header: str = HEADER) -> ResultsRead:
    text = "\r\n".join([header, *rows]) + "\r\n"
    return read_results(text.encode(), file_name="back.csv", people=PEOPLE)


def test_given_the_file_that_we_wrote_when_it_comes_back_untouched_then_nothing_is_reported() -> (
    None
):
    text = to_csv([a_line(), a_line(user_id="id-2")])

    found = read_results(text.encode(), file_name="back.csv", people=PEOPLE)

    assert (found.reports, found.unanswered, found.faults) == ((), 2, ())


def test_given_results_when_read_then_a_report_each() -> None:
    found = read(
        "1,move_user,ID-1,,Done,,,",
        "1,assign_policy,id-2,TeamsUpgradePolicy,failed,Refused,not in a valid state,",
        "1,assign_policy,id-1,TeamsUpgradePolicy,,,,",
    )

    assert found.reports is not None
    first, second = found.reports
    assert (first.key, first.action, first.result) == (ANN, Action.MOVE_USER, Result.DONE)
    assert (second.key, second.reason) == (BOB, "refused")
    assert second.detail == "not in a valid state"
    assert found.unanswered == 1


def test_given_bad_rows_when_read_then_all_are_told_with_line_column_and_code() -> None:
    found = read(
        "2,move_user,id-1,,done,,,",
        "1,moved,id-1,,done,,,",
        "1,move_user,nobody,,done,,,",
        "1,move_user,id-3,,done,,,",
        "1,move_user,id-1,,yes,,,",
        "1,move_user,id-1,,failed,,,",
        "1,move_user,id-1,,failed,no idea,,ann@llanfair.example",
        "1,move_user,id-2,,done,,,",
        "1,move_user,id-2,,failed,other,,",
    )

    assert found.reports is None
    assert [(f.line, f.column, f.code) for f in found.faults] == [
        (2, "schema_version", "wrong_schema_version"),
        (3, "action", "invalid_value"),
        (4, "user_id", "unknown_person"),
        (5, "user_id", "not_handed_off"),
        (6, "result", "invalid_result"),
        (7, "reason", "missing_value"),
        (8, "reason", "unknown_reason"),
        (10, "user_id", "conflicting_duplicate"),
    ]
    assert found.faults[6].key == "ann@llanfair.example"


def test_given_the_same_row_twice_when_read_then_a_warning_and_one_report() -> None:
    found = read("1,move_user,id-1,,done,,,", "1,move_user,id-1,,done,,,")

    assert found.reports is not None
    assert len(found.reports) == 1
    assert [(f.code, f.severity) for f in found.faults] == [("duplicate", "warning")]


@pytest.mark.parametrize("column", ["schema_version", "action", "user_id", "result"])
def test_given_a_needed_column_is_missing_when_read_then_it_is_named(column: str) -> None:
    header = ",".join(name for name in HEADER.split(",") if name != column)

    found = read(header=header)

    assert found.reports is None
    assert [(f.column, f.code) for f in found.faults] == [(column, "missing_column")]


def test_given_a_column_of_their_own_when_read_then_it_is_refused() -> None:
    found = read("1,move_user,id-1,,done,,,,x", header=f"{HEADER},ticket")

    assert [f.code for f in found.faults] == ["unknown_column"]
    assert found.reports is None


def test_given_a_file_without_rows_when_read_then_it_says_so() -> None:
    assert [f.code for f in read().faults] == ["no_rows"]


@given(st.binary(max_size=300))
def test_given_any_bytes_when_read_then_faults_or_reports_and_never_an_error(data: bytes) -> None:
    found = read_results(data, file_name="back.csv", people=PEOPLE)

    assert (found.reports is None) == any(f.is_error for f in found.faults)
