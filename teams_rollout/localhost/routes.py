"""Matches HTTP routes as Azure Functions writes them: `users/{id:int}/{*rest}` (localhost)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

_ARGUMENT: Final = r"\((?:[^()]|\([^()]*\))*\)"
_PARAMETER: Final = re.compile(
    r"(?P<star>\*{0,2})(?P<name>\w+)"
    rf"(?P<constraints>(?::[^=?:()]+(?:{_ARGUMENT})?)*)"
    r"(?:=(?P<default>.*?))?(?P<optional>\?)?"
)
_CONSTRAINT: Final = re.compile(rf":([^:()]+)({_ARGUMENT})?")

Check = Callable[[str, str], bool]


class RouteError(Exception):
    """A route template cannot be understood."""


@dataclass(frozen=True, slots=True)
class Route:
    """A compiled template.

    Attributes:
        rank: the lower of two matching routes wins, segment by segment: literal before
            constrained before plain before catch-all.
    """

    template: str
    pattern: re.Pattern[str]
    constraints: Mapping[str, tuple[tuple[str, str], ...]]
    defaults: Mapping[str, str]
    rank: tuple[int, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parameters of a decoded path without leading slash, or None."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        given = {name: value for name, value in found.groupdict().items() if value is not None}
        for name, checks in self.constraints.items():
            value = given.get(name)
            if value and not all(_holds(kind, value, argument) for kind, argument in checks):
                return None
        return {**self.defaults, **{name: value for name, value in given.items() if value}}


def compile_route(template: str) -> Route:
    """Compile a template; literals match without regard to case.

    Raises:
        RouteError: a brace is left open, or a constraint is not known.
    """
    text, rank = "", []
    constraints: dict[str, tuple[tuple[str, str], ...]] = {}
    defaults: dict[str, str] = {}
    for index, segment in enumerate(part for part in _segments(template) if part):
        rank.append(_rank(segment))
        text += _segment(segment, constraints, defaults, slash="/" if index else "")
    return Route(
        template, re.compile(f"{text}/?", re.IGNORECASE), constraints, defaults, tuple(rank)
    )


def _segments(template: str) -> list[str]:
    """Split at slashes that are not inside braces.

    Raises:
        RouteError: a brace is left open.
    """
    segments, depth = [""], 0
    for character in template:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "/" and depth == 0:
            segments.append("")
        else:
            segments[-1] += character
    if depth != 0:
        raise RouteError(f"The route '{template}' leaves a brace open.")
    return segments


def _segment(
    segment: str,
    constraints: dict[str, tuple[tuple[str, str], ...]],
    defaults: dict[str, str],
    *,
    slash: str,
) -> str:
    text, may_be_absent = "", False
    for literal, inside in _pieces(segment):
        text += re.escape(literal)
        if inside is None:
            continue
        part = _PARAMETER.fullmatch(inside)
        if part is None:
            raise RouteError(f"The route segment '{segment}' cannot be understood.")
        name = part["name"]
        constraints[name] = _checks(part["constraints"])
        if part["default"] is not None:
            defaults[name] = part["default"]
        may_be_absent = bool(part["star"] or part["optional"] or part["default"] is not None)
        text += f"(?P<{name}>{'.*' if part['star'] else '[^/]+?'})"
    return f"(?:{slash}{text})?" if may_be_absent else f"{slash}{text}"


def _pieces(segment: str) -> Iterator[tuple[str, str | None]]:
    """Yield each literal with the inside of the braces behind it, if any; `{{` means a brace."""
    literal, inside, depth = "", "", 0
    for character in segment:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "{" and depth == 1:
            inside = ""
        elif character == "}" and depth == 0:
            yield literal, inside.replace("{{", "{").replace("}}", "}")
            literal = ""
        elif depth:
            inside += character
        else:
            literal += character
    yield literal, None


def _checks(text: str) -> tuple[tuple[str, str], ...]:
    found = [(kind.strip().casefold(), args[1:-1]) for kind, args in _CONSTRAINT.findall(text)]
    for kind, _ in found:
        if kind not in _CHECKS:
            raise RouteError(f"The route constraint '{kind}' is not known.")
    return tuple(found)


def _rank(segment: str) -> int:
    if "{" not in segment:
        return 0
    if "{*" in segment:
        return 3
    return 1 if ":" in segment else 2


def _holds(kind: str, value: str, argument: str) -> bool:
    try:
        return _CHECKS[kind](value, argument)
    except ValueError:
        return False


def _length(value: str, argument: str) -> bool:
    low, _, high = argument.partition(",")
    return int(low) <= len(value) <= int(high or low)


def _range(value: str, argument: str) -> bool:
    low, _, high = argument.partition(",")
    return int(low) <= int(value) <= int(high)


def _parses(parse: Callable[[str], object]) -> Check:
    def check(value: str, _: str) -> bool:
        parse(value)
        return True

    return check


_CHECKS: Final[Mapping[str, Check]] = {
    "int": lambda value, _: re.fullmatch(r"[+-]?\d{1,10}", value) is not None,
    "long": lambda value, _: re.fullmatch(r"[+-]?\d{1,19}", value) is not None,
    "bool": lambda value, _: value.casefold() in {"true", "false"},
    "alpha": lambda value, _: re.fullmatch(r"[A-Za-z]*", value) is not None,
    "guid": _parses(UUID),
    "datetime": _parses(datetime.fromisoformat),
    "decimal": _parses(float),
    "double": _parses(float),
    "float": _parses(float),
    "length": _length,
    "minlength": lambda value, argument: len(value) >= int(argument),
    "maxlength": lambda value, argument: len(value) <= int(argument),
    "min": lambda value, argument: int(value) >= int(argument),
    "max": lambda value, argument: int(value) <= int(argument),
    "range": _range,
    "required": lambda value, _: bool(value),
    "regex": lambda value, argument: re.search(argument, value, re.IGNORECASE) is not None,
}
