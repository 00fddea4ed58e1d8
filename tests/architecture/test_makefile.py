"""`make help` tells the whole truth, and the documents name only targets that exist."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def makefile(repository: Path) -> str:
    return (repository / "Makefile").read_text().replace("\\\n", " ")


@pytest.fixture(scope="session")
def targets(makefile: str) -> set[str]:
    """The targets that are jobs, not files."""
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE))


def test_jobs_when_listed_then_all_are_phony(makefile: str, targets: set[str]) -> None:
    phony = re.search(r"^\.PHONY:(.*)$", makefile, flags=re.MULTILINE)

    assert phony is not None
    assert set(phony[1].split()) == targets


def test_help_when_asked_then_lists_every_job(targets: set[str], repository: Path) -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert set(re.findall(r"^  make ([a-z-]+) +\S", shown, flags=re.MULTILINE)) == targets


def test_documents_when_they_say_make_then_the_job_exists(
    targets: set[str], tracked: Sequence[Path], repository: Path
) -> None:
    said = {
        (job, str(path))
        for path in tracked
        if path.suffix == ".md"
        for job in re.findall(
            r"(?:^|`)make ([a-z-]+)", (repository / path).read_text(), re.MULTILINE
        )
    }

    assert not {(job, path) for job, path in said if job not in targets}
