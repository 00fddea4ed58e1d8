"""Reads Bicep files with tree-sitter: declarations, references, and literal values.

It stands in for the compiler, of which no release can be had from a package registry. It knows the
part of the language that infra/ is written in and reports the rest as an error.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import tree_sitter
import tree_sitter_bicep

LANGUAGE = tree_sitter.Language(tree_sitter_bicep.language())
Node = tree_sitter.Node

DECLARES = {
    "parameter_declaration": "param",
    "variable_declaration": "var",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "output_declaration": "output",
}
FUNCTIONS = frozenset(
    {
        *(
            "concat",
            "contains",
            "empty",
            "environment",
            "filter",
            "guid",
            "loadJsonContent",
            "loadTextContent",
            "replace",
        ),
        *("resourceGroup", "resourceId", "subscription", "subscriptionResourceId", "tenant"),
        *("toLower", "union", "uniqueString", "utcNow"),
    }
)
DECORATORS = frozenset(
    {"allowed", "description", "maxLength", "maxValue", "metadata", "minLength", "minValue"}
)


@dataclass(frozen=True)
class Fault:
    """Something that the compiler, Azure or the app would not take."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Declared:
    """One resource or module.

    Attributes:
        kind: type and version of a resource, relative path of a module.
        body: its object; for a loop the object made in each turn.
    """

    name: str
    kind: str
    body: Node
    is_existing: bool

    @property
    def type(self) -> str:
        """A resource's type without its version."""
        return self.kind.partition("@")[0]


@dataclass(frozen=True)
class Template:
    """One parsed file."""

    path: Path
    source: bytes = field(repr=False)

    @cached_property
    def root(self) -> Node:
        """The syntax tree; lines of an extension are outside the grammar and blanked first."""
        lines = self.source.split(b"\n")
        kept = [b"" if line.startswith(b"extension ") else line for line in lines]
        return tree_sitter.Parser(LANGUAGE).parse(b"\n".join(kept)).root_node

    def fault(self, node: Node, text: str) -> Fault:
        return Fault(self.path, node.start_point.row + 1, text)

    def declared(self, *kinds: str) -> dict[str, Node]:
        """Declarations of these kinds by name."""
        return {
            text_of(named(node, "identifier")): node
            for node in self.root.named_children
            if DECLARES.get(node.type) in kinds
        }

    def resources(self) -> Iterator[Declared]:
        """Every resource, existing ones included."""
        yield from (_declared(node) for node in self.declared("resource").values())

    def modules(self) -> Iterator[Declared]:
        """Every module."""
        yield from (_declared(node) for node in self.declared("module").values())

    @cached_property
    def required(self) -> set[str]:
        """Parameters without a default."""
        return {name for name, node in self.declared("param").items() if default_of(node) is None}


def read(path: Path, *, relative_to: Path) -> Template:
    """Parse one file; it is named by its path below `relative_to`."""
    return Template(path.relative_to(relative_to), path.read_bytes())


def _declared(node: Node) -> Declared:
    body = next(descend(node, "object"))
    return Declared(
        name=text_of(named(node, "identifier")),
        kind=str(literal(named(node, "string"))),
        body=body,
        is_existing=any(child.type == "existing" for child in node.children),
    )


def default_of(parameter: Node) -> Node | None:
    """The default of a parameter."""
    values = [c for c in parameter.named_children if c.type not in ("identifier", "type")]
    return values[0] if values else None


