"""What calls to Graph tell OpenTelemetry: a span each, and counts by kind of request.

Everything is a no-op until the process has an OpenTelemetry SDK (`teams_rollout.telemetry`). A
span names the template of its route, never the URL, which holds the ids of people; metrics are
labelled by kinds and limits, which are few.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import metrics, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from graph.batch import decode
from graph.limits import Limit, RequestCost
from graph.wire import Answer, GraphRequest

REQUESTS = "rollout.graph.requests"
PERMITS = "rollout.graph.permits"
QUOTA_USE = "rollout.graph.quota.use"
PERMIT_WAIT = "rollout.graph.permit.wait"
THROTTLE_PERCENTAGE = "rollout.graph.throttle.percentage"
METRICS = (REQUESTS, PERMITS, QUOTA_USE, PERMIT_WAIT, THROTTLE_PERCENTAGE)

KIND = "rollout.graph.kind"
LIMIT = "rollout.graph.limit"
OUTCOME = "rollout.graph.outcome"
PRIORITY = "rollout.graph.priority"
LABELS = (KIND, LIMIT, OUTCOME, PRIORITY)
"""Labels of metrics; none has more than about ten values."""

ITEMS = "rollout.graph.items"
ROUTES = "rollout.graph.routes"
CLIENT_REQUEST_ID = "rollout.graph.client_request_id"
REQUEST_ID = "rollout.graph.request_id"
METHOD = "http.request.method"
STATUS = "http.response.status_code"
TEMPLATE = "url.template"
ADDRESS = "url.full"
"""Made of the template, too: Azure's exporter takes name and target of a call from here."""
ERROR = "error.type"
ATTRIBUTES = (
    KIND,
    ITEMS,
    ROUTES,
    CLIENT_REQUEST_ID,
    REQUEST_ID,
    METHOD,
    STATUS,
    TEMPLATE,
    ADDRESS,
    ERROR,
)
"""Attributes of spans."""

REFUSED_ITEM = "refused item"
"""Event of an envelope's span: an item with another answer than success."""

OUTCOMES = frozenset({"ok", "throttled", "refused", "unavailable"})

_tracer = trace.get_tracer("teams_rollout.graph")
_meter = metrics.get_meter("teams_rollout.graph")
_requests = _meter.create_counter(REQUESTS, unit="{request}", description="answers, by outcome")
_permits = _meter.create_counter(PERMITS, unit="{unit}", description="taken from each limit")
_quota_use = _meter.create_counter(
    QUOTA_USE, unit="s", description="how many seconds of our share of a limit were used up"
)
_permit_wait = _meter.create_histogram(
    PERMIT_WAIT, unit="s", description="how long requests waited for the governor"
)
_throttle_percentage = _meter.create_histogram(
    THROTTLE_PERCENTAGE, unit="1", description="x-ms-throttle-limit-percentage, as answered"
)


@dataclass(frozen=True)
class Call:
    """One exchange under way.

    Attributes:
        client_request_id: our id of it, which Microsoft keeps and a support case quotes.
    """

    span: Span
    client_request_id: str

    def answered(self, answer: Answer, *, items: int = 0) -> None:
        """Note what came back; of an envelope's items those that were refused."""
        if answer.status:
            self.span.set_attribute(STATUS, answer.status)
        if answer.request_id:
            self.span.set_attribute(REQUEST_ID, answer.request_id)
        if not answer.is_success:
            self.span.set_attribute(ERROR, answer.failure.value or str(answer.status))
            self.span.set_status(Status(StatusCode.ERROR))
        elif items and self.span.is_recording():
            self._name_refused(decode(answer, size=items))

    def _name_refused(self, answers: Sequence[Answer]) -> None:
        """Microsoft's ids of the items with another answer than success."""
        for answer in answers:
            if not answer.is_success:
                reason = answer.failure.value or str(answer.status)
                self.span.add_event(REFUSED_ITEM, {ERROR: reason, REQUEST_ID: answer.request_id})


@contextmanager
def call_of(
    request: GraphRequest, *, base_url: str, items: Sequence[GraphRequest] = ()
) -> Iterator[Call]:
    """The span of one exchange.

    Args:
        items: with an envelope, what is in it.
    """
    call_id = str(uuid.uuid4())
    routes = sorted({f"{item.method} {item.route}" for item in items})
    name = f"{request.method} {request.route}" if request.route else request.method
    attributes = {
        KIND: request.cost.kind.value,
        METHOD: request.method,
        TEMPLATE: request.route,
        ADDRESS: f"{base_url}{request.route}",
        CLIENT_REQUEST_ID: call_id,
        ITEMS: request.cost.requests,
        **({ROUTES: routes} if routes else {}),
    }
    with _tracer.start_as_current_span(
        name,
        kind=SpanKind.CLIENT,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield Call(span, call_id)


def count_answer(cost: RequestCost, answer: Answer) -> None:
    """One more answer to a request, or item, of this kind."""
    _requests.add(1, {KIND: cost.kind.value, OUTCOME: _outcome(answer)})
    try:
        percentage = float(answer.headers["x-ms-throttle-limit-percentage"])
    except (KeyError, ValueError):
        return
    _throttle_percentage.record(percentage, {KIND: cost.kind.value})


def count_permit(limit: Limit, *, amount: float, capacity: float) -> None:
    """So much was taken from a limit of which we use `capacity` in `limit.seconds`."""
    _permits.add(amount, {LIMIT: limit.name})
    if not limit.per_team:
        _quota_use.add(amount / capacity * limit.seconds, {LIMIT: limit.name})


def count_wait(cost: RequestCost, *, seconds: float) -> None:
    """A request waited so long for its permit."""
    labels = {KIND: cost.kind.value, PRIORITY: cost.priority.name.lower()}
    _permit_wait.record(seconds, labels)


def _outcome(answer: Answer) -> str:
    if answer.is_success:
        return "ok"
    if answer.is_throttled:
        return "throttled"
    return "refused" if 400 <= answer.status < 500 else "unavailable"
