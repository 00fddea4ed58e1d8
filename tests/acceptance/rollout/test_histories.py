"""Histories of a whole run: short, and all of them replay against the code that made them."""

import subprocess
import sys
from pathlib import Path

import pytest

from teams_rollout.contracts import names
from teams_rollout.localhost.recorded import record, recorded_ids
from tests.orchestrations.replaying import MUST_FAIL, read, recording_files, replay

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(580)]
MOST_EVENTS = 500
SCRIPT = Path(__file__).parents[3] / "scripts" / "record_histories.py"


@pytest.mark.xdist_group("sample")
def test_given_the_sample_when_all_waves_have_run_then_histories_are_short_and_replay(sample):
    state = sample.folder / "host.sqlite"

    recordings = [record(state, instance_id) for instance_id in recorded_ids(state)]

    assert {names.WAVE, names.BATCH} <= {one.instance.name for one in recordings}
    assert max(len(one.history) for one in recordings) < MOST_EVENTS
    for recording in recordings:
        replay(recording)


def test_given_the_recorder_when_it_runs_then_its_histories_replay_and_the_spoiled_one_does_not(
    tmp_path: Path,
):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--out", tmp_path], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    files = recording_files(tmp_path)
    assert {read(path).instance.name for path in files} == set(names.ORCHESTRATIONS)
    refused = [path.stem for path in files if _is_refused(path)]
    assert [name for name in refused if MUST_FAIL not in name] == []
    assert len(refused) == 1


def _is_refused(path: Path) -> bool:
    try:
        replay(read(path))
    except Exception:
        return True
    return False