def text_of(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode()


def named(node: Node, kind: str) -> Node:
    """The first child of a kind."""
    return next(child for child in node.named_children if child.type == kind)


def descend(node: Node, *kinds: str) -> Iterator[Node]:
    """Every node of these kinds below, depth first."""
    for child in node.children:
        if child.type in kinds:
            yield child
        yield from descend(child, *kinds)


def properties(body: Node) -> Iterator[tuple[str, Node, Node]]:
    """Key, key's node and value of an object; keys that are computed are left out."""
    for item in body.named_children:
        if item.type != "object_property":
            continue
        key, value = item.named_children[0], item.named_children[-1]
        if key.type == "identifier":
            yield text_of(key), key, value
        elif isinstance(literal(key), str):
            yield str(literal(key)), key, value


def value_at(body: Node, path: str) -> Node | None:
    """The value at a dotted path of objects."""
    node: Node | None = body
    for part in path.split("."):
        if node is None or node.type != "object":
            return None
        node = next((value for key, _, value in properties(node) if key == part), None)
    return node


class _Computed:
    """The value of an expression that only a deployment knows."""

    def __repr__(self) -> str:
        return "<computed>"


COMPUTED = _Computed()


def literal(node: Node | None) -> object:
    """Text, number, truth, list or mapping; COMPUTED where anything in it is not literal."""
    if node is None:
        return None
    known = _LITERALS.get(node.type)
    return known(node) if known else COMPUTED


def _text(node: Node) -> object:
    if any(child.type == "interpolation" for child in node.named_children):
        return COMPUTED
    return "".join(text_of(child) for child in node.named_children)


_LITERALS: dict[str, Callable[[Node], object]] = {
    "string": _text,
    "number": lambda node: int(text_of(node)),
    "boolean": lambda node: text_of(node) == "true",
    "array": lambda node: [literal(x) for x in node.named_children if x.type != "comment"],
    "object": lambda node: {key: literal(value) for key, _, value in properties(node)},
}


def syntax_faults(template: Template) -> Iterator[Fault]:
    """Where the grammar gave up."""
    for node in (template.root, *descend(template.root, "ERROR")):
        if node.type == "ERROR":
            yield template.fault(node, f"syntax error near {text_of(node)[:40]!r}")
    yield from (
        template.fault(node, f"{node.type!r} is missing")
        for node in _every(template.root)
        if node.is_missing
    )


def _every(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _every(child)


def name_faults(template: Template) -> Iterator[Fault]:
    """Names that nobody declares, and parameters and variables that nobody uses."""
    known = set(template.declared("param", "var", "resource", "module"))
    used: set[str] = set()
    for node, name, local in _references(template.root, frozenset()):
        used.add(name)
        if name not in known | local | FUNCTIONS | DECORATORS:
            yield template.fault(node, f"unknown name {name!r}")
    for name, node in template.declared("param", "var").items():
        if name not in used:
            yield template.fault(node, f"{name!r} is declared and not used")


def _references(node: Node, local: frozenset[str]) -> Iterator[tuple[Node, str, frozenset[str]]]:
    """Every identifier in the place of a value, with the names that only hold there."""
    children = list(node.named_children)
    if node.type == "object_property":
        children = children[1:] if children[0].type == "identifier" else children
    elif node.type in DECLARES:
        children.remove(named(node, "identifier"))
    elif node.type in ("for_statement", "lambda_expression"):
        head, *children = children
        loops = [text_of(n) for n in head.named_children] or [text_of(head)]
        local = local | frozenset(loops)
    elif node.type == "type":
        return
    for child in children:
        if child.type == "identifier":
            yield child, text_of(child), local
        else:
            yield from _references(child, local)


def module_faults(template: Template, templates: Mapping[Path, Template]) -> Iterator[Fault]:
    """Modules that are not there, parameters they do not know or miss, outputs they do not have."""
    called: dict[str, Template] = {}
    for module in template.modules():
        target = templates.get(template.path.parent / module.kind)
        if target is None:
            yield template.fault(module.body, f"there is no module {module.kind!r}")
            continue
        called[module.name] = target
        given = value_at(module.body, "params")
        names = {key for key, _, _ in properties(given)} if given else set()
        for name in sorted(names - set(target.declared("param"))):
            yield template.fault(module.body, f"{module.kind} has no parameter {name!r}")
        for name in sorted(target.required - names):
            yield template.fault(module.body, f"{module.kind} needs parameter {name!r}")
    for node in descend(template.root, "member_expression"):
        name, _, path = text_of(node).replace("!", "").partition(".outputs.")
        if path and name in called and path not in called[name].declared("output"):
            yield template.fault(node, f"{name} has no output {path!r}")
