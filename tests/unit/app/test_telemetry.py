"""The net under the logs."""

import logging
import re
import subprocess
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


def told_by(code: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What a process of its own says: a provider can be set only once in each."""
    setup = "from teams_rollout.telemetry import configure_telemetry; configure_telemetry()\n"
    return subprocess.run(
        [sys.executable, "-c", setup + code],
        env={"PATH": "", **settings},
        capture_output=True,
        text=True,
        check=True,
    )


SPAN = """
from teams_rollout.tracing import function_span
with function_span("stocktaking", {}): pass
"""


def test_given_a_standard_setting_when_started_then_that_exporter_gets_the_spans():
    done = told_by(SPAN, OTEL_TRACES_EXPORTER="console", OTEL_METRICS_EXPORTER="console")

    assert '"name": "stocktaking"' in done.stdout


def test_given_an_exporter_that_is_not_installed_when_started_then_it_is_said_and_the_app_works():
    done = told_by(SPAN, OTEL_TRACES_EXPORTER="carrier_pigeon")

    assert "no such exporter" in done.stderr
    assert done.stdout == ""


def test_given_no_setting_when_started_then_no_sdk_is_loaded():
    loaded = "import sys; print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])"

    assert told_by(SPAN + loaded).stdout == "[]\n"
