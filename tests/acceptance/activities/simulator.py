"""The tenant simulator as a process of its own, and its control interface."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Self

import httpx

SPEED = "3600"


class Simulator:
    """A running simulator: what a test does to the tenant, and what it looks at afterwards."""

    def __init__(self, seed: dict[str, Any], folder: Path) -> None:
        file = folder / f"seed-{len(list(folder.iterdir()))}.json"
        file.write_text(json.dumps(seed), encoding="utf-8")
        options = ["--seed", str(file), "--port", "0", "--clock-speed", SPEED, "--limits", "1000"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "teams_rollout.tenant", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line.startswith("listening on "), "the simulator says itself what is wrong"
        address = line.removeprefix("listening on ")
        self.base_url = f"{address}/v1.0"
        self._control = httpx.Client(base_url=f"{address}/_tenant", timeout=30)

    def stop(self) -> None:
        """End the process by its own id."""
        self._control.close()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=20)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def reset(self) -> Self:
        """Go back to the seed."""
        self._control.post("/reset").raise_for_status()
        return self

    def change(self, *changes: dict[str, Any]) -> None:
        """Be the administrator, or the server team."""
        answer = self._control.post("/changes", json=list(changes))
        assert answer.is_success, answer.text

    def patch(self, path: str, body: dict[str, Any]) -> None:
        """Write as another program of the council does."""
        answer = httpx.patch(
            f"{self.base_url}{path}", json=body, headers={"authorization": "Bearer rehearsal"}
        )
        assert answer.is_success, answer.text

    def fail(self, path: str, kind: str, *, count: int = 1, **rule: Any) -> None:
        """Let the next requests to the path fail; replaces faults that are left."""
        self.faults([{"path": path, "kind": kind, "count": count, "method": "*", **rule}])

    def faults(self, rules: list[dict[str, Any]], *, seed: int = 1) -> None:
        """Inject faults by chance, the same for the same seed; replaces those that are left."""
        answer = self._control.post("/faults", json={"seed": seed, "rules": rules})
        assert answer.is_success, answer.text

    def requests(self) -> dict[str, Any]:
        """Everything that was asked, counted."""
        found: dict[str, Any] = self._control.get("/requests").raise_for_status().json()
        return found

    @property
    def writes(self) -> int:
        """Write requests that arrived, whatever came of them."""
        return int(self.requests()["writes"])

    @property
    def redundant(self) -> int:
        """Successful writes that changed nothing."""
        return int(self.requests()["redundant_total"])

    def effects(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What our requests changed, oldest first; what administrators did is left out."""
        lines = self._control.get("/effects").raise_for_status().text.splitlines()
        found = [e for e in map(json.loads, lines) if e["cause"] == "request"]
        return [e for e in found if kind in (None, e["kind"])]

    def touched(self, kind: str) -> list[str]:
        """Ids of the objects that had an effect of this kind, as often as they had it."""
        return [e["objectId"] for e in self.effects(kind)]

    def joined(self, team_id: str, role: str = "member") -> Counter[str]:
        """How often each person was put into the team."""
        made = self.effects(f"team.{role}")
        return Counter(e["after"] for e in made if e["objectId"] == team_id and e["after"])

    def state(self) -> dict[str, Any]:
        """The whole tenant."""
        found: dict[str, Any] = self._control.get("/state").raise_for_status().json()
        return found

    def user(self, user_id: str) -> dict[str, Any]:
        """One person as they are now."""
        return next(u for u in self.state()["users"] if u["id"] == user_id)

    def team(self, team_id: str) -> dict[str, Any]:
        """One team as it is now."""
        return next(t for t in self.state()["teams"] if t["id"] == team_id)
