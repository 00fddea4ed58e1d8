"""Reads PowerShell with tree-sitter: calls with their parameters, functions, members of rows.

It stands in for PowerShell itself, of which no release can be had from a package registry: it sees
syntax and names, and never runs anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import tree_sitter
import tree_sitter_powershell

from tests.infra.cmdlets import CMDLETS, COMMON, RISK, Cmdlet

LANGUAGE = tree_sitter.Language(tree_sitter_powershell.language())
Node = tree_sitter.Node


@dataclass(frozen=True)
class Script:
    """One parsed file."""

    name: str
    root: Node

    def line(self, node: Node) -> str:
        return f"{self.name}:{node.start_point.row + 1}"


def parse(path: Path) -> Script:
    """Parse one file."""
    parser = tree_sitter.Parser(LANGUAGE)
    return Script(path.name, parser.parse(path.read_bytes()).root_node)


def descend(node: Node, *kinds: str) -> Iterator[Node]:
    """Every node of these kinds below, depth first."""
    for child in node.children:
        if child.type in kinds:
            yield child
        yield from descend(child, *kinds)


def text_of(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode()


def functions(script: Script) -> dict[str, Cmdlet]:
    """The script's own functions with their parameters."""
    found = {}
    for node in descend(script.root, "function_statement"):
        name = next(c for c in node.children if c.type == "function_name")
        block = next(descend(node, "param_block"), None)
        given = descend(block, "script_parameter") if block else ()
        names = {text_of(next(descend(p, "variable"))).removeprefix("$") for p in given}
        asks = "SupportsShouldProcess" in text_of(node)
        found[text_of(name)] = Cmdlet(frozenset(names) | COMMON | (RISK if asks else frozenset()))
    return found


def syntax_faults(script: Script) -> Iterator[str]:
    """Where the grammar gave up."""
    for node in descend(script.root, "ERROR"):
        yield f"{script.line(node)}: syntax error near {text_of(node)[:40]!r}"
    if script.root.has_error and not any(descend(script.root, "ERROR")):
        yield f"{script.name}: something is missing"


def call_faults(script: Script, own: Mapping[str, Cmdlet]) -> Iterator[str]:
    """Calls of what nobody knows, and parameters that the called one does not have."""
    known = {**CMDLETS, **own}
    for call in descend(script.root, "command"):
        name = next((text_of(c) for c in call.children if c.type == "command_name"), "")
        if not name:
            continue  # `& $block`, `. file`
        if name not in known:
            yield f"{script.line(call)}: {name} is not on the list of cmdlets"
            continue
        for parameter in _parameters(call):
            if parameter not in known[name].parameters:
                yield f"{script.line(call)}: {name} has no parameter -{parameter}"


def _parameters(call: Node) -> Iterator[str]:
    elements = next((c for c in call.children if c.type == "command_elements"), None)
    for child in elements.children if elements else ():
        if child.type == "command_parameter":
            yield text_of(child).lstrip("-").partition(":")[0]


def unasked_faults(script: Script) -> Iterator[str]:
    """Calls that change people without a question (`ShouldProcess`) on the way to them."""
    for call in descend(script.root, "command"):
        name = next((text_of(c) for c in call.children if c.type == "command_name"), "")
        if name in CMDLETS and CMDLETS[name].changes and not _is_asked(call):
            yield f"{script.line(call)}: {name} is not behind ShouldProcess"


def _is_asked(call: Node) -> bool:
    """Inside an `if` that asks, or behind one that leaves when the answer is no."""
    node: Node | None = call
    while node is not None and node.parent is not None:
        if node.type == "if_statement" and "ShouldProcess(" in _condition(node):
            return True
        if node.parent.type == "statement_list":
            before = [c for c in node.parent.children if c.end_byte <= node.start_byte]
            if any(_turns_back(c) for c in before):
                return True
        node = node.parent
    return False


def _condition(node: Node) -> str:
    return text_of(node).partition("{")[0]


def _turns_back(node: Node) -> bool:
    leaves = any(word in text_of(node) for word in ("continue", "return"))
    asks = "-not $PSCmdlet.ShouldProcess(" in _condition(node)
    return node.type == "if_statement" and asks and leaves


def force_faults(script: Script) -> Iterator[str]:
    """The switch that throws contacts and meetings away, in any form."""
    for node in descend(script.root, "command_parameter"):
        if text_of(node).casefold().startswith("-forc"):
            yield f"{script.line(node)}: {text_of(node)}"
    for node in descend(script.root, "key_expression"):
        if text_of(node).casefold().strip("'\"") == "force":
            yield f"{script.line(node)}: {text_of(node)} in a splatted table"


def columns_used(script: Script) -> Iterator[tuple[str, str]]:
    """Columns of the file that the script asks a row for, with the place."""
    for node in descend(script.root, "member_access"):
        owner = node.children[0]
        if text_of(owner) in ("$row", "$Row", "$rows[0]", "$batch[0]"):
            member = next(descend(node, "simple_name"), None)
            if member is not None:
                yield script.line(node), text_of(member)
