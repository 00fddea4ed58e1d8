"""Figures and times in the form people read them."""

from datetime import UTC, datetime

import pytest

from teams_rollout.cli.words import counts, moment, people, span, spoken


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (250, "4 min 10 s"), (7500, "2 h 05 min")],
)
def test_given_seconds_when_spoken_then_the_fitting_unit(seconds: float, text: str):
    assert span(seconds) == text


def test_given_counts_when_spoken_then_the_largest_first_and_no_zeros():
    assert counts({"a": 1, "b": 1200, "c": 0}) == "b 1,200, a 1"
    assert counts({"c": 0}) == "none"


def test_given_people_when_spoken_then_one_is_one():
    assert (people(1), people(2)) == ("1 person", "2 people")


def test_given_a_moment_when_spoken_then_utc_comes_first():
    assert moment(datetime(2026, 11, 21, 10, 0, tzinfo=UTC)).startswith("2026-11-21 10:00:00 UTC")
    assert moment("2026-11-21T10:00:00+01:00").startswith("2026-11-21 09:00:00 UTC")
    assert moment(None) == ""


def test_given_a_step_when_spoken_then_british_words():
    assert spoken("license") == "licence"
    assert spoken("completed_with_failures") == "completed with failures"
