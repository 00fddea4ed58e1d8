"""Sound files become a roster; files that are no text at all give one clear fault each."""

import json

import pytest

from teams_rollout.domain.importing import ImportOptions, parse_files
from tests.unit.domain.importing.files import (
    ROLLOUT,
    SAMPLES,
    SHARED,
    TEAMS,
    USERS,
    only,
    parse,
    places,
    row,
    users_of,
)


def test_given_sound_files_when_parsed_then_roster_has_everything_and_no_fault() -> None:
    parsed = parse()

    assert parsed.faults == ()
    assert parsed.roster is not None
    assert [u.upn for u in parsed.roster.users] == ["ann@llanfair.example"]
    assert parsed.roster.users[0].profile == "office"
    assert [t.key for t in parsed.roster.teams] == ["Housing", "Libraries"]
    assert parsed.roster.wave_order() == ("pilot",)


def test_given_the_samples_when_parsed_then_they_are_sound() -> None:
    parsed = parse_files(
        rollout=(SAMPLES / "rollout.toml").read_bytes(),
        users=(SAMPLES / "users.csv").read_bytes(),
        teams=(SAMPLES / "teams.csv").read_bytes(),
        options=ImportOptions(),
    )

    assert parsed.faults == ()
    assert parsed.roster is not None
    assert len(parsed.roster.users) == 250


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference councils are not present")
@pytest.mark.parametrize("council", ["council-250", "council-6000", "skype-server-300"])
def test_given_a_reference_council_when_parsed_then_it_is_sound(council: str) -> None:
    parsed = parse_files(
        rollout=(SHARED / f"{council}.rollout.toml").read_bytes(),
        users=(SHARED / f"{council}.users.csv").read_bytes(),
        teams=(SHARED / f"{council}.teams.csv").read_bytes(),
        options=ImportOptions(),
    )

    assert parsed.faults == ()
    assert parsed.roster is not None


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference councils are not present")
def test_given_the_reference_bad_file_when_parsed_then_exactly_its_faults_are_found() -> None:
    expected = json.loads((SHARED / "bad.expected.json").read_text())

    parsed = parse_files(
        rollout=(SHARED / "council-250.rollout.toml").read_bytes(),
        users=(SHARED / "bad.users.csv").read_bytes(),
        teams=(SHARED / "council-250.teams.csv").read_bytes(),
        options=ImportOptions(),
    )

    assert places(parsed.faults) == [(f["line"], f["column"], f["code"]) for f in expected]
    assert parsed.roster is None


def test_given_every_file_is_wrong_when_parsed_then_all_are_reported_by_their_names() -> None:
    parsed = parse_files(
        rollout=b"x = ",
        users=b"upn,wave\nno-at-sign,pilot\n",
        teams=b"team,visibility\nHousing,Secret\n",
        options=ImportOptions(),
        file_names=("a.toml", "b.csv", "c.csv"),
    )

    assert [(f.file, f.code) for f in parsed.faults] == [
        ("a.toml", "malformed_toml"),
        ("b.csv", "invalid_upn"),
        ("c.csv", "invalid_visibility"),
    ]
    assert parsed.roster is None


def test_given_unreadable_rollout_and_teams_when_parsed_then_users_are_not_blamed_for_it() -> None:
    users = users_of(row(profile="mayor", teams="Nowhere"))

    parsed = parse(rollout=b"\xff", teams=b"\xff", users=users)

    assert [(f.file, f.code) for f in parsed.faults] == [
        ("rollout.toml", "not_utf8"),
        ("teams.csv", "not_utf8"),
    ]


def test_given_a_byte_order_mark_when_parsed_then_it_is_no_part_of_the_first_column() -> None:
    mark = b"\xef\xbb\xbf"

    parsed = parse(
        rollout=mark + ROLLOUT.encode(), users=mark + USERS.encode(), teams=mark + TEAMS.encode()
    )

    assert parsed.faults == ()


@pytest.mark.parametrize(
    ("users", "line", "code"),
    [
        (b"upn,wave\nann@llanfair.example,pilot\nJos\xe9@x.y,pilot\n", 3, "not_utf8"),
        ("upn,wave\n".encode("utf-16"), 1, "not_utf8"),
        (b"upn,wave\nann@llanfair.example,pi\0lot\n", 2, "nul_byte"),
        (b"", 1, "empty_file"),
        (b"\xef\xbb\xbf", 1, "empty_file"),
        (b"\n  \n", 1, "empty_file"),
        (b"upn,wave\n", 1, "no_rows"),
        (b"upn;wave\nann@llanfair.example;pilot\n", 1, "wrong_separator"),
        (b"upn\twave\nann@llanfair.example\tpilot\n", 1, "wrong_separator"),
        (b"ann@llanfair.example,pilot\n", 1, "missing_header"),
        (b"hello", 1, "missing_header"),
    ],
)
def test_given_no_usable_text_when_parsed_then_one_fault_says_so(
    users: bytes, line: int, code: str
) -> None:
    fault = only(parse(users=users))

    assert (fault.file, fault.line, fault.code) == ("users.csv", line, code)
    assert fault.message.endswith(".")


def test_given_too_large_a_file_when_parsed_then_it_is_not_read() -> None:
    fault = only(parse(users=b"\xff" * 4000, options=ImportOptions(max_bytes=1000)))

    assert fault.code == "file_too_large"
    assert "4000 bytes" in fault.message


def test_given_a_file_beyond_the_default_size_when_parsed_then_sizes_are_in_mebibytes() -> None:
    fault = only(parse(users=b" " * (21 * 1024 * 1024)))

    assert fault.code == "file_too_large"
    assert "21.0 MiB" in fault.message
    assert "20.0 MiB" in fault.message


def test_given_too_many_rows_when_parsed_then_reading_stops_there() -> None:
    rows = [row(upn=f"p{n}@llanfair.example") for n in range(5)]

    parsed = parse(users=users_of(*rows), options=ImportOptions(max_rows=3))

    assert places(parsed.faults) == [(5, "", "too_many_rows")]
    assert parsed.roster is None
