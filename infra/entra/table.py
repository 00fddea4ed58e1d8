"""The table of permissions: which feature needs what, and why. Read by a template too."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).parents[1] / "permissions.json"

# Every rollout reads the tenant and assigns licences; the rest depends on its files.
ALWAYS = ("reading", "licenses")


@dataclass(frozen=True)
class Permission:
    """One application permission on Microsoft Graph.

    Attributes:
        id: of the app role; the same in every tenant.
        reason: what it is needed to do.
        covered_by: broader permissions that include it.
    """

    feature: str
    permission: str
    id: str
    reason: str
    covered_by: tuple[str, ...]

    def held_through(self, granted: Collection[str]) -> str:
        """The granted permission that will do, or nothing."""
        return next((p for p in (self.permission, *self.covered_by) if p in granted), "")


def read_table() -> tuple[str, tuple[Permission, ...]]:
    """Graph's application id, and the permissions in the order of the file."""
    table = json.loads(_FILE.read_text(encoding="utf-8"))
    rows = [
        Permission(**{**row, "covered_by": tuple(row["covered_by"])})
        for row in table["permissions"]
    ]
    return table["graphAppId"], tuple(rows)


def features(rows: Sequence[Permission]) -> tuple[str, ...]:
    """Every feature, in the order of the table."""
    return tuple(dict.fromkeys(row.feature for row in rows))


def least(rows: Sequence[Permission], chosen: Collection[str]) -> tuple[Permission, ...]:
    """What the features need, without what another needed permission includes anyway."""
    needed = [row for row in rows if row.feature in chosen]
    names = {row.permission for row in needed}
    return tuple(row for row in needed if not names.intersection(row.covered_by))
