"""Checks of names that another file defines: profiles and teams. Room: domain, pure.

A file that could not be read gives None instead of names; then every name passes, because its
own fault says enough.
"""

from collections.abc import Callable, Collection

from teams_rollout.domain.importing.cells import parse_list, quoted
from teams_rollout.domain.importing.faults import BadCell, FaultCode
from teams_rollout.domain.roster import fold


def profile_check(profiles: Collection[str] | None) -> Callable[[str], str]:
    """A check that gives the profile's name; empty means the only one."""

    def check(text: str) -> str:
        if profiles is None or text in profiles:
            return text
        if text:
            raise BadCell(
                FaultCode.UNKNOWN_PROFILE,
                f"{quoted(text)} is no profile of the rollout; choose one of {_some(profiles)}.",
            )
        if len(profiles) == 1:
            return next(iter(profiles))
        raise BadCell(
            FaultCode.MISSING_VALUE,
            f"The profile is missing, and there are several; choose one of {_some(profiles)}.",
        )

    return check


def teams_check(teams: Collection[str] | None) -> Callable[[str], tuple[str, ...]]:
    """A check that gives the teams of a semicolon list; all unknown ones are one fault."""
    spellings = {fold(team): team for team in teams or ()}

    def check(text: str) -> tuple[str, ...]:
        names = parse_list(text)
        unknown = () if teams is None else tuple(n for n in names if n not in teams)
        if not unknown:
            return names
        meant = spellings.get(fold(unknown[0]))
        what = "are no teams" if len(unknown) > 1 else "is no team"
        raise BadCell(
            FaultCode.UNKNOWN_TEAM,
            f"{', '.join(quoted(n) for n in unknown[:5])} {what} of teams.csv; "
            + (f"write {quoted(meant)}." if meant else "add it there or correct the name."),
        )

    return check


def _some(names: Collection[str]) -> str:
    listed = sorted(names)
    return ", ".join(quoted(n) for n in listed[:10]) + (", …" if len(listed) > 10 else "")
