"""What the demo leaves behind: figures, people, and the tenant's own word on what happened."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from teams_rollout.cli.errors import CliError
from teams_rollout.cli.words import spoken

INTERESTING = ("done", "blocked", "waiting")
# Given by the tenant, so that whoever judges the run need not believe us.
TENANT_FILES = {
    "state": "tenant-state.json",
    "effects": "tenant-effects.jsonl",
    "requests": "tenant-requests.json",
}

User = Mapping[str, Any]


def people_to_look_at(users: Sequence[User], *, portal: str) -> list[str]:
    """Lines with the helpdesk page of one person each who is done, blocked and waiting."""
    lines = []
    for state in INTERESTING:
        user = next((user for user in users if user["state"] == state), None)
        if user is not None:
            why = f" ({spoken(user['code'])})" if user.get("code") else ""
            lines.append(f"{state:8} {user['upn']}{why}: {portal}/helpdesk/people/{user['ref']}")
    return lines


def write_results(folder: Path, *, users: Sequence[User], seconds: float, tenant: str) -> None:
    """Write demo.json, users.json and the tenant's state, effects and requests.

    Args:
        seconds: from the first import to the last wave closed.
        tenant: address of the simulator.

    Raises:
        CliError: the simulator did not hand its records over.
    """
    with httpx.Client(base_url=tenant, trust_env=False, timeout=120) as http:
        for record, name in TENANT_FILES.items():
            _save(http, f"/_tenant/{record}", folder / name)
    _write(folder / "users.json", list(users))
    requests = json.loads((folder / TENANT_FILES["requests"]).read_text(encoding="utf-8"))
    _write(folder / "demo.json", summary(users, seconds=seconds, requests=requests))


def summary(users: Sequence[User], *, seconds: float, requests: Mapping[str, Any]) -> User:
    """The content of demo.json."""
    return {
        "users": len(users),
        "by_state": dict(Counter(user["state"] for user in users)),
        "by_code": dict(Counter(user["code"] for user in users if user.get("code"))),
        "seconds": round(seconds, 1),
        "graph": {
            "requests": requests["total"],
            "writes": requests["writes"],
            "throttled": requests["throttled"],
        },
    }


def _save(http: httpx.Client, path: str, target: Path) -> None:
    try:
        with http.stream("GET", path) as answer, target.open("wb") as sink:
            answer.raise_for_status()
            for piece in answer.iter_bytes():
                sink.write(piece)
    except httpx.HTTPError as exc:
        raise CliError(f"The tenant simulator did not hand over {path}: {exc}") from exc


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
