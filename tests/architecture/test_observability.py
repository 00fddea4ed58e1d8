"""The page on observability names every span attribute, metric and record, and no other."""

import re
from pathlib import Path

import pytest

from graph import signals as graph_signals
from teams_rollout.contracts import signals


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "observability.md").read_text("utf-8")


def named(text: str, heading: str, *, column: int) -> set[str]:
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row[column])}


def test_metrics_when_documented_then_all_and_no_other(page: str) -> None:
    found = named(page, "Metrics", column=1)

    assert found == {*signals.METRICS, *graph_signals.METRICS}


def test_labels_when_documented_then_all_and_no_other(page: str) -> None:
    found = named(page, "Metrics", column=2)

    assert found == {*signals.LABELS, *graph_signals.LABELS}


def test_span_attributes_of_ours_when_documented_then_all(page: str) -> None:
    found = named(page, "Spans", column=3)
    ours = {*signals.SPAN_ATTRIBUTES, *graph_signals.ATTRIBUTES}

    assert {name for name in ours if name.startswith("rollout.")} <= found


def test_records_when_documented_then_those_that_alerts_wait_for(page: str) -> None:
    found = named(page, "Records", column=1)

    assert found == {
        signals.BATCH_POISONED,
        signals.INSTANCE_FAILED,
        signals.WAVE_STALLED,
        signals.WAVE_HALTED,
        signals.STOCK_TAKEN,
    }
