"""Stands in for the Azure CLI on PATH: `az rest` reaches the simulator, or a small directory.

The simulator keeps grants; registrations it does not know, so they live in a file here. Refuses
what Graph would refuse as far as the scripts could get it wrong.
"""

import argparse
import json
import os
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

GRAPH = "https://graph.microsoft.com/v1.0"
WRITABLE = {
    *("displayName", "signInAudience", "appRoles", "api", "web", "identifierUris"),
    *("appId", "appRoleAssignmentRequired", "name", "issuer", "subject", "audiences"),
}


class RefusedError(Exception):
    """Graph said no."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(f"{status}({json.dumps({'error': {'message': message}})})")


class Directory:
    """Registrations, their service principals and proofs, kept in one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        empty: dict[str, Any] = {"apps": {}, "principals": {}, "proofs": {}, "writes": 0}
        self.state = json.loads(file.read_text()) if file.exists() else empty

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """One request."""
        unknown = set(body) - WRITABLE
        if unknown:
            raise RefusedError("Bad Request", f"Unknown property {sorted(unknown)[0]}.")
        found = self._route(method, path, body)
        if method != "get":
            self.state["writes"] += 1
            self._file.write_text(json.dumps(self.state))
        return found

    def _route(self, method: str, path: str, body: dict[str, Any]) -> Any:
        if by_name := re.fullmatch(r"/applications\(uniqueName='(.+)'\)", path):
            return self._app(method, by_name[1], body)
        if proofs := re.fullmatch(r"/applications/(.+)/federatedIdentityCredentials", path):
            rows = self.state["proofs"].setdefault(proofs[1], [])
            if method == "post":
                rows.append(body)
            return {"value": rows}
        if by_app := re.fullmatch(r"/servicePrincipals\(appId='(.+)'\)", path):
            if by_app[1] not in self.state["principals"]:
                raise RefusedError("Not Found", "Resource does not exist.")
            return self.state["principals"][by_app[1]]
        if method == "post" and path == "/servicePrincipals":
            self.state["principals"][body["appId"]] = {"id": f"sp-{body['appId']}", **body}
            return None
        row = next(x for x in self.state["principals"].values() if path.endswith(f"/{x['id']}"))
        row.update(body)
        return None

    def _app(self, method: str, name: str, body: dict[str, Any]) -> Any:
        apps = self.state["apps"]
        if method == "patch":
            new = {"id": f"object-{name}", "appId": f"client-{name}"}
            apps[name] = {**apps.get(name, new), **body}
        if name not in apps:
            raise RefusedError("Not Found", "Resource does not exist.")
        return apps[name]


def to_simulator(method: str, path: str, body: dict[str, Any]) -> Any:
    """The same request over HTTP."""
    request = urllib.request.Request(  # noqa: S310 - the test's own simulator
        f"{os.environ['FAKE_AZ_SIMULATOR']}{path}",
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": "Bearer rehearsal", "Content-Type": "application/json"},
        method=method.upper(),
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise RefusedError(error.reason, json.loads(error.read())["error"]["message"]) from error


def main() -> int:
    """What `az` would print."""
    parser = argparse.ArgumentParser(prog="az")
    parser.add_argument("words", nargs="+")
    for option in ("--method", "--url", "--body", "--output"):
        parser.add_argument(option, default="")
    parser.add_argument("--headers", nargs="*")
    parser.add_argument("--only-show-errors", action="store_true")
    asked = parser.parse_args()
    if asked.words == ["account", "show"]:
        sys.stdout.write(json.dumps({"tenantId": os.environ["FAKE_AZ_TENANT"]}))
        return 0
    path, body = asked.url.removeprefix(GRAPH), json.loads(asked.body or "{}")
    try:
        if "FAKE_AZ_SIMULATOR" in os.environ:
            found = to_simulator(asked.method, path, body)
        else:
            found = Directory(Path(os.environ["FAKE_AZ_STATE"])).answer(asked.method, path, body)
    except RefusedError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 1
    sys.stdout.write(json.dumps(found) if found is not None else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
