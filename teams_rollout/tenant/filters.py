"""Tenant simulator: `$filter` for the part of OData that Graph takes on these resources.

Grammar: `eq ne in startsWith endsWith and or not`, parentheses, `list/any(x: ...)`, null,
booleans, strings, GUIDs, `list/$count`. Strings compare without regard to capitals, as in Entra.
More than 15 terms in OR or `in` are refused with Microsoft's sentence unless the query is advanced.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from teams_rollout.tenant.errors import GraphError, bad_query, bad_request
from teams_rollout.tenant.wire import Json

Predicate = Callable[[Json], bool]

MAX_TERMS = 15
MAX_VALUE = 120
_TOKENS = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<punct>[(),:])"
    r"|(?P<word>[A-Za-z0-9_@.\-/+$]+))"
)
_ADVANCED_ONLY = {"ne", "not", "endswith"}
_ADVANCED_LISTS = {"assignedplans", "provisionedplans"}
_COUNT = "/$count"


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter: the test, and the exact values it asks for when it can be looked up."""

    test: Predicate
    lookup: tuple[str, tuple[str, ...]] | None


@dataclass(slots=True)
class _Tokens:
    items: list[tuple[str, str]]
    text: str
    at: int = 0

    def peek(self) -> tuple[str, str]:
        return self.items[self.at] if self.at < len(self.items) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def expect(self, value: str) -> None:
        if self.take()[1] != value:
            raise malformed(self.text)

    def next_is(self, word: str) -> bool:
        kind, value = self.peek()
        return kind == "word" and value.lower() == word


def malformed(text: str) -> GraphError:
    """Entra's answer to a filter it cannot read."""
    return GraphError(400, "BadRequest", f"Invalid filter clause: {text}")


def _needs_advanced() -> GraphError:
    return bad_query(
        "Operator is not supported without the ConsistencyLevel:eventual header and "
        "$count=true in the query."
    )


def _tokenise(text: str) -> _Tokens:
    items: list[tuple[str, str]] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKENS.match(text, at)
        if match is None:
            raise malformed(text)
        kind = str(match.lastgroup)
        items.append((kind, match.group(kind)))
        at = match.end()
    return _Tokens(items, text)


