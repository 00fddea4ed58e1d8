"""The runner keeps every result in the one format and says when a bar breaks."""

import json
from pathlib import Path

import pytest

from bench.measurement import Measurement
from bench.run import available, describe, main


def a_measurement(*runs: float, bar: float | None = None) -> Measurement:
    return Measurement(name="crossing", unit="s", runs=runs, bar=bar)


def test_measurement_when_written_then_holds_all_runs_and_where_they_ran(tmp_path: Path) -> None:
    written = json.loads(a_measurement(3.0, 1.0, 2.0, bar=2.5).write(tmp_path).read_text())

    assert (written["median"], written["min"], written["max"]) == (2.0, 1.0, 3.0)
    assert written["runs"] == [3.0, 1.0, 2.0]
    assert written["machine"]["cores"] >= 1
    assert written["versions"]["azure-functions-durable"].startswith("1.")


def test_measurement_when_median_is_above_its_bar_then_it_says_so() -> None:
    broken, kept = a_measurement(1.0, 3.0, 3.0, bar=2.0), a_measurement(1.0, 1.0, 3.0, bar=2.0)

    assert "ABOVE THE BAR" in describe(broken)
    assert "ABOVE THE BAR" not in describe(kept)
    assert not broken.holds


def test_runner_when_told_an_unknown_name_then_refuses_and_lists_the_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["teatime"])

    assert "startup" in available()
    assert "startup" in capsys.readouterr().err
