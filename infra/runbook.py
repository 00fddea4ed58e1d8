"""Puts the runbook together: a runbook is one file, and ours shares its functions with scripts.

    infra/assemble-runbook --out build/hand-off-runbook.ps1

What to do with the file is in docs/hand-off.md.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

SCRIPTS = Path(__file__).parent / "hand-off"
SHARED, RUNBOOK = "HandOff.ps1", "runbook.ps1"
PLACE = "# HandOff.ps1 stands here in the published runbook.\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file; exit code 0."""
    parser = argparse.ArgumentParser(prog="infra/assemble-runbook", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    asked = parser.parse_args(arguments)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(assemble(SCRIPTS), encoding="utf-8")
    print(f"{asked.out} is ready to be published.")
    return 0


def assemble(folder: Path) -> str:
    """The runbook with the shared functions behind its parameters.

    Raises:
        ValueError: the runbook has no place for them.
    """
    runbook = (folder / RUNBOOK).read_text("utf-8")
    if runbook.count(PLACE) != 1:
        raise ValueError(f"{RUNBOOK} must hold this line once: {PLACE.strip()}")
    return runbook.replace(PLACE, (folder / SHARED).read_text("utf-8"))


if __name__ == "__main__":
    sys.exit(main())
