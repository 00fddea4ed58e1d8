"""Every kind of fault of a row of users.csv, and what is tolerated."""

from datetime import date

import pytest

from teams_rollout.domain.importing import ImportOptions
from teams_rollout.domain.vocabulary import CoexistenceMode, Priority
from tests.unit.domain.importing.files import (
    TWO_PROFILES,
    only,
    parse,
    places,
    row,
    users_of,
)


def test_given_a_full_row_when_parsed_then_each_cell_arrives_as_its_value() -> None:
    text = row(
        upn=" ANN.O'Neill@Llanfair.Example ",
        employee_id="0042",
        mail="Ann@Mail.Example",
        wave="Wave_2",
        profile="office",
        priority="VIP",
        teams=" Housing ;Libraries;;Housing",
        phone_number="+442079460000",
        hold_until="2026-12-31",
        coexistence_mode="sfbonly",
    )

    parsed = parse(users=users_of(text))

    assert parsed.roster is not None
    person = parsed.roster.users[0]
    assert person.line == 2
    assert person.upn == "ann.o'neill@llanfair.example"
    assert (person.employee_id, person.mail) == ("0042", "ann@mail.example")
    assert (person.wave, person.profile, person.priority) == ("Wave_2", "office", Priority.VIP)
    assert person.teams == ("Housing", "Libraries")
    assert person.phone_number == "+442079460000"
    assert person.hold_until == date(2026, 12, 31)
    assert person.coexistence_mode is CoexistenceMode.SFB_ONLY


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("upn", "ann", "invalid_upn"),
        ("upn", "ann@", "invalid_upn"),
        ("upn", "@llanfair.example", "invalid_upn"),
        ("upn", "ann@llanfair", "invalid_upn"),
        ("upn", "ann smith@llanfair.example", "invalid_upn"),
        ("upn", "zoë@llanfair.example", "invalid_upn"),
        ("upn", "an+n@llanfair.example", "invalid_upn"),
        ("upn", "ann@llan_fair.example", "invalid_upn"),
        ("upn", "ann@-llanfair.example", "invalid_upn"),
        ("upn", "ann@x@llanfair.example", "invalid_upn"),
        ("upn", "=cmd|'/c calc'!A1@llanfair.example", "invalid_upn"),
        ("upn", "a" * 65 + "@llanfair.example", "invalid_upn"),
        ("upn", "\u212aim@llanfair.example", "invalid_upn"),  # the Kelvin sign folds to k
        ("employee_id", "=1+1", "invalid_employee_id"),
        ("employee_id", "4" * 65, "invalid_employee_id"),
        ("mail", "nobody", "invalid_mail"),
        ("mail", "=x@llanfair.example", "invalid_mail"),
        ("wave", "", "missing_value"),
        ("wave", "pilot/2", "invalid_wave"),
        ("wave", "p" * 41, "invalid_wave"),
        ("wave", "welle ö", "invalid_wave"),
        ("wave", "Pilot", "wave_name_clash"),
        ("wave", "wave-1", "wave_name_clash"),
        ("profile", "mayor", "unknown_profile"),
        ("priority", "urgent", "invalid_priority"),
        ("teams", "Nowhere", "unknown_team"),
        ("teams", "Housing;Nowhere;Elsewhere", "unknown_team"),
        ("phone_number", "020 7946 0000", "invalid_phone_number"),
        ("phone_number", "442079460000", "invalid_phone_number"),
        ("phone_number", "+44 20 7946 0000", "invalid_phone_number"),
        ("phone_number", "+0442079460000", "invalid_phone_number"),
        ("phone_number", "+4420794600001234", "invalid_phone_number"),
        ("phone_number", "4.42E+11", "invalid_phone_number"),
        ("phone_number", "+٤٤٢٠٧٩٤٦٠٠٠٠", "invalid_phone_number"),
        ("hold_until", "31/12/2026", "invalid_date"),
        ("hold_until", "2026-02-30", "invalid_date"),
        ("hold_until", "20261231", "invalid_date"),
        ("hold_until", "2026-W01-1", "invalid_date"),
        ("coexistence_mode", "SkypeForever", "unknown_coexistence_mode"),
    ],
)
def test_given_a_bad_cell_when_parsed_then_its_place_and_code_are_reported(
    column: str, cell: str, code: str
) -> None:
    fault = only(parse(users=users_of(row(**{column: cell}))))

    assert (fault.file, fault.line, fault.column, fault.code) == ("users.csv", 2, column, code)
    assert fault.severity == "error"
    assert fault.key == (cell if column == "upn" else "ann@llanfair.example")
    assert fault.message.endswith(".")


@pytest.mark.parametrize(
    "upn",
    [
        "a" * 64 + "@llanfair.example",
        "o'brien!#'-._^~9@a-b.c9.example",
        "x@a.b",
    ],
)
def test_given_an_unusual_but_legal_upn_when_parsed_then_it_passes(upn: str) -> None:
    assert parse(users=users_of(row(upn=upn))).faults == ()


