"""Tenant simulator: query options, `$select`, and pages.

Graph is strict about options that start with `$` and ignores others. Pages are cut by the
objects' sequence number, so a page stays right while objects are added behind it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

from teams_rollout.tenant.errors import GraphError, bad_query, bad_request
from teams_rollout.tenant.wire import Call, Json

T = TypeVar("T")

DEFAULT_PAGE = 100
MAX_PAGE = 999
ADVANCED_URL = 2048


def check_options(call: Call, allowed: frozenset[str]) -> None:
    """Refuse `$` options that this call does not take.

    Raises:
        GraphError: 400.
    """
    if call.query.repeated.startswith("$"):
        raise GraphError(
            400,
            "BadRequest",
            f"Query option '{call.query.repeated}' was specified more than once, but it must be "
            "specified at most once.",
        )
    for name in call.query:
        if name.startswith("$") and name not in allowed:
            raise GraphError(
                400, "BadRequest", f"The query option '{name}' is not supported on this resource."
            )


def is_advanced(call: Call) -> bool:
    """True for an advanced query; those may not have a URL of more than 2,048 characters.

    Raises:
        GraphError: 400, `$count` without the header, or too long.
    """
    eventual = call.headers.get("consistencylevel", "").lower() == "eventual"
    wants_count = call.query.get("$count", "").lower() == "true"
    if wants_count and not eventual:
        raise bad_query("$count is not currently supported.")
    if eventual and wants_count and len(urlencode(dict(call.query))) > ADVANCED_URL:
        raise bad_query("The URL of an advanced query is limited to 2048 characters.")
    return eventual and wants_count


def selected(call: Call, *, known: frozenset[str], kind: str) -> tuple[str, ...] | None:
    """Return the names in `$select`, None without one.

    Raises:
        GraphError: 400 for a name that the type does not have.
    """
    text = call.query.get("$select")
    if text is None:
        return None
    names = tuple(x.strip() for x in text.split(",") if x.strip())
    for name in names:
        if name not in known:
            raise GraphError(
                400,
                "BadRequest",
                "Parsing OData Select and Expand failed: Could not find a property named "
                f"'{name}' on type '{kind}'.",
            )
    return names


def pick(row: Json, names: Iterable[str]) -> Json:
    """Return the named properties, null where the object has none."""
    return {name: row.get(name) for name in names}


def page_size(call: Call, *, default: int = DEFAULT_PAGE, maximum: int = MAX_PAGE) -> int:
    """Return `$top` within its bounds.

    Raises:
        GraphError: 400 for zero, a negative number, too many, or no number.
    """
    text = call.query.get("$top")
    if text is None:
        return default
    if not text.isdigit() or not 1 <= int(text) <= maximum:
        raise bad_request(
            f"Invalid page size specified: '{text}'. Must be between 1 and {maximum} inclusive."
        )
    return int(text)


def _encode(seq: int) -> str:
    return base64.urlsafe_b64encode(f"m~{seq}".encode()).decode().rstrip("=")


def _decode(token: str) -> int:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        mark, _, seq = text.partition("~")
        if mark == "m":
            return int(seq)
    except (ValueError, binascii.Error):
        pass
    raise GraphError(
        400, "Directory_ExpiredPageToken", "The specified page token value has expired."
    )


def next_link(call: Call, token: str, *, option: str = "$skiptoken") -> str:
    """Return the absolute URL of the next page: the same query with a token."""
    query = {k: v for k, v in call.query.items() if k not in ("$skiptoken", "$deltatoken")}
    query[option] = token
    return f"{call.base_url}/v1.0{call.path}?{urlencode(query, quote_via=quote, safe='$,()')}"


def page(
    call: Call,
    rows: Sequence[T],
    *,
    seq_of: Callable[[T], int],
    render: Callable[[T], Json],
    size: int,
) -> Json:
    """Cut one page out of rows that are in order of their sequence number."""
    start = 0
    if "$skiptoken" in call.query:
        start = _first_after(rows, _decode(call.query["$skiptoken"]), seq_of)
    part = rows[start : start + size]
    body: Json = {"value": [render(row) for row in part]}
    if start + size < len(rows):
        body["@odata.nextLink"] = next_link(call, _encode(seq_of(part[-1])))
    return body


def _first_after(rows: Sequence[T], seq: int, seq_of: Callable[[T], int]) -> int:
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if seq_of(rows[middle]) <= seq:
            low = middle + 1
        else:
            high = middle
    return low
