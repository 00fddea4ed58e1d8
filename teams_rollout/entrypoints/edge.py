"""The outermost layer of every request: HEAD, cross-site requests, headers, the last resort.

Pure ASGI, because the Functions bridge passes bodies whole and wants a complete answer always.
"""

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from teams_rollout.entrypoints.failures import problem_response
from teams_rollout.entrypoints.problems import ProblemError, unexpected

logger = logging.getLogger(__name__)

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", _CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Edge:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, is_head=scope["method"] == "HEAD")
        if _is_forged(scope):
            await problem_response(_cross_site().problem)(scope, receive, answer.send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        try:
            await self._app(scope, receive, answer.send)
        except Exception:
            logger.exception("Request failed", extra={"action": "request_failed"})
            if answer.has_begun:
                raise
            await problem_response(unexpected().problem)(scope, receive, answer.send)


class _Answer:
    """Passes messages on with our headers; an answer to HEAD loses its body."""

    def __init__(self, send: Send, *, is_head: bool) -> None:
        self._send = send
        self._is_head = is_head
        self.has_begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            message = {**message, "headers": _with_ours(message["headers"])}
        elif self._is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _with_ours(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Our headers added; answers are not cached unless the route says so (static files)."""
    names = {name.lower() for name, _ in headers}
    caching = () if b"cache-control" in names else ((b"cache-control", b"no-store"),)
    return [*headers, *_HEADERS, *caching]


def _is_forged(scope: Scope) -> bool:
    """Whether another site makes a signed-in browser change something here."""
    if scope["method"] in _SAFE_METHODS:
        return False
    return (b"sec-fetch-site", b"cross-site") in scope["headers"]


def _cross_site() -> ProblemError:
    return ProblemError(
        403,
        kind="cross-site",
        title="The request came from another site.",
        detail="Pages of other sites may not change anything here.",
        do="Open this app's own page and repeat what you did.",
    )
