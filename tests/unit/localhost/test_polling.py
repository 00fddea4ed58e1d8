"""What a durable HTTP call asks after an answer of 202."""

import json
from datetime import timedelta
from typing import Any

import pytest

from teams_rollout.localhost.polling import Poll, next_poll

REQUEST: dict[str, Any] = {
    "method": "POST",
    "uri": "http://a.example/jobs",
    "content": "{}",
    "headers": {"X-Functions-Key": "secret", "X-Kept": "1"},
}
STATUS = "http://a.example/jobs/1"


def answer(status: int, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return json.dumps({"statusCode": status, "headers": named, "content": ""})


def test_given_an_accepted_job_when_asked_again_then_without_body_and_key():
    poll = next_poll(REQUEST, answer(202, Location=STATUS, Retry_After="7"))

    expected = {"method": "GET", "uri": STATUS, "headers": {"X-Kept": "1"}}
    assert poll == Poll(expected, timedelta(seconds=7))


def test_given_no_pause_when_asked_again_then_the_hosts_own_pause_counts():
    poll = next_poll(REQUEST, answer(202, location=STATUS))

    assert poll is not None
    assert poll.after is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        answer(200, Location=STATUS),
        answer(202),
        answer(202, Location="/jobs/1"),
        answer(202, Location=STATUS, Retry_After="Sun, 06 Nov 2033 08:49:37 GMT"),
    ],
)
def test_given_nothing_to_ask_when_answered_then_the_answer_is_final(value: str | None):
    assert next_poll(REQUEST, value) is None


def test_given_a_call_that_does_not_poll_when_accepted_then_the_answer_is_final():
    request = {**REQUEST, "asynchronousPatternEnabled": False}

    assert next_poll(request, answer(202, Location=STATUS)) is None
