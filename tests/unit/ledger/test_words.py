"""What people are found by."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.ledger.records import UserRecord
from teams_rollout.ledger.words import (
    is_searchable,
    matches,
    phone_forms,
    question,
    split_words,
    without_prefixes,
    words_of,
)

MakePerson = Callable[..., UserRecord]


@pytest.mark.parametrize(
    "asked",
    [
        "zoe",
        "Zoë",
        "muller",
        "MÜLLER-LÜDENSCHEIDT",
        "lüdenscheidt zoë",
        "o'brien",
        "obr zo",
        "zoe.mueller@council.example",
        "zoe.mue",
        "ZOE.MUELLER@COUNCIL",
        "z.brien@old.example",
        "zoe@mail.example",
        "E-00123",
        "00123",
        "+44 1632 960 123",
        "01632 960123",
        "(01632) 960-123",
        "0044 1632 960123",
        "01632",
    ],
)
def test_a_person_is_found_by(asked: str, make_person: MakePerson) -> None:
    person = make_person(
        assigned={"upn": "z.brien@old.example", "employee_id": "E-00123"},
        shown={
            "upn": "zoe.mueller@council.example",
            "display_name": "Zoë Müller-Lüdenscheidt O'Brien (obrand)",
            "mail": "zoe@mail.example",
            "phone_numbers": ("+441632960123",),
        },
    )
    assert matches(question(asked), words_of(person))


@pytest.mark.parametrize(
    "asked",
    ["o'hagan", "O’Hagan", "OHAGAN", "hagan", "usha o'h", "o hagan", "O´Hagan", "usha.o'hagan@"],
)
def test_somebody_with_an_apostrophe_is_found_by(asked: str, make_person: MakePerson) -> None:
    shown = {"upn": "usha.o'hagan@council.example", "display_name": "Usha O’Hagan"}
    person = make_person(assigned={"upn": "usha.o'hagan@council.example"}, shown=shown)
    assert matches(question(asked), words_of(person))


@pytest.mark.parametrize(("asked", "long_enough"), [("zo", True), ("o'", False), ("d'a", True)])
def test_a_question_needs_a_word_of_two_characters(asked: str, *, long_enough: bool) -> None:
    assert is_searchable(asked) is long_enough


@pytest.mark.parametrize("asked", ["oe", "zoe smith", "zoe@other.example", "1632", "960123"])
def test_a_person_is_not_found_by(asked: str, make_person: MakePerson) -> None:
    person = make_person(shown={"display_name": "Zoë Müller", "phone_numbers": ("+441632960123",)})
    assert not matches(question(asked), words_of(person))


def test_somebody_microsoft_does_not_know_is_found_by_the_file(make_person: MakePerson) -> None:
    person = make_person(assigned={"employee_id": "77001"}, observed=None)
    assert matches(question("sample.person1@council"), words_of(person))
    assert matches(question("77001"), words_of(person))


@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=5)))
def test_leaving_out_prefixes_loses_no_answer(words: list[str]) -> None:
    kept = without_prefixes(words)
    assert all(any(k.startswith(w) for k in kept) for w in words if len(w) >= 2)
    assert not any(a != b and b.startswith(a) for a in kept for b in kept)


@pytest.mark.parametrize(
    ("number", "forms"),
    [
        ("+441632960123", {"441632960123", "01632960123"}),
        ("+353 1 555 0123", {"35315550123", "015550123"}),
        ("+1 202 555 0123", {"12025550123", "2025550123"}),
        ("112", {"112"}),
        ("", set()),
    ],
)
def test_numbers_are_found_as_dialled_from_abroad_and_at_home(number: str, forms: set[str]) -> None:
    assert phone_forms(number) == forms


def test_words_of_other_alphabets_are_words() -> None:
    assert split_words("Ωμέγα_Łukasz / 李小龍") == ["ωμεγα", "lukasz", "李小龍"]


@pytest.mark.parametrize("nothing", ["", "   ", "()", "'", "/ #"])
def test_a_question_without_words_asks_for_nothing(nothing: str) -> None:
    assert question(nothing) == ()
