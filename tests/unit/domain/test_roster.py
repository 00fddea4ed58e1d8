"""Who goes when: holds, order of waves and people, names for ids and for search."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.configuration import WaveSection
from teams_rollout.domain.roster import Roster, fold, go_order, order_waves, slug
from teams_rollout.domain.vocabulary import Priority
from tests.unit.domain.builders import a_config, an_assignment


@pytest.mark.parametrize(
    ("until", "held"),
    [(None, False), (date(2026, 3, 1), False), (date(2026, 3, 2), False), (date(2026, 3, 3), True)],
)
def test_given_a_hold_when_its_day_comes_then_the_person_is_free(
    until: date | None, *, held: bool
) -> None:
    person = an_assignment(hold_until=until)

    assert person.is_on_hold(date(2026, 3, 2)) is held


@pytest.mark.parametrize(
    ("names", "identity"),
    [
        ({"upn": "a@x.example", "employee_id": "1", "mail": "m@x.example"}, "a@x.example"),
        ({"upn": "", "employee_id": "1", "mail": "m@x.example"}, "1"),
        ({"upn": "", "mail": "m@x.example"}, "m@x.example"),
    ],
)
def test_given_several_names_when_identified_then_the_strongest_counts(
    names: dict[str, str], identity: str
) -> None:
    assert an_assignment(**names).identity == identity


def test_given_people_of_all_priorities_when_ordered_then_vip_go_last_and_files_order_holds() -> (
    None
):
    priorities = [Priority.VIP, Priority.NORMAL, Priority.VOLUNTEER, Priority.KEY, Priority.NORMAL]
    people = [an_assignment(line=n, priority=p) for n, p in enumerate(priorities)]

    assert [p.line for p in go_order(people)] == [3, 2, 1, 4, 0]


@given(st.permutations(range(6)), st.lists(st.sampled_from(Priority), min_size=6, max_size=6))
def test_given_people_in_any_order_when_ordered_then_the_order_is_the_same(
    shuffle: list[int], priorities: list[Priority]
) -> None:
    people = [an_assignment(line=n, priority=p) for n, p in enumerate(priorities)]

    assert go_order([people[n] for n in shuffle]) == go_order(people)


def test_given_afters_when_waves_are_ordered_then_each_follows_its_predecessor() -> None:
    waves = {"c": WaveSection(after="b"), "b": WaveSection(after="a"), "d": WaveSection()}
    config = a_config(waves=waves)

    assert order_waves(["c", "d", "b", "a", "c"], config) == ("d", "a", "b", "c")


def test_given_a_circle_or_an_unknown_after_when_ordered_then_file_order_holds() -> None:
    waves = {
        "a": WaveSection(after="b"),
        "b": WaveSection(after="a"),
        "c": WaveSection(after="nowhere"),
    }

    assert order_waves(["a", "b"], a_config(waves=waves)) == ("a", "b")
    assert order_waves(["c", "x"], a_config(waves=waves)) == ("c", "x")


def test_given_a_roster_when_asked_then_only_waves_with_people_are_in_order() -> None:
    config = a_config(waves={"pilot": WaveSection(), "empty": WaveSection()})
    users = (an_assignment(wave="2"), an_assignment(line=3, wave="pilot"))

    assert Roster(config=config, users=users, teams=()).wave_order() == ("2", "pilot")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Wave 1", "wave-1"),
        ("wave_1 -- b", "wave-1-b"),
        ("Häuser & Brücken", "hauser-brucken"),
        ("---", "x"),
        ("", "x"),
        ("日本", "x"),
        ("№ 5", "no-5"),
    ],
)
def test_given_a_name_when_made_safe_then_letters_and_digits_stay(name: str, expected: str) -> None:
    assert slug(name) == expected


@given(st.text(), st.integers(1, 60))
def test_given_any_text_when_made_safe_then_it_fits_into_an_id(text: str, limit: int) -> None:
    made = slug(text, limit=limit)

    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", made)
    assert len(made) <= limit
    assert slug(made, limit=limit) == made


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Zoë", "zoe"),
        ("ŁUKASZ", "lukasz"),
        ("Þórður", "þorður"),
        ("Søren", "soren"),
        ("Straße", "strasse"),
        ("İPEK", "ipek"),
        ("IŞIK", "isik"),
        ("Ǿ", "o"),
        ("Siân", "sian"),
    ],
)
def test_given_a_name_with_accents_when_folded_then_plain_letters_find_it(
    written: str, searched: str
) -> None:
    assert fold(written) == searched


@given(st.text())
def test_given_any_text_when_folded_then_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(max_codepoint=0x24F)))
def test_given_latin_text_when_folded_then_capitals_make_no_difference(text: str) -> None:
    assert fold(text.upper()) == fold(text.lower())