class _Parser:
    """Recursive descent over the tokens; counts alternatives as it goes."""

    def __init__(self, text: str, *, properties: frozenset[str], advanced: bool) -> None:
        self._tokens = _tokenise(text)
        self._properties = properties
        self._advanced = advanced
        self._variable = ""
        self.terms = 0

    def parse(self) -> Filter:
        result = self._either()
        if self._tokens.peek()[0] != "end":
            raise malformed(self._tokens.text)
        if self.terms > MAX_TERMS and not self._advanced:
            raise bad_query(
                "Too many child clauses specified in search filter expression containing 'OR' "
                f"operators: {self.terms}. Max allowed: {MAX_TERMS}."
            )
        return result

    def _either(self) -> Filter:
        parts = [self._all()]
        while self._tokens.next_is("or"):
            self._tokens.take()
            parts.append(self._all())
        if len(parts) == 1:
            return parts[0]
        self.terms += len(parts)
        tests = [p.test for p in parts]
        return Filter(lambda row: any(t(row) for t in tests), _merge(parts))

    def _all(self) -> Filter:
        parts = [self._one()]
        while self._tokens.next_is("and"):
            self._tokens.take()
            parts.append(self._one())
        if len(parts) == 1:
            return parts[0]
        tests = [p.test for p in parts]
        lookup = next((p.lookup for p in parts if p.lookup), None)
        return Filter(lambda row: all(t(row) for t in tests), lookup)

    def _one(self) -> Filter:
        if self._tokens.next_is("not"):
            self._need_advanced("not")
            self._tokens.take()
            inner = self._one().test
            return Filter(lambda row: not inner(row), None)
        kind, value = self._tokens.take()
        if value == "(":
            result = self._either()
            self._tokens.expect(")")
            return result
        if kind != "word":
            raise malformed(self._tokens.text)
        if value.lower() in ("startswith", "endswith"):
            return self._function(value.lower())
        if value.lower().endswith("/any"):
            return self._any(value[: -len("/any")])
        return self._comparison(self._property(value))

    def _property(self, name: str) -> str:
        """Return the path to read: of the row, or inside `any` of the element."""
        head, _, rest = name.partition("/")
        if self._variable:
            if head != self._variable:
                raise malformed(self._tokens.text)
            return rest
        if head not in self._properties:
            raise bad_request(f"Invalid filter clause: unknown property '{name}'.")
        return name

    def _need_advanced(self, operator: str) -> None:
        if operator in _ADVANCED_ONLY and not self._advanced:
            raise _needs_advanced()

    def _function(self, name: str) -> Filter:
        self._need_advanced(name)
        self._tokens.expect("(")
        prop = self._property(self._tokens.take()[1])
        self._tokens.expect(",")
        wanted = str(self._literal()).lower()
        self._tokens.expect(")")
        if name == "startswith":
            return Filter(lambda row: str(_read(row, prop) or "").lower().startswith(wanted), None)
        return Filter(lambda row: str(_read(row, prop) or "").lower().endswith(wanted), None)

    def _comparison(self, prop: str) -> Filter:
        operator = self._tokens.take()[1].lower()
        if operator == "in":
            return self._one_of(prop)
        if operator not in ("eq", "ne"):
            raise bad_query(f"Unsupported or invalid query filter clause: operator '{operator}'.")
        self._need_advanced(operator)
        value = self._literal()
        if prop.endswith(_COUNT):
            return self._size(prop.removesuffix(_COUNT), operator, value)
        wanted = _fold(value)
        if operator == "ne":
            return Filter(lambda row: _fold(_read(row, prop)) != wanted, None)
        lookup = (prop, (value,)) if isinstance(value, str) and not self._variable else None
        return Filter(lambda row: _fold(_read(row, prop)) == wanted, lookup)

    def _one_of(self, prop: str) -> Filter:
        values = self._list()
        keys = {_fold(v) for v in values}
        lookup = None if self._variable else (prop, tuple(str(v) for v in values))
        return Filter(lambda row: _fold(_read(row, prop)) in keys, lookup)

    def _size(self, prop: str, operator: str, value: Any) -> Filter:
        """`assignedLicenses/$count ne 0`: only in advanced queries."""
        if not self._advanced:
            raise _needs_advanced()
        if not str(value).isdigit():
            raise malformed(self._tokens.text)
        size, equal = int(value), operator == "eq"
        return Filter(lambda row: (len(_read(row, prop) or []) == size) is equal, None)

    def _list(self) -> list[Any]:
        self._tokens.expect("(")
        values = [self._literal()]
        while self._tokens.peek()[1] == ",":
            self._tokens.take()
            values.append(self._literal())
        self._tokens.expect(")")
        self.terms += len(values)
        return values

    def _any(self, prop: str) -> Filter:
        """`any(x: ...)`: a filter of its own over each element."""
        self._property(prop)
        if self._variable:
            raise malformed(self._tokens.text)
        if prop.lower() in _ADVANCED_LISTS and not self._advanced:
            raise _needs_advanced()
        self._tokens.expect("(")
        kind, self._variable = self._tokens.take()
        if kind != "word":
            raise malformed(self._tokens.text)
        self._tokens.expect(":")
        test = self._either().test
        self._variable = ""
        self._tokens.expect(")")
        return Filter(lambda row: any(test(x) for x in row.get(prop) or []), None)

    def _literal(self) -> Any:
        kind, value = self._tokens.take()
        if kind == "string":
            text = value[1:-1].replace("''", "'")
            if len(text) > MAX_VALUE:
                raise bad_query(f"The value of a filter clause exceeds {MAX_VALUE} characters.")
            return text
        constants = {"true": True, "false": False, "null": None}
        if kind == "word" and value.lower() in constants:
            return constants[value.lower()]
        if kind == "word":
            return value
        raise malformed(self._tokens.text)


def _read(row: Any, path: str) -> Any:
    value: Any = row
    for part in path.split("/") if path else ():
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _fold(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _merge(parts: list[Filter]) -> tuple[str, tuple[str, ...]] | None:
    """Join alternatives into one look-up when all ask for the same property."""
    lookups = [p.lookup for p in parts]
    first = lookups[0]
    if first is None or any(x is None or x[0] != first[0] for x in lookups):
        return None
    return first[0], tuple(v for x in lookups if x is not None for v in x[1])


def parse(text: str, *, properties: frozenset[str], advanced: bool) -> Filter:
    """Parse a `$filter`.

    Args:
        properties: names that may be used, else 400.
        advanced: the request carries `ConsistencyLevel: eventual` and `$count=true`.

    Raises:
        GraphError: 400 for what Graph refuses.
    """
    return _Parser(text, properties=properties, advanced=advanced).parse()
