"""Which versions of orchestrations this host runs, as `host.json` says (localhost).

An instance keeps the version that it was started with. A host with a `defaultVersion` leaves
instances of later versions alone (or fails them), so that a rollback does not break them.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MISMATCH: Final = "Orchestration version did not comply with Worker Versioning"
_DOTTED: Final = re.compile(r"\d+(?:\.\d+){1,3}")


class VersionMatch(StrEnum):
    """`versionMatchStrategy`."""

    NONE = "None"
    STRICT = "Strict"
    CURRENT_OR_OLDER = "CurrentOrOlder"


class VersionFailure(StrEnum):
    """`versionFailureStrategy`: leave such an instance to another host, or fail it."""

    REJECT = "Reject"
    FAIL = "Fail"


@dataclass(frozen=True, slots=True)
class VersionRules:
    """What a host does about versions; without a `current` one it runs all of them."""

    current: str = ""
    match: VersionMatch = VersionMatch.CURRENT_OR_OLDER
    failure: VersionFailure = VersionFailure.REJECT

    def fits(self, version: str) -> bool:
        """Whether this host runs an instance of a version."""
        if not self.current or self.match is VersionMatch.NONE:
            return True
        if self.match is VersionMatch.STRICT:
            return version == self.current
        return not _is_later(version, self.current)


def _is_later(version: str, than: str) -> bool:
    if not version.strip():
        return False
    if _DOTTED.fullmatch(version) and _DOTTED.fullmatch(than):
        return _numbers(version) > _numbers(than)
    return version.upper() > than.upper()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
