"""What queries of alerts and workbook ask for, compared with what the code tells of itself.

Azure runs a query for a table, metric or property that nobody writes, and answers nothing: an alert
that can never come looks like one that never had to.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Columns of the tables into which Azure's exporter writes; learn.microsoft.com/azure/azure-monitor
# /reference/tables. AuditLogs is Entra's own.
_COMMON = {"TimeGenerated", "Properties", "OperationId"}
COLUMNS = {
    "AppTraces": _COMMON | {"Message", "SeverityLevel"},
    "AppExceptions": _COMMON | {"OuterMessage", "SeverityLevel"},
    "AppMetrics": _COMMON | {"Name", "Sum", "Min", "Max", "ItemCount"},
    "AppDependencies": _COMMON | {"Name", "Success", "ResultCode", "DurationMs"},
    "AuditLogs": {"OperationName"},
}
_FOREIGN = {"AuditLogs"}
_PROPERTY = re.compile(r'Properties\["([^"]+)"\]')
_TEXT = re.compile(r'"([^"]*)"')
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Told:
    """What the code tells of itself.

    Attributes:
        properties: attributes of spans, labels of metrics, fields of log records.
        words: values of those that queries may compare with: actions, outcomes, queues.
    """

    metrics: frozenset[str]
    properties: frozenset[str]
    words: frozenset[str]


def query_faults(query: str, told: Told) -> Iterator[str]:
    """Everything in a query that nobody writes, in words."""
    if not _is_balanced(query):
        yield "brackets do not match"
    tables = set(re.findall(r"\b(App[A-Z]\w+|AuditLogs)\b", query))
    if not tables or tables - set(COLUMNS):
        yield f"unknown table in {sorted(tables)}"
        return
    if tables & _FOREIGN:
        return  # another product's words
    for name in sorted(set(_PROPERTY.findall(query)) - told.properties):
        yield f"nothing has a property {name!r}"
    plain = _PROPERTY.sub("", query)
    for word in sorted(set(_TEXT.findall(plain)) - told.metrics - told.words):
        yield f"nothing is called {word!r}"
    columns = set(re.findall(r"\b[A-Z]\w+", _TEXT.sub("", plain))) - tables
    shared = {c for c in columns if all(c in COLUMNS[table] for table in tables)}
    for name in sorted(columns - shared):
        yield f"{sorted(tables)} have no column {name!r}"
    if tables == {"AppMetrics"} and not set(_TEXT.findall(plain)) & told.metrics:
        yield "asks for no metric"


def _is_balanced(query: str) -> bool:
    open_: list[str] = []
    for sign in _TEXT.sub("", query):
        if sign in _PAIRS.values():
            open_.append(sign)
        elif sign in _PAIRS and (not open_ or open_.pop() != _PAIRS[sign]):
            return False
    return not open_


def logged_fields(
    root: Path, packages: Iterator[str], constants: dict[str, str]
) -> dict[str, set[str]]:
    """Fields of every `extra={...}` in the code, with the texts that they are given.

    Args:
        constants: values of names like `signals.WAVE_HALTED`.
    """
    found: dict[str, set[str]] = {}
    for package in packages:
        for path in (root / package).rglob("*.py"):
            for key, value in _extras(ast.parse(path.read_text())):
                texts = found.setdefault(key, set())
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    texts.add(value.value)
                elif isinstance(value, ast.Attribute):
                    texts.add(constants.get(value.attr, ""))
    return found


def _extras(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Keys and values of dictionaries that hold an `action`: records are made of no others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
            if "action" in keys:
                yield from (
                    (str(key), value)
                    for key, value in zip(keys, node.values, strict=True)
                    if key is not None
                )
