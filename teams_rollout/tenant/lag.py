"""Tenant simulator: how long Microsoft takes, and what happens when that time is over.

Every lag is a range in seconds of the real service, drawn with a seeded generator and divided
by the clock speed. `tenant.lag` in the seed overrides ranges: `{"directory": [2, 60],
"licence": 1800}`, or one number or pair for all of them.

Keys: `directory` (lists, filters and replicas after a change; group rosters after a team's),
`licence` (licence until Teams works), `policy` (assignment until userConfigurations shows it),
`team` (group creation until PUT team stops answering 404), `members` (members/add until the
team's list shows it), `number` (a telephone number order), `location` (usageLocation until
assignLicense believes it, for one change in four), `group_licence` (group licensing),
`group_to_team` (a group member until the team has him), `team_create` (POST /teams).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

DEFAULTS: dict[str, tuple[float, float]] = {
    "directory": (2, 60),
    "licence": (300, 1800),
    "policy": (600, 1800),
    "team": (0, 900),
    "members": (0, 60),
    "number": (5, 60),
    "location": (2, 20),
    "group_licence": (30, 300),
    "group_to_team": (3600, 86400),
    "team_create": (5, 60),
}

# Seeds are written by several hands; each of these spellings means the same range.
_ALIASES = {
    "license": "licence",
    "licenceToTeams": "licence",
    "licenseToTeams": "licence",
    "licence_to_teams": "licence",
    "license_to_teams": "licence",
    "putTeam": "team",
    "put_team": "team",
    "membersAdd": "members",
    "members_add": "members",
    "usageLocation": "location",
    "groupLicence": "group_licence",
    "groupLicense": "group_licence",
    "group_license": "group_licence",
    "groupToTeam": "group_to_team",
    "teamCreate": "team_create",
}


def _range(value: Any) -> tuple[float, float]:
    """Read one range: a number of seconds, a pair, or `{"min", "max"}`.

    Raises:
        ValueError: anything else, or a negative number.
    """
    if isinstance(value, Mapping):
        value = [value.get("min", 0), value.get("max", value.get("min", 0))]
    pair = value if isinstance(value, list) else [value, value]
    numeric = all(isinstance(x, int | float) and not isinstance(x, bool) and x >= 0 for x in pair)
    if len(pair) != 2 or not numeric:
        raise ValueError("a lag is a number of seconds or a pair of them")
    return (float(min(pair)), float(max(pair)))


class Lags:
    """Draws lags in real seconds, reproducibly."""

    def __init__(self, override: Any = None, *, rng: Random, speed: float = 1.0) -> None:
        """Take the defaults, overridden by the seed's `tenant.lag`.

        Raises:
            ValueError: a malformed range.
        """
        self._rng = rng
        self._speed = speed
        self._ranges = dict(DEFAULTS)
        if isinstance(override, Mapping):
            for key, value in override.items():
                self._ranges[_ALIASES.get(str(key), str(key))] = _range(value)
        elif override is not None:
            self._ranges = dict.fromkeys(DEFAULTS, _range(override))

    def draw(self, name: str) -> float:
        """Return a lag of this kind in seconds of the real clock."""
        low, high = self._ranges[name]
        return self._rng.uniform(low, high) / self._speed

    def chance(self, probability: float) -> bool:
        """Decide a vice that shows only sometimes."""
        return self._rng.random() < probability


class Schedule:
    """Background work with due times (epoch seconds), run when somebody next looks."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = itertools.count()

    def at(self, due: float, work: Callable[[float], None]) -> None:
        """Run `work(due)` once the clock has reached `due`."""
        heapq.heappush(self._heap, (due, next(self._order), work))

    def run(self, now: float) -> None:
        """Run everything that is due, oldest first."""
        while self._heap and self._heap[0][0] <= now:
            due, _, work = heapq.heappop(self._heap)
            work(due)
