"""Every kind of fault of teams.csv, and what stands in for empty cells."""

import pytest

from teams_rollout.domain.importing import ImportOptions
from tests.unit.domain.importing.files import only, parse, places

HEADER = "team,display_name,owners,channels,visibility,mail_nickname,existing_team_id"
TEAM_ID = "9531985D-5d9d-49f8-9818-e811892f902b"
NO_TEAMS_NAMED = "upn,wave\nann@llanfair.example,pilot\n"


def _teams(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def test_given_a_full_row_when_parsed_then_each_cell_arrives_as_its_value() -> None:
    line = (
        f"Housing,Housing team,Ann@Llanfair.Example; bo@llanfair.example,General;News,public,"
        f"housing-news,{TEAM_ID}"
    )

    parsed = parse(teams=_teams(line))

    assert parsed.roster is not None
    team = parsed.roster.teams[0]
    assert (team.key, team.display_name) == ("Housing", "Housing team")
    assert team.owners == ("ann@llanfair.example", "bo@llanfair.example")
    assert team.channels == ("General", "News")
    assert (team.visibility, team.mail_nickname) == ("Public", "housing-news")
    assert team.existing_team_id == TEAM_ID.lower()


@pytest.mark.parametrize("teams", ["team\nHousing\n", _teams("Housing,,,,,,")])
def test_given_only_a_key_when_parsed_then_the_rest_has_its_defaults(teams: str) -> None:
    parsed = parse(teams=teams)

    assert parsed.roster is not None
    team = parsed.roster.teams[0]
    assert team.display_name == "Housing"
    assert (team.owners, team.channels, team.visibility) == ((), (), "Private")


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        (",Housing,,,,,", "team", "missing_value"),
        ("A;B,,,,,,", "team", "invalid_team"),
        (f"{'h' * 257},,,,,,", "team", "invalid_team"),
        (f"Housing,{'h' * 257},,,,,", "display_name", "invalid_team"),
        ("Housing,,ann@llanfair.example;bo,,,,", "owners", "invalid_upn"),
        (f"Housing,,,General;{'c' * 51},,,", "channels", "invalid_channel"),
        ("Housing,,,,Secret,,", "visibility", "invalid_visibility"),
        ("Housing,,,,,housing news,", "mail_nickname", "invalid_mail_nickname"),
        ("Housing,,,,,.housing,", "mail_nickname", "invalid_mail_nickname"),
        ("Housing,,,,,hou..sing,", "mail_nickname", "invalid_mail_nickname"),
        ("Housing,,,,,häuser,", "mail_nickname", "invalid_mail_nickname"),
        ("Housing,,,,,housing@llanfair.example,", "mail_nickname", "invalid_mail_nickname"),
        ("Housing,,,,,,42", "existing_team_id", "invalid_team_id"),
    ],
)
def test_given_a_bad_cell_when_parsed_then_its_place_and_code_are_reported(
    line: str, column: str, code: str
) -> None:
    fault = only(parse(teams=_teams(line), users=NO_TEAMS_NAMED))

    assert (fault.file, fault.line, fault.column, fault.code) == ("teams.csv", 2, column, code)
    assert fault.message.endswith(".")


def test_given_a_faulty_team_when_users_name_it_then_only_the_team_is_blamed() -> None:
    parsed = parse(teams=_teams("Housing,,,,Secret,,"))

    assert [f.file for f in parsed.faults] == ["teams.csv"]


def test_given_a_team_twice_when_parsed_then_a_copy_warns_and_a_difference_is_a_fault() -> None:
    parsed = parse(teams=_teams("Housing,,,,,,", "Housing,,,,,,", "Housing,,,News,,,"))

    assert places(parsed.faults) == [(3, "team", "duplicate"), (4, "team", "duplicate_team")]
    assert [f.severity for f in parsed.faults] == ["warning", "error"]


@pytest.mark.parametrize(
    ("first", "second", "column", "code"),
    [
        ("A,,,,,depot,", "B,,,,,Depot,", "mail_nickname", "invalid_mail_nickname"),
        (f"A,,,,,,{TEAM_ID}", f"B,,,,,,{TEAM_ID.upper()}", "existing_team_id", "duplicate_team"),
    ],
)
def test_given_two_teams_claim_one_thing_when_parsed_then_the_later_is_reported(
    first: str, second: str, column: str, code: str
) -> None:
    fault = only(parse(teams=_teams(first, second), users=NO_TEAMS_NAMED))

    assert (fault.line, fault.column, fault.code) == (3, column, code)
    assert "“A”" in fault.message


def test_given_only_a_header_when_parsed_then_the_rollout_has_no_teams() -> None:
    parsed = parse(teams="team,owners\n", users=NO_TEAMS_NAMED)

    assert parsed.roster is not None
    assert parsed.roster.teams == ()


@pytest.mark.parametrize(
    ("teams", "column", "code"),
    [
        ("", "", "empty_file"),
        ("owners,channels\n", "team", "missing_column"),
        ("team,colour\nHousing,red\n", "colour", "unknown_column"),
    ],
)
def test_given_a_wrong_header_when_parsed_then_it_is_reported_once(
    teams: str, column: str, code: str
) -> None:
    fault = only(parse(teams=teams))

    assert (fault.file, fault.line, fault.column, fault.code) == ("teams.csv", 1, column, code)


def test_given_extra_columns_are_allowed_when_parsed_then_they_are_ignored() -> None:
    parsed = parse(
        teams="team,colour\nHousing,red\n", options=ImportOptions(allow_extra_columns=True)
    )

    assert parsed.roster is not None
