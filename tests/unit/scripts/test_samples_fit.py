"""The invented councils pass the same doors as a real one: the import and the simulator's seed."""

import subprocess
import sys
from pathlib import Path

import pytest

from teams_rollout.domain.importing.faults import ImportOptions
from teams_rollout.domain.importing.parse import ParsedFiles, parse_files
from teams_rollout.tenant import seed

ROOT = Path(__file__).parents[3]


def parse(folder: Path) -> ParsedFiles:
    return parse_files(
        rollout=(folder / "rollout.toml").read_bytes(),
        users=(folder / "users.csv").read_bytes(),
        teams=(folder / "teams.csv").read_bytes(),
        options=ImportOptions(),
    )


def test_sample_when_imported_then_no_fault_and_everybody_is_there() -> None:
    parsed = parse(ROOT / "samples")

    assert parsed.faults == ()
    assert parsed.roster is not None
    assert len(parsed.roster.users) == 250
    assert len(parsed.roster.teams) == 15


def test_sample_when_loaded_by_the_simulator_then_everybody_found_is_there() -> None:
    world = seed.load(
        seed.read(ROOT / "samples" / "tenant.json.gz"), rng_seed=1, speed=1.0, clock=lambda: 0.0
    )

    # Two of the 250 are unknown to the tenant on purpose; the switchboard is one more.
    assert len(world.users) == 249


@pytest.mark.parametrize("number", [1, 2, 3])
def test_council_when_made_from_another_seed_then_imports_without_fault(
    tmp_path: Path, number: int
) -> None:
    script = str(ROOT / "scripts" / "make_samples.py")
    options = ["--people", "1000", "--waves", "5", "--seed", str(number), "--out", str(tmp_path)]
    subprocess.run([sys.executable, script, *options], check=True)

    parsed = parse(tmp_path)

    assert parsed.faults == ()
    assert parsed.roster is not None
    assert parsed.roster.wave_order() == ("pilot", "1", "2", "3", "4")
