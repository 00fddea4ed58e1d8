"""What the shape tests look at: the files under version control, parsed once."""

import ast
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> Sequence[Path]:
    """Every file under version control that is still there, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [Path(name) for name in listing.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def modules(tracked: Sequence[Path]) -> Mapping[Path, ast.Module]:
    """Every Python module under version control, by its path relative to the root."""
    return {
        path: ast.parse((ROOT / path).read_text(encoding="utf-8"))
        for path in tracked
        if path.suffix == ".py"
    }
