"""What a test sees of the process's OpenTelemetry: spans and metrics since the test began."""

from collections.abc import Mapping
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

Labels = frozenset[tuple[str, Any]]


class Recording:
    """The providers of this process, which can be set only once."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        spans = TracerProvider(shutdown_on_exit=False)
        spans.add_span_processor(SimpleSpanProcessor(self._exporter))
        trace.set_tracer_provider(spans)
        delta = AggregationTemporality.DELTA
        self._reader = InMemoryMetricReader({Counter: delta, Histogram: delta})
        metrics.set_meter_provider(MeterProvider([self._reader], shutdown_on_exit=False))

    def begin(self) -> None:
        """Forget what came before."""
        self._exporter.clear()
        self._reader.get_metrics_data()

    def spans(self) -> list[ReadableSpan]:
        """Spans that have ended."""
        return list(self._exporter.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """The only span of this name."""
        found = [span for span in self.spans() if span.name == name]
        assert len(found) == 1, [span.name for span in self.spans()]
        return found[0]

    def metrics(self) -> Mapping[str, dict[Labels, Any]]:
        """Points by metric and labels, once: a second call has only what came since."""
        data = self._reader.get_metrics_data()
        return {
            metric.name: {
                frozenset((p.attributes or {}).items()): p for p in metric.data.data_points
            }
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }
