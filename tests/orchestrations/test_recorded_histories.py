"""Histories recorded from real runs replay against today's code: what is under way survives it.

A recording that no longer replays means that a deployment would break running instances: keep the
old code beside the new one (a version), or drain first. `make histories` adds recordings of today's
code; those of earlier versions stay as long as their instances may be under way.
"""

from pathlib import Path

import pytest

from teams_rollout.contracts import names
from teams_rollout.localhost.config import read_host_config
from teams_rollout.localhost.shim import NonDeterminismError
from tests.orchestrations.replaying import MUST_FAIL, read, recording_files, replay

APP = Path(__file__).parents[2]
FILES = recording_files(APP / "tests" / "replay")
GOOD = [path for path in FILES if MUST_FAIL not in path.name]
SPOILED = [path for path in FILES if MUST_FAIL in path.name]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_given_a_recorded_history_when_replayed_then_todays_code_agrees(path: Path):
    recording = read(path)

    replay(recording)

    assert len(recording.history) < 500


@pytest.mark.parametrize("path", SPOILED, ids=lambda path: path.stem)
def test_given_a_history_of_other_code_when_replayed_then_it_is_refused(path: Path):
    with pytest.raises(NonDeterminismError):
        replay(read(path))


def test_given_the_recordings_when_listed_then_every_orchestration_has_one_that_ended():
    ended = {read(path).instance.name for path in GOOD if read(path).instance.is_over}

    assert ended == set(names.ORCHESTRATIONS)
    assert SPOILED


def test_given_the_apps_version_when_compared_then_every_orchestration_was_recorded_under_it(
    monkeypatch: pytest.MonkeyPatch,
):
    """A new `defaultVersion` asks for new recordings; the old ones stay beside them."""
    monkeypatch.setenv("TASKHUB_NAME", "any")
    rules = read_host_config(APP).versions
    recorded = {
        (r.instance.version, r.instance.name) for r in map(read, GOOD) if r.instance.is_over
    }

    assert rules.current
    assert {(rules.current, name) for name in names.ORCHESTRATIONS} <= recorded
    assert all(rules.fits(version) for version, _ in recorded)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_given_a_recording_when_its_name_is_read_then_it_tells_the_version(path: Path):
    assert path.name.startswith(f"{read(path).instance.version}.")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_given_a_recording_when_read_then_it_holds_no_person(path: Path):
    assert "@" not in path.read_text(encoding="utf-8")