def test_given_several_bad_cells_when_parsed_then_the_row_reports_each() -> None:
    text = row(phone_number="1", hold_until="soon", teams="Nowhere")

    assert places(parse(users=users_of(text)).faults) == [
        (2, "teams", "unknown_team"),
        (2, "phone_number", "invalid_phone_number"),
        (2, "hold_until", "invalid_date"),
    ]


def test_given_a_team_in_other_spelling_when_parsed_then_the_right_one_is_suggested() -> None:
    fault = only(parse(users=users_of(row(teams="HOUSING"))))

    assert "write “Housing”" in fault.message


def test_given_nobody_in_the_row_when_parsed_then_the_first_identity_is_missing() -> None:
    assert places(parse(users=users_of(row(upn=""))).faults) == [(2, "upn", "missing_value")]
    without_upn = parse(users="wave,mail,employee_id\npilot,,\n")
    assert places(without_upn.faults) == [(2, "employee_id", "missing_value")]


@pytest.mark.parametrize(("column", "value"), [("employee_id", "0042"), ("mail", "a@b.example")])
def test_given_only_a_substitute_when_parsed_then_it_names_the_person(
    column: str, value: str
) -> None:
    parsed = parse(users=f"{column},wave\n{value},pilot\n")

    assert parsed.roster is not None
    assert parsed.roster.users[0].identity == value


def test_given_no_profile_but_several_to_choose_from_when_parsed_then_it_is_missing() -> None:
    parsed = parse(rollout=TWO_PROFILES, users=users_of(row(), row(upn="bo@llanfair.example")))

    assert places(parsed.faults) == [
        (2, "profile", "missing_value"),
        (3, "profile", "missing_value"),
    ]


def test_given_many_profiles_when_one_is_unknown_then_the_message_lists_only_some() -> None:
    profiles = "".join(f'\n[profiles.p{n:02}]\nskus = ["SPE_E3"]\n' for n in range(15))

    fault = only(
        parse(rollout='[rollout]\nname = "x"\n' + profiles, users=users_of(row(profile="no")))
    )

    assert "“p09”, …" in fault.message
    assert "p10" not in fault.message


def test_given_columns_in_any_case_and_order_when_parsed_then_they_are_understood() -> None:
    parsed = parse(users="Wave, UPN ,Fault\npilot,ann@llanfair.example,old remark\n")

    assert parsed.faults == ()


@pytest.mark.parametrize(
    ("header", "column", "code"),
    [
        ("wave,profile", "upn", "missing_column"),
        ("upn,profile", "wave", "missing_column"),
        ("upn,wave", "profile", "missing_column"),
        ("upn,wave,profile,Colour", "Colour", "unknown_column"),
        ("upn,wave,profile,UPN", "UPN", "duplicate_column"),
    ],
)
def test_given_a_wrong_header_when_parsed_then_the_column_is_reported_once(
    header: str, column: str, code: str
) -> None:
    cells = {"upn": "ann@llanfair.example", "wave": "pilot", "profile": "office"}
    line = ",".join(cells.get(name, "") for name in header.split(","))

    fault = only(parse(rollout=TWO_PROFILES, users=f"{header}\n{line}\n"))

    assert (fault.line, fault.column, fault.code) == (1, column, code)


def test_given_extra_columns_are_allowed_when_parsed_then_they_are_ignored() -> None:
    users = "upn,wave,colour\nann@llanfair.example,pilot,red\n"

    parsed = parse(users=users, options=ImportOptions(allow_extra_columns=True))

    assert parsed.faults == ()
    assert parsed.roster is not None


def test_given_one_wave_for_all_when_parsed_then_the_column_does_not_matter() -> None:
    users = users_of(row(wave=""), row(upn="bo@llanfair.example", wave="???"))

    parsed = parse(users=users, options=ImportOptions(wave=" wave 1 "))

    assert parsed.faults == ()
    assert parsed.roster is not None
    assert {u.wave for u in parsed.roster.users} == {"wave 1"}


def test_given_one_wave_and_no_wave_column_when_parsed_then_it_is_enough() -> None:
    parsed = parse(users="upn\nann@llanfair.example\n", options=ImportOptions(wave="pilot"))

    assert parsed.roster is not None
    assert parsed.roster.users[0].wave == "pilot"


def test_given_a_bad_wave_for_all_when_parsed_then_it_is_reported_once() -> None:
    users = users_of(row(), row(upn="bo@llanfair.example"))

    parsed = parse(users=users, options=ImportOptions(wave="a/b"))

    assert places(parsed.faults) == [(0, "wave", "invalid_wave")]
    assert parsed.roster is None


@pytest.mark.parametrize(
    ("cell", "is_taken"),
    [("Mair Prys, Parks", True), ("", True), ("=1+1", False), ("m" * 121, False)],
)
def test_given_a_manager_when_parsed_then_any_name_but_no_formula(
    cell: str, is_taken: bool
) -> None:
    head, line = users_of(row()).strip().splitlines()

    parsed = parse(users=f'{head},manager\n{line},"{cell}"\n')

    if is_taken:
        assert parsed.roster is not None
        assert parsed.roster.users[0].manager == cell
    else:
        assert only(parsed).column == "manager"
