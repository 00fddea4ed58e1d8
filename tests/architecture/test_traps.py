"""The tests that `docs/graph-traps.md` names as proofs are there."""

import re
from pathlib import Path

PROOF = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


def test_traps_when_read_then_every_line_names_tests_that_exist(repository: Path) -> None:
    document = (repository / "docs" / "graph-traps.md").read_text("utf-8")
    lines = [x for x in document.splitlines() if x.startswith("| ") and not x.startswith("| trap ")]

    missing = [
        f"{path}::{name}"
        for line in lines
        for path, name in PROOF.findall(line.rpartition(" | ")[2])
        if not _is_there(repository / "tests" / path, name)
    ]

    assert len(lines) > 40
    assert [line for line in lines if not PROOF.search(line.rpartition(" | ")[2])] == []
    assert missing == []


def _is_there(path: Path, name: str) -> bool:
    if not path.exists():
        return False
    return not name or re.search(rf"def {name}\(", path.read_text("utf-8")) is not None
