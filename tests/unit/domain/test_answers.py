"""Can this person use Teams now? The answer for each way in which a person can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teams_rollout.domain.answers import can_use_teams
from teams_rollout.domain.codes import REASONS
from teams_rollout.domain.observed import ObservedUser
from teams_rollout.domain.progress import Summary
from teams_rollout.domain.vocabulary import UserState
from tests.unit.domain.builders import a_user

HAS_TEAMS = a_user(teams_enabled=True)
HAS_NONE = a_user()


@pytest.mark.parametrize(
    ("state", "code", "observed", "answer", "words"),
    [
        ("done", "", HAS_TEAMS, "yes", "checked at Microsoft"),
        ("done", "", HAS_NONE, "no", "no Teams for them any more"),
        ("waiting", "not_started", HAS_NONE, "not yet", "has not begun"),
        ("waiting", "not_started", HAS_TEAMS, "yes", "already"),
        ("waiting", "not_started", None, "not yet", "has not begun"),
        ("waiting", "on_hold", HAS_NONE, "not yet", "left alone"),
        ("waiting", "waiting_for_microsoft", HAS_NONE, "not yet", "does not show it"),
        ("waiting", "waiting_for_microsoft", HAS_TEAMS, "yes", "but not everything is in place"),
        ("waiting", "handed_off_server_team", HAS_TEAMS, "yes", "beside Skype for Business"),
        ("waiting", "handed_off_server_team", HAS_NONE, "not yet", "our own server"),
        ("waiting", "waiting_for_licence", HAS_NONE, "not yet", "on order"),
        ("in_progress", "", HAS_NONE, "not yet", "going on"),
        ("in_progress", "", HAS_TEAMS, "yes", "still going on"),
        ("in_progress", "throttled", HAS_NONE, "not yet", "slow down"),
        ("blocked", "number_in_use", HAS_TEAMS, "yes", "place: the phone number belongs"),
        ("blocked", "request_refused", HAS_TEAMS, "yes", "place: Microsoft refused"),
        ("blocked", "no_seats_left", HAS_NONE, "no", "in use"),
        ("blocked", "user_not_found", None, "no", "knows nobody"),
        ("failed", "internal_error", HAS_NONE, "no", "mistake"),
        ("skipped", "guest_account", HAS_TEAMS, "no", "guest"),
        ("skipped", "account_disabled", HAS_NONE, "no", "switched off"),
        ("rolled_back", "", HAS_NONE, "no", "undone"),
        ("rolled_back", "", HAS_TEAMS, "yes", "undone"),
    ],
)
def test_given_a_person_when_asked_then_answer_and_reason_fit(
    state: str, code: str, observed: ObservedUser | None, answer: str, words: str
) -> None:
    given_answer, sentence = can_use_teams(Summary(state=UserState(state), code=code), observed)

    assert given_answer == answer
    assert words in sentence


def test_given_an_account_switched_off_since_when_asked_then_no() -> None:
    observed = a_user(teams_enabled=True, account_enabled=False)

    answer, sentence = can_use_teams(Summary(state=UserState.DONE), observed)

    assert answer == "no"
    assert "switched off" in sentence


def test_given_a_stalled_person_when_asked_then_the_time_limit_is_told() -> None:
    stalled = Summary(state=UserState.WAITING, code="waiting_for_microsoft", stalled=True)

    assert "time limit" in can_use_teams(stalled, HAS_NONE)[1]
    assert "time limit" in can_use_teams(stalled, HAS_TEAMS)[1]


@given(
    state=st.sampled_from(UserState),
    code=st.sampled_from(["", "unheard_of", *REASONS]),
    enabled=st.none() | st.booleans(),
)
def test_given_anybody_when_asked_then_one_sentence_comes_and_teams_itself_leads(
    state: UserState,
    code: str,
    enabled: bool | None,
) -> None:
    observed = None if enabled is None else a_user(teams_enabled=enabled)

    answer, sentence = can_use_teams(Summary(state=state, code=code), observed)

    assert sentence.endswith(".")
    assert sentence[0].isupper()
    if state is not UserState.SKIPPED:
        assert (answer == "yes") is bool(enabled)
