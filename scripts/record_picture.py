"""Runs a command in a terminal of its own and keeps one screen of it as an SVG picture.

    python scripts/record_picture.py --out docs/images/wave.svg --showing "wave 1" -- COMMAND ...

The picture in the README comes from a real run this way (`make picture`), never from a drawing.
"""

import argparse
import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyte
from terminal_svg import Cell, draw

COLUMNS, LINES = 100, 36
SECONDS_BETWEEN_SHOTS = 0.4


@dataclass(frozen=True)
class Shot:
    """What the terminal showed at one moment."""

    lines: list[list[Cell]]

    @property
    def text(self) -> str:
        """The characters alone."""
        return "\n".join("".join(cell.text for cell in line) for line in self.lines)


def main() -> int:
    """Records; the exit code is the command's, or 1 when no screen showed what was asked for."""
    options = _options()
    process, terminal = _start(options.command)
    try:
        shots = [shot for shot in _watch(terminal) if options.showing in shot.text]
        code = process.wait()
    finally:
        os.close(terminal)
        if process.poll() is None:
            process.terminate()
    if code or not shots:
        sys.stderr.write(f"record_picture: exit code {code}, {len(shots)} screens to choose from\n")
        return code or 1
    chosen = shots[int((len(shots) - 1) * options.at)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(draw(chosen.lines, title=options.title), encoding="utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Keep one screen of a command as a picture.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--showing", default="", help="only screens with this text")
    parser.add_argument("--at", type=float, default=0.5, help="0 = the first of them, 1 = the last")
    parser.add_argument("--title", default="A terminal", help="what the picture shows")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def _start(command: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """The command in a terminal of fixed size, and our end of that terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    return process, ours


def _watch(terminal: int) -> Iterator[Shot]:
    """A shot every now and then, and the last one, until the command lets go of the terminal."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    taken = 0.0
    # Linux reports the far end's closing as an input/output error.
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 65536):
            if time.monotonic() - taken >= SECONDS_BETWEEN_SHOTS:
                yield _shot(screen)
                taken = time.monotonic()
            stream.feed(data)
    yield _shot(screen)


def _shot(screen: pyte.Screen) -> Shot:
    return Shot(
        lines=[
            [_cell(screen.buffer[line][column]) for column in range(COLUMNS)]
            for line in range(LINES)
        ]
    )


def _cell(char: pyte.screens.Char) -> Cell:
    return Cell(text=char.data, colour=char.fg, bold=char.bold)


if __name__ == "__main__":
    sys.exit(main())
