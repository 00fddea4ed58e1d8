"""The local host's own API: which functions it serves, and its durable instances."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from teams_rollout.cli.addresses import STATE_DIR
from teams_rollout.cli.errors import CliError, UnreachableError
from teams_rollout.cli.lab.parts import HOST_STATE

INSTANCES = "/runtime/webhooks/durabletask/instances"
FUNCTIONS = "/admin/functions"
CONTINUATION = "x-ms-continuation-token"
PAGE = 500
FINISHED = "Completed,Failed,Terminated,Canceled"
SINCE_EVER = "2000-01-01T00:00:00Z"  # a purge by filter must name a beginning

Row = Mapping[str, Any]


@dataclass(frozen=True)
class HostApi:
    """Talks to the host at an address.

    Attributes:
        keys: the host's keys by name; without them the host refuses.
    """

    address: str
    keys: Mapping[str, str]

    def functions(self) -> list[Row]:
        """Every function that the host serves, with its bindings."""
        found: list[Row] = self._ask("GET", FUNCTIONS, key="master").json()
        return found

    def instances(self, *, states: Sequence[str] = ()) -> Iterator[Row]:
        """Every instance once, page by page, without its input.

        Instances come and go while one reads: one that is seen again is left out, and the list
        ends when the host repeats a token or gives nothing but what has been seen.

        Args:
            states: only instances in these states, such as `Running`.
        """
        query = {"top": str(PAGE), "showInput": "false"}
        query |= {"runtimeStatus": ",".join(states)} if states else {}
        seen: set[str] = set()
        tokens = {""}
        token = ""
        while True:
            headers = {CONTINUATION: token} if token else {}
            answer = self._ask("GET", INSTANCES, query=query, headers=headers)
            page: list[Row] = answer.json()
            fresh = [row for row in page if row["instanceId"] not in seen]
            seen |= {row["instanceId"] for row in fresh}
            yield from fresh
            token = answer.headers.get(CONTINUATION, "")
            if token in tokens or (page and not fresh):
                return
            tokens.add(token)

    def instance(self, instance_id: str) -> Row:
        """One instance with its input, output and history."""
        query = dict.fromkeys(("showInput", "showHistory", "showHistoryOutput"), "true")
        answer = self._ask("GET", _path(instance_id), query=query, about=instance_id)
        found: Row = answer.json()
        return found

    def terminate(self, instance_id: str, *, reason: str) -> None:
        """End an instance; what it has started goes on."""
        path = f"{_path(instance_id)}/terminate"
        self._ask("POST", path, query={"reason": reason}, about=instance_id)

    def purge(self, instance_id: str) -> None:
        """Remove one instance with its history."""
        self._ask("DELETE", _path(instance_id), about=instance_id)

    def purge_finished(self) -> int:
        """Remove every finished instance; returns how many there were."""
        # without a state the API removes instances that run, too
        query = {"createdTimeFrom": SINCE_EVER, "runtimeStatus": FINISHED}
        answer = self._ask("DELETE", INSTANCES, query=query, missing_is_fine=True)
        return int(answer.json()["instancesDeleted"]) if answer.is_success else 0

    def _ask(
        self,
        method: str,
        path: str,
        *,
        key: str = "durable",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        about: str = "",
        missing_is_fine: bool = False,
    ) -> httpx.Response:
        params = {**(query or {}), "code": self.keys.get(key, "")}
        try:
            with httpx.Client(base_url=self.address, trust_env=False, timeout=30) as http:
                answer = http.request(method, path, params=params, headers=headers)
        except httpx.TransportError as exc:
            raise UnreachableError(
                f"The local host at {self.address} cannot be reached. "
                "Start it with `rollout lab up`; its log is .rollout/logs/host.log."
            ) from exc
        if not answer.is_success and not (missing_is_fine and answer.status_code == 404):
            raise CliError(_refusal(answer, about))
        return answer


def read_keys(folder: Path = STATE_DIR) -> Mapping[str, str]:
    """The keys that the lab's host made for itself; empty if there are none to be read."""
    try:
        found = json.loads((folder / f"{HOST_STATE}.keys.json").read_text(encoding="utf-8"))
        return {str(name): str(key) for name, key in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _path(instance_id: str) -> str:
    return f"{INSTANCES}/{quote(instance_id, safe='')}"


def _refusal(answer: httpx.Response, instance_id: str) -> str:
    if instance_id and answer.status_code == 404:
        return f"There is no instance {instance_id}. List them with: rollout lab host ps"
    if instance_id and answer.status_code == 410:
        return f"The instance {instance_id} has already ended."
    return f"The local host answered {answer.status_code} {answer.reason_phrase}."
