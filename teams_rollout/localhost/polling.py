"""Says what a durable HTTP call asks next when it was answered 202 (localhost)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

HTTP_ACCEPTED: Final = 202
_WHOLE_SECONDS: Final = re.compile(r"\s*\d{1,9}\s*")


@dataclass(frozen=True, slots=True)
class Poll:
    """The next request, and the pause before it; None for the pause that the host prescribes."""

    request: dict[str, Any]
    after: timedelta | None


def next_poll(request: Mapping[str, Any], value: str | None) -> Poll | None:
    """Return what to ask after an answer, or None when the answer is final.

    Where production fails without a word (no address to ask, a pause that is no number), the answer
    counts as final as well: the SDK has handed it to the orchestrator already.

    Args:
        value: the answer as JSON text.
    """
    if value is None or not request.get("asynchronousPatternEnabled", True):
        return None
    answer = json.loads(value)
    headers = {name.casefold(): text for name, text in (answer.get("headers") or {}).items()}
    location, after = str(headers.get("location", "")), headers.get("retry-after")
    if answer.get("statusCode") != HTTP_ACCEPTED or "://" not in location:
        return None
    if after is not None and not _WHOLE_SECONDS.fullmatch(str(after)):
        return None
    kept = {
        name: text
        for name, text in (request.get("headers") or {}).items()
        if name.casefold() != "x-functions-key"  # a function's key; a status needs another one
    }
    poll = {**request, "method": "GET", "uri": location, "headers": kept}
    poll.pop("content", None)
    return Poll(poll, None if after is None else timedelta(seconds=int(after)))
