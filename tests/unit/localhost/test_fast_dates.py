"""The fast date parser agrees with the SDK's own."""

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.durable_functions.models.history import HistoryEvent

from teams_rollout.localhost.fast_dates import fast_parser


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:10.123456Z",
        "2026-01-01T00:00:10Z",
        "2026-01-01T00:00:10.1234567Z",
        "2026-06-01T12:00:00+02:00",
        "2026-01-01T00:00:00",
        "1 January 2026 10:00 UTC",
    ],
)
def test_given_a_moment_when_parsed_fast_then_it_is_the_same_moment(text: str):
    slow = sys.modules[HistoryEvent.__module__].dt_parse

    assert fast_parser(slow)(text) == slow(text)


def test_given_a_usual_text_when_parsed_then_the_slow_parser_is_not_asked():
    def never(text: str) -> Any:
        raise AssertionError(text)

    parsed = fast_parser(never)("2026-01-01T00:00:10.123456Z")

    assert parsed == datetime(2026, 1, 1, 0, 0, 10, 123456, tzinfo=UTC)
