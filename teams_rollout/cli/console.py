"""Writing to the terminal: one console for answers, one for messages, JSON for programs."""

import json
import sys
from typing import Any

from rich.console import Console

PLAIN_WIDTH = 2000  # a pipe has no width: rows are kept whole so that they can be searched


def console() -> Console:
    """Where answers go: standard output, plain and wide when that is not a terminal."""
    return _console(stderr=False)


def messages() -> Console:
    """Where everything else goes, so that an answer can be piped."""
    return _console(stderr=True)


def print_json(value: Any) -> None:
    """Print a value as JSON for a program."""
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def say(text: str) -> None:
    """One line of answer; square brackets are text, not markup."""
    console().print(text, markup=False, highlight=False, soft_wrap=True)


def note(text: str) -> None:
    """One line beside the answer (waiting for, asking, warning)."""
    messages().print(text, markup=False, highlight=False, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return Console(stderr=stderr, width=width, highlight=False)
