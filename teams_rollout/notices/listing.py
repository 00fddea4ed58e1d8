"""Printable lists: people without a mailbox, under the manager who tells them. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from teams_rollout.domain.roster import fold


@dataclass(frozen=True)
class Listed:
    """One person on a list."""

    name: str
    sign_in_name: str
    department: str
    manager: str


@dataclass(frozen=True)
class ManagersList:
    """One manager's people; an empty manager is nobody's list, sorted by department."""

    manager: str
    people: tuple[Listed, ...]


def by_manager(people: Iterable[Listed]) -> list[ManagersList]:
    """A list for each manager in the order of names; people without one come last."""
    groups: defaultdict[str, list[Listed]] = defaultdict(list)
    for person in people:
        groups[fold(person.manager)].append(person)
    return [
        ManagersList(
            manager=rows[0].manager,
            people=tuple(sorted(rows, key=lambda p: (fold(p.department), fold(p.name)))),
        )
        for _, rows in sorted(groups.items(), key=lambda pair: (not pair[0], pair[0]))
    ]
