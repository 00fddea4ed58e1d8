"""Tenant simulator: the route table.

A route module makes a `Routes`, decorates its handlers with it, and `table.py` joins them.
A template's `{user}`, `{group}`, `{team}` and so on become `call.params`; OData key syntax
(`/teams('x')`) and the SDK's qualified action names are brought to one form first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from teams_rollout.tenant.errors import ENTRA
from teams_rollout.tenant.limits import Cost
from teams_rollout.tenant.wire import Answer, Call
from teams_rollout.tenant.world import World

Handler = Callable[[World, Call], Answer]

_KEY = re.compile(r"^(?P<name>[A-Za-z]+)\('(?P<key>.*)'\)$")
_CALL = re.compile(r"^(?P<name>[A-Za-z]+)\((?P<args>\w+='(?:[^']|'')*'(?:,\w+='(?:[^']|'')*')*)\)$")
_ARGUMENT = re.compile(r"(\w+)='((?:[^']|'')*)'")
_QUALIFIER = re.compile(r"^microsoft\.graph\.(?:teamsAdministration\.)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: who may call it, what it costs, which options it takes."""

    method: str
    template: str
    handler: Handler
    permissions: tuple[str, ...]
    cost: Cost
    dialect: str
    options: frozenset[str]
    body: bool
    serial: str

    @property
    def name(self) -> str:
        """The name in statistics."""
        return f"{self.method} {self.template}"

    @property
    def writes(self) -> bool:
        """True when the call changes the tenant."""
        return self.cost.write


class Routes:
    """Collects the routes of one module."""

    def __init__(self, dialect: str = ENTRA) -> None:
        self.items: list[Route] = []
        self._dialect = dialect

    def add(
        self,
        method: str,
        template: str,
        *,
        permissions: Iterable[str],
        cost: Cost,
        options: Iterable[str] = (),
        body: bool = False,
        serial: str = "",
        dialect: str | None = None,
    ) -> Callable[[Handler], Handler]:
        """Register a handler.

        Args:
            permissions: application permissions, least first; any one of them will do.
            body: a JSON object is required.
            serial: the path parameter naming the directory object that must not be written
                twice at the same time.
        """

        def register(handler: Handler) -> Handler:
            route = Route(
                method,
                template,
                handler,
                tuple(permissions),
                cost,
                dialect or self._dialect,
                frozenset(options),
                body,
                serial,
            )
            self.items.append(route)
            return handler

        return register


def split(path: str) -> tuple[str, ...]:
    """Split a percent-encoded path into decoded segments in canonical form."""
    segments: list[str] = []
    for raw in path.strip("/").split("/"):
        segments += _canonical(unquote(raw))
    return tuple(segments)


def _canonical(text: str) -> list[str]:
    """Bring one segment to one form: `teams('x')`, `f(a='x',b='y')`, qualified names, `f()`."""
    text = _QUALIFIER.sub("", text)
    if not text.endswith(")"):
        return [text]
    call = _CALL.match(text)
    if call:
        arguments = sorted(_ARGUMENT.findall(call["args"]))
        values = [value.replace("''", "'") for _, value in arguments]
        return [f"{call['name']}({','.join(name for name, _ in arguments)})", *values]
    key = _KEY.match(text)
    if key:
        return [key["name"], key["key"].replace("''", "'")]
    return [text.removesuffix("()")]


class Table:
    """Finds the route of a call by method and segments; literal segments ignore capitals."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._shapes: dict[tuple[int, str], list[tuple[tuple[str, ...], dict[str, Route]]]] = {}
        for route in routes:
            parts = tuple(route.template.strip("/").split("/"))
            shapes = self._shapes.setdefault((len(parts), parts[0].lower()), [])
            found = next((methods for shape, methods in shapes if shape == parts), None)
            if found is None:
                found = {}
                shapes.append((parts, found))
            found[route.method] = route
        for shapes in self._shapes.values():
            shapes.sort(key=lambda item: sum(part.startswith("{") for part in item[0]))

    def match(self, call: Call) -> Route | None:
        """Return the route and fill `call.params`; None when nothing answers there."""
        for parts, methods in self._shapes.get((len(call.segments), call.segments[0].lower()), ()):
            params = _bind(parts, call.segments)
            if params is None:
                continue
            route = methods.get(call.method)
            if route is not None:
                call.params.update(params)
                return route
        return None


def _bind(parts: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{"):
            params[part[1:-1]] = segment
        elif part.lower() != segment.lower():
            return None
    return params
