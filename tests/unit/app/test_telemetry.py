"""The net under the logs."""

import logging
import re
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from teams_rollout.telemetry import RedactingFilter, redact


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("no such user aoife.o'hagan@llanfair.example", "no such user <person>"),
        ("number +442079460001 is taken", "number <number> is taken"),
        ("instance r:w:1:1 took 20 ms", "instance r:w:1:1 took 20 ms"),
        ("id 0a1b2c3d-0000-4000-8000-442079460001", "id 0a1b2c3d-0000-4000-8000-442079460001"),
    ],
)
def test_given_a_text_when_redacted_then_people_are_gone_and_ids_stay(text, cleaned):
    assert redact(text) == cleaned


def test_given_an_exception_that_quotes_a_person_when_filtered_then_its_text_is_clean():
    try:
        raise ValueError("sian.wood@llanfair.example is taken")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())

    RedactingFilter().filter(record)

    text = logging.Formatter().format(record)
    assert "<person> is taken" in text
    assert "sian" not in text
    assert record.exc_info is None


def test_given_an_exception_that_quotes_nobody_when_filtered_then_it_stays_an_exception():
    try:
        raise KeyError("batch")
    except KeyError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())

    RedactingFilter().filter(record)

    assert record.exc_info is not None


def test_given_what_the_distribution_can_instrument_when_deployed_then_all_of_it_is_off():
    template = (Path(__file__).parents[3] / "infra" / "app" / "function-app.bicep").read_text()
    off = set(re.findall(r"uninstrumented = '([^']*)'", template)[0].split(","))
    installed = {entry.name for entry in entry_points(group="opentelemetry_instrumentor")}

    assert "azure_sdk" in off  # no entry point: the distribution turns it on by itself
    assert installed - off == {"logging"}  # only formats lines, and only where it is asked to


def test_given_a_record_with_arguments_when_filtered_then_the_formatted_message_is_clean():
    record = logging.LogRecord(
        "x", logging.INFO, __file__, 1, "%s failed", ("sian.wood@llanfair.example",), None
    )

    assert RedactingFilter().filter(record)
    assert record.getMessage() == "<person> failed"
