"""Tenant simulator: one Graph request and its answer, as every handler sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(slots=True)
class Call:
    """One Graph operation: a plain request, or one item of a `$batch`.

    `path` is relative to the version root and percent-encoded; `segments` are decoded.
    `params` is filled by the route match. `received_at` is epoch seconds of the arrival of
    the HTTP request that carried it.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    query: Query
    headers: Mapping[str, str]
    body: Any
    base_url: str
    received_at: float
    request_id: str
    app_id: str
    params: dict[str, str] = field(default_factory=dict)

    def json_object(self) -> Json:
        """Return the body as an object; the gateway has checked that it is one."""
        return self.body if isinstance(self.body, dict) else {}


class Query(dict[str, str]):
    """The options of a URL; `repeated` names one that came more than once, or is empty."""

    repeated = ""


def parse_query(text: str) -> Query:
    """Read a query string, percent-decoded; of a repeated option the last value stays."""
    query = Query()
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name in query:
            query.repeated = name
        query[name] = value
    return query


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body (an object, a plain count, or nothing) and headers of one answer."""

    status: int
    body: Json | int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def _second(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso(epoch: float) -> str:
    """Format epoch seconds the way Graph does: UTC, whole seconds, `Z`."""
    return f"{_second(int(epoch))}Z"


def iso_ms(epoch: float) -> str:
    """Format epoch seconds in UTC with milliseconds, as the effects journal needs."""
    second, thousandths = divmod(int(epoch * 1000), 1000)
    return f"{_second(second)}.{thousandths:03d}Z"


def dumps(value: Any) -> bytes:
    """Serialise compactly, names with diacritics unescaped."""
    return _encode(value).encode()
