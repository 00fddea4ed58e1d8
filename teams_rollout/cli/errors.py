"""What a command tells a person when it cannot do its job: one clear sentence, one exit code.

CliError(message, exit_code)
├── ApiError          the API answered, and refused (problem+json)
│   └── ImportRefusedError the API found faults in the files
└── UnreachableError  a component does not answer: which, where, how to start it
"""

from collections.abc import Mapping, Sequence
from typing import Any

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_ATTENTION = 2
EXIT_USAGE = 64
EXIT_INTERRUPTED = 130


class CliError(Exception):
    """A failure that a person can understand; printed without a traceback."""

    def __init__(self, message: str, *, exit_code: int = EXIT_ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


class UnreachableError(CliError):
    """A component that does not answer."""


class ApiError(CliError):
    """The API's refusal, in its own words.

    Attributes:
        status: HTTP status.
        problem: the RFC 9457 body; empty when the answer was something else.
    """

    def __init__(self, *, status: int, problem: Mapping[str, Any], fallback: str = "") -> None:
        super().__init__(_sentence(status, problem, fallback))
        self.status = status
        self.problem = problem


class ImportRefusedError(ApiError):
    """Files with faults; nothing was saved.

    Attributes:
        faults: one mapping per fault: file, line, column, code, key, message, severity.
    """

    def __init__(self, *, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(status=status, problem=problem)
        self.faults: Sequence[Mapping[str, Any]] = problem.get("errors") or ()


def _fields(problem: Mapping[str, Any]) -> str:
    """Which parts of the request the API did not take; a person need not open the API's schema."""
    errors = problem.get("errors")
    named = [e for e in errors if "field" in e] if isinstance(errors, list) else []
    return "".join(f" {e['field']}: {e.get('message', '')}." for e in named)


def _sentence(status: int, problem: Mapping[str, Any], fallback: str) -> str:
    parts = (str(problem.get(name) or "").strip() for name in ("title", "detail", "do"))
    text = " ".join(part if part[-1] in ".?!" else f"{part}." for part in parts if part)
    text += _fields(problem)
    # What to type stands at the end: a full stop would be taken for a part of it.
    text = text.removesuffix(".") if problem.get("do") else text
    return text or fallback or f"The API answered with status {status}."
