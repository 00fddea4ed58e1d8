"""Spans around our own functions, tied together by the run that they work for (ADR 0014).

No-ops until the process has an OpenTelemetry SDK. Orchestrations have none: they replay, and a
span would repeat; what they call has.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, Status, StatusCode, TraceFlags

from teams_rollout.contracts import signals

_tracer = trace.get_tracer("teams_rollout")


@contextmanager
def quiet_span(
    name: str, *, attributes: Mapping[str, str | int], context: Context | None = None
) -> Iterator[Span]:
    """A span that keeps the kind of an exception only: its text may quote somebody."""
    with _tracer.start_as_current_span(
        name,
        context=context,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_attribute(signals.ERROR, type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise


@contextmanager
def function_span(name: str, payload: Mapping[str, Any]) -> Iterator[Span]:
    """The span of a function of the app.

    Its parent is the host's span where the host hands one over. Elsewhere it belongs to the trace
    of its run, whose id is made of the run's name: processes agree on it without a word.

    Args:
        payload: the durable payload or message, of which only ids are kept.
    """
    attributes = attributes_of(payload)
    context = None
    if not trace.get_current_span().get_span_context().is_valid:
        context = run_context(str(attributes.get(signals.RUN, "")))
    with quiet_span(name, context=context, attributes=attributes) as span:
        yield span


def attributes_of(payload: Mapping[str, Any]) -> dict[str, str | int]:
    """The ids in a payload by which spans are found: run, wave, batch, operation."""
    found: dict[str, str | int] = {}
    if operation := payload.get("operation_id"):
        found[signals.OPERATION] = found[signals.RUN] = str(operation)
    rollout_id, wave, epoch = (payload.get(key) for key in ("rollout_id", "wave", "epoch"))
    if rollout_id and wave and epoch:
        found[signals.WAVE] = str(wave)
        found[signals.RUN] = signals.run_of(str(rollout_id), str(wave), int(epoch))
    if payload.get("batch"):
        found[signals.BATCH] = int(payload["batch"])
    return found


def run_context(run: str) -> Context | None:
    """The made-up parent of everything in a run; None without one: a trace of its own."""
    if not run:
        return None
    digest = hashlib.sha256(run.encode()).digest()
    parent = SpanContext(
        trace_id=int.from_bytes(digest[:16]),
        span_id=int.from_bytes(digest[16:24]),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(NonRecordingSpan(parent))


def note_result(span: Span, result: Mapping[str, Any]) -> None:
    """Keep an activity's counts, and the code of what kept it from working."""
    for outcome, people in (result.get("counts") or {}).items():
        span.set_attribute(f"{signals.PEOPLE}{outcome}", people)
    if trouble := result.get("trouble"):
        span.set_attribute(signals.TROUBLE, trouble)
        span.set_status(Status(StatusCode.ERROR))
