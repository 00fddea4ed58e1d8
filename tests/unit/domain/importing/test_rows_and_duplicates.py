"""Shape of rows, quoting, line numbers, people named twice, and accepting only the good rows."""

import pytest

from teams_rollout.domain.importing import ImportOptions
from tests.unit.domain.importing.files import only, parse, places, row, users_of

ANN = "ann@llanfair.example,pilot,Housing\n"
BO = "bo@llanfair.example,pilot,\n"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("bo@llanfair.example,pilot,Housing,more", "too_many_fields"),
        ("bo@llanfair.example,pilot,Housing,", "too_many_fields"),
        ('bo@llanfair.example,"pilot"x,Housing', "unreadable_row"),
        ('bo@llanfair.example,"pilot,Housing', "unreadable_row"),
        (f"bo@llanfair.example,{'x' * 140_000},", "unreadable_row"),
    ],
)
def test_given_a_misshapen_row_when_parsed_then_its_neighbours_are_still_checked(
    line: str, code: str
) -> None:
    users = f"upn,wave,teams\n{ANN}{line}\nno-at,pilot,\ncy@llanfair.example,,\n"

    assert places(parse(users=users).faults) == [
        (3, "", code),
        (4, "upn", "invalid_upn"),
        (5, "wave", "missing_value"),
    ]


def test_given_very_many_broken_rows_when_parsed_then_each_is_reported() -> None:
    users = "upn,wave,teams\n" + 'a,"b"c,d\n' * 50 + "no-at,pilot,\n"

    faults = parse(users=users).faults

    assert len(faults) == 51
    assert (faults[-1].line, faults[-1].code) == (52, "invalid_upn")


def test_given_short_rows_when_parsed_then_missing_cells_are_empty() -> None:
    parsed = parse(users=f"upn,wave,teams\nbo@llanfair.example,pilot\n{ANN}")

    assert parsed.faults == ()
    assert parsed.roster is not None
    assert parsed.roster.users[0].teams == ()


def test_given_a_file_that_ends_in_a_short_line_when_parsed_then_it_warns() -> None:
    parsed = parse(users=f"upn,wave,teams\n{ANN}bo@llanfair.example,pilot")

    assert places(parsed.faults) == [(3, "", "too_few_fields")]
    assert parsed.faults[0].severity == "warning"
    assert parsed.roster is not None


def test_given_no_last_line_break_but_a_whole_row_when_parsed_then_nothing_is_wrong() -> None:
    assert parse(users=f"upn,wave,teams\n{ANN}".rstrip("\n")).faults == ()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_given_any_line_ending_when_parsed_then_line_numbers_are_the_files(ending: str) -> None:
    lines = ["upn,wave,teams", ANN.strip(), "", ",,", "no-at,pilot,"]

    parsed = parse(users=ending.join(lines) + ending)

    assert places(parsed.faults) == [(5, "upn", "invalid_upn")]


def test_given_a_cell_of_several_lines_when_parsed_then_later_line_numbers_stay_right() -> None:
    users = f'upn,wave,note\nann@llanfair.example,pilot,"one\ntwo\nthree"\n{BO}no-at,pilot,\n'

    parsed = parse(users=users, options=ImportOptions(allow_extra_columns=True))

    assert places(parsed.faults) == [(6, "upn", "invalid_upn")]


def test_given_a_nameless_column_when_it_is_empty_then_it_is_ignored_else_reported() -> None:
    assert parse(users="upn,wave,\nann@llanfair.example,pilot,\n").faults == ()
    parsed = parse(users="upn,wave,\nann@llanfair.example,pilot,x\n")
    assert places(parsed.faults) == [(2, "", "too_many_fields")]


def test_given_an_exact_copy_when_parsed_then_it_warns_and_counts_once() -> None:
    parsed = parse(users=users_of(row(), row(upn=" ANN@llanfair.example")))

    fault = only(parsed)
    assert (fault.line, fault.column, fault.code) == (3, "upn", "duplicate")
    assert fault.severity == "warning"
    assert parsed.roster is not None
    assert len(parsed.roster.users) == 1


def test_given_differing_rows_for_one_person_when_parsed_then_the_later_is_reported() -> None:
    users = users_of(row(), row(upn="bo@llanfair.example"), row(wave="wave 1"))

    fault = only(parse(users=users))

    assert (fault.line, fault.column, fault.code) == (4, "upn", "conflicting_duplicate")
    assert "line 2" in fault.message


def test_given_one_wave_for_all_when_rows_differ_in_wave_only_then_they_are_copies() -> None:
    users = users_of(row(), row(wave="wave 1"))

    assert only(parse(users=users, options=ImportOptions(wave="pilot"))).code == "duplicate"


@pytest.mark.parametrize("first_by_upn", [True, False])
def test_given_a_person_by_upn_and_by_employee_id_when_parsed_then_they_conflict(
    *, first_by_upn: bool
) -> None:
    rows = [row(employee_id="0042"), row(upn="", employee_id="0042")]

    fault = only(parse(users=users_of(*(rows if first_by_upn else reversed(rows)))))

    assert (fault.line, fault.column, fault.code) == (3, "employee_id", "conflicting_duplicate")


def test_given_two_accounts_with_one_employee_id_when_parsed_then_both_are_people() -> None:
    users = users_of(row(employee_id="42"), row(upn="adm@llanfair.example", employee_id="42"))

    parsed = parse(users=users)

    assert parsed.faults == ()
    assert parsed.roster is not None
    assert len(parsed.roster.users) == 2


def test_given_one_number_for_two_people_when_parsed_then_it_only_warns() -> None:
    number = "+442079460000"
    users = users_of(row(phone_number=number), row(upn="bo@llanfair.example", phone_number=number))

    parsed = parse(users=users)

    assert only(parsed).code == "duplicate_phone_number"
    assert only(parsed).severity == "warning"
    assert parsed.roster is not None


def _with_bad_rows(*, good: int, bad: int) -> str:
    sound = [row(upn=f"p{n}@llanfair.example") for n in range(good)]
    return users_of(*sound, *(row(upn=f"no-at-{n}") for n in range(bad)))


def test_given_two_percent_bad_when_the_good_are_accepted_then_they_are_imported() -> None:
    parsed = parse(users=_with_bad_rows(good=98, bad=2), options=ImportOptions(accept_good=True))

    assert [f.code for f in parsed.faults] == ["invalid_upn"] * 2
    assert parsed.roster is not None
    assert len(parsed.roster.users) == 98


def test_given_more_than_two_percent_bad_when_the_good_are_accepted_then_none_is() -> None:
    parsed = parse(users=_with_bad_rows(good=97, bad=3), options=ImportOptions(accept_good=True))

    assert places(parsed.faults)[0] == (0, "", "too_many_bad_rows")
    assert "3 of 100 rows are bad (3.0%)" in parsed.faults[0].message
    assert parsed.roster is None


def test_given_a_bad_header_when_the_good_are_accepted_then_none_is() -> None:
    users = "upn,wave,colour\nann@llanfair.example,pilot,red\n"

    assert parse(users=users, options=ImportOptions(accept_good=True)).roster is None


def test_given_bad_teams_when_the_good_are_accepted_then_none_is() -> None:
    parsed = parse(
        teams="team,visibility\nHousing,Secret\n", options=ImportOptions(accept_good=True)
    )

    assert parsed.roster is None
