"""The recorder keeps what a terminal really showed, as a picture that needs nothing else."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[3]
COUNTING = (
    "import time\nfor n in range(4):\n    print(f'step {n} <&>', flush=True); time.sleep(0.5)"
)


def record(out: Path, *options: str, program: str) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "scripts" / "record_picture.py")
    command = [sys.executable, script, "--out", str(out), *options, "--", sys.executable, "-c"]
    return subprocess.run([*command, program], capture_output=True, text=True, check=False)


def shown(picture: Path) -> str:
    """All text of a picture; fails when it is not well-formed."""
    text = "".join(ElementTree.fromstring(picture.read_text()).itertext())  # noqa: S314  our own file
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_recorder_when_asked_for_a_moment_then_shows_that_moment(tmp_path: Path) -> None:
    out = tmp_path / "picture.svg"

    recorded = record(out, "--showing", "step 1", "--at", "0", program=COUNTING)

    assert recorded.returncode == 0, recorded.stderr
    assert "step 1 <&>" in shown(out)
    assert "step 3" not in shown(out)
    assert not re.search(r"(href|url\(|@import|@font-face)", out.read_text())


def test_recorder_when_the_command_fails_then_no_picture_and_its_exit_code(tmp_path: Path) -> None:
    recorded = record(tmp_path / "none.svg", program="raise SystemExit(3)")

    assert recorded.returncode == 3
    assert not (tmp_path / "none.svg").exists()
