"""Tenant simulator: the shape of administrators' changes, checked before the first is made.

A list with a malformed change is refused whole. What depends on the tenant (is there such a
user?) shows only when it is that change's turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from teams_rollout.tenant.schema import USER_PROPERTIES, USER_WRITABLE
from teams_rollout.tenant.wire import Json

HOMINGS = ("none", "online", "onPremises")

_NUMBER = re.compile(r"^\+?\d{3,15}$")
_OWN_OPS = {"assignedLicenses": "setLicenses", "policies": "setPolicy"}
_OWN_OPS |= {"telephoneNumbers": "setNumber", "memberOf": "addMember"}


class ChangeError(Exception):
    """A change that cannot be made; the text says which and why."""


def check(change: Any) -> None:
    """Refuse a change whose parts are missing or of the wrong kind.

    Raises:
        ChangeError: with the op and what it needs.
    """
    op = change.get("op") if isinstance(change, dict) else None
    needs = _NEEDS.get(op) if isinstance(op, str) else None
    if needs is None:
        raise ChangeError(f"unknown change {change!r:.80}; ops are {', '.join(_NEEDS)}")
    for name, (is_right, wanted) in needs.items():
        if name not in change or not is_right(change[name]):
            raise ChangeError(f"{op} needs {name!r}: {wanted}")
    if op == "patchUser":
        _check_patch(change["patch"])


def _check_patch(patch: Json) -> None:
    for name, value in patch.items():
        if name in _OWN_OPS:
            raise ChangeError(f"patchUser cannot change {name!r}; {_OWN_OPS[name]} does")
        if name == "sfbHoming":
            if value not in HOMINGS:
                raise ChangeError(f"patchUser: sfbHoming is one of {', '.join(HOMINGS)}")
        elif name not in USER_PROPERTIES:
            raise ChangeError(f"patchUser: a user has no property {name!r}")
        elif value is not None and not isinstance(value, USER_WRITABLE.get(name, object)):
            raise ChangeError(f"patchUser: the value of {name!r} is of the wrong type")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_text_or_null(value: Any) -> bool:
    return value is None or _is_text(value)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, str) and bool(_NUMBER.match(value)))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_user(value: Any) -> bool:
    return isinstance(value, dict) and _is_text(value.get("userPrincipalName"))


def _are_licences(value: Any) -> bool:
    rows = value if isinstance(value, list) else [None]
    return all(
        isinstance(row, dict)
        and _is_text(row.get("skuId"))
        and isinstance(row.get("disabledPlans", []), list)
        for row in rows
    )


_Need = tuple[Callable[[Any], bool], str]
_USER: dict[str, _Need] = {"id": (_is_text, "the user's object id or UPN")}
_IN_TEAM: dict[str, _Need] = {
    "team": (_is_text, "the team's id"),
    "user": (_is_text, "the user's object id or UPN"),
}
_NEEDS: dict[str, dict[str, _Need]] = {
    "addUser": {"user": (_is_user, "an object with a userPrincipalName")},
    "patchUser": {**_USER, "patch": (lambda x: isinstance(x, dict), "an object of properties")},
    "deleteUser": _USER,
    "restoreUser": {"id": (_is_text, "the object id of the deleted user")},
    "moveToCloud": _USER,
    "moveToServer": _USER,
    "setLicenses": {
        **_USER,
        "assignedLicenses": (_are_licences, "a list of {skuId, disabledPlans}; all he shall hold"),
    },
    "setPolicy": {
        **_USER,
        "policyType": (_is_text, "a policy type"),
        "policyName": (_is_text_or_null, "a policy's name, or null for the tenant's default"),
    },
    "setNumber": {**_USER, "number": (_is_number, "digits with or without +, or null")},
    "addMember": _IN_TEAM,
    "removeMember": _IN_TEAM,
    "deleteTeam": {"id": (_is_text, "the team's id")},
    "setSeats": {
        "skuId": (_is_text, "an SKU's id"),
        "enabled": (_is_count, "a number of seats, 0 or more"),
    },
}
