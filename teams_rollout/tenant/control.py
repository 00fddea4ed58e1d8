"""Tenant simulator: the control interface under `/_tenant/`, which real tenants do not have.

`GET state` (a seed again), `GET effects` (JSON lines; `?after=SEQ`), `GET requests`,
`POST faults`, `POST changes`, `POST reset`. No sign-in, no limits, not counted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from teams_rollout.tenant import changes, seed
from teams_rollout.tenant.change_checks import ChangeError
from teams_rollout.tenant.faults import FaultError, Faults
from teams_rollout.tenant.gateway import Simulator
from teams_rollout.tenant.journal import Cause
from teams_rollout.tenant.wire import Json, dumps


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, content type and bytes of a control answer."""

    status: int
    content_type: str
    body: bytes


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, "application/json", dumps(value))


def _refuse(status: int, text: str) -> Reply:
    return _json({"error": text}, status)


def handle(sim: Simulator, method: str, name: str, query: str, body: bytes) -> Reply:
    """Answer one control request; `name` is the path after `/_tenant/`."""
    now = sim.world.pump()
    if method == "GET":
        return _read(sim, name, query)
    if method != "POST" or name not in ("faults", "changes", "reset"):
        return _refuse(404, f"The simulator has no control {method} /_tenant/{name}.")
    if name == "reset":
        sim.reset()
        return _json({"reset": True})
    try:
        return _json(_write(sim, name, json.loads(body), now=now))
    except (FaultError, ChangeError) as wrong:
        return _refuse(400, str(wrong))
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        return _refuse(400, f"The request is malformed: {wrong}")


def _write(sim: Simulator, name: str, wanted: Any, *, now: float) -> Json:
    if name == "faults":
        if not isinstance(wanted, dict):
            raise FaultError("faults must be an object with a list of rules")
        sim.faults = Faults(wanted)
        return {"rules": len(wanted.get("rules", []))}
    cause = Cause("admin", now, sim.world.new_id())
    return {"applied": changes.apply(sim.world, wanted, cause=cause)}


def _read(sim: Simulator, name: str, query: str) -> Reply:
    if name == "state":
        return _json(seed.dump(sim.world))
    if name == "requests":
        return _json(sim.stats.report())
    if name == "effects":
        after = parse_qs(query).get("after", ["0"])[0]
        if not after.isdigit():
            return _refuse(400, "after must be a sequence number.")
        lines = sim.world.journal.read(after=int(after))
        return Reply(200, "application/x-ndjson", lines)
    return _refuse(404, f"The simulator has no control GET /_tenant/{name}.")
