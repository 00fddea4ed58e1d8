"""What the process says about itself, and to whom: telemetry, quiet libraries, a net over logs.

Our own records and spans carry ids and counts only; the net is for what a library or the text of
an exception may let slip. No library is instrumented: their spans would hold addresses, and those
hold ids of people, search words and keys of rows.
"""

import logging
import re
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from opentelemetry import metrics, trace

from teams_rollout.settings import TelemetrySettings

logger = logging.getLogger(__name__)

QUIET = ("azure", "httpx", "httpcore", "h2", "hpack", "msal", "opentelemetry", "urllib3")
"""Libraries that log every request with its address at INFO."""

_ADDRESS = re.compile(r"[\w!#'.^~+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w-])\+\d{7,15}\b")
_OFF = ("", "none")


def redact(text: str) -> str:
    """The text without mail addresses, UPNs and phone numbers."""
    return _NUMBER.sub("<number>", _ADDRESS.sub("<person>", text))


class RedactingFilter(logging.Filter):
    """Rewrites a record so that no address or number leaves the process."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keeps the record, its message and the text of its exception cleaned."""
        message = record.getMessage()
        cleaned = redact(message)
        if cleaned != message:
            record.msg, record.args = cleaned, ()
        if record.exc_info and record.exc_info[1] is not None:
            self._clean_exception(record)
        return True

    @staticmethod
    def _clean_exception(record: logging.LogRecord) -> None:
        """An exception that quotes somebody becomes text; others stay as they are."""
        text = logging.Formatter().formatException(record.exc_info)  # type: ignore[arg-type]  # checked by the caller
        cleaned = redact(text)
        if cleaned != text:
            record.exc_info, record.exc_text = None, cleaned


@cache
def configure_telemetry() -> None:
    """Set this up once per process, before its first span.

    On Azure the Functions worker has done it already when the app is imported
    (`PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY`); then only the logs are left to see to.
    """
    settings = TelemetrySettings()
    if not _has_sdk():
        if settings.connection_string is not None:
            _use_application_insights(settings.connection_string.get_secret_value())
        else:
            _use_exporters(settings)
    configure_logging()


@cache
def configure_logging() -> None:
    """Handlers and levels of our own records are the host's; the net goes over all handlers."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    net = RedactingFilter()
    for handler in logging.getLogger().handlers:
        handler.addFilter(net)


def _has_sdk() -> bool:
    """Whether somebody has set a provider; the API's own is a stand-in that does nothing."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _use_application_insights(connection_string: str) -> None:
    """As the worker does it, so that a rehearsal sends what Azure would."""
    from azure.monitor.opentelemetry import configure_azure_monitor  # noqa: PLC0415 - costs a second

    configure_azure_monitor(connection_string=connection_string)


def _use_exporters(settings: TelemetrySettings) -> None:
    """The exporters that OpenTelemetry's own settings name."""
    if settings.traces_exporter not in _OFF:
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - costs where unused
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above

        provider = TracerProvider()
        for exporter in _installed("opentelemetry_traces_exporter", settings.traces_exporter):
            provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
    if settings.metrics_exporter not in _OFF:
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415 - as above
            PeriodicExportingMetricReader,
        )

        exporters = _installed("opentelemetry_metrics_exporter", settings.metrics_exporter)
        metrics.set_meter_provider(
            MeterProvider([PeriodicExportingMetricReader(one) for one in exporters])
        )


def _installed(group: str, name: str) -> list[Any]:
    """The exporter of this name, or none: telemetry must never keep the app from working."""
    found = list(entry_points(group=group, name=name))
    if not found:
        logger.error(
            "There is no such exporter of telemetry; install its package, or set it to console",
            extra={"action": "exporter_missing", "exporter": name},
        )
    return [entry.load()() for entry in found[:1]]
