"""The host's access keys, kept beside the state file (localhost)."""

import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web

from teams_rollout.localhost.store import StateFileError


@dataclass(frozen=True, slots=True)
class HostKeys:
    """One key for every function, one for everything, one for the durable webhook."""

    master: str
    function: str
    durable: str

    def allows(self, level: str, given: str | None) -> bool:
        """Say whether a key opens functions of a level: `ANONYMOUS`, `FUNCTION` or `ADMIN`."""
        if level == "ANONYMOUS":
            return True
        accepted = [self.master, self.function] if level == "FUNCTION" else [self.master]
        return given is not None and _is_one_of(given, accepted)

    def allows_webhook(self, given: str | None) -> bool:
        """Say whether a key opens the management API below its public path."""
        return given is not None and _is_one_of(given, [self.master, self.durable])


def key_of(request: web.Request) -> str | None:
    """Return the key that a request carries, in its header or its query."""
    return request.headers.get("x-functions-key") or request.query.get("code")


def keys_path(state: Path) -> Path:
    """Return where the keys of a state file are."""
    return state.with_name(f"{state.name}.keys.json")


def load_keys(state: Path) -> HostKeys:
    """Read the keys of a state file; make them at the first start, readable for the owner only.

    Raises:
        StateFileError: the file of keys is damaged.
    """
    path = keys_path(state)
    if not path.exists():
        return _make_keys(path)
    try:
        return HostKeys(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, OSError) as error:
        raise StateFileError(f"The keys in {path} cannot be read ({error}).") from error


def _make_keys(path: Path) -> HostKeys:
    keys = HostKeys(*(secrets.token_urlsafe(30) for _ in range(3)))
    draft = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(keys), file, indent=1)
    draft.rename(path)  # in one step: a kill in between must not leave half a file
    return keys


def _is_one_of(given: str, accepted: list[str]) -> bool:
    return any([hmac.compare_digest(given.encode(), one.encode()) for one in accepted])
