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

import re
from dataclasses import dataclass
from random import Random
from typing import Any

from teams_rollout.tenant.errors import GraphError, concurrency, unauthenticated

STATUS_KINDS = frozenset({"429", "500", "502", "503", "504", "409", "token_expired"})
WIRE_KINDS = frozenset({"reset_before", "reset_after", "timeout_after", "partial_batch"})
_TEXTS = {
    "500": ("InternalServerError", "An internal server error occurred. The operation failed."),
    "502": ("BadGateway", "The server received an invalid response from an upstream server."),
    "503": ("ServiceUnavailable", "The service is temporarily unavailable."),
    "504": ("GatewayTimeout", "The upstream server did not answer in time."),
}
_DEFAULT_DELAY_S = 2.0


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
    parts = re.split(r"(\*|\{[^}]*\})", relative)
    body = "".join(".+" if p == "*" or p.startswith("{") else re.escape(p) for p in parts)
    return re.compile(f"{body}$", re.IGNORECASE)


def _rule(row: Any) -> Rule:
    if not isinstance(row, dict):
        raise FaultError("every fault rule must be an object")
    kind = str(row.get("kind"))
    if kind not in STATUS_KINDS | WIRE_KINDS:
        raise FaultError(f"unknown fault kind {kind!r}")
    try:
        count = row.get("count")
        retry_after = row.get("retry_after")
        return Rule(
            kind,
            str(row.get("method") or "*").upper(),
            _glob(str(row.get("path") or "*")),
            float(row.get("rate", 1.0)),
            None if retry_after is None else float(retry_after),
            float(row.get("delay", _DEFAULT_DELAY_S)),
            float("inf") if count is None else int(count),
        )
    except (TypeError, ValueError) as exc:
        raise FaultError(f"a fault rule holds a wrong value: {exc}") from exc


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
        self._rng = Random(spec.get("seed", 0))  # noqa: S311  reproducible faults, not secrets
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
