"""The shape of a workbook: what the portal reads, as far as it can be known from published ones."""

from collections.abc import Iterator
from typing import Any

TEXT, QUERY, PARAMETERS = 1, 3, 9
VISUALIZATIONS = {"table", "timechart", "barchart", "areachart", "tiles"}
WORKSPACE = "microsoft.operationalinsights/workspaces"
OURS = "{workspace}"
"""The template puts the id of the workspace here."""


def workbook_faults(book: Any) -> Iterator[str]:
    """What is wrong with a workbook, in words."""
    if not isinstance(book, dict) or book.get("version") != "Notebook/1.0":
        yield "not a workbook"
        return
    if book.get("fallbackResourceIds") != [OURS]:
        yield f"its queries must be asked of {OURS}"
    items = book.get("items") or []
    names = [item.get("name") for item in items]
    if len(set(names)) != len(names) or not all(names):
        yield "items need names of their own"
    for item in items:
        yield from (f"{item.get('name')}: {fault}" for fault in _item_faults(item, _ranges(items)))


def queries(book: Any) -> Iterator[tuple[str, str]]:
    """Name and text of every query."""
    for item in book["items"]:
        if item["type"] == QUERY:
            yield item["name"], item["content"]["query"]


def _ranges(items: list[dict[str, Any]]) -> set[str]:
    found = (i["content"].get("parameters", []) for i in items if i.get("type") == PARAMETERS)
    return {one["name"] for parameters in found for one in parameters}


def _item_faults(item: dict[str, Any], ranges: set[str]) -> Iterator[str]:
    content = item.get("content") or {}
    if item.get("type") == TEXT:
        if not content.get("json"):
            yield "an empty text"
    elif item.get("type") == PARAMETERS:
        if content.get("version") != "KqlParameterItem/1.0":
            yield "not a set of parameters"
    elif item.get("type") == QUERY:
        yield from _query_item_faults(content, ranges)
    else:
        yield f"unknown type {item.get('type')}"


def _query_item_faults(content: dict[str, Any], ranges: set[str]) -> Iterator[str]:
    wanted = {"version": "KqlItem/1.0", "queryType": 0, "resourceType": WORKSPACE}
    for key, value in wanted.items():
        if content.get(key) != value:
            yield f"{key} must be {value!r}"
    if content.get("visualization") not in VISUALIZATIONS:
        yield f"unknown visualization {content.get('visualization')!r}"
    if content.get("timeContextFromParameter") not in ranges:
        yield "no parameter of this name gives the time range"
    if not content.get("query"):
        yield "no query"
