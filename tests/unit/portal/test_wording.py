"""Words and times on the pages."""

from datetime import UTC, datetime

import pytest

from teams_rollout.domain.notices import NOTICE_STEPS, NoticeMark
from teams_rollout.domain.vocabulary import Outcome, Step, UserState
from teams_rollout.portal import wording
from teams_rollout.portal.assets import asset_path, load_assets


def test_every_step_outcome_and_state_when_shown_then_has_plain_words():
    assert set(wording.STEPS) == set(Step)
    assert set(wording.NOTICES) == set(NOTICE_STEPS)
    assert {mark.value for mark in NoticeMark} - {"sending"} <= set(wording.OUTCOMES)
    assert set(wording.OUTCOMES) >= {*Outcome, "verified", "eligible"}
    assert set(wording.STATES) == set(UserState)
    for words in (*wording.STEPS.values(), *wording.OUTCOMES.values(), *wording.STATES.values()):
        assert "_" not in words


def test_word_that_nobody_has_described_when_shown_then_readable_all_the_same():
    assert wording.step_words("wave_opened") == "Wave opened"
    assert wording.outcome_words("rolled_back") == "rolled back"


@pytest.mark.parametrize(
    ("month", "expected"), [(1, "5 January 2026, 09:07"), (7, "5 July 2026, 10:07")]
)
def test_moment_when_shown_then_in_the_rollouts_own_time(month: int, expected: str):
    at = datetime(2026, month, 5, 9, 7, tzinfo=UTC)

    assert wording.local_time(at, timezone="Europe/London") == expected


def test_zone_when_named_then_by_its_city():
    assert wording.zone_words("Europe/London") == "London time"
    assert wording.zone_words("Atlantic/Azores") == "Azores time"
    assert wording.zone_words("UTC") == "UTC time"


def test_asset_when_named_plainly_then_its_address_carries_the_hash_of_its_content():
    path = asset_path("helpdesk.css")

    name = path.removeprefix("/static/")
    assert load_assets()[name].content.startswith(b"/*")
    assert name not in ("helpdesk.css", "")


def test_asset_that_does_not_exist_when_named_then_an_error():
    with pytest.raises(LookupError):
        asset_path("other.css")
