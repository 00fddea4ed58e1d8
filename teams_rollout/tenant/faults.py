"""Tenant simulator: seeded faults (`POST /_tenant/faults`).

`{"seed": 7, "rules": [{"method": "POST", "path": "/users/*/assignLicense", "rate": 0.1,
"kind": "503", "retry_after": 2, "count": 5}]}`. `path` is relative to the version root, `*`
and `{anything}` stand for one or more characters; absent means every path. `rate` is the
chance per request (default 1), `count` the most times (default no bound). Kinds:

- `429` (with `Retry-After` only when `retry_after` is given), `500`, `502`, `503`, `504`,
  `409`, `token_expired`: answered instead of the effect;
- `reset_before`, `reset_after`: the connection is cut before or after the effect;
- `timeout_after`: the effect, then silence for `delay` seconds (default 2), then 504;
- `partial_batch`: about half of a `$batch` is not executed and answers 503 (or 429 with
  `retry_after`).

In a `$batch` the kinds that answer are drawn for every item, those of the connection once for
the envelope, if any item (or `/$batch` itself) matches. The same seed and the same sequence of
requests give the same faults.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from random import Random
from typing import Any

from teams_rollout.tenant.errors import GraphError, concurrency, unauthenticated
from teams_rollout.tenant.wire import Json

STATUS_KINDS = frozenset({"429", "500", "502", "503", "504", "409", "token_expired"})
WIRE_KINDS = frozenset({"reset_before", "reset_after", "timeout_after", "partial_batch"})
_TEXTS = {
    "500": ("InternalServerError", "An internal server error occurred. The operation failed."),
    "502": ("BadGateway", "The server received an invalid response from an upstream server."),
    "503": ("ServiceUnavailable", "The service is temporarily unavailable."),
    "504": ("GatewayTimeout", "The upstream server did not answer in time."),
}
_DEFAULT_DELAY_S = 2.0
_KEYS = frozenset({"method", "path", "rate", "kind", "retry_after", "count", "delay"})
_METHODS = frozenset({"*", "GET", "POST", "PUT", "PATCH", "DELETE"})


class FaultError(Exception):
    """A rule that cannot be understood."""


@dataclass(slots=True)
class Rule:
    """One rule with what is left of its count."""

    kind: str
    method: str
    pattern: re.Pattern[str]
    rate: float
    retry_after: float | None
    delay: float
    left: float


def _glob(text: str) -> re.Pattern[str]:
    relative = text.removeprefix("/v1.0")
    if not relative.startswith(("/", "*", "{")):
        relative = f"/{relative}"
    parts = re.split(r"(\*|\{[^}]*\})", relative)
    body = "".join(".+" if p == "*" or p.startswith("{") else re.escape(p) for p in parts)
    return re.compile(f"{body}$", re.IGNORECASE)


def _rule(row: Any) -> Rule:
    if not isinstance(row, dict):
        raise FaultError("every fault rule must be an object")
    unknown = sorted(set(row) - _KEYS)
    if unknown:
        raise FaultError(f"unknown keys in a fault rule: {', '.join(map(str, unknown))}")
    kind = str(row.get("kind"))
    if kind not in STATUS_KINDS | WIRE_KINDS:
        raise FaultError(f"unknown fault kind {kind!r}")
    method, path = row.get("method") or "*", row.get("path") or "*"
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise FaultError(f"unknown method {method!r} in a fault rule")
    if not isinstance(path, str):
        raise FaultError("the path of a fault rule must be text")
    return Rule(
        kind,
        method.upper(),
        _glob(path),
        _number(row, "rate", most=1.0, default=1.0),
        None if row.get("retry_after") is None else _number(row, "retry_after"),
        _number(row, "delay", default=_DEFAULT_DELAY_S),
        _number(row, "count", default=math.inf),
    )


def _number(row: Json, name: str, *, most: float = math.inf, default: float = 0.0) -> float:
    """Return a number from 0 to `most`; nothing else, so that a slip injects no other fault."""
    value = row.get(name)
    if value is None:
        return default
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not right or not math.isfinite(value) or not 0 <= value <= most:
        span = "0 or more" if most == math.inf else f"from 0 to {most:g}"
        raise FaultError(f"{name} in a fault rule is a number, {span}, not {value!r}")
    return float(value)


class Faults:
    """Draws faults for requests."""

    def __init__(self, spec: Any = None) -> None:
        """Read `{"seed", "rules"}`; None means no faults.

        Raises:
            FaultError: the specification is malformed.
        """
        spec = {} if spec is None else spec
        if not isinstance(spec, dict) or not isinstance(spec.get("rules", []), list):
            raise FaultError("faults must be an object with a list of rules")
        start = spec.get("seed", 0)
        if not isinstance(start, int | str):
            raise FaultError("the seed of faults is a number or text")
        self._rng = Random(start)  # noqa: S311  reproducible faults, not secrets
        if set(spec) - {"seed", "rules"}:
            raise FaultError("faults hold a seed and rules, nothing else")
        self._rules = [_rule(row) for row in spec.get("rules", [])]

    def draw(self, method: str, path: str, *, kinds: frozenset[str]) -> Rule | None:
        """Return the first rule of these kinds that hits, and use it up by one."""
        for rule in self._rules:
            if rule.kind in kinds and self._matches(rule, method, path) and self._hits(rule):
                return rule
        return None

    def draw_wire(self, operations: list[tuple[str, str]]) -> Rule | None:
        """Return a fault of the connection for one HTTP request carrying these operations."""
        for rule in self._rules:
            if rule.kind not in WIRE_KINDS:
                continue
            if any(self._matches(rule, m, p) for m, p in operations) and self._hits(rule):
                return rule
        return None

    def pick(self, count: int) -> set[int]:
        """Choose which items of a batch of `count` fail: about half, at least one."""
        return {i for i in range(count) if self._rng.random() < 0.5} or {0}

    def _matches(self, rule: Rule, method: str, path: str) -> bool:
        return rule.method in ("*", method) and bool(rule.pattern.match(path))

    def _hits(self, rule: Rule) -> bool:
        if rule.left <= 0 or self._rng.random() >= rule.rate:
            return False
        rule.left -= 1
        return True


def failure(rule: Rule) -> GraphError:
    """Return the error that a status rule answers (429 is built by the throttle)."""
    if rule.kind == "409":
        return concurrency()
    if rule.kind == "token_expired":
        return unauthenticated("Lifetime validation failed, the token is expired.")
    code, text = _TEXTS[rule.kind]
    headers = {}
    if rule.retry_after is not None:
        headers["Retry-After"] = f"{rule.retry_after:g}"
    return GraphError(int(rule.kind), code, text, headers=headers)
