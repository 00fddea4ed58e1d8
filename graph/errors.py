"""What an answer means: the one classification of everything Graph can say.

    GraphReadError   a read could not be completed: all or nothing, with code and wait
    WritesForbidden  raised by a write guard: paused, frozen, wrong tenant

Changes never raise: `classify` turns an answer into a `CallResult` from status, codes, headers
and the table of texts (`graph.error_table`). Two dialects are read, Entra's
(`Request_BadRequest`) and Teams administration's (JSON inside the message).
"""

import json
import re
from datetime import timedelta
from enum import StrEnum
from typing import Any

from graph.error_table import row_for
from graph.wire import Answer, Failure
from teams_rollout.domain.outcomes import CallResult
from teams_rollout.domain.vocabulary import Outcome

_ADDRESS = re.compile(r"[^\s'\"<>(),;]+@[^\s'\"<>(),;]+")
_NUMBER = re.compile(r"\+?\d{7,15}\b(?!-)")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MAX_DETAIL = 300
_MAX_DEPTH = 10


class WritesForbidden(Exception):
    """No write may be sent now.

    Attributes:
        for_good: nor ever again by whoever asked: what he writes for has ended or been superseded.
    """

    def __init__(self, message: str = "", *, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good


class GraphReadError(Exception):
    """A read could not be completed; whatever had been read before is thrown away.

    Attributes:
        result: the classified answer; `retry_after` where Microsoft named a time.
    """

    def __init__(self, result: CallResult) -> None:
        super().__init__(f"{result.code} (request {result.request_id or 'without id'})")
        self.result = result

    @property
    def code(self) -> str:
        """The stable reason."""
        return self.result.code

    @property
    def retry_after(self) -> timedelta | None:
        """How long Microsoft asked us to wait."""
        return self.result.retry_after


class Hint(StrEnum):
    """What the caller knows and the answer does not say."""

    JUST_CREATED = "just_created"  # 404 is replication, not absence
    LOCATION_JUST_SET = "location_just_set"  # an invalid location is replication, too
    TEAM_EXISTS_ON_CONFLICT = "team_exists_on_conflict"  # 409 on PUT team


_FAILURES: dict[Failure, tuple[Outcome, str]] = {
    Failure.UNREACHABLE: (Outcome.TRANSIENT, "microsoft_unavailable"),
    Failure.TIMEOUT: (Outcome.TRANSIENT, "microsoft_unavailable"),
    Failure.BROKEN: (Outcome.TRANSIENT, "microsoft_unavailable"),
    Failure.UNANSWERED: (Outcome.TRANSIENT, "microsoft_unavailable"),
    Failure.UNREADABLE: (Outcome.FAILED, "unexpected_answer"),
    Failure.SIGN_IN: (Outcome.TRANSIENT, "sign_in_failed"),
    Failure.FORBIDDEN: (Outcome.THROTTLED, "paused"),
    Failure.DELAYED: (Outcome.THROTTLED, "throttled"),
}


def classify(
    answer: Answer,
    *,
    key: str,
    missing: str = "request_refused",
    hints: frozenset[Hint] = frozenset(),
) -> CallResult:
    """Say what an answer means for one object.

    Args:
        key: what the change was for; becomes the result's key.
        missing: the code of a 404: which object would be missing.
    """
    outcome, code = _verdict(answer, missing=missing, hints=hints)
    wait = answer.wait_s if answer.failure is Failure.DELAYED else answer.retry_after_s
    retryable = outcome.is_retryable and wait is not None
    return CallResult(
        key=key,
        outcome=outcome,
        code=code,
        retry_after=timedelta(seconds=wait) if retryable and wait else None,
        detail="" if answer.is_success else detail_of(answer.body),
        request_id=answer.request_id or _request_id(answer.body),
    )


def _verdict(answer: Answer, *, missing: str, hints: frozenset[Hint]) -> tuple[Outcome, str]:
    if answer.is_success:
        return Outcome.APPLIED, ""
    if answer.failure is not Failure.NONE:
        return _FAILURES[answer.failure]
    if answer.is_throttled:
        return Outcome.THROTTLED, "throttled"
    row = row_for(text_of(answer.body)) if 400 <= answer.status < 500 else None
    if row is None:
        return _by_status(answer.status, missing=missing, hints=hints)
    if row.code == "usage_location_missing" and Hint.LOCATION_JUST_SET in hints:
        return Outcome.TRANSIENT, row.code
    return row.outcome, row.code


def _by_status(status: int, *, missing: str, hints: frozenset[Hint]) -> tuple[Outcome, str]:
    if status == 404 and Hint.JUST_CREATED in hints:
        return Outcome.TRANSIENT, "replication_pending"
    if status == 409 and Hint.TEAM_EXISTS_ON_CONFLICT in hints:
        return Outcome.ALREADY, ""
    known = {
        401: (Outcome.TRANSIENT, "sign_in_failed"),
        403: (Outcome.BLOCKED, "permission_missing"),
        404: (Outcome.FAILED if missing == "request_refused" else Outcome.BLOCKED, missing),
        408: (Outcome.TRANSIENT, "microsoft_unavailable"),
        423: (Outcome.TRANSIENT, "concurrent_change"),
        501: (Outcome.FAILED, "request_refused"),
    }
    if status in known:
        return known[status]
    if 400 <= status < 500:
        return Outcome.FAILED, "request_refused"
    if status >= 500:
        return Outcome.TRANSIENT, "microsoft_unavailable"
    return Outcome.FAILED, "unexpected_answer"


def gone_is_already(result: CallResult) -> CallResult:
    """The result of taking somebody out who is not in it: that is as asked."""
    if result.code != "user_not_found":
        return result
    return result.model_copy(update={"outcome": Outcome.ALREADY, "code": ""})


def text_of(body: Any) -> str:
    """Every code and message of an error, at any depth, as one lower-case text."""
    return " | ".join(_texts(body, depth=0)).lower()


def detail_of(body: Any) -> str:
    """Microsoft's own words, shortened and without addresses and numbers of people."""
    error = body.get("error") if isinstance(body, dict) else None
    words = " | ".join(dict.fromkeys(_texts(error, depth=0)))
    words = _ADDRESS.sub("<address>", words)
    guids = _GUID.findall(words)
    for place, guid in enumerate(guids):
        words = words.replace(guid, f"\0{place}\0", 1)
    words = _NUMBER.sub("<number>", words)
    for place, guid in enumerate(guids):
        words = words.replace(f"\0{place}\0", guid, 1)
    return words[:_MAX_DETAIL]


def _texts(node: Any, *, depth: int) -> list[str]:
    """Codes and messages; a message that is itself JSON is opened."""
    if depth > _MAX_DEPTH:
        return []
    if isinstance(node, str):
        nested = _nested(node)
        return [node] if nested is None else _texts(nested, depth=depth + 1)
    if isinstance(node, list):
        return [text for item in node for text in _texts(item, depth=depth + 1)]
    if not isinstance(node, dict):
        return []
    wanted = ("error", "code", "message", "details", "innererror", "statusdetail")
    values = [value for name, value in node.items() if name.lower() in wanted]
    return [text for value in values for text in _texts(value, depth=depth + 1)]


def _nested(text: str) -> Any | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _request_id(body: Any) -> str:
    """The id inside the body, where the headers of a `$batch` item lack it."""
    error = body.get("error") if isinstance(body, dict) else None
    inner = error.get("innerError") if isinstance(error, dict) else None
    found = inner.get("request-id") if isinstance(inner, dict) else None
    return found if isinstance(found, str) else ""
