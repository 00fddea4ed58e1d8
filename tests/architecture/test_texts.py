"""No file names a registry, a machine's folders or an unowned task, and no test patches."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

# Written in parts, so that this file does not find itself.
FORBIDDEN = {
    "a package registry": r"py"
    r"pi\.org|pythonhosted\."
    r"org|registry\.npm"
    r"js|\"resol"
    r"ved\":",
    "a registry option": r"--(extra-)?index" r"-url|--find" r"-links",
    "a folder of one machine": r"(?<![\w.])/(ho" r"me/(?!site/)|ro" r"ot/|op" r"t/|wo" r"rk/)",
    "a patch": r"mock(er)?\.pat" r"ch\b(?!\")|import pat" r"ch\b",  # ruff bans it by name too
    "a task without an issue": r"\b(TO" r"DO(?!\(#\d+\))|FIX" r"ME)\b",
}
BINARY = {".gz", ".png", ".ico", ".woff2", ".sqlite"}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_tracked_text_when_searched_then_has_none(
    what: str, tracked: Sequence[Path], repository: Path
) -> None:
    pattern = re.compile(FORBIDDEN[what])

    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in tracked
        if path.suffix not in BINARY
        for number, line in enumerate((repository / path).read_text().splitlines(), start=1)
        if pattern.search(line)
    ]

    assert not found
