"""Our own `$batch` envelopes: packing requests, and reading what came back item by item.

The SDK's batch classes are not used: in msgraph-core 1.5 they need an undeclared package, send
absolute URLs, misspell `dependsOn` and drop error bodies (`tests/unit/graph/test_sdk_defects.py`
shows which of this still holds).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from graph.limits import RequestKind
from graph.wire import Answer, Failure, GraphRequest

MAX_ENVELOPE_BYTES = 1_000_000
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def rounds_of(requests: Sequence[GraphRequest]) -> list[list[int]]:
    """Indexes in rounds, so that no round holds two writes on one object.

    Parallel writes on one directory object end in 409 Directory_ConcurrencyViolation.
    """
    rounds: list[list[int]] = []
    seen: Counter[str] = Counter()
    for index, request in enumerate(requests):
        turn = seen[request.target] if request.target else 0
        seen[request.target] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(index)
    return rounds


def envelopes_of(
    indexes: Sequence[int],
    *,
    requests: Sequence[GraphRequest],
    size_of: Callable[[RequestKind], int],
) -> Iterator[list[int]]:
    """Split into envelopes of one kind of request, by number and by bytes."""
    envelope: list[int] = []
    weight = 0
    for index in sorted(indexes, key=lambda i: requests[i].cost.kind):
        request = requests[index]
        heavy = weight + len(request.content or b"") > MAX_ENVELOPE_BYTES
        other = envelope and requests[envelope[0]].cost.kind != request.cost.kind
        full = len(envelope) == size_of(request.cost.kind)
        if envelope and (full or heavy or other):
            yield envelope
            envelope, weight = [], 0
        envelope.append(index)
        weight += len(request.content or b"")
    if envelope:
        yield envelope


def encode(requests: Sequence[GraphRequest]) -> bytes:
    """The envelope as JSON; items are numbered from 0, bodies are embedded as they are."""
    items = [_item(str(number), request=request) for number, request in enumerate(requests)]
    return b'{"requests":[' + b",".join(items) + b"]}"


def decode(answer: Answer, *, size: int) -> list[Answer]:
    """The answers by item, in the order sent, whatever the order received.

    An envelope that was not accepted as a whole gives every item its answer; an item that
    Microsoft left out may have taken effect and comes back as UNANSWERED.
    """
    if not answer.is_success:
        return [answer] * size
    found = answer.body.get("responses") if isinstance(answer.body, dict) else None
    by_id = {
        str(item.get("id")): item
        for item in (found if isinstance(found, list) else [])
        if isinstance(item, dict)
    }
    return [_read(by_id.get(str(number))) for number in range(size)]


def _item(number: str, *, request: GraphRequest) -> bytes:
    """One item.

    A write without a body or a type makes Graph refuse the whole envelope
    (msgraph-sdk-dotnet#2628), so actions that need none get an empty one. Names of headers are
    capitalised: Graph has been seen to want that (microsoft-graph-docs-contrib#8032).
    """
    content = request.content
    headers = {name.title(): value for name, value in request.headers.items() if name != "accept"}
    if content is None and request.method in _WITH_BODY:
        content, headers["Content-Type"] = b"{}", "application/json"
    head: dict[str, Any] = {"id": number, "method": request.method, "url": request.url}
    if headers:
        head["headers"] = headers
    text = json.dumps(head).encode()
    return text if content is None else text[:-1] + b',"body":' + content + b"}"


def _read(item: dict[str, Any] | None) -> Answer:
    if item is None or not isinstance(item.get("status"), int):
        return Answer(failure=Failure.UNANSWERED)
    headers = item.get("headers") or {}
    lower = {str(name).lower(): str(value) for name, value in headers.items()}
    return Answer(status=item["status"], headers=lower, body=item.get("body"))
