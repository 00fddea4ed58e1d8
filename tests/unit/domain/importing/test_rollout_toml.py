"""Faults of rollout.toml carry their key path and line; sound settings arrive normalised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.configuration import RolloutConfig, WaveSection
from teams_rollout.domain.importing import ImportOptions
from teams_rollout.domain.importing.toml_lines import TomlLines
from tests.unit.domain.importing.files import ROLLOUT, only, parse, places, row, users_of


def _config(rollout: str) -> RolloutConfig:
    parsed = parse(rollout=rollout)
    assert parsed.roster is not None, parsed.faults
    return parsed.roster.config


@pytest.mark.parametrize(
    ("rollout", "line", "column", "code"),
    [
        ("", 1, "", "empty_file"),
        ("\n \n", 1, "", "empty_file"),
        ("[rollout]\nname = ", 2, "", "malformed_toml"),
        ('[rollout]\nname = "x\n[a]\n', 2, "", "malformed_toml"),
        ("[rollout]\nname = 'x'\nname = 'y'\n", 3, "", "malformed_toml"),
        ("[rollout]\nbatch_size = " + "9" * 5000, 2, "", "malformed_toml"),
        ("a = " + "[" * 5000, 1, "", "malformed_toml"),
        (ROLLOUT + "\n[colours]\n", 14, "colours", "unknown_key"),
        (ROLLOUT.replace("usage_location", "usage_lokation"), 3, "rollout.usage_lokation",
         "unknown_key"),
        (ROLLOUT.replace("pilot = true", "pilott = true"), 6, "waves.pilot.pilott", "unknown_key"),
        (ROLLOUT.replace('"GB"', '"Wales"'), 3, "rollout.usage_location", "invalid_value"),
        (ROLLOUT + 'coexistence_mode = "Skype"', 13, "profiles.office.coexistence_mode",
         "invalid_value"),
        (ROLLOUT.replace('name = "Teams for Llanfair"', ""), 1, "rollout.name", "missing_value"),
        (ROLLOUT.replace("skus", "policies"), 12, "profiles.office.policies", "invalid_value"),
        (ROLLOUT[: ROLLOUT.index("[profiles")], 1, "profiles", "missing_value"),
        (ROLLOUT + 'licensing = "group"', 13, "profiles.office.licensing", "missing_value"),
        (ROLLOUT + 'licensing = "group"\nlicense_group = " "', 13, "profiles.office.licensing",
         "missing_value"),
        (ROLLOUT + 'license_group = "LIC-E3"', 13, "profiles.office.license_group",
         "invalid_value"),
        (ROLLOUT + 'licensing = "group"\nlicense_group = "LIC-E3"\ndisabled_plans = ["SWAY"]', 15,
         "profiles.office.disabled_plans", "invalid_value"),
        (ROLLOUT + 'replaces = ["SPE_E3"]', 13, "profiles.office.replaces", "invalid_value"),
        (ROLLOUT + 'policies = { TeamsUpgradePolicy = "UpgradeToTeams" }', 13,
         "profiles.office.policies.TeamsUpgradePolicy", "invalid_value"),
        (ROLLOUT + '[teams]\nfallback_owners = ["ann"]', 14, "teams.fallback_owners",
         "invalid_upn"),
        (ROLLOUT.replace("[waves.pilot]", "[waves.'pilot!']").replace('after = "pilot"', ""), 5,
         "waves.pilot!", "invalid_wave"),
        (ROLLOUT + "\n[waves.PILOT]\n", 14, "waves.PILOT", "wave_name_clash"),
        (ROLLOUT.replace('after = "pilot"', 'after = "Pilot"'), 9, "waves.wave 1.after",
         "unknown_wave"),
        (ROLLOUT.replace('after = "pilot"', 'after = "wave 1"'), 9, "waves.wave 1.after",
         "wave_cycle"),
    ],
)  # fmt: skip
def test_given_wrong_settings_when_parsed_then_place_and_code_are_reported(
    rollout: str, line: int, column: str, code: str
) -> None:
    parsed = parse(rollout=rollout)

    found = [(f.line, f.column, f.code) for f in parsed.faults if f.file == "rollout.toml"]
    assert (line, column, code) in found
    assert all(f.message.endswith(".") for f in parsed.faults)
    assert parsed.roster is None


@pytest.mark.parametrize("timezone", ["Europe/Lundon", "Europe", "../etc/passwd", ""])
def test_given_a_time_zone_that_is_none_when_parsed_then_it_is_reported(timezone: str) -> None:
    rollout = ROLLOUT.replace("[waves.pilot]", f'timezone = "{timezone}"\n[waves.pilot]')

    fault = only(parse(rollout=rollout))

    assert (fault.line, fault.column, fault.code) == (5, "rollout.timezone", "invalid_timezone")


def test_given_an_unknown_key_when_reported_then_the_known_ones_are_named() -> None:
    fault = only(parse(rollout=ROLLOUT + 'licencing = "direct"'))

    assert fault.code == "unknown_key"
    assert "licensing" in fault.message
    assert "batch_size" not in fault.message


def test_given_several_mistakes_when_parsed_then_all_are_reported_in_line_order() -> None:
    rollout = ROLLOUT.replace('"GB"', "7").replace("pilot = true", 'pilot = "maybe"')

    assert places(parse(rollout=rollout + "colour = 1").faults) == [
        (3, "rollout.usage_location", "invalid_value"),
        (6, "waves.pilot.pilot", "invalid_value"),
        (13, "profiles.office.colour", "unknown_key"),
    ]


def test_given_too_large_settings_when_parsed_then_they_are_refused_before_the_tables() -> None:
    assert only(parse(rollout=b"#" * 2_000_000)).code == "file_too_large"


def test_given_an_after_that_only_the_users_file_knows_when_parsed_then_it_is_known() -> None:
    rollout = ROLLOUT.replace('after = "pilot"', 'after = "early"')

    assert parse(rollout=rollout, users=users_of(row(wave="early"))).faults == ()


def test_given_one_wave_is_imported_when_after_is_unknown_then_it_only_warns() -> None:
    rollout = ROLLOUT.replace('after = "pilot"', 'after = "early"')

    parsed = parse(rollout=rollout, options=ImportOptions(wave="wave 1"))

    assert only(parsed).code == "unknown_wave"
    assert only(parsed).severity == "warning"
    assert parsed.roster is not None


def test_given_a_circle_of_three_when_parsed_then_exactly_its_waves_are_reported() -> None:
    circle = {"a": "b", "b": "c", "c": "a", "d": "a", "e": "pilot"}
    tables = "".join(f'\n[waves.{name}]\nafter = "{after}"\n' for name, after in circle.items())

    faults = parse(rollout=ROLLOUT + tables).faults

    assert [f.column for f in faults] == ["waves.a.after", "waves.b.after", "waves.c.after"]
    assert {f.code for f in faults} == {"wave_cycle"}


def test_given_owners_of_last_resort_when_parsed_then_their_names_are_folded() -> None:
    owners = '[teams]\nfallback_owners = [" Ann@Llanfair.Example", "ann@llanfair.example"]'

    assert _config(ROLLOUT + owners).teams.fallback_owners == ("ann@llanfair.example",)


def test_given_windows_line_endings_when_parsed_then_settings_and_lines_are_right() -> None:
    assert _config(ROLLOUT.replace("\n", "\r\n")).waves["pilot"].pilot is True
    fault = only(parse(rollout=(ROLLOUT + "colour = 1\n").replace("\n", "\r\n")))
    assert fault.line == 13


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("b",), 2),
        (("b", "c"), 2),
        (("b", "c", "d e"), 3),
        (("b", "c", "f", "g"), 4),
        (("b", "c", "f", "unknown"), 4),
        (("b", "c", "x = y"), 5),
        (("h", "i"), 7),
        (("nowhere",), 1),
        ((), 1),
    ],
)
def test_given_a_key_path_when_looked_up_then_its_or_the_nearest_line_is_given(
    path: tuple[str, ...], line: int
) -> None:
    text = "a = 1\n[b.c] # table\n\"d e\" = 2\nf . g = 3\n'x = y' = 4\n  # c = 5\n[[h.i]]\n"

    assert TomlLines(text).line_of(path) == line


_NAME = st.text(st.sampled_from("ab1 _-"), min_size=1, max_size=6).filter(lambda n: n.strip() == n)


@given(st.dictionaries(_NAME, st.none() | _NAME, max_size=6))
def test_given_any_waves_when_accepted_then_names_differ_in_slug_and_order_respects_after(
    waves: dict[str, str | None],
) -> None:
    tables = "".join(
        f'\n[waves."{name}"]\n' + (f'after = "{after}"\n' if after else "")
        for name, after in waves.items()
    )
    rollout = '[rollout]\nname = "x"\n[profiles.office]\nskus = ["SPE_E3"]\n' + tables
    users = users_of(*(row(upn=f"p{n}@x.example", wave=name) for n, name in enumerate(waves)))

    roster = parse(rollout=rollout, users=users, teams="team\n").roster

    if roster is not None:
        order = roster.wave_order()
        assert sorted(order) == sorted(waves)
        for name, section in roster.config.waves.items():
            assert isinstance(section, WaveSection)
            assert section.after is None or order.index(section.after) < order.index(name)
