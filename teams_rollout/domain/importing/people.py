"""Notices when a file names a person twice. Room: domain, pure.

A row names a person by the first of UPN, employee id and mail that it gives. The others count
only against rows that name a person by them: two accounts may share a personnel number.
"""

from dataclasses import dataclass
from typing import Literal

IDENTITY_COLUMNS = ("upn", "employee_id", "mail")
Verdict = Literal["new", "same", "differs"]


@dataclass(frozen=True, slots=True)
class Encounter:
    """Whether a row's person was met before.

    Attributes:
        column: the identifier that was met.
        line: the earlier row's line.
    """

    verdict: Verdict
    column: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class _Met:
    line: int
    content: tuple[str, ...]
    names_person: bool


_NEW = Encounter(verdict="new")


class PeopleMet:
    """Everybody whom the rows so far named."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, str], _Met] = {}

    def meet(
        self, identifiers: dict[str, str], *, line: int, content: tuple[str, ...]
    ) -> Encounter:
        """Note a row's person and say whether an earlier row named the same one.

        Args:
            identifiers: normalised values by identity column, empty ones left out.
            content: what the row says; equal contents make the later row a mere copy.
        """
        encounter = _NEW
        names_person = True
        for column, value in identifiers.items():
            met = self._met.setdefault((column, value), _Met(line, content, names_person))
            is_same_person = met.line != line and (names_person or met.names_person)
            if is_same_person and encounter is _NEW:
                same = met.content == content
                encounter = Encounter("same" if same else "differs", column, met.line)
            names_person = False
        return encounter
