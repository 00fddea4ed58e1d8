"""The contract file of Microsoft Graph's subset, turned into JSON Schema validators.

The file lives next to the repository (`../shared/contracts`), not in it; tests that need it
are skipped where it is absent.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT.parent / "shared" / "contracts" / "graph-openapi-subset.yaml"
REASON = f"the Graph contract {CONTRACT.name} is not present next to the repository"
METHODS = ("get", "post", "put", "patch", "delete")


def _nullable(node: Any) -> Any:
    """Rewrite OpenAPI 3.0's `nullable` into JSON Schema's null type."""
    if isinstance(node, list):
        return [_nullable(x) for x in node]
    if not isinstance(node, dict):
        return node
    plain = {
        k: _nullable(v) for k, v in node.items() if k not in ("nullable", "example", "examples")
    }
    if node.get("nullable") and "type" in plain:
        plain["type"] = [plain["type"], "null"]
        if "enum" in plain:
            plain["enum"] = [*plain["enum"], None]
    return plain


@cache
def document() -> dict[str, Any]:
    """The contract with every schema in JSON Schema form."""
    converted: dict[str, Any] = _nullable(yaml.safe_load(CONTRACT.read_text(encoding="utf-8")))
    return converted


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    """Return what is wrong with a value, one sentence each."""
    # The components come along, so that the schema's references resolve within it.
    whole = {**schema, "components": document()["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(value)
    ]


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """One pattern per path of the contract; paths with fewer parameters first."""
    found = []
    for path in sorted(document()["paths"], key=lambda x: x.count("{")):
        parts = re.split(r"\{[^}]+\}", path)
        found.append((re.compile("[^/]+?".join(map(re.escape, parts)) + "$"), path))
    return found


def path_of(url: str) -> str | None:
    """Return the contract's path for a request path relative to the version root."""
    plain = url.partition("?")[0]
    return next((path for pattern, path in _patterns() if pattern.match(plain)), None)


def operations() -> set[tuple[str, str]]:
    """Every (METHOD, path) of the contract."""
    return {
        (method.upper(), path)
        for path, item in document()["paths"].items()
        for method in item
        if method in METHODS
    }


def _resolve(node: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref")
    if reference is None:
        return node
    found: Any = document()
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _response(operation: dict[str, Any], status: int) -> dict[str, Any] | None:
    responses = operation["responses"]
    for key in (str(status), f"{status // 100}XX"):
        if key in responses:
            return _resolve(responses[key])
    return None


def check_answer(
    method: str, url: str, status: int, headers: dict[str, str], body: Any
) -> list[str]:
    """Return what is wrong with an answer according to the contract."""
    path = path_of(url)
    if path is None or method.lower() not in document()["paths"][path]:
        return [f"the contract has no {method} {url}"]
    response = _response(document()["paths"][path][method.lower()], status)
    if response is None:
        return [f"the contract has no status {status} for {method} {path}"]
    missing = [
        f"header {x} is missing"
        for x in response.get("headers", {})
        if x.lower() not in headers and status == 202
    ]
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return missing + (
            [] if body in (b"", None) else [f"{method} {path}: a body where none belongs"]
        )
    return missing + errors(schema, body)


def check_request(method: str, url: str, headers: dict[str, str], body: Any) -> list[str]:
    """Return what is wrong with a request according to the contract."""
    path = path_of(url)
    if path is None or method.lower() not in document()["paths"][path]:
        return [f"the contract has no {method} {url}"]
    operation = document()["paths"][path][method.lower()]
    content = _resolve(operation.get("requestBody", {})).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    wrong = _query(operation, url)
    if schema is None:
        # An item of an envelope needs a body even where the call has none: then an empty one.
        return wrong + ([] if body in (None, {}) else ["a body where none belongs"])
    return wrong + (["the body is missing"] if body is None else errors(schema, body))


def _query(operation: dict[str, Any], url: str) -> list[str]:
    known = {
        parameter["name"]
        for parameter in map(_resolve, operation.get("parameters", []))
        if parameter["in"] == "query"
    }
    names = [x.partition("=")[0] for x in url.partition("?")[2].split("&") if x]
    return [
        f"query option {x} is not in the contract" for x in names if x not in known | {"$skiptoken"}
    ]
