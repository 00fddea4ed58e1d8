"""A span around every request, named by its route; addresses hold ids and stay out of it."""

from opentelemetry.trace import Span, Status, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from teams_rollout.contracts import signals
from teams_rollout.tracing import quiet_span


class RequestSpans:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        with quiet_span(method, attributes={signals.METHOD: method}) as span:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note_status(span, message["status"])
                await send(message)

            await self._app(scope, receive, watched)
            _note_route(span, scope)


def _note_status(span: Span, status: int) -> None:
    span.set_attribute(signals.STATUS, status)
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


def _note_route(span: Span, scope: Scope) -> None:
    """The router has left the route that it chose in the scope."""
    route = getattr(scope.get("route"), "path", "")
    if route:
        span.set_attribute(signals.ROUTE, route)
        span.update_name(f"{scope['method']} {route}")
