"""What production refuses by name: functions that are not there, ids that cannot be (localhost).

The sentences are the extension's own, so that who searches for one finds its explanation.
"""

import re
from collections.abc import Collection
from typing import Final

LONGEST_ID: Final = 100
_FORBIDDEN: Final = re.compile(r"[/\\?#\x00-\x1f\x7f-\x9f]")


def complain_of_function(name: str, what: str, known: Collection[str]) -> str | None:
    """Say that a function is not among the known ones, or None when it is.

    Args:
        what: its kind with its article, such as `an activity`.
    """
    if name.casefold() in {one.casefold() for one in known}:
        return None
    kind = what.rsplit(maxsplit=1)[-1]
    names = ", ".join(f"'{one}'" for one in sorted(known))
    rest = (
        f"The following are the known {kind} functions: {names}."
        if known
        else f"No {kind} functions are currently registered!"
    )
    return (
        f"The function '{name}' doesn't exist, is disabled, or is not {what} function. "
        f"Additional info: {rest}"
    )


def complain_of_instance_id(instance_id: str) -> str | None:
    """Say why an instance cannot have this id, or None when it can."""
    if instance_id.startswith("@"):
        return "Orchestration instance ids must not start with @."
    if _FORBIDDEN.search(instance_id):
        return "Orchestration instance ids must not contain /, \\, #, ?, or control characters."
    if len(instance_id) > LONGEST_ID:
        return f"Instance ID lengths must not exceed {LONGEST_ID} characters."
    return None


def complain_of_entity_key(key: str) -> str | None:
    """Say why an entity cannot have this key, or None when it can."""
    if _FORBIDDEN.search(key):
        return "Entity keys must not contain /, \\, #, ?, or control characters."
    return None
