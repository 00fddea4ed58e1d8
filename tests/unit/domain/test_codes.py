"""Every code has words for the helpdesk."""

import ast
import re
from pathlib import Path

import pytest

from teams_rollout.domain.codes import REASONS, Owner, Reason, reason
from teams_rollout.domain.drift import ASSESSABLE_CODES
from teams_rollout.domain.vocabulary import UserState

ROOT = Path(__file__).parents[3]
ROOMS = ("teams_rollout/domain", "activities", "graph", "orchestrations")
OF_OPERATIONS = {
    "wave_not_found",
    "wrong_tenant",
    "notices_impossible",
}  # no person ever carries these
WAITING_CODES = {
    "not_started",
    "on_hold",
    "waiting_for_window",
    "waiting_for_microsoft",
    "waiting_for_licence",
    "handed_off_server_team",
    "handed_off_teams_admin",
}


@pytest.mark.parametrize("entry", REASONS.values(), ids=lambda r: r.code)
def test_given_a_reason_when_read_then_it_is_whole_sentences_without_codes(entry: Reason) -> None:
    for text in (entry.sentence, entry.say, entry.do):
        assert text.endswith(".")
        assert text[0].isupper()
        assert not re.search(r"[a-z]_[a-z]", text)
    assert entry.sentence.count(". ") == 0
    assert isinstance(entry.owner, Owner)


def test_given_the_catalogue_when_searched_then_each_entry_is_under_its_code() -> None:
    assert all(code == entry.code for code, entry in REASONS.items())


def test_given_the_catalogue_when_listed_then_waiting_codes_are_exactly_the_agreed_ones() -> None:
    waiting = {code for code, entry in REASONS.items() if entry.state is UserState.WAITING}

    assert waiting == WAITING_CODES


def test_given_codes_of_other_modules_when_looked_up_then_all_are_described() -> None:
    assert set(REASONS) >= ASSESSABLE_CODES


def _codes_given_to_people() -> set[str]:
    """Every text that the code passes on as `code=`."""
    modules = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    keywords = (
        node
        for module in modules
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "code"
    )
    constants = (n for k in keywords for n in ast.walk(k.value) if isinstance(n, ast.Constant))
    return {c.value for c in constants if isinstance(c.value, str) and c.value}


def test_given_codes_anywhere_in_the_rooms_when_looked_up_then_all_are_described() -> None:
    codes = _codes_given_to_people()

    assert "number_in_use" in codes
    assert codes - OF_OPERATIONS <= set(REASONS)


@pytest.mark.parametrize("code", ["never_heard_of", ""])
def test_given_an_unknown_code_when_looked_up_then_general_words_name_it(code: str) -> None:
    entry = reason(code)

    assert entry.state is UserState.FAILED
    assert entry.owner is Owner.PROJECT_TEAM
    assert code in entry.sentence
    assert code in entry.do


def test_given_a_known_code_when_looked_up_then_its_own_words_are_given() -> None:
    assert reason("no_seats_left").owner is Owner.LICENSING_TEAM
