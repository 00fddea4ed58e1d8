"""Wires the parts of one process together: settings, ledger, Graph, clock.

The only module that knows several adapters at once. Everything is built on first use, because a
Functions worker imports modules before its settings are complete, and async clients belong to
the loop that uses them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from graph.credentials import token_source
from graph.governor import Governor, LocalGovernor
from graph.session import GraphSession
from graph.shared_governor import SharedGovernor
from graph.stop_sign import StopSign
from graph.workflows import CardChannel
from teams_rollout.ledger.ports import Ledger
from teams_rollout.settings import Settings, load_settings
from teams_rollout.telemetry import configure_telemetry

if TYPE_CHECKING:
    from teams_rollout.ledger.tables import TableLedger

WriteGuard = Callable[[], Awaitable[None]]

STATIC_TOKEN = "rehearsal"  # noqa: S105 - the simulator takes any; real addresses are refused


def utc_now() -> datetime:
    """The present as an aware UTC datetime."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class ProcessServices:
    """What entry points and activities of this process share."""

    settings: Settings
    ledger: Ledger
    graph: GraphSession
    stop_sign: StopSign
    channel: CardChannel | None = None

    @staticmethod
    def clock() -> datetime:
        """Now, in UTC."""
        return utc_now()


def start_telemetry() -> None:
    """Let this process tell of itself; every trigger calls it before its first span."""
    configure_telemetry()


@cache
def services() -> ProcessServices:
    """The process's services, built once. Raises ValidationError for a wrong setting."""
    start_telemetry()
    settings = load_settings()
    ledger = _ledger(settings)
    stop_sign = StopSign(ledger.stopped)
    guard = _write_guard(stop_sign)
    return ProcessServices(
        settings=settings,
        ledger=ledger,
        graph=_graph(settings, _governor(settings, ledger), guard),
        stop_sign=stop_sign,
        channel=_channel(settings, guard),
    )


def _ledger(settings: Settings) -> "TableLedger":
    from teams_rollout.ledger.tables import TableLedger  # noqa: PLC0415 - costs a third of a second

    if settings.storage_connection is not None:
        return TableLedger.from_connection_string(settings.storage_connection.get_secret_value())
    if not (settings.storage_table_url and settings.storage_queue_url):
        raise ValueError(
            "No storage is configured: set ROLLOUT_STORAGE_TABLE_URL and "
            "ROLLOUT_STORAGE_QUEUE_URL (Azure), or ROLLOUT_STORAGE_CONNECTION (Azurite)."
        )
    from azure.identity.aio import ManagedIdentityCredential  # noqa: PLC0415 - costs half a second

    return TableLedger.from_account(
        table_url=settings.storage_table_url,
        queue_url=settings.storage_queue_url,
        credential=ManagedIdentityCredential(client_id=settings.graph_client_id or None),
    )


def _governor(settings: Settings, ledger: "TableLedger") -> Governor:
    """The pacer; by default one that shares the quotas with the app's other processes."""
    options: dict[str, Any] = {
        "limits": settings.graph_limits,
        "share": settings.graph_share,
        "quota_model": settings.quota_model,
    }
    if settings.governor == "local":
        return LocalGovernor(**options)
    # Microsoft counts per app and tenant: so does the row.
    whose = (settings.graph_base_url, settings.graph_tenant_id, settings.graph_client_id)
    return SharedGovernor(ledger.quotas("|".join(whose)), **options)


def _write_guard(stop_sign: StopSign) -> WriteGuard:
    """What every write of this process asks first."""
    from teams_rollout.ledger.stops import EVERYTHING  # noqa: PLC0415 - as `_ledger`

    return stop_sign.guard(EVERYTHING)


def _channel(settings: Settings, guard: WriteGuard) -> CardChannel | None:
    if settings.notice_webhook is None:
        return None
    return CardChannel(settings.notice_webhook.get_secret_value(), guard=guard)


def _graph(settings: Settings, governor: Governor, guard: WriteGuard) -> GraphSession:
    return GraphSession(
        base_url=settings.graph_base_url,
        token=token_source(
            settings.graph_credential,
            static_token=STATIC_TOKEN,
            client_id=settings.graph_client_id,
            tenant_id=settings.graph_tenant_id,
            client_secret=settings.graph_client_secret,
        ),
        governor=governor,
        write_guard=guard,
    )


_prepared: set[int] = set()
_preparing = asyncio.Lock()


async def prepared_ledger() -> Ledger:
    """The ledger with its tables and queues in place; they are created once per process."""
    ledger = services().ledger
    async with _preparing:
        if id(ledger) not in _prepared:
            await ledger.prepare()
            _prepared.add(id(ledger))
    return ledger
